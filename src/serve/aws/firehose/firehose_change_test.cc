/// Delivery streams that clients make, change, tag and delete.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/aws/firehose/firehose_service.h"
#include "testing/aws_world.h"

namespace tapelake::serve {
namespace {

using tapelake::testing::AwsWorld;
using tapelake::testing::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kPlain[] = R"("RoleARN":"arn:role","BucketARN":"arn:aws:s3:::landing")";

/// Keeps what it is told to in memory.
class FakeKeeper : public DeliveryKeeper {
 public:
  Result<DeliveryStream> Make(DeliveryStream wanted) override {
    TAPELAKE_RETURN_NOT_OK(failure);
    wanted.keeper = std::make_shared<int>();
    wanted.writer = writer;
    wanted.created_micros = AwsWorld::kStartMicros;
    return last = wanted;
  }
  Result<DeliveryStream> Change(DeliveryStream wanted) override {
    TAPELAKE_RETURN_NOT_OK(failure);
    return last = wanted;
  }
  Status Delete(const std::string& name, bool force) override {
    deleted = name + (force ? " by force" : "");
    return force ? Status::OK() : failure;
  }

  stream::StreamWriter* writer = nullptr;
  Status failure;
  DeliveryStream last;  ///< As it was wanted.
  std::string deleted;
};

class FirehoseChangeTest : public ::testing::Test {
 protected:
  FirehoseChangeTest() {
    world_.AddStream("crypto.transactions", 1);
    keeper_.writer = &world_.writer(0);
    world_.SetDeliveryKeeper(&keeper_);
    world_.Open();
  }

  Outcome Call(const std::string& operation, const std::string& json) {
    return world_.CallFirehose(operation, json);
  }
  static std::string Named(const std::string& more, const std::string& name = "orders") {
    return R"({"DeliveryStreamName":")" + name + "\"" + (more.empty() ? "" : "," + more) + "}";
  }
  /// A CreateDeliveryStream with an extended destination of these further members.
  Outcome Create(const std::string& more = "", const std::string& name = "orders") {
    return Call("CreateDeliveryStream",
                Named(R"("ExtendedS3DestinationConfiguration":{)" + std::string(kPlain) +
                          (more.empty() ? "" : "," + more) + "}",
                      name));
  }
  Outcome Update(const std::string& members, const std::string& version = "1",
                 const std::string& id = "destinationId-000000000001") {
    return Call("UpdateDestination",
                Named(R"("CurrentDeliveryStreamVersionId":")" + version + R"(","DestinationId":")" +
                      id + R"(","ExtendedS3DestinationUpdate":{)" + members + "}"));
  }
  void ExpectError(const Outcome& outcome, const std::string& type, const std::string& words) {
    EXPECT_EQ(outcome.error, type) << outcome.message;
    EXPECT_THAT(outcome.message, HasSubstr(words));
  }
  void ExpectRefused(const std::string& more, const std::string& words) {
    ExpectError(Create(more), "InvalidArgumentException", words);
  }
  std::vector<std::string> TagKeys(const std::string& more = "") {
    const Outcome tags = Call("ListTagsForDeliveryStream", Named(more));
    std::vector<std::string> keys;
    for (const base::JsonValue& tag : tags.answer.Find("Tags")->items())
      keys.push_back(tag.Find("Key")->text() + "=" + tag.Find("Value")->text());
    if (tags.answer.Find("HasMoreTags")->boolean()) keys.emplace_back("...");
    return keys;
  }

