#include "serve/aws/firehose/firehose_service.h"

#include <map>
#include <set>

#include <gmock/gmock.h>

#include "serve/aws/kinesis/sequence_number.h"
#include "testing/aws_world.h"

namespace tapelake::serve {
namespace {

using tapelake::testing::AwsWorld;
using tapelake::testing::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kStream[] = "crypto.transactions";

class FirehoseServiceTest : public ::testing::Test {
 protected:
  void Open(int shards = 4, stream::StreamOptions options = {}) {
    world_.AddStream(kStream, shards, options);
    world_.AddStream("a.first", 1);
    world_.AddStream(std::string(65, 'n'), 1);
    world_.Open();
  }

  /// `"DeliveryStreamName":"..."` and further members.
  static std::string Of(const std::string& more = "") {
    return std::string(R"({"DeliveryStreamName":")") + kStream + "\"" +
           (more.empty() ? "" : "," + more) + "}";
  }
  /// A PutRecordBatch request.
  static std::string Batch(const std::vector<std::string>& records) {
    std::string json = R"("Records":[)";
    for (const std::string& record : records) {
      if (json.back() != '[') json += ",";
      json += R"({"Data":")";
      base::AppendBase64(record, &json);
      json += "\"}";
    }
    return Of(json + "]");
  }
  static std::string One(const std::string& data) {
    std::string json = R"("Record":{"Data":")";
    base::AppendBase64(data, &json);
    return Of(json + "\"}");
  }
  Outcome Call(const std::string& operation, const std::string& json) {
    return world_.CallFirehose(operation, json);
  }
  void ExpectError(const Outcome& outcome, const std::string& type, const std::string& words) {
    EXPECT_EQ(outcome.error, type) << outcome.message;
    EXPECT_THAT(outcome.message, HasSubstr(words));
  }
  std::vector<std::string> Names(const std::string& json, bool* more) {
    const Outcome page = Call("ListDeliveryStreams", json);
    EXPECT_EQ(page.error, "") << page.message;
    std::vector<std::string> names;
    if (!page.error.empty()) return names;
    for (const base::JsonValue& name : page.answer.Find("DeliveryStreamNames")->items())
      names.push_back(name.text());
    *more = page.answer.Find("HasMoreDeliveryStreams")->boolean();
    return names;
  }
  /// The data of every durable record of the first stream, in the order of the log.
  std::vector<std::string> Stored() {
    std::vector<std::string> data;
    record::RecordBlock block;
    uint64_t next = 1;
    do {
      EXPECT_TRUE(world_.log(0).Read(next, 64 << 20, &block).ok());
      for (const auto& entry : block.entries)
        data.emplace_back(block.bytes(entry));
      next = block.end_offset;
    } while (!block.entries.empty());
    return data;
  }

  AwsWorld world_;
};

TEST_F(FirehoseServiceTest, ListsItsStreamsByPages) {
  Open();
  bool more = false;
  // A name that no request can hold is not listed.
  EXPECT_THAT(Names("{}", &more), ElementsAre("a.first", kStream));
  EXPECT_FALSE(more);
  EXPECT_THAT(Names(R"({"Limit":1})", &more), ElementsAre("a.first"));
  EXPECT_TRUE(more);
  EXPECT_THAT(Names(R"({"ExclusiveStartDeliveryStreamName":"a.first"})", &more),
              ElementsAre(kStream));
  EXPECT_FALSE(more);
  EXPECT_THAT(Names(R"({"DeliveryStreamType":"DirectPut"})", &more), SizeIs(2));
  EXPECT_THAT(Names(R"({"DeliveryStreamType":"KinesisStreamAsSource"})", &more), IsEmpty());
  ExpectError(Call("ListDeliveryStreams", R"({"DeliveryStreamType":"x"})"), "ValidationException",
              "'deliveryStreamType'");
}

