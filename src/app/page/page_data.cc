#include "app/page/page_data.h"

#include <algorithm>
#include <utility>

#include "app/metrics_collector.h"
#include "app/page/page_market.h"
#include "base/time.h"
#include "market/bar_codec.h"
#include "query/snapshot_sql.h"

namespace tapelake::app {
namespace {

constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int64_t kRateSpanMicros = 1'000'000;
// Beyond it changes are history, and their age says nothing about this pipeline.
constexpr int64_t kFreshMicros = 86'400'000'000;
constexpr int64_t kSizeHoursMax = 24 * 31;

market::Series SeriesOf(const serve::SeriesName& name) {
  return {.pair = name.pair, .exchange = name.exchange};
}

/// Bytes of what DuckDB's hex() wrote.
std::string FromHex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  return bytes;
}

std::string TimestampLiteral(int64_t ms) {
  return "make_timestamptz(" + std::to_string(ms * kMicrosPerMilli) + ")";
}

std::optional<int64_t> AgeMillis(int64_t wall_micros, int64_t then_micros) {
  if (then_micros == 0 || wall_micros - then_micros > kFreshMicros) return std::nullopt;
  return std::max<int64_t>(0, wall_micros - then_micros) / kMicrosPerMilli;
}

StatementBounds BoundsOf(const serve::SqlRequest& request) {
  return {.timeout_micros = request.timeout_micros, .abandoned = request.abandoned};
}

}  // namespace

PageData::PageData(Parts parts)
    : parts_(std::move(parts)),
      started_micros_(parts_.clock.WallMicros()),
      catalog_(PageCatalog()),
      lake_(parts_.lake_path),
      sql_(parts_.sql, parts_.hot) {}

serve::ProgramInfo PageData::Program() {
  return {.version = parts_.version,
          .started_ms = started_micros_ / kMicrosPerMilli,
          .market_table = parts_.market_table,
          .measures = catalog_};
}

// ---- market

Result<MarketDesk*> PageData::Desk(const serve::SeriesName& series) const {
  if (parts_.market != nullptr && parts_.market->Knows(SeriesOf(series))) return parts_.market;
  return MakeError(ErrorKind::kNotFound,
                   "there are no trades of '" + series.pair + "' on '" + series.exchange + "'");
}

std::vector<serve::PairInfo> PageData::Markets() {
  std::vector<serve::PairInfo> pairs;
  if (parts_.market == nullptr) return pairs;
  for (const std::string& pair : parts_.market->Pairs()) {
    pairs.push_back({.pair = pair,
                     .base = BaseCurrencyOf(pair),
                     .quote = std::string(market::QuoteCurrencyOf(pair)),
                     .exchanges = parts_.market->ExchangesOf(pair)});
  }
  return pairs;
}

Result<serve::BarList> PageData::Bars(const serve::BarsRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(MarketDesk* const desk, Desk(request.series));
  const DeskBars kept =
      desk->Bars(SeriesOf(request.series), request.interval, request.from_ms * kMicrosPerMilli,
                 request.to_ms * kMicrosPerMilli, static_cast<size_t>(request.bars_max));
  serve::BarList list{.version = kept.version, .bars = {}};
  const int64_t missing = request.bars_max - std::ssize(kept.bars);
  const int64_t as_of = desk->AsOf(parts_.clock.WallMicros());
  const int64_t kept_from_ms =
      (as_of - parts_.book.retention_micros[static_cast<size_t>(request.interval)]) /
      kMicrosPerMilli;
  if (missing > 0 && request.from_ms < kept_from_ms) {
    const int64_t to_ms =
        kept.bars.empty() ? request.to_ms : kept.bars.front().bar.start_micros / kMicrosPerMilli;
    TAPELAKE_ASSIGN_OR_RAISE(list.bars, StoredBars(request, to_ms, missing));
  }
  for (const DeskBar& bar : kept.bars)
    list.bars.push_back(PageBar(bar));
  return list;
}

