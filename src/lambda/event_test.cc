#include "lambda/event.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "record/record_block.h"

namespace tapelake::lambda {
namespace {

constexpr char kFirehose[] =
    R"({"invocationId":"i-1","deliveryStreamArn":"arn:aws:firehose:us-east-1:1:deliverystream/d",)"
    R"("region":"us-east-1","records":[{"recordId":"4954","approximateArrivalTimestamp":1495072,)"
    R"("data":"eyJhIjoxfQ==","kinesisRecordMetadata":{"sequenceNumber":"7","shardId":"s"}},)"
    R"({"data":"e30=","recordId":"4955"}]})";
constexpr char kKinesis[] =
    R"({"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"1","sequenceNumber":)"
    R"("4959","data":"eyJhIjoxfQ==","approximateArrivalTimestamp":1545084650.987},"eventSource":)"
    R"("aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000006:4959","eventName":)"
    R"("aws:kinesis:record","awsRegion":"us-east-2","eventSourceARN":"arn:aws:kinesis:s"}]})";
constexpr char kDynamodb[] =
    R"({"Records": [ {"eventID":"1","eventName":"INSERT","dynamodb":{"Keys":{"k":{"S":"\u00e4"}},)"
    R"("NewImage":{"k":{"S":"x"}},"SequenceNumber":"111","SizeBytes":26},"eventSource":)"
    R"("aws:dynamodb","eventSourceARN":"arn:aws:dynamodb:t"} , {"eventSource":"aws:dynamodb",)"
    R"("dynamodb":{"SequenceNumber":"112"}}]})";

class EventReaderTest : public ::testing::Test {
 protected:
  Status Read(const std::string& text) {
    buffer_ = text + std::string(record::kRecordPaddingBytes, '\0');
    return reader_.Read(std::string_view(buffer_).substr(0, text.size()), &event_);
  }
  std::string ErrorOf(const std::string& text) {
    const Status status = Read(text);
    EXPECT_FALSE(status.ok()) << text;
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
    return status.message();
  }

