#include "source/simulator.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/decimal.h"
#include "base/json.h"
#include "base/time.h"
#include "io/local_file_system.h"
#include "source/paced_source.h"

namespace tapelake::source {
namespace {

using base::JsonValue;

constexpr int64_t kMinute = 60 * base::kMicrosPerSecond;

std::vector<std::string> ReadAll(record::RecordSource& source) {
  std::vector<std::string> records;
  record::RecordBlock block;
  while (source.ReadBlock(&block).ValueOrDie()) {
    for (const auto& entry : block.entries) {
      EXPECT_EQ(entry.offset, records.size());
      records.emplace_back(block.bytes(entry));
    }
    EXPECT_EQ(block.end_offset, records.size());
  }
  return records;
}

struct Tape {
  std::vector<std::string> events;
  std::string expected;
  SimulatorCounts counts;
};

Tape Simulate(const SimulatorOptions& options) {
  Tape run;
  auto simulator = Simulator::Make(options).ValueOrDie();
  run.events = ReadAll(*simulator);
  run.counts = simulator->counts();
  io::LocalFileSystem files;
  const std::string path = ::testing::TempDir() + "expected-" + std::to_string(getpid()) + ".csv";
  EXPECT_TRUE(simulator->WriteExpected(files, path).ok());
  run.expected = files.ReadFile(path).ValueOrDie();
  EXPECT_TRUE(files.DeleteFile(path).ok());
  return run;
}

SimulatorOptions Kinesis(int64_t changes) {
  SimulatorOptions options;
  options.seed = 7;
  options.changes = changes;
  options.shape = record::RecordShape::kKinesis;
  return options;
}

SimulatorOptions Streams(int64_t changes) {
  SimulatorOptions options = Kinesis(changes);
  options.shape = record::RecordShape::kStreams;
  return options;
}

/// One parsed event.
struct Event {
  std::string name;
  std::string key;
  int64_t micros = 0;
  JsonValue json;
  const JsonValue* New() const { return json.Find("dynamodb")->Find("NewImage"); }
  const JsonValue* Old() const { return json.Find("dynamodb")->Find("OldImage"); }
};

std::vector<Event> Parse(const std::vector<std::string>& records) {
  std::vector<Event> events;
  for (const std::string& record : records) {
    Event event{.json = base::ParseJson(record).ValueOrDie()};
    event.name = event.json.Find("eventName")->text();
    const JsonValue* key = event.json.Find("dynamodb")->Find("Keys")->Find("transaction_id");
    event.key = key->Find("S")->text();
    event.micros = CreationMicros(record).value_or(0);
    events.push_back(std::move(event));
  }
  return events;
}

std::string Text(const JsonValue* image, const char* attribute, const char* type) {
  const JsonValue* value = image->Find(attribute);
  const JsonValue* text = value != nullptr ? value->Find(type) : nullptr;
  return text != nullptr ? text->text() : "\\N";
}

/// The JSON of an image without its place in the record, to compare images.
std::string ImageText(const std::string& record, const char* member) {
  const size_t begin = record.find(std::string("\"") + member + "\":");
  if (begin == std::string::npos) return "";
  const size_t from = record.find('{', begin);
  int depth = 0;
  for (size_t at = from; at < record.size(); ++at) {
    if (record[at] == '"') {
      while (record[++at] != '"')
        at += record[at] == '\\' ? 1 : 0;
    }
    depth += record[at] == '{' ? 1 : record[at] == '}' ? -1 : 0;
    if (depth == 0) return record.substr(from, at + 1 - from);
  }
  return "";
}

/// Rows of a CSV with `"` quoting; cells as text, null as `\N`.
std::vector<std::vector<std::string>> ParseCsv(const std::string& text) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      rows.back().back().push_back(text[++i]);
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      rows.back().emplace_back();
    } else if (!quoted && c == '\n') {
      if (i + 1 < text.size()) rows.push_back({""});
    } else {
      rows.back().back().push_back(c);
    }
  }
  return rows;
}

std::map<std::string, std::map<std::string, std::string>> RowsByKey(const std::string& csv) {
  const auto rows = ParseCsv(csv);
  std::map<std::string, std::map<std::string, std::string>> result;
  for (size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].size(), rows[0].size());
    for (size_t j = 0; j < rows[0].size(); ++j)
      result[rows[i][0]][rows[0][j]] = rows[i][j];
  }
  return result;
}