Result<std::vector<serve::BarRow>> PageData::StoredBars(const serve::BarsRequest& request,
                                                        int64_t to_ms, int64_t bars_max) {
  const std::string database = parts_.market_table.substr(0, parts_.market_table.find('.'));
  const std::string table = database + ".market_bars";
  if (!lake_.Has(table)) return std::vector<serve::BarRow>();  // none was stored yet
  const std::string sql =
      "SELECT hex(_sums) FROM " + table + " WHERE event_date BETWEEN " +
      query::QuoteLiteral(base::FormatDate(request.from_ms * kMicrosPerMilli)) + " AND " +
      query::QuoteLiteral(base::FormatDate(to_ms * kMicrosPerMilli)) +
      " AND pair = " + query::QuoteLiteral(request.series.pair) +
      " AND exchange = " + query::QuoteLiteral(request.series.exchange) +
      " AND \"interval\" = " + query::QuoteLiteral(market::IntervalText(request.interval)) +
      " AND start >= " + TimestampLiteral(request.from_ms) + " AND start < " +
      TimestampLiteral(to_ms) + " ORDER BY start DESC";
  TAPELAKE_ASSIGN_OR_RAISE(const query::TextRows rows,
                           sql_.Run(sql, bars_max, {.timeout_micros = parts_.bars_timeout_micros}));
  std::vector<serve::BarRow> bars;
  for (auto row = rows.rows.rbegin(); row != rows.rows.rend(); ++row) {
    TAPELAKE_ASSIGN_OR_RAISE(const market::Bar bar,
                             market::DecodeBar(FromHex(row->front().value_or(""))));
    bars.push_back(PageBar({.bar = bar}));
  }
  return bars;
}

serve::MarketState PageData::Market() {
  if (parts_.market == nullptr) return {};
  const MarketFacts facts = parts_.market->facts();
  return {.version = facts.version, .newest_change_us = facts.newest_change_micros};
}

serve::BarsChange PageData::BarsSince(const serve::SeriesName& series, market::Interval interval,
                                      uint64_t version) {
  serve::BarsChange change;
  if (parts_.market == nullptr) return change;
  const DeskChanges changes = parts_.market->BarsSince(SeriesOf(series), interval, version);
  change.complete = changes.complete;
  for (const DeskBar& bar : changes.bars)
    change.bars.push_back(PageBar(bar));
  std::sort(change.bars.begin(), change.bars.end(),
            [](const auto& a, const auto& b) { return a.start_ms < b.start_ms; });
  for (const int64_t start : changes.removed_start_micros)
    change.removed_start_ms.push_back(start / kMicrosPerMilli);
  return change;
}

Result<serve::MeasureList> PageData::Measures(const serve::SeriesName& series) {
  TAPELAKE_ASSIGN_OR_RAISE(MarketDesk* const desk, Desk(series));
  return PageMeasures(desk->Measures(SeriesOf(series)));
}

std::vector<serve::OverviewRow> PageData::Overview() {
  std::vector<serve::OverviewRow> rows;
  if (parts_.market == nullptr) return rows;
  for (const MarketLine& line : parts_.market->Overview())
    rows.push_back(PageOverview(line));
  return rows;
}

Result<std::vector<serve::ExchangeRow>> PageData::Exchanges(const std::string& pair) {
  TAPELAKE_ASSIGN_OR_RAISE(MarketDesk* const desk,
                           Desk({.pair = pair, .exchange = market::kAllExchanges}));
  return PageExchanges(desk->Exchanges(pair));
}

serve::Tape PageData::LargeTrades(const std::string& pair, int64_t trades_max) {
  serve::Tape tape;
  if (parts_.market == nullptr) return tape;
  for (const auto& [name, money] : parts_.market->LargeFrom()) {
    tape.large_from.emplace_back(name, PlainNumber(money));
  }
  for (const LargeTrade& trade : parts_.market->TradesOfTape(pair, static_cast<size_t>(trades_max)))
    tape.trades.push_back(PageTrade(trade));
  return tape;
}

Result<serve::Correlation> PageData::Correlate(const serve::CorrelationRequest& request) {
  serve::Correlation matrix;
  if (parts_.market == nullptr) return matrix;
  for (const std::string& pair : parts_.market->Pairs()) {
    if (market::QuoteCurrencyOf(pair) == request.quote) matrix.pairs.push_back(pair);
  }
  const size_t size = matrix.pairs.size();
  matrix.n.assign(size, std::vector<int64_t>(size));
  matrix.values.assign(size, std::vector<std::optional<double>>(size));
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = i; j < size; ++j) {
      const market::Measure measure = parts_.market->Correlation(matrix.pairs[i], matrix.pairs[j],
                                                                 request.interval, request.bars);
      matrix.n[i][j] = matrix.n[j][i] = measure.n;
      matrix.values[i][j] = matrix.values[j][i] = measure.value;
    }
  }
  return matrix;
}

Result<std::vector<serve::ConeRow>> PageData::Cone(const serve::SeriesName& series) {
  TAPELAKE_ASSIGN_OR_RAISE(MarketDesk* const desk, Desk(series));
  return PageCone(desk->Cone(SeriesOf(series)));
}

