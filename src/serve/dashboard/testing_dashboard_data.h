#pragma once

/// A program for tests of the dashboard: what it says is what the test puts there.

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "serve/dashboard/dashboard_data.h"

namespace tapelake::serve::testing {

/// Any thread, as the interface demands; tests change the members under `mutex`.
class FakeDashboardData : public DashboardData {
 public:
  struct VersionedBar {
    BarRow bar;
    uint64_t version = 0;
  };

  std::mutex mutex;
  uint64_t version = 0;
  int64_t newest_change_us = 0;
  std::map<SeriesName, std::vector<VersionedBar>> bars;
  std::map<int64_t, uint64_t> removed;  ///< Start -> version, of all series.
  uint64_t forgotten = 0;               ///< Removals up to this version are not known.
  std::map<SeriesName, MeasureList> measures;
  std::vector<OverviewRow> overview;
  std::map<std::string, std::vector<ExchangeRow>> exchanges;
  std::vector<TapeRow> tape;
  PipelineStatus pipeline;
  AlarmStatus alarms;
  int bars_since_calls = 0;
  bool sql_waits = false;  ///< RunSql() waits until InterruptSql().
  bool interrupted = false;
  std::condition_variable changed;
  BarsRequest last_bars_request;
  SqlRequest last_sql;

  /// A bar of `series` that closes at `close`, changed now.
  void PutBar(const SeriesName& series, int64_t start_ms, int64_t close) {
    const std::lock_guard lock(mutex);
    BarRow bar = {.start_ms = start_ms,
                  .quantity = "1",
                  .money = "2",
                  .trades = 1,
                  .buy_quantity = "1",
                  .sell_quantity = "0"};
    bar.open = bar.high = bar.low = bar.close = base::Int128{close} * 1'000'000'000'000'000'000;
    std::vector<VersionedBar>& list = bars[series];
    std::erase_if(list, [&](const VersionedBar& held) { return held.bar.start_ms == start_ms; });
    list.push_back({.bar = bar, .version = ++version});
    newest_change_us = start_ms * 1'000 + static_cast<int64_t>(version);
  }
  void RemoveBar(const SeriesName& series, int64_t start_ms) {
    const std::lock_guard lock(mutex);
    std::erase_if(bars[series],
                  [&](const VersionedBar& held) { return held.bar.start_ms == start_ms; });
    removed[start_ms] = ++version;
  }
  void PutTape(std::vector<TapeRow> rows) {
    const std::lock_guard lock(mutex);
    tape = std::move(rows);
    ++version;
  }