TEST(Simulator, SameOptionsGiveTheSameBytes) {
  for (SimulatorOptions options : {Kinesis(3000), Streams(3000)}) {
    options.duplicates = 0.05;
    options.disorder_micros = kMinute;
    const Tape once = Simulate(options);
    const Tape again = Simulate(options);
    EXPECT_EQ(once.events, again.events);
    EXPECT_EQ(once.expected, again.expected);
    options.seed = 8;
    EXPECT_NE(Simulate(options).events[0], once.events[0]);
  }
}

TEST(Simulator, MakesAsManyChangesAsAskedForAndCountsThem) {
  SimulatorOptions options = Streams(5000);
  options.duplicates = 0.1;
  options.disorder_micros = kMinute;
  const Tape run = Simulate(options);
  std::map<std::string, int64_t> names;
  std::set<std::string> different;
  for (const std::string& event : run.events) {
    if (different.insert(event).second) ++names[base::ParseJson(event)->Find("eventName")->text()];
  }
  EXPECT_EQ(run.counts.changes, 5000);
  EXPECT_EQ(static_cast<int64_t>(different.size()), 5000);
  EXPECT_EQ(run.counts.events, static_cast<int64_t>(run.events.size()));
  EXPECT_EQ(run.counts.events, 5000 + run.counts.duplicates);
  EXPECT_NEAR(static_cast<double>(run.counts.duplicates), 500, 100);
  EXPECT_EQ(names["INSERT"], run.counts.inserts);
  EXPECT_EQ(names["MODIFY"], run.counts.modifies);
  EXPECT_EQ(names["REMOVE"], run.counts.removes);
  EXPECT_EQ(run.counts.rows, static_cast<int64_t>(RowsByKey(run.expected).size()));
}

TEST(Simulator, DisorderNeverExceedsTheBound) {
  SimulatorOptions options = Kinesis(5000);
  options.duplicates = 0.05;
  options.disorder_micros = 20 * base::kMicrosPerSecond;
  options.changes_per_second = 50;
  int64_t newest = 0;
  int64_t most = 0;
  int64_t late = 0;
  for (const Event& event : Parse(Simulate(options).events)) {
    newest = std::max(newest, event.micros);
    most = std::max(most, newest - event.micros);
    late += event.micros < newest ? 1 : 0;
  }
  EXPECT_LE(most, options.disorder_micros);
  EXPECT_GT(most, options.disorder_micros / 2);
  EXPECT_NEAR(static_cast<double>(late), 500, 150);  // 5% late, 5% repeated
}

TEST(Simulator, WithoutDisorderTimeOnlyGrowsAndDuplicatesComeWithinAMinute) {
  SimulatorOptions options = Kinesis(4000);
  options.duplicates = 0.05;
  std::set<std::string> seen;
  int64_t newest = 0;
  int64_t duplicates = 0;
  const Tape run = Simulate(options);
  for (const std::string& record : run.events) {
    const int64_t micros = CreationMicros(record).value();
    if (seen.insert(record).second) {
      EXPECT_GT(micros, newest);
      newest = micros;
    } else {
      ++duplicates;
      EXPECT_LE(newest - micros, kMinute);
    }
  }
  EXPECT_EQ(duplicates, run.counts.duplicates);
}

TEST(Simulator, TheTableDoesNotDependOnHowItsChangesAreDelivered) {
  SimulatorOptions options = Streams(4000);
  const std::string plain = Simulate(options).expected;
  options.duplicates = 0.3;
  options.disorder_micros = 10 * kMinute;
  options.disorder_fraction = 0.5;
  EXPECT_EQ(Simulate(options).expected, plain);
}

TEST(Simulator, ImagesOfAnItemFormAChain) {
  std::map<std::string, std::string> items;
  for (const std::string& record : Simulate(Streams(8000)).events) {
    const std::string key = ImageText(record, "Keys");
    EXPECT_EQ(ImageText(record, "OldImage"), items[key]);
    EXPECT_NE(ImageText(record, "NewImage"), items[key]) << "a change that changes nothing";
    items[key] = ImageText(record, "NewImage");
  }
}

