#include "market/measure.h"

#include <array>
#include <cmath>

#include "market/estimators/flow.h"
#include "market/estimators/impact.h"
#include "market/estimators/range.h"
#include "market/estimators/realized.h"
#include "market/estimators/smoothed.h"
#include "market/estimators/spread.h"
#include "market/measure_windows.h"

namespace tapelake::market {
namespace {

constexpr double kBasisPoints = 1e4;
constexpr int kDayMinutes = 1'440;
constexpr int kDayFives = 288;

/// A row of the catalog and how its measure is made.
struct Row {
  MeasureDef def;
  Measure (*evaluate)(MeasureWindows& windows, const MeasureDef& def);
};

using PriceEstimator = Measure (*)(std::span<const PriceBar>);
using BarEstimator = Measure (*)(std::span<const Bar* const>);

/// The volatility of a year from a variance of one bar's length; kBefore more bars for returns.
template <PriceEstimator kEstimator, int kBefore>
Measure Annualised(MeasureWindows& windows, const MeasureDef& def) {
  Measure measure = kEstimator(windows.Prices(def.interval, def.bars + kBefore));
  if (measure.value) measure.value = AnnualVolatility(*measure.value, def.interval);
  return measure;
}

template <PriceEstimator kEstimator, int kBefore>
Measure OfPrices(MeasureWindows& windows, const MeasureDef& def) {
  return kEstimator(windows.Prices(def.interval, def.bars + kBefore));
}

/// A spread as fraction of the price, in basis points.
template <PriceEstimator kEstimator, int kBefore, bool kDetailToo>
Measure InBasisPoints(MeasureWindows& windows, const MeasureDef& def) {
  Measure measure = kEstimator(windows.Prices(def.interval, def.bars + kBefore));
  if (measure.value) measure.value = kBasisPoints * *measure.value;
  if (kDetailToo && measure.detail) measure.detail = kBasisPoints * *measure.detail;
  return measure;
}

template <BarEstimator kEstimator>
Measure OfBars(MeasureWindows& windows, const MeasureDef& def) {
  return kEstimator(windows.Bars(def.interval, def.bars));
}

template <Measure KyleFit::* kPart>
Measure Kyle(MeasureWindows& windows, const MeasureDef& def) {
  return KyleLambda(windows.Prices(def.interval, def.bars + 1)).*kPart;
}

Measure KyleObizhaevaOf(MeasureWindows& windows, const MeasureDef& def) {
  const std::span<const PriceBar> bars = windows.Prices(def.interval, def.bars + 1);
  Measure variance = RealizedVariance(bars);
  if (!variance.value) return variance;
  CompensatedSum money;
  for (const PriceBar& bar : bars.subspan(1))
    money.Add(bar.money);
  // Both for the time that the bars span, brought to a day.
  const auto spanned = static_cast<double>(bars.back().index - bars.front().index);
  const auto day = static_cast<double>(kDayFives);
  variance.value = *variance.value * day;
  return KyleObizhaeva(variance, money.value() / spanned * day);
}

std::span<const Bar* const> BarsOfSession(MeasureWindows& windows, const MeasureDef& def) {
  return windows.Bars(
      def.interval,
      windows.IndexNow(def.interval) -
          BarStart(Interval::kDay, windows.input().now_micros) / IntervalMicros(def.interval) + 1);
}

Measure DeviationOver(std::span<const Bar* const> bars) {
  for (size_t i = bars.size(); i-- > 0;) {
    if (bars[i]->has_prices()) return VwapDeviation(bars[i]->close_price(), VwapSums::Of(bars));
  }
  return NoMeasure(NoValue::kTooFew, 0);
}

Measure VwapOver(std::span<const Bar* const> bars) {
  return Vwap(VwapSums::Of(bars));
}

template <BarEstimator kEstimator>
Measure OfSession(MeasureWindows& windows, const MeasureDef& def) {
  return kEstimator(BarsOfSession(windows, def));
}

/// def.bars are compared; the bar under way is left out.
Measure RelativeVolumeOf(MeasureWindows& windows, const MeasureDef& def) {
  const std::span<const Bar* const> all =
      windows.Bars(def.interval, kFetchedBarsMax[static_cast<size_t>(def.interval)]);
  return RelativeVolume(all, {.interval = def.interval,
                              .last = windows.IndexNow(def.interval) - 1,
                              .window_bars = def.bars});
}

/// The bars of one exchange in the window of `def`.
template <typename Fetch>
std::vector<const Bar*> ExchangeBars(const MeasureWindows& windows, const MeasureDef& def,
                                     const Fetch& fetch) {
  const int64_t length = IntervalMicros(def.interval);
  const int64_t end = (windows.IndexNow(def.interval) + 1) * length;
  return fetch(def.interval, end - def.bars * length, end);
}

Measure ExchangeGapOf(MeasureWindows& windows, const MeasureDef& def) {
  const auto& exchanges = windows.input().exchanges;
  if (exchanges.size() < 2) {
    return NoMeasure(NoValue::kSingle, static_cast<int64_t>(exchanges.size()));
  }
  std::vector<ExchangePrice> prices;
  for (const auto& [name, fetch] : exchanges) {
    const std::vector<const Bar*> bars = ExchangeBars(windows, def, fetch);
    for (size_t i = bars.size(); i-- > 0;) {
      if (!bars[i]->has_prices()) continue;
      prices.push_back({bars[i]->close_price(), bars[i]->last.time_micros});
      break;
    }
  }
  return ExchangeGap(prices, windows.input().now_micros);
}

Measure HerfindahlOf(MeasureWindows& windows, const MeasureDef& def) {
  std::vector<double> money;
  for (const auto& [name, fetch] : windows.input().exchanges) {
    FixedInt<5> sum;
    for (const Bar* bar : ExchangeBars(windows, def, fetch))
      sum += bar->money;
    money.push_back(sum.ToDouble(2 * kAmountScale));
  }
  return Herfindahl(money);
}

using enum Interval;
using enum MeasureGroup;

constexpr char kJumpShare[] = "share of jumps in the realized variance";
constexpr char kNoise[] = "standard deviation of the noise of one price, bp";
constexpr char kMiddle[] = "middle of the bands, quote";
constexpr char kSigned[] = "signed, bp";
constexpr char kAround[] = "standard deviation of the price around it, quote";
constexpr char kDistance[] = "the same in standard deviations";
constexpr char kSided[] = "share of money whose side is known";
constexpr char kWilderSource[] = "Wilder 1978, New Concepts in Technical Trading Systems";
constexpr char kBollingerSource[] = "Bollinger 2001, Bollinger on Bollinger Bands";
constexpr char kRealizedSource[] = "Andersen, Bollerslev, Diebold, Labys 2001, JASA 96:42";
constexpr char kBipowerSource[] = "Barndorff-Nielsen, Shephard 2004, J. Financial Econometrics 2:1";
constexpr char kTwoScaleSource[] = "Zhang, Mykland, Ait-Sahalia 2005, JASA 100:1394";
constexpr char kParkinsonSource[] = "Parkinson 1980, J. Business 53:61";
constexpr char kGarmanKlassSource[] = "Garman, Klass 1980, J. Business 53:67";
constexpr char kRogersSatchellSource[] = "Rogers, Satchell 1991, Annals Appl. Prob. 1:504";
constexpr char kYangZhangSource[] = "Yang, Zhang 2000, J. Business 73:477";
constexpr char kEdgeSource[] = "Ardia, Guidotti, Kroencke 2024, JFE 161:103916";
constexpr char kCorwinSchultzSource[] = "Corwin, Schultz 2012, J. Finance 67:719";
constexpr char kAmihudSource[] = "Amihud 2002, J. Financial Markets 5:31";
constexpr char kVwapSource[] = "Berkowitz, Logue, Noser 1988, J. Finance 43:97";
constexpr char kImbalanceSource[] = "Chordia, Roll, Subrahmanyam 2002, JFE 65:111";

/// In the order of the page. Names are stored: never rename one.
constexpr auto kRows = std::to_array<Row>({
    Row{{"realized_1h", "Realized, 5m returns", "annualised", "12 x 5m", kRealizedSource, "",
         kVolatility, kFiveMinutes, 12},
        Annualised<RealizedVariance, 1>},
    Row{{"realized_24h", "Realized, 5m returns", "annualised", "288 x 5m", kRealizedSource, "",
         kVolatility, kFiveMinutes, kDayFives},
        Annualised<RealizedVariance, 1>},
    Row{{"bipower_1h", "Bipower", "annualised", "12 x 5m", kBipowerSource, kJumpShare, kVolatility,
         kFiveMinutes, 12},
        Annualised<BipowerVariation, 1>},
    Row{{"bipower_24h", "Bipower", "annualised", "288 x 5m", kBipowerSource, kJumpShare,
         kVolatility, kFiveMinutes, kDayFives},
        Annualised<BipowerVariation, 1>},
    Row{{"two_scale_1h", "Two-scale realized", "annualised", "60 x 1m", kTwoScaleSource, kNoise,
         kVolatility, kMinute, 60},
        Annualised<TwoScaleVariance, 1>},
    Row{{"two_scale_24h", "Two-scale realized", "annualised", "1440 x 1m", kTwoScaleSource, kNoise,
         kVolatility, kMinute, kDayMinutes},
        Annualised<TwoScaleVariance, 1>},
    Row{{"close_to_close_1h", "Close to close", "annualised", "60 x 1m",
         "Sample variance of returns", "", kVolatility, kMinute, 60},
        Annualised<CloseToClose, 1>},
    Row{{"parkinson_1h", "Parkinson", "annualised", "60 x 1m", kParkinsonSource, "", kVolatility,
         kMinute, 60},
        Annualised<Parkinson, 0>},
    Row{{"garman_klass_1h", "Garman-Klass", "annualised", "60 x 1m", kGarmanKlassSource, "",
         kVolatility, kMinute, 60},
        Annualised<GarmanKlass, 0>},
    Row{{"rogers_satchell_1h", "Rogers-Satchell", "annualised", "60 x 1m", kRogersSatchellSource,
         "", kVolatility, kMinute, 60},
        Annualised<RogersSatchell, 0>},
    Row{{"yang_zhang_1h", "Yang-Zhang", "annualised", "60 x 1m", kYangZhangSource, "", kVolatility,
         kMinute, 60},
        Annualised<YangZhang, 1>},
    Row{{"parkinson_24h", "Parkinson", "annualised", "96 x 15m", kParkinsonSource, "", kVolatility,
         kQuarterHour, 96},
        Annualised<Parkinson, 0>},
    Row{{"garman_klass_24h", "Garman-Klass", "annualised", "96 x 15m", kGarmanKlassSource, "",
         kVolatility, kQuarterHour, 96},
        Annualised<GarmanKlass, 0>},
    Row{{"rogers_satchell_24h", "Rogers-Satchell", "annualised", "96 x 15m", kRogersSatchellSource,
         "", kVolatility, kQuarterHour, 96},
        Annualised<RogersSatchell, 0>},
    Row{{"yang_zhang_24h", "Yang-Zhang", "annualised", "96 x 15m", kYangZhangSource, "",
         kVolatility, kQuarterHour, 96},
        Annualised<YangZhang, 1>},
    Row{{"ewma", "EWMA 0.94", "annualised", "240 x 1m", "RiskMetrics 1996, Technical Document", "",
         kVolatility, kMinute, 240},
        Annualised<EwmaVariance, 1>},
    Row{{"atr_14", "ATR 14", "quote", "70 x 1m", kWilderSource, "percent of the last close",
         kVolatility, kMinute, 70},
        OfPrices<AverageTrueRange, 0>},
    Row{{"atr_14_1h", "ATR 14, hours", "quote", "70 x 1h", kWilderSource,
         "percent of the last close", kVolatility, kHour, 70},
        OfPrices<AverageTrueRange, 0>},
    Row{{"bollinger_position", "Bollinger 20,2 position", "ratio", "20 with trades of 60 x 1m",
         kBollingerSource, kMiddle, kVolatility, kMinute, 60},
        OfPrices<BollingerPosition, 0>},
    Row{{"bollinger_bandwidth", "Bollinger 20,2 bandwidth", "ratio", "20 with trades of 60 x 1m",
         kBollingerSource, kMiddle, kVolatility, kMinute, 60},
        OfPrices<BollingerBandwidth, 0>},
    Row{{"edge_1h", "Spread, EDGE", "bp", "60 x 1m", kEdgeSource, kSigned, kLiquidity, kMinute, 60},
        InBasisPoints<EdgeSpread, 0, true>},
    Row{{"edge_24h", "Spread, EDGE", "bp", "288 x 5m", kEdgeSource, kSigned, kLiquidity,
         kFiveMinutes, kDayFives},
        InBasisPoints<EdgeSpread, 0, true>},
    Row{{"corwin_schultz_1h", "Spread, Corwin-Schultz, floored", "bp", "60 x 1m",
         kCorwinSchultzSource, "share of pairs below 0, counted as 0", kLiquidity, kMinute, 60},
        InBasisPoints<CorwinSchultz, 0, false>},
    Row{{"corwin_schultz_signed_1h", "Spread, Corwin-Schultz, signed", "bp", "60 x 1m",
         kCorwinSchultzSource, "", kLiquidity, kMinute, 60},
        InBasisPoints<CorwinSchultzSigned, 0, false>},
    Row{{"abdi_ranaldo_1h", "Spread, Abdi-Ranaldo", "bp", "60 x 1m",
         "Abdi, Ranaldo 2017, RFS 30:4437", kSigned, kLiquidity, kMinute, 60},
        InBasisPoints<AbdiRanaldo, 0, true>},
    Row{{"roll_24h", "Spread, Roll", "bp", "1440 x 1m", "Roll 1984, J. Finance 39:1127", "",
         kLiquidity, kMinute, kDayMinutes},
        InBasisPoints<RollSpread, 1, false>},
    Row{{"amihud_24h", "Amihud, mean", "1e6/quote", "1440 x 1m", kAmihudSource,
         "share of empty minutes", kLiquidity, kMinute, kDayMinutes},
        OfPrices<AmihudMean, 1>},
    Row{{"amihud_median_24h", "Amihud, median", "1e6/quote", "1440 x 1m", kAmihudSource, "",
         kLiquidity, kMinute, kDayMinutes},
        OfPrices<AmihudMedian, 1>},
    Row{{"amihud_ratio_24h", "Amihud, ratio of sums", "1e6/quote", "1440 x 1m", kAmihudSource, "",
         kLiquidity, kMinute, kDayMinutes},
        OfPrices<AmihudRatio, 1>},
    Row{{"kyle_lambda_1h", "Kyle's lambda", "bp per 1e6 quote", "60 x 1m",
         "Kyle 1985, Econometrica 53:1315", "t", kLiquidity, kMinute, 60},
        Kyle<&KyleFit::lambda>},
    Row{{"kyle_r2_1h", "Kyle's lambda, R squared", "ratio", "60 x 1m",
         "Kyle 1985, Econometrica 53:1315", "", kLiquidity, kMinute, 60},
        Kyle<&KyleFit::r_squared>},
    Row{{"kyle_obizhaeva_24h", "Kyle-Obizhaeva", "quote^(-1/3)", "288 x 5m",
         "Kyle, Obizhaeva 2016, Econometrica 84:1345", "", kLiquidity, kFiveMinutes, kDayFives},
        KyleObizhaevaOf},
    Row{{"exchange_gap", "Gap between exchanges", "bp", "now", "Makarov, Schoar 2020, JFE 135:293",
         "age of the older price, seconds", kLiquidity, kMinute, 2},
        ExchangeGapOf},
    Row{{"exchange_hhi_24h", "Concentration on exchanges, HHI", "ratio", "96 x 15m",
         "Herfindahl 1950; Rhoades 1993, Fed. Reserve Bull. 79:188",
         "effective number of exchanges", kLiquidity, kQuarterHour, 96},
        HerfindahlOf},
    Row{{"vwap_session", "VWAP, since 00:00 UTC", "quote", "day x 5m", kVwapSource, kAround,
         kActivity, kFiveMinutes, kDayFives},
        OfSession<VwapOver>},
    Row{{"vwap_1h", "VWAP", "quote", "60 x 1m", kVwapSource, kAround, kActivity, kMinute, 60},
        OfBars<VwapOver>},
    Row{{"vwap_24h", "VWAP", "quote", "288 x 5m", kVwapSource, kAround, kActivity, kFiveMinutes,
         kDayFives},
        OfBars<VwapOver>},
    Row{{"vwap_deviation_session", "Last price from VWAP, since 00:00 UTC", "bp", "day x 5m",
         kVwapSource, kDistance, kActivity, kFiveMinutes, kDayFives},
        OfSession<DeviationOver>},
    Row{{"vwap_deviation_1h", "Last price from VWAP", "bp", "60 x 1m", kVwapSource, kDistance,
         kActivity, kMinute, 60},
        OfBars<DeviationOver>},
    Row{{"vwap_deviation_24h", "Last price from VWAP", "bp", "288 x 5m", kVwapSource, kDistance,
         kActivity, kFiveMinutes, kDayFives},
        OfBars<DeviationOver>},
    Row{{"imbalance_1m", "Trade imbalance", "ratio", "60 x 1s", kImbalanceSource, kSided, kActivity,
         kSecond, 60},
        OfBars<TradeImbalance>},
    Row{{"imbalance_5m", "Trade imbalance", "ratio", "5 x 1m", kImbalanceSource, kSided, kActivity,
         kMinute, 5},
        OfBars<TradeImbalance>},
    Row{{"vpin_24h", "VPIN, 50 buckets", "ratio", "1440 x 1m",
         "Easley, Lopez de Prado, O'Hara 2012, RFS 25:1457", "", kActivity, kMinute, kDayMinutes},
        OfPrices<Vpin, 0>},
    Row{{"relative_volume_1h", "Volume against the same hour of days before", "ratio",
         "last full hour", "Window by mean of up to 20 days", "mean volume of the days, base",
         kActivity, kHour, 1},
        RelativeVolumeOf},
    Row{{"relative_volume_24h", "Volume against days before", "ratio", "last 24 full hours",
         "Window by mean of up to 20 days", "mean volume of the days, base", kActivity, kHour, 24},
        RelativeVolumeOf},
    Row{{"large_trades_24h", "Large trades", "trades", "288 x 5m",
         "Money of at least large_trade_from_24h", "share of all trades", kActivity, kFiveMinutes,
         kDayFives},
        OfBars<LargeTrades>},
    Row{{"large_trade_from_24h", "Large trades from", "quote", "288 x 5m",
         "Power of ten above 10 x mean money of a trade", "", kActivity, kFiveMinutes, kDayFives},
        OfBars<LargeTradeFrom>},
    Row{{"failed_rate_1h", "Failed trades", "ratio", "60 x 1m", "FAILED / (FAILED + SUCCESS)",
         "pending rows", kQuality, kMinute, 60},
        OfBars<FailedRate>},
    Row{{"failed_rate_24h", "Failed trades", "ratio", "288 x 5m", "FAILED / (FAILED + SUCCESS)",
         "pending rows", kQuality, kFiveMinutes, kDayFives},
        OfBars<FailedRate>},
    Row{{"fee_rate_24h", "Fees", "bp", "288 x 5m", "Sum of fees / sum of money", "", kQuality,
         kFiveMinutes, kDayFives},
        OfBars<FeeRate>},
});

constexpr auto kCatalog = [] {
  std::array<MeasureDef, kRows.size()> defs = {};
  for (size_t i = 0; i < defs.size(); ++i)
    defs[i] = kRows[i].def;
  return defs;
}();

}  // namespace

std::span<const MeasureDef> MeasureCatalog() {
  return kCatalog;
}

std::vector<Measure> EvaluateMeasures(const MeasureInput& input) {
  MeasureWindows windows(input);
  std::vector<Measure> measures;
  measures.reserve(kRows.size());
  for (const Row& row : kRows)
    measures.push_back(row.evaluate(windows, row.def));
  return measures;
}

}  // namespace tapelake::market
