#include "serve/aws/kinesis/kinesis_service.h"

#include <map>

#include <gmock/gmock.h>

#include "base/base64.h"
#include "serve/aws/kinesis/sequence_number.h"
#include "source/kinesis/testing_aggregate.h"
#include "testing/aws_world.h"

namespace tapelake::serve {
namespace {

using tapelake::testing::AwsWorld;
using tapelake::testing::Outcome;
using tapelake::testing::PutRecordsJson;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kStream[] = "crypto.transactions";
constexpr char kArn[] = "arn:aws:kinesis:eu-west-1:123456789012:stream/crypto.transactions";
constexpr int64_t kMinute = 60'000'000;

class KinesisServiceTest : public ::testing::Test {
 protected:
  void Open(int shards = 4, stream::StreamOptions options = {}, bool shard_limits = false) {
    world_.AddStream(kStream, shards, options);
    world_.AddStream("a.first", 1);
    world_.Open(shard_limits);
  }

  /// `"StreamName":"..."` and further members.
  static std::string Of(const std::string& more = "") {
    return std::string(R"({"StreamName":")") + kStream + "\"" + (more.empty() ? "" : "," + more) +
           "}";
  }
  Outcome Call(const std::string& operation, const std::string& json) {
    return world_.Call(operation, json);
  }
  void ExpectError(const Outcome& outcome, const std::string& type, const std::string& words) {
    EXPECT_EQ(outcome.error, type) << outcome.message;
    EXPECT_THAT(outcome.message, HasSubstr(words));
  }
  static std::vector<std::string> Texts(const base::JsonValue& list, const char* member) {
    std::vector<std::string> texts;
    for (const base::JsonValue& item : list.items())
      texts.push_back(member == nullptr ? item.text() : item.Find(member)->text());
    return texts;
  }

  static std::string Decoded(std::string_view base64) {
    std::string bytes(base::Base64DecodedSizeMax(base64.size()) + base::kBase64SlackBytes, '\0');
    size_t size = 0;
    EXPECT_TRUE(base::DecodeBase64(base64, bytes.data(), &size)) << base64;
    return bytes.substr(0, size);
  }

  /// The data of all records of a shard from an iterator on, and the last iterator.
  std::vector<std::string> ReadAll(std::string iterator, std::string* next = nullptr,
                                   int64_t limit = 3) {
    std::vector<std::string> data;
    for (int calls = 0; calls < 10'000; ++calls) {
      const Outcome read = Call("GetRecords", R"({"ShardIterator":")" + iterator +
                                                  "\",\"Limit\":" + std::to_string(limit) + "}");
      EXPECT_EQ(read.error, "") << read.message;
      if (!read.error.empty()) return data;
      iterator = read.Text("NextShardIterator");
      for (const base::JsonValue& record : read.answer.Find("Records")->items())
        data.push_back(Decoded(record.Find("Data")->text()));
      if (read.answer.Find("MillisBehindLatest")->AsInt(-1) == 0) break;
    }
    if (next != nullptr) *next = iterator;
    return data;
  }

  AwsWorld world_;
};

// ---- streams and shards

TEST_F(KinesisServiceTest, ListsStreamsByPages) {
  Open();
  Outcome page = Call("ListStreams", R"({"Limit":1})");
  EXPECT_THAT(Texts(*page.answer.Find("StreamNames"), nullptr), ElementsAre("a.first"));
  EXPECT_TRUE(page.answer.Find("HasMoreStreams")->boolean());
  const std::string token = page.Text("NextToken");
  page = Call("ListStreams", R"({"NextToken":")" + token + "\"}");
  EXPECT_THAT(Texts(*page.answer.Find("StreamNames"), nullptr), ElementsAre(kStream));
  EXPECT_FALSE(page.answer.Find("HasMoreStreams")->boolean());
  EXPECT_EQ(page.Text("NextToken"), "");
  EXPECT_THAT(Texts(*page.answer.Find("StreamSummaries"), "StreamARN"), ElementsAre(kArn));
  page = Call("ListStreams", R"({"ExclusiveStartStreamName":"a.first"})");
  EXPECT_THAT(Texts(*page.answer.Find("StreamNames"), nullptr), ElementsAre(kStream));
  world_.clock_.Advance(5 * kMinute + 1);
  ExpectError(Call("ListStreams", R"({"NextToken":")" + token + "\"}"), "ExpiredNextTokenException",
              "300 seconds ago");
  ExpectError(Call("ListStreams", R"({"NextToken":"abcd"})"), "InvalidArgumentException",
              "NextToken");
}

TEST_F(KinesisServiceTest, DescribesAStream) {
  stream::StreamOptions options;
  options.retention_micros = 49 * 60 * kMinute + 1;
  Open(2, options);
  for (const std::string& request : {Of(), std::string(R"({"StreamARN":")") + kArn + "\"}"}) {
    const Outcome summary = Call("DescribeStreamSummary", request);
    ASSERT_EQ(summary.error, "") << summary.message;
    const base::JsonValue& told = *summary.answer.Find("StreamDescriptionSummary");
    EXPECT_EQ(told.Find("StreamName")->text(), kStream);
    EXPECT_EQ(told.Find("StreamARN")->text(), kArn);
    EXPECT_EQ(told.Find("StreamStatus")->text(), "ACTIVE");
    EXPECT_EQ(told.Find("RetentionPeriodHours")->AsInt(0), 49);
    EXPECT_EQ(told.Find("OpenShardCount")->AsInt(0), 2);
    EXPECT_EQ(told.Find("EncryptionType")->text(), "NONE");
    EXPECT_THAT(told.Find("EnhancedMonitoring")->items(), SizeIs(1));
  }
  Outcome described = Call("DescribeStream", Of(R"("Limit":1)"));
  const base::JsonValue* told = described.answer.Find("StreamDescription");
  ASSERT_NE(told, nullptr);
  EXPECT_TRUE(told->Find("HasMoreShards")->boolean());
  EXPECT_THAT(Texts(*told->Find("Shards"), "ShardId"), ElementsAre("shardId-000000000000"));
  described = Call("DescribeStream", Of(R"("ExclusiveStartShardId":"shardId-000000000000")"));
  told = described.answer.Find("StreamDescription");
  EXPECT_FALSE(told->Find("HasMoreShards")->boolean());
  const base::JsonValue& shard = told->Find("Shards")->items().at(0);
  EXPECT_EQ(shard.Find("HashKeyRange")->Find("StartingHashKey")->text(),
            "170141183460469231731687303715884105728");
  EXPECT_EQ(shard.Find("HashKeyRange")->Find("EndingHashKey")->text(),
            "340282366920938463463374607431768211455");
  EXPECT_EQ(shard.Find("SequenceNumberRange")->members().size(), 1u);
}

