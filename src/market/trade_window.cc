#include "market/trade_window.h"

#include <algorithm>
#include <cstring>

#include "market/bar.h"

namespace tapelake::market {

bool WindowTrade::Same(const SeriesState* of, const Trade& trade) const {
  return series == of && time_micros == trade.time_micros && price == trade.price &&
         quantity == trade.quantity && fee == trade.fee && status == trade.status &&
         side == trade.side && has_amounts == trade.has_amounts;
}

void WindowTrade::Set(SeriesState* of, const Trade& trade) {
  series = of;
  time_micros = trade.time_micros;
  price = trade.price;
  quantity = trade.quantity;
  fee = trade.fee;
  status = trade.status;
  side = trade.side;
  has_amounts = trade.has_amounts;
}

void WindowTrade::CopyTo(Trade* trade) const {
  trade->key = key;
  trade->time_micros = time_micros;
  trade->price = price;
  trade->quantity = quantity;
  trade->fee = fee;
  trade->status = status;
  trade->side = side;
  trade->has_amounts = has_amounts;
}

bool WindowTrade::Before(const WindowTrade& other) const {
  if (time_micros != other.time_micros) return time_micros < other.time_micros;
  if (key.size() != other.key.size()) return key.size() < other.key.size();
  const int bytes =
      std::memcmp(key.data(), other.key.data(), std::min(key.size(), TradePlace::kKeyBytes));
  return bytes != 0 ? bytes < 0 : price < other.price;
}

const WindowTrade* TradeWindow::Find(std::string_view key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : found->get();
}

void TradeWindow::Link(WindowTrade* row) {
  const int64_t start = BarStart(Interval::kSecond, row->time_micros);
  const auto [at, added] = row->series->seconds.try_emplace(start);
  if (added) seconds_[start].push_back(row->series);
  row->slot = static_cast<uint32_t>(at->second.trades.size());
  at->second.trades.push_back(row);
}

TradeWindow::Second TradeWindow::Unlink(WindowTrade* row) {
  const Second second = {row->series, BarStart(Interval::kSecond, row->time_micros)};
  std::vector<WindowTrade*>& trades = row->series->seconds.find(second.start_micros)->second.trades;
  trades[row->slot] = trades.back();
  trades[row->slot]->slot = row->slot;
  trades.pop_back();
  return second;
}

bool TradeWindow::Put(std::string_view key, SeriesState* series, const Trade& trade, Second* left) {
  *left = {};
  auto found = rows_.find(key);
  if (found == rows_.end()) {
    auto row = std::make_unique<WindowTrade>();
    row->key = key;
    found = rows_.insert(std::move(row)).first;
  } else {
    WindowTrade& row = **found;
    if (row.Same(series, trade)) return false;
    if (row.series != series || trade.time_micros < row.time_micros) row.moved = true;
    *left = Unlink(&row);
  }
  (*found)->Set(series, trade);
  Link(found->get());
  return true;
}

TradeWindow::Second TradeWindow::Remove(std::string_view key) {
  const auto found = rows_.find(key);
  if (found == rows_.end()) return {};
  const Second second = Unlink(found->get());
  rows_.erase(found);
  return second;
}

std::vector<TradeWindow::Second> TradeWindow::TakeSecondsBefore(int64_t micros) {
  std::vector<Second> taken;
  while (!seconds_.empty() && seconds_.begin()->first < micros) {
    for (SeriesState* series : seconds_.begin()->second)
      taken.push_back({series, seconds_.begin()->first});
    seconds_.erase(seconds_.begin());
  }
  return taken;
}

std::vector<const WindowTrade*> TradeWindow::Newest(const SeriesState& series,
                                                    size_t count_max) const {
  std::vector<const WindowTrade*> newest;
  for (auto at = seconds_.rbegin(); at != seconds_.rend() && newest.size() < count_max; ++at) {
    const size_t before = newest.size();
    for (const SeriesState* of : at->second) {
      if (of != &series && !(series.across && of->pair == series.pair)) continue;
      const SecondTrades& second = of->seconds.find(at->first)->second;
      newest.insert(newest.end(), second.trades.begin(), second.trades.end());
    }
    std::sort(newest.begin() + static_cast<int64_t>(before), newest.end(),
              [](const WindowTrade* a, const WindowTrade* b) { return b->Before(*a); });
  }
  newest.resize(std::min(newest.size(), count_max));
  return newest;
}

void DepartedKeys::Add(std::string_view key) {
  numbers_.insert_or_assign(std::string(key), next_);
  order_.emplace_back(key, next_);
  ++next_;
  while (order_.size() > count_max_) {
    const auto& [oldest, number] = order_.front();
    const auto found = numbers_.find(oldest);
    if (found != numbers_.end() && found->second == number) numbers_.erase(found);
    order_.pop_front();
  }
}

}  // namespace tapelake::market
