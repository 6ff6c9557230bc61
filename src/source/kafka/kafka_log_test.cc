#include "source/kafka/kafka_log.h"

#include <gmock/gmock.h>

#include "source/kafka/testing_topic.h"
#include "testing/fake_clock.h"

namespace tapelake::source {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kNow = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z
constexpr int64_t kSecond = 1'000'000;
constexpr char kSource[] = "kafka:orders/";

class KafkaLogTest : public ::testing::Test {
 protected:
  void Open() {
    options_.topic = "orders";
    log_ = std::make_unique<KafkaLog>(
        [this]() -> Result<std::unique_ptr<KafkaConsumer>> {
          if (!topic_.make_fails.empty()) {
            const Status failure = topic_.make_fails.front();
            topic_.make_fails.pop_front();
            return failure;
          }
          return std::make_unique<testing::FakeConsumer>(topic_);
        },
        clock_, options_, marks_);
  }

  /// Take what is there: `partition:position=text`, and the marks as a commit would keep them.
  std::vector<std::string> ReadAll() {
    std::vector<std::string> records;
    for (int idle = 0; idle < 3;) {
      PullBatch batch;
      const auto brought = log_->Read(&batch);
      if (!brought.ok()) {
        ADD_FAILURE() << brought.status();
        return records;
      }
      idle = *brought ? 0 : idle + 1;
      if (!*brought) clock_.Advance(kSecond);
      for (const PullMark& mark : batch.marks) {
        fresh_ += mark.fresh ? 1 : 0;
        marks_.insert_or_assign(mark.source_id, mark.mark);
      }
      for (const std::string& source : batch.forgotten)
        marks_.erase(source);
      for (const auto& entry : batch.block.entries) {
        records.push_back(batch.source_id.substr(sizeof(kSource) - 1) + ":" +
                          std::to_string(entry.offset) + "=" +
                          std::string(batch.block.bytes(entry)));
        EXPECT_GE(batch.block.buffer.size(),
                  entry.begin + entry.size + record::kRecordPaddingBytes);
      }
    }
    return records;
  }
  std::string MarkOf(int partition) {
    const auto& mark = marks_.at(kSource + std::to_string(partition));
    return std::to_string(mark.offset) + " | " + mark.text.substr(0, mark.text.rfind(' '));
  }

  tapelake::testing::FakeClock clock_{kNow};
  testing::FakeTopic topic_{clock_, 2};
  KafkaLogOptions options_;
  std::map<std::string, record::LogMark> marks_;
  int fresh_ = 0;
  std::unique_ptr<KafkaLog> log_;
};

TEST_F(KafkaLogTest, PositionsAreOffsetsInEveryLife) {
  topic_.Put(0, "a");
  topic_.Put(1, "b");
  topic_.Put(0, "c");
  Open();
  EXPECT_THAT(ReadAll(), UnorderedElementsAre("0:0=a", "0:1=c", "1:0=b"));
  EXPECT_EQ(MarkOf(0), "2 | 2 2");
  topic_.Put(0, "d");
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("0:2=d")) << "behind the mark, the record before it compared";
  EXPECT_EQ(log_->figures().gaps, 0);
  EXPECT_EQ(log_->figures().parts, 2);
  EXPECT_EQ(fresh_, 0);
}

TEST_F(KafkaLogTest, BeginningsAreHandedOnBeforeAnyRecordAndCanBeCommittedAtOnce) {
  for (int i = 0; i < 5; ++i)
    topic_.Put(0, std::to_string(i));
  topic_.Trim(0, 3);
  Open();
  PullBatch batch;
  ASSERT_TRUE(*log_->Read(&batch));
  EXPECT_TRUE(batch.block.entries.empty());
  ASSERT_EQ(batch.marks.size(), 2u);
  EXPECT_EQ(batch.marks[0].mark, (record::LogMark{.offset = 0, .text = "0 3 -"}));
  EXPECT_EQ(batch.marks[1].mark, (record::LogMark{.offset = 0, .text = "0 0 -"}));
  for (const PullMark& mark : batch.marks)
    marks_.emplace(mark.source_id, mark.mark);
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("0:3=3", "0:4=4"));
  EXPECT_EQ(log_->figures().gaps, 0) << "nobody wanted what was dropped before";
}

TEST_F(KafkaLogTest, BeginsWhereItIsTold) {
  topic_.Put(0, "old");
  clock_.Advance(60 * kSecond);
  topic_.Put(0, "new");
  options_.start = {.kind = ShardPlace::Kind::kTime, .time_millis = clock_.WallMicros() / 1'000};
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("0:1=new"));
  marks_.clear();
  options_.at_end = true;
  Open();
  EXPECT_THAT(ReadAll(), IsEmpty());
  topic_.Put(0, "newest");
  EXPECT_THAT(ReadAll(), ElementsAre("0:2=newest"));
}