TEST_F(KinesisServiceTest, ListsShardsByPages) {
  Open();
  std::vector<std::string> shards;
  std::string request = Of(R"("MaxResults":3)");
  while (true) {
    const Outcome page = Call("ListShards", request);
    ASSERT_EQ(page.error, "") << page.message;
    for (const std::string& id : Texts(*page.answer.Find("Shards"), "ShardId"))
      shards.push_back(id);
    const std::string token = page.Text("NextToken");
    if (token.empty()) break;
    request = R"({"MaxResults":3,"NextToken":")" + token + "\"}";
  }
  EXPECT_THAT(shards, ElementsAre("shardId-000000000000", "shardId-000000000001",
                                  "shardId-000000000002", "shardId-000000000003"));
  const std::string token = Call("ListShards", Of(R"("MaxResults":1)")).Text("NextToken");
  ExpectError(Call("ListShards", Of("\"NextToken\":\"" + token + "\"")), "InvalidArgumentException",
              "StreamName");
  world_.clock_.Advance(5 * kMinute + 1);
  ExpectError(Call("ListShards", R"({"NextToken":")" + token + "\"}"), "ExpiredNextTokenException",
              "");
}

TEST_F(KinesisServiceTest, FiltersShards) {
  Open();
  const auto listed = [this](const std::string& filter) {
    const Outcome page = Call("ListShards", Of("\"ShardFilter\":{" + filter + "}"));
    EXPECT_EQ(page.error, "") << page.message;
    return page.error.empty() ? page.answer.Find("Shards")->items().size() : 99;
  };
  for (const char* type : {"AT_LATEST", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON"}) {
    EXPECT_EQ(listed(std::string(R"("Type":")") + type + "\""), 4u);
  }
  EXPECT_EQ(listed(R"("Type":"AT_TIMESTAMP","Timestamp":1795374124.5)"), 4u);
  EXPECT_EQ(listed(R"("Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000001")"), 2u);
  ExpectError(Call("ListShards", Of(R"("ShardFilter":{"Type":"AFTER_SHARD_ID"})")),
              "InvalidArgumentException", "ShardId");
  ExpectError(Call("ListShards", Of(R"("ShardFilter":{"Type":"FROM_TIMESTAMP"})")),
              "InvalidArgumentException", "Timestamp");
  ExpectError(Call("ListShards", Of(R"("ShardFilter":{"Type":"X"})")), "ValidationException",
              "'shardFilter.type'");
  ExpectError(Call("ListShards", Of(R"("ShardFilter":{})")), "ValidationException",
              "'shardFilter.type'");
  ExpectError(Call("ListShards", Of(R"("StreamCreationTimestamp":1)")), "ResourceNotFoundException",
              "not created at that time");
}

TEST_F(KinesisServiceTest, NamesStreamsThatAreNotThere) {
  Open();
  for (const char* operation : {"DescribeStream", "DescribeStreamSummary", "ListShards",
                                "SplitShard", "DeleteStream", "StopStreamEncryption"}) {
    const auto call = [&](const std::string& members) {
      const std::string others =
          operation == std::string("SplitShard")
              ? R"("ShardToSplit":"shardId-000000000000","NewStartingHashKey":"1")"
              : R"("EncryptionType":"KMS","KeyId":"alias/aws/kinesis")";
      return Call(operation, "{" + others + members + "}");
    };
    ExpectError(call(R"(,"StreamName":"none")"), "ResourceNotFoundException",
                "Stream none under account 123456789012 not found.");
    ExpectError(call(""), "ValidationException", "null at 'streamName'");
    ExpectError(call(R"(,"StreamName":"a b")"), "ValidationException", "[a-zA-Z0-9_.-]+");
    ExpectError(
        call(R"(,"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/crypto.transactions")"),
        "ResourceNotFoundException", "arn:aws:kinesis:eu-west-1:123456789012:stream/NAME");
    ExpectError(call(std::string(R"(,"StreamName":"a.first","StreamARN":")") + kArn + "\""),
                "InvalidArgumentException", "two different streams");
  }
}

// ---- puts

TEST_F(KinesisServiceTest, PutsAreDurableAndComeBackFromTheirShards) {
  Open();
  std::vector<std::pair<std::string, std::string>> records;
  for (int i = 0; i < 500; ++i)
    records.emplace_back("key-" + std::to_string(i % 50), "data-" + std::to_string(i));
  const Outcome put = Call("PutRecords", PutRecordsJson(kStream, records));
  ASSERT_EQ(put.error, "") << put.message;
  EXPECT_EQ(put.answer.Find("FailedRecordCount")->AsInt(-1), 0);
  EXPECT_EQ(put.Text("EncryptionType"), "NONE");
  EXPECT_EQ(world_.log(0).facts().next_sequence, 501u);
  std::map<std::string, std::vector<std::string>> expected;
  std::map<std::string, std::string> last_number;
  const auto& places = put.answer.Find("Records")->items();
  ASSERT_EQ(places.size(), 500u);
  for (size_t i = 0; i < places.size(); ++i) {
    const std::string shard = places[i].Find("ShardId")->text();
    const std::string number = places[i].Find("SequenceNumber")->text();
    EXPECT_GT(number, last_number[shard]);
    last_number[shard] = number;
    expected[shard].push_back(records[i].second);
  }
  ASSERT_EQ(expected.size(), 4u);
  for (const auto& [shard, data] : expected)
    EXPECT_EQ(ReadAll(world_.Iterator(kStream, shard, "TRIM_HORIZON")), data);
}

TEST_F(KinesisServiceTest, PutsOneRecord) {
  Open();
  const Outcome put = Call("PutRecord", Of(R"("PartitionKey":"ä","Data":"eA==")"));
  ASSERT_EQ(put.error, "") << put.message;
  const std::string shard = put.Text("ShardId");
  const Outcome read =
      Call("GetRecords",
           R"({"ShardIterator":")" + world_.Iterator(kStream, shard, "TRIM_HORIZON") + "\"}");
  const base::JsonValue& record = read.answer.Find("Records")->items().at(0);
  EXPECT_EQ(record.Find("PartitionKey")->text(), "ä");
  EXPECT_EQ(record.Find("Data")->text(), "eA==");
  EXPECT_EQ(record.Find("SequenceNumber")->text(), put.Text("SequenceNumber"));
  EXPECT_EQ(record.Find("ApproximateArrivalTimestamp")->text(), "1795374124.000");
}