  AwsWorld world_;
  FakeKeeper keeper_;
};

TEST_F(FirehoseChangeTest, IsMadeAsFirehoseMakesIt) {
  const Outcome made = Create();
  ASSERT_EQ(made.error, "") << made.message;
  EXPECT_EQ(made.Text("DeliveryStreamARN"),
            "arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders");
  EXPECT_EQ(keeper_.last.buffer_bytes, 5 << 20);
  EXPECT_EQ(keeper_.last.buffer_micros, 300'000'000);
  EXPECT_EQ(keeper_.last.objects.bucket, "landing");
  EXPECT_EQ(keeper_.last.objects.compression, "UNCOMPRESSED");
  const Outcome listed = Call("ListDeliveryStreams", "{}");
  EXPECT_THAT(listed.answer.Find("DeliveryStreamNames")->items(), SizeIs(2));
  const Outcome told = Call("DescribeDeliveryStream", Named(""));
  const base::JsonValue& stream = *told.answer.Find("DeliveryStreamDescription");
  EXPECT_EQ(stream.Find("DeliveryStreamStatus")->text(), "ACTIVE");
  EXPECT_EQ(stream.Find("VersionId")->text(), "1");
  EXPECT_EQ(stream.Find("LastUpdateTimestamp"), nullptr);
  const base::JsonValue& objects =
      *stream.Find("Destinations")->items()[0].Find("ExtendedS3DestinationDescription");
  EXPECT_EQ(objects.Find("BucketARN")->text(), "arn:aws:s3:::landing");
  EXPECT_EQ(objects.Find("RoleARN")->text(), "arn:role");
  EXPECT_EQ(objects.Find("Prefix")->text(), "");
  EXPECT_EQ(objects.Find("BufferingHints")->Find("SizeInMBs")->AsInt(0), 5);
  EXPECT_FALSE(objects.Find("ProcessingConfiguration")->Find("Enabled")->boolean());
  EXPECT_EQ(Call("PutRecord", Named(R"("Record":{"Data":"eA=="})")).error, "");
  ExpectError(Create(), "ResourceInUseException",
              "Firehose orders under account 123456789012 already exists.");
}

TEST_F(FirehoseChangeTest, TakesAllThatDeliveryCanDo) {
  const Outcome made = Create(
      R"("Prefix":"d/!{partitionKeyFromQuery:p}/","ErrorOutputPrefix":"e/","CompressionFormat":
      "GZIP","BufferingHints":{"SizeInMBs":64,"IntervalInSeconds":60},"FileExtension":".json",
      "CustomTimeZone":"Asia/Tokyo","S3BackupMode":"Enabled","S3BackupConfiguration":{)" +
      std::string(kPlain) + R"(,"Prefix":"s/","CompressionFormat":"GZIP"},
      "EncryptionConfiguration":{"NoEncryptionConfig":"NoEncryption"},
      "CloudWatchLoggingOptions":{"Enabled":false},
      "DataFormatConversionConfiguration":{"Enabled":false},
      "DynamicPartitioningConfiguration":{"Enabled":true,"RetryOptions":{"DurationInSeconds":60}},
      "ProcessingConfiguration":{"Enabled":true,"Processors":[
        {"Type":"MetadataExtraction","Parameters":[
          {"ParameterName":"MetadataExtractionQuery","ParameterValue":"{p:.p}"},
          {"ParameterName":"JsonParsingEngine","ParameterValue":"JQ-1.6"}]},
        {"Type":"AppendDelimiterToRecord","Parameters":[
          {"ParameterName":"Delimiter","ParameterValue":"\\n"}]}]})");
  ASSERT_EQ(made.error, "") << made.message;
  const DeliveredObjects& objects = keeper_.last.objects;
  EXPECT_EQ(objects.prefix, "d/!{partitionKeyFromQuery:p}/");
  EXPECT_EQ(objects.error_prefix, "e/");
  EXPECT_EQ(objects.backup_prefix, "s/");
  EXPECT_EQ(objects.compression, "GZIP");
  EXPECT_EQ(objects.extension, ".json");
  EXPECT_EQ(objects.time_zone, "Asia/Tokyo");
  EXPECT_EQ(objects.partition_query, "{p:.p}");
  EXPECT_EQ(objects.delimiter, "\\n");
  EXPECT_EQ(keeper_.last.buffer_bytes, 64 << 20);
  const Outcome told = Call("DescribeDeliveryStream", Named(""));
  const base::JsonValue& destination =
      told.answer.Find("DeliveryStreamDescription")->Find("Destinations")->items()[0];
  const auto processors = destination.Find("ExtendedS3DestinationDescription")
                              ->Find("ProcessingConfiguration")
                              ->Find("Processors")
                              ->items();
  ASSERT_THAT(processors, SizeIs(2));
  EXPECT_EQ(processors[1].Find("Parameters")->items()[0].Find("ParameterValue")->text(), "\\n");
}

TEST_F(FirehoseChangeTest, RefusesByNameWhatCannotBeHad) {
  for (const auto& [more, words] : std::vector<std::pair<std::string, std::string>>{
           {R"("CloudWatchLoggingOptions":{"Enabled":true})", "CloudWatchLoggingOptions"},
           {R"("EncryptionConfiguration":{"KMSEncryptionConfig":{"AWSKMSKeyARN":"k"}})",
            "KMSEncryptionConfig"},
           {R"("DataFormatConversionConfiguration":{})", "DataFormatConversionConfiguration"},
           {R"("BufferingHints":{"SizeInMBs":5})", "BufferingHints"},
           {R"("S3BackupMode":"Enabled")", "S3BackupConfiguration"},
           {R"("DynamicPartitioningConfiguration":{"Enabled":true})", "MetadataExtraction"},
           {R"("ProcessingConfiguration":{"Enabled":true,"Processors":[{"Type":"Lambda"}]})",
            "A processor Lambda"},
           {R"("ProcessingConfiguration":{"Enabled":true,"Processors":[
              {"Type":"AppendDelimiterToRecord","Parameters":[
                {"ParameterName":"Nr","ParameterValue":"1"}]}]})",
            "no parameter Nr"},
           {R"("ProcessingConfiguration":{"Enabled":true,"Processors":[
              {"Type":"MetadataExtraction","Parameters":[
                {"ParameterName":"MetadataExtractionQuery","ParameterValue":"{p:.p}"}]}]})",
            "DynamicPartitioningConfiguration.Enabled"},
           {R"("DynamicPartitioningConfiguration":{"Enabled":true},
               "ProcessingConfiguration":{"Enabled":true,"Processors":[
              {"Type":"MetadataExtraction","Parameters":[
                {"ParameterName":"MetadataExtractionQuery","ParameterValue":"{p:.p}"}]}]})",
            "at least 64"}}) {
    ExpectRefused(more, words);
  }
  const std::string backup =
      R"("S3BackupMode":"Enabled","S3BackupConfiguration":{"RoleARN":"arn:r",)";
  ExpectRefused(backup + R"("BucketARN":"arn:aws:s3:::other","Prefix":"s/"})", "BucketARN");
  ExpectRefused(backup + R"("BucketARN":"arn:aws:s3:::landing"})", "Prefix");
  ExpectRefused(backup + R"("BucketARN":"arn:aws:s3:::landing","Prefix":"s/",
                            "CompressionFormat":"ZIP"})",
                "CompressionFormat");
  ExpectRefused(backup + R"("BucketARN":"arn:aws:s3:::landing","Prefix":"s/",
                            "BufferingHints":{"SizeInMBs":9,"IntervalInSeconds":9}})",
                "BufferingHints");
  EXPECT_EQ(keeper_.last.name, "");
}