TEST_F(FirehoseServiceTest, DescribesHowRawObjectsAreMade) {
  Open();
  const Outcome outcome = Call("DescribeDeliveryStream", Of());
  ASSERT_EQ(outcome.error, "") << outcome.message;
  const base::JsonValue& told = *outcome.answer.Find("DeliveryStreamDescription");
  EXPECT_EQ(told.Find("DeliveryStreamARN")->text(),
            "arn:aws:firehose:eu-west-1:123456789012:deliverystream/crypto.transactions");
  EXPECT_EQ(told.Find("DeliveryStreamStatus")->text(), "ACTIVE");
  EXPECT_EQ(told.Find("DeliveryStreamType")->text(), "DirectPut");
  EXPECT_EQ(told.Find("CreateTimestamp")->text(), "1795374124.000");
  ASSERT_THAT(told.Find("Destinations")->items(), SizeIs(1));
  const base::JsonValue& destination = told.Find("Destinations")->items()[0];
  for (const char* name : {"S3DestinationDescription", "ExtendedS3DestinationDescription"}) {
    const base::JsonValue& objects = *destination.Find(name);
    EXPECT_EQ(objects.Find("BucketARN")->text(), "arn:aws:s3:::lake");
    EXPECT_EQ(objects.Find("Prefix")->text(),
              "raw/crypto.transactions/!{timestamp:yyyy/MM/dd/HH}/");
    EXPECT_EQ(objects.Find("CompressionFormat")->text(), "GZIP");
    EXPECT_EQ(objects.Find("BufferingHints")->Find("SizeInMBs")->AsInt(0), 32);
    EXPECT_EQ(objects.Find("BufferingHints")->Find("IntervalInSeconds")->AsInt(0), 60);
  }
  const auto destinations = [this](const std::string& request) {
    const Outcome described = Call("DescribeDeliveryStream", request);
    return described.answer.Find("DeliveryStreamDescription")->Find("Destinations")->items().size();
  };
  EXPECT_EQ(destinations(Of(R"("ExclusiveStartDestinationId":"destinationId-000000000001")")), 0u);
  world_.MakeFirehose(false);
  EXPECT_EQ(destinations(Of()), 0u);
}

TEST_F(FirehoseServiceTest, DescribesLayoutsInFirehosesWords) {
  Open();
  world_.SetFirehoseObjects({.bucket = "elsewhere",
                             .prefix = "p/!{partitionKeyFromQuery:pair}/!{timestamp:yyyy}/",
                             .error_prefix = "e/!{firehose:error-output-type}/",
                             .backup_prefix = "source/!{timestamp:yyyy}/",
                             .compression = "ZIP",
                             .extension = ".ndjson.zip",
                             .time_zone = "Asia/Tokyo",
                             .partition_query = R"({pair:."pair"})",
                             .partitioned = true,
                             .function = {.name = "my-function",
                                          .retries = 3,
                                          .buffer_bytes = 200 << 10,
                                          .buffer_micros = 60'000'000}});
  world_.MakeFirehose();
  const Outcome outcome = Call("DescribeDeliveryStream", Of());
  ASSERT_EQ(outcome.error, "") << outcome.message;
  const base::JsonValue& told = *outcome.answer.Find("DeliveryStreamDescription");
  const base::JsonValue& objects =
      *told.Find("Destinations")->items()[0].Find("ExtendedS3DestinationDescription");
  EXPECT_EQ(objects.Find("BucketARN")->text(), "arn:aws:s3:::elsewhere");
  EXPECT_EQ(objects.Find("Prefix")->text(), "p/!{partitionKeyFromQuery:pair}/!{timestamp:yyyy}/");
  EXPECT_EQ(objects.Find("ErrorOutputPrefix")->text(), "e/!{firehose:error-output-type}/");
  EXPECT_EQ(objects.Find("CompressionFormat")->text(), "ZIP");
  EXPECT_EQ(objects.Find("FileExtension")->text(), ".ndjson.zip");
  EXPECT_EQ(objects.Find("CustomTimeZone")->text(), "Asia/Tokyo");
  EXPECT_EQ(objects.Find("S3BackupMode")->text(), "Enabled");
  EXPECT_EQ(objects.Find("S3BackupDescription")->Find("Prefix")->text(),
            "source/!{timestamp:yyyy}/");
  EXPECT_TRUE(objects.Find("DynamicPartitioningConfiguration")->Find("Enabled")->boolean());
  const auto& processors = objects.Find("ProcessingConfiguration")->Find("Processors")->items();
  ASSERT_EQ(processors.size(), 2u);
  EXPECT_EQ(processors[0].Find("Type")->text(), "Lambda");
  std::map<std::string, std::string> parameters;
  for (const base::JsonValue& one : processors[0].Find("Parameters")->items())
    parameters[one.Find("ParameterName")->text()] = one.Find("ParameterValue")->text();
  EXPECT_EQ(parameters, (std::map<std::string, std::string>{{"LambdaArn", "my-function"},
                                                            {"NumberOfRetries", "3"},
                                                            {"BufferSizeInMBs", "0.2"},
                                                            {"BufferIntervalInSeconds", "60"}}));
  const base::JsonValue& processor = processors[1];
  EXPECT_EQ(processor.Find("Type")->text(), "MetadataExtraction");
  EXPECT_EQ(processor.Find("Parameters")->items()[0].Find("ParameterValue")->text(),
            R"({pair:."pair"})");
}

