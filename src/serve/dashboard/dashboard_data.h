#pragma once

/// What the page's API asks of the running program, as plain structs. `app` implements it; `serve`
/// checks parameters, keeps versions for the live stream and writes JSON
/// (docs/internals/live-api.md).

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/decimal.h"
#include "base/status.h"
#include "io/byte_stream.h"
#include "market/interval.h"

namespace tapelake::serve {

/// A pair on one exchange; exchange `*`: across all exchanges.
struct SeriesName {
  std::string pair;
  std::string exchange;
  auto operator<=>(const SeriesName&) const = default;
};

/// A measure of market::MeasureCatalog(), word for word.
struct MeasureInfo {
  std::string name, label, unit, window, group, formula, detail;
};

/// What does not change while the process runs. `group` of a measure is `volatility`, `liquidity`,
/// `activity` or `quality`.
struct ProgramInfo {
  std::string version;
  int64_t started_ms = 0;
  std::string market_table;  ///< `crypto.transactions`
  std::vector<MeasureInfo> measures;
};

struct PairInfo {
  std::string pair, base, quote;
  std::vector<std::string> exchanges;  ///< By name.
};

/// One bar. Prices are scaled by 10^18, and are there only if trades > 0.
struct BarRow {
  int64_t start_ms = 0;
  base::Int128 open = 0, high = 0, low = 0, close = 0;
  std::string quantity, money;  ///< Decimal texts; money rounded half to even at 18 decimals.
  std::optional<double> vwap, deviation;
  int64_t trades = 0;
  std::string buy_quantity, sell_quantity;  ///< Decimal texts.
  int64_t pending = 0, failed = 0;
  int64_t other = 0;   ///< Other status or unpriced.
  bool stale = false;  ///< Is being made anew from the table.
};

struct BarsRequest {
  SeriesName series;
  market::Interval interval = market::Interval::kMinute;
  int64_t from_ms = 0;   ///< First start.
  int64_t to_ms = 0;     ///< Starts lie before it.
  int64_t bars_max = 0;  ///< The newest ones.
};

struct BarList {
  uint64_t version = 0;      ///< MarketBook::version() when they were read.
  std::vector<BarRow> bars;  ///< Ascending.
};

/// What became of the bars of one series and interval after a version of the book.
struct BarsChange {
  /// False: what was removed since then is not known any more; `bars` are all bars in memory and
  /// whoever holds others throws them away. (So it is also for version 0.)
  bool complete = false;
  std::vector<BarRow> bars;               ///< Changed bars, whole, ascending.
  std::vector<int64_t> removed_start_ms;  ///< No row is left in them.
};

/// Where the market stands.
struct MarketState {
  uint64_t version = 0;  ///< MarketBook::version(): grows with every change of any bar.
  /// Change time of the newest change that the book has taken; 0: none yet.
  int64_t newest_change_us = 0;
};

/// One measure of one series. `reason` and `note` are the texts of market/measure.h, empty: none.
struct MeasureRow {
  std::string name;
  std::optional<double> value;
  std::string reason, note;
  int64_t n = 0;
  std::optional<double> detail;
};

struct MeasureList {
  int64_t as_of_ms = 0;
  std::vector<MeasureRow> values;  ///< In the catalog's order.
};

struct OverviewRow {
  std::string pair, quote;
  int64_t exchanges = 0;
  std::optional<std::string> last;  ///< Decimal text.
  std::optional<int64_t> last_ms;
  std::optional<double> change_24h;
  std::string money_24h, quantity_24h;  ///< Decimal texts.
  int64_t trades_24h = 0;
  std::optional<double> volatility_1h;
  int64_t volatility_n = 0;
  std::optional<double> spread_bp;
  int64_t spread_n = 0;
  std::optional<double> gap_bp, imbalance_1m;
  std::vector<double> spark;  ///< Up to 60 closes of the last hour by minute.
};

struct ExchangeRow {
  std::string exchange;
  std::optional<std::string> last;  ///< Decimal text.
  std::optional<int64_t> last_ms;
  std::string money_24h;  ///< Decimal text.
  std::optional<double> share_24h;
  int64_t trades_1m = 0;
  std::optional<double> spread_bp, volatility_1h, deviation_bp;
};

/// A large trade.
struct TapeRow {
  std::string key;
  int64_t time_us = 0;
  std::string pair, exchange;
  std::string side;                    ///< `buy`, `sell` or `unknown`.
  std::string price, quantity, money;  ///< Decimal texts.
};

struct Tape {
  std::vector<std::pair<std::string, std::string>> large_from;  ///< Pair -> least money, by pair.
  std::vector<TapeRow> trades;                                  ///< Newest first.
};

struct CorrelationRequest {
  market::Interval interval = market::Interval::kFiveMinutes;
  int64_t bars = 0;   ///< Length of the window.
  std::string quote;  ///< Pairs of this quote currency only.
};

/// A square matrix in the order of `pairs`.
struct Correlation {
  std::vector<std::string> pairs;
  std::vector<std::vector<int64_t>> n;
  std::vector<std::vector<std::optional<double>>> values;
};

struct ConeRow {
  std::string horizon;
  int64_t windows = 0;
  std::optional<double> now, minimum, lower, median, upper, maximum;
};

/// Trades by decade of money; `from` are the page's labels (`<0.00001`, `0.00001`...).
struct SizeCounts {
  std::vector<std::string> from;
  std::vector<int64_t> counts;
};

struct TableStatus {
  std::string table;
  double changes_per_second = 0;
  int64_t received = 0, applied = 0, duplicates = 0, stale = 0, errors = 0, rescued = 0;
  int64_t rows = 0;
  bool rows_exact = false;
  int64_t commits = 0;
  std::string instant;  ///< Empty: no commit yet.
  std::optional<int64_t> commit_age_ms, commit_took_ms, event_to_commit_ms, event_to_market_ms;
  int64_t backlog_records = 0;
  int64_t retries = 0;
  std::string last_failure;  ///< Empty: none.
};

struct PipelineStatus {
  std::vector<TableStatus> tables;
  int64_t bars_held = 0, trades_held = 0, stale_stretches = 0;
};

struct AlarmRow {
  std::string name;
  std::string state;  ///< `OK`, `ALARM`, `INSUFFICIENT_DATA`.
  int64_t since_ms = 0;
  std::string reason, metric;
  std::vector<std::pair<std::string, std::string>> labels;
  double threshold = 0;
  std::string comparison;  ///< `>`
  std::optional<double> latest;
};

struct AlarmChange {
  int64_t at_ms = 0;
  std::string name, from, to, reason;
};

struct AlarmStatus {
  std::vector<AlarmRow> alarms;
  std::vector<AlarmChange> history;  ///< Newest first, bounded by who makes it.
};

struct LakeTable {
  std::string table;
  std::string type;     ///< `MERGE_ON_READ`, `COPY_ON_WRITE`.
  std::string instant;  ///< Empty: no commit yet.
  std::optional<int64_t> rows;
  int64_t bytes = 0, partitions = 0, commits = 0, log_files = 0;
};

struct LakeCommit {
  std::string instant, action, state;
  int64_t at_ms = 0;
  int64_t files = 0, inserts = 0, updates = 0, deletes = 0, bytes = 0;
};

struct LakeFile {
  std::string partition, file_group;
  std::string base_file;  ///< Empty: logs only.
  int64_t base_bytes = 0, log_files = 0, log_bytes = 0;
};

struct NamedType {
  std::string name, type;
};

struct LakeSchema {
  std::string instant;
  std::vector<NamedType> columns;
};

struct SqlRequest {
  std::string sql;
  int64_t rows_max = 0;
  int64_t timeout_micros = 0;
  /// Becomes true when nobody waits for the answer any more. nullptr: somebody always does.
  std::shared_ptr<const std::atomic<bool>> abandoned;
};

struct SqlAnswer {
  std::vector<NamedType> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  ///< Cells as exact text.
  bool truncated = false;                                     ///< There were more than rows_max.
  int64_t took_ms = 0;
};

enum class ExportFormat : uint8_t { kCsv = 1, kParquet = 2 };

/// The running program as the page sees it. All methods may be called from any thread and at the
/// same time; those of the market take microseconds to a few milliseconds (the live stream calls
/// them up to ten times a second), those of lake and SQL may take seconds.
///
/// The live stream keeps all versions but one itself: it compares what it is given with what it was
/// given before. Only bars carry the book's version, so that the work follows what changed.
class DashboardData {
 public:
  virtual ~DashboardData() = default;