Result<serve::SizeCounts> PageData::Sizes(const serve::SeriesName& series, int64_t hours) {
  TAPELAKE_ASSIGN_OR_RAISE(MarketDesk* const desk, Desk(series));
  return PageSizes(desk->Sizes(SeriesOf(series), std::min(hours, kSizeHoursMax)));
}

// ---- pipeline

serve::TableStatus PageData::StatusOf(TableLane& lane, int64_t wall_micros) {
  const TableFigures figures = FiguresOf(lane);
  const TableProgress& now = figures.progress;
  serve::TableStatus status{.table = now.table};
  auto [rate, is_new] = rates_.try_emplace(now.table, kRateSpanMicros);
  const auto increase =
      rate->second.Look(parts_.clock.SteadyMicros(), static_cast<double>(now.read_records));
  status.changes_per_second = increase ? increase->per_second() : 0;
  status.received = now.counts.received;
  status.applied = now.counts.applied;
  status.duplicates = now.counts.duplicates;
  status.stale = now.counts.stale;
  status.errors = now.counts.errors;
  status.rescued = now.counts.rescued_values;
  status.rows = now.rows;
  status.rows_exact = now.rows_exact;
  status.commits = now.counts.commits;
  status.instant = now.last_instant;
  status.retries = now.retries;
  status.last_failure = now.last_failure;
  if (!now.last_instant.empty()) {
    status.commit_age_ms = AgeMillis(wall_micros, now.last_commit_wall_micros);
    status.commit_took_ms = now.last_commit_took_micros / kMicrosPerMilli;
    status.event_to_commit_ms = AgeMillis(now.last_commit_wall_micros, now.watermark_micros);
  }
  if (figures.stream) {
    const auto taken = figures.stream->taken.find("ingest");
    const uint64_t next = figures.stream->facts.next_sequence;
    if (taken != figures.stream->taken.end() && taken->second < next) {
      status.backlog_records = static_cast<int64_t>(next - taken->second);
    }
  }
  if (parts_.market != nullptr && now.table == parts_.market_table) {
    status.event_to_market_ms = AgeMillis(wall_micros, parts_.market->facts().newest_change_micros);
  }
  return status;
}

serve::PipelineStatus PageData::Pipeline() {
  serve::PipelineStatus pipeline;
  {
    const std::scoped_lock lock(mutex_);
    const int64_t wall = parts_.clock.WallMicros();
    for (TableLane* lane : parts_.lanes)
      pipeline.tables.push_back(StatusOf(*lane, wall));
  }
  if (parts_.market == nullptr) return pipeline;
  const MarketFacts facts = parts_.market->facts();
  pipeline.bars_held = facts.counts.bars_held;
  pipeline.trades_held = facts.counts.trades_held;
  pipeline.stale_stretches = static_cast<int64_t>(facts.stale_count);
  return pipeline;
}

// ---- lake

Result<std::vector<serve::LakeTable>> PageData::Tables() {
  TAPELAKE_ASSIGN_OR_RAISE(std::vector<serve::LakeTable> tables, lake_.Tables());
  for (serve::LakeTable& table : tables) {
    for (TableLane* lane : parts_.lanes) {
      if (lane->table_name() == table.table) table.rows = lane->progress().rows;
    }
  }
  return tables;
}

Result<std::vector<serve::LakeCommit>> PageData::Commits(const std::string& table) {
  return lake_.Commits(table);
}
Result<std::vector<serve::LakeFile>> PageData::Files(const std::string& table) {
  return lake_.Files(table);
}
Result<std::vector<serve::LakeSchema>> PageData::Schemas(const std::string& table) {
  return lake_.Schemas(table);
}

Result<serve::SqlAnswer> PageData::RunSql(const serve::SqlRequest& request) {
  const int64_t begin = parts_.clock.SteadyMicros();
  TAPELAKE_ASSIGN_OR_RAISE(query::TextRows rows,
                           sql_.Run(request.sql, request.rows_max, BoundsOf(request)));
  serve::SqlAnswer answer;
  for (const query::TextRows::Column& column : rows.columns)
    answer.columns.push_back({.name = column.name, .type = column.type});
  answer.rows = std::move(rows.rows);
  answer.truncated = rows.truncated;
  answer.took_ms = (parts_.clock.SteadyMicros() - begin) / kMicrosPerMilli;
  return answer;
}

Status PageData::ExportSql(const serve::SqlRequest& request, serve::ExportFormat format,
                           io::ByteOutput& out) {
  return format == serve::ExportFormat::kCsv
             ? sql_.ExportCsv(request.sql, BoundsOf(request), out)
             : sql_.ExportParquet(request.sql, BoundsOf(request), out);
}

void PageData::InterruptSql() {
  sql_.Stop();
}

}  // namespace tapelake::app