TEST_F(FirehoseChangeTest, RefusesOtherSourcesAndDestinations) {
  const auto create = [this](const std::string& more) {
    return Call("CreateDeliveryStream", Named(more));
  };
  const std::string s3 = R"("S3DestinationConfiguration":{)" + std::string(kPlain) + "}";
  ExpectError(create(""), "InvalidArgumentException", "Exactly one destination");
  ExpectError(create(s3 + R"(,"ExtendedS3DestinationConfiguration":{)" + kPlain + "}"),
              "InvalidArgumentException", "Exactly one destination");
  ExpectError(create(R"("SplunkDestinationConfiguration":{})"), "InvalidArgumentException",
              "SplunkDestinationConfiguration");
  ExpectError(create(s3 + R"(,"DeliveryStreamType":"KinesisStreamAsSource")"),
              "InvalidArgumentException", "KinesisStreamAsSource");
  const std::string source =
      R"(,"KinesisStreamSourceConfiguration":{"RoleARN":"arn:r","KinesisStreamARN":"arn:s"})";
  ExpectError(create(s3 + source), "InvalidArgumentException", "KinesisStreamSourceConfiguration");
  ExpectError(create(s3 + R"(,"KinesisStreamSourceConfiguration":{})"), "ValidationException",
              "'kinesisStreamSourceConfiguration.kinesisStreamARN'");
  ExpectError(create(s3 + source + R"(,"DeliveryStreamType":"KinesisStreamAsSource")"),
              "InvalidArgumentException", "There is no stream arn:s here");
  ExpectError(create(s3 + R"(,"DeliveryStreamType":"MSKAsSource")"), "InvalidArgumentException",
              "MSKAsSource");
  const std::string encryption = R"(,"DeliveryStreamEncryptionConfigurationInput":{)";
  ExpectError(create(s3 + encryption + "}"), "ValidationException",
              "'deliveryStreamEncryptionConfigurationInput.keyType'");
  ExpectError(create(s3 + encryption + R"("KeyType":"CUSTOMER_MANAGED_CMK","KeyARN":"arn:k"})"),
              "InvalidKMSResourceException", "Key arn:k is not found");
  ExpectError(create(s3 + source + R"(,"DeliveryStreamType":"KinesisStreamAsSource")" + encryption +
                     R"("KeyType":"AWS_OWNED_CMK"})"),
              "InvalidArgumentException", "encrypt its source");
  for (const char* arn : {"arn:aws:s3:::", "arn:aws:s3:::..", "arn:aws:s3:::a/b", "landing",
                          "arn:aws:s3:::A_b", "arn:aws:s3:::a..b", "arn:aws:s3:::.abc"}) {
    ExpectError(create(R"("S3DestinationConfiguration":{"RoleARN":"arn:r","BucketARN":")" +
                       std::string(arn) + "\"}"),
                "InvalidArgumentException", "BucketARN");
  }
  ExpectError(create(R"("S3DestinationConfiguration":{"BucketARN":"arn:aws:s3:::abc"})"),
              "ValidationException", "'s3DestinationConfiguration.roleARN'");
  ExpectError(
      create(R"("ExtendedS3DestinationConfiguration":{"BufferingHints":{"SizeInMBs":129}})"),
      "ValidationException", "'extendedS3DestinationConfiguration.bufferingHints.sizeInMBs'");
  EXPECT_EQ(create(s3).error, "");
}