TEST_F(KinesisServiceTest, HoldsRequestsToTheirLimits) {
  Open();
  const auto put = [this](const std::string& more) { return Call("PutRecord", Of(more)); };
  const std::string mebibyte(1 << 20, 'x');
  const auto data = [](const std::string& bytes) {
    std::string json = R"("Data":")";
    base::AppendBase64(bytes, &json);
    return json + "\"";
  };
  ExpectError(put(R"("PartitionKey":"a")"), "ValidationException", "null at 'data'");
  ExpectError(put(data("x")), "ValidationException", "null at 'partitionKey'");
  ExpectError(put(R"("PartitionKey":"",)" + data("x")), "ValidationException", "'partitionKey'");
  ExpectError(put("\"PartitionKey\":\"" + std::string(257, 'k') + "\"," + data("x")),
              "ValidationException", "less than or equal to 256");
  ExpectError(put(R"("PartitionKey":"a","Data":"?")"), "SerializationException", "'data'");
  ExpectError(put(R"("PartitionKey":"a",)" + data(mebibyte + "x")), "ValidationException",
              "less than or equal to 1048576");
  ExpectError(put(R"("PartitionKey":"a",)" + data(mebibyte)), "InvalidArgumentException",
              "more than 1 MiB");
  EXPECT_EQ(put(R"("PartitionKey":"a",)" + data(mebibyte.substr(1))).error, "");
  std::vector<std::pair<std::string, std::string>> records(501, {"k", "d"});
  ExpectError(Call("PutRecords", PutRecordsJson(kStream, records)), "ValidationException",
              "less than or equal to 500");
  ExpectError(Call("PutRecords", PutRecordsJson(kStream, {})), "ValidationException",
              "greater than or equal to 1");
  records.assign(11, {"k", mebibyte.substr(1)});
  ExpectError(Call("PutRecords", PutRecordsJson(kStream, records)), "InvalidArgumentException",
              "10 MiB");
  records.assign(10, {"k", mebibyte.substr(1)});
  EXPECT_EQ(Call("PutRecords", PutRecordsJson(kStream, records)).error, "");
  ExpectError(Call("PutRecords", PutRecordsJson(kStream, {{"k", "d"}, {"", "d"}})),
              "ValidationException", "'records.2.member.partitionKey'");
  EXPECT_EQ(world_.log(0).facts().next_sequence, 12u);
}

TEST_F(KinesisServiceTest, PutsARecordWhereItsHashKeyFalls) {
  Open(2);
  const auto put = [this](const std::string& hash_key) {
    return Call("PutRecord",
                Of(R"("PartitionKey":"a","Data":"eA==","ExplicitHashKey":")" + hash_key + "\""));
  };
  // MD5 of "a" begins with 0c: the first half.
  EXPECT_EQ(put("0").Text("ShardId"), "shardId-000000000000");
  EXPECT_EQ(put("170141183460469231731687303715884105727").Text("ShardId"), "shardId-000000000000");
  EXPECT_EQ(put("170141183460469231731687303715884105728").Text("ShardId"), "shardId-000000000001");
  EXPECT_EQ(put("340282366920938463463374607431768211455").Text("ShardId"), "shardId-000000000001");
  ExpectError(put("340282366920938463463374607431768211456"), "ValidationException",
              "[0, 2^128-1]");
  ExpectError(put("00"), "ValidationException", "leading zeros");
  ExpectError(put("-1"), "ValidationException", "'explicitHashKey'");
}

