/// What an evaluation of the whole catalog of measures costs for a series with full windows: one of
/// a single exchange and one across six. `market_measures_bench [ROUNDS]` prints milliseconds of
/// the fastest round of each.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "io/clock.h"
#include "market/bar.h"
#include "market/measure.h"

namespace {

using namespace tapelake;  // NOLINT: a program of one file

constexpr int64_t kNowMicros = 1'772'638'643'500'000;
constexpr size_t kExchanges = 6;
constexpr size_t kSeries = 40;
constexpr std::array<int64_t, market::kIntervals> kBars = {600, 1'500, 588, 676, 744, 400};

/// Ascending bars of one interval that end with the one of now.
std::vector<market::Bar> MakeBars(market::Interval interval, std::mt19937_64* random) {
  std::normal_distribution<double> step(0, 1e-3);
  std::vector<market::Bar> bars;
  const int64_t length = market::IntervalMicros(interval);
  const int64_t count = kBars[static_cast<size_t>(interval)];
  double log_price = 11;
  for (int64_t i = count - 1; i >= 0; --i) {
    market::Bar bar;
    bar.start_micros = market::BarStart(interval, kNowMicros) - i * length;
    for (int trade = 0; trade < 6; ++trade) {
      log_price += step(*random);
      market::Trade row = {
          .key = std::to_string(trade),
          .time_micros = bar.start_micros + trade,
          .status = market::TradeStatus::kSuccess,
          .side = trade % 2 == 0 ? market::TradeSide::kBuy : market::TradeSide::kSell,
          .has_amounts = true};
      row.price = static_cast<base::Int128>(std::exp(log_price) * 1e18);
      row.quantity = static_cast<base::Int128>(std::exp(10 * step(*random)) * 1e17);
      market::AddTrade(row, &bar);
    }
    bars.push_back(bar);
  }
  return bars;
}

using Series = std::array<std::vector<market::Bar>, market::kIntervals>;

Series MakeSeries(std::mt19937_64* random) {
  Series series;
  for (const market::Interval interval : market::kAllIntervals)
    series[static_cast<size_t>(interval)] = MakeBars(interval, random);
  return series;
}

auto FetchFrom(const Series& series) {
  return [&series](market::Interval interval, int64_t from_micros, int64_t to_micros) {
    const std::vector<market::Bar>& bars = series[static_cast<size_t>(interval)];
    std::vector<const market::Bar*> found;
    for (auto at = std::ranges::lower_bound(bars, from_micros, {}, &market::Bar::start_micros);
         at != bars.end() && at->start_micros < to_micros; ++at) {
      found.push_back(&*at);
    }
    return found;
  };
}

template <typename Work>
void Report(const char* name, int rounds, Work work) {
  io::SystemClock clock;
  int64_t fastest = std::numeric_limits<int64_t>::max();
  for (int i = 0; i < rounds; ++i) {
    const int64_t start = clock.SteadyMicros();
    work();
    fastest = std::min(fastest, clock.SteadyMicros() - start);
  }
  std::printf("%s: %.3f ms\n", name, static_cast<double>(fastest) / 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 200;
  std::mt19937_64 random(7);
  std::vector<Series> series;
  for (size_t i = 0; i < kSeries; ++i)
    series.push_back(MakeSeries(&random));
  market::MeasureInput one = {.now_micros = kNowMicros, .bars = FetchFrom(series[0])};
  market::MeasureInput across = one;
  for (size_t i = 0; i < kExchanges; ++i)
    across.exchanges.emplace_back("exchange " + std::to_string(i), FetchFrom(series[i]));
  size_t measures = 0;
  Report("catalog, one exchange", rounds,
         [&] { measures += market::EvaluateMeasures(one).size(); });
  Report("catalog, across six exchanges", rounds,
         [&] { measures += market::EvaluateMeasures(across).size(); });
  Report("catalog, forty series in turn", std::max(1, rounds / 20), [&] {
    for (const Series& each : series) {
      measures +=
          market::EvaluateMeasures({.now_micros = kNowMicros, .bars = FetchFrom(each)}).size();
    }
  });
  Report("volatility cone", rounds, [&] { measures += market::VolatilityCone(one).size(); });
  return measures > 0 ? 0 : 1;
}
