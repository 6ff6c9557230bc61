#include <algorithm>
#include <limits>

#include "market/market_book_impl.h"

namespace tapelake::market {
namespace {

// Years 0001 to 9999, the calendar of the table: times beyond would overflow sums of times.
constexpr int64_t kTimeMin = -62'135'596'800'000'000;
constexpr int64_t kTimeMax = 253'402'300'799'999'999;

// How far event time may go before dirty bars are made: their shorter bars must still be there.
constexpr int64_t kRefreshMicros = IntervalMicros(Interval::kMinute);

}  // namespace

MarketBook::Impl::Impl(const MarketBookOptions& options)
    : options_(options),
      departed_(options.departed_max),
      held_(options.held_back_max),
      stale_(options.stale_max),
      newest_micros_(std::numeric_limits<int64_t>::min()),
      floor_micros_(std::numeric_limits<int64_t>::min()),
      restored_until_micros_(std::numeric_limits<int64_t>::min()) {
  options_.stored_min = std::max(options_.stored_min, Interval::kMinute);
  edges_.fill(std::numeric_limits<int64_t>::min());
  dropped_ = edges_;
  for (Interval interval = Interval::kSecond; interval < Interval::kDay;
       interval = NextInterval(interval)) {
    int64_t& retention = options_.retention_micros[static_cast<size_t>(interval)];
    const int64_t needed = options_.trade_window_micros + 2 * kRefreshMicros +
                           2 * IntervalMicros(NextInterval(interval));
    retention = std::max(retention, needed);
  }
}

SeriesState* MarketBook::Impl::Accept(std::string_view pair, std::string_view exchange,
                                      int64_t time_micros) {
  if (time_micros < kTimeMin || time_micros > kTimeMax) {
    ++counts_.times_refused;
    return nullptr;
  }
  return FindOrAddSeries(pair, exchange);
}

void MarketBook::Impl::Apply(std::string_view key, const std::optional<Trade>& after,
                             int64_t now_micros) {
  ReleaseDue(now_micros);
  held_.Forget(key);
  SeriesState* series = after ? Accept(after->pair, after->exchange, after->time_micros) : nullptr;
  if (series == nullptr) {
    TakeOut(key);
  } else if (after->time_micros > now_micros + options_.future_micros_max) {
    TakeOut(key);
    HoldBack(series, key, *after);
  } else {
    PlaceRow(series, key, *after);
  }
  BoundWindow();
}

void MarketBook::Impl::PlaceRow(SeriesState* series, std::string_view key, const Trade& trade) {
  if (trade.time_micros > newest_micros_) {
    // Out of its old second before that may leave the window with it.
    const TradeWindow::Second left = window_.Remove(key);
    if (left.series != nullptr) MarkSecond(left);
    MoveNewest(trade.time_micros);
  }
  if (trade.time_micros < floor_micros_) {
    TakeOut(key);
    MarkOld(series, trade.time_micros);
    return;
  }
  departed_.Erase(key);
  TradeWindow::Second left;
  if (!window_.Put(key, series, trade, &left)) return;
  if (left.series != nullptr) MarkSecond(left);
  MarkSecond({series, BarStart(Interval::kSecond, trade.time_micros)});
}

void MarketBook::Impl::TakeOut(std::string_view key) {
  const TradeWindow::Second left = window_.Remove(key);
  if (left.series != nullptr) MarkSecond(left);
  departed_.Add(key);
}

void MarketBook::Impl::HoldBack(SeriesState* series, std::string_view key, const Trade& trade) {
  for (const Trade& dropped : held_.Add(key, trade)) {
    // The table has it: its minute is read when it is over.
    departed_.Erase(dropped.key);
    SeriesState* of = dropped.key == key ? series : FindSeries(dropped.pair, dropped.exchange);
    const std::pair minute(BarStart(Interval::kMinute, dropped.time_micros), of);
    if (future_minutes_.size() < options_.held_back_max || future_minutes_.contains(minute)) {
      future_minutes_.insert(minute);
    } else {
      ++counts_.future_refused;
    }
  }
}

void MarketBook::Impl::ReleaseDue(int64_t now_micros) {
  const int64_t horizon = now_micros + options_.future_micros_max;
  if (held_.size() > 0) {
    for (const Trade& trade : held_.TakeUpTo(horizon))
      PlaceRow(FindSeries(trade.pair, trade.exchange), trade.key, trade);
  }
  while (!future_minutes_.empty() &&
         future_minutes_.begin()->first <= horizon - IntervalMicros(Interval::kMinute)) {
    const auto [minute, series] = *future_minutes_.begin();
    future_minutes_.erase(future_minutes_.begin());
    MarkOld(series, minute);
  }
}

void MarketBook::Impl::MoveNewest(int64_t time_micros) {
  if (time_micros <= newest_micros_) return;
  if (!any_time_ || time_micros - refreshed_micros_ >= kRefreshMicros) {
    Refresh();
    refreshed_micros_ = time_micros;
  }
  any_time_ = true;
  newest_micros_ = time_micros;
  for (const Interval interval : kAllIntervals) {
    const auto i = static_cast<size_t>(interval);
    edges_[i] = BarStart(interval, time_micros - options_.retention_micros[i]);
  }
  MoveFloor(BarStart(Interval::kSecond, time_micros - options_.trade_window_micros));
}

void MarketBook::Impl::MoveFloor(int64_t floor_micros) {
  if (floor_micros <= floor_micros_) return;
  floor_micros_ = floor_micros;
  for (const TradeWindow::Second& second : window_.TakeSecondsBefore(floor_micros_)) {
    MakeSecond(second.series, second.start_micros);
    stale_.Seal(second.series, second.start_micros,
                second.series->seconds.find(second.start_micros)->second.changed_at);
    window_.Forget(second, [this](const WindowTrade& trade) {
      if (trade.moved) departed_.Add(trade.key);
    });
  }
}

/// Not within PlaceRow: who places several rows must find them all in the window.
void MarketBook::Impl::BoundWindow() {
  while (window_.size() > options_.trades_max)
    MoveFloor(window_.oldest_second_micros() + IntervalMicros(Interval::kSecond));
}

bool MarketBook::Impl::IsRestored(SeriesState* series, int64_t time_micros) {
  if (time_micros >= restored_until_micros_) return false;
  const BarEntry* entry =
      series->of(Interval::kMinute).Find(BarStart(Interval::kMinute, time_micros));
  return entry != nullptr && entry->restored;
}

void MarketBook::Impl::MarkSecond(const TradeWindow::Second& second) {
  if (IsRestored(second.series, second.start_micros)) {
    MarkStretch(second.series, Interval::kMinute, BarStart(Interval::kMinute, second.start_micros));
    return;
  }
  SecondTrades& trades = second.series->seconds.find(second.start_micros)->second;
  trades.changed_at = ++change_;
  if (trades.dirty) return;
  trades.dirty = true;
  MarkDirty(second.series, Interval::kSecond, second.start_micros);
}

void MarketBook::Impl::Touch(std::string_view pair, std::string_view exchange,
                             int64_t time_micros) {
  if (time_micros >= floor_micros_ && any_time_) {
    SeriesState* series = FindSeries(pair, exchange);
    if (series == nullptr || !IsRestored(series, time_micros)) return;
    MarkStretch(series, Interval::kMinute, BarStart(Interval::kMinute, time_micros));
    return;
  }
  SeriesState* series = Accept(pair, exchange, time_micros);
  if (series != nullptr) MarkOld(series, time_micros);
}

Interval MarketBook::Impl::StretchOf(int64_t time_micros) const {
  const auto joinable = [&](Interval interval) {  // whether the shorter bars of it are in memory
    const auto shorter = static_cast<size_t>(interval) - 1;
    return BarStart(interval, time_micros) >= edges_[shorter];
  };
  if (!joinable(Interval::kDay)) return Interval::kDay;
  const bool all = joinable(Interval::kHour) && joinable(Interval::kQuarterHour) &&
                   joinable(Interval::kFiveMinutes);
  return all ? Interval::kMinute : Interval::kHour;
}

void MarketBook::Impl::MarkOld(SeriesState* series, int64_t time_micros) {
  const Interval interval = StretchOf(time_micros);
  MarkStretch(series, interval, BarStart(interval, time_micros));
}

void MarketBook::Impl::MarkStretch(SeriesState* series, Interval interval, int64_t start_micros) {
  switch (stale_.Mark(series, interval, start_micros)) {
    case StaleList::Marked::kNew:
      Bump(series, interval, start_micros);
      return;
    case StaleList::Marked::kAgain:
      return;
    case StaleList::Marked::kNoRoom:
      ++counts_.stale_refused;
      return;
  }
}

std::vector<StaleStretch> MarketBook::Impl::TakeStale(size_t count_max) {
  Refresh();  // which may find that a bar cannot be joined from memory
  return stale_.Take(count_max, change_);
}

void MarketBook::Impl::Bump(SeriesState* series, Interval stretch, int64_t start_micros) {
  const int64_t end = start_micros + IntervalMicros(stretch);
  for (SeriesState* of : {series, &series->pair->all}) {
    for (const Interval interval : kAllIntervals) {
      IntervalBars& bars = of->of(interval);
      auto at = bars.by_start().lower_bound(BarStart(interval, start_micros));
      for (; at != bars.by_start().end() && at->first < end; ++at)
        bars.SetVersion(&at->second, ++version_);
    }
  }
}

void MarketBook::Impl::Advance(int64_t now_micros) {
  ReleaseDue(now_micros);
  DropOld();
}

}  // namespace tapelake::market
