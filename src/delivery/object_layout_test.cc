#include "delivery/object_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transform/testing_records.h"

namespace tapelake::delivery {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMicros = 1'795'339'859'000'000;  // 2026-11-22T09:30:59Z
const std::string kStream = "crypto.transactions";
const ObjectName kName{kStream, kMicros, 42};

std::shared_ptr<const ObjectLayout> Make(const LayoutOptions& options) {
  auto layout = ObjectLayout::Make(options, kStream);
  EXPECT_TRUE(layout.ok()) << layout.status().ToString();
  return layout.ok() ? *layout : nullptr;
}

std::string Refusal(const LayoutOptions& options) {
  const auto layout = ObjectLayout::Make(options, kStream);
  EXPECT_FALSE(layout.ok());
  return layout.ok() ? "" : layout.status().message();
}

TEST(ObjectLayout, IsTheOldOneByDefault) {
  const auto layout = Make({});
  EXPECT_TRUE(layout->is_default());
  EXPECT_FALSE(layout->partitioned() || layout->names_by_arrival());
  EXPECT_EQ(layout->RawPath(kName, ""), RawObjectPath(kName));
  EXPECT_EQ(layout->ErrorPath("no-key", kName), ErrorObjectPath("no-key", kName));
  EXPECT_EQ(layout->raw_prefix().text(), "raw/crypto.transactions/!{timestamp:yyyy/MM/dd/HH}/");
  EXPECT_EQ(layout->error_prefix().text(),
            "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/");
  EXPECT_EQ(layout->extension(), ".ndjson.gz");
  // Names of 200 characters were always fine.
  EXPECT_TRUE(ObjectLayout::Make({}, std::string(200, 's')).ok());
}

TEST(ObjectLayout, AddsTheHourToAPrefixWithoutATime) {
  LayoutOptions options{.prefix = "mine/", .error_prefix = "bad/"};
  auto layout = Make(options);
  EXPECT_EQ(layout->RawPath(kName, ""),
            "mine/2026/11/22/09/" + FormatObjectName(kName) + ".ndjson.gz");
  EXPECT_EQ(layout->ErrorPath("no-key", kName),
            "bad/no-key/2026/11/22/09/" + FormatObjectName(kName) + ".ndjson");
  options.time_zone = "Asia/Tokyo";
  options.compression = "ZIP";
  layout = Make(options);
  EXPECT_EQ(layout->RawPath(kName, ""),
            "mine/2026/11/22/18/" + FormatObjectName(kName) + ".ndjson.zip");
  EXPECT_TRUE(layout->names_by_arrival());
  options.prefix = "mine/y=!{timestamp:yyyy}/part-";
  options.error_prefix = "bad/!{firehose:error-output-type}/";
  options.extension = ".json";
  layout = Make(options);
  EXPECT_EQ(layout->RawPath(kName, ""), "mine/y=2026/part-" + FormatObjectName(kName) + ".json");
  EXPECT_EQ(layout->ErrorPath("no-key", kName),
            "bad/no-key/" + FormatObjectName(kName) + ".ndjson");
}

TEST(ObjectLayout, KeepsFirehosesRules) {
  EXPECT_THAT(Refusal({.prefix = "a/!{timestamp:yyyy}/"}), HasSubstr("must be an error_prefix"));
  EXPECT_THAT(Refusal({.error_prefix = "a/!{timestamp:yyyy}/"}),
              HasSubstr("!{firehose:error-output-type} must be among them"));
  EXPECT_THAT(Refusal({.prefix = "a/!{firehose:error-output-type}/", .error_prefix = "e/"}),
              HasSubstr("error prefix only"));
  EXPECT_THAT(Refusal({.compression = "gzip"}), HasSubstr("'gzip'"));
  EXPECT_THAT(Refusal({.extension = "json"}), HasSubstr("file_extension 'json'"));
  EXPECT_THAT(Refusal({.extension = ".JSON"}), HasSubstr("file_extension"));
  EXPECT_THAT(Refusal({.extension = "./x"}), HasSubstr("file_extension"));
  EXPECT_THAT(Refusal({.time_zone = "Moon/Base"}), HasSubstr("Moon/Base"));
  EXPECT_THAT(Refusal({.prefix = "a/", .backup_prefix = "a/", .backup = true}),
              HasSubstr("the prefix of the raw objects"));
  EXPECT_THAT(
      Refusal({.prefix = "a/!{timestamp:yyyy}" + std::string(190, 'x'), .error_prefix = "e/"}),
      HasSubstr(" bytes long"));
}

TEST(ObjectLayout, WantsItsPartitionKeysUsed) {
  LayoutOptions options{.prefix = "p/!{partitionKeyFromQuery:pair}/",
                        .error_prefix = "e/",
                        .partition_keys = {{"pair", "pair"}}};
  EXPECT_TRUE(Make(options)->partitioned());
  options.partition_keys.push_back({"day", "day"});
  EXPECT_THAT(Refusal(options), HasSubstr("'day' is not used"));
  options.partition_keys.back() = {"pair", "other"};
  EXPECT_THAT(Refusal(options), HasSubstr("'pair' twice"));
  options.partition_keys.pop_back();
  options.partitions_max = 0;
  EXPECT_THAT(Refusal(options), HasSubstr("partitions_max is 0"));
  options.partitions_max = 1;
  options.prefix = "!{partitionKeyFromQuery:pair}/";
  EXPECT_THAT(Refusal(options), HasSubstr("first folder"));
  options.target = "s3://bucket/of/its/own";
  EXPECT_EQ(Make(options)->Root("lake"), "s3://bucket/of/its/own");
}

TEST(ObjectLayout, ReadsPartitionKeys) {
  EXPECT_EQ(ParsePartitionKey("pair").ValueOrDie(), (PartitionKey{"pair", "pair"}));
  EXPECT_EQ(ParsePartitionKey("p_1=meta.risk").ValueOrDie(), (PartitionKey{"p_1", "meta.risk"}));
  for (const char* bad : {"", "=a", "a=", "a b", "a-b=c", "}"})
    EXPECT_FALSE(ParsePartitionKey(bad).ok()) << bad;
}

std::string PartitionOf(const std::string& image) {
  const auto layout = Make({.prefix = "p/!{partitionKeyFromQuery:a}/!{partitionKeyFromQuery:b}/",
                            .error_prefix = "e/",
                            .partition_keys = {{"a", "pair"}, {"b", "count"}}});
  const transform::ParsedRecord parsed(transform::KinesisRecord(image));
  EXPECT_EQ(parsed.error(), transform::ParseError::kNone);
  std::string partition;
  std::string reason;
  return layout->PartitionOf(parsed.change(), &partition, &reason) ? partition : reason;
}

TEST(ObjectLayout, FindsThePartitionOfAChange) {
  const auto image = [](const std::string& pair) {
    return R"({"id":{"S":"1"},"pair":)" + pair + R"(,"count":{"N":"12.5"}})";
  };
  EXPECT_EQ(PartitionOf(image(R"({"S":"BTC"})")), "BTC/12.5");
  EXPECT_EQ(PartitionOf(image(R"({"BOOL":true})")), "true/12.5");
  EXPECT_EQ(PartitionOf(image(R"({"S":"BTC/USD"})")), "BTC%2FUSD/12.5");
  EXPECT_EQ(PartitionOf(image(R"({"S":".."})")), "%2E./12.5");
  EXPECT_EQ(PartitionOf(image(R"({"S":"a b=c%\n"})")), "a%20b%3Dc%25%0A/12.5");
  EXPECT_EQ(PartitionOf(image("{\"S\":\"\xc3\xbc\"}")), "\xc3\xbc/12.5");
  EXPECT_THAT(PartitionOf(image(R"({"S":""})")), HasSubstr("'a': attribute 'pair' is empty"));
  EXPECT_THAT(PartitionOf(image(R"({"L":[]})")), HasSubstr("not of type S, N or BOOL"));
  EXPECT_THAT(PartitionOf(R"({"id":{"S":"1"},"pair":{"S":"x"}})"),
              HasSubstr("'b': attribute 'count' is not there"));
  EXPECT_THAT(PartitionOf(image("{\"S\":\"" + std::string(101, 'x') + "\"}")),
              HasSubstr("longer than 100 bytes"));
}

TEST(ObjectLayout, AddsTheKeysOfAFunction) {
  const auto layout =
      Make({.prefix = "p/!{partitionKeyFromLambda:day}/!{partitionKeyFromQuery:pair}/",
            .error_prefix = "e/",
            .partition_keys = {{"pair", "pair"}}});
  EXPECT_TRUE(layout->partitioned());
  EXPECT_EQ(layout->key_count(), 2u);
  std::string partition = "BTC";
  std::string reason;
  EXPECT_TRUE(layout->AddFunctionKeys({{"day", ".1/2"}, {"other", "x"}}, &partition, &reason));
  EXPECT_EQ(partition, "BTC/%2E1%2F2");
  EXPECT_TRUE(layout->RawPath(kName, partition).starts_with("p/%2E1%2F2/BTC/2026/11/22/09/"));
  EXPECT_FALSE(layout->AddFunctionKeys({}, &partition, &reason));
  EXPECT_THAT(reason, HasSubstr("'day' of the Lambda function is not there"));
  EXPECT_FALSE(layout->AddFunctionKeys({{"day", ""}}, &partition, &reason));
  EXPECT_THAT(reason, HasSubstr("is empty"));
  EXPECT_FALSE(layout->AddFunctionKeys({{"day", std::string(101, 'x')}}, &partition, &reason));
  EXPECT_THAT(reason, HasSubstr("longer than 100 bytes"));
  EXPECT_THAT(Refusal({.prefix = "!{partitionKeyFromLambda:day}/", .error_prefix = "e/"}),
              HasSubstr("named by records"));
}

TEST(ObjectLayout, PutsPartitionsIntoPaths) {
  const auto layout = Make({.prefix = "p/b=!{partitionKeyFromQuery:b}/a=!{partitionKeyFromQuery:a}/"
                                      "!{timestamp:yyyy}/!{firehose:random-string}/",
                            .error_prefix = "e/",
                            .partition_keys = {{"a", "pair"}, {"b", "count"}}});
  const std::string path = layout->RawPath(kName, "BTC/12.5");
  EXPECT_TRUE(path.starts_with("p/b=12.5/a=BTC/2026/")) << path;
  EXPECT_EQ(path, layout->RawPath(kName, "BTC/12.5"));
  EXPECT_TRUE(
      GlobMatches(layout->raw_prefix().Glob(kMicros, ""), path.substr(0, path.rfind('/') + 1)));
}

}  // namespace
}  // namespace tapelake::delivery