  std::string buffer_;
  EventReader reader_;
  Event event_;
};

TEST_F(EventReaderTest, FindsTheRecordsOfAFirehoseEvent) {
  ASSERT_TRUE(Read(kFirehose).ok());
  EXPECT_EQ(event_.kind, EventKind::kFirehose);
  EXPECT_EQ(event_.source, "arn:aws:firehose:us-east-1:1:deliverystream/d");
  ASSERT_EQ(event_.records.size(), 2U);
  EXPECT_EQ(event_.records[0].id, "\"4954\"");
  EXPECT_EQ(event_.records[0].data, "eyJhIjoxfQ==");
  EXPECT_EQ(event_.records[1].id, "\"4955\"");
  EXPECT_EQ(event_.records[1].data_token, "\"e30=\"");
}

TEST_F(EventReaderTest, FindsTheRecordsOfAKinesisBatch) {
  ASSERT_TRUE(Read(kKinesis).ok());
  EXPECT_EQ(event_.kind, EventKind::kKinesis);
  EXPECT_EQ(event_.source, "arn:aws:kinesis:s");
  ASSERT_EQ(event_.records.size(), 1U);
  EXPECT_EQ(event_.records[0].id, "\"4959\"");
  EXPECT_EQ(event_.records[0].data, "eyJhIjoxfQ==");
}

TEST_F(EventReaderTest, TakesEachRecordOfADynamodbBatchAsItStands) {
  ASSERT_TRUE(Read(kDynamodb).ok());
  EXPECT_EQ(event_.kind, EventKind::kDynamodb);
  EXPECT_EQ(event_.source, "arn:aws:dynamodb:t");
  ASSERT_EQ(event_.records.size(), 2U);
  EXPECT_EQ(event_.records[0].id, "\"111\"");
  EXPECT_TRUE(event_.records[0].data.starts_with(R"({"eventID":"1")"));
  EXPECT_TRUE(event_.records[0].data.ends_with(R"("eventSourceARN":"arn:aws:dynamodb:t"})"));
  EXPECT_EQ(event_.records[1].data,
            R"({"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":"112"}})");
}

TEST_F(EventReaderTest, TakesBatchesWithoutRecords) {
  ASSERT_TRUE(Read(R"({"Records":[]})").ok());
  EXPECT_TRUE(event_.records.empty());
  ASSERT_TRUE(Read(R"( {"records":[],"deliveryStreamArn":null} )").ok());
  EXPECT_EQ(event_.kind, EventKind::kFirehose);
}

TEST_F(EventReaderTest, SaysWhatItSawInsteadOfAKnownEvent) {
  EXPECT_NE(ErrorOf(R"({"detail-type":"x","source":"aws.s3","detail":{}})")
                .find("it has the members detail-type, source, detail; known are Firehose"),
            std::string::npos);
  EXPECT_NE(ErrorOf("{}").find("it has no members"), std::string::npos);
  EXPECT_NE(ErrorOf("[1,2]").find("is no JSON object, it starts with '[1,2]'"), std::string::npos);
  EXPECT_NE(ErrorOf("").find("is no JSON object"), std::string::npos);
  EXPECT_NE(ErrorOf(R"({"Records":[{"eventSource":"aws:sqs","body":"x"}]})")
                .find("eventSource 'aws:sqs' is not aws:kinesis or aws:dynamodb at byte 12"),
            std::string::npos);
  EXPECT_NE(ErrorOf(R"({"Records":[],"records":[]})").find("both records and Records"),
            std::string::npos);
}

TEST_F(EventReaderTest, RefusesRecordsThatCannotBeAnswered) {
  EXPECT_NE(ErrorOf(R"({"records":[{"recordId":"1"}]})").find("lacks recordId or data"),
            std::string::npos);
  EXPECT_NE(ErrorOf(R"({"records":[{"recordId":1,"data":"e30="}]})").find("recordId is no string"),
            std::string::npos);
  EXPECT_NE(ErrorOf(R"({"records":[{"recordId":"1","data":"","data":""}]})").find("data twice"),
            std::string::npos);
  EXPECT_NE(ErrorOf(R"({"records":{}})").find("the records are no array"), std::string::npos);
  EXPECT_NE(ErrorOf(R"({"records":[],"records":[]})").find("stands twice"), std::string::npos);
  EXPECT_NE(ErrorOf(R"({"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"e30="}}]})")
                .find("lacks its sequence number"),
            std::string::npos);
  EXPECT_NE(ErrorOf(R"({"Records":[{"eventSource":"aws:kinesis","kinesis":)"
                    R"({"sequenceNumber":"","data":"e30="}}]})")
                .find("lacks its sequence number"),
            std::string::npos);
  EXPECT_NE(ErrorOf(R"({"Records":[{"eventSource":"aws:kinesis","kinesis":)"
                    R"({"sequenceNumber":"1"}}]})")
                .find("lacks kinesis.data"),
            std::string::npos);
  EXPECT_NE(ErrorOf(R"({"Records":[{"eventSource":"aws:dynamodb","dynamodb":[]}]})")
                .find("dynamodb is no object"),
            std::string::npos);
  EXPECT_NE(ErrorOf(R"({"Records":[{"eventSource":"aws:dynamodb","dynamodb":)"
                    R"({"SequenceNumber":"1"}},{"eventSource":"aws:kinesis","kinesis":)"
                    R"({"sequenceNumber":"2","data":"e30="}}]})")
                .find("of Kinesis and of DynamoDB"),
            std::string::npos);
}

TEST_F(EventReaderTest, RefusesEveryPrefixAndWhatFollows) {
  for (const std::string text : {kFirehose, kKinesis, kDynamodb}) {
    for (size_t size = 0; size < text.size(); ++size) {
      EXPECT_FALSE(Read(text.substr(0, size)).ok()) << size;
    }
    EXPECT_FALSE(Read(text + "{}").ok());
  }
}

TEST_F(EventReaderTest, KeepsEveryViewInsideDamagedEvents) {
  std::mt19937_64 chance(20261127);  // the same bytes every time
  const std::string bytes =
      "{}[]\",:\\ \x01\xff"
      "0aRr";
  for (const std::string text : {kFirehose, kKinesis, kDynamodb}) {
    for (int round = 0; round < 20'000; ++round) {
      std::string damaged = text;
      for (auto left = chance() % 3 + 1; left > 0; --left) {
        const size_t at = chance() % damaged.size();
        if (chance() % 3 == 0) {
          damaged.erase(at, chance() % 8);
        } else {
          damaged[at] = bytes[chance() % bytes.size()];
        }
      }
      if (!Read(damaged).ok()) continue;
      for (const EventRecord& record : event_.records) {
        EXPECT_GE(record.id.data(), buffer_.data());
        EXPECT_LE(record.id.end(), buffer_.data() + damaged.size());
        EXPECT_GE(record.id.size(), 2U);
        EXPECT_LE(record.data.size(), damaged.size());
      }
    }
  }
}

}  // namespace
}  // namespace tapelake::lambda
