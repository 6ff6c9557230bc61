#include <algorithm>

#include "base/assert.h"
#include "market/market_book_impl.h"

namespace tapelake::market {
namespace {

int64_t EndOf(const StaleStretch& stretch) {
  return stretch.start_micros + IntervalMicros(stretch.interval);
}

/// Trades in the order of their places, rows that came twice once.
void SortByPlace(std::vector<const Trade*>* trades) {
  std::vector<std::pair<TradePlace, const Trade*>> places;
  places.reserve(trades->size());
  for (const Trade* trade : *trades)
    places.emplace_back(TradePlace::Of(*trade), trade);
  std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second->key < b.second->key;
  });
  trades->clear();
  for (const auto& [place, trade] : places) {
    if (trades->empty() || trades->back()->key != trade->key) trades->push_back(trade);
  }
}

}  // namespace

void MarketBook::Impl::Rebuild(const StaleStretch& stretch, std::span<const Trade> trades,
                               int64_t now_micros) {
  TAPELAKE_ASSERT(stretch.interval == Interval::kMinute || stretch.interval == Interval::kHour ||
                  stretch.interval == Interval::kDay);
  TAPELAKE_ASSERT(BarStart(stretch.interval, stretch.start_micros) == stretch.start_micros);
  ReleaseDue(now_micros);
  SeriesState* series = Accept(stretch.pair, stretch.exchange, stretch.start_micros);
  if (series == nullptr) return;
  const int64_t horizon = now_micros + options_.future_micros_max;
  ForgetRestored(series, stretch.start_micros, EndOf(stretch));
  std::vector<const Trade*> sealed = TakeIn(series, stretch, trades, horizon);
  DropOld();
  if (StretchOf(stretch.start_micros) > stretch.interval) {
    // It grew old while it was read: its longer bars need more than its own rows now.
    MarkOld(series, stretch.start_micros);
    stale_.Rebuilt(series, stretch.interval, stretch.start_micros);
    return;
  }
  const BarLevels levels = MakeLevels(series, stretch, std::move(sealed));
  for (Interval interval = Interval::kSecond; interval <= stretch.interval;
       interval = NextInterval(interval)) {
    StoreLevel(series, stretch, interval, levels.of(interval));
  }
  MarkParent(series, stretch.interval, stretch.start_micros);
  const bool right = stale_.Rebuilt(series, stretch.interval, stretch.start_micros);
  StoreAcross(series, stretch, levels);
  ++counts_.rebuilt;
  Refresh();
  if (right) Bump(series, stretch.interval, stretch.start_micros);
  BoundWindow();
}

std::vector<const Trade*> MarketBook::Impl::TakeIn(SeriesState* series, const StaleStretch& stretch,
                                                   std::span<const Trade> trades,
                                                   int64_t horizon_micros) {
  std::vector<const Trade*> rows;
  for (const Trade& trade : trades) {
    const bool inside = trade.time_micros >= stretch.start_micros &&
                        trade.time_micros < EndOf(stretch) && trade.pair == stretch.pair &&
                        trade.exchange == stretch.exchange;
    // What Apply said of a key is newer than what the table says.
    if (!inside || held_.Contains(trade.key) || window_.Find(trade.key) != nullptr) continue;
    if (trade.time_micros <= horizon_micros) {
      MoveNewest(trade.time_micros);
      rows.push_back(&trade);
    } else if (!departed_.Contains(trade.key)) {
      HoldBack(series, trade.key, trade);
    }
  }
  std::vector<const Trade*> sealed;
  for (const Trade* trade : rows) {
    if (trade->time_micros < floor_micros_) {
      sealed.push_back(trade);
    } else if (!departed_.Contains(trade->key)) {
      PlaceRow(series, trade->key, *trade);
    }
  }
  return sealed;
}

void MarketBook::Impl::ForgetRestored(SeriesState* series, int64_t from_micros, int64_t to_micros) {
  if (from_micros >= restored_until_micros_) return;
  auto& minutes = series->of(Interval::kMinute).by_start();
  for (auto at = minutes.lower_bound(from_micros); at != minutes.end() && at->first < to_micros;
       ++at) {
    if (!at->second.restored) continue;
    at->second.restored = false;
    const int64_t end = at->first + IntervalMicros(Interval::kMinute);
    for (auto second = series->seconds.lower_bound(at->first);
         second != series->seconds.end() && second->first < end; ++second) {
      second->second.dirty = true;
    }
  }
}