// Cross-check of the oracle: folding the events in order must lead to the same rows.
TEST(Simulator, ExpectedTableEqualsTheFoldedEventsInBothShapes) {
  for (const SimulatorOptions& options : {Streams(8000), Kinesis(8000)}) {
    const Tape run = Simulate(options);
    const std::vector<Event> events = Parse(run.events);
    std::map<std::string, const Event*> last;
    for (const Event& event : events)
      last[event.key] = &event;
    auto rows = RowsByKey(run.expected);
    for (const auto& [key, event] : last) {
      if (event->New() == nullptr) {
        EXPECT_EQ(rows.count(key), 0u);
        continue;
      }
      ASSERT_EQ(rows.count(key), 1u);
      const auto& row = rows[key];
      EXPECT_EQ(row.at("event_date"), Text(event->New(), "timestamp", "S").substr(0, 10));
      EXPECT_EQ(row.at("user_id"), Text(event->New(), "user_id", "S"));
      EXPECT_EQ(row.at("trade_status"), Text(event->New(), "trade_status", "S"));
      EXPECT_EQ(row.at("settlement_network"), Text(event->New(), "settlement_network", "S"));
      EXPECT_EQ(row.at("_change_time"), base::FormatIso8601Micros(event->micros));
      const JsonValue* sequence = event->json.Find("dynamodb")->Find("SequenceNumber");
      EXPECT_EQ(row.at("_change_sequence"), sequence ? sequence->text() : "\\N");
      for (const char* column : {"price", "quantity", "trade_fee", "slippage"}) {
        base::Int128 scaled = 0;
        const bool fits = base::ParseDecimal(Text(event->New(), column, "N"), 38, 18, &scaled) ==
                          base::DecimalOutcome::kOk;
        EXPECT_EQ(row.at(column), fits ? base::FormatDecimal(scaled, 18) : "\\N");
      }
      rows.erase(key);
    }
    EXPECT_TRUE(rows.empty());
  }
}

TEST(Simulator, ExpectedTableIsSortedAndHasTheAgreedColumns) {
  const auto rows = ParseCsv(Simulate(Streams(2000)).expected);
  const std::vector<std::string> columns = {
      "transaction_id",     "_change_sequence", "_change_time",  "_rescued",  "event_date",
      "exchange",           "order_source",     "order_type",    "price",     "quantity",
      "settlement_network", "slippage",         "timestamp",     "trade_fee", "trade_status",
      "trading_pair",       "user_id",          "wallet_address"};
  EXPECT_EQ(rows[0], columns);
  for (size_t i = 2; i < rows.size(); ++i)
    EXPECT_LT(rows[i - 1][0], rows[i][0]);
}

TEST(Simulator, WhatDoesNotFitIsRescuedInTheExpectedTable) {
  SimulatorOptions options = Streams(6000);
  options.odd_types = 0.2;
  std::set<std::string> rescued;
  for (const auto& [key, row] : RowsByKey(Simulate(options).expected)) {
    rescued.insert(row.at("_rescued"));
    if (row.at("_rescued").starts_with("{\"price\"")) {
      EXPECT_EQ(row.at("price"), "\\N");
    }
  }
  EXPECT_TRUE(rescued.contains("\\N"));
  EXPECT_TRUE(rescued.contains(R"({"price":{"S":"n/a"}})"));
  EXPECT_TRUE(rescued.contains(R"({"risk-score":{"N":"0.875"}})"));
  EXPECT_TRUE(rescued.contains(R"({"Price":{"N":"1"}})"));
  EXPECT_TRUE(rescued.contains(R"({"trade_fee":{"NS":["10","9.5","-1"]}})"));
  EXPECT_TRUE(rescued.contains(R"({"wallet_address":{"B":"AAH+/w=="}})"));
  EXPECT_TRUE(rescued.contains(R"({"order_source":{"BOOL":true}})"));
}

