#include "config/config.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/json.h"
#include "config/document.h"
#include "config/nearest.h"
#include "config/parse.h"
#include "config/value.h"

namespace tapelake::config {
namespace {

std::optional<std::string> TestEnvironment(const std::string& name) {
  static const std::map<std::string, std::string> variables = {
      {"LAKE", "/data/lake"}, {"COUNT", "7"}, {"EMPTY", ""}};
  const auto found = variables.find(name);
  if (found == variables.end()) return std::nullopt;
  return found->second;
}

std::vector<Problem> Problems(std::string_view text) {
  Config config = DefaultConfig();
  return ParseConfig(text, "t.yaml", TestEnvironment, &config);
}

/// `what (place); hint` of the only problem.
std::string OnlyProblem(std::string_view text) {
  const std::vector<Problem> problems = Problems(text);
  if (problems.size() != 1) return std::to_string(problems.size()) + " problems";
  return problems[0].what + " (" + problems[0].place + "); " + problems[0].hint;
}

Config Parsed(std::string_view text) {
  Config config = DefaultConfig();
  for (const Problem& problem : ParseConfig(text, "t.yaml", TestEnvironment, &config)) {
    ADD_FAILURE() << problem.what << " (" << problem.place << ")";
  }
  return config;
}

TEST(Value, ReadsDurations) {
  EXPECT_EQ(ParseDuration("500ms")->micros, 500'000);
  EXPECT_EQ(ParseDuration("2s")->micros, 2'000'000);
  EXPECT_EQ(ParseDuration("10 m")->micros, 600'000'000);
  EXPECT_EQ(ParseDuration("0")->micros, 0);
  for (const char* bad : {"", "2", "s", "-2s", "2.5s", "2S", "2 parsecs", "99999999999999999d"}) {
    EXPECT_FALSE(ParseDuration(bad)) << bad;
  }
}

TEST(Value, ReadsSizes) {
  EXPECT_EQ(ParseByteSize("256MiB")->bytes, 256 << 20);
  EXPECT_EQ(ParseByteSize("10MB")->bytes, 10'000'000);
  EXPECT_EQ(ParseByteSize("4096")->bytes, 4096);
  for (const char* bad : {"", "MiB", "-1", "1.5GiB", "1XB", "9999999TiB"}) {
    EXPECT_FALSE(ParseByteSize(bad)) << bad;
  }
}

TEST(Value, FormatsWhatItReads) {
  for (const char* text : {"500ms", "2s", "10m", "90s", "1h", "1d", "3us"}) {
    EXPECT_EQ(FormatDuration(*ParseDuration(text)), text);
  }
  for (const char* text : {"256MiB", "1GiB", "1KiB", "1000"}) {
    EXPECT_EQ(FormatByteSize(*ParseByteSize(text)), text);
  }
}

TEST(Nearest, FindsTyposAndNothingElse) {
  const std::vector<std::string> known = {"commit", "ingest", "lake", "simulator"};
  EXPECT_EQ(Nearest("comit", known), "commit");
  EXPECT_EQ(Nearest("lkae", known), "lake");
  EXPECT_EQ(Nearest("INGEST", known), "ingest");
  EXPECT_EQ(Nearest("tables", known), "");
  EXPECT_EQ(Nearest("", known), "");
}

TEST(ParseConfig, EmptyFileKeepsTheDefaults) {
  for (const char* text : {"", "# only a comment\n", "---\n", "commit:\n", "{}"}) {
    EXPECT_EQ(ConfigJson(Parsed(text)), ConfigJson(DefaultConfig())) << text;
  }
}

TEST(ParseConfig, ReadsEveryKindOfValue) {
  const Config config = Parsed(
      "lake: {path: /var/lake}\n"
      "commit: {interval: 750ms, changes_max: 10, bytes_max: 1MiB}\n"
      "simulator: {seed: 3}\n"
      "tables:\n"
      "  - name: a\n"
      "    buckets: 8\n"
      "    columns:\n"
      "      - {name: id, attribute: Id, type: string}\n"
      "      - {name: at, type: timestamp(ms)}\n"
      "    key: id\n"
      "    time: at\n"
      "    source: {kind: files, paths: [x.ndjson, y.csv.gz], speed: 10x}\n"
      "  - {database: other, name: a}\n");
  EXPECT_EQ(config.lake.path, "/var/lake");
  EXPECT_EQ(config.commit.interval.micros, 750'000);
  EXPECT_EQ(config.commit.changes_max, 10);
  EXPECT_EQ(config.commit.bytes_max.bytes, 1 << 20);
  EXPECT_EQ(config.history.readers.micros, 600'000'000);
  EXPECT_EQ(config.simulator.seed, 3);
  ASSERT_EQ(config.tables.size(), 2u);
  EXPECT_EQ(config.tables[0].QualifiedName(), "crypto.a");
  EXPECT_EQ(config.tables[0].columns[0].attribute, "Id");
  EXPECT_EQ(config.tables[0].columns[1].place, "t.yaml:9:9");
  EXPECT_EQ(config.tables[0].source.paths[1], "y.csv.gz");
  EXPECT_EQ(config.tables[1].QualifiedName(), "other.a");
}

TEST(ParseConfig, RefusesUnknownKeysWithTheNearest) {
  EXPECT_EQ(OnlyProblem("lake:\n  pth: x\n"),
            "unknown key 'lake.pth' (t.yaml:2:3); did you mean 'path'?");
  EXPECT_EQ(OnlyProblem("comit: {}\n"), "unknown key 'comit' (t.yaml:1:1); did you mean 'commit'?");
  EXPECT_EQ(OnlyProblem("lake: {zzzzzz: 1}\n"),
            "unknown key 'lake.zzzzzz' (t.yaml:1:8); known here: path");
  EXPECT_EQ(OnlyProblem("tables:\n- name: a\n  sorce: {}\n"),
            "unknown key 'tables[0].sorce' (t.yaml:3:3); did you mean 'source'?");
}

TEST(ParseConfig, ReadsTheTransformOfAStream) {
  const Config config = Parsed(
      "delivery:\n  streams:\n  - stream: a.b\n    transform: {function: 'f:live', buffer_bytes: "
      "200KiB, buffer_interval: 0s, retries: 300, region: r, endpoint: e}\n");
  EXPECT_EQ(config.delivery.transform.function, "");
  ASSERT_EQ(config.delivery.streams.size(), 1u);
  const TransformConfig& transform = config.delivery.streams[0].transform;
  EXPECT_EQ(transform.function, "f:live");
  EXPECT_EQ(transform.buffer_bytes.bytes, 200 << 10);
  EXPECT_EQ(transform.buffer_interval.micros, 0);
  EXPECT_EQ(transform.retries, 300);
  EXPECT_EQ(transform.region + transform.endpoint, "re");
  EXPECT_EQ(OnlyProblem("delivery: {transform: {buffer_bytes: 4MiB}}\n"),
            "delivery.transform.buffer_bytes = '4MiB' is out of range (t.yaml:1:38); allowed: "
            "200KiB to 3MiB");
  EXPECT_EQ(OnlyProblem("delivery: {transform: {retries: 301}}\n"),
            "delivery.transform.retries = '301' is out of range (t.yaml:1:33); allowed: 0 to 300");
}

TEST(ParseConfig, RefusesKeysGivenTwice) {
  EXPECT_EQ(OnlyProblem("lake: {path: a}\nlake: {path: b}\n"),
            "key 'lake' is given twice (t.yaml:2:1); remove one of them");
}

TEST(ParseConfig, NamesKeyValueRangeAndPlace) {
  EXPECT_EQ(OnlyProblem("commit:\n  interval: soon\n"),
            "commit.interval = 'soon' is no duration (t.yaml:2:13); "
            "write a whole number and a unit: 500ms, 2s, 10m, 1h or 1d");
  EXPECT_EQ(OnlyProblem("commit: {interval: 1ms}\n"),
            "commit.interval = '1ms' is out of range (t.yaml:1:20); allowed: 100ms to 1h");
  EXPECT_EQ(OnlyProblem("commit: {bytes_max: lots}\n"),
            "commit.bytes_max = 'lots' is no size (t.yaml:1:21); "
            "write a whole number and a unit: 512KiB, 256MiB, 2GiB, 10MB or 1GB");
  EXPECT_EQ(OnlyProblem("query: {threads: 0}\n"),
            "query.threads = '0' is out of range (t.yaml:1:18); allowed: 1 to 256");
  EXPECT_EQ(OnlyProblem("simulator: {seed: -1}\n"),
            "simulator.seed = '-1' is out of range (t.yaml:1:19); allowed: at least 0");
  EXPECT_EQ(OnlyProblem("query: {threads: two}\n"),
            "query.threads = 'two' is no whole number (t.yaml:1:18); "
            "write digits only, for example 4");
  EXPECT_EQ(OnlyProblem("tables: [{name: a, type: fast}]\n"),
            "tables[0].type = 'fast' is not known (t.yaml:1:26); one of: mor, cow");
  EXPECT_EQ(OnlyProblem("tables: [{name: a, change_data: all}]\n"),
            "tables[0].change_data = 'all' is not known (t.yaml:1:33); one of: none, op_key_only, "
            "data_before, data_before_after");
  EXPECT_EQ(OnlyProblem("clustering: {files_min: 1}\n"),
            "clustering.files_min = '1' is out of range (t.yaml:1:25); allowed: 2 to 10000");
}

TEST(ParseConfig, ReadsClusteringAndChangeData) {
  const Config config = Parsed(
      "clustering: {enabled: false, small_file_bytes: 1MiB, files_min: 9, bytes_max: 4MiB}\n"
      "tables:\n"
      "  - {name: a, index: bloom, change_data: data_before}\n"
      "  - {name: b}\n");
  EXPECT_FALSE(config.clustering.enabled);
  EXPECT_EQ(config.clustering.small_file_bytes.bytes, 1 << 20);
  EXPECT_EQ(config.clustering.files_min, 9);
  EXPECT_EQ(config.clustering.bytes_max.bytes, 4 << 20);
  EXPECT_EQ(config.tables.at(0).change_data, "data_before");
  EXPECT_EQ(config.tables.at(1).change_data, "none");
}

TEST(ParseConfig, RefusesWrongShapes) {
  EXPECT_EQ(OnlyProblem("lake: {path: [a]}\n"),
            "lake.path must be a single value, not a list (t.yaml:1:14); write 'path: value'");
  EXPECT_EQ(OnlyProblem("lake:\n  path:\n"),
            "lake.path must be a single value, not nothing (t.yaml:2:3); "
            "give it a value, or remove the key to use the default");
  EXPECT_EQ(OnlyProblem("lake: 5\n"),
            "lake must be a mapping, not a single value (t.yaml:1:7); "
            "write its keys below it, indented");
  EXPECT_EQ(OnlyProblem("tables: {name: a}\n"),
            "tables must be a list, not a mapping (t.yaml:1:9); write one '- ' item per entry");
  EXPECT_EQ(OnlyProblem("tables: [5]\n"),
            "tables[0] must be a mapping, not a single value (t.yaml:1:10); "
            "write its keys after '- '");
  EXPECT_EQ(OnlyProblem("tables: [{name: a, source: {kind: files, paths: x}}]\n"),
            "tables[0].source.paths must be a list, not a single value (t.yaml:1:49); "
            "write [first, second] or one '- item' per line");
  EXPECT_EQ(OnlyProblem("- a\n- b\n"),
            "the file must hold a mapping, not a list (t.yaml:1:1); "
            "write 'key: value' lines; 'tapelake config docs' lists the keys");
  EXPECT_EQ(OnlyProblem("tables: [{database: x}]\n"),
            "key 'tables[0].name' is missing (t.yaml:1:10); add 'name: ...'");
  EXPECT_EQ(OnlyProblem("{}\n---\n{}\n"),
            "the file holds more than one YAML document (t.yaml:3:1); "
            "remove the '---' lines; several tables go under 'tables:'");
}

TEST(ParseConfig, RefusesWhatNoKeyAloneCanTell) {
  EXPECT_EQ(OnlyProblem("tables:\n- name: a\n- name: a\n"),
            "table crypto.a is declared twice (t.yaml:3:3); "
            "give each table its own database and name");
  EXPECT_EQ(OnlyProblem("history: {instants_min: 50}\n"),
            "history.instants_min = 50 is not more than history.commits_retained = 60 (); "
            "keep more instants than commits");
  EXPECT_EQ(OnlyProblem("delivery: {raw: maybe}\n"),
            "delivery.raw = 'maybe' is neither true nor false (t.yaml:1:17); "
            "write true or false");
  EXPECT_EQ(OnlyProblem("tables:\n- {name: a, source: {kind: files}}\n"),
            "table crypto.a: source.kind = 'files' names no paths (t.yaml:2:21); "
            "add 'paths: [FILE-OR-DIRECTORY, ...]'");
  EXPECT_EQ(OnlyProblem("tables:\n- {name: a, source: {kind: simulator, paths: [x]}}\n"),
            "table crypto.a: source.paths is given, but source.kind = 'simulator' (t.yaml:2:21); "
            "set 'kind: files', or remove 'paths'");
  EXPECT_EQ(OnlyProblem("tables:\n- {name: a, source: {kind: kinesis}}\n"),
            "table crypto.a: source.kind = 'kinesis' names no stream (t.yaml:2:21); "
            "add 'stream: NAME' (or its ARN)");
  EXPECT_EQ(OnlyProblem("tables:\n- {name: a, source: {kind: stream, stream: s}}\n"),
            "table crypto.a: source.stream is given, but source.kind = 'stream' (t.yaml:2:21); "
            "set 'kind: kinesis', or remove 'stream'");
  for (const char* source : {"kind: dynamodb_streams",
                             "kind: dynamodb_streams, table: t, "
                             "stream_arn: 'arn:x'"}) {
    EXPECT_EQ(OnlyProblem("tables:\n- {name: a, source: {" + std::string(source) + "}}\n"),
              "table crypto.a: source.kind = 'dynamodb_streams' wants either a table or a "
              "stream_arn (t.yaml:2:21); add 'table: NAME', or 'stream_arn: ARN'");
  }
  EXPECT_EQ(OnlyProblem("tables:\n- {name: a, source: {kind: none, table: t}}\n"),
            "table crypto.a: source.table is given, but source.kind = 'none' (t.yaml:2:21); "
            "set 'kind: dynamodb_streams', or remove it");
  EXPECT_EQ(OnlyProblem("tables:\n- {name: a, source: {kind: dynamodb_streams, "
                        "stream_arn: 'arn:x', first_load: true}}\n"),
            "table crypto.a: source.first_load is set without source.table (t.yaml:2:21); "
            "name the DynamoDB table");
  EXPECT_EQ(OnlyProblem("lake: {path: \"\"}\n"),
            "lake.path is empty (); name a directory, for example ./tapelake-data");
}

TEST(ParseConfig, ReportsSeveralProblemsAtOnceButNotEndlessly) {
  EXPECT_EQ(Problems("lake: {pth: 1}\nquery: {threads: 0}\n").size(), 2u);
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += "key" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(Problems(many).size(), kProblemsMax);
}

TEST(ParseConfig, SubstitutesTheEnvironment) {
  EXPECT_EQ(Parsed("lake: {path: \"${LAKE}/x\"}").lake.path, "/data/lake/x");
  EXPECT_EQ(Parsed("lake: {path: \"${NONE:-./here}\"}").lake.path, "./here");
  EXPECT_EQ(Parsed("lake: {path: \"a${NONE:-}b${EMPTY}c\"}").lake.path, "abc");
  EXPECT_EQ(Parsed("query: {threads: \"${COUNT}\"}").query.threads, 7);
  EXPECT_EQ(Parsed("lake: {path: \"$${LAKE}\"}").lake.path, "${LAKE}");
  EXPECT_EQ(Parsed("lake: {path: \"a$b\"}").lake.path, "a$b");
}

TEST(ParseConfig, RefusesVariablesItCannotResolve) {
  EXPECT_EQ(OnlyProblem("lake:\n  path: ${NOT_SET}/x\n"),
            "the environment variable NOT_SET is not set (t.yaml:2:9); "
            "set NOT_SET, or give a default: ${NOT_SET:-value}");
  EXPECT_EQ(OnlyProblem("lake: {path: \"${LAKE\"}\n"),
            "'${LAKE' has no closing '}' (t.yaml:1:14); "
            "write ${NAME} or ${NAME:-default}; for a plain '${' write '$${'");
  EXPECT_EQ(OnlyProblem("lake: {path: \"${a b}\"}\n"),
            "'${a b}' names no environment variable (t.yaml:1:14); "
            "write ${NAME} or ${NAME:-default}; for a plain '${' write '$${'");
}

TEST(ParseConfig, AcceptsAnchorsAndBoundsThem) {
  const Config config = Parsed(
      "tables:\n"
      "  - name: a\n"
      "    columns: &columns\n"
      "      - {name: transaction_id}\n"
      "      - {name: timestamp, type: timestamp}\n"
      "  - {name: b, columns: *columns}\n");
  EXPECT_EQ(config.tables[1].columns[1].type, "timestamp");

  std::string bomb = "tables:\n- &t\n  name: a\n  columns: [";
  for (int i = 0; i < 1000; ++i)
    bomb += "{name: x},";
  bomb += "]\n";
  for (int i = 0; i < 1000; ++i)
    bomb += "- *t\n";
  const std::vector<Problem> problems = Problems(bomb);
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems[0].what, "the configuration has more than 100000 values");
}

TEST(ParseConfig, SurvivesHostileText) {
  EXPECT_NE(OnlyProblem("lake: [").find("no valid YAML"), std::string::npos);
  EXPECT_NE(OnlyProblem("lake: *nobody\n").find("no valid YAML"), std::string::npos);
  EXPECT_NE(OnlyProblem(std::string(50'000, '[')).find("no valid YAML"), std::string::npos);
  EXPECT_NE(OnlyProblem(std::string(kConfigBytesMax + 1, ' ')).find("more than 1MiB"),
            std::string::npos);
  EXPECT_FALSE(Problems("tables: &t [*t]\n").empty());
  EXPECT_FALSE(Problems("? {a: b}\n: c\n").empty());
}

TEST(ConfigYaml, IsReadBackToTheSameValues) {
  Config config = DefaultConfig();
  config.lake.path = "a \"quoted\" ${path} \\ with: #signs";
  config.commit.interval.micros = 1'500'000;
  config.tables[0].source = {};
  config.tables[0].source.kind = "files";
  config.tables[0].source.paths = {"one", "two, three"};
  config.tables[0].columns.resize(2);
  config.tables[0].columns[0].name = "id";
  config.tables[0].columns[1].name = "at";
  EXPECT_EQ(ConfigJson(Parsed(ConfigYaml(config))), ConfigJson(config));
}

TEST(ConfigJsonSchema, IsJsonAndNamesEveryKeyOnce) {
  const Result<base::JsonValue> schema = base::ParseJson(ConfigJsonSchema());
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  const base::JsonValue* properties = schema->Find("properties");
  ASSERT_NE(properties, nullptr);
  EXPECT_EQ(properties->members().size(), 16u);
  const base::JsonValue* table = properties->Find("tables")->Find("items");
  EXPECT_EQ(table->Find("required")->items()[0].text(), "name");
  EXPECT_EQ(table->Find("additionalProperties")->boolean(), false);
}

/// The only problem of a table with this source.
std::string KafkaProblem(const std::string& source) {
  const std::string problem = OnlyProblem("tables:\n- {name: a, source: {" + source + "}}\n");
  const std::string begin = "table crypto.a: ";
  const size_t place = problem.find(" (t.yaml:2:21); ");
  EXPECT_TRUE(problem.starts_with(begin)) << problem;
  EXPECT_NE(place, std::string::npos) << problem;
  return problem.substr(begin.size(), place - begin.size());
}

TEST(KafkaSource, IsCheckedKeyByKey) {
  const std::string good = "kind: kafka, brokers: 'b:9092', topic: t";
  EXPECT_EQ(KafkaProblem("kind: kafka, topic: t"), "source.kind = 'kafka' names no brokers");
  EXPECT_EQ(KafkaProblem("kind: kafka, brokers: 'b:9092'"), "source.kind = 'kafka' names no topic");
  EXPECT_EQ(KafkaProblem("kind: kafka, brokers: 'b:9092', topic: a/b"),
            "source.topic = 'a/b' is no name of one topic");
  EXPECT_EQ(KafkaProblem("kind: none, topic: t"),
            "source.topic is given, but source.kind = 'none'");
  EXPECT_EQ(KafkaProblem(good + ", operation_field: op"),
            "source.operation_field is given, but source.format = 'dynamodb_json'");
  EXPECT_EQ(KafkaProblem(good + ", order_field: v"),
            "source.order_field is given, but source.format = 'dynamodb_json'");
  EXPECT_EQ(KafkaProblem(good + ", format: json, order_field: v"),
            "source.order_field is given without source.operation_field, and a record without a "
            "value, which deletes, has no such field");
  EXPECT_EQ(KafkaProblem(good + ", properties: {group.id: g}"), "source.properties has 'group.id'");
  EXPECT_EQ(OnlyProblem("tables:\n- {name: a, source: {" + good + ", properties: [x]}}\n"),
            "tables[0].source.properties must be a mapping, not a list (t.yaml:2:76); "
            "write {name: text} or one 'name: text' per line");
  EXPECT_EQ(OnlyProblem("tables:\n- {name: a, source: {" + good + ", group: g}}\n" +
                        "- {name: b, source: {" + good + ", group: g}}\n"),
            "table crypto.b: source.group = 'g' reads the topic 't' for table crypto.a already "
            "(t.yaml:3:21); give each table a group of its own");
}

TEST(KafkaSource, KeepsPropertiesAndHidesSecrets) {
  const Config config = Parsed(
      "tables:\n- {name: a, source: {kind: kafka, brokers: 'b:9092', topic: t, format: json, "
      "operation_field: op, order_field: v, properties: {security.protocol: SASL_SSL, "
      "sasl.password: hush, reconnect.backoff.ms: 100}}}\n");
  const SourceConfig& source = config.tables[0].source;
  EXPECT_EQ(source.properties.at("security.protocol"), "SASL_SSL");
  EXPECT_EQ(source.properties.at("sasl.password"), "hush");
  EXPECT_EQ(source.properties.at("reconnect.backoff.ms"), "100");
  for (const std::string& shown : {ConfigYaml(config), ConfigJson(config)}) {
    EXPECT_NE(shown.find("SASL_SSL"), std::string::npos);
    EXPECT_EQ(shown.find("hush"), std::string::npos) << shown;
  }
}

TEST(ConfigMarkdown, NamesKeyDefaultRangeAndReload) {
  const std::string text = ConfigMarkdown();
  EXPECT_NE(text.find("| `commit.interval` | duration | `2s` | 100ms to 1h | "), std::string::npos);
  EXPECT_NE(text.find("| `tables[].name` | text | required |"), std::string::npos);
  EXPECT_NE(
      text.find(
          "| `tables[].source.kind` | text | `none` | `simulator`, `stream`, `files`, `kinesis`, "
          "`dynamodb_streams`, `kafka`, `none` |"),
      std::string::npos);
}

TEST(Value, ReadsNumbers) {
  EXPECT_EQ(ParseNumber("0.8"), 0.8);
  EXPECT_EQ(ParseNumber("-5"), -5);
  EXPECT_EQ(ParseNumber("1e9"), 1e9);
  for (const char* bad : {"", "x", "1x", "nan", "inf", "1e999", "0,5"}) {
    EXPECT_FALSE(ParseNumber(bad)) << bad;
  }
  EXPECT_EQ(FormatNumber(0.1), "0.1");
}

TEST(ParseConfig, ReadsAlarmRules) {
  const Config config = Parsed(
      "alarms:\n"
      "  webhook: http://127.0.0.1:9/x\n"
      "  without: [disk-share]\n"
      "  rules:\n"
      "    - {name: slow, metric: m, labels: [table=a.b], statistic: p99, period: 10s,\n"
      "       evaluation_periods: 3, datapoints_to_alarm: 2, threshold: 0.5,\n"
      "       comparison: LessThanThreshold, treat_missing_data: ignore, actions: [log]}\n");
  ASSERT_EQ(config.alarms.rules.size(), 1u);
  const AlarmRuleConfig& rule = config.alarms.rules[0];
  EXPECT_EQ(rule.place, "t.yaml:5:7");
  EXPECT_EQ(rule.threshold, 0.5);
  EXPECT_EQ(rule.period.micros, 10'000'000);
  EXPECT_EQ(rule.actions, std::vector<std::string>{"log"});
  EXPECT_EQ(OnlyProblem("alarms: {rules: [{name: a, metric: b, threshold: much}]}\n"),
            "alarms.rules[0].threshold = 'much' is no number (t.yaml:1:50); write a number, for "
            "example 0.8");
  EXPECT_EQ(OnlyProblem("alarms: {rules: [{name: a, metric: b}]}\n"),
            "key 'alarms.rules[0].threshold' is missing (t.yaml:1:18); add 'threshold: ...'");
}

}  // namespace
}  // namespace tapelake::config