TEST_F(FirehoseServiceTest, PutsAreDurableAndInOrder) {
  Open();
  const Outcome one = Call("PutRecord", One("first"));
  ASSERT_EQ(one.error, "") << one.message;
  EXPECT_FALSE(one.answer.Find("Encrypted")->boolean());
  std::vector<std::string> expected = {"first"};
  for (int i = 0; i < 499; ++i)
    expected.push_back("record " + std::to_string(i));
  expected.push_back("");
  const Outcome batch =
      Call("PutRecordBatch", Batch(std::vector<std::string>(expected.begin() + 1, expected.end())));
  ASSERT_EQ(batch.error, "") << batch.message;
  EXPECT_EQ(batch.answer.Find("FailedPutCount")->AsInt(-1), 0);
  EXPECT_EQ(Stored(), expected);
  std::set<std::string> ids = {one.Text("RecordId")};
  std::set<uint32_t> shards;
  for (const base::JsonValue& entry : batch.answer.Find("RequestResponses")->items()) {
    const std::string id = entry.Find("RecordId")->text();
    ids.insert(id);
    shards.insert(SequenceNumber::Parse(id)->shard);
  }
  EXPECT_EQ(ids.size(), 501u);
  EXPECT_EQ(shards.size(), 1u) << "records of one call stay in order for who reads shards";
}

TEST_F(FirehoseServiceTest, SpreadsCallsOverTheShards) {
  Open();
  std::set<uint32_t> shards;
  for (int i = 0; i < 50; ++i) {
    const Outcome put = Call("PutRecord", One("x"));
    ASSERT_EQ(put.error, "") << put.message;
    shards.insert(SequenceNumber::Parse(put.Text("RecordId"))->shard);
  }
  EXPECT_EQ(shards.size(), 4u);
}

TEST_F(FirehoseServiceTest, HoldsRequestsToTheirLimits) {
  Open();
  ExpectError(Call("PutRecord", Of()), "ValidationException", "null at 'record'");
  ExpectError(Call("PutRecord", Of(R"("Record":{})")), "ValidationException",
              "null at 'record.data'");
  ExpectError(Call("PutRecord", Of(R"("Record":"x")")), "SerializationException", "'record'");
  ExpectError(Call("PutRecord", R"({"Record":{"Data":"eA=="}})"), "ValidationException",
              "null at 'deliveryStreamName'");
  const std::string most(1'024'000, 'x');
  EXPECT_EQ(Call("PutRecord", One(most)).error, "");
  ExpectError(Call("PutRecord", One(most + "x")), "ValidationException",
              "less than or equal to 1024000");
  ExpectError(Call("PutRecordBatch", Batch({})), "ValidationException",
              "greater than or equal to 1");
  ExpectError(Call("PutRecordBatch", Batch(std::vector<std::string>(501, "x"))),
              "ValidationException", "less than or equal to 500");
  ExpectError(Call("PutRecordBatch", Batch(std::vector<std::string>(5, most))),
              "InvalidArgumentException", "exceeds 4 MB limit: 5120000 bytes");
  ExpectError(Call("PutRecordBatch", Of(R"("Records":[{"Data":"eA=="},{"Data":"?"}])")),
              "SerializationException", "'records.2.member.data'");
  EXPECT_EQ(Call("PutRecordBatch", Batch(std::vector<std::string>(4, most))).error, "");
  EXPECT_THAT(Stored(), SizeIs(5));
}

TEST_F(FirehoseServiceTest, AnswersAFullStreamAsAThrottle) {
  stream::StreamOptions options;
  options.retention_bytes = 1;
  Open(1, options);
  world_.log(0).SetTaken("ingest", 1);
  EXPECT_EQ(Call("PutRecord", One("x")).error, "");
  ExpectError(Call("PutRecord", One("x")), "ServiceUnavailableException", "Slow down.");
  const Outcome batch = Call("PutRecordBatch", Batch({"x", "y"}));
  ASSERT_EQ(batch.error, "");
  EXPECT_EQ(batch.answer.Find("FailedPutCount")->AsInt(0), 2);
  const base::JsonValue& entry = batch.answer.Find("RequestResponses")->items()[1];
  EXPECT_EQ(entry.Find("ErrorCode")->text(), "ServiceUnavailableException");
  EXPECT_EQ(entry.Find("RecordId"), nullptr);
}

TEST_F(FirehoseServiceTest, AsksClientsToComeAgainWhenItEnds) {
  Open(1);
  world_.writer(0).Close();
  ExpectError(Call("PutRecord", One("x")), "ServiceUnavailableException", "");
  ExpectError(Call("PutRecordBatch", Batch({"x"})), "ServiceUnavailableException", "");
}

