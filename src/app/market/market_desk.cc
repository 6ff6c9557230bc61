#include "app/market/market_desk.h"

#include <algorithm>
#include <utility>

namespace tapelake::app {
namespace {

using market::Bar;
using market::BookBar;
using market::Interval;
using market::Series;

constexpr size_t kTakenMax = 2'000;
// Measures that somebody looks at are made anew at this pace, others when their turn comes.
constexpr int64_t kLookedAtPaceMicros = 250'000;
constexpr int64_t kChangedPaceMicros = 2'000'000;
constexpr int64_t kQuietPaceMicros = 15'000'000;
// Who asked so short a time ago is still looking.
constexpr int64_t kLookMicros = 10'000'000;
// A market whose newest row is older than this is a recording.
constexpr int64_t kRecordingMicros = 900'000'000;
constexpr int64_t kMinuteMicros = 60'000'000;
constexpr int64_t kHourMicros = 3'600'000'000;
constexpr int64_t kDayMicros = 86'400'000'000;
constexpr int64_t kVolumeMinutes = 5;

constexpr char kLargeFrom[] = "large_trade_from_24h";
constexpr char kSpread[] = "edge_1h";
constexpr char kVolatility[] = "realized_1h";
constexpr char kGap[] = "exchange_gap";

std::optional<size_t> IndexOfMeasure(std::string_view name) {
  const auto catalog = market::MeasureCatalog();
  for (size_t i = 0; i < catalog.size(); ++i) {
    if (catalog[i].name == name) return i;
  }
  return std::nullopt;
}

std::vector<const Bar*> BarsOf(const market::MarketBook& book, const Series& series,
                               Interval interval, int64_t from, int64_t to) {
  std::vector<const Bar*> bars;
  for (const BookBar* bar : book.Bars(series, interval, from, to))
    bars.push_back(&bar->bar);
  return bars;
}

DeskBar CopyOf(const market::MarketBook& book, const Series& series, Interval interval,
               const BookBar& bar) {
  return {bar.bar, book.IsStale(series, interval, bar.bar.start_micros)};
}

}  // namespace

MarketDesk::MarketDesk(const market::MarketBookOptions& options)
    : book_(options), next_(series_.end()) {}

MarketFacts MarketDesk::facts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  MarketFacts facts = facts_;
  facts.version = book_.version();
  facts.stale_count = std::max(facts.stale_count, book_.stale_count());
  facts.counts = book_.counts();
  return facts;
}

std::vector<std::string> MarketDesk::Pairs() const {
  return Read([](const market::MarketBook& book) { return book.Pairs(); });
}

std::vector<std::string> MarketDesk::ExchangesOf(std::string_view pair) const {
  return Read([pair](const market::MarketBook& book) { return book.ExchangesOf(pair); });
}

bool MarketDesk::Knows(const Series& series) const {
  const std::vector<std::string> exchanges = ExchangesOf(series.pair);
  return series.exchange == market::kAllExchanges
             ? !exchanges.empty()
             : std::binary_search(exchanges.begin(), exchanges.end(), series.exchange);
}

DeskBars MarketDesk::Bars(const Series& series, Interval interval, int64_t from_micros,
                          int64_t to_micros, size_t bars_max) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  DeskBars answer;
  answer.version = book_.version();
  const auto bars = book_.Bars(series, interval, from_micros, to_micros);
  for (size_t i = bars.size() - std::min(bars.size(), bars_max); i < bars.size(); ++i)
    answer.bars.push_back(CopyOf(book_, series, interval, *bars[i]));
  return answer;
}

DeskChanges MarketDesk::BarsSince(const Series& series, Interval interval, uint64_t version) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  DeskChanges changes;
  changes.version = book_.version();
  changes.complete = version > 0;
  for (const BookBar* bar : book_.BarsSince(series, interval, version)) {
    if (bar->bar.rows() > 0) {
      changes.bars.push_back(CopyOf(book_, series, interval, *bar));
    } else if (changes.complete) {
      changes.removed_start_micros.push_back(bar->bar.start_micros);
    }
  }
  return changes;
}

void MarketDesk::AddSeries() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::string& pair : book_.Pairs()) {
    series_[{pair, market::kAllExchanges}];
    for (const std::string& exchange : book_.ExchangesOf(pair))
      series_[{pair, exchange}];
  }
}

void MarketDesk::NoteLook(Bookkeeping* of) {
  of->looked_at_micros = evaluation_micros_;
}

SeriesMeasures MarketDesk::Measures(const Series& series) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = series_.find(series);
  if (found == series_.end()) return {};
  NoteLook(&found->second);
  return found->second.measures;
}

