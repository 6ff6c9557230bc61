#include <algorithm>
#include <utility>

#include "market/market_book_impl.h"

namespace tapelake::market {

void MarketBook::Impl::MarkDirty(SeriesState* series, Interval interval, int64_t start_micros) {
  AddStart(start_micros, &series->dirty_starts[static_cast<size_t>(interval)]);
  if (std::exchange(series->dirty, true)) return;
  dirty_series_.push_back(series);
}

void MarketBook::Impl::MarkParent(SeriesState* series, Interval interval, int64_t start_micros) {
  if (interval == Interval::kDay) return;
  const Interval parent = NextInterval(interval);
  MarkDirty(series, parent, BarStart(parent, start_micros));
}

void MarketBook::Impl::MarkPair(PairState* pair) {
  if (std::exchange(pair->dirty, true)) return;
  dirty_pairs_.push_back(pair);
}

bool MarketBook::Impl::Put(SeriesState* series, Interval interval, const Bar& bar, bool quiet) {
  IntervalBars& bars = series->of(interval);
  BarEntry* entry = bars.Find(bar.start_micros);
  if (entry == nullptr) {
    if (bar.rows() == 0) return false;
    entry = bars.FindOrAdd(bar.start_micros);
    ++counts_.bars_held;
  } else if (entry->book.bar == bar) {
    return false;
  }
  entry->book.bar = bar;
  bars.SetVersion(entry, ++version_);
  if (!quiet && interval >= options_.stored_min && !std::exchange(entry->queued, true)) {
    changed_.emplace_back(series, interval, bar.start_micros);
  }
  if (!series->across) {
    AddStart(bar.start_micros, &series->pair->dirty_starts[static_cast<size_t>(interval)]);
    MarkPair(series->pair);
  }
  return true;
}

void MarketBook::Impl::MakeSecond(SeriesState* series, int64_t start_micros) {
  const auto found = series->seconds.find(start_micros);
  if (found == series->seconds.end() || !std::exchange(found->second.dirty, false)) return;
  std::vector<WindowTrade*>& trades = found->second.trades;
  std::sort(trades.begin(), trades.end(),
            [](const WindowTrade* a, const WindowTrade* b) { return a->Before(*b); });
  Bar bar;
  bar.start_micros = start_micros;
  for (size_t i = 0; i < trades.size(); ++i) {
    trades[i]->slot = static_cast<uint32_t>(i);
    trades[i]->CopyTo(&scratch_);
    AddTrade(scratch_, &bar);
  }
  if (Put(series, Interval::kSecond, bar)) MarkParent(series, Interval::kSecond, start_micros);
}

void MarketBook::Impl::MakeParent(SeriesState* series, Interval interval, int64_t start_micros) {
  const auto shorter = static_cast<Interval>(static_cast<uint8_t>(interval) - 1);
  if (start_micros < edge(shorter)) {
    MarkOld(series, start_micros);
    return;
  }
  const BarEntry* entry = series->of(interval).Find(start_micros);
  if (entry != nullptr && entry->restored) return;
  Bar bar;
  bar.start_micros = start_micros;
  auto& bars = series->of(shorter).by_start();
  const int64_t end = start_micros + IntervalMicros(interval);
  for (auto at = bars.lower_bound(start_micros); at != bars.end() && at->first < end; ++at)
    AppendBar(at->second.book.bar, &bar);
  if (Put(series, interval, bar)) MarkParent(series, interval, start_micros);
}

void MarketBook::Impl::RefreshSeries(SeriesState* series) {
  for (const int64_t start : TakeStarts(&series->dirty_starts[0]))
    MakeSecond(series, start);
  for (size_t i = 1; i < kIntervals; ++i) {
    for (const int64_t start : TakeStarts(&series->dirty_starts[i]))
      MakeParent(series, static_cast<Interval>(i), start);
  }
  series->dirty = false;
}

void MarketBook::Impl::MakeAcross(PairState* pair, Interval interval, int64_t start_micros,
                                  bool quiet) {
  if (start_micros < edge(interval)) return;
  std::vector<const Bar*> bars;
  for (const auto& [name, series] : pair->exchanges) {
    const BarEntry* entry = series->of(interval).Find(start_micros);
    if (entry != nullptr && entry->book.bar.rows() > 0) bars.push_back(&entry->book.bar);
  }
  Bar merged = MergeExchanges(bars);
  merged.start_micros = start_micros;
  Put(&pair->all, interval, merged, quiet);
}

void MarketBook::Impl::RefreshPair(PairState* pair) {
  for (size_t i = 0; i < kIntervals; ++i) {
    const auto interval = static_cast<Interval>(i);
    for (const int64_t start : TakeStarts(&pair->dirty_starts[i]))
      MakeAcross(pair, interval, start, false);
    for (const int64_t start : TakeStarts(&pair->quiet_starts[i]))
      MakeAcross(pair, interval, start, true);
  }
  pair->dirty = false;
}

void MarketBook::Impl::Refresh() {
  // By index: a bar that cannot be joined any more marks a stretch, never a series.
  for (size_t i = 0; i < dirty_series_.size(); ++i)
    RefreshSeries(dirty_series_[i]);
  dirty_series_.clear();
  for (size_t i = 0; i < dirty_pairs_.size(); ++i)
    RefreshPair(dirty_pairs_[i]);
  dirty_pairs_.clear();
}

void MarketBook::Impl::Restore(const Series& name, Interval interval, const Bar& bar) {
  SeriesState* series = Accept(name.pair, name.exchange, bar.start_micros);
  if (series == nullptr || bar.rows() == 0) return;
  MoveNewest(bar.has_prices() ? bar.last.time_micros : bar.start_micros);
  if (bar.start_micros < edge(interval)) return;
  IntervalBars& bars = series->of(interval);
  if (bars.Find(bar.start_micros) == nullptr) ++counts_.bars_held;
  BarEntry* entry = bars.FindOrAdd(bar.start_micros);
  entry->book.bar = bar;
  bars.SetVersion(entry, ++version_);
  if (interval == Interval::kMinute) {
    entry->restored = true;
    restored_until_micros_ =
        std::max(restored_until_micros_, bar.start_micros + IntervalMicros(Interval::kMinute));
  }
  AddStart(bar.start_micros, &series->pair->quiet_starts[static_cast<size_t>(interval)]);
  MarkPair(series->pair);
}

void MarketBook::Impl::Leave(const SeriesState* series, Interval interval, const Bar& bar) {
  leftovers_.insert_or_assign(std::tuple(series->name, interval, bar.start_micros), bar);
}

void MarketBook::Impl::DropBars(SeriesState* series, Interval interval) {
  IntervalBars& bars = series->of(interval);
  for (auto at = bars.by_start().begin();
       at != bars.by_start().end() && at->first < edge(interval);) {
    if (at->second.queued) Leave(series, interval, at->second.book.bar);
    at = bars.Erase(at);
    --counts_.bars_held;
  }
}

void MarketBook::Impl::DropOld() {
  if (dropped_ == edges_) return;
  Refresh();
  for (const Interval interval : kAllIntervals) {
    const auto i = static_cast<size_t>(interval);
    if (dropped_[i] == edges_[i]) continue;
    for (SeriesState* series : all_series_)
      DropBars(series, interval);
    dropped_[i] = edges_[i];
  }
}

std::vector<ChangedBar> MarketBook::Impl::TakeChangedBars(size_t count_max) {
  Refresh();
  std::vector<ChangedBar> taken;
  while (taken.size() < count_max && !leftovers_.empty()) {
    auto node = leftovers_.extract(leftovers_.begin());
    const auto& [name, interval, start] = node.key();
    taken.push_back({name, interval, std::move(node.mapped())});
  }
  while (taken.size() < count_max && !changed_.empty()) {
    const auto [series, interval, start] = changed_.front();
    changed_.pop_front();
    BarEntry* entry = series->of(interval).Find(start);
    if (entry == nullptr || !std::exchange(entry->queued, false)) continue;
    taken.push_back({series->name, interval, entry->book.bar});
  }
  return taken;
}

}  // namespace tapelake::market
