#pragma once

/// Rows of the tables `market_bars` and `market_measures` (docs/internals/market-bars.md).

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "market/bar.h"
#include "market/interval.h"
#include "market/market_book.h"
#include "market/measure.h"

namespace tapelake::app {

inline constexpr char kBarIdColumn[] = "bar_id";
inline constexpr char kMeasureIdColumn[] = "measure_id";

/// Bars that wait to be stored: market::EncodeBar (a quarter of a Bar's memory), or empty for one
/// that lost its last row.
using BarPlace = std::tuple<market::Series, market::Interval, int64_t>;
using BarsByPlace = std::map<BarPlace, std::string>;

/// All measures of one series at one moment.
struct MeasureSlot {
  market::Series series;
  int64_t at_micros = 0;
  std::vector<market::Measure> values;  ///< In the catalog's order.
};

/// Columns of `market_bars` and `market_measures`. Stored: columns are only ever added.
std::shared_ptr<arrow::Schema> BarSchema();
std::shared_ptr<arrow::Schema> MeasureSchema();

/// `BTC/USD|binance|1m|1795370400000000`; `%`, `:` and `|` of names are percent-encoded, so that a
/// key holds no colon (Hudi versions hash such keys to different buckets). Never change it.
std::string BarKey(const market::Series& series, market::Interval interval, int64_t start_micros);
/// `BTC/USD|binance|parkinson_1h|1795370400000000`
std::string MeasureKey(const market::Series& series, std::string_view measure, int64_t at_micros);

/// The bars that are not empty, as rows in order. `_change_seq` counts up from `first_change_seq`.
/// Errors: kThrottled; those of market::DecodeBar.
Result<std::shared_ptr<arrow::RecordBatch>> BarRows(const BarsByPlace& bars,
                                                    int64_t first_change_seq);

/// The measures as rows: slot by slot, in the catalog's order.
Result<std::shared_ptr<arrow::RecordBatch>> MeasureRows(const std::vector<MeasureSlot>& slots,
                                                        int64_t first_change_seq);

/// Volume-weighted average price; nullopt without trades.
std::optional<double> Vwap(const market::Bar& bar);
/// Volume-weighted standard deviation of the price around Vwap(); nullopt without trades.
std::optional<double> PriceDeviation(const market::Bar& bar);

}  // namespace tapelake::app
