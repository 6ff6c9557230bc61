#include "source/simulation/price_process.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "source/simulation/random_draws.h"

namespace tapelake::source {
namespace {

struct AssetSpec {
  double price_usd;
  double variance;  // per second, long-run; 1.1e-8 is 60% a year
  double beta;      // answer to the market-wide factor
  int quantity_decimals;
};
enum AssetIndex : size_t {
  kUsd,
  kUsdt,
  kEur,
  kBtc,
  kEth,
  kSol,
  kXrp,
  kAda,
  kDoge,
  kLtc,
  kAvax,
  kLink,
  kDot,
  kAssets
};
constexpr std::array<AssetSpec, kAssets> kAssetSpecs = {{
    {1.0, 0, 0, 2},
    {1.0002, 2e-13, 0, 2},
    {1.0715, 2e-10, 0, 2},
    {61250.0, 1.1e-8, 1.0, 8},
    {3015.0, 1.6e-8, 1.1, 7},
    {142.0, 3.5e-8, 1.4, 4},
    {0.5185, 2.5e-8, 1.1, 1},
    {0.4562, 3.0e-8, 1.2, 1},
    {0.1402, 5.0e-8, 1.5, 0},
    {80.4, 2.4e-8, 1.0, 5},
    {36.2, 4.2e-8, 1.4, 3},
    {14.15, 3.4e-8, 1.2, 2},
    {6.87, 3.2e-8, 1.2, 2},
}};

struct PairSpec {
  std::string_view name;
  AssetIndex base;
  AssetIndex quote;
  int price_decimals;
  double weight;
};
constexpr std::array<PairSpec, PriceProcess::kPairs> kPairSpecs = {{
    {"BTC/USDT", kBtc, kUsdt, 2, 24},  {"BTC/USD", kBtc, kUsd, 2, 14},
    {"BTC/EUR", kBtc, kEur, 2, 6},     {"ETH/USDT", kEth, kUsdt, 2, 15},
    {"ETH/USD", kEth, kUsd, 2, 9},     {"ETH/EUR", kEth, kEur, 2, 4},
    {"ETH/BTC", kEth, kBtc, 6, 4},     {"SOL/USDT", kSol, kUsdt, 3, 8},
    {"SOL/EUR", kSol, kEur, 3, 2},     {"XRP/USD", kXrp, kUsd, 5, 4},
    {"XRP/ETH", kXrp, kEth, 8, 1},     {"ADA/USDT", kAda, kUsdt, 5, 4},
    {"DOGE/USDT", kDoge, kUsdt, 6, 3}, {"LTC/BTC", kLtc, kBtc, 7, 2},
    {"SOL/USD", kSol, kUsd, 3, 3},     {"XRP/USDT", kXrp, kUsdt, 5, 3},
    {"DOGE/USD", kDoge, kUsd, 6, 2},   {"AVAX/USDT", kAvax, kUsdt, 3, 2},
    {"LINK/USD", kLink, kUsd, 4, 2},   {"DOT/EUR", kDot, kEur, 4, 1},
}};

struct ExchangeSpec {
  std::string_view name;
  double weight;
  double fee_rate;
};
constexpr std::array<ExchangeSpec, PriceProcess::kExchanges> kExchangeSpecs = {{
    {"Binance", 38, 0.0010},
    {"Coinbase", 18, 0.0040},
    {"Kraken", 13, 0.0026},
    {"Bitstamp", 7, 0.0030},
    {"OKX", 14, 0.0009},
    {"Bybit", 10, 0.0010},
}};

constexpr double kVarianceMemorySeconds = 1500;
constexpr double kTrendMemorySeconds = 14'400;
constexpr double kGapMemorySeconds = 45;
constexpr double kJumpsPerSecond = 1.0 / 9000;
constexpr double kQuantityUsdMax = 3.0e6;
constexpr int kFeeDecimals = 10;

constexpr std::array<int64_t, 11> kPowersOfTen = {
    1,         10,         100,         1000,          10'000,        100'000,
    1'000'000, 10'000'000, 100'000'000, 1'000'000'000, 10'000'000'000};

double ToDouble(FixedNumber number) {
  return static_cast<double>(number.ticks) / static_cast<double>(kPowersOfTen[number.decimals]);
}

FixedNumber Round(double value, int decimals, int64_t ticks_min) {
  const double scaled = value * static_cast<double>(kPowersOfTen[decimals]) + 0.5;
  return {std::max<int64_t>(static_cast<int64_t>(scaled), ticks_min), decimals};
}

template <typename Specs>
size_t DrawByWeight(const Specs& specs, io::Random& random) {
  double total = 0;
  for (const auto& spec : specs)
    total += spec.weight;
  double rest = random.NextDouble() * total;
  for (size_t i = 0; i + 1 < specs.size(); ++i) {
    rest -= specs[i].weight;
    if (rest < 0) return i;
  }
  return specs.size() - 1;
}

}  // namespace

std::string FixedNumberText(FixedNumber number) {
  const bool negative = number.ticks < 0;
  std::string digits = std::to_string(negative ? -number.ticks : number.ticks);
  const size_t decimals = static_cast<size_t>(number.decimals);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  if (decimals > 0) {
    digits.insert(digits.size() - decimals, 1, '.');
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return negative ? "-" + digits : digits;
}

PriceProcess::PriceProcess(uint64_t seed) : random_(seed), venues_(kExchanges * kPairs) {
  for (const AssetSpec& spec : kAssetSpecs) {
    assets_.push_back({.price_usd = spec.price_usd, .variance = spec.variance});
  }
}

std::string_view PriceProcess::ExchangeName(size_t exchange) {
  return kExchangeSpecs[exchange].name;
}
std::string_view PriceProcess::PairName(size_t pair) {
  return kPairSpecs[pair].name;
}

void PriceProcess::DrawVenue(size_t* exchange, size_t* pair) {
  *exchange = DrawByWeight(kExchangeSpecs, random_);
  *pair = DrawByWeight(kPairSpecs, random_);
}

void PriceProcess::StepAsset(size_t index, double seconds, double factor) {
  const AssetSpec& spec = kAssetSpecs[index];
  Asset& asset = assets_[index];
  if (spec.variance == 0) return;
  const double forget = 1.0 / (1.0 + seconds / kVarianceMemorySeconds);
  asset.variance = spec.variance + (asset.variance - spec.variance) * forget;
  const double own = Normal(random_);
  const double shock = spec.beta > 0 ? 0.8 * factor + 0.6 * own : own;
  double step = asset.trend * seconds + std::sqrt(asset.variance * seconds) * shock;
  const double weight = std::sqrt(seconds / (seconds + 120));
  double growth = 1.0 + 0.35 * weight * (shock * shock - 1.0);
  if (spec.beta > 0 && Chance(random_, std::min(0.2, kJumpsPerSecond * seconds))) {
    step += (0.004 + 0.012 * random_.NextDouble()) * (Chance(random_, 0.5) ? 1 : -1);
    growth = 5;  // a jump is followed by a storm
  }
  asset.variance = std::clamp(asset.variance * growth, spec.variance * 0.1, spec.variance * 40);
  const double trend_forget = 1.0 / (1.0 + seconds / kTrendMemorySeconds);
  asset.trend = asset.trend * trend_forget +
                0.02 * std::sqrt(spec.variance * (1 - trend_forget) / 60) * Normal(random_);
  asset.price_usd *= 1.0 + std::clamp(step, -0.15, 0.15);
  // Far from where it began a price is pulled back, so that a long run stays in a sane range.
  const double ratio = asset.price_usd / spec.price_usd;
  if (ratio > 4) asset.price_usd *= 0.999;
  if (ratio < 0.25) asset.price_usd *= 1.001;
}

void PriceProcess::Advance(int64_t micros) {
  if (now_micros_ == 0) now_micros_ = micros;
  if (micros <= now_micros_) return;
  const double seconds = static_cast<double>(micros - now_micros_) * 1e-6;
  now_micros_ = micros;
  const double factor = Normal(random_);
  for (size_t i = 0; i < assets_.size(); ++i)
    StepAsset(i, seconds, factor);
}

double PriceProcess::QuantityUsd() {
  // Three kinds of traders: retail, active and institutional.
  const double who = random_.NextDouble();
  const double smallest = who < 0.80 ? 60 : who < 0.96 ? 2'000 : 25'000;
  return std::min(smallest * HeavyTail(random_), kQuantityUsdMax);
}

MarketTrade PriceProcess::Trade(int64_t micros, size_t exchange, size_t pair) {
  Advance(micros);
  const PairSpec& spec = kPairSpecs[pair];
  Venue& venue = venues_[exchange * kPairs + pair];
  const double gap_seconds = static_cast<double>(now_micros_ - venue.gap_micros) * 1e-6;
  const double forget = 1.0 / (1.0 + gap_seconds / kGapMemorySeconds);
  venue.gap = venue.gap * forget + 4e-4 * std::sqrt(1 - forget) * Normal(random_);
  venue.gap_micros = now_micros_;

  MarketTrade trade{.exchange = exchange, .pair = pair};
  trade.buy = Chance(random_, 0.72) ? venue.last_buy : !venue.last_buy;
  venue.last_buy = trade.buy;
  const double half_spread = 5e-5 * (1 + random_.NextDouble());
  const double mid = assets_[spec.base].price_usd / assets_[spec.quote].price_usd;
  const double price = mid * (1 + venue.gap) * (trade.buy ? 1 + half_spread : 1 - half_spread);
  trade.price = Round(price, spec.price_decimals, 1);

  const double usd = QuantityUsd();
  trade.quantity =
      Round(usd / assets_[spec.base].price_usd, kAssetSpecs[spec.base].quantity_decimals, 1);
  venue.gap += (trade.buy ? 1 : -1) * 1e-4 * (usd / (usd + 200'000));  // impact of large orders
  trade.fee = DrawFee(exchange, trade.price, trade.quantity);
  return trade;
}

FixedNumber PriceProcess::DrawFee(size_t exchange, FixedNumber price, FixedNumber quantity) {
  static constexpr std::array<double, 4> kTiers = {1.0, 0.9, 0.75, 0.5};
  const double rate = kExchangeSpecs[exchange].fee_rate * kTiers[random_.Below(kTiers.size())];
  const double fee = ToDouble(price) * ToDouble(quantity) * rate;
  return Round(fee, kFeeDecimals, 0);
}

}  // namespace tapelake::source
