#include "app/delivery_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tapelake::app {
namespace {

using ::testing::HasSubstr;

const std::string kStream = "crypto.transactions";

std::string Refusal(const config::Config& config) {
  const auto options = DeliveryOptionsOf(config, kStream);
  EXPECT_FALSE(options.ok());
  if (options.ok()) return "";
  EXPECT_EQ(KindOf(options.status()), ErrorKind::kInvalid);
  return options.status().message();
}

TEST(DeliveryPlan, IsTheDefaultLayoutByDefault) {
  const auto options = DeliveryOptionsOf(config::DefaultConfig(), kStream);
  ASSERT_TRUE(options.ok()) << options.status().ToString();
  EXPECT_EQ(options->layout, delivery::LayoutOptions());
  EXPECT_EQ(options->buffer_bytes, 32 << 20);
  EXPECT_EQ(options->buffer_micros, 60'000'000);
  EXPECT_EQ(options->waiting_bytes_max, 128 << 20);
  EXPECT_TRUE(options->raw);
}

TEST(DeliveryPlan, TakesWhatAStreamHasOfItsOwn) {
  config::Config config = config::DefaultConfig();
  config.delivery.compression = "ZIP";
  EXPECT_EQ(DeliveryOptionsOf(config, kStream)->layout.compression, "ZIP");
  config::StreamObjectsConfig entry;
  entry.stream = kStream;
  entry.prefix = "mine/";
  entry.source_backup = "all";
  entry.buffer_interval.micros = 0;
  config.delivery.streams.push_back(entry);
  const auto options = DeliveryOptionsOf(config, kStream);
  ASSERT_TRUE(options.ok()) << options.status().ToString();
  EXPECT_EQ(options->layout.prefix, "mine/");
  EXPECT_EQ(options->layout.compression, "GZIP") << "an entry starts from the defaults";
  EXPECT_TRUE(options->layout.backup);
  EXPECT_EQ(options->buffer_micros, 0);
  EXPECT_EQ(DeliveryOptionsOf(config, "crypto.other")->layout.compression, "ZIP");
}

TEST(DeliveryPlan, NamesEntriesThatAreWrong) {
  config::Config config = config::DefaultConfig();
  config::StreamObjectsConfig entry;
  entry.stream = "crypto.none";
  entry.place = "t.yaml:3:5";
  config.delivery.streams = {entry};
  EXPECT_THAT(Refusal(config), HasSubstr("'crypto.none' (t.yaml:3:5) is no table"));
  entry.stream = kStream;
  config.delivery.streams = {entry, entry};
  EXPECT_THAT(Refusal(config), HasSubstr("stands there twice"));
  entry.prefix = "a/!{timestamp:yyyy}/";
  config.delivery.streams = {entry};
  EXPECT_THAT(Refusal(config), HasSubstr("delivery.streams (t.yaml:3:5)"));
  EXPECT_THAT(Refusal(config), HasSubstr("must be an error_prefix"));
}

TEST(DeliveryPlan, KeepsObjectsOutOfTables) {
  config::Config config = config::DefaultConfig();
  config.delivery.prefix = "crypto/transactions/";
  EXPECT_THAT(Refusal(config), HasSubstr("the database 'crypto'"));
  config.delivery.prefix = "!{timestamp:yyyy}/";
  config.delivery.error_prefix = "e/!{firehose:error-output-type}/";
  EXPECT_THAT(Refusal(config), HasSubstr("the database 'crypto'")) << "what it may evaluate to";
  config.delivery.prefix = "year=!{timestamp:yyyy}/";
  EXPECT_TRUE(DeliveryOptionsOf(config, kStream).ok());
  config.delivery.prefix = "!{timestamp:yyyy}/";
  config.delivery.target = "s3://bucket";
  EXPECT_TRUE(DeliveryOptionsOf(config, kStream).ok());
}

TEST(DeliveryPlan, DemandsOfPartitionsWhatFirehoseDoes) {
  config::Config config = config::DefaultConfig();
  config.delivery.prefix = "p/!{partitionKeyFromQuery:pair}/";
  config.delivery.error_prefix = "e/";
  config.delivery.partition_keys = {"pair"};
  EXPECT_THAT(Refusal(config), HasSubstr("64MiB"));
  config.delivery.buffer_bytes.bytes = 64 << 20;
  const auto options = DeliveryOptionsOf(config, kStream);
  ASSERT_TRUE(options.ok()) << options.status().ToString();
  EXPECT_EQ(options->layout.partition_keys,
            (std::vector<delivery::PartitionKey>{{"pair", "pair"}}));
  config.delivery.buffer_interval.micros = 0;
  EXPECT_THAT(Refusal(config), HasSubstr("buffer_interval"));
  config.delivery.buffer_interval.micros = 1'000'000;
  config.delivery.partition_keys = {"a b"};
  EXPECT_THAT(Refusal(config), HasSubstr("'a b'"));
}

TEST(DeliveryPlan, TakesTheTransformOfAStream) {
  config::Config config = config::DefaultConfig();
  EXPECT_EQ(TransformOf(config, kStream).function, "");
  config::StreamObjectsConfig entry;
  entry.stream = kStream;
  entry.transform.function = "my-function:live";
  entry.transform.buffer_bytes.bytes = 1 << 19;
  entry.transform.buffer_interval.micros = 5'000'000;
  entry.transform.retries = 0;
  config.delivery.streams.push_back(entry);
  config.doors.aws.account = "123456789012";
  const auto options = DeliveryOptionsOf(config, kStream);
  ASSERT_TRUE(options.ok()) << options.status().ToString();
  EXPECT_EQ(options->transform.buffer_bytes, 1 << 19);
  EXPECT_EQ(options->transform.buffer_micros, 5'000'000);
  EXPECT_EQ(options->transform.retries, 0);
  EXPECT_EQ(options->transform.stream_arn,
            "arn:aws:firehose:us-east-1:123456789012:deliverystream/crypto.transactions");
  EXPECT_EQ(TransformOf(config, kStream).function, "my-function:live");
  EXPECT_EQ(TransformOf(config, "crypto.other").function, "");
}

TEST(DeliveryPlan, NamesWhatIsWrongWithATransform) {
  config::Config config = config::DefaultConfig();
  config.delivery.transform.function = "no function";
  EXPECT_THAT(Refusal(config), HasSubstr("'no function' is no Lambda function"));
  config.delivery.transform.function = "f";
  config.delivery.raw = false;
  EXPECT_THAT(Refusal(config), HasSubstr("delivery.raw is false"));
  config.delivery.raw = true;
  config.delivery.transform.function = "";
  config.delivery.transform.region = "eu-west-1";
  EXPECT_THAT(Refusal(config), HasSubstr("but no function"));
  config.delivery.transform.region = "";
  config.delivery.prefix = "p/!{partitionKeyFromLambda:day}/";
  config.delivery.error_prefix = "e/";
  EXPECT_THAT(Refusal(config), HasSubstr("64MiB")) << "it partitions";
  config.delivery.buffer_bytes.bytes = 64 << 20;
  EXPECT_THAT(Refusal(config), HasSubstr("partitionKeyFromLambda needs a function"));
  config.delivery.transform.function = "f";
  EXPECT_TRUE(DeliveryOptionsOf(config, kStream).ok());
}

}  // namespace
}  // namespace tapelake::app