TEST_F(KinesisServiceTest, AnswersThrottlesRecordByRecord) {
  Open(1, {}, true);
  std::vector<std::pair<std::string, std::string>> records(400, {"k", "d"});
  int64_t failed = 0;
  for (int i = 0; i < 3; ++i) {
    const Outcome put = Call("PutRecords", PutRecordsJson(kStream, records));
    ASSERT_EQ(put.error, "") << put.message;
    failed = put.answer.Find("FailedRecordCount")->AsInt(-1);
    if (i < 2) {
      EXPECT_EQ(failed, 0);
      continue;
    }
    const auto& places = put.answer.Find("Records")->items();
    EXPECT_EQ(places[199].Find("ErrorCode"), nullptr);
    EXPECT_EQ(places[200].Find("ErrorCode")->text(), "ProvisionedThroughputExceededException");
    EXPECT_EQ(places[200].Find("ErrorMessage")->text(),
              "Rate exceeded for shard shardId-000000000000 in stream crypto.transactions under "
              "account 123456789012.");
    EXPECT_EQ(places[200].Find("SequenceNumber"), nullptr);
  }
  EXPECT_EQ(failed, 200);
  EXPECT_EQ(world_.log(0).facts().next_sequence, 1'001u);
  ExpectError(Call("PutRecord", Of(R"("PartitionKey":"k","Data":"eA==")")),
              "ProvisionedThroughputExceededException", "Rate exceeded");
  world_.clock_.Advance(1'000'000);
  EXPECT_EQ(Call("PutRecord", Of(R"("PartitionKey":"k","Data":"eA==")")).error, "");
}

TEST_F(KinesisServiceTest, AnswersAFullStreamAsAThrottle) {
  stream::StreamOptions options;
  options.retention_bytes = 1;
  Open(1, options);
  world_.log(0).SetTaken("ingest", 1);
  EXPECT_EQ(Call("PutRecord", Of(R"("PartitionKey":"k","Data":"eA==")")).error, "");
  ExpectError(Call("PutRecord", Of(R"("PartitionKey":"k","Data":"eA==")")),
              "ProvisionedThroughputExceededException", "is full");
  const Outcome put = Call("PutRecords", PutRecordsJson(kStream, {{"k", "d"}, {"k", "e"}}));
  EXPECT_EQ(put.error, "");
  EXPECT_EQ(put.answer.Find("FailedRecordCount")->AsInt(0), 2);
}

TEST_F(KinesisServiceTest, FailsPutsThatTheDiskRefuses) {
  Open(1);
  world_.files_.SetBefore([](tapelake::testing::FakeFileSystem::Step step, const std::string&) {
    if (step != tapelake::testing::FakeFileSystem::Step::kWrite) return Status::OK();
    return MakeError(ErrorKind::kUnavailable, "no space left");
  });
  ExpectError(Call("PutRecord", Of(R"("PartitionKey":"k","Data":"eA==")")), "InternalFailure",
              "no space left");
  const Outcome put = Call("PutRecords", PutRecordsJson(kStream, {{"k", "d"}}));
  EXPECT_EQ(put.error, "");
  EXPECT_EQ(put.answer.Find("Records")->items()[0].Find("ErrorCode")->text(), "InternalFailure");
}

TEST_F(KinesisServiceTest, AsksClientsToComeAgainWhenItEnds) {
  Open(1);
  world_.writer(0).Close();
  ExpectError(Call("PutRecords", PutRecordsJson(kStream, {{"k", "d"}})), "ServiceUnavailable", "");
  ExpectError(Call("PutRecord", Of(R"("PartitionKey":"k","Data":"eA==")")), "ServiceUnavailable",
              "");
}

TEST_F(KinesisServiceTest, DoesNothingInADryRun) {
  Open(1);
  ExpectError(Call("PutRecord", Of(R"("PartitionKey":"k","Data":"eA==","DryRun":true)")),
              "DryRunOperationException", "nothing was done");
  std::string request = PutRecordsJson(kStream, {{"k", "d"}});
  request.replace(request.size() - 1, 1, ",\"DryRun\":true}");
  ExpectError(Call("PutRecords", request), "DryRunOperationException", "");
  EXPECT_EQ(world_.log(0).facts().next_sequence, 1u);
}

// ---- reads

TEST_F(KinesisServiceTest, BeginsWhereIteratorsSay) {
  Open(1);
  std::vector<std::string> numbers;
  for (const char* data : {"a", "b", "c"}) {
    const Outcome put = Call("PutRecords", PutRecordsJson(kStream, {{"k", data}}));
    numbers.push_back(put.answer.Find("Records")->items()[0].Find("SequenceNumber")->text());
    world_.clock_.Advance(1'000'000);
  }
  const std::string shard = "shardId-000000000000";
  const auto from = [&](const std::string& type, const std::string& more = "") {
    return ReadAll(world_.Iterator(kStream, shard, type, more));
  };
  const auto at = [](const std::string& number) {
    return ",\"StartingSequenceNumber\":\"" + number + "\"";
  };
  EXPECT_THAT(from("TRIM_HORIZON"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(from("AT_SEQUENCE_NUMBER", at(numbers[1])), ElementsAre("b", "c"));
  EXPECT_THAT(from("AFTER_SEQUENCE_NUMBER", at(numbers[1])), ElementsAre("c"));
  EXPECT_THAT(from("AFTER_SEQUENCE_NUMBER", at(numbers[2])), ElementsAre());
  EXPECT_THAT(from("AT_SEQUENCE_NUMBER", at(SequenceNumber{}.ToText())),
              ElementsAre("a", "b", "c"));
  EXPECT_THAT(from("AT_TIMESTAMP", ",\"Timestamp\":1795374125"), ElementsAre("b", "c"));
  EXPECT_THAT(from("AT_TIMESTAMP", ",\"Timestamp\":1795374125.001"), ElementsAre("c"));
  EXPECT_THAT(from("AT_TIMESTAMP", ",\"Timestamp\":1"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(from("LATEST"), ElementsAre());
}

TEST_F(KinesisServiceTest, LatestSeesWhatComesNext) {
  Open(1);
  Call("PutRecords", PutRecordsJson(kStream, {{"k", "old"}}));
  std::string iterator = world_.Iterator(kStream, "shardId-000000000000", "LATEST");
  EXPECT_THAT(ReadAll(iterator, &iterator), ElementsAre());
  Call("PutRecords", PutRecordsJson(kStream, {{"k", "new"}}));
  EXPECT_THAT(ReadAll(iterator, &iterator), ElementsAre("new"));
  EXPECT_THAT(ReadAll(iterator), ElementsAre());
}

TEST_F(KinesisServiceTest, SaysHowFarBehindAReaderIs) {
  Open(1);
  Call("PutRecords", PutRecordsJson(kStream, {{"k", "a"}}));
  world_.clock_.Advance(7'000'000);
  Call("PutRecords", PutRecordsJson(kStream, {{"k", "b"}}));
  world_.clock_.Advance(1'000'000);
  const std::string iterator = world_.Iterator(kStream, "shardId-000000000000", "TRIM_HORIZON");
  const Outcome first = Call("GetRecords", R"({"Limit":1,"ShardIterator":")" + iterator + "\"}");
  EXPECT_EQ(first.answer.Find("MillisBehindLatest")->AsInt(-1), 8'000);
  const Outcome second =
      Call("GetRecords", R"({"ShardIterator":")" + first.Text("NextShardIterator") + "\"}");
  EXPECT_EQ(second.answer.Find("MillisBehindLatest")->AsInt(-1), 0);
}

TEST_F(KinesisServiceTest, RefusesIteratorsThatAreOldOrForeign) {
  Open(2);
  const std::string shard = "shardId-000000000001";
  const std::string iterator = world_.Iterator(kStream, shard, "TRIM_HORIZON");
  const auto get = [this](const std::string& token, const std::string& more = "") {
    return Call("GetRecords", R"({"ShardIterator":")" + token + "\"" + more + "}");
  };
  world_.MakeService();  // started again
  EXPECT_EQ(get(iterator, std::string(",\"StreamARN\":\"") + kArn + "\"").error, "");
  ExpectError(get(iterator, R"(,"StreamARN":"arn:aws:kinesis:eu-west-1:1:stream/x")"),
              "InvalidArgumentException", "The ShardIterator is of");
  world_.clock_.Advance(5 * kMinute);
  EXPECT_EQ(get(iterator).error, "");
  world_.clock_.Advance(1);
  ExpectError(get(iterator), "ExpiredIteratorException", "300000 milliseconds");
  ExpectError(get("Y3J5cHRvLWNkYzpzaGFyZElkLTAwMDAwMDAwMDAwMDow\\n"), "InvalidArgumentException",
              "Invalid ShardIterator.");
  std::string other = iterator;
  other[10] = other[10] == 'A' ? 'B' : 'A';
  ExpectError(get(other), "InvalidArgumentException", "Invalid ShardIterator.");
  ExpectError(get(std::string(513, 'A')), "ValidationException", "less than or equal to 512");
  ExpectError(get(iterator, ",\"Limit\":10001"), "ValidationException", "'limit'");
  ExpectError(get(iterator, ",\"Limit\":0"), "ValidationException", "'limit'");
}

TEST_F(KinesisServiceTest, RefusesPlacesThatAreNone) {
  Open(2);
  const auto iterator = [this](const std::string& members) {
    return Call("GetShardIterator", Of(members));
  };
  const std::string of_shard = R"("ShardId":"shardId-000000000000","ShardIteratorType":)";
  ExpectError(iterator(R"("ShardId":"shardId-000000000002","ShardIteratorType":"LATEST")"),
              "ResourceNotFoundException", "Shard shardId-000000000002 in stream");
  ExpectError(iterator(R"("ShardId":"0","ShardIteratorType":"LATEST")"),
              "ResourceNotFoundException", "does not exist");
  ExpectError(iterator(of_shard + "\"SOON\""), "ValidationException", "'shardIteratorType'");
  ExpectError(iterator(of_shard + "\"AT_SEQUENCE_NUMBER\""), "InvalidArgumentException",
              "startingSequenceNumber");
  ExpectError(iterator(of_shard + "\"AT_TIMESTAMP\""), "InvalidArgumentException", "timestamp");
  ExpectError(iterator(of_shard + R"("AT_TIMESTAMP","Timestamp":1795374125)"),
              "InvalidArgumentException",
              "timestampInMillis: 1795374125000, currentTimestampInMillis: 1795374124000");
  for (const std::string& number :
       {std::string("17"), SequenceNumber{.shard = 1, .sequence = 0}.ToText(),
        SequenceNumber{.shard = 0, .sequence = 1}.ToText()}) {
    ExpectError(
        iterator(of_shard + R"("AT_SEQUENCE_NUMBER","StartingSequenceNumber":")" + number + "\""),
        "InvalidArgumentException", "did not come from this shard");
  }
}

// ---- resharding

TEST_F(KinesisServiceTest, SplitsAShardWhoseReadersGoOnWithItsChildren) {
  Open(1);
  const auto put = [this](const std::string& key) {
    return Call("PutRecord", Of(R"("Data":"eA==","PartitionKey":")" + key + "\"")).Text("ShardId");
  };
  EXPECT_EQ(put("a"), "shardId-000000000000");
  const std::string of_parent = world_.Iterator(kStream, "shardId-000000000000", "TRIM_HORIZON");
  ASSERT_EQ(
      Call("SplitShard", Of(R"("ShardToSplit":"shardId-000000000000",)"
                            R"("NewStartingHashKey":"170141183460469231731687303715884105728")"))
          .error,
      "");
  EXPECT_EQ(put("a"), "shardId-000000000001");  // its MD5 begins with 0c
  EXPECT_EQ(put("b"), "shardId-000000000002");  // with 92
  const Outcome listed = Call("ListShards", Of());
  const auto& shards = listed.answer.Find("Shards")->items();
  ASSERT_EQ(shards.size(), 3u);
  const base::JsonValue& parent = *shards[0].Find("SequenceNumberRange");
  EXPECT_EQ(parent.Find("EndingSequenceNumber")->text(),
            (SequenceNumber{.shard = 0, .sequence = 1}).ToText());
  EXPECT_EQ(shards[0].Find("ParentShardId"), nullptr);
  EXPECT_EQ(shards[2].Find("ParentShardId")->text(), "shardId-000000000000");
  EXPECT_EQ(shards[2].Find("SequenceNumberRange")->Find("EndingSequenceNumber"), nullptr);
  EXPECT_EQ(shards[2].Find("HashKeyRange")->Find("StartingHashKey")->text(),
            "170141183460469231731687303715884105728");

  const Outcome rest = Call("GetRecords", R"({"ShardIterator":")" + of_parent + "\"}");
  ASSERT_EQ(rest.error, "") << rest.message;
  EXPECT_EQ(rest.answer.Find("Records")->items().size(), 1u);
  EXPECT_EQ(rest.answer.Find("NextShardIterator"), nullptr);
  EXPECT_EQ(rest.answer.Find("MillisBehindLatest")->AsInt(-1), 0);
  EXPECT_THAT(Texts(*rest.answer.Find("ChildShards"), "ShardId"),
              ElementsAre("shardId-000000000001", "shardId-000000000002"));
  const Outcome child = Call(
      "GetRecords",
      R"({"ShardIterator":")" +
          world_.Iterator(
              kStream, "shardId-000000000002", "AT_SEQUENCE_NUMBER",
              R"(,"StartingSequenceNumber":")" +
                  shards[2].Find("SequenceNumberRange")->Find("StartingSequenceNumber")->text() +
                  "\"") +
          "\"}");
  EXPECT_EQ(child.answer.Find("Records")->items().size(), 1u);
  EXPECT_NE(child.answer.Find("NextShardIterator"), nullptr);
}