TEST_F(KafkaLogTest, PartitionsThatAreAddedBeginAtTheirFirstRecord) {
  options_.at_end = true;
  Open();
  EXPECT_THAT(ReadAll(), IsEmpty());
  topic_.partitions.emplace_back();
  topic_.Put(2, "a");
  topic_.assignments.push_back({2});
  EXPECT_THAT(ReadAll(), ElementsAre("2:0=a"));
  topic_.partitions.emplace_back();
  topic_.Put(3, "b");
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("3:0=b")) << "also between two lives";
  EXPECT_EQ(log_->figures().parts, 4);
  EXPECT_EQ(log_->figures().failures, 0);
}

TEST_F(KafkaLogTest, PartitionsThatAreAddedToRowsOrderedByOffsetAreSaid) {
  options_.format = {.format = KafkaFormat::kJson, .key_attribute = "id"};
  Open();
  ReadAll();
  topic_.partitions.emplace_back();
  topic_.assignments.push_back({2});
  ReadAll();
  EXPECT_EQ(log_->figures().failures, 1);
  EXPECT_THAT(log_->figures().last_failure, HasSubstr("source.order_field"));
}

TEST_F(KafkaLogTest, DroppedRecordsAreAGapAndTheRestGoesOn) {
  for (int i = 0; i < 3; ++i)
    topic_.Put(0, std::to_string(i));
  Open();
  ReadAll();
  for (int i = 3; i < 10; ++i)
    topic_.Put(0, std::to_string(i));
  topic_.Trim(0, 8);
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("0:8=8", "0:9=9"));
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_THAT(log_->figures().last_gap, HasSubstr("records from offset 3 to 7 are not kept"));
  EXPECT_EQ(fresh_, 0) << "their numbers are still their own";
  Open();
  EXPECT_THAT(ReadAll(), IsEmpty());
  EXPECT_EQ(log_->figures().gaps, 0);
}

TEST_F(KafkaLogTest, OnlyTheRecordBeforeThePlaceDroppedIsNoGap) {
  for (int i = 0; i < 3; ++i)
    topic_.Put(0, std::to_string(i));
  Open();
  ReadAll();
  topic_.Put(0, "3");
  topic_.Trim(0, 3);
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("0:3=3"));
  EXPECT_EQ(log_->figures().gaps, 0);
}

TEST_F(KafkaLogTest, HolesOfCompactionAreNoGap) {
  for (int i = 0; i < 6; ++i)
    topic_.Put(0, std::to_string(i));
  topic_.Compact(0, 1);
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("0:0=0", "0:2=2", "0:3=3", "0:4=4", "0:5=5"));
  topic_.Compact(0, 5);
  topic_.Put(0, "6");
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("0:6=6"));
  EXPECT_EQ(log_->figures().gaps, 0);
}

TEST_F(KafkaLogTest, ALogThatWasMadeAnewIsReadFromItsBeginningAboveWhatWasTaken) {
  for (int i = 0; i < 4; ++i)
    topic_.Put(0, "old" + std::to_string(i));
  Open();
  ReadAll();
  const auto marks = marks_;
  // Shorter, as long, and longer than what was read.
  for (const int length : {1, 3, 4, 7}) {
    marks_ = marks;
    topic_.partitions[0] = {};
    for (int i = 0; i < length; ++i)
      topic_.Put(0, "new" + std::to_string(i));
    fresh_ = 0;
    Open();
    EXPECT_EQ(ReadAll().size(), static_cast<size_t>(length)) << length;
    EXPECT_EQ(log_->figures().gaps, 1) << length;
    EXPECT_EQ(fresh_, 1) << "the feed counts them above all others";
    EXPECT_THAT(log_->figures().last_gap, HasSubstr("made anew or cut"));
  }
  // What the feed added is part of the next life's positions.
  marks_.at("kafka:orders/0").offset += 100;
  topic_.Put(0, "more");
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("0:107=more"));
}

TEST_F(KafkaLogTest, ALogThatIsCutWhileItIsReadIsAGap) {
  for (int i = 0; i < 4; ++i)
    topic_.Put(0, std::to_string(i));
  Open();
  ReadAll();
  topic_.partitions[0] = {};
  topic_.Put(0, "other");
  topic_.range_fails.push_back(MakeError(ErrorKind::kUnavailable, "no leader"));
  EXPECT_THAT(ReadAll(), ElementsAre("0:0=other"));
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_EQ(log_->figures().failures, 1) << "asked again";
}

TEST_F(KafkaLogTest, ATopicWithFewerPartitionsIsAGapAndItsRestForgotten) {
  Open();
  ReadAll();
  ASSERT_EQ(marks_.size(), 2u);
  topic_.partitions.pop_back();
  Open();
  ReadAll();
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_EQ(marks_.size(), 1u);
}

