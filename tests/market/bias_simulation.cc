#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "market/estimators/range.h"
#include "market/estimators/realized.h"
#include "tests/market/estimates.h"

namespace tapelake::market_tests {
namespace {

constexpr double kVariance = 1e-4;  ///< Of one bar.
constexpr std::array<int64_t, 5> kTradesPerBar = {2, 5, 20, 100, 1000};

struct NamedEstimator {
  std::string_view name;
  market::Measure (*estimate)(std::span<const market::PriceBar>);
};

constexpr auto kEstimators = std::to_array<NamedEstimator>({
    {"close_to_close", market::CloseToClose},
    {"parkinson", market::Parkinson},
    {"garman_klass", market::GarmanKlass},
    {"rogers_satchell", market::RogersSatchell},
    {"yang_zhang", market::YangZhang},
});

base::Int128 PriceOf(double log_price) {
  return static_cast<base::Int128>(std::exp(log_price) * 1e24);
}

/// Bars of `trades` equidistant trades each, open = first trade, without drift or spread.
std::vector<market::PriceBar> SimulateBars(int64_t bars, int64_t trades, std::mt19937_64* random) {
  std::normal_distribution<double> step(0, std::sqrt(kVariance / static_cast<double>(trades)));
  std::vector<market::PriceBar> made;
  made.reserve(static_cast<size_t>(bars));
  double log_price = 0;
  for (int64_t i = 0; i < bars; ++i) {
    log_price += step(*random);
    const double open = log_price;
    double high = open, low = open;
    for (int64_t trade = 1; trade < trades; ++trade) {
      log_price += step(*random);
      high = std::max(high, log_price);
      low = std::min(low, log_price);
    }
    made.push_back({.index = i,
                    .trades = trades,
                    .open = PriceOf(open),
                    .high = PriceOf(high),
                    .low = PriceOf(low),
                    .close = PriceOf(log_price)});
  }
  market::LinkPriceBars(made);
  return made;
}

}  // namespace

int SimulateBias(int64_t bars, uint64_t seed, std::ostream& out) {
  std::mt19937_64 random(seed);
  for (const int64_t trades : kTradesPerBar) {
    const std::vector<market::PriceBar> made = SimulateBars(bars, trades, &random);
    for (const NamedEstimator& named : kEstimators)
      out << trades << ' ' << named.name << ' ' << *named.estimate(made).value / kVariance << '\n';
  }
  return 0;
}

}  // namespace tapelake::market_tests