TEST(Simulator, AllTenTypesAndMovesAndSecondLivesAppear) {
  std::set<std::string> types;
  std::set<std::string> removed;
  int64_t moves = 0;
  int64_t second_lives = 0;
  const Tape run = Simulate(Streams(20000));
  for (const Event& event : Parse(run.events)) {
    for (const JsonValue* image : {event.New(), event.Old()}) {
      if (image == nullptr) continue;
      for (const auto& member : image->members())
        types.insert(member.value.members()[0].key);
    }
    if (event.New() != nullptr && event.Old() != nullptr) {
      moves += Text(event.New(), "timestamp", "S").substr(0, 10) !=
                       Text(event.Old(), "timestamp", "S").substr(0, 10)
                   ? 1
                   : 0;
    }
    if (event.name == "REMOVE") removed.insert(event.key);
    if (event.name == "INSERT" && removed.contains(event.key)) ++second_lives;
  }
  EXPECT_EQ(types,
            (std::set<std::string>{"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}));
  EXPECT_GT(moves, 100);
  EXPECT_EQ(moves, run.counts.moves);
  EXPECT_GT(second_lives, 20);
}

TEST(Simulator, AddedAttributesAppearMidwayAndKeepTheirTypes) {
  SimulatorOptions options = Streams(6000);
  options.added_attributes = 9;
  const std::map<std::string, std::string> added = {
      {"slippage", "N"}, {"settlement_network", "S"}, {"is_margin", "BOOL"},
      {"labels", "SS"},  {"fill_sizes", "NS"},        {"routing", "M"},
      {"legs", "L"},     {"client_tag", "B"},         {"proofs", "BS"}};
  std::set<std::string> seen;
  const Tape run = Simulate(options);
  const std::vector<Event> events = Parse(run.events);
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].New() == nullptr) continue;
    for (const auto& member : events[i].New()->members()) {
      const auto known = added.find(member.key);
      if (known == added.end()) continue;
      seen.insert(member.key);
      EXPECT_GE(i, 3000u);
      EXPECT_EQ(member.value.members()[0].key, known->second);
    }
  }
  EXPECT_EQ(seen.size(), added.size());
  for (const auto& [name, type] : added) {
    EXPECT_NE(run.expected.find("," + name + ","), std::string::npos) << name;
  }
}

