#include "source/dynamodb_streams/dynamodb_log.h"

#include <gmock/gmock.h>

#include <set>

#include "source/dynamodb_streams/testing_dynamodb.h"
#include "testing/fake_clock.h"

namespace tapelake::source {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int64_t kNow = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kHour = 3'600 * kSecond;

class FixedKeys : public io::aws::CredentialSource {
 public:
  Result<io::aws::Credentials> Get() override {
    return io::aws::Credentials{.access_key_id = "A", .secret_access_key = "s"};
  }
  void Refuse(const io::aws::Credentials&) override {}
};

class DynamodbLogTest : public ::testing::Test {
 protected:
  DynamodbLogTest() { options_.table = "T"; }

  std::shared_ptr<io::aws::JsonClient> Client(io::aws::JsonService service) {
    return std::make_shared<io::aws::JsonClient>(
        io::aws::JsonEnvironment{
            .http = server_, .credentials = keys_, .clock = clock_, .random = random_},
        std::move(service),
        io::aws::JsonSettings{.endpoint = "http://127.0.0.1:1", .region = "eu-west-1"});
  }

  /// Another life of the process, which goes on from the marks of the last one.
  void Reopen() {
    log_ = std::make_unique<DynamodbLog>(
        DynamodbLog::Clients{.streams = Client(DynamodbStreamsService()),
                             .tables = Client(DynamodbService())},
        clock_, random_, options_, marks_);
  }

  Result<bool> ReadOne() {
    PullBatch batch;
    TAPELAKE_ASSIGN_OR_RAISE(const bool brought, log_->Read(&batch));
    if (brought) Take(batch);
    return brought;
  }

  void Run(int64_t micros = 30 * kSecond) {
    const int64_t end = clock_.SteadyMicros() + micros;
    while (clock_.SteadyMicros() < end) {
      const auto brought = ReadOne();
      ASSERT_TRUE(brought.ok()) << brought.status();
      if (!*brought) clock_.Sleep(kSecond / 20);
    }
  }

  /// As the table's worker and ingest do: what has a higher sequence number wins.
  void Take(const PullBatch& batch) {
    for (const PullMark& news : batch.marks)
      marks_[news.source_id] = news.mark;
    for (const std::string& source : batch.forgotten)
      marks_.erase(source);
    for (const record::RecordBlock::Entry& entry : batch.block.entries)
      TakeRecord(std::string(batch.block.bytes(entry)));
  }

  void TakeRecord(const std::string& text) {
    const auto document = base::ParseJson(text);
    ASSERT_TRUE(document.ok()) << text;
    const base::JsonValue& change = *document->Find("dynamodb");
    const std::string key = change.Find("Keys")->Find("id")->Find("S")->text();
    const uint64_t sequence = std::stoull(change.Find("SequenceNumber")->text());
    (sequence == 0 ? scanned_ : streamed_).push_back(key);
    const auto known = newest_.find(key);
    if (known != newest_.end() && known->second >= sequence) return;
    newest_[key] = sequence;
    rows_.erase(key);
    if (document->Find("eventName")->text() == "REMOVE") return;
    rows_[key] = std::stoi(change.Find("NewImage")->Find("v")->Find("N")->text());
  }