TEST_F(KafkaLogTest, RevokedPartitionsGoOnWhereTheyWere) {
  topic_.Put(0, "a");
  topic_.Put(1, "b");
  Open();
  ReadAll();
  topic_.revocations.push_back({1});
  topic_.Put(0, "c");
  topic_.Put(1, "d");
  EXPECT_THAT(ReadAll(), ElementsAre("0:1=c"));
  EXPECT_GT(log_->figures().lag_micros, 0) << "of what nobody reads for us";
  topic_.assignments.push_back({1});
  EXPECT_THAT(ReadAll(), ElementsAre("1:1=d"));
  EXPECT_EQ(log_->figures().lag_micros, 0);
}

TEST_F(KafkaLogTest, HoldsWithPausedPartitionsAndStaysInTheGroup) {
  topic_.Put(0, "a");
  Open();
  ReadAll();
  log_->Hold();
  EXPECT_THAT(topic_.calls, IsEmpty()) << "not for a short halt";
  clock_.Advance(3 * kSecond);
  topic_.Put(0, "b");
  topic_.revocations.push_back({1});
  log_->Hold();
  log_->Hold();
  EXPECT_THAT(topic_.calls, ElementsAre("pause"));
  EXPECT_TRUE(topic_.revocations.empty()) << "the group was heard";
  EXPECT_THAT(ReadAll(), ElementsAre("0:1=b"));
  EXPECT_THAT(topic_.calls, ElementsAre("pause", "resume"));
}

TEST_F(KafkaLogTest, TellsTheGroupWhatIsCommittedOnce) {
  topic_.Put(0, "a");
  Open();
  ReadAll();
  EXPECT_TRUE(topic_.hints.empty());
  log_->Committed(marks_);
  EXPECT_THAT(topic_.hints, ElementsAre(Pair(0, 1), Pair(1, 0)));
  topic_.hints.clear();
  log_->Committed(marks_);
  EXPECT_TRUE(topic_.hints.empty());
}

TEST_F(KafkaLogTest, LagIsTheAgeOfTheNewestRecordAndNoneAtTheEnd) {
  topic_.Put(0, "a");
  clock_.Advance(100 * kSecond);
  Open();
  ReadAll();
  EXPECT_EQ(log_->figures().lag_micros, 0) << "at the end";
  clock_.Advance(50 * kSecond);
  ReadAll();
  EXPECT_EQ(log_->figures().lag_micros, 0) << "the end was confirmed";
  for (int i = 0; i < 100; ++i)
    topic_.range_fails.push_back(MakeError(ErrorKind::kUnavailable, "no brokers"));
  for (int i = 0; i < 20; ++i)
    ReadAll();
  EXPECT_GE(log_->figures().lag_micros, 30 * kSecond) << "nobody says that it is the end";
}

TEST_F(KafkaLogTest, AWrongSettingIsAnErrorAtTheStartOnly) {
  topic_.make_fails = {MakeError(ErrorKind::kUnavailable, "down"),
                       MakeError(ErrorKind::kUnauthorized, "wrong password")};
  Open();
  PullBatch batch;
  EXPECT_FALSE(*log_->Read(&batch));
  EXPECT_FALSE(*log_->Read(&batch)) << "not before its time";
  EXPECT_EQ(log_->figures().failures, 1);
  clock_.Advance(kSecond);
  EXPECT_EQ(KindOf(log_->Read(&batch).status()), ErrorKind::kUnauthorized);
  topic_.make_fails = {MakeError(ErrorKind::kUnauthorized, "wrong password")};
  options_.patient = true;
  Open();
  EXPECT_FALSE(*log_->Read(&batch));
  EXPECT_EQ(log_->figures().last_failure, "wrong password");
}

TEST_F(KafkaLogTest, ABrokenConsumerIsReplaced) {
  topic_.Put(0, "a");
  Open();
  ReadAll();
  topic_.events.push_back(
      {.kind = KafkaEvent::Kind::kBroken, .failure = MakeError(ErrorKind::kUnavailable, "fenced")});
  topic_.Put(0, "b");
  EXPECT_THAT(ReadAll(), ElementsAre("0:1=b"));
  EXPECT_EQ(topic_.consumers, 2);
  EXPECT_EQ(log_->figures().last_failure, "fenced");
}

TEST_F(KafkaLogTest, AMarkThatMakesNoSenseIsAnError) {
  marks_["kafka:orders/0"] = {.offset = 3, .text = "after 3 3"};
  Open();
  PullBatch batch;
  const Status failure = log_->Read(&batch).status();
  EXPECT_EQ(KindOf(failure), ErrorKind::kCorrupt);
  EXPECT_THAT(failure.message(), HasSubstr("mark of 'kafka:orders/0'"));
  marks_.clear();
  marks_["kafka:orders/x"] = {.offset = 3, .text = "3 3 -"};
  Open();
  EXPECT_EQ(KindOf(log_->Read(&batch).status()), ErrorKind::kCorrupt);
  marks_.clear();
  marks_["kafka:orders-2/0"] = {.offset = 3, .text = "of another topic"};
  topic_.Put(0, "a");
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("0:0=a"));
}

}  // namespace
}  // namespace tapelake::source