TEST(Simulator, NestedColumnsAreCanonicalInTheExpectedTable) {
  SimulatorOptions options = Streams(4000);
  options.added_attributes = 9;
  int checked = 0;
  for (const auto& [key, row] : RowsByKey(Simulate(options).expected)) {
    if (row.at("labels") != "\\N") {
      EXPECT_TRUE(row.at("labels").starts_with(R"(["algo","maker-)")) << row.at("labels");
      ++checked;
    }
    if (row.at("routing") != "\\N") {
      EXPECT_TRUE(row.at("routing").starts_with(R"({"direct":)"));
    }
    if (row.at("fill_sizes") != "\\N") {
      EXPECT_TRUE(row.at("fill_sizes").starts_with("[-2,"));
    }
    if (row.at("client_tag") != "\\N") {
      EXPECT_TRUE(row.at("client_tag").starts_with("01ff"));
    }
    if (row.at("is_margin") != "\\N") {
      EXPECT_TRUE(row.at("is_margin") == "True" || row.at("is_margin") == "False");
    }
  }
  EXPECT_GT(checked, 100);
}

TEST(Simulator, DefaultRunCrossesTwoDayBorders) {
  std::set<std::string> days;
  for (const Event& event : Parse(Simulate(Streams(20000)).events)) {
    if (event.name == "INSERT") days.insert(Text(event.New(), "timestamp", "S").substr(0, 10));
  }
  EXPECT_TRUE(days.contains("2024-05-01"));
  EXPECT_TRUE(days.contains("2024-05-02"));
  EXPECT_TRUE(days.contains("2024-05-03"));
}

TEST(Simulator, ArrivalsComeInClusters) {
  SimulatorOptions options = Kinesis(20000);
  options.changes_per_second = 2;
  std::map<int64_t, double> inserts_per_bin;  // 5 s
  double total = 0;
  for (const Event& event : Parse(Simulate(options).events)) {
    if (event.name != "INSERT") continue;
    ++inserts_per_bin[event.micros / (5 * base::kMicrosPerSecond)];
    ++total;
  }
  const double bins =
      static_cast<double>(inserts_per_bin.rbegin()->first - inserts_per_bin.begin()->first + 1);
  const double mean = total / bins;
  double squares = mean * mean * (bins - static_cast<double>(inserts_per_bin.size()));
  for (const auto& [bin, count] : inserts_per_bin)
    squares += (count - mean) * (count - mean);
  EXPECT_GT(squares / bins / mean, 1.5);  // Poisson arrivals would give 1
}

/// A clock that moves only when told.
class HandClock : public io::Clock {
 public:
  int64_t WallMicros() override { return wall_micros + steady_micros; }
  int64_t SteadyMicros() override { return steady_micros; }
  void Sleep(int64_t micros) override { steady_micros += std::max<int64_t>(micros, 0); }
  int64_t wall_micros = 1'790'000'000'000'000;
  int64_t steady_micros = 5'000'000;
};

TEST(LiveSimulator, HandsOutWhatIsDueByTheClockAndNothingElse) {
  HandClock clock;
  SimulatorOptions options = Kinesis(0);
  options.changes_per_second = 1000;
  auto simulator = Simulator::MakeLive(options, clock).ValueOrDie();
  const int64_t start = clock.WallMicros();
  record::RecordBlock block;
  EXPECT_TRUE(simulator->ReadBlock(&block).ValueOrDie());
  EXPECT_TRUE(block.entries.empty());
  clock.steady_micros += 200 * base::kMicrosPerSecond;
  int64_t events = 0;
  do {
    ASSERT_TRUE(simulator->ReadBlock(&block).ValueOrDie());
    for (const auto& entry : block.entries) {
      const int64_t micros = CreationMicros(block.bytes(entry)).value();
      EXPECT_GE(micros, start);
      EXPECT_LE(micros, clock.WallMicros());
    }
    events += static_cast<int64_t>(block.entries.size());
  } while (!block.entries.empty());
  EXPECT_NEAR(static_cast<double>(events), 200'000, 40'000);
}

TEST(LiveSimulator, HandsOutItsPastAtOnce) {
  HandClock clock;
  SimulatorOptions options = Kinesis(0);
  options.changes_per_second = 100;
  options.history_micros = 60 * base::kMicrosPerSecond;
  auto simulator = Simulator::MakeLive(options, clock).ValueOrDie();
  const int64_t start = clock.WallMicros();
  record::RecordBlock block;
  int64_t events = 0;
  do {
    ASSERT_TRUE(simulator->ReadBlock(&block).ValueOrDie());
    for (const auto& entry : block.entries) {
      const int64_t micros = CreationMicros(block.bytes(entry)).value();
      EXPECT_GE(micros, start - options.history_micros);
      EXPECT_LE(micros, start);
    }
    events += static_cast<int64_t>(block.entries.size());
  } while (!block.entries.empty());
  EXPECT_NEAR(static_cast<double>(events), 6'000, 2'000);
}

TEST(LiveSimulator, ForgetsRowsThatWillNotChange) {
  HandClock clock;
  SimulatorOptions options = Kinesis(0);
  options.changes_per_second = 1000;
  auto simulator = Simulator::MakeLive(options, clock).ValueOrDie();
  record::RecordBlock block;
  for (int second = 0; second < 100; ++second) {
    clock.Sleep(base::kMicrosPerSecond);
    ASSERT_TRUE(simulator->ReadBlock(&block).ValueOrDie());
  }
  const SimulatorCounts& counts = simulator->counts();
  EXPECT_LT(counts.rows, counts.inserts / 2);
  io::LocalFileSystem files;
  EXPECT_EQ(KindOf(simulator->WriteExpected(files, "unused.csv")), ErrorKind::kInvalid);
}

TEST(Simulator, RefusesOptionsOutOfRangeAndNamesThem) {
  SimulatorOptions options;
  options.duplicates = 1.5;
  const Status status = Simulator::Make(options).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_NE(status.message().find("duplicates"), std::string::npos);
  options = SimulatorOptions();
  options.changes = 0;
  EXPECT_EQ(KindOf(Simulator::Make(options).status()), ErrorKind::kInvalid);
  options.added_attributes = 10;
  EXPECT_EQ(KindOf(Simulator::Make(options).status()), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::source
