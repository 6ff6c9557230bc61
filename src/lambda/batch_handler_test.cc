#include "lambda/batch_handler.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "lambda/testing_events.h"
#include "testing/fake_clock.h"

namespace tapelake::lambda {
namespace {

constexpr int64_t kNow = 1'760'000'000'000'000;

/// Keeps what it is sent, or fails.
class FakeTarget : public LineTarget {
 public:
  Status Send(std::string_view lines, int64_t micros_max) override {
    ++sends;
    last_micros_max = micros_max;
    if (fails) return MakeError(ErrorKind::kUnavailable, "target is away");
    text.append(lines);
    return Status::OK();
  }

  bool fails = false;
  int sends = 0;
  int64_t last_micros_max = 0;
  std::string text;
};

class BatchHandlerTest : public ::testing::Test {
 protected:
  Status Answer(BatchHandler& handler, const std::string& text, int64_t deadline_micros = 0) {
    const ReadEvent event(text);
    return handler.Answer(*event, Deadline(deadline_micros, clock_), &answer_, &refusals_);
  }

  testing::FakeClock clock_{kNow};
  FakeTarget rows_;
  FakeTarget errors_;
  BatchHandler handler_{rows_, nullptr};
  std::string answer_;
  Refusals refusals_;
};

TEST_F(BatchHandlerTest, SendsTheRowsOfABatchAtOnce) {
  ASSERT_TRUE(Answer(handler_, KinesisEvent({ChangeRecord("a"), ChangeRecord("b")})).ok());
  EXPECT_EQ(rows_.text, RowLine("a") + RowLine("b"));
  EXPECT_EQ(rows_.sends, 1);
  EXPECT_EQ(answer_, R"({"batchItemFailures":[]})");
}

TEST_F(BatchHandlerTest, MakesRowsOfDynamodbRecords) {
  ASSERT_TRUE(Answer(handler_, R"({"Records":[{"eventID":"e","eventName":"REMOVE","dynamodb":{)"
                               R"("ApproximateCreationDateTime":1.48E9,"Keys":{"id":{"S":"k"}},)"
                               R"("OldImage":{"id":{"S":"k"}},"SequenceNumber":"111"},)"
                               R"("eventSource":"aws:dynamodb","eventSourceARN":"arn:t"}]})")
                  .ok());
  EXPECT_EQ(rows_.text, R"({"id":"k","event_name":"REMOVE","event_id":"e",)"
                        R"("change_time":1480000000000000,"position":"111"})"
                        "\n");
}

TEST_F(BatchHandlerTest, StopsAtTheFirstBadRecordAndReportsAllFromItOn) {
  ASSERT_TRUE(Answer(handler_, KinesisEvent({ChangeRecord("a"), "bad", ChangeRecord("c")})).ok());
  EXPECT_EQ(rows_.text, RowLine("a"));
  EXPECT_EQ(answer_,
            R"({"batchItemFailures":[{"itemIdentifier":"101"},{"itemIdentifier":"102"}]})");
  EXPECT_NE(refusals_.Text(3).find("record 1: "), std::string::npos);
}

TEST_F(BatchHandlerTest, SendsBadRecordsToTheirOwnTargetAndGoesOn) {
  BatchHandler handler(rows_, &errors_);
  ASSERT_TRUE(Answer(handler, KinesisEvent({ChangeRecord("a"), "bad", ChangeRecord("c")})).ok());
  EXPECT_EQ(rows_.text, RowLine("a") + RowLine("c"));
  EXPECT_EQ(answer_, R"({"batchItemFailures":[]})");
  const auto line = base::ParseJson(errors_.text);
  ASSERT_TRUE(line.ok()) << errors_.text;
  EXPECT_EQ(line->Find("error_type")->text(), "invalid-base64");
  EXPECT_EQ(line->Find("source")->text(), "arn:k#101");
  EXPECT_EQ(line->Find("raw_data")->text(), Base64("bad"));
  EXPECT_TRUE(errors_.text.ends_with("}\n"));
}

TEST_F(BatchHandlerTest, SendsNothingOfABatchWithoutRecords) {
  ASSERT_TRUE(Answer(handler_, R"({"Records":[]})").ok());
  EXPECT_EQ(rows_.sends, 0);
  EXPECT_EQ(answer_, R"({"batchItemFailures":[]})");
}

TEST_F(BatchHandlerTest, FailsAsAWholeWhenATargetFails) {
  BatchHandler handler(rows_, &errors_);
  const std::string event = KinesisEvent({ChangeRecord("a"), "bad"});
  rows_.fails = true;
  EXPECT_EQ(KindOf(Answer(handler, event)), ErrorKind::kUnavailable);
  rows_.fails = false;
  errors_.fails = true;
  EXPECT_EQ(Answer(handler, event).message(), "target is away");
  EXPECT_EQ(rows_.text, "");  // errors go first: rows are not sent twice for want of them
}

TEST_F(BatchHandlerTest, ReportsWhatTheDeadlineLeaves) {
  constexpr int64_t kNeeded = Deadline::kAnswerMicros + BatchHandler::kSendMicros;
  const std::string event = KinesisEvent({ChangeRecord("a"), ChangeRecord("b")});
  ASSERT_TRUE(Answer(handler_, event, kNow + kNeeded + 1).ok());
  EXPECT_EQ(answer_, R"({"batchItemFailures":[]})");
  EXPECT_EQ(rows_.last_micros_max, BatchHandler::kSendMicros + 1);
  ASSERT_TRUE(Answer(handler_, event, kNow + kNeeded).ok());
  EXPECT_EQ(answer_,
            R"({"batchItemFailures":[{"itemIdentifier":"100"},{"itemIdentifier":"101"}]})");
  EXPECT_EQ(rows_.sends, 1);
  EXPECT_NE(refusals_.Text(2).find("1 deadline"), std::string::npos);
}

/// A clock on which every look takes a moment.
class RunningClock : public testing::FakeClock {
 public:
  using FakeClock::FakeClock;
  int64_t WallMicros() override {
    Advance(1'000);
    return FakeClock::WallMicros();
  }
};

TEST_F(BatchHandlerTest, TakesWhatItCanBeforeTheDeadline) {
  RunningClock clock(kNow);
  const std::vector<std::string> data(500, ChangeRecord("a"));
  const ReadEvent event(KinesisEvent(data));
  const Deadline deadline(kNow + Deadline::kAnswerMicros + BatchHandler::kSendMicros + 4'500,
                          clock);
  ASSERT_TRUE(handler_.Answer(*event, deadline, &answer_, &refusals_).ok());
  const auto json = base::ParseJson(answer_);
  const auto& failures = json->Find("batchItemFailures")->items();
  const size_t taken = data.size() - failures.size();
  EXPECT_EQ(taken, 128U);  // four looks of 32 records
  EXPECT_EQ(rows_.text.size(), taken * RowLine("a").size());
  EXPECT_EQ(failures.front().Find("itemIdentifier")->text(), std::to_string(100 + taken));
  EXPECT_EQ(failures.back().Find("itemIdentifier")->text(), "599");
}

}  // namespace
}  // namespace tapelake::lambda
