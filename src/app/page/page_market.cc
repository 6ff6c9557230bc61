#include "app/page/page_market.h"

#include <cmath>
#include <cstdio>
#include <utility>

#include "app/market/market_rows.h"
#include "base/decimal.h"
#include "market/trade.h"

namespace tapelake::app {
namespace {

constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int kMoneyScale = 2 * market::kAmountScale;
constexpr int kFirstDecade = -5;  // of Bar::sizes

constexpr char kVolatility[] = "realized_1h";
constexpr char kSpread[] = "edge_1h";
constexpr char kGap[] = "exchange_gap";
constexpr char kImbalance[] = "imbalance_1m";
constexpr char kDeviation[] = "vwap_deviation_1h";

/// Decimal text without zeros that say nothing.
std::string Shortest(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string AmountText(base::Int128 amount) {
  return Shortest(base::FormatDecimal(amount, market::kAmountScale));
}

template <size_t kWords>
std::string SumText(const market::FixedInt<kWords>& sum, int scale) {
  return Shortest(sum.ToDecimal(scale, market::kAmountScale));
}

/// One measure by name; nullptr if none were made yet.
const market::Measure* FindMeasure(const SeriesMeasures& measures, std::string_view name) {
  const auto catalog = market::MeasureCatalog();
  for (size_t i = 0; i < catalog.size() && i < measures.values.size(); ++i) {
    if (catalog[i].name == name) return &measures.values[i];
  }
  return nullptr;
}

std::optional<double> ValueOf(const SeriesMeasures& measures, std::string_view name) {
  const market::Measure* measure = FindMeasure(measures, name);
  return measure == nullptr ? std::nullopt : measure->value;
}

int64_t CountOf(const SeriesMeasures& measures, std::string_view name) {
  const market::Measure* measure = FindMeasure(measures, name);
  return measure == nullptr ? 0 : measure->n;
}

std::optional<std::string> LastText(const MarketLine& line) {
  return line.last ? std::optional(AmountText(*line.last)) : std::nullopt;
}

std::optional<int64_t> LastMillis(const MarketLine& line) {
  return line.last ? std::optional(line.last_micros / kMicrosPerMilli) : std::nullopt;
}

const char* SideText(market::TradeSide side) {
  switch (side) {
    case market::TradeSide::kBuy:
      return "buy";
    case market::TradeSide::kSell:
      return "sell";
    case market::TradeSide::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace

serve::BarRow PageBar(const DeskBar& desk_bar) {
  const market::Bar& bar = desk_bar.bar;
  serve::BarRow row;
  row.start_ms = bar.start_micros / kMicrosPerMilli;
  row.trades = bar.trades;
  if (bar.has_prices()) {
    row.open = bar.open_price();
    row.high = bar.high;
    row.low = bar.low;
    row.close = bar.close_price();
  }
  row.quantity = SumText(bar.quantity, market::kAmountScale);
  row.money = SumText(bar.money, kMoneyScale);
  row.vwap = Vwap(bar);
  row.deviation = PriceDeviation(bar);
  row.buy_quantity = SumText(bar.buy_quantity, market::kAmountScale);
  row.sell_quantity = SumText(bar.sell_quantity, market::kAmountScale);
  row.pending = bar.pending;
  row.failed = bar.failed;
  row.other = bar.other_status + bar.unpriced;
  row.stale = desk_bar.stale;
  return row;
}

std::vector<serve::MeasureInfo> PageCatalog() {
  std::vector<serve::MeasureInfo> infos;
  for (const market::MeasureDef& def : market::MeasureCatalog()) {
    infos.push_back({.name = std::string(def.name),
                     .label = std::string(def.label),
                     .unit = std::string(def.unit),
                     .window = std::string(def.window),
                     .group = std::string(market::MeasureGroupText(def.group)),
                     .formula = std::string(def.formula),
                     .detail = std::string(def.detail)});
  }
  return infos;
}

serve::MeasureList PageMeasures(const SeriesMeasures& measures) {
  serve::MeasureList list{.as_of_ms = measures.as_of_micros / kMicrosPerMilli, .values = {}};
  const auto catalog = market::MeasureCatalog();
  for (size_t i = 0; i < catalog.size() && i < measures.values.size(); ++i) {
    const market::Measure& measure = measures.values[i];
    list.values.push_back(
        {.name = std::string(catalog[i].name),
         .value = measure.value,
         .reason = std::string(measure.value ? "" : market::NoValueText(measure.reason)),
         .note = std::string(market::MeasureNoteText(measure.note)),
         .n = measure.n,
         .detail = measure.detail});
  }
  return list;
}

serve::OverviewRow PageOverview(const MarketLine& line) {
  serve::OverviewRow row;
  row.pair = line.series.pair;
  row.quote = market::QuoteCurrencyOf(line.series.pair);
  row.exchanges = line.exchanges;
  row.last = LastText(line);
  row.last_ms = LastMillis(line);
  if (line.last && line.price_24h_ago && *line.price_24h_ago > 0) {
    row.change_24h = market::FixedInt<2>(*line.last).ToDouble(market::kAmountScale) /
                         market::FixedInt<2>(*line.price_24h_ago).ToDouble(market::kAmountScale) -
                     1;
  }
  row.money_24h = SumText(line.money_24h, kMoneyScale);
  row.quantity_24h = SumText(line.quantity_24h, market::kAmountScale);
  row.trades_24h = line.trades_24h;
  row.volatility_1h = ValueOf(line.measures, kVolatility);
  row.volatility_n = CountOf(line.measures, kVolatility);
  row.spread_bp = ValueOf(line.measures, kSpread);
  row.spread_n = CountOf(line.measures, kSpread);
  row.gap_bp = ValueOf(line.measures, kGap);
  row.imbalance_1m = ValueOf(line.measures, kImbalance);
  row.spark = line.closes_1h;
  return row;
}

std::vector<serve::ExchangeRow> PageExchanges(const std::vector<MarketLine>& lines) {
  market::FixedInt<5> all;
  for (const MarketLine& line : lines)
    all += line.money_24h;
  const double total = all.ToDouble(kMoneyScale);
  std::vector<serve::ExchangeRow> rows;
  for (const MarketLine& line : lines) {
    serve::ExchangeRow row;
    row.exchange = line.series.exchange;
    row.last = LastText(line);
    row.last_ms = LastMillis(line);
    row.money_24h = SumText(line.money_24h, kMoneyScale);
    if (total > 0) row.share_24h = line.money_24h.ToDouble(kMoneyScale) / total;
    row.trades_1m = line.trades_1m;
    row.spread_bp = ValueOf(line.measures, kSpread);
    row.volatility_1h = ValueOf(line.measures, kVolatility);
    row.deviation_bp = ValueOf(line.measures, kDeviation);
    rows.push_back(std::move(row));
  }
  return rows;
}

serve::TapeRow PageTrade(const LargeTrade& large) {
  const market::Trade& trade = large.trade;
  return {.key = trade.key,
          .time_us = trade.time_micros,
          .pair = trade.pair,
          .exchange = trade.exchange,
          .side = SideText(trade.side),
          .price = AmountText(trade.price),
          .quantity = AmountText(trade.quantity),
          .money = SumText(large.money, kMoneyScale)};
}

std::vector<serve::ConeRow> PageCone(const std::vector<market::ConePoint>& points) {
  std::vector<serve::ConeRow> rows;
  for (const market::ConePoint& point : points) {
    serve::ConeRow row{.horizon = std::string(point.horizon), .windows = point.windows};
    row.now = point.now.value;
    if (point.windows > 0) {
      row.minimum = point.minimum;
      row.lower = point.lower;
      row.median = point.median;
      row.upper = point.upper;
      row.maximum = point.maximum;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

serve::SizeCounts PageSizes(const std::array<uint64_t, market::Bar::kSizeBuckets>& counts) {
  serve::SizeCounts sizes;
  for (size_t i = 0; i < counts.size(); ++i) {
    const int decade = kFirstDecade + static_cast<int>(i);
    // The first bucket also holds what is smaller.
    sizes.from.push_back(i == 0 ? "<" + PlainNumber(std::pow(10.0, decade + 1))
                                : PlainNumber(std::pow(10.0, decade)));
    sizes.counts.push_back(static_cast<int64_t>(counts[i]));
  }
  return sizes;
}

std::string PlainNumber(double number) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.9f", number);
  return Shortest(text);
}

std::string BaseCurrencyOf(const std::string& pair) {
  const size_t quote = market::QuoteCurrencyOf(pair).size();
  return quote == 0 ? pair : pair.substr(0, pair.size() - quote - 1);
}

}  // namespace tapelake::app