BarLevels MarketBook::Impl::MakeLevels(SeriesState* series, const StaleStretch& stretch,
                                       std::vector<const Trade*> sealed) {
  BarLevels levels(stretch.interval, edge(Interval::kSecond));
  SortByPlace(&sealed);
  for (size_t at = 0; at < sealed.size();) {
    Bar bar;
    bar.start_micros = BarStart(Interval::kSecond, sealed[at]->time_micros);
    const int64_t end = bar.start_micros + IntervalMicros(Interval::kSecond);
    for (; at < sealed.size() && sealed[at]->time_micros < end; ++at)
      AddTrade(*sealed[at], &bar);
    levels.AddSecond(bar);
  }
  for (auto second = series->seconds.lower_bound(stretch.start_micros);
       second != series->seconds.end() && second->first < EndOf(stretch); ++second) {
    MakeSecond(series, second->first);
    const BarEntry* entry = series->of(Interval::kSecond).Find(second->first);
    if (entry != nullptr && entry->book.bar.rows() > 0) levels.AddSecond(entry->book.bar);
  }
  levels.Finish();
  return levels;
}

void MarketBook::Impl::StoreLevel(SeriesState* series, const StaleStretch& stretch,
                                  Interval interval, const std::vector<Bar>& bars) {
  const int64_t memory_from = std::max(stretch.start_micros, edge(interval));
  std::vector<int64_t> gone;
  auto& held = series->of(interval).by_start();
  for (auto at = held.lower_bound(memory_from); at != held.end() && at->first < EndOf(stretch);
       ++at) {
    gone.push_back(at->first);
  }
  Bar empty;
  auto next_gone = gone.begin();
  const auto empty_until = [&](int64_t micros) {
    for (; next_gone != gone.end() && *next_gone < micros; ++next_gone) {
      empty.start_micros = *next_gone;
      Put(series, interval, empty);
    }
  };
  for (const Bar& bar : bars) {
    if (bar.start_micros < memory_from) continue;
    empty_until(bar.start_micros);
    if (next_gone != gone.end() && *next_gone == bar.start_micros) ++next_gone;
    Put(series, interval, bar);
  }
  empty_until(EndOf(stretch));
  if (interval < options_.stored_min) return;
  // What was stored of bars that left the memory is not known: all of them are said anew.
  const int64_t old_until = std::min(EndOf(stretch), edge(interval));
  auto next = bars.begin();
  for (empty.start_micros = stretch.start_micros; empty.start_micros < old_until;
       empty.start_micros += IntervalMicros(interval)) {
    const bool has = next != bars.end() && next->start_micros == empty.start_micros;
    Leave(series, interval, has ? *next++ : empty);
  }
}

void MarketBook::Impl::StoreAcross(SeriesState* series, const StaleStretch& stretch,
                                   const BarLevels& levels) {
  const auto is_old = [&](Interval interval) {
    return interval >= options_.stored_min && interval <= stretch.interval &&
           stretch.start_micros < edge(interval);
  };
  if (std::none_of(kAllIntervals.begin(), kAllIntervals.end(), is_old)) return;
  PairState* pair = series->pair;
  const OldStretches::Stretch place = {pair, stretch.interval, stretch.start_micros};
  old_.Put(place, series, levels);
  for (SeriesState* missing : old_.Missing(place)) {
    if (!StaleList::IsMarked(*missing, stretch.interval, stretch.start_micros)) {
      MarkStretch(missing, stretch.interval, stretch.start_micros);
    }
  }
  for (const auto& [name, of] : pair->exchanges) {
    if (StaleList::IsMarked(*of, stretch.interval, stretch.start_micros)) return;
  }
  if (!old_.Missing(place).empty()) return;  // no room for its mark; counted
  for (const Interval interval : kAllIntervals) {
    if (!is_old(interval)) continue;
    const int64_t until = std::min(EndOf(stretch), edge(interval));
    for (int64_t start = stretch.start_micros; start < until; start += IntervalMicros(interval))
      Leave(&pair->all, interval, old_.Across(place, interval, start));
  }
  old_.Forget(place);
}

}  // namespace tapelake::market