  tapelake::testing::FakeClock clock_{kNow};
  io::SeededRandom random_{5};
  testing::FakeDynamodb server_{clock_};
  FixedKeys keys_;
  DynamodbLogOptions options_;
  std::unique_ptr<DynamodbLog> log_;
  std::map<std::string, record::LogMark> marks_;
  std::map<std::string, int> rows_;
  std::map<std::string, uint64_t> newest_;
  std::vector<std::string> scanned_;
  std::vector<std::string> streamed_;
};

TEST_F(DynamodbLogTest, ReadsTheStreamThroughItsShardsInOrder) {
  for (int i = 1; i <= 10; ++i)
    server_.Write("a", i);
  server_.RollOver();
  server_.Write("a", 11);
  server_.RollOver();
  server_.Write("b", 1);
  Reopen();
  Run();
  EXPECT_EQ(rows_, server_.items);
  EXPECT_EQ(streamed_.size(), 12u);
  EXPECT_EQ(marks_.size(), 3u);
  EXPECT_TRUE(marks_.begin()->second.at_end);
  EXPECT_THAT(marks_.begin()->first,
              StartsWith("dynamodb_streams:T@2026-11-22T18:00:00.000/shard-0"));
  server_.Write("b", 0);
  Reopen();
  Run();
  EXPECT_EQ(rows_, server_.items);
  EXPECT_EQ(streamed_.size(), 13u);
}

TEST_F(DynamodbLogTest, WhatTheStreamCannotGiveIsAnErrorWithTheRemedy) {
  server_.stream_view = "KEYS_ONLY";
  Reopen();
  EXPECT_THAT(ReadOne().status().message(), HasSubstr("NEW_AND_OLD_IMAGES"));
  server_.stream_label = "";
  server_.stream_view = "";
  Reopen();
  EXPECT_THAT(ReadOne().status().message(), HasSubstr("'T' has no stream"));
}

TEST_F(DynamodbLogTest, TrimmedRecordsAreAGap) {
  server_.Write("a", 1);
  Reopen();
  Run();
  server_.Write("a", 2);
  server_.Write("a", 3);
  server_.shards.at("shard-0").trimmed = 2;
  clock_.Advance(30 * kHour);
  Reopen();
  Run();
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_EQ(rows_.at("a"), 3);
}

TEST_F(DynamodbLogTest, AnExpiredIteratorAndThrottlingLoseNothing) {
  server_.errors = {"",
                    "",
                    "",
                    "ExpiredIteratorException",
                    "LimitExceededException",
                    "LimitExceededException",
                    "",
                    "LimitExceededException"};
  for (int i = 1; i <= 10; ++i)
    server_.Write("a", i);
  Reopen();
  Run(60 * kSecond);
  EXPECT_EQ(streamed_.size(), 10u);
  EXPECT_EQ(log_->figures().gaps, 0);
}

TEST_F(DynamodbLogTest, FirstLoadTakesWhatIsThereAndGoesOn) {
  for (int i = 0; i < 50; ++i)
    server_.items["old" + std::to_string(i)] = 1;  // of before there was a stream
  options_.first_load = true;
  Reopen();
  Run();
  EXPECT_EQ(rows_, server_.items);
  EXPECT_EQ(scanned_.size(), 50u);
  EXPECT_EQ(std::set<std::string>(scanned_.begin(), scanned_.end()).size(), 50u);
  server_.Write("old7", 0);
  server_.Write("new", 1);
  Run();
  EXPECT_EQ(rows_, server_.items);

  server_.calls.clear();
  server_.Write("new", 2);
  Reopen();
  Run();
  EXPECT_EQ(rows_, server_.items);
  EXPECT_THAT(server_.calls, Not(Contains("Scan"))) << "once";
}

TEST_F(DynamodbLogTest, ThePlacesOfTheStreamAreFixedBeforeTheFirstItemIsAskedFor) {
  server_.items["a"] = 1;
  options_.first_load = true;
  Reopen();
  ASSERT_TRUE(*ReadOne());
  EXPECT_THAT(server_.calls, Not(Contains("Scan")));
  EXPECT_EQ(marks_.count("dynamodb_streams:T@2026-11-22T18:00:00.000/shard-0"), 1u);
  EXPECT_EQ(marks_.size(), 1u + TableScan::kSegments);
  EXPECT_THAT(scanned_, IsEmpty());
}

/// What a commit can lack if it was made before the rest could be in it.
TEST_F(DynamodbLogTest, AScanThatACommitKnowsInPartLosesNothing) {
  for (int i = 0; i < 50; ++i)
    server_.items["old" + std::to_string(i)] = 1;
  options_.first_load = true;
  Reopen();
  Run();
  ASSERT_EQ(scanned_.size(), 50u);
  const auto all = marks_;
  std::erase_if(marks_, [](const auto& mark) { return mark.first.ends_with("/2-of-4"); });
  scanned_.clear();
  Reopen();
  Run();
  EXPECT_THAT(scanned_, Not(IsEmpty())) << "the segment that is not known";
  EXPECT_LT(scanned_.size(), 50u);

  marks_ = all;
  std::erase_if(marks_,
                [](const auto& mark) { return mark.first.starts_with("dynamodb_streams"); });
  scanned_.clear();
  Reopen();
  Run();
  EXPECT_EQ(scanned_.size(), 50u) << "without the places of the stream it is no first load";
}

TEST_F(DynamodbLogTest, AMarkThatIsNoneIsRefusedAndNamed) {
  server_.items["a"] = 1;
  options_.first_load = true;
  Reopen();
  Run();
  for (const char* text : {"scan?", "scan x", "sca", ""}) {
    auto marks = marks_;
    marks.at("dynamodb_scan:T@1795300000/1-of-4").text = text;
    marks_.swap(marks);
    Reopen();
    marks_.swap(marks);
    ASSERT_TRUE(ReadOne().ok()) << "what the table is";
    const Status refused = ReadOne().status();
    EXPECT_EQ(KindOf(refused), ErrorKind::kCorrupt) << text;
    EXPECT_THAT(refused.message(), HasSubstr("/1-of-4"));
  }
}

TEST_F(DynamodbLogTest, AFirstLoadWaitsForTheStreamsFirstShard) {
  server_.items["a"] = 1;
  options_.first_load = true;
  server_.shards.clear();
  Reopen();
  Run(5 * kSecond);
  EXPECT_THAT(server_.calls, Not(Contains("Scan")));
  server_.shards["shard-0"];
  Run();
  EXPECT_EQ(rows_, server_.items);
}

TEST_F(DynamodbLogTest, AFirstLoadOfATableWhoseStreamIsOffIsRefused) {
  options_.first_load = true;
  server_.stream_view = "";
  Reopen();
  EXPECT_THAT(ReadOne().status().message(), HasSubstr("'T' is off"));
}

TEST_F(DynamodbLogTest, OldChangesAreNotReadAgainAfterTheScan) {
  for (int i = 1; i <= 9; ++i)
    server_.Write("a", i);
  clock_.Advance(kHour);
  server_.Write("b", 1);
  options_.first_load = true;
  Reopen();
  Run();
  EXPECT_EQ(rows_, server_.items);
  EXPECT_THAT(streamed_, ElementsAre("b"));
}

TEST_F(DynamodbLogTest, AScanThatTookLongerThanTheStreamKeepsRecordsIsAGap) {
  server_.items["a"] = 1;
  options_.first_load = true;
  Reopen();
  ASSERT_TRUE(*ReadOne());
  clock_.Advance(25 * kHour);
  Run();
  EXPECT_EQ(log_->figures().gaps, 1);
}

TEST_F(DynamodbLogTest, AThrottledScanGoesOn) {
  for (int i = 0; i < 20; ++i)
    server_.items["k" + std::to_string(i)] = 1;
  options_.first_load = true;
  server_.errors = {"", "", ""};
  for (int i = 0; i < 30; ++i)
    server_.errors.emplace_back("ProvisionedThroughputExceededException");
  Reopen();
  Run(300 * kSecond);
  EXPECT_EQ(rows_, server_.items);
  EXPECT_GT(log_->figures().throttled, 0);
}

TEST_F(DynamodbLogTest, LagGrowsWhileTheScanRuns) {
  server_.items["a"] = 1;
  options_.first_load = true;
  Reopen();
  ASSERT_TRUE(*ReadOne());
  clock_.Advance(100 * kSecond);
  ASSERT_TRUE(ReadOne().ok());
  EXPECT_GE(log_->figures().lag_micros, 100 * kSecond);
}

TEST(ScanRecord, IsAnInsertOlderThanAnyOfAStream) {
  std::string text;
  ASSERT_TRUE(AppendScanRecord(R"({"a":{"N":"1"},"k\"1":{"S":"x"}})",
                               {.incarnation = "1", .keys = {"k\"1"}}, 1'795'370'400'007'000, &text)
                  .ok());
  EXPECT_EQ(text, R"({"eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb",)"
                  R"("dynamodb":{"ApproximateCreationDateTime":1795370400.007,)"
                  R"("Keys":{"k\"1":{"S":"x"}},"NewImage":{"a":{"N":"1"},"k\"1":{"S":"x"}},)"
                  R"("SequenceNumber":"0","StreamViewType":"NEW_AND_OLD_IMAGES"}})");
}