TEST_F(KinesisServiceTest, MergesShardsThatTouch) {
  Open(4);
  const auto merge = [this](const std::string& left, const std::string& right) {
    return Call("MergeShards",
                Of(R"("ShardToMerge":"shardId-00000000000)" + left +
                   R"(","AdjacentShardToMerge":"shardId-00000000000)" + right + "\""));
  };
  ExpectError(merge("0", "2"), "InvalidArgumentException", "not an adjacent pair");
  ExpectError(merge("0", "9"), "ResourceNotFoundException", "Could not find shard");
  EXPECT_EQ(merge("2", "1").error, "");
  ExpectError(merge("1", "0"), "InvalidArgumentException", "already been merged or split");
  const Outcome listed = Call("ListShards", Of(R"("ShardFilter":{"Type":"AT_LATEST"})"));
  EXPECT_THAT(Texts(*listed.answer.Find("Shards"), "ShardId"),
              ElementsAre("shardId-000000000000", "shardId-000000000003", "shardId-000000000004"));
  EXPECT_EQ(listed.answer.Find("Shards")->items()[2].Find("AdjacentParentShardId")->text(),
            "shardId-000000000002");
}

TEST_F(KinesisServiceTest, ScalesTheNumberOfShards) {
  Open(2);
  const auto scale = [this](int target) {
    return Call("UpdateShardCount", Of(R"("ScalingType":"UNIFORM_SCALING","TargetShardCount":)" +
                                       std::to_string(target)));
  };
  ExpectError(scale(5), "LimitExceededException", "double");
  const Outcome three = scale(3);
  EXPECT_EQ(three.error, "") << three.message;
  EXPECT_EQ(three.answer.Find("CurrentShardCount")->AsInt(0), 2);
  EXPECT_EQ(three.answer.Find("TargetShardCount")->AsInt(0), 3);
  EXPECT_EQ(scale(6).error, "");
  ExpectError(scale(2), "LimitExceededException", "half");
  EXPECT_EQ(scale(3).error, "");
  const Outcome summary = Call("DescribeStreamSummary", Of());
  EXPECT_EQ(summary.answer.Find("StreamDescriptionSummary")->Find("OpenShardCount")->AsInt(0), 3);
}