  virtual ProgramInfo Program() = 0;

  // Market. An unknown pair or exchange is kNotFound.

  virtual std::vector<PairInfo> Markets() = 0;  ///< By pair.
  /// From memory, and what memory has no more from the table `market_bars`.
  virtual Result<BarList> Bars(const BarsRequest& request) = 0;
  virtual MarketState Market() = 0;
  /// The bars in memory that changed after `version`; one that became stale, or is no more, has
  /// changed. An unknown series has none.
  virtual BarsChange BarsSince(const SeriesName& series, market::Interval interval,
                               uint64_t version) = 0;
  virtual Result<MeasureList> Measures(const SeriesName& series) = 0;
  virtual std::vector<OverviewRow> Overview() = 0;  ///< By pair.
  virtual Result<std::vector<ExchangeRow>> Exchanges(const std::string& pair) = 0;
  /// The newest `trades_max` large trades of `pair`; `*`: of all pairs.
  virtual Tape LargeTrades(const std::string& pair, int64_t trades_max) = 0;
  virtual Result<Correlation> Correlate(const CorrelationRequest& request) = 0;
  virtual Result<std::vector<ConeRow>> Cone(const SeriesName& series) = 0;
  virtual Result<SizeCounts> Sizes(const SeriesName& series, int64_t hours) = 0;

  // Pipeline.

  virtual PipelineStatus Pipeline() = 0;
  virtual AlarmStatus Alarms() = 0;

  // Lake. `table` is a qualified name; an unknown one is kNotFound.

  virtual Result<std::vector<LakeTable>> Tables() = 0;
  virtual Result<std::vector<LakeCommit>> Commits(const std::string& table) = 0;  ///< Newest first.
  virtual Result<std::vector<LakeFile>> Files(const std::string& table) = 0;
  virtual Result<std::vector<LakeSchema>> Schemas(const std::string& table) = 0;  ///< Newest first.

  /// Run one statement that reads. Errors: kInvalid (no such statement, or one that writes,
  /// attaches or loads), kThrottled (too many at once, memory, or longer than timeout_micros),
  /// kUnavailable (abandoned), kShuttingDown.
  virtual Result<SqlAnswer> RunSql(const SqlRequest& request) = 0;
  /// The same, all rows, into `out`; rows_max does not count. Nothing is written before the
  /// statement is known to be good. A Write that fails (the client has gone) ends it.
  virtual Status ExportSql(const SqlRequest& request, ExportFormat format, io::ByteOutput& out) = 0;
  /// End every statement under way, with kShuttingDown, and refuse new ones: the server stops.
  virtual void InterruptSql() = 0;
};

}  // namespace tapelake::serve