std::optional<market::Measure> MarketDesk::Measure(const Series& series, std::string_view name) {
  const std::optional<size_t> index = IndexOfMeasure(name);
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = series_.find(series);
  if (!index || found == series_.end()) return std::nullopt;
  const auto& values = found->second.measures.values;
  if (*index >= values.size()) return std::nullopt;
  return values[*index];
}

std::optional<double> MarketDesk::AgainstOwnHistory(const Series& series,
                                                    OwnQuantity quantity) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = series_.find(series);
  return found == series_.end() ? std::nullopt : found->second.history.Ratio(quantity);
}

MarketLine MarketDesk::LineOf(const Series& series, int64_t as_of) {
  MarketLine line;
  line.series = series;
  const int64_t minute = market::BarStart(Interval::kMinute, as_of);
  const int64_t day_from = market::BarStart(Interval::kQuarterHour, as_of) - kDayMicros;
  for (const Bar* bar : BarsOf(book_, series, Interval::kQuarterHour, day_from - kDayMicros,
                               as_of + kMinuteMicros)) {
    if (bar->has_prices() && bar->start_micros <= day_from) line.price_24h_ago = bar->close_price();
    if (bar->start_micros <= day_from) continue;
    line.money_24h += bar->money;
    line.quantity_24h += bar->quantity;
    line.trades_24h += bar->trades;
    if (!bar->has_prices()) continue;
    line.last = bar->close_price();
    line.last_micros = bar->last.time_micros;
  }
  for (const Bar* bar : BarsOf(book_, series, Interval::kMinute, minute - 59 * kMinuteMicros,
                               minute + kMinuteMicros)) {
    if (bar->start_micros == minute) line.trades_1m = bar->trades;
    if (bar->has_prices()) {
      line.closes_1h.push_back(
          market::FixedInt<2>(bar->close_price()).ToDouble(market::kAmountScale));
    }
  }
  const auto found = series_.find(series);
  if (found != series_.end()) {
    NoteLook(&found->second);
    line.measures = found->second.measures;
  }
  return line;
}

std::vector<MarketLine> MarketDesk::Overview() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<MarketLine> lines;
  for (const std::string& pair : book_.Pairs()) {
    lines.push_back(LineOf({pair, market::kAllExchanges}, latest_as_of_micros_));
    lines.back().exchanges = static_cast<int64_t>(book_.ExchangesOf(pair).size());
  }
  return lines;
}

std::vector<MarketLine> MarketDesk::Exchanges(const std::string& pair) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<MarketLine> lines;
  for (const std::string& exchange : book_.ExchangesOf(pair))
    lines.push_back(LineOf({pair, exchange}, latest_as_of_micros_));
  return lines;
}

std::vector<LargeTrade> MarketDesk::TradesOfTape(const std::string& pair, size_t trades_max) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return tape_.Newest(pair, trades_max);
}

std::map<std::string, double> MarketDesk::LargeFrom() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return tape_.thresholds();
}

uint64_t MarketDesk::tape_version() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return tape_.version();
}

market::Measure MarketDesk::Correlation(const std::string& pair_a, const std::string& pair_b,
                                        Interval interval, int64_t bars) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int64_t length = market::IntervalMicros(interval);
  const int64_t to = market::BarStart(interval, latest_as_of_micros_) + length;
  const int64_t from = to - bars * length;
  return market::ReturnCorrelation(
      BarsOf(book_, {pair_a, market::kAllExchanges}, interval, from, to),
      BarsOf(book_, {pair_b, market::kAllExchanges}, interval, from, to), interval);
}

std::vector<market::ConePoint> MarketDesk::Cone(const Series& series) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return market::VolatilityCone(InputOf(series, latest_as_of_micros_));
}

std::array<uint64_t, Bar::kSizeBuckets> MarketDesk::Sizes(const Series& series,
                                                          int64_t hours) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::array<uint64_t, Bar::kSizeBuckets> counts = {};
  const int64_t to = market::BarStart(Interval::kMinute, latest_as_of_micros_) + kMinuteMicros;
  const Interval interval = hours <= 24 ? Interval::kMinute : Interval::kHour;
  for (const Bar* bar : BarsOf(book_, series, interval, to - hours * kHourMicros, to)) {
    for (size_t i = 0; i < counts.size(); ++i)
      counts[i] += bar->sizes[i];
  }
  return counts;
}

int64_t MarketDesk::AsOf(int64_t now_micros) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int64_t newest = facts_.newest_trade_micros;
  return newest != 0 && newest < now_micros - kRecordingMicros ? newest : now_micros;
}