TEST_F(FirehoseServiceTest, NamesStreamsThatAreNotThere) {
  Open();
  for (const char* operation : {"DescribeDeliveryStream", "ListTagsForDeliveryStream",
                                "DeleteDeliveryStream", "StartDeliveryStreamEncryption"}) {
    ExpectError(Call(operation, R"({"DeliveryStreamName":"none"})"), "ResourceNotFoundException",
                "Firehose none under account 123456789012 not found.");
    ExpectError(Call(operation, "{}"), "ValidationException", "null at 'deliveryStreamName'");
    ExpectError(Call(operation, R"({"DeliveryStreamName":"a b"})"), "ValidationException",
                "[a-zA-Z0-9_.-]+");
  }
  ExpectError(Call("PutRecord", R"({"DeliveryStreamName":"none","Record":{"Data":"eA=="}})"),
              "ResourceNotFoundException", "Firehose none under account 123456789012 not found.");
}

TEST_F(FirehoseServiceTest, ATablesStreamIsTheConfigurations) {
  Open();
  ExpectError(Call("CreateDeliveryStream", Of()), "ResourceInUseException", "already exists");
  ExpectError(Call("DeleteDeliveryStream", Of()), "ResourceInUseException", "configuration");
  ExpectError(Call("UpdateDestination", Of(R"("CurrentDeliveryStreamVersionId":"1","DestinationId":
                                            "x","S3DestinationUpdate":{})")),
              "InvalidArgumentException", "configuration");
  ExpectError(Call("TagDeliveryStream", Of(R"("Tags":[{"Key":"k"}])")), "InvalidArgumentException",
              "configuration");
  ExpectError(Call("UntagDeliveryStream", Of(R"("TagKeys":["k"])")), "InvalidArgumentException",
              "configuration");
  const Outcome tags = Call("ListTagsForDeliveryStream", Of());
  EXPECT_THAT(tags.answer.Find("Tags")->items(), IsEmpty());
  ExpectError(Call("CreateTopic", Of()), "UnknownOperationException", "CreateTopic");
}

TEST_F(FirehoseServiceTest, EncryptsWhatIsPutBetweenStartAndStop) {
  Open();
  const auto told = [&] {
    const Outcome described = Call("DescribeDeliveryStream", Of());
    const base::JsonValue& encryption = *described.answer.Find("DeliveryStreamDescription")
                                             ->Find("DeliveryStreamEncryptionConfiguration");
    const base::JsonValue* type = encryption.Find("KeyType");
    return encryption.Find("Status")->text() + (type == nullptr ? "" : " " + type->text());
  };
  const auto encrypted = [](const Outcome& put) {
    const base::JsonValue* value = put.answer.Find("Encrypted");
    return value != nullptr && value->boolean();
  };
  EXPECT_EQ(told(), "DISABLED");
  for (const std::string& input :
       {std::string(), std::string(R"("DeliveryStreamEncryptionConfigurationInput":)"
                                   R"({"KeyType":"AWS_OWNED_CMK"})")}) {
    const Outcome started = Call("StartDeliveryStreamEncryption", Of(input));
    ASSERT_EQ(started.error, "") << started.message;
    EXPECT_EQ(told(), "ENABLED AWS_OWNED_CMK");
    EXPECT_TRUE(encrypted(Call("PutRecord", One("one"))));
    EXPECT_TRUE(encrypted(Call("PutRecordBatch", Batch({"two", "three"}))));
    ASSERT_EQ(Call("StopDeliveryStreamEncryption", Of()).error, "");
    EXPECT_EQ(told(), "DISABLED");
    EXPECT_FALSE(encrypted(Call("PutRecordBatch", Batch({"four"}))));
  }
}

TEST_F(FirehoseServiceTest, RefusesKeysThatItHasNot) {
  Open();
  const auto start = [&](const std::string& input) {
    return Call("StartDeliveryStreamEncryption",
                Of(R"("DeliveryStreamEncryptionConfigurationInput":{)" + input + "}"));
  };
  ExpectError(start(R"("KeyType":"CUSTOMER_MANAGED_CMK","KeyARN":"arn:aws:kms:key/1")"),
              "InvalidKMSResourceException", "Key arn:aws:kms:key/1 is not found");
  ExpectError(start(R"("KeyType":"AWS_OWNED_CMK","KeyARN":"arn:aws:kms:key/1")"),
              "InvalidArgumentException", "KeyARN must not be given");
  ExpectError(start(""), "ValidationException",
              "'deliveryStreamEncryptionConfigurationInput.keyType'");
}

}  // namespace
}  // namespace tapelake::serve
