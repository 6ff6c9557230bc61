#include "config/config.h"

namespace tapelake::config {
namespace {

constexpr int64_t kMebibyte = 1 << 20;
constexpr int64_t kGibibyte = 1 << 30;
constexpr int64_t kThreadsMax = 256;

}  // namespace

void LakeConfig::Describe(Visitor& visitor, LakeConfig& self) {
  visitor.Field(
      {.key = "path",
       .sentence = "Directory of the lake; a table lies in `<path>/<database>/<name>`, "
                   "error objects in `<path>/errors`. Relative to the working directory."},
      &self.path);
}

void CommitConfig::Describe(Visitor& visitor, CommitConfig& self) {
  visitor.Field({.key = "interval",
                 .sentence = "Aimed time between two commits of live work. A commit rewrites whole "
                             "file groups, hence 5s; when commits take long the pace slows down so "
                             "that at most half of the time goes into them.",
                 .min = 100 * kMicrosPerMilli,
                 .max = kMicrosPerHour,
                 .reloadable = true},
                &self.interval);
  visitor.Field({.key = "changes_max",
                 .sentence = "Commit earlier once this many changes wait.",
                 .unit = "changes",
                 .min = 1,
                 .max = 100'000'000,
                 .reloadable = true},
                &self.changes_max);
  visitor.Field(
      {.key = "bytes_max",
       .sentence = "Commit earlier once the waiting changes hold this much memory; bounds "
                   "the memory of `ingest --once`.",
       .min = kMebibyte,
       .max = 64 * kGibibyte,
       .reloadable = true},
      &self.bytes_max);
}

void IngestConfig::Describe(Visitor& visitor, IngestConfig& self) {
  visitor.Field({.key = "horizon",
                 .sentence = "How far back in event time the order of changes is kept in memory; "
                             "older changes are compared with the stored row, which is slower.",
                 .min = kMicrosPerSecond,
                 .max = 7 * kMicrosPerDay},
                &self.horizon);
  visitor.Field({.key = "index_bytes_max",
                 .sentence = "Memory for that order (the recent-change index), per table.",
                 .min = kMebibyte,
                 .max = 64 * kGibibyte},
                &self.index_bytes_max);
  visitor.Field({.key = "threads",
                 .sentence = "File groups written at the same time in one commit.",
                 .unit = "threads",
                 .min = 1,
                 .max = kThreadsMax},
                &self.threads);
}

void QueryConfig::Describe(Visitor& visitor, QueryConfig& self) {
  visitor.Field({.key = "threads",
                 .sentence = "Threads of one SQL query.",
                 .unit = "threads",
                 .min = 1,
                 .max = kThreadsMax},
                &self.threads);
}

void SimulatorConfig::Describe(Visitor& visitor, SimulatorConfig& self) {
  visitor.Field({.key = "seed",
                 .sentence = "The same seed gives the same market and the same changes.",
                 .min = 0},
                &self.seed);
  visitor.Field({.key = "changes_per_second",
                 .sentence = "Average pace of the live simulator.",
                 .unit = "changes/s",
                 .min = 1,
                 .max = 1'000'000},
                &self.changes_per_second);
}

void ColumnConfig::Describe(Visitor& visitor, ColumnConfig& self) {
  visitor.Place(&self.place);
  visitor.Field({.key = "name",
                 .sentence = "Name of the column: letters, digits and `_`, not a digit first.",
                 .required = true},
                &self.name);
  visitor.Field({.key = "attribute",
                 .sentence = "Attribute of the item that fills it; dots step into maps "
                             "(`meta.risk`). Default: the column's name."},
                &self.attribute);
  visitor.Field({.key = "type",
                 .sentence = "One of `string`, `decimal(P,S)`, `bigint`, `double`, `boolean`, "
                             "`binary`, `timestamp` (ISO-8601 text), `timestamp(s)`, "
                             "`timestamp(ms)`, `timestamp(us)` (epoch numbers), `date`, `json`."},
                &self.type);
}

void SourceConfig::Describe(Visitor& visitor, SourceConfig& self) {
  visitor.Place(&self.place);
  visitor.Field({.key = "kind",
                 .sentence = "Where `up` takes the table's changes from.",
                 .choices = {"simulator", "files", "none"}},
                &self.kind);
  visitor.Field(
      {.key = "paths",
       .sentence = "Files or directories of kind `files`: change records (NDJSON) or trade "
                   "dumps (CSV), plain, .gz, .zst or .zip."},
      &self.paths);
  visitor.Field(
      {.key = "speed",
       .sentence = "Pace of kind `files`: `recorded` (as the timestamps say), `10x` (that "
                   "many times faster) or `max` (unpaced)."},
      &self.speed);
  visitor.Field({.key = "shape",
                 .sentence = "Record shape that the simulator and trade dumps are turned into.",
                 .choices = {"streams", "kinesis"}},
                &self.shape);
  visitor.Field(
      {.key = "exchange", .sentence = "Exchange of a trade dump whose rows do not name it."},
      &self.exchange);
  visitor.Field(
      {.key = "pair", .sentence = "Trading pair of a trade dump, for example `BTC/USDT`."},
      &self.pair);
}

void TableConfig::Describe(Visitor& visitor, TableConfig& self) {
  visitor.Place(&self.place);
  visitor.Field({.key = "database", .sentence = "Database of the table."}, &self.database);
  visitor.Field({.key = "name", .sentence = "Name of the table.", .required = true}, &self.name);
  visitor.Field({.key = "key", .sentence = "Column that identifies a row (the record key)."},
                &self.key);
  visitor.Field({.key = "time",
                 .sentence = "Timestamp column whose UTC day becomes the partition `event_date`."},
                &self.time);
  visitor.Field(
      {.key = "type",
       .sentence = "Table type: `cow` is copy-on-write. `mor` (merge-on-read) is reserved "
                   "and refused by this version.",
       .choices = {"cow", "mor"}},
      &self.type);
  visitor.Field({.key = "buckets",
                 .sentence = "File groups per partition; fixed when the table is created.",
                 .min = 1,
                 .max = 4096},
                &self.buckets);
  visitor.List({.key = "columns",
                .sentence = "Declared columns; without any, the twelve of CryptoTransactions. "
                            "Attributes that are not declared become new columns by themselves."},
               &self.columns);
  visitor.Section({.key = "source", .sentence = "What feeds the table in `up`."}, &self.source);
}

void Config::Describe(Visitor& visitor, Config& self) {
  visitor.Section({.key = "lake", .sentence = "Where the data lies."}, &self.lake);
  visitor.Section({.key = "commit", .sentence = "When waiting changes become a Hudi commit."},
                  &self.commit);
  visitor.Section({.key = "ingest", .sentence = "Deciding order and writing files."}, &self.ingest);
  visitor.Section({.key = "query", .sentence = "SQL."}, &self.query);
  visitor.Section({.key = "simulator", .sentence = "The built-in model of a crypto market."},
                  &self.simulator);
  visitor.List(
      {.key = "tables",
       .sentence = "The tables of the lake. Without any: `crypto.transactions`, fed by the "
                   "simulator."},
      &self.tables);
}

Config DefaultConfig() {
  Config config;
  TableConfig table;
  table.name = "transactions";
  table.source.kind = "simulator";
  config.tables.push_back(table);
  return config;
}

}  // namespace tapelake::config
