#include "lambda/firehose_handler.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "lambda/testing_events.h"
#include "testing/fake_clock.h"

namespace tapelake::lambda {
namespace {

constexpr int64_t kNow = 1'760'000'000'000'000;

class FirehoseHandlerTest : public ::testing::Test {
 protected:
  Status Answer(const std::string& text, int64_t deadline_micros = 0) {
    const ReadEvent event(text);
    refusals_ = {};
    return handler_.Answer(*event, Deadline(deadline_micros, clock_), &answer_, &refusals_);
  }
  /// The answered records, after it was proved that each id of `count` stands once, in order.
  std::vector<base::JsonValue> Records(size_t count) {
    const auto json = base::ParseJson(answer_);
    EXPECT_TRUE(json.ok()) << answer_.substr(0, 1000);
    std::vector<base::JsonValue> records = json->Find("records")->items();
    EXPECT_EQ(records.size(), count);
    for (size_t i = 0; i < records.size(); ++i) {
      EXPECT_EQ(records[i].Find("recordId")->text(), "r" + std::to_string(i));
    }
    return records;
  }

  testing::FakeClock clock_{kNow};
  FirehoseHandler handler_{{}};
  std::string answer_;
  Refusals refusals_;
};

TEST_F(FirehoseHandlerTest, AnswersRowsAndKeepsWhatItCannotRead) {
  ASSERT_TRUE(Answer(FirehoseEvent({ChangeRecord("a"), "no json", ChangeRecord("b")})).ok());
  const auto records = Records(3);
  EXPECT_EQ(records[0].Find("result")->text(), "Ok");
  EXPECT_EQ(records[0].Find("data")->text(), Base64(RowLine("a")));
  EXPECT_EQ(records[0].Find("metadata"), nullptr);
  EXPECT_EQ(records[1].Find("result")->text(), "ProcessingFailed");
  EXPECT_EQ(records[1].Find("data")->text(), Base64("no json"));
  EXPECT_EQ(records[2].Find("data")->text(), Base64(RowLine("b")));
  EXPECT_EQ(refusals_.Text(3),
            "1 of 3 records refused (1 invalid-base64); first: record 1: base64, but not of JSON "
            "(no { at the start)");
}

TEST_F(FirehoseHandlerTest, AnswersAnEventWithoutRecords) {
  ASSERT_TRUE(Answer(R"({"records":[]})").ok());
  EXPECT_EQ(answer_, R"({"records":[]})");
}

TEST_F(FirehoseHandlerTest, RepeatsIdsAsTheyStand) {
  ASSERT_TRUE(Answer(R"({"records":[{"recordId":"a\"\u00e4/","data":"eA=="}]})").ok());
  EXPECT_EQ(answer_, R"({"records":[{"recordId":"a\"\u00e4/","result":"ProcessingFailed",)"
                     R"("data":"eA=="}]})");
}

TEST_F(FirehoseHandlerTest, MakesPartitionKeysOfAttributes) {
  FirehoseHandler handler({"pair", "n", "flag"});
  const ReadEvent event(FirehoseEvent(
      {ChangeRecord("a", R"(,"pair":{"S":"BTC\"/\u00e4"},"n":{"N":"1.50"},"flag":{"BOOL":true})"),
       ChangeRecord("b", R"(,"pair":{"S":""},"n":{"N":"1"},"flag":{"BOOL":true})"),
       ChangeRecord("c", R"(,"pair":{"S":"x"},"n":{"L":[]},"flag":{"BOOL":true})"),
       ChangeRecord("d")}));
  ASSERT_TRUE(handler.Answer(*event, Deadline(0, clock_), &answer_, &refusals_).ok());
  const auto records = Records(4);
  const base::JsonValue* keys = records[0].Find("metadata")->Find("partitionKeys");
  EXPECT_EQ(keys->Find("pair")->text(), "BTC\"/\u00e4");
  EXPECT_EQ(keys->Find("n")->text(), "1.50");
  EXPECT_TRUE(keys->Find("n")->is_string());
  EXPECT_EQ(keys->Find("flag")->text(), "true");
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(records[i].Find("result")->text(), "ProcessingFailed");
    EXPECT_EQ(records[i].Find("metadata"), nullptr);
    EXPECT_FALSE(records[i].Find("data")->text().empty());
  }
  EXPECT_EQ(refusals_.count(), 3U);
  EXPECT_NE(refusals_.Text(4).find("record 1: attribute 'pair' is no partition key"),
            std::string::npos);
}

TEST_F(FirehoseHandlerTest, NeverAnswersMoreThanLambdaTakes) {
  constexpr size_t kRecords = 5'000;
  // Mostly keys: each answer is longer than its record.
  std::vector<std::string> keys;
  std::string image;
  for (int i = 0; i < 20; ++i) {
    keys.push_back("key_with_a_long_name_" + std::to_string(i));
    image += ",\"" + keys.back() + R"(":{"S":"v"})";
  }
  std::vector<std::string> data;
  while (data.size() < kRecords) {
    data.push_back(data.size() % 7 == 3 ? std::string(900, 'x')
                                        : ChangeRecord(std::to_string(data.size()), image));
  }
  FirehoseHandler handler(keys);
  const ReadEvent event(FirehoseEvent(data));
  ASSERT_TRUE(handler.Answer(*event, Deadline(0, clock_), &answer_, &refusals_).ok());
  EXPECT_LE(answer_.size(), kAnswerBytesMax);
  EXPECT_GT(answer_.size(), kAnswerBytesMax - 4'000);  // and does not give up early
  size_t without_data = 0;
  size_t done = 0;
  for (const base::JsonValue& record : Records(kRecords)) {
    done += record.Find("result")->text() == "Ok" ? 1 : 0;
    without_data += record.Find("data") == nullptr ? 1 : 0;
  }
  EXPECT_GT(done, 1'000U);
  EXPECT_GT(without_data, 100U);
  EXPECT_NE(refusals_.Text(kRecords).find(" no-room"), std::string::npos);
}

TEST_F(FirehoseHandlerTest, RefusesMoreIdsThanAnAnswerHolds) {
  const std::string id(1000, 'i');
  std::string event = R"({"records":[)";
  for (int i = 0; i < 7'000; ++i)
    event += (i > 0 ? "," : "") + (R"({"recordId":")" + id) + R"(","data":""})";
  const Status status = Answer(event + "]}");
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_NE(status.message().find("the ids of 7000 records"), std::string::npos);
}

TEST_F(FirehoseHandlerTest, FailsAsAWholeWhenTheDeadlineIsNear) {
  const std::string event = FirehoseEvent({ChangeRecord("a")});
  EXPECT_TRUE(Answer(event, kNow + Deadline::kAnswerMicros + 1).ok());
  const Status status = Answer(event, kNow + Deadline::kAnswerMicros);
  EXPECT_EQ(KindOf(status), ErrorKind::kThrottled);
  EXPECT_NE(status.message().find("after 0 of 1 records"), std::string::npos);
}

}  // namespace
}  // namespace tapelake::lambda