TEST_F(KinesisServiceTest, RefusesToSplitWhereNothingCanBeSplit) {
  Open(2);
  const auto split = [this](const std::string& shard, const std::string& start) {
    return Call("SplitShard",
                Of(R"("ShardToSplit":")" + shard + R"(","NewStartingHashKey":")" + start + "\""));
  };
  const std::string half = "170141183460469231731687303715884105728";
  for (const std::string& start : {std::string("0"), std::string("1"), half})
    ExpectError(split("shardId-000000000000", start), "InvalidArgumentException", start);
  ExpectError(split("shardId-000000000002", "5"), "ResourceNotFoundException", "Could not find");
  ExpectError(split("shardId-000000000000", "x"), "ValidationException", "'newStartingHashKey'");
  EXPECT_EQ(split("shardId-000000000000", "5").error, "");
  ExpectError(split("shardId-000000000000", "7"), "InvalidArgumentException",
              "already been merged or split");
}

// ---- encryption

TEST_F(KinesisServiceTest, EncryptsWhatIsPutBetweenStartAndStop) {
  Open(1);
  const auto put = [&](const std::string& data) {
    return Call("PutRecords", PutRecordsJson(kStream, {{"key", data}})).Text("EncryptionType");
  };
  const std::string key = R"("EncryptionType":"KMS","KeyId":"alias/aws/kinesis")";
  const std::string arn = R"("EncryptionType":"KMS","KeyId":)"
                          R"("arn:aws:kms:eu-west-1:123456789012:alias/aws/kinesis")";
  EXPECT_EQ(put("a"), "NONE");
  ASSERT_EQ(Call("StartStreamEncryption", Of(key)).error, "");
  ASSERT_EQ(Call("StartStreamEncryption", Of(arn)).error, "");
  EXPECT_EQ(put("b"), "KMS");
  const Outcome one = Call("PutRecord", Of(R"("PartitionKey":"key","Data":"Yg==")"));
  EXPECT_EQ(one.Text("EncryptionType"), "KMS") << one.message;
  const Outcome summary = Call("DescribeStreamSummary", Of());
  const base::JsonValue& told = *summary.answer.Find("StreamDescriptionSummary");
  EXPECT_EQ(told.Find("EncryptionType")->text(), "KMS");
  EXPECT_EQ(told.Find("KeyId")->text(), "alias/aws/kinesis");
  ASSERT_EQ(Call("StopStreamEncryption", Of(key)).error, "");
  ASSERT_EQ(Call("StopStreamEncryption", Of(key)).error, "");
  EXPECT_EQ(put("c"), "NONE");
  EXPECT_EQ(Call("DescribeStream", Of()).answer.Find("StreamDescription")->Find("KeyId"), nullptr);
  const Outcome read = Call(
      "GetRecords", R"({"ShardIterator":")" +
                        world_.Iterator(kStream, "shardId-000000000000", "TRIM_HORIZON") + "\"}");
  std::vector<std::string> types;
  for (const base::JsonValue& record : read.answer.Find("Records")->items()) {
    const base::JsonValue* type = record.Find("EncryptionType");
    types.push_back(type == nullptr ? "" : type->text());
  }
  EXPECT_THAT(types, ElementsAre("", "KMS", "KMS", ""));
}

