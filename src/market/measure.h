#pragma once

/// What the market page and the table `market_measures` show: each measure one row of a catalog.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "market/bar.h"
#include "market/interval.h"

namespace tapelake::market {

/// Why a measure has no value. The texts are part of the API and of the stored tables.
enum class NoValue : uint8_t {
  kNone = 0,
  kTooFew = 1,     ///< `too_few`: fewer observations than min_n.
  kGap = 2,        ///< `gap`: holes in the bars leave too little that is adjacent.
  kUndefined = 3,  ///< `undefined`: the formula has no answer (zero divisor, positive covariance).
  kStale = 4,      ///< `stale`: all last prices are older than the limit.
  kSingle = 5,     ///< `single`: needs at least two exchanges.
};
std::string_view NoValueText(NoValue reason);

/// Notes on a value that is there; texts are part of the API.
enum class MeasureNote : uint8_t {
  kNone = 0,
  kFloored = 1,         ///< `floored`: the formula gave a negative number, shown is 0.
  kNotSignificant = 2,  ///< `not_significant`: |t| < 2.
  kThin = 3,            ///< `thin`: fewer than 100 trades a bar; range estimators understate.
  kGaps = 4,            ///< `gaps`: returns over empty bars are left out, or long.
};
std::string_view MeasureNoteText(MeasureNote note);

/// One number and how far to trust it.
struct Measure {
  std::optional<double> value;
  NoValue reason = NoValue::kNone;  ///< Only without a value.
  MeasureNote note = MeasureNote::kNone;
  int64_t n = 0;                 ///< Observations it rests on.
  std::optional<double> detail;  ///< A second number, see MeasureDef::detail; age, t, share...
};

/// Groups of the page.
enum class MeasureGroup : uint8_t { kVolatility = 1, kLiquidity = 2, kActivity = 3, kQuality = 4 };

/// `volatility liquidity activity quality`
std::string_view MeasureGroupText(MeasureGroup group);

/// One row of the catalog. Names are stored in tables and sent to pages: never rename one.
struct MeasureDef {
  std::string_view name;     ///< `parkinson_1h`
  std::string_view label;    ///< `Parkinson`
  std::string_view unit;     ///< `annualised`, `bp`, `ratio`, `1e6/quote`, `quote`, `seconds`...
  std::string_view window;   ///< `60 x 1m`
  std::string_view formula;  ///< Source: `Parkinson 1980, J. Business 53:61`
  std::string_view detail;   ///< What Measure::detail is; empty: none.
  MeasureGroup group;
  Interval interval;  ///< Bars it is made of.
  int bars;           ///< Length of the window in bars.
};

/// What measures of one series at one moment are made from. All spans ascending, bars with rows
/// only (holes are seen from their start times).
struct MeasureInput {
  int64_t now_micros = 0;  ///< Windows end with the bar that holds this moment.
  /// The series' bars of one interval with start in [from, to).
  std::function<std::vector<const Bar*>(Interval, int64_t from_micros, int64_t to_micros)> bars;
  /// Across exchanges only: the same of each exchange, by name; empty for a single exchange.
  std::vector<
      std::pair<std::string, std::function<std::vector<const Bar*>(Interval, int64_t, int64_t)>>>
      exchanges;
};

/// The catalog, in the order of the page.
std::span<const MeasureDef> MeasureCatalog();

/// The catalog as a page of the reference, with what reasons and notes mean.
std::string MeasureCatalogMarkdown();

/// Every measure of the catalog, in its order. Pure. Costs about a millisecond for a full day of
/// minute bars.
std::vector<Measure> EvaluateMeasures(const MeasureInput& input);

/// The volatility cone: for each horizon (1 h, 4 h, 1 d, 7 d, 30 d) minimum, quartiles, maximum and
/// the present value of annualised realised volatility over all windows of that length, one ending
/// with each bar, in the bars given. A window needs returns for half of its bars.
struct ConePoint {
  std::string_view horizon;
  int64_t windows = 0;
  Measure now;
  double minimum = 0, lower = 0, median = 0, upper = 0, maximum = 0;  ///< Only if windows > 0.
};
std::vector<ConePoint> VolatilityCone(const MeasureInput& input);

/// Correlation of the close-to-close returns of two series over adjacent bars that both have.
/// n is the number of such pairs; kTooFew below 10.
Measure ReturnCorrelation(std::span<const Bar* const> a, std::span<const Bar* const> b,
                          Interval interval);

}  // namespace tapelake::market