TEST_F(FirehoseChangeTest, TakesAKinesisStreamAsSource) {
  keeper_.writer = nullptr;
  const Outcome made =
      Call("CreateDeliveryStream",
           Named(R"("DeliveryStreamType":"KinesisStreamAsSource","KinesisStreamSourceConfiguration":
               {"RoleARN":"arn:r",
                "KinesisStreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"},
               "S3DestinationConfiguration":{)" +
                 std::string(kPlain) + "}"));
  ASSERT_EQ(made.error, "") << made.message;
  EXPECT_EQ(keeper_.last.source, "clicks");
  const Outcome told = Call("DescribeDeliveryStream", Named(""));
  const base::JsonValue& stream = *told.answer.Find("DeliveryStreamDescription");
  EXPECT_EQ(stream.Find("DeliveryStreamType")->text(), "KinesisStreamAsSource");
  const base::JsonValue& source = *stream.Find("Source")->Find("KinesisStreamSourceDescription");
  EXPECT_EQ(source.Find("KinesisStreamARN")->text(),
            "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks");
  EXPECT_EQ(source.Find("RoleARN")->text(), "arn:r");
  for (const char* put : {R"("Record":{"Data":"eA=="})", R"("Records":[{"Data":"eA=="}])"}) {
    const bool one = std::string_view(put).starts_with(R"("Record":)");
    ExpectError(Call(one ? "PutRecord" : "PutRecordBatch", Named(put)), "InvalidSourceException",
                "KinesisStreamAsSource");
  }
  const auto listed = [this](const std::string& type) {
    const Outcome list = Call("ListDeliveryStreams", R"({"DeliveryStreamType":")" + type + "\"}");
    std::vector<std::string> names;
    for (const base::JsonValue& name : list.answer.Find("DeliveryStreamNames")->items())
      names.push_back(name.text());
    return names;
  };
  EXPECT_THAT(listed("KinesisStreamAsSource"), ElementsAre("orders"));
  EXPECT_THAT(listed("DirectPut"), ElementsAre("crypto.transactions"));
}

TEST_F(FirehoseChangeTest, TellsWhatItsKeeperCannotDo) {
  keeper_.failure = MakeError(ErrorKind::kInvalid, "prefix 'x' is none");
  ExpectError(Create(), "InvalidArgumentException", "prefix 'x' is none");
  keeper_.failure = MakeError(ErrorKind::kThrottled, "too many");
  ExpectError(Create(), "LimitExceededException", "too many");
  keeper_.failure = MakeError(ErrorKind::kUnavailable, "disk");
  ExpectError(Create(), "InternalFailure", "disk");
  keeper_.failure = Status::OK();
  ASSERT_EQ(Create().error, "");
  keeper_.failure = MakeError(ErrorKind::kUnavailable, "disk");
  ExpectError(Update(R"("Prefix":"p/")"), "InternalFailure", "disk");
  EXPECT_EQ(Call("DescribeDeliveryStream", Named(""))
                .answer.Find("DeliveryStreamDescription")
                ->Find("VersionId")
                ->text(),
            "1");
}