  ProgramInfo Program() override {
    return {.version = "0.1.0",
            .started_ms = 1,
            .market_table = "crypto.transactions",
            .measures = {{"parkinson_1h", "Parkinson", "annualised", "60 x 1m", "volatility",
                          "Parkinson 1980, J. Business 53:61", ""}}};
  }
  std::vector<PairInfo> Markets() override {
    return {{.pair = "BTC/USD", .base = "BTC", .quote = "USD", .exchanges = {"binance", "kraken"}},
            {.pair = "\"</script>", .exchanges = {"a\\b"}}};
  }
  Result<BarList> Bars(const BarsRequest& request) override {
    const std::lock_guard lock(mutex);
    last_bars_request = request;
    if (!bars.contains(request.series)) {
      return MakeError(ErrorKind::kNotFound, "there is no pair '" + request.series.pair + "'");
    }
    BarList list = {.version = version};
    for (const VersionedBar& held : bars[request.series])
      list.bars.push_back(held.bar);
    return list;
  }
  MarketState Market() override {
    const std::lock_guard lock(mutex);
    return {.version = version, .newest_change_us = newest_change_us};
  }
  BarsChange BarsSince(const SeriesName& series, market::Interval, uint64_t since) override {
    const std::lock_guard lock(mutex);
    ++bars_since_calls;
    BarsChange change = {.complete = since != 0 && since >= forgotten};
    for (const VersionedBar& held : bars[series]) {
      if (!change.complete || held.version > since) change.bars.push_back(held.bar);
    }
    if (!change.complete) return change;
    for (const auto& [start_ms, at] : removed) {
      if (at > since) change.removed_start_ms.push_back(start_ms);
    }
    return change;
  }
  Result<MeasureList> Measures(const SeriesName& series) override {
    const std::lock_guard lock(mutex);
    const auto found = measures.find(series);
    if (found == measures.end()) return MakeError(ErrorKind::kNotFound, "no such series");
    return found->second;
  }
  std::vector<OverviewRow> Overview() override {
    const std::lock_guard lock(mutex);
    return overview;
  }
  Result<std::vector<ExchangeRow>> Exchanges(const std::string& pair) override {
    const std::lock_guard lock(mutex);
    const auto found = exchanges.find(pair);
    if (found == exchanges.end()) return MakeError(ErrorKind::kNotFound, "no such pair");
    return found->second;
  }
  Tape LargeTrades(const std::string&, int64_t) override {
    const std::lock_guard lock(mutex);
    return {.large_from = {{"BTC/USD", "100000"}}, .trades = tape};
  }
  Result<Correlation> Correlate(const CorrelationRequest&) override {
    return Correlation{.pairs = {"A/USD", "B/USD"},
                       .n = {{9, 9}, {9, 9}},
                       .values = {{1.0, std::nullopt}, {std::nullopt, 1.0}}};
  }
  Result<std::vector<ConeRow>> Cone(const SeriesName&) override {
    return std::vector<ConeRow>{{.horizon = "1h", .windows = 24, .now = 0.25}};
  }
  Result<SizeCounts> Sizes(const SeriesName&, int64_t hours) override {
    return SizeCounts{.from = {"<0.1", "0.1"}, .counts = {1, hours}};
  }
  PipelineStatus Pipeline() override {
    const std::lock_guard lock(mutex);
    return pipeline;
  }
  AlarmStatus Alarms() override {
    const std::lock_guard lock(mutex);
    return alarms;
  }
  Result<std::vector<LakeTable>> Tables() override {
    return std::vector<LakeTable>{{.table = "crypto.transactions", .type = "MERGE_ON_READ"}};
  }
  Result<std::vector<LakeCommit>> Commits(const std::string& table) override {
    if (table != "crypto.transactions") return NoTable(table);
    return std::vector<LakeCommit>{{.instant = "1", .action = "deltacommit", .at_ms = 5}};
  }
  Result<std::vector<LakeFile>> Files(const std::string& table) override {
    if (table != "crypto.transactions") return NoTable(table);
    return std::vector<LakeFile>{{.partition = "event_date=2026-11-26"}};
  }
  Result<std::vector<LakeSchema>> Schemas(const std::string& table) override {
    if (table != "crypto.transactions") return NoTable(table);
    return std::vector<LakeSchema>{{.instant = "1", .columns = {{"price", "decimal(38,18)"}}}};
  }
  Result<SqlAnswer> RunSql(const SqlRequest& request) override {
    std::unique_lock lock(mutex);
    last_sql = request;
    changed.notify_all();
    if (sql_waits) changed.wait(lock, [this] { return interrupted; });
    if (interrupted) return MakeError(ErrorKind::kShuttingDown, "the program ends");
    if (request.sql == "bad") return MakeError(ErrorKind::kInvalid, "syntax error at \"bad\"");
    return SqlAnswer{.columns = {{"n", "BIGINT"}}, .rows = {{"12"}, {std::nullopt}}, .took_ms = 3};
  }
  Status ExportSql(const SqlRequest& request, ExportFormat format, io::ByteOutput& out) override {
    if (request.sql == "bad") return MakeError(ErrorKind::kInvalid, "syntax error at \"bad\"");
    return out.Write(format == ExportFormat::kCsv ? "n\n12\n" : "PAR1");
  }
  void InterruptSql() override {
    const std::lock_guard lock(mutex);
    interrupted = true;
    changed.notify_all();
  }

 private:
  static Status NoTable(const std::string& table) {
    return MakeError(ErrorKind::kNotFound, "there is no table '" + table + "'");
  }
};

}  // namespace tapelake::serve::testing