TEST_F(KinesisServiceTest, RefusesKeysThatItHasNot) {
  Open();
  for (const char* operation : {"StartStreamEncryption", "StopStreamEncryption"}) {
    ExpectError(Call(operation, Of(R"("EncryptionType":"KMS","KeyId":"alias/mine")")),
                "KMSNotFoundException", "Key alias/mine is not found: the one key of this door is");
    ExpectError(Call(operation, Of(R"("EncryptionType":"NONE","KeyId":"alias/aws/kinesis")")),
                "InvalidArgumentException", "must be KMS");
    ExpectError(Call(operation, Of(R"("EncryptionType":"AES","KeyId":"alias/aws/kinesis")")),
                "ValidationException", "'encryptionType'");
    ExpectError(Call(operation, Of(R"("EncryptionType":"KMS")")), "ValidationException", "'keyId'");
  }
  EXPECT_EQ(world_.log(0).encryption_key(), "");
}

// ---- what the configuration decides

TEST_F(KinesisServiceTest, SaysWhatOnlyTheConfigurationCanDo) {
  Open();
  ExpectError(Call("CreateStream", Of()), "ResourceInUseException", "already exists");
  ExpectError(Call("CreateStream", R"({"StreamName":"new"})"), "InvalidArgumentException",
              "ShardCount");
  ExpectError(Call("CreateStream", R"({"StreamName":"new","ShardCount":257})"),
              "LimitExceededException", "256");
  ExpectError(Call("CreateStream", R"({"StreamName":"new","ShardCount":1})"),
              "InvalidArgumentException", "cannot be made here");
  ExpectError(Call("DeleteStream", Of()), "InvalidArgumentException",
              "Stream crypto.transactions is declared in Tapelake's configuration");
  ExpectError(Call("UpdateStreamMode", Of()), "InvalidArgumentException",
              "The mode of stream crypto.transactions cannot be changed");
}

