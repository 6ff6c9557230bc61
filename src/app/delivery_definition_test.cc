#include "app/delivery_definition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tapelake::app {
namespace {

using ::testing::HasSubstr;

serve::DeliveryStream Everything() {
  serve::DeliveryStream stream{.name = "orders",
                               .created_micros = 1'795'339'800'123'456,
                               .buffer_bytes = int64_t{64} << 20,
                               .buffer_micros = 60'000'000,
                               .source = "clicks",
                               .source_role = "arn:aws:iam::123456789012:role/source",
                               .source_start = 8,
                               .version = 3,
                               .updated_micros = 1'795'339'900'000'000,
                               .tags = {{"team", "a \"b\"\n"}, {"empty", ""}}};
  stream.objects = {.bucket = "landing",
                    .role = "arn:aws:iam::123456789012:role/fh",
                    .prefix = "data/!{partitionKeyFromQuery:pair}/!{timestamp:yyyy}/",
                    .error_prefix = "bad/!{firehose:error-output-type}/",
                    .backup_prefix = "source/",
                    .compression = "GZIP",
                    .extension = ".json.gz",
                    .time_zone = "Asia/Tokyo",
                    .partition_query = "{pair:.p}",
                    .delimiter = "\\n"};
  return stream;
}

Result<delivery::DeliveryOptions> OptionsOf(const serve::DeliveryStream& stream) {
  return OptionsOfDefinition(
      stream, {.lake_path = "/lake", .buckets = "/lake/buckets", .folder = ".tapelake/m/orders"});
}

TEST(DeliveryDefinition, IsReadAsItWasWritten) {
  const serve::DeliveryStream stream = Everything();
  const std::string text = DefinitionText(stream);
  const auto again = ParseDefinition(text);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(DefinitionText(*again), text);
  EXPECT_EQ(again->name, "orders");
  EXPECT_EQ(again->version, 3);
  EXPECT_EQ(again->source, "clicks");
  EXPECT_EQ(again->source_start, 8);
  EXPECT_EQ(again->tags, stream.tags);
  EXPECT_EQ(again->objects.delimiter, "\\n");
  EXPECT_EQ(again->created_micros, stream.created_micros);
}

TEST(DeliveryDefinition, KnowsEveryChangedByte) {
  const std::string text = DefinitionText(Everything());
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(KindOf(ParseDefinition(changed).status()), ErrorKind::kCorrupt) << i;
    EXPECT_EQ(KindOf(ParseDefinition(text.substr(0, i)).status()), ErrorKind::kCorrupt) << i;
  }
}

TEST(DeliveryDefinition, BecomesTheOptionsOfDelivery) {
  const auto options = OptionsOf(Everything());
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->state_path, ".tapelake/m/orders/state");
  EXPECT_EQ(options->first_id, 1'795'339'800'123u);
  EXPECT_EQ(options->buffer_bytes, int64_t{64} << 20);
  EXPECT_EQ(options->buffer_micros, 60'000'000);
  const delivery::LayoutOptions& layout = options->layout;
  EXPECT_EQ(layout.target, "/lake/buckets/landing");
  EXPECT_TRUE(layout.as_they_came && layout.backup);
  EXPECT_EQ(layout.delimiter, "\n");
  EXPECT_EQ(layout.partition_keys, (std::vector<delivery::PartitionKey>{{"pair", "p"}}));
}

TEST(DeliveryDefinition, HasFirehosesDefaults) {
  serve::DeliveryStream stream{.name = "orders", .buffer_bytes = 1, .buffer_micros = 1};
  stream.objects.bucket = "landing";
  stream.objects.compression = "UNCOMPRESSED";
  auto options = OptionsOf(stream);
  ASSERT_TRUE(options.ok()) << options.status();
  auto layout = *delivery::ObjectLayout::Make(options->layout, "orders");
  EXPECT_EQ(layout->raw_prefix().text(), "!{timestamp:yyyy/MM/dd/HH}/");
  EXPECT_EQ(layout->error_prefix().text(),
            "!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/");
  EXPECT_EQ(layout->extension(), "");
  EXPECT_FALSE(options->layout.backup);
  stream.objects.prefix = "data";
  options = OptionsOf(stream);
  ASSERT_TRUE(options.ok()) << options.status();
  layout = *delivery::ObjectLayout::Make(options->layout, "orders");
  EXPECT_EQ(layout->raw_prefix().text(), "data!{timestamp:yyyy/MM/dd/HH}/");
}

TEST(DeliveryDefinition, RefusesWhatFirehoseRefuses) {
  const auto refusal = [](void (*change)(serve::DeliveredObjects*)) {
    serve::DeliveryStream stream = Everything();
    change(&stream.objects);
    const Status status = OptionsOf(stream).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
    return status.message();
  };
  EXPECT_THAT(refusal([](auto* it) { it->error_prefix = ""; }), HasSubstr("error_prefix"));
  EXPECT_THAT(refusal([](auto* it) { it->time_zone = "Mars/Olympus"; }), HasSubstr("Mars"));
  EXPECT_THAT(refusal([](auto* it) { it->extension = "gz"; }), HasSubstr("'gz'"));
  EXPECT_THAT(refusal([](auto* it) { it->prefix = "x/!{timestamp:yyyy"; }), HasSubstr("x/"));
  EXPECT_THAT(refusal([](auto* it) { it->partition_query = "{pair:.p,day:.d}"; }),
              HasSubstr("'day'"));
  EXPECT_THAT(refusal([](auto* it) { it->partition_query = ".p"; }), HasSubstr("'.p'"));
}

TEST(DeliveryDefinition, UnescapesDelimiters) {
  serve::DeliveryStream stream = Everything();
  stream.objects.delimiter = R"(a\n\r\t\\n\x\)";
  EXPECT_EQ(OptionsOf(stream)->layout.delimiter, "a\n\r\t\\n\\x\\");
}

TEST(DeliveryDefinition, KnowsBucketsOnS3) {
  const auto options =
      OptionsOfDefinition(Everything(), {.lake_path = "/lake", .buckets = "s3://", .folder = "f"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->layout.target, "s3://landing");
}

}  // namespace
}  // namespace tapelake::app
