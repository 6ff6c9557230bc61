#pragma once

/// The whole configuration as structs. Defaults are the members' initialisers; keys, ranges and
/// sentences stand in Describe() (config.cc, delivery_config.cc) and nowhere else.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/value.h"
#include "config/visitor.h"

namespace tapelake::config {

struct LakeConfig {
  std::string path = "./tapelake-data";
  static void Describe(Visitor& visitor, LakeConfig& self);
};

struct S3Config {
  std::string endpoint;
  std::string region;
  std::string addressing = "auto";
  std::string encryption = "bucket";
  std::string kms_key_id;
  std::string profile;
  std::string ca_file;
  static void Describe(Visitor& visitor, S3Config& self);
};

struct CommitConfig {
  Duration interval{2 * kMicrosPerSecond};
  int64_t changes_max = 1'000'000;
  ByteSize bytes_max{16 << 20};
  static void Describe(Visitor& visitor, CommitConfig& self);
};

struct IngestConfig {
  Duration horizon{10 * kMicrosPerMinute};
  ByteSize index_bytes_max{96 << 20};
  int64_t threads = 2;
  static void Describe(Visitor& visitor, IngestConfig& self);
};

struct StreamConfig {
  int64_t shards = 4;
  std::string compression = "zstd";
  ByteSize segment_bytes{64 << 20};
  Duration retention{24 * kMicrosPerHour};
  ByteSize retention_bytes{int64_t{16} << 30};
  bool drop_untaken = false;
  std::string key_file;  ///< Empty: in the lake.
  static void Describe(Visitor& visitor, StreamConfig& self);
};

/// The Lambda function that makes the lines of raw objects.
struct TransformConfig {
  std::string function;  ///< Empty: none.
  std::string endpoint;
  std::string region;
  ByteSize buffer_bytes{1 << 20};
  Duration buffer_interval{kMicrosPerMinute};
  int64_t retries = 3;
  static void Describe(Visitor& visitor, TransformConfig& self);
};

/// How objects of the raw layer are cut, named and compressed.
struct ObjectsConfig {
  ByteSize buffer_bytes{32 << 20};
  Duration buffer_interval{kMicrosPerMinute};
  std::string target;
  std::string prefix;
  std::string error_prefix;
  std::string time_zone;
  std::vector<std::string> partition_keys;
  int64_t partitions_max = 500;
  std::string compression = "GZIP";
  std::string file_extension;
  std::string source_backup = "none";
  std::string backup_prefix;
  TransformConfig transform;
  static void Describe(Visitor& visitor, ObjectsConfig& self);
};

/// What is otherwise for one stream.
struct StreamObjectsConfig : ObjectsConfig {
  std::string place;
  std::string stream;
  static void Describe(Visitor& visitor, StreamObjectsConfig& self);
};

struct DeliveryConfig : ObjectsConfig {
  bool raw = true;
  std::vector<StreamObjectsConfig> streams;
  static void Describe(Visitor& visitor, DeliveryConfig& self);
};

struct CompactionConfig {
  int64_t log_files_max = 30;
  ByteSize log_bytes_max{24 << 20};
  Duration interval{10 * kMicrosPerMinute};
  int64_t threads = 1;
  static void Describe(Visitor& visitor, CompactionConfig& self);
};

struct ClusteringConfig {
  bool enabled = true;
  ByteSize small_file_bytes{8 << 20};
  int64_t files_min = 4;
  ByteSize bytes_max{16 << 20};
  static void Describe(Visitor& visitor, ClusteringConfig& self);
};

struct HistoryConfig {
  std::string policy = "KEEP_LATEST_COMMITS";
  int64_t commits_retained = 60;
  int64_t hours_retained = 24;
  int64_t file_versions_retained = 3;
  int64_t instants_min = 120;
  int64_t instants_max = 180;
  Duration readers{10 * kMicrosPerMinute};
  static void Describe(Visitor& visitor, HistoryConfig& self);
};

struct QueryConfig {
  int64_t threads = 2;
  bool hot = true;
  bool check_files = true;
  static void Describe(Visitor& visitor, QueryConfig& self);
};

struct SimulatorConfig {
  int64_t seed = 1;
  int64_t changes_per_second = 50;
  Duration history{2 * kMicrosPerHour};
  static void Describe(Visitor& visitor, SimulatorConfig& self);
};

struct MarketConfig {
  bool enabled = true;
  std::string table;  ///< Empty: the first table of trades that has a source.
  Duration trade_window{2 * kMicrosPerMinute};
  Duration commit_interval{5 * kMicrosPerSecond};
  Duration measures_interval{5 * kMicrosPerMinute};
  int64_t series_max = 4'096;
  int64_t trades_max = 200'000;
  static void Describe(Visitor& visitor, MarketConfig& self);
};

struct DashboardConfig {
  bool enabled = true;
  std::string listen = "127.0.0.1:8990";
  std::string token;  ///< Empty: made and kept in the lake if one is needed.
  int64_t clients_max = 256;
  int64_t requests_per_second = 200;
  Duration sql_timeout{30 * kMicrosPerSecond};
  int64_t sql_rows_max = 10'000;
  static void Describe(Visitor& visitor, DashboardConfig& self);
};

/// What a door shows to clients that speak TLS.
struct TlsConfig {
  bool enabled = false;
  std::string certificate;
  std::string key;
  static void Describe(Visitor& visitor, TlsConfig& self);
};

/// The port that AWS clients take for AWS.
struct AwsDoorConfig {
  bool enabled = false;
  std::string listen = "127.0.0.1:4566";
  std::string region = "us-east-1";
  std::string account = "000000000000";
  bool insecure_local = false;
  bool shard_limits = false;
  int64_t clients_max = 256;
  std::string buckets;  ///< Empty: folder `buckets` of the lake.
  TlsConfig tls;
  static void Describe(Visitor& visitor, AwsDoorConfig& self);
};

struct DoorsConfig {
  AwsDoorConfig aws;
  static void Describe(Visitor& visitor, DoorsConfig& self);
};

/// One alarm rule, with CloudWatch's words. monitor::PlanAlarms checks what stands in several keys.
struct AlarmRuleConfig {
  std::string place;
  std::string name;
  std::string metric;
  std::vector<std::string> labels;  ///< `name=value`; absent or `*`: an alarm for each value.
  std::string statistic = "Average";
  Duration period{kMicrosPerMinute};
  int64_t evaluation_periods = 1;
  int64_t datapoints_to_alarm = 0;  ///< 0: as many as evaluation_periods.
  double threshold = 0;
  std::string comparison = "GreaterThanThreshold";
  std::string treat_missing_data = "missing";
  std::vector<std::string> actions = {"log", "webhook", "page"};
  static void Describe(Visitor& visitor, AlarmRuleConfig& self);
};

struct AlarmsConfig {
  bool defaults = true;
  std::vector<std::string> without;  ///< Names of default rules.
  std::string webhook;               ///< Empty: none.
  Duration webhook_timeout{10 * kMicrosPerSecond};
  std::vector<AlarmRuleConfig> rules;
  static void Describe(Visitor& visitor, AlarmsConfig& self);
};

struct ColumnConfig {
  std::string place;  ///< Where it was read, for error messages; empty for defaults.
  std::string name;
  std::string attribute;  ///< Empty: same as name.
  std::string type = "string";
  static void Describe(Visitor& visitor, ColumnConfig& self);
};

struct SourceConfig {
  std::string place;
  std::string kind = "none";
  std::vector<std::string> paths;
  std::string content = "auto";
  std::string speed = "max";
  std::string shape = "streams";
  std::string exchange;
  std::string pair;
  std::string stream;
  std::string region;
  std::string endpoint;
  std::string start = "oldest";
  std::string table;
  std::string stream_arn;
  bool first_load = false;
  std::string brokers;
  std::string topic;
  std::string group;
  std::string format = "dynamodb_json";
  std::string operation_field;
  std::string order_field;
  std::map<std::string, std::string> properties;
  static void Describe(Visitor& visitor, SourceConfig& self);
};

struct TableConfig {
  std::string place;
  std::string database = "crypto";
  std::string name;
  std::string key = "transaction_id";
  std::string time = "timestamp";
  std::string type = "mor";
  std::string index = "bucket";
  int64_t buckets = 4;
  std::string change_data = "none";
  std::vector<ColumnConfig> columns;  ///< Empty: those of CryptoTransactions.
  SourceConfig source;

  /// `database.name`.
  std::string QualifiedName() const { return database + "." + name; }
  static void Describe(Visitor& visitor, TableConfig& self);
};

struct Config {
  LakeConfig lake;
  S3Config s3;
  CommitConfig commit;
  IngestConfig ingest;
  StreamConfig stream;
  DeliveryConfig delivery;
  CompactionConfig compaction;
  ClusteringConfig clustering;
  HistoryConfig history;
  QueryConfig query;
  SimulatorConfig simulator;
  MarketConfig market;
  DashboardConfig dashboard;
  DoorsConfig doors;
  AlarmsConfig alarms;
  std::vector<TableConfig> tables;
  static void Describe(Visitor& visitor, Config& self);
};

/// The configuration without a file: one table `crypto.transactions`, fed by the simulator, under
/// `./tapelake-data`.
Config DefaultConfig();

}  // namespace tapelake::config