/// The table is written to all the time, the process dies at random: in the end the rows are the
/// table's.
TEST_F(DynamodbLogTest, FirstLoadOfATableThatIsWrittenToLosesAndDoublesNothing) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    io::SeededRandom dice(seed);
    server_.Reset("label-" + std::to_string(seed));
    marks_.clear();
    rows_.clear();
    newest_.clear();
    options_.first_load = true;
    int version = 1;
    const auto write = [&] {
      const std::string key = "k" + std::to_string(dice.Below(40));
      server_.WriteLocked(key, dice.Below(4) == 0 ? 0 : version++);
    };
    for (int i = 0; i < 60; ++i)
      write();
    clock_.Advance(static_cast<int64_t>(dice.Below(2 * kHour)));
    server_.on_call = [&](const std::string&) {
      for (uint64_t i = dice.Below(3); i > 0; --i)
        write();
    };
    Reopen();
    for (int step = 0; step < 60; ++step) {
      if (dice.Below(6) == 0) Reopen();
      if (dice.Below(8) == 0) server_.RollOver();
      Run(static_cast<int64_t>(dice.Below(500'000)));
    }
    server_.on_call = nullptr;
    Run(60 * kSecond);
    ASSERT_EQ(rows_, server_.items) << "seed " << seed;
    ASSERT_EQ(log_->figures().gaps, 0) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tapelake::source
