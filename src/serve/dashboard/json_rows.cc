#include "serve/dashboard/json_rows.h"

#include <optional>
#include <string_view>

#include "market/trade.h"

namespace tapelake::serve {
namespace {

using base::JsonWriter;

void Text(JsonWriter* json, std::string_view key, std::string_view value) {
  json->Key(key).String(value);
}

void Number(JsonWriter* json, std::string_view key, int64_t value) {
  json->Key(key).Int(value);
}

void Optional(JsonWriter* json, const std::optional<double>& value) {
  value ? json->Double(*value) : json->Null();
}

void Optional(JsonWriter* json, const std::optional<int64_t>& value) {
  value ? json->Int(*value) : json->Null();
}

void Optional(JsonWriter* json, const std::optional<std::string>& value) {
  value ? json->String(*value) : json->Null();
}

template <typename T>
void Optional(JsonWriter* json, std::string_view key, const std::optional<T>& value) {
  json->Key(key);
  Optional(json, value);
}

void TextOrNull(JsonWriter* json, std::string_view value) {
  value.empty() ? json->Null() : json->String(value);
}

/// `{"<key>":[...]}`
template <typename Row, typename Write>
void WriteList(std::string_view key, const std::vector<Row>& rows, JsonWriter* json, Write write) {
  json->BeginObject().Key(key).BeginArray();
  for (const Row& row : rows)
    write(row);
  json->EndArray().EndObject();
}

/// A decimal as short as it is exact.
std::string PriceText(base::Int128 price) {
  std::string text = base::FormatDecimal(price, market::kAmountScale);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

void WriteTypes(const std::vector<NamedType>& columns, JsonWriter* json) {
  json->BeginArray();
  for (const NamedType& column : columns) {
    json->BeginObject();
    Text(json, "name", column.name);
    Text(json, "type", column.type);
    json->EndObject();
  }
  json->EndArray();
}

void WriteTableStatus(const TableStatus& table, JsonWriter* json) {
  json->BeginObject();
  Text(json, "table", table.table);
  json->Key("changes_per_second").Double(table.changes_per_second);
  Number(json, "received", table.received);
  Number(json, "applied", table.applied);
  Number(json, "duplicates", table.duplicates);
  Number(json, "stale", table.stale);
  Number(json, "errors", table.errors);
  Number(json, "rescued", table.rescued);
  Number(json, "rows", table.rows);
  json->Key("rows_exact").Bool(table.rows_exact);
  Number(json, "commits", table.commits);
  Text(json, "instant", table.instant);
  Optional(json, "commit_age_ms", table.commit_age_ms);
  Optional(json, "commit_took_ms", table.commit_took_ms);
  Optional(json, "event_to_commit_ms", table.event_to_commit_ms);
  Optional(json, "event_to_market_ms", table.event_to_market_ms);
  Number(json, "backlog_records", table.backlog_records);
  Number(json, "retries", table.retries);
  Text(json, "last_failure", table.last_failure);
  json->EndObject();
}

void WriteAlarm(const AlarmRow& alarm, JsonWriter* json) {
  json->BeginObject();
  Text(json, "name", alarm.name);
  Text(json, "state", alarm.state);
  Number(json, "since_ms", alarm.since_ms);
  Text(json, "reason", alarm.reason);
  Text(json, "metric", alarm.metric);
  json->Key("labels").BeginObject();
  for (const auto& [name, value] : alarm.labels)
    Text(json, name, value);
  json->EndObject();
  json->Key("threshold").Double(alarm.threshold);
  Text(json, "comparison", alarm.comparison);
  Optional(json, "latest", alarm.latest);
  json->EndObject();
}

}  // namespace

void WriteBar(const BarRow& bar, JsonWriter* json) {
  json->BeginArray().Int(bar.start_ms);
  for (const base::Int128 price : {bar.open, bar.high, bar.low, bar.close})
    bar.trades > 0 ? json->String(PriceText(price)) : json->Null();
  json->String(bar.quantity).String(bar.money);
  Optional(json, bar.vwap);
  Optional(json, bar.deviation);
  json->Int(bar.trades).String(bar.buy_quantity).String(bar.sell_quantity);
  json->Int(bar.pending).Int(bar.failed).Int(bar.other).Int(bar.stale ? 1 : 0).EndArray();
}

void WriteBars(const std::vector<BarRow>& bars, JsonWriter* json) {
  json->BeginArray();
  for (const BarRow& bar : bars)
    WriteBar(bar, json);
  json->EndArray();
}

void WriteMeasures(const SeriesName& series, const MeasureList& measures, JsonWriter* json) {
  json->BeginObject();
  Text(json, "pair", series.pair);
  Text(json, "exchange", series.exchange);
  Number(json, "as_of_ms", measures.as_of_ms);
  json->Key("values").BeginArray();
  for (const MeasureRow& measure : measures.values) {
    json->BeginArray().String(measure.name);
    Optional(json, measure.value);
    TextOrNull(json, measure.reason);
    TextOrNull(json, measure.note);
    json->Int(measure.n);
    Optional(json, measure.detail);
    json->EndArray();
  }
  json->EndArray().EndObject();
}

void WriteOverviewRow(const OverviewRow& row, JsonWriter* json) {
  json->BeginObject();
  Text(json, "pair", row.pair);
  Text(json, "quote", row.quote);
  Number(json, "exchanges", row.exchanges);
  Optional(json, "last", row.last);
  Optional(json, "last_ms", row.last_ms);
  Optional(json, "change_24h", row.change_24h);
  Text(json, "money_24h", row.money_24h);
  Text(json, "quantity_24h", row.quantity_24h);
  Number(json, "trades_24h", row.trades_24h);
  Optional(json, "volatility_1h", row.volatility_1h);
  Number(json, "volatility_n", row.volatility_n);
  Optional(json, "spread_bp", row.spread_bp);
  Number(json, "spread_n", row.spread_n);
  Optional(json, "gap_bp", row.gap_bp);
  Optional(json, "imbalance_1m", row.imbalance_1m);
  json->Key("spark").BeginArray();
  for (const double close : row.spark)
    json->Double(close);
  json->EndArray().EndObject();
}

void WriteExchanges(const std::vector<ExchangeRow>& rows, int64_t now_ms, JsonWriter* json) {
  json->BeginArray();
  for (const ExchangeRow& row : rows) {
    std::optional<int64_t> age_ms;
    if (row.last_ms) age_ms = now_ms - *row.last_ms;
    json->BeginObject();
    Text(json, "exchange", row.exchange);
    Optional(json, "last", row.last);
    Optional(json, "last_ms", row.last_ms);
    Optional(json, "age_ms", age_ms);
    Text(json, "money_24h", row.money_24h);
    Optional(json, "share_24h", row.share_24h);
    Number(json, "trades_1m", row.trades_1m);
    Optional(json, "spread_bp", row.spread_bp);
    Optional(json, "volatility_1h", row.volatility_1h);
    Optional(json, "deviation_bp", row.deviation_bp);
    json->EndObject();
  }
  json->EndArray();
}

void WriteTapeRow(const TapeRow& trade, JsonWriter* json) {
  json->BeginArray().Int(trade.time_us).String(trade.pair).String(trade.exchange);
  json->String(trade.side).String(trade.price).String(trade.quantity).String(trade.money);
  json->String(trade.key).EndArray();
}

void WriteLargeFrom(const Tape& tape, JsonWriter* json) {
  json->BeginObject();
  for (const auto& [pair, money] : tape.large_from)
    Text(json, pair, money);
  json->EndObject();
}

void WriteCorrelation(const Correlation& correlation, JsonWriter* json) {
  json->BeginObject().Key("pairs").BeginArray();
  for (const std::string& pair : correlation.pairs)
    json->String(pair);
  json->EndArray().Key("n").BeginArray();
  for (const auto& row : correlation.n) {
    json->BeginArray();
    for (const int64_t n : row)
      json->Int(n);
    json->EndArray();
  }
  json->EndArray().Key("values").BeginArray();
  for (const auto& row : correlation.values) {
    json->BeginArray();
    for (const auto& value : row)
      Optional(json, value);
    json->EndArray();
  }
  json->EndArray().EndObject();
}

void WriteCone(const std::vector<ConeRow>& points, JsonWriter* json) {
  WriteList("points", points, json, [json](const ConeRow& point) {
    json->BeginObject();
    Text(json, "horizon", point.horizon);
    Number(json, "windows", point.windows);
    Optional(json, "now", point.now);
    Optional(json, "min", point.minimum);
    Optional(json, "lower", point.lower);
    Optional(json, "median", point.median);
    Optional(json, "upper", point.upper);
    Optional(json, "max", point.maximum);
    json->EndObject();
  });
}

void WriteSizes(const SizeCounts& sizes, JsonWriter* json) {
  json->BeginObject().Key("from").BeginArray();
  for (const std::string& from : sizes.from)
    json->String(from);
  json->EndArray().Key("counts").BeginArray();
  for (const int64_t count : sizes.counts)
    json->Int(count);
  json->EndArray().EndObject();
}

void WriteProgram(const ProgramInfo& program, int64_t now_ms, JsonWriter* json) {
  json->BeginObject();
  Text(json, "version", program.version);
  Number(json, "now_ms", now_ms);
  Number(json, "started_ms", program.started_ms);
  // Who needs to log in does not get this far.
  json->Key("login_needed").Bool(false);
  Text(json, "table", program.market_table);
  json->Key("intervals").BeginArray();
  for (const market::Interval interval : market::kAllIntervals)
    json->String(market::IntervalText(interval));
  json->EndArray().Key("measures").BeginArray();
  for (const MeasureInfo& measure : program.measures) {
    json->BeginObject();
    Text(json, "name", measure.name);
    Text(json, "label", measure.label);
    Text(json, "unit", measure.unit);
    Text(json, "window", measure.window);
    Text(json, "group", measure.group);
    Text(json, "formula", measure.formula);
    Text(json, "detail", measure.detail);
    json->EndObject();
  }
  json->EndArray().EndObject();
}

void WriteMarkets(const std::vector<PairInfo>& pairs, JsonWriter* json) {
  WriteList("pairs", pairs, json, [json](const PairInfo& pair) {
    json->BeginObject();
    Text(json, "pair", pair.pair);
    Text(json, "base", pair.base);
    Text(json, "quote", pair.quote);
    json->Key("exchanges").BeginArray();
    for (const std::string& exchange : pair.exchanges)
      json->String(exchange);
    json->EndArray().EndObject();
  });
}

void WritePipeline(const PipelineStatus& status, const PipelineFrame& frame, JsonWriter* json) {
  json->BeginObject();
  Number(json, "now_ms", frame.now_ms);
  json->Key("tables").BeginArray();
  for (const TableStatus& table : status.tables)
    WriteTableStatus(table, json);
  json->EndArray().Key("market").BeginObject();
  Number(json, "bars", status.bars_held);
  Number(json, "trades_held", status.trades_held);
  Number(json, "stale", status.stale_stretches);
  Number(json, "version", static_cast<int64_t>(frame.market_version));
  json->EndObject();
  Number(json, "clients", frame.clients);
  json->EndObject();
}

void WriteAlarms(const AlarmStatus& status, JsonWriter* json) {
  json->BeginObject().Key("alarms").BeginArray();
  for (const AlarmRow& alarm : status.alarms)
    WriteAlarm(alarm, json);
  json->EndArray().Key("history").BeginArray();
  for (const AlarmChange& change : status.history) {
    json->BeginObject();
    Number(json, "at_ms", change.at_ms);
    Text(json, "name", change.name);
    Text(json, "from", change.from);
    Text(json, "to", change.to);
    Text(json, "reason", change.reason);
    json->EndObject();
  }
  json->EndArray().EndObject();
}

void WriteTables(const std::vector<LakeTable>& tables, JsonWriter* json) {
  WriteList("tables", tables, json, [json](const LakeTable& table) {
    json->BeginObject();
    Text(json, "table", table.table);
    Text(json, "type", table.type);
    Text(json, "instant", table.instant);
    Optional(json, "rows", table.rows);
    Number(json, "bytes", table.bytes);
    Number(json, "partitions", table.partitions);
    Number(json, "commits", table.commits);
    Number(json, "log_files", table.log_files);
    json->EndObject();
  });
}

void WriteCommits(const std::vector<LakeCommit>& commits, JsonWriter* json) {
  WriteList("commits", commits, json, [json](const LakeCommit& commit) {
    json->BeginObject();
    Text(json, "instant", commit.instant);
    Text(json, "action", commit.action);
    Text(json, "state", commit.state);
    Number(json, "at_ms", commit.at_ms);
    Number(json, "files", commit.files);
    Number(json, "inserts", commit.inserts);
    Number(json, "updates", commit.updates);
    Number(json, "deletes", commit.deletes);
    Number(json, "bytes", commit.bytes);
    json->EndObject();
  });
}

void WriteFiles(const std::vector<LakeFile>& files, JsonWriter* json) {
  WriteList("files", files, json, [json](const LakeFile& file) {
    json->BeginObject();
    Text(json, "partition", file.partition);
    Text(json, "file_group", file.file_group);
    Text(json, "base_file", file.base_file);
    Number(json, "base_bytes", file.base_bytes);
    Number(json, "log_files", file.log_files);
    Number(json, "log_bytes", file.log_bytes);
    json->EndObject();
  });
}

void WriteSchemas(const std::vector<LakeSchema>& schemas, JsonWriter* json) {
  WriteList("schemas", schemas, json, [json](const LakeSchema& schema) {
    json->BeginObject();
    Text(json, "instant", schema.instant);
    json->Key("columns");
    WriteTypes(schema.columns, json);
    json->EndObject();
  });
}

void WriteSqlAnswer(const SqlAnswer& answer, JsonWriter* json) {
  json->BeginObject().Key("columns");
  WriteTypes(answer.columns, json);
  json->Key("rows").BeginArray();
  for (const auto& row : answer.rows) {
    json->BeginArray();
    for (const auto& cell : row)
      Optional(json, cell);
    json->EndArray();
  }
  json->EndArray();
  json->Key("truncated").Bool(answer.truncated);
  Number(json, "took_ms", answer.took_ms);
  json->EndObject();
}

}  // namespace tapelake::serve
