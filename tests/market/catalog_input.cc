#include <algorithm>
#include <map>
#include <string>

#include "market/bar.h"
#include "tests/market/estimates.h"

namespace tapelake::market_tests {
namespace {

using BarsByStart = std::map<int64_t, market::Bar>;
using BarsByInterval = std::array<BarsByStart, market::kIntervals>;

BarsByInterval BarsOf(std::vector<market::Trade> trades) {
  std::ranges::sort(trades, {}, market::TradePlace::Of);
  BarsByInterval bars;
  for (const market::Trade& trade : trades) {
    for (const market::Interval interval : market::kAllIntervals) {
      const int64_t start = market::BarStart(interval, trade.time_micros);
      market::Bar& bar = bars[static_cast<size_t>(interval)][start];
      bar.start_micros = start;
      market::AddTrade(trade, &bar);
    }
  }
  return bars;
}

BarsByInterval MergedOf(const std::map<std::string, BarsByInterval>& exchanges) {
  BarsByInterval merged;
  for (size_t interval = 0; interval < market::kIntervals; ++interval) {
    std::map<int64_t, std::vector<const market::Bar*>> parts;
    for (const auto& [name, bars] : exchanges) {
      for (const auto& [start, bar] : bars[interval])
        parts[start].push_back(&bar);
    }
    for (const auto& [start, bars] : parts)
      merged[interval][start] = market::MergeExchanges(bars);
  }
  return merged;
}

auto FetchFrom(const BarsByInterval& all) {
  return [&all](market::Interval interval, int64_t from_micros, int64_t to_micros) {
    const BarsByStart& bars = all[static_cast<size_t>(interval)];
    std::vector<const market::Bar*> found;
    for (auto at = bars.lower_bound(from_micros); at != bars.end() && at->first < to_micros; ++at)
      found.push_back(&at->second);
    return found;
  };
}

market::Trade TradeOf(const std::vector<std::string>& cells) {
  return {.key = cells.at(1),
          .exchange = cells.at(0),
          .time_micros = std::stoll(cells.at(2)),
          .status = market::TradeStatusOf(cells.at(3)),
          .side = market::TradeSideOf(cells.at(4)),
          .has_amounts = true,
          .price = RawAmount(cells.at(5)),
          .quantity = RawAmount(cells.at(6)),
          .fee = RawAmount(cells.at(7))};
}

void PrintCatalog(const std::string& exchange, const market::MeasureInput& input,
                  std::ostream& out) {
  const std::vector<market::Measure> measures = market::EvaluateMeasures(input);
  for (size_t i = 0; i < measures.size(); ++i) {
    out << exchange << ' ';
    PrintMeasure(market::MeasureCatalog()[i].name, measures[i], out);
  }
  for (const market::ConePoint& point : market::VolatilityCone(input)) {
    out << exchange << " cone_" << point.horizon << ' ' << point.windows << ' ';
    PrintMeasure("now", point.now, out);
    for (const auto& [name, value] : {std::pair{"min", point.minimum},
                                      {"lower", point.lower},
                                      {"median", point.median},
                                      {"upper", point.upper},
                                      {"max", point.maximum}}) {
      out << exchange << " cone_" << point.horizon << ' ' << point.windows << ' ';
      PrintMeasure(name, {.value = value}, out);
    }
  }
}

}  // namespace

int EvaluateCatalog(std::istream& in, int64_t now_micros, std::ostream& out) {
  std::map<std::string, std::vector<market::Trade>> trades;
  for (std::string line; std::getline(in, line);) {
    market::Trade trade = TradeOf(Cells(line));
    trades[trade.exchange].push_back(std::move(trade));
  }
  std::map<std::string, BarsByInterval> exchanges;
  for (auto& [exchange, rows] : trades)
    exchanges[exchange] = BarsOf(std::move(rows));
  const BarsByInterval merged = MergedOf(exchanges);
  market::MeasureInput across = {.now_micros = now_micros, .bars = FetchFrom(merged)};
  for (const auto& [exchange, bars] : exchanges) {
    PrintCatalog(exchange, {.now_micros = now_micros, .bars = FetchFrom(bars)}, out);
    across.exchanges.emplace_back(exchange, FetchFrom(bars));
  }
  PrintCatalog("*", across, out);
  return 0;
}

}  // namespace tapelake::market_tests