TEST_F(FirehoseChangeTest, UpdatesWhatARequestSaysAndNothingElse) {
  ASSERT_EQ(Create(R"("Prefix":"a/","CompressionFormat":"ZIP")").error, "");
  const Outcome updated =
      Update(R"("Prefix":"","BufferingHints":{"SizeInMBs":1,"IntervalInSeconds":0})");
  ASSERT_EQ(updated.error, "") << updated.message;
  EXPECT_EQ(keeper_.last.version, 2);
  EXPECT_EQ(keeper_.last.objects.prefix, "");
  EXPECT_EQ(keeper_.last.objects.compression, "ZIP");
  EXPECT_EQ(keeper_.last.objects.bucket, "landing");
  EXPECT_EQ(keeper_.last.buffer_bytes, 1 << 20);
  EXPECT_EQ(keeper_.last.buffer_micros, 0);
  ExpectError(Update(R"("Prefix":"b/")"), "ConcurrentModificationException",
              "Cannot update firehose: orders since the current version id: 2 and specified "
              "version id: 1 do not match");
  ExpectError(Update(R"("Prefix":"b/")", "2", "other"), "InvalidArgumentException",
              "Destination Id other not found");
  ExpectError(Update(R"("DynamicPartitioningConfiguration":{"Enabled":true})", "2"),
              "InvalidArgumentException", "Dynamic partitioning");
  ExpectError(Update(R"("Prefix":7)", "2"), "SerializationException", "prefix");
  ExpectError(Update("", "x"), "ValidationException", "[0-9]+");
  ExpectError(Call("UpdateDestination", Named(R"("CurrentDeliveryStreamVersionId":"1",
                   "DestinationId":"d","S3DestinationUpdate":{})",
                                              "none")),
              "ResourceNotFoundException", "Firehose none under account 123456789012 not found.");
  EXPECT_EQ(keeper_.last.objects.prefix, "");
  EXPECT_EQ(Update(R"("S3BackupMode":"Enabled","S3BackupUpdate":{"Prefix":"s/"})", "2").error, "");
  ExpectError(Update(R"("S3BackupMode":"Disabled")", "3"), "InvalidArgumentException",
              "S3BackupMode");
}

TEST_F(FirehoseChangeTest, KeepsTags) {
  ASSERT_EQ(
      Call("CreateDeliveryStream", Named(R"("S3DestinationConfiguration":{)" + std::string(kPlain) +
                                         R"(},"Tags":[{"Key":"b","Value":"1"},{"Key":"a"}])"))
          .error,
      "");
  EXPECT_THAT(TagKeys(), ElementsAre("a=", "b=1"));
  EXPECT_EQ(
      Call("TagDeliveryStream", Named(R"("Tags":[{"Key":"b","Value":"2"},{"Key":"c"}])")).error,
      "");
  EXPECT_THAT(TagKeys(), ElementsAre("a=", "b=2", "c="));
  EXPECT_THAT(TagKeys(R"("Limit":1)"), ElementsAre("a=", "..."));
  EXPECT_THAT(TagKeys(R"("Limit":2,"ExclusiveStartTagKey":"a")"), ElementsAre("b=2", "c="));
  EXPECT_EQ(Call("UntagDeliveryStream", Named(R"("TagKeys":["a","c","none"])")).error, "");
  EXPECT_THAT(TagKeys(), ElementsAre("b=2"));
  EXPECT_EQ(keeper_.last.version, 1) << "tags are no update of the destination";
  ExpectError(Call("TagDeliveryStream", Named(R"("Tags":[{"Key":"aws:x"}])")),
              "InvalidArgumentException", "aws:");
  ExpectError(Call("TagDeliveryStream", Named(R"("Tags":[{"Key":"x"},{"Key":"x"}])")),
              "InvalidArgumentException", "twice");
  ExpectError(Call("TagDeliveryStream", Named(R"("Tags":[])")), "ValidationException", "'tags'");
  std::string many;
  for (int i = 0; i < 50; ++i)
    many += std::string(many.empty() ? "" : ",") + R"({"Key":"k)" + std::to_string(i) + "\"}";
  ExpectError(Call("TagDeliveryStream", Named(R"("Tags":[)" + many + "]")),
              "LimitExceededException", "50");
  EXPECT_THAT(TagKeys(), ElementsAre("b=2"));
}

TEST_F(FirehoseChangeTest, IsGoneWhenItIsDeleted) {
  ASSERT_EQ(Create().error, "");
  keeper_.failure = MakeError(ErrorKind::kUnavailable, "the bucket is away");
  ExpectError(Call("DeleteDeliveryStream", Named("")), "ResourceInUseException",
              "the bucket is away");
  EXPECT_EQ(Call("DescribeDeliveryStream", Named("")).error, "");
  EXPECT_EQ(Call("DeleteDeliveryStream", Named(R"("AllowForceDelete":true)")).error, "");
  EXPECT_EQ(keeper_.deleted, "orders by force");
  ExpectError(Call("DescribeDeliveryStream", Named("")), "ResourceNotFoundException", "orders");
  keeper_.failure = Status::OK();
  ASSERT_EQ(Create().error, "");
  EXPECT_EQ(Call("DeleteDeliveryStream", Named("")).error, "");
  ExpectError(Call("PutRecord", Named(R"("Record":{"Data":"eA=="})")), "ResourceNotFoundException",
              "orders");
}

}  // namespace
}  // namespace tapelake::serve
