#include "source/simulation/price_process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace tapelake::source {
namespace {

double Value(FixedNumber number) {
  return static_cast<double>(number.ticks) / std::pow(10.0, number.decimals);
}

/// Prices of one venue, one trade every `step` seconds.
std::vector<double> Path(uint64_t seed, int trades, int64_t step_seconds) {
  PriceProcess process(seed);
  std::vector<double> prices;
  for (int i = 0; i < trades; ++i) {
    prices.push_back(Value(process.Trade(1 + i * step_seconds * 1'000'000, 0, 0).price));
  }
  return prices;
}

std::vector<double> Returns(const std::vector<double>& prices) {
  std::vector<double> returns;
  for (size_t i = 1; i < prices.size(); ++i)
    returns.push_back(std::log(prices[i] / prices[i - 1]));
  return returns;
}

double Correlation(const std::vector<double>& values, size_t lag) {
  double mean = 0;
  for (double value : values)
    mean += value / static_cast<double>(values.size());
  double variance = 0;
  double covariance = 0;
  for (size_t i = 0; i + lag < values.size(); ++i) {
    variance += (values[i] - mean) * (values[i] - mean);
    covariance += (values[i] - mean) * (values[i + lag] - mean);
  }
  return covariance / variance;
}

TEST(PriceProcess, VolatilityComesInClustersAndReturnsHaveHeavyTails) {
  std::vector<double> magnitudes;
  double squares = 0;
  double fourths = 0;
  for (double value : Returns(Path(3, 20'000, 120))) {
    magnitudes.push_back(std::abs(value));
    squares += value * value / 20'000;
    fourths += value * value * value * value / 20'000;
  }
  EXPECT_GT(Correlation(magnitudes, 1), 0.05);
  EXPECT_GT(Correlation(magnitudes, 5), 0.03);
  EXPECT_GT(fourths / (squares * squares), 4.0);  // a normal distribution has 3
}

TEST(PriceProcess, ReturnsHaveTheSizeOfACryptoMarket) {
  double squares = 0;
  for (double value : Returns(Path(5, 20'000, 120)))
    squares += value * value;
  const double yearly = std::sqrt(squares / (20'000 * 120.0) * 365 * 86'400);
  EXPECT_GT(yearly, 0.2);
  EXPECT_LT(yearly, 3.0);
}

TEST(PriceProcess, ExchangesAgreeUpToASmallGap) {
  PriceProcess process(11);
  double gap_max = 0;
  for (int i = 0; i < 2'000; ++i) {
    std::vector<double> prices;
    for (size_t exchange = 0; exchange < PriceProcess::kExchanges; ++exchange) {
      prices.push_back(Value(process.Trade(1 + int64_t{i} * 1'000'000, exchange, 0).price));
    }
    const auto [low, high] = std::minmax_element(prices.begin(), prices.end());
    gap_max = std::max(gap_max, *high / *low - 1);
    EXPECT_NE(*low, *high);
  }
  EXPECT_LT(gap_max, 0.01);
}

TEST(PriceProcess, PairsOfOneAssetAreConsistent) {
  PriceProcess process(2);
  const double btc_usd = Value(process.Trade(1, 0, 1).price);
  const double eth_usd = Value(process.Trade(1, 0, 4).price);
  const double eth_btc = Value(process.Trade(1, 0, 6).price);
  EXPECT_EQ(PriceProcess::PairName(6), "ETH/BTC");
  EXPECT_NEAR(eth_usd / btc_usd / eth_btc, 1, 0.01);
}

TEST(PriceProcess, SizesHaveHeavyTailsAndSidesPersist) {
  PriceProcess process(9);
  std::vector<double> sizes;
  int same_side = 0;
  bool last = false;
  for (int i = 0; i < 20'000; ++i) {
    const MarketTrade trade = process.Trade(1 + int64_t{i} * 1'000'000, 2, 1);
    same_side += trade.buy == last ? 1 : 0;
    last = trade.buy;
    sizes.push_back(Value(trade.price) * Value(trade.quantity));
    EXPECT_GT(trade.price.ticks, 0);
    EXPECT_GT(trade.quantity.ticks, 0);
  }
  std::sort(sizes.begin(), sizes.end());
  EXPECT_GT(sizes[19'900] / sizes[10'000], 50);
  EXPECT_NEAR(same_side / 20'000.0, 0.72, 0.02);
}

TEST(FixedNumberText, HasNoTrailingZeros) {
  EXPECT_EQ(FixedNumberText({1250, 2}), "12.5");
  EXPECT_EQ(FixedNumberText({-5, 3}), "-0.005");
  EXPECT_EQ(FixedNumberText({1200, 2}), "12");
  EXPECT_EQ(FixedNumberText({100, 0}), "100");
  EXPECT_EQ(FixedNumberText({0, 8}), "0");
}

}  // namespace
}  // namespace tapelake::source
