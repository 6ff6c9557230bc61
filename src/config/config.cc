#include "config/config.h"

namespace tapelake::config {
namespace {

constexpr int64_t kKibibyte = 1 << 10;
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

void S3Config::Describe(Visitor& visitor, S3Config& self) {
  visitor.Field({.key = "endpoint",
                 .sentence = "Server to use instead of AWS's own, as `http(s)://HOST[:PORT]`. "
                             "Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or `endpoint_url` of "
                             "the profile."},
                &self.endpoint);
  visitor.Field({.key = "region",
                 .sentence = "Region of the buckets. Default: AWS_REGION, AWS_DEFAULT_REGION, "
                             "`region` of the profile, or us-east-1. A bucket of AWS in another "
                             "one is found by what AWS answers."},
                &self.region);
  visitor.Field({.key = "addressing",
                 .sentence = "Whether a bucket is named in the `path` of a request or before its "
                             "host (`virtual`); `auto` is `virtual` on AWS, else `path`.",
                 .choices = {"auto", "path", "virtual"}},
                &self.addressing);
  visitor.Field({.key = "encryption",
                 .sentence = "Encryption that is asked for with each write: `AES256` (SSE-S3) or "
                             "`aws:kms` (SSE-KMS); `bucket` leaves it to the bucket.",
                 .choices = {"bucket", "AES256", "aws:kms"}},
                &self.encryption);
  visitor.Field({.key = "kms_key_id",
                 .sentence = "Key of `aws:kms`: id, ARN or alias. Default: the account's own key."},
                &self.kms_key_id);
  visitor.Field(
      {.key = "profile",
       .sentence = "Profile of `~/.aws/config` and `~/.aws/credentials` whose keys count, "
                   "whatever the environment says. Default: the usual chain of "
                   "environment, AWS_PROFILE, web identity, container and instance."},
      &self.profile);
  visitor.Field({.key = "ca_file",
                 .sentence = "File of certificates (PEM) that the server's is checked against. "
                             "Default: AWS_CA_BUNDLE, SSL_CERT_FILE, or the system's."},
                &self.ca_file);
}

void CommitConfig::Describe(Visitor& visitor, CommitConfig& self) {
  visitor.Field({.key = "interval",
                 .sentence = "Aimed time between two commits of live work. When commits take long "
                             "(a copy-on-write commit rewrites whole file groups) the pace slows "
                             "down so that at most half of the time goes into them.",
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
                             "older changes are compared with the stored row, which is slower. A "
                             "row's removal is kept that long after it came, however old it is: an "
                             "older change of the row that comes later than that brings it back.",
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

void StreamConfig::Describe(Visitor& visitor, StreamConfig& self) {
  visitor.Field(
      {.key = "shards",
       .sentence = "Shards of a new stream: equal ranges of the MD5 hash of the partition "
                   "key.",
       .min = 1,
       .max = 256},
      &self.shards);
  visitor.Field({.key = "compression",
                 .sentence = "How records are stored in the stream's segments.",
                 .choices = {"zstd", "none"}},
                &self.compression);
  visitor.Field({.key = "segment_bytes",
                 .sentence = "Size at which a segment is closed; retention drops whole segments.",
                 .min = kMebibyte,
                 .max = kGibibyte},
                &self.segment_bytes);
  visitor.Field({.key = "retention",
                 .sentence = "How long records stay in the stream, for replay. Records that ingest "
                             "or delivery still need stay longer.",
                 .min = kMicrosPerMinute,
                 .max = 365 * kMicrosPerDay},
                &self.retention);
  visitor.Field({.key = "retention_bytes",
                 .sentence = "Most bytes of a stream on disk. When records that are still needed "
                             "fill it, producers are throttled.",
                 .min = kMebibyte,
                 .max = 1024 * kGibibyte},
                &self.retention_bytes);
  visitor.Field({.key = "drop_untaken",
                 .sentence = "Let retention drop records that ingest or delivery has not taken "
                             "yet, as Kinesis does: they are lost to the table, and counted. Off: "
                             "they stay, and a full stream throttles its producers."},
                &self.drop_untaken);
  visitor.Field({.key = "key_file",
                 .sentence = "Where the key lies under which a stream is encrypted, if a client "
                             "says so (StartStreamEncryption); made at the first start. Keep it "
                             "apart from the lake. Default: `LAKE/.tapelake/stream-key`."},
                &self.key_file);
}

void CompactionConfig::Describe(Visitor& visitor, CompactionConfig& self) {
  visitor.Field({.key = "log_files_max",
                 .sentence = "A file group is compacted when it has this many log files. "
                             "Files that together are small beside a big base file count a "
                             "tenth each.",
                 .unit = "files",
                 .min = 1,
                 .max = 10'000},
                &self.log_files_max);
  visitor.Field({.key = "log_bytes_max",
                 .sentence = "A file group is compacted when its log files hold this much.",
                 .min = kMebibyte,
                 .max = 16 * kGibibyte},
                &self.log_bytes_max);
  visitor.Field({.key = "interval",
                 .sentence = "A file group is compacted when its oldest log file is this old, so "
                             "that readers of base files alone (read-optimized queries, Trino) are "
                             "at most this far behind.",
                 .min = kMicrosPerSecond,
                 .max = kMicrosPerDay},
                &self.interval);
  visitor.Field({.key = "threads",
                 .sentence = "File groups compacted at the same time.",
                 .unit = "threads",
                 .min = 1,
                 .max = kThreadsMax},
                &self.threads);
}

void ClusteringConfig::Describe(Visitor& visitor, ClusteringConfig& self) {
  visitor.Field(
      {.key = "enabled",
       .sentence = "Whether small files of a partition are merged, with their logs, every "
                   "20 commits. Tables with a bucket index and those with `change_data` "
                   "keep the files they have."},
      &self.enabled);
  visitor.Field(
      {.key = "small_file_bytes",
       .sentence = "A smaller file, its logs counted, is merged, but not with others that "
                   "together are smaller than itself; so no row is written again and "
                   "again.",
       .min = kKibibyte,
       .max = 16 * kGibibyte},
      &self.small_file_bytes);
  visitor.Field({.key = "files_min",
                 .sentence = "So many files at least become one.",
                 .unit = "files",
                 .min = 2,
                 .max = 10'000},
                &self.files_min);
  visitor.Field({.key = "bytes_max",
                 .sentence = "Most bytes that are read for it between two commits, and so the "
                             "biggest file it makes; of 64 files at most, or `files_min`. The next "
                             "commit waits meanwhile: on a local disk about a second for 16 MiB. "
                             "`tapelake table cluster` makes bigger files of a table at rest.",
                 .min = kKibibyte,
                 .max = 16 * kGibibyte},
                &self.bytes_max);
}

void HistoryConfig::Describe(Visitor& visitor, HistoryConfig& self) {
  visitor.Field(
      {.key = "policy",
       .sentence = "What decides which file versions stay for time travel and long "
                   "queries, by Hudi's names: the commits, hours or versions below.",
       .choices = {"KEEP_LATEST_COMMITS", "KEEP_LATEST_BY_HOURS", "KEEP_LATEST_FILE_VERSIONS"}},
      &self.policy);
  visitor.Field({.key = "commits_retained",
                 .sentence = "The newest commits, whose files stay.",
                 .unit = "commits",
                 .min = 1,
                 .max = 100'000},
                &self.commits_retained);
  visitor.Field(
      {.key = "hours_retained",
       .sentence = "The last hours, the files of whose commits stay. These commits are not "
                   "archived either: 1,800 an hour of one every two seconds.",
       .unit = "hours",
       .min = 1,
       .max = 8'760},
      &self.hours_retained);
  visitor.Field({.key = "file_versions_retained",
                 .sentence = "The newest versions of each file group, which stay. Each clean looks "
                             "into every partition then.",
                 .unit = "versions",
                 .min = 1,
                 .max = 100'000},
                &self.file_versions_retained);
  visitor.Field({.key = "instants_min",
                 .sentence = "Instants that stay on the active timeline when older ones are "
                             "archived; more than `commits_retained`.",
                 .unit = "instants",
                 .min = 2,
                 .max = 100'000},
                &self.instants_min);
  visitor.Field({.key = "instants_max",
                 .sentence = "Instants are archived when there are more than this.",
                 .unit = "instants",
                 .min = 3,
                 .max = 100'000},
                &self.instants_max);
  visitor.Field({.key = "readers",
                 .sentence = "Files that a query begun so long ago may be reading stay, and the "
                             "commits of that time are not archived, however many they are.",
                 .min = 0,
                 .max = kMicrosPerDay},
                &self.readers);
}

void QueryConfig::Describe(Visitor& visitor, QueryConfig& self) {
  visitor.Field({.key = "threads",
                 .sentence = "Threads of one SQL query.",
                 .unit = "threads",
                 .min = 1,
                 .max = kThreadsMax},
                &self.threads);
  visitor.Field({.key = "hot",
                 .sentence = "Whether queries also see changes that are durable but not yet "
                             "committed, by asking the running pipeline."},
                &self.hot);
  visitor.Field(
      {.key = "check_files",
       .sentence = "Whether a query checks the checksum of each Parquet file it needs, "
                   "which reads the file wholly, once per process. Not on S3, which checks "
                   "what it stores."},
      &self.check_files);
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
  visitor.Field({.key = "history",
                 .sentence = "A new table begins with the changes of so long a time before the "
                             "start, but at most 400,000 changes, as fast as they can be "
                             "taken, so that charts and measures have a past.",
                 .min = 0,
                 .max = 30 * kMicrosPerDay},
                &self.history);
}

void MarketConfig::Describe(Visitor& visitor, MarketConfig& self) {
  visitor.Field({.key = "enabled",
                 .sentence = "Whether `up` makes bars and measures of the trades and keeps them in "
                             "the tables `market_bars` and `market_measures`."},
                &self.enabled);
  visitor.Field({.key = "table",
                 .sentence = "Table whose rows are the trades, `database.name`. Default: the first "
                             "one with a source that has the columns `exchange`, `trading_pair`, "
                             "`order_type`, `price`, `quantity`, `trade_status`."},
                &self.table);
  visitor.Field({.key = "trade_window",
                 .sentence = "Single trades are kept in memory so long; when an older one changes "
                             "its bars are made anew from the table, which takes a moment.",
                 .min = 10 * kMicrosPerSecond,
                 .max = kMicrosPerHour},
                &self.trade_window);
  visitor.Field({.key = "commit_interval",
                 .sentence = "Aimed time between two commits of the market tables.",
                 .min = kMicrosPerSecond,
                 .max = kMicrosPerHour},
                &self.commit_interval);
  visitor.Field({.key = "measures_interval",
                 .sentence = "One row per measure and series is kept for each such stretch.",
                 .min = kMicrosPerMinute,
                 .max = kMicrosPerDay},
                &self.measures_interval);
  visitor.Field({.key = "series_max",
                 .sentence = "Most pairs times exchanges; more are counted and left out.",
                 .min = 1,
                 .max = 1'000'000},
                &self.series_max);
  visitor.Field({.key = "trades_max",
                 .sentence = "Most single trades kept in memory (about 210 bytes each); with more "
                             "within `trade_window` only the newest seconds are kept.",
                 .min = 1'000,
                 .max = 100'000'000},
                &self.trades_max);
}

void DashboardConfig::Describe(Visitor& visitor, DashboardConfig& self) {
  visitor.Field({.key = "enabled", .sentence = "Whether `up` opens the HTTP port."}, &self.enabled);
  visitor.Field(
      {.key = "listen",
       .sentence = "Address and port of the page, the API and `/metrics`. Any address but "
                   "loopback demands the token."},
      &self.listen);
  visitor.Field({.key = "token",
                 .sentence = "What a client must show on an address that is not loopback. Default: "
                             "made at the first start, kept in `<lake>/.tapelake/token`."},
                &self.token);
  visitor.Field({.key = "clients_max",
                 .sentence = "Connections at the same time; one more is answered 503.",
                 .min = 1,
                 .max = 10'000},
                &self.clients_max);
  visitor.Field({.key = "requests_per_second",
                 .sentence = "Requests a second of one address; more are answered 429.",
                 .min = 1,
                 .max = 1'000'000},
                &self.requests_per_second);
  visitor.Field({.key = "sql_timeout",
                 .sentence = "A statement of the page is stopped after this time.",
                 .min = kMicrosPerSecond,
                 .max = kMicrosPerHour},
                &self.sql_timeout);
  visitor.Field({.key = "sql_rows_max",
                 .sentence = "Most rows of a result on the page; an export has all.",
                 .unit = "rows",
                 .min = 1,
                 .max = 1'000'000},
                &self.sql_rows_max);
}

void TlsConfig::Describe(Visitor& visitor, TlsConfig& self) {
  visitor.Field({.key = "enabled",
                 .sentence = "Speak TLS at an address of this machine, too; at others it is spoken "
                             "anyway, and so it is with a certificate of one's own."},
                &self.enabled);
  visitor.Field(
      {.key = "certificate",
       .sentence = "File of the certificate and those between it and who issued it (PEM); "
                   "empty: the one that `tapelake keys certify` made."},
      &self.certificate);
  visitor.Field(
      {.key = "key",
       .sentence = "File of its private key (PEM, without a password); may be the same file."},
      &self.key);
}

void AwsDoorConfig::Describe(Visitor& visitor, AwsDoorConfig& self) {
  visitor.Field({.key = "enabled", .sentence = "Whether `up` opens the AWS-compatible port."},
                &self.enabled);
  visitor.Field(
      {.key = "listen",
       .sentence = "Its address and port; at any other than this machine's (127.0.0.1 or [::1]) "
                   "it speaks TLS alone."},
      &self.listen);
  visitor.Field(
      {.key = "region", .sentence = "Region that clients must sign for, and that stands in ARNs."},
      &self.region);
  visitor.Field(
      {.key = "account", .sentence = "Account id in ARNs and GetCallerIdentity, 12 digits."},
      &self.account);
  visitor.Field(
      {.key = "insecure_local",
       .sentence = "Take requests whether they are signed or not, at an address of this "
                   "machine: whoever reaches the port may put and read. For programs that "
                   "cannot sign."},
      &self.insecure_local);
  visitor.Field({.key = "shard_limits",
                 .sentence = "Refuse what a shard of Kinesis would not take (1,000 records/s, "
                             "1 MiB/s): for producers that are to run on Kinesis, too."},
                &self.shard_limits);
  visitor.Field({.key = "clients_max",
                 .sentence = "Connections at the same time; one more is answered 503.",
                 .min = 1,
                 .max = 10'000},
                &self.clients_max);
  visitor.Field({.key = "buckets",
                 .sentence = "Where the buckets lie that clients name when they make delivery "
                             "streams: a directory, with a folder for each, or `s3://` for the "
                             "buckets themselves; default: folder `buckets` of the lake."},
                &self.buckets);
  visitor.Section({.key = "tls", .sentence = "Its certificate."}, &self.tls);
}

void DoorsConfig::Describe(Visitor& visitor, DoorsConfig& self) {
  visitor.Section({.key = "aws",
                   .sentence = "Kinesis, Firehose and STS for AWS clients (docs/doors.md); "
                               "`tapelake keys create` makes their keys."},
                  &self.aws);
}

void AlarmRuleConfig::Describe(Visitor& visitor, AlarmRuleConfig& self) {
  visitor.Place(&self.place);
  visitor.Field({.key = "name",
                 .sentence = "Name of the alarm; that of a default rule takes its place.",
                 .required = true},
                &self.name);
  visitor.Field({.key = "metric",
                 .sentence = "One of `tapelake metrics list`, for example "
                             "`tapelake_ingest_freshness_seconds`.",
                 .required = true},
                &self.metric);
  visitor.Field({.key = "labels",
                 .sentence = "Which series, as `name=value`. A label with value `*`, or not named, "
                             "gives each of its values an alarm of its own."},
                &self.labels);
  visitor.Field({.key = "statistic",
                 .sentence = "What becomes of the samples of a period (one a second; of counters "
                             "their increase): `Average`, `Sum`, `Minimum`, `Maximum`, "
                             "`SampleCount`, or a percentile such as `p99`."},
                &self.statistic);
  visitor.Field({.key = "period",
                 .sentence = "Length of a period, which gives one data point.",
                 .min = kMicrosPerSecond,
                 .max = kMicrosPerHour},
                &self.period);
  visitor.Field({.key = "evaluation_periods",
                 .sentence = "Number of the newest data points that decide.",
                 .min = 1,
                 .max = 100},
                &self.evaluation_periods);
  visitor.Field({.key = "datapoints_to_alarm",
                 .sentence = "How many of them must breach the threshold; 0 means all.",
                 .min = 0,
                 .max = 100},
                &self.datapoints_to_alarm);
  visitor.Field({.key = "threshold", .sentence = "In the unit of the metric.", .required = true},
                &self.threshold);
  visitor.Field({.key = "comparison",
                 .sentence = "A data point breaches if this holds.",
                 .choices = {"GreaterThanThreshold", "GreaterThanOrEqualToThreshold",
                             "LessThanThreshold", "LessThanOrEqualToThreshold"}},
                &self.comparison);
  visitor.Field({.key = "treat_missing_data",
                 .sentence = "What a period without a sample counts as, where too few have one. "
                             "`ignore` keeps the state; `missing` gives INSUFFICIENT_DATA when all "
                             "are missing.",
                 .choices = {"missing", "notBreaching", "breaching", "ignore"}},
                &self.treat_missing_data);
  visitor.Field({.key = "actions",
                 .sentence = "What a change of state does: `log` (a line in "
                             "`<lake>/.tapelake/alarms.ndjson` and on stderr), `webhook`, `page`. "
                             "Default: all three."},
                &self.actions);
}

void AlarmsConfig::Describe(Visitor& visitor, AlarmsConfig& self) {
  visitor.Field(
      {.key = "defaults", .sentence = "Whether the default rules hold (`tapelake alarms list`)."},
      &self.defaults);
  visitor.Field({.key = "without", .sentence = "Names of default rules to leave out."},
                &self.without);
  visitor.Field({.key = "webhook",
                 .sentence = "URL (`http` or `https`) that gets a POST with a JSON object when an "
                             "alarm begins or ends. Default: none."},
                &self.webhook);
  visitor.Field({.key = "webhook_timeout",
                 .sentence = "Time for one such request; a failed one is tried again.",
                 .min = 100 * kMicrosPerMilli,
                 .max = kMicrosPerMinute},
                &self.webhook_timeout);
  visitor.List({.key = "rules", .sentence = "Rules of your own."}, &self.rules);
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

namespace {

/// Of kind `files`, and of trade dumps.
void DescribeFiles(Visitor& visitor, SourceConfig& self) {
  visitor.Field(
      {.key = "paths",
       .sentence = "Files, directories or prefixes of S3 (`s3://BUCKET/...`) of kind `files`: "
                   "change records (NDJSON), trade dumps (CSV) or raw objects, plain, .gz, .zst or "
                   ".zip. New ones are looked for every second, on S3 every ten; each is taken "
                   "once."},
      &self.paths);
  visitor.Field({.key = "content",
                 .sentence = "What files of kind `files` hold: `ndjson` (change records), `trades` "
                             "(trade dumps), `raw` (raw objects of a delivery: rows) or what their "
                             "first line looks like: change records or trades.",
                 .choices = {"auto", "ndjson", "trades", "raw"}},
                &self.content);
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

/// What only kind `kafka` has.
void DescribeKafka(Visitor& visitor, SourceConfig& self) {
  visitor.Field({.key = "brokers",
                 .sentence = "Brokers that kind `kafka` asks first, as `HOST:PORT`, several with "
                             "commas."},
                &self.brokers);
  visitor.Field({.key = "topic", .sentence = "Topic of kind `kafka`."}, &self.topic);
  visitor.Field(
      {.key = "group",
       .sentence = "Consumer group of kind `kafka`; of this table alone. It shares out partitions "
                   "and shows other tools how far the table is; where the table goes on stands in "
                   "its own commits. Default: `tapelake-DATABASE.TABLE-TOPIC`."},
      &self.group);
  visitor.Field(
      {.key = "format",
       .sentence = "What the values of the topic are: `dynamodb_json` (change records, both "
                   "shapes), `json` (rows) or `debezium` (envelopes, with or without schema).",
       .choices = {"dynamodb_json", "json", "debezium"}},
      &self.format);
  visitor.Field(
      {.key = "operation_field",
       .sentence = "Field of format `json` that says what happened (`insert`, `update`, `upsert`, "
                   "`delete` or their first letters, `c` and `r` as Debezium has them); dots step "
                   "into objects. Without it each record is the row as it is now, and a record "
                   "without a value deletes the row of its key."},
      &self.operation_field);
  visitor.Field(
      {.key = "order_field",
       .sentence = "Field of formats `json` and `debezium` that grows with every change of a row: "
                   "a whole number or an ISO-8601 time; dots step into objects. Default of `json`: "
                   "the offset, so that a key must stay in its partition; of `debezium`: the "
                   "connector's own log position, or its time."},
      &self.order_field);
  visitor.Field(
      {.key = "properties",
       .sentence = "Settings of librdkafka for kind `kafka`, such as `security.protocol`, "
                   "`sasl.mechanism`, `sasl.username`, `sasl.password`, `ssl.ca.location`."},
      &self.properties);
}

}  // namespace

void SourceConfig::Describe(Visitor& visitor, SourceConfig& self) {
  visitor.Place(&self.place);
  visitor.Field(
      {.key = "kind",
       .sentence = "Where `up` takes the table's changes from: the built-in simulator, "
                   "what other processes put into the table's stream, files, a stream of "
                   "Kinesis, a table of DynamoDB and its stream, or a topic of Kafka. The "
                   "simulator's changes go through the table's stream, too.",
       .choices = {"simulator", "stream", "files", "kinesis", "dynamodb_streams", "kafka", "none"}},
      &self.kind);
  DescribeFiles(visitor, self);
  visitor.Field({.key = "stream", .sentence = "Name or ARN of the stream of kind `kinesis`."},
                &self.stream);
  visitor.Field(
      {.key = "region",
       .sentence = "Region of kinds `kinesis` and `dynamodb_streams`. Default: AWS_REGION, "
                   "AWS_DEFAULT_REGION, or `region` of the profile (`s3.profile`)."},
      &self.region);
  visitor.Field({.key = "endpoint",
                 .sentence = "Server to use instead of AWS's own, as `http(s)://HOST[:PORT]`. "
                             "Default: AWS_ENDPOINT_URL_KINESIS (_DYNAMODB_STREAMS, _DYNAMODB), "
                             "AWS_ENDPOINT_URL, or `endpoint_url` of the profile."},
                &self.endpoint);
  visitor.Field(
      {.key = "start",
       .sentence = "Where a stream of Kinesis or DynamoDB or a topic is begun that the table has "
                   "nothing of: `oldest` (all that is kept), `latest` or `newest` (what comes from "
                   "now on) or a time such as `2026-11-22T18:00`. Later starts go on where the "
                   "table's last commit ended."},
      &self.start);
  visitor.Field({.key = "table",
                 .sentence = "Name of the DynamoDB table of kind `dynamodb_streams`, whose newest "
                             "stream is read."},
                &self.table);
  visitor.Field({.key = "stream_arn",
                 .sentence = "ARN of the stream of kind `dynamodb_streams`, instead of `table`."},
                &self.stream_arn);
  visitor.Field({.key = "first_load",
                 .sentence = "Whether kind `dynamodb_streams` begins with all items of `table`, by "
                             "a parallel scan, and goes on with what changed since the scan began; "
                             "the table may be written to meanwhile. Done once; `start` does not "
                             "count then."},
                &self.first_load);
  DescribeKafka(visitor, self);
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
       .sentence = "Table type of a new table: `mor` (merge-on-read) appends changes to logs and "
                   "compacts them beside the commits; `cow` (copy-on-write) rewrites files, for "
                   "tables that are seldom written or that other engines write too.",
       .choices = {"mor", "cow"}},
      &self.type);
  visitor.Field(
      {.key = "index",
       .sentence = "How a new table finds the file group of a key: `bucket` (a hash; nothing is "
                   "read), `bloom` (footers and keys of base files; Spark's default, files of even "
                   "size) or `simple` (keys of all base files of the partition).",
       .choices = {"bucket", "bloom", "simple"}},
      &self.index);
  visitor.Field({.key = "buckets",
                 .sentence = "File groups per partition of a bucket index; fixed when the table is "
                             "created.",
                 .min = 1,
                 .max = 4096},
                &self.buckets);
  visitor.Field(
      {.key = "change_data",
       .sentence = "What a new table keeps of each change in change-data logs beside its files "
                   "(`hoodie.table.cdc.supplemental.logging.mode`): operation and key, the row "
                   "before, too, or both rows. Spark's change feed needs them, `hudi_changes` does "
                   "not.",
       .choices = {"none", "op_key_only", "data_before", "data_before_after"}},
      &self.change_data);
  visitor.List({.key = "columns",
                .sentence = "Declared columns; without any, the twelve of CryptoTransactions. "
                            "Attributes that are not declared become new columns by themselves."},
               &self.columns);
  visitor.Section({.key = "source", .sentence = "What feeds the table in `up`."}, &self.source);
}

void Config::Describe(Visitor& visitor, Config& self) {
  visitor.Section({.key = "lake", .sentence = "Where the data lies."}, &self.lake);
  visitor.Section({.key = "s3",
                   .sentence = "How tables at `s3://BUCKET/...` are reached. Without this the "
                               "environment decides, as with AWS's own tools."},
                  &self.s3);
  visitor.Section({.key = "commit", .sentence = "When waiting changes become a Hudi commit."},
                  &self.commit);
  visitor.Section({.key = "ingest", .sentence = "Deciding order and writing files."}, &self.ingest);
  visitor.Section({.key = "stream", .sentence = "The durable log before the tables."},
                  &self.stream);
  visitor.Section({.key = "delivery", .sentence = "The raw layer: changes as compressed NDJSON."},
                  &self.delivery);
  visitor.Section({.key = "compaction", .sentence = "Turning logs into base files."},
                  &self.compaction);
  visitor.Section(
      {.key = "clustering", .sentence = "Merging small files of tables without buckets."},
      &self.clustering);
  visitor.Section({.key = "history", .sentence = "What stays of the past."}, &self.history);
  visitor.Section({.key = "query", .sentence = "SQL."}, &self.query);
  visitor.Section({.key = "simulator", .sentence = "The built-in model of a crypto market."},
                  &self.simulator);
  visitor.Section({.key = "market", .sentence = "Bars, volatility and liquidity of the trades."},
                  &self.market);
  visitor.Section({.key = "dashboard", .sentence = "The live page and its API."}, &self.dashboard);
  visitor.Section({.key = "doors", .sentence = "Protocols of others that `up` serves."},
                  &self.doors);
  visitor.Section({.key = "alarms", .sentence = "Rules over the metrics, and whom they tell."},
                  &self.alarms);
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
