#include "app/market/trade_lake.h"

#include <algorithm>

#include "base/time.h"
#include "query/snapshot_sql.h"
#include "query/visit_rows.h"

namespace tapelake::app {
namespace {

using query::QuoteIdentifier;
using query::QuoteLiteral;

constexpr int kThreads = 1;
// Ends of the calendar that event times and days can have.
constexpr int64_t kTimeMin = -62'135'596'800'000'000;
constexpr int64_t kTimeMax = 253'402'300'799'999'999;

std::string TimeLiteral(int64_t micros) {
  const int64_t clamped = std::clamp(micros, kTimeMin, kTimeMax);
  return "make_timestamptz(" + std::to_string(clamped) + ")";
}

std::string DayLiteral(int64_t micros) {
  return QuoteLiteral(base::FormatDate(std::clamp(micros, kTimeMin, kTimeMax)));
}

/// The conditions of a range: on days, which leaves out whole files, and on the time itself.
std::string InRange(const std::string& time_column, const TimeRange& range) {
  return "event_date >= " + DayLiteral(range.from_micros) +
         " AND event_date <= " + DayLiteral(range.to_micros - 1) + " AND " + time_column +
         " >= " + TimeLiteral(range.from_micros) + " AND " + time_column + " < " +
         TimeLiteral(range.to_micros);
}

bool IsMissing(const Status& status) {
  return KindOf(status) == ErrorKind::kNotFound;
}

std::string SelectTrades(const record::TableDefinition& table) {
  const bool has_fee = std::any_of(table.columns.begin(), table.columns.end(),
                                   [](const auto& column) { return column.name == "trade_fee"; });
  const std::string time = QuoteIdentifier(table.time_column);
  return "SELECT coalesce(" + QuoteIdentifier(table.key_column) +
         ", ''), coalesce(trading_pair, ''), coalesce(exchange, ''), epoch_us(" + time +
         "), coalesce(trade_status, ''), coalesce(order_type, ''), "
         "TRY_CAST(price AS DECIMAL(38,18)), TRY_CAST(quantity AS DECIMAL(38,18)), " +
         (has_fee ? "TRY_CAST(trade_fee AS DECIMAL(38,18))" : "0::DECIMAL(38,18)");
}

void ReadTrade(const query::RowView& row, market::Trade* trade) {
  trade->key = row.Text(0);
  trade->pair = row.Text(1);
  trade->exchange = row.Text(2);
  trade->time_micros = row.Integer(3);
  trade->status = market::TradeStatusOf(row.Text(4));
  trade->side = market::TradeSideOf(row.Text(5));
  trade->has_amounts = !row.IsNull(6) && !row.IsNull(7);
  trade->price = trade->has_amounts ? row.Decimal(6) : 0;
  trade->quantity = trade->has_amounts ? row.Decimal(7) : 0;
  trade->fee = row.IsNull(8) ? 0 : row.Decimal(8);
}

}  // namespace

SqlTradeLake::SqlTradeLake(query::SnapshotProvider& provider, io::FileSystem& files,
                           const record::TableDefinition& table, const Options& options)
    : provider_(provider),
      files_(files),
      options_(options),
      hot_(options.trades_path, options.hot),
      select_(SelectTrades(table)),
      key_column_(QuoteIdentifier(table.key_column)),
      time_column_(QuoteIdentifier(table.time_column)) {}

Result<query::Session*> SqlTradeLake::OpenSession() {
  if (session_ == nullptr) {
    TAPELAKE_ASSIGN_OR_RAISE(session_,
                             query::Session::Open(provider_, files_,
                                                  {.lake_path = "",
                                                   .thread_count = kThreads,
                                                   .memory_bytes_max = options_.memory_bytes_max,
                                                   .hot = &hot_}));
  }
  return session_.get();
}

Status SqlTradeLake::VisitTrades(const std::string& where, const VisitTrade& visit) {
  TAPELAKE_ASSIGN_OR_RAISE(query::Session * session, OpenSession());
  market::Trade trade;
  const Status status = query::VisitRows(
      *session, select_ + " FROM hudi(" + QuoteLiteral(options_.trades_path) + ") WHERE " + where,
      [&](const query::RowView& row) {
        ReadTrade(row, &trade);
        return visit(trade);
      });
  return IsMissing(status) ? Status::OK() : status;
}

Status SqlTradeLake::VisitStretches(std::span<const market::StaleStretch> stretches,
                                    const VisitTrade& visit) {
  if (stretches.empty()) return Status::OK();
  const int64_t length = market::IntervalMicros(stretches.front().interval);
  TimeRange range{stretches.front().start_micros, stretches.front().start_micros + length};
  std::string wanted;
  for (const market::StaleStretch& stretch : stretches) {
    range.from_micros = std::min(range.from_micros, stretch.start_micros);
    range.to_micros = std::max(range.to_micros, stretch.start_micros + length);
    wanted += (wanted.empty() ? "(" : ", (") + QuoteLiteral(stretch.pair) + ", " +
              QuoteLiteral(stretch.exchange) + ", " + std::to_string(stretch.start_micros) + ")";
  }
  // Twice modulo, because % keeps the sign of moments before 1970.
  const std::string text = std::to_string(length);
  const std::string micros = "epoch_us(" + time_column_ + ")";
  const std::string start =
      micros + " - ((" + micros + " % " + text + ") + " + text + ") % " + text;
  return VisitTrades(InRange(time_column_, range) +
                         " AND (coalesce(trading_pair, ''), coalesce(exchange, ''), " + start +
                         ") IN (VALUES " + wanted + ") ORDER BY 2, 3",
                     visit);
}

Status SqlTradeLake::VisitKeys(std::span<const std::string> keys, int64_t from_micros,
                               const VisitTrade& visit) {
  if (keys.empty()) return Status::OK();
  std::string wanted;
  for (const std::string& key : keys)
    wanted += (wanted.empty() ? "" : ", ") + QuoteLiteral(key);
  return VisitTrades("event_date >= " + DayLiteral(from_micros) + " AND " + time_column_ + " >= " +
                         TimeLiteral(from_micros) + " AND " + key_column_ + " IN (" + wanted + ")",
                     visit);
}

Status SqlTradeLake::VisitRange(const TimeRange& range, const VisitTrade& visit) {
  return VisitTrades(InRange(time_column_, range) + " ORDER BY 2, 3", visit);
}

Result<std::optional<int64_t>> SqlTradeLake::Newest(const std::string& path,
                                                    const std::string& column,
                                                    int64_t before_micros) {
  TAPELAKE_ASSIGN_OR_RAISE(query::Session * session, OpenSession());
  std::optional<int64_t> newest;
  const std::string from = " FROM hudi(" + QuoteLiteral(path) + ") WHERE " + column + " < " +
                           TimeLiteral(before_micros) +
                           " AND event_date <= " + DayLiteral(before_micros - 1);
  const auto keep = [&newest](const query::RowView& row) {
    if (!row.IsNull(0)) newest = row.Integer(0);
    return Status::OK();
  };
  // The newest day first: the time column of a whole table may be a lot to read.
  std::string day;
  const Status found =
      query::VisitRows(*session, "SELECT max(event_date)" + from, [&day](const auto& row) {
        if (!row.IsNull(0)) day = row.Text(0);
        return Status::OK();
      });
  if (IsMissing(found)) return newest;
  TAPELAKE_RETURN_NOT_OK(found);
  if (day.empty()) return newest;
  TAPELAKE_RETURN_NOT_OK(query::VisitRows(
      *session,
      "SELECT epoch_us(max(" + column + "))" + from + " AND event_date = " + QuoteLiteral(day),
      keep));
  return newest;
}

Result<std::optional<int64_t>> SqlTradeLake::NewestBefore(int64_t before_micros) {
  return Newest(options_.trades_path, time_column_, before_micros);
}

Result<std::optional<int64_t>> SqlTradeLake::NewestBarBefore(int64_t before_micros) {
  return Newest(options_.bars_path, "\"start\"", before_micros);
}

Status SqlTradeLake::VisitBars(market::Interval interval, const TimeRange& range,
                               const VisitBar& visit) {
  TAPELAKE_ASSIGN_OR_RAISE(query::Session * session, OpenSession());
  market::Series series;
  const Status status = query::VisitRows(
      *session,
      "SELECT pair, exchange, _sums FROM hudi(" + QuoteLiteral(options_.bars_path) +
          ") WHERE \"interval\" = " + QuoteLiteral(std::string(market::IntervalText(interval))) +
          " AND exchange <> '" + market::kAllExchanges + "' AND " + InRange("\"start\"", range) +
          " ORDER BY \"start\"",
      [&](const query::RowView& row) {
        series.pair = row.Text(0);
        series.exchange = row.Text(1);
        return visit(series, row.Text(2));
      });
  return IsMissing(status) ? Status::OK() : status;
}

}  // namespace tapelake::app
