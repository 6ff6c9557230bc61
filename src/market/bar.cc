#include "market/bar.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tapelake::market {
namespace {

/// money >= kSizeBorders[i] (scale 36) is beyond bucket i.
constexpr auto kSizeBorders = [] {
  std::array<FixedInt<5>, Bar::kSizeBuckets - 1> borders;
  base::Int128 power = 1;
  for (int i = 0; i < 32; ++i)
    power *= 10;
  base::Int128 factor = 1;
  for (auto& border : borders) {
    border = Multiply(power, factor);
    factor *= 10;
  }
  return borders;
}();

/// ln(to / from). One function for all of them: the same prices must give the same bits.
double TickReturn(base::Int128 from, base::Int128 to) {
  const auto base = static_cast<double>(from);
  const double change = static_cast<double>(to - from) / base;
  // The exact difference keeps small returns exact; a fall to nearly nothing would lose them.
  if (change > -0.5) return std::log1p(change);
  return std::log(static_cast<double>(to)) - std::log(base);
}

void AddTickReturn(double tick_return, Bar* bar) {
  if (bar->tick_returns == 0) {
    bar->first_tick_return = tick_return;
  } else {
    bar->adjacent_tick_products += std::abs(bar->last_tick_return * tick_return);
  }
  bar->squared_tick_returns += tick_return * tick_return;
  bar->last_tick_return = tick_return;
  ++bar->tick_returns;
}

/// All that does not depend on which of the two is later.
void AddSums(const Bar& other, Bar* bar) {
  bar->quantity += other.quantity;
  bar->buy_quantity += other.buy_quantity;
  bar->sell_quantity += other.sell_quantity;
  bar->money += other.money;
  bar->buy_money += other.buy_money;
  bar->sell_money += other.sell_money;
  bar->price_money += other.price_money;
  bar->fees += other.fees;
  for (size_t i = 0; i < Bar::kSizeBuckets; ++i)
    bar->sizes[i] += other.sizes[i];
  bar->pending += other.pending;
  bar->failed += other.failed;
  bar->other_status += other.other_status;
  bar->unpriced += other.unpriced;
}

void AddRange(base::Int128 high, base::Int128 low, Bar* bar) {
  bar->high = bar->trades == 0 ? high : std::max(bar->high, high);
  bar->low = bar->trades == 0 ? low : std::min(bar->low, low);
}

void AddMoney(const Trade& trade, Bar* bar) {
  const FixedInt<5> money = Multiply(trade.price, trade.quantity);
  bar->quantity += trade.quantity;
  bar->money += money;
  if (trade.side == TradeSide::kBuy) {
    bar->buy_quantity += trade.quantity;
    bar->buy_money += money;
  } else if (trade.side == TradeSide::kSell) {
    bar->sell_quantity += trade.quantity;
    bar->sell_money += money;
  }
  bar->price_money += Multiply(money, trade.price);
  bar->fees += trade.fee;
  const auto border = std::upper_bound(kSizeBorders.begin(), kSizeBorders.end(), money);
  ++bar->sizes[static_cast<size_t>(border - kSizeBorders.begin())];
}

void CountOther(const Trade& trade, Bar* bar) {
  switch (trade.status) {
    case TradeStatus::kSuccess:
      ++bar->unpriced;
      return;
    case TradeStatus::kPending:
      ++bar->pending;
      return;
    case TradeStatus::kFailed:
      ++bar->failed;
      return;
    case TradeStatus::kOther:
      ++bar->other_status;
      return;
  }
}

}  // namespace

TradePlace TradePlace::Of(const Trade& trade) {
  TradePlace place;
  place.time_micros = trade.time_micros;
  place.key_length = static_cast<uint32_t>(trade.key.size());
  std::memcpy(place.key_bytes.data(), trade.key.data(), std::min(trade.key.size(), kKeyBytes));
  place.price = trade.price;
  return place;
}

std::strong_ordering TradePlace::operator<=>(const TradePlace& other) const {
  if (time_micros != other.time_micros) return time_micros <=> other.time_micros;
  if (key_length != other.key_length) return key_length <=> other.key_length;
  const int bytes = std::memcmp(key_bytes.data(), other.key_bytes.data(), kKeyBytes);
  if (bytes != 0) return bytes <=> 0;
  return price <=> other.price;
}

void AddTrade(const Trade& trade, Bar* bar) {
  if (!trade.Counts()) {
    CountOther(trade, bar);
    return;
  }
  const TradePlace place = TradePlace::Of(trade);
  if (bar->trades == 0) {
    bar->first = place;
  } else {
    AddTickReturn(TickReturn(bar->last.price, trade.price), bar);
  }
  bar->last = place;
  AddRange(trade.price, trade.price, bar);
  AddMoney(trade, bar);
  ++bar->trades;
}

void AppendBar(const Bar& later, Bar* bar) {
  AddSums(later, bar);
  if (later.trades == 0) return;
  if (bar->trades == 0) {
    bar->first = later.first;
  } else {
    AddTickReturn(TickReturn(bar->last.price, later.first.price), bar);
  }
  if (later.tick_returns > 0) {
    if (bar->tick_returns == 0) {
      bar->first_tick_return = later.first_tick_return;
    } else {
      bar->adjacent_tick_products += std::abs(bar->last_tick_return * later.first_tick_return);
    }
    bar->squared_tick_returns += later.squared_tick_returns;
    bar->adjacent_tick_products += later.adjacent_tick_products;
    bar->last_tick_return = later.last_tick_return;
    bar->tick_returns += later.tick_returns;
  }
  bar->last = later.last;
  AddRange(later.high, later.low, bar);
  bar->trades += later.trades;
}

Bar MergeExchanges(std::span<const Bar* const> exchanges) {
  Bar merged;
  if (!exchanges.empty()) merged.start_micros = exchanges.front()->start_micros;
  for (const Bar* bar : exchanges) {
    AddSums(*bar, &merged);
    if (bar->trades == 0) continue;
    if (merged.trades == 0 || bar->first < merged.first) merged.first = bar->first;
    if (merged.trades == 0 || bar->last > merged.last) merged.last = bar->last;
    AddRange(bar->high, bar->low, &merged);
    merged.trades += bar->trades;
    merged.tick_returns += bar->tick_returns;
    merged.squared_tick_returns += bar->squared_tick_returns;
    merged.adjacent_tick_products += bar->adjacent_tick_products;
  }
  return merged;
}

}  // namespace tapelake::market