TEST_F(KinesisServiceTest, ATablesStreamKeepsItsRetention) {
  Open();
  EXPECT_EQ(Call("IncreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":24)")).error, "");
  ExpectError(Call("IncreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":48)")),
              "InvalidArgumentException", "stream.retention");
  ExpectError(Call("IncreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":23)")),
              "InvalidArgumentException", "Minimum allowed retention period is 24 hours");
  ExpectError(Call("IncreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":8761)")),
              "InvalidArgumentException", "Maximum allowed retention period is 8760 hours");
  ExpectError(Call("DecreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":25)")),
              "InvalidArgumentException", "can not be longer");
  ExpectError(Call("DecreaseStreamRetentionPeriod", Of()), "ValidationException",
              "'retentionPeriodHours'");
}

TEST_F(KinesisServiceTest, ChangesTheRetentionOfAStreamThatAClientMade) {
  world_.PretendClientsMadeThem();
  Open();
  const auto hours = [this] {
    const Outcome summary = Call("DescribeStreamSummary", Of());
    const auto* told = summary.answer.Find("StreamDescriptionSummary");
    return told->Find("RetentionPeriodHours")->AsInt(0);
  };
  EXPECT_EQ(Call("IncreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":8760)")).error, "");
  EXPECT_EQ(hours(), 8'760);
  EXPECT_EQ(world_.log(0).retention_micros(), int64_t{8'760} * 60 * kMinute);
  ExpectError(Call("IncreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":48)")),
              "InvalidArgumentException",
              "Requested retention period (48 hours) for stream crypto.transactions can not be "
              "shorter than existing retention period (8760 hours). Use DecreaseRetentionPeriod "
              "API.");
  EXPECT_EQ(Call("DecreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":48)")).error, "");
  EXPECT_EQ(hours(), 48);
  ExpectError(Call("DecreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":49)")),
              "InvalidArgumentException", "Use IncreaseRetentionPeriod API.");
  ExpectError(Call("DecreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":23)")),
              "InvalidArgumentException", "Minimum allowed retention period is 24 hours");
  // Already so: nothing to do.
  EXPECT_EQ(Call("IncreaseStreamRetentionPeriod", Of(R"("RetentionPeriodHours":48)")).error, "");
  EXPECT_EQ(hours(), 48);
}

TEST_F(KinesisServiceTest, TellsItsLimitsAndWhatItDoesNotServe) {
  Open();
  const Outcome limits = Call("DescribeLimits", "{}");
  EXPECT_EQ(limits.answer.Find("OpenShardCount")->AsInt(0), 5);
  EXPECT_EQ(limits.answer.Find("ShardLimit")->AsInt(0), 512);
  ExpectError(Call("SubscribeToShard", "{}"), "UnknownOperationException", "SubscribeToShard");
  EXPECT_TRUE(KinesisService::Knows("PutRecords"));
  EXPECT_FALSE(KinesisService::Knows("putRecords"));
}

TEST_F(KinesisServiceTest, HasNeitherTagsNorConsumers) {
  Open();
  EXPECT_THAT(Call("ListTagsForStream", Of()).answer.Find("Tags")->items(), SizeIs(0));
  const std::string arn = kArn;
  EXPECT_THAT(
      Call("ListTagsForResource", R"({"ResourceARN":")" + arn + "\"}").answer.Find("Tags")->items(),
      SizeIs(0));
  EXPECT_THAT(Call("ListStreamConsumers", R"({"StreamARN":")" + arn + "\"}")
                  .answer.Find("Consumers")
                  ->items(),
              SizeIs(0));
  for (const char* operation : {"ListTagsForResource", "ListStreamConsumers"}) {
    ExpectError(Call(operation, "{}"), "ValidationException", "Member must not be null");
    const std::string member =
        operation == std::string("ListTagsForResource") ? "Resource" : "Stream";
    ExpectError(Call(operation, "{\"" + member + "ARN\":\"" + arn + "x\"}"),
                "ResourceNotFoundException", "not found");
    ExpectError(Call(operation, "{\"" + member + "ARN\":\"arn:aws:kinesis:other\"}"),
                "ResourceNotFoundException", "There is no stream");
  }
}

/// An aggregate of the producer library: keys and data, and whether each has a hash key of 0.
std::string AggregateOf(const std::vector<std::pair<std::string, std::string>>& records,
                        bool hash_keys = false) {
  using source::testing::BytesField;
  using source::testing::VarintField;
  std::string message = BytesField(2, "0");
  for (const auto& [key, data] : records)
    message += BytesField(1, key);
  for (size_t i = 0; i < records.size(); ++i) {
    message += BytesField(3, VarintField(1, i) + (hash_keys ? VarintField(2, 0) : "") +
                                 BytesField(3, records[i].second));
  }
  return source::testing::Sealed(message);
}

TEST_F(KinesisServiceTest, TakesAggregatesOfTheProducerLibraryApart) {
  Open();
  const std::string aggregate = AggregateOf({{"k0", "a"}, {"k1", ""}, {"k0", "b"}});
  // The library says which shard it means, in words that only hold for the whole.
  std::string json = PutRecordsJson(kStream, {{"plain", "first"}, {"a", aggregate}, {"k0", "c"}});
  const size_t at = json.find(R"("PartitionKey":"a",)");
  ASSERT_NE(at, std::string::npos);
  json.insert(at, R"("ExplicitHashKey":"170141183460469231731687303715884105728",)");
  const Outcome put = Call("PutRecords", json);
  ASSERT_EQ(put.error, "") << put.message;
  const auto& places = put.answer.Find("Records")->items();
  ASSERT_THAT(places, SizeIs(3));
  EXPECT_EQ(world_.log(0).facts().next_sequence, 6u) << "five records";
  const std::string shard = places[1].Find("ShardId")->text();
  EXPECT_EQ(places[2].Find("ShardId")->text(), shard) << "where k0 goes";
  const auto read = ReadAll(world_.Iterator(
      kStream, shard, "AT_SEQUENCE_NUMBER",
      R"(,"StartingSequenceNumber":")" + places[1].Find("SequenceNumber")->text() + "\""));
  std::vector<std::string> of_k0;
  for (const std::string& data : read) {
    if (!data.empty()) of_k0.push_back(data);
  }
  EXPECT_THAT(of_k0, ElementsAre("a", "b", "c"));
}

TEST_F(KinesisServiceTest, TakesWhatOnlyLooksLikeAnAggregateAsItIs) {
  Open(1);
  std::string damaged = AggregateOf({{"k", "a"}});
  damaged.back() ^= 1;
  const std::vector<std::string> all = {damaged, AggregateOf({{"", "a"}}),
                                        AggregateOf({{std::string(257, 'k'), "a"}}),
                                        AggregateOf({{"k\xff", "a"}}), AggregateOf({})};
  for (const std::string& data : all)
    EXPECT_EQ(Call("PutRecords", PutRecordsJson(kStream, {{"k", data}})).error, "");
  EXPECT_EQ(ReadAll(world_.Iterator(kStream, "shardId-000000000000", "TRIM_HORIZON")), all);
}

TEST_F(KinesisServiceTest, BoundsAggregates) {
  Open(4);
  std::string message = source::testing::BytesField(1, "k");
  for (int i = 0; i < 50'001; ++i) {
    message += source::testing::BytesField(
        3, source::testing::VarintField(1, 0) + source::testing::BytesField(3, ""));
  }
  const std::string aggregate = source::testing::Sealed(message);
  ExpectError(Call("PutRecords", PutRecordsJson(kStream, {{"a", aggregate}, {"b", aggregate}})),
              "InvalidArgumentException", "more than 100000 records");
  EXPECT_EQ(world_.log(0).facts().next_sequence, 1u);
}

TEST_F(KinesisServiceTest, RecordsOfAnAggregateGoByTheirOwnHashKeys) {
  Open(4);
  const Outcome put = Call(
      "PutRecords",
      PutRecordsJson(
          kStream,
          {{"a", AggregateOf(
                     {{"k0", "a"}, {"k1", "b"}, {"k2", "c"}, {"k3", "d"}, {"k4", "e"}, {"k5", "f"}},
                     true)}}));
  ASSERT_EQ(put.error, "") << put.message;
  EXPECT_THAT(ReadAll(world_.Iterator(kStream, "shardId-000000000000", "TRIM_HORIZON")),
              ElementsAre("a", "b", "c", "d", "e", "f"));
}

}  // namespace
}  // namespace tapelake::serve
