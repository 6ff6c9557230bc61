#include "market/market_book.h"

#include "market/market_book_impl.h"

namespace tapelake::market {

SeriesState* MarketBook::Impl::FindSeries(std::string_view pair, std::string_view exchange) {
  const auto found = by_name_.find({pair, exchange});
  return found == by_name_.end() ? nullptr : found->second;
}

SeriesState* MarketBook::Impl::FindOrAddSeries(std::string_view pair, std::string_view exchange) {
  if (exchange == kAllExchanges) {
    ++counts_.series_refused;
    return nullptr;
  }
  if (SeriesState* found = FindSeries(pair, exchange)) return found;
  if (series_count_ >= options_.series_max) {
    ++counts_.series_refused;
    return nullptr;
  }
  ++series_count_;
  // Names are referred to by the index: from here on they stay where they are.
  const auto add_name = [this](SeriesState* series) {
    all_series_.push_back(series);
    by_name_.emplace(
        std::pair<std::string_view, std::string_view>(series->name.pair, series->name.exchange),
        series);
  };
  auto pair_at = pairs_.find(pair);
  if (pair_at == pairs_.end()) {
    pair_at = pairs_.emplace(std::string(pair), std::make_unique<PairState>()).first;
    PairState* state = pair_at->second.get();
    state->name = pair;
    state->all.name = {std::string(pair), kAllExchanges};
    state->all.pair = state;
    state->all.across = true;
    add_name(&state->all);
  }
  PairState* state = pair_at->second.get();
  auto series = std::make_unique<SeriesState>();
  series->name = {std::string(pair), std::string(exchange)};
  series->pair = state;
  SeriesState* added = series.get();
  state->exchanges.emplace(std::string(exchange), std::move(series));
  add_name(added);
  return added;
}

MarketBook::Counts MarketBook::Impl::counts() const {
  Counts counts = counts_;
  counts.held_back = static_cast<int64_t>(held_.size());
  counts.trades_held = static_cast<int64_t>(window_.size());
  return counts;
}

MarketBook::MarketBook(const MarketBookOptions& options) : impl_(std::make_unique<Impl>(options)) {}

MarketBook::~MarketBook() = default;

void MarketBook::Apply(std::string_view key, const std::optional<Trade>& after,
                       int64_t now_micros) {
  impl_->Apply(key, after, now_micros);
}

void MarketBook::Touch(std::string_view pair, std::string_view exchange, int64_t time_micros) {
  impl_->Touch(pair, exchange, time_micros);
}

std::vector<StaleStretch> MarketBook::TakeStale(size_t count_max) {
  return impl_->TakeStale(count_max);
}

void MarketBook::ReturnStale(const StaleStretch& stretch) {
  SeriesState* series = impl_->FindSeries(stretch.pair, stretch.exchange);
  if (series == nullptr) return;
  impl_->MarkStretch(series, stretch.interval, stretch.start_micros);
  impl_->stale().Rebuilt(series, stretch.interval, stretch.start_micros);
}

void MarketBook::JoinTakes(const StaleStretch& stretch) {
  SeriesState* series = impl_->FindSeries(stretch.pair, stretch.exchange);
  if (series != nullptr) impl_->stale().Join(series, stretch.interval, stretch.start_micros);
}

size_t MarketBook::stale_count() const {
  impl_->Refresh();
  return impl_->stale().count();
}

bool MarketBook::IsStale(const Series& series, Interval interval, int64_t start_micros) const {
  impl_->Refresh();
  const SeriesState* state = impl_->FindSeries(series.pair, series.exchange);
  if (state == nullptr) return false;
  if (!state->across) return StaleList::Overlaps(*state, interval, start_micros);
  for (const auto& [name, of] : state->pair->exchanges) {
    if (StaleList::Overlaps(*of, interval, start_micros)) return true;
  }
  return false;
}

void MarketBook::Rebuild(const StaleStretch& stretch, std::span<const Trade> trades,
                         int64_t now_micros) {
  impl_->Rebuild(stretch, trades, now_micros);
}

void MarketBook::Restore(const Series& series, Interval interval, const Bar& bar) {
  impl_->Restore(series, interval, bar);
}

void MarketBook::Advance(int64_t now_micros) {
  impl_->Advance(now_micros);
}

uint64_t MarketBook::version() const {
  impl_->Refresh();
  return impl_->version();
}

std::vector<std::string> MarketBook::Pairs() const {
  std::vector<std::string> names;
  for (const auto& [name, pair] : impl_->pairs())
    names.push_back(name);
  return names;
}

std::vector<std::string> MarketBook::ExchangesOf(std::string_view pair) const {
  std::vector<std::string> names;
  const auto found = impl_->pairs().find(pair);
  if (found == impl_->pairs().end()) return names;
  for (const auto& [name, series] : found->second->exchanges)
    names.push_back(name);
  return names;
}

std::vector<const BookBar*> MarketBook::Bars(const Series& series, Interval interval,
                                             int64_t from_micros, int64_t to_micros) const {
  impl_->Refresh();
  SeriesState* state = impl_->FindSeries(series.pair, series.exchange);
  if (state == nullptr) return {};
  return state->of(interval).Between(from_micros, to_micros);
}

std::vector<const BookBar*> MarketBook::BarsSince(const Series& series, Interval interval,
                                                  uint64_t version) const {
  impl_->Refresh();
  SeriesState* state = impl_->FindSeries(series.pair, series.exchange);
  if (state == nullptr) return {};
  return state->of(interval).Since(version);
}

std::vector<ChangedBar> MarketBook::TakeChangedBars(size_t count_max) {
  return impl_->TakeChangedBars(count_max);
}

std::vector<Trade> MarketBook::RecentTrades(const Series& series, size_t count_max) const {
  std::vector<Trade> trades;
  const SeriesState* state = impl_->FindSeries(series.pair, series.exchange);
  if (state == nullptr) return trades;
  for (const WindowTrade* row : impl_->window().Newest(*state, count_max)) {
    Trade& trade = trades.emplace_back();
    row->CopyTo(&trade);
    trade.pair = row->series->name.pair;
    trade.exchange = row->series->name.exchange;
  }
  return trades;
}

MarketBook::Counts MarketBook::counts() const {
  impl_->Refresh();
  return impl_->counts();
}

}  // namespace tapelake::market