std::vector<market::ChangedBar> MarketDesk::TakeChanged() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<market::ChangedBar> changed = book_.TakeChangedBars(kTakenMax);
  for (const market::ChangedBar& bar : changed)
    series_[bar.series].changed = true;
  return changed;
}

void MarketDesk::SeeTimes(int64_t change_time_micros, int64_t event_time_micros,
                          int64_t now_micros) {
  if (change_time_micros > facts_.newest_change_micros) {
    facts_.newest_change_micros = change_time_micros;
    facts_.newest_taken_micros = now_micros;
  }
  facts_.newest_trade_micros = std::max(facts_.newest_trade_micros, event_time_micros);
}

market::MeasureInput MarketDesk::InputOf(const Series& series, int64_t as_of_micros) const {
  const auto of = [this](Series name) {
    return [this, name = std::move(name)](Interval interval, int64_t from, int64_t to) {
      return BarsOf(book_, name, interval, from, to);
    };
  };
  market::MeasureInput input;
  input.now_micros = as_of_micros;
  input.bars = of(series);
  if (series.exchange != market::kAllExchanges) return input;
  for (const std::string& exchange : book_.ExchangesOf(series.pair))
    input.exchanges.emplace_back(exchange, of({series.pair, exchange}));
  return input;
}

std::vector<market::Measure> MarketDesk::Evaluate(const Series& series,
                                                  int64_t as_of_micros) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return market::EvaluateMeasures(InputOf(series, as_of_micros));
}

std::optional<double> MarketDesk::ValueOf(const Bookkeeping& of, std::string_view name) const {
  const std::optional<size_t> index = IndexOfMeasure(name);
  if (!index || *index >= of.measures.values.size()) return std::nullopt;
  return of.measures.values[*index].value;
}

void MarketDesk::Publish(const Series& series, SeriesMeasures measures, int64_t steady_micros) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Bookkeeping& of = series_[series];
  const int64_t as_of = measures.as_of_micros;
  of.measures = std::move(measures);
  of.changed = false;
  of.evaluated_micros = steady_micros;
  latest_as_of_micros_ = as_of;
  OwnHistory::Values values;
  values[static_cast<size_t>(OwnQuantity::kSpread)] = ValueOf(of, kSpread);
  values[static_cast<size_t>(OwnQuantity::kVolatility)] = ValueOf(of, kVolatility);
  values[static_cast<size_t>(OwnQuantity::kGap)] = ValueOf(of, kGap);
  const int64_t to = market::BarStart(Interval::kMinute, as_of);
  market::FixedInt<5> money;
  for (const Bar* bar :
       BarsOf(book_, series, Interval::kMinute, to - kVolumeMinutes * kMinuteMicros, to)) {
    money += bar->money;
  }
  values[static_cast<size_t>(OwnQuantity::kVolume)] = money.ToDouble(2 * market::kAmountScale);
  of.history.Add(as_of, values);
  if (series.exchange != market::kAllExchanges) return;
  if (const auto from = ValueOf(of, kLargeFrom)) tape_.SetThreshold(series.pair, *from);
}

std::optional<Series> MarketDesk::NextToEvaluate(int64_t steady_micros) {
  const std::lock_guard<std::mutex> lock(mutex_);
  evaluation_micros_ = steady_micros;
  for (const bool only_looked_at : {true, false}) {
    for (size_t i = 0; i < series_.size(); ++i) {
      if (next_ == series_.end()) next_ = series_.begin();
      const auto& [series, of] = *next_++;
      const bool looked_at =
          of.looked_at_micros != 0 && steady_micros - of.looked_at_micros <= kLookMicros;
      if (looked_at != only_looked_at) continue;
      const int64_t pace = looked_at    ? kLookedAtPaceMicros * (of.changed ? 1 : 4)
                           : of.changed ? kChangedPaceMicros
                                        : kQuietPaceMicros;
      if (of.evaluated_micros == 0 || steady_micros - of.evaluated_micros >= pace) return series;
    }
  }
  return std::nullopt;
}

std::vector<Series> MarketDesk::AllSeries() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Series> all;
  for (const auto& [series, of] : series_)
    all.push_back(series);
  return all;
}

void MarketDesk::PublishFacts(const MarketFacts& own) {
  const std::lock_guard<std::mutex> lock(mutex_);
  facts_.applied = own.applied;
  facts_.stale_count = own.stale_count;
  facts_.rebuild_micros = own.rebuild_micros;
  facts_.evaluate_micros = own.evaluate_micros;
  facts_.commits = own.commits;
  facts_.late_slots_dropped = own.late_slots_dropped;
  facts_.last_failure = own.last_failure;
  facts_.backfill_before_micros = own.backfill_before_micros;
}

}  // namespace tapelake::app
