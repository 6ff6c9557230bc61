#include <array>
#include <string>

#include "market/estimators/flow.h"
#include "market/estimators/impact.h"
#include "market/estimators/range.h"
#include "market/estimators/realized.h"
#include "market/estimators/smoothed.h"
#include "market/estimators/spread.h"
#include "tests/market/estimates.h"

namespace tapelake::market_tests {
namespace {

struct NamedEstimator {
  std::string_view name;
  market::Measure (*estimate)(std::span<const market::PriceBar>);
};

constexpr auto kEstimators = std::to_array<NamedEstimator>({
    {"realized", market::RealizedVariance},
    {"bipower", market::BipowerVariation},
    {"two_scale", market::TwoScaleVariance},
    {"close_to_close", market::CloseToClose},
    {"parkinson", market::Parkinson},
    {"garman_klass", market::GarmanKlass},
    {"rogers_satchell", market::RogersSatchell},
    {"yang_zhang", market::YangZhang},
    {"ewma", market::EwmaVariance},
    {"atr", market::AverageTrueRange},
    {"bollinger_position", market::BollingerPosition},
    {"bollinger_bandwidth", market::BollingerBandwidth},
    {"edge", market::EdgeSpread},
    {"corwin_schultz", market::CorwinSchultz},
    {"corwin_schultz_signed", market::CorwinSchultzSigned},
    {"abdi_ranaldo", market::AbdiRanaldo},
    {"roll", market::RollSpread},
    {"amihud_mean", market::AmihudMean},
    {"amihud_median", market::AmihudMedian},
    {"amihud_ratio", market::AmihudRatio},
    {"vpin", market::Vpin},
});

market::PriceBar BarOf(const std::vector<std::string>& cells) {
  return {.index = std::stoll(cells.at(0)),
          .trades = std::stoll(cells.at(1)),
          .open = RawAmount(cells.at(2)),
          .high = RawAmount(cells.at(3)),
          .low = RawAmount(cells.at(4)),
          .close = RawAmount(cells.at(5)),
          .money = std::stod(cells.at(6)),
          .signed_money = std::stod(cells.at(7)),
          .sided_money = std::stod(cells.at(8)),
          .buy_quantity = std::stod(cells.at(9)),
          .sell_quantity = std::stod(cells.at(10)),
          .tick_returns = std::stoll(cells.at(11)),
          .squared_tick_returns = std::stod(cells.at(12))};
}

void PrintSeries(std::vector<market::PriceBar> bars, std::ostream& out) {
  market::LinkPriceBars(bars);
  for (const NamedEstimator& named : kEstimators)
    PrintMeasure(named.name, named.estimate(bars), out);
  const market::KyleFit kyle = market::KyleLambda(bars);
  PrintMeasure("kyle_lambda", kyle.lambda, out);
  PrintMeasure("kyle_r2", kyle.r_squared, out);
  out << '\n';
}

}  // namespace

int EstimateBars(std::istream& in, std::ostream& out) {
  std::vector<market::PriceBar> bars;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) {
      bars.push_back(BarOf(Cells(line)));
      continue;
    }
    PrintSeries(std::move(bars), out);
    bars.clear();
  }
  return 0;
}

}  // namespace tapelake::market_tests
