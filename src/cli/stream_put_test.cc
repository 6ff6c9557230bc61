#include "cli/stream_put.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tapelake::cli {
namespace {

using ::testing::ElementsAre;

TEST(LatencyHistogram, IsExactForSmallAndWithinTwoPercentForLarge) {
  for (const int64_t micros : {0, 1, 63, 64, 127}) {
    LatencyHistogram histogram;
    histogram.Add(micros);
    histogram.Add(1'000'000);
    EXPECT_EQ(histogram.MicrosAt(0.5), micros);
  }
  for (int64_t micros = 128; micros < 100'000'000; micros = micros * 13 / 10) {
    LatencyHistogram histogram;
    histogram.Add(micros);
    histogram.Add(int64_t{1} << 40);
    EXPECT_GE(histogram.MicrosAt(0.5), micros);
    EXPECT_LE(static_cast<double>(histogram.MicrosAt(0.5)), static_cast<double>(micros) * 1.02);
  }
}

TEST(LatencyHistogram, FindsShares) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.MicrosAt(0.99), 0);
  for (int i = 1; i <= 1000; ++i)
    histogram.Add(i <= 980 ? 10 : 5000);
  EXPECT_EQ(histogram.MicrosAt(0.5), 10);
  EXPECT_NEAR(static_cast<double>(histogram.MicrosAt(0.99)), 5000, 100);
  EXPECT_EQ(histogram.MicrosAt(1), 5000);
  EXPECT_EQ(histogram.max_micros(), 5000);
}

/// The key of a record that has what a parser may read behind it.
std::string_view Find(PartitionKeyFinder& finder, const std::string& record) {
  static std::string padded;
  padded = record + std::string(record::kRecordPaddingBytes, '\0');
  return finder.Find(std::string_view(padded).substr(0, record.size()));
}

TEST(PartitionKeyFinder, TakesTheItemsKeyOfAChange) {
  PartitionKeyFinder finder("");
  EXPECT_EQ(
      Find(finder, R"({"eventID":"1","eventName":"INSERT","dynamodb":{"Keys":{"id":{"S":"k1"}},)"
                   R"("NewImage":{"id":{"S":"k1"}},"SequenceNumber":"7",)"
                   R"("ApproximateCreationDateTime":1714600802}})"),
      "k1");
  EXPECT_EQ(Find(finder, "no json"), PartitionKeyFinder::kNone);
}

TEST(PartitionKeyFinder, TakesAFieldOfAnyJson) {
  PartitionKeyFinder finder("user");
  EXPECT_EQ(Find(finder, R"({"a":1,"user":"u-1"})"), "u-1");
  EXPECT_EQ(Find(finder, R"({"user":12.50})"), "12.50");
  EXPECT_EQ(Find(finder, R"({"user":null})"), PartitionKeyFinder::kNone);
  EXPECT_EQ(Find(finder, R"({"other":"x"})"), PartitionKeyFinder::kNone);
  EXPECT_EQ(Find(finder, R"({"user":")" + std::string(300, 'x') + R"("})"),
            PartitionKeyFinder::kNone);
  EXPECT_EQ(Find(finder, "[1,2]"), PartitionKeyFinder::kNone);
}

/// Bytes of a text, a few at a time.
class TextInput : public io::ByteInput {
 public:
  explicit TextInput(std::string text) : text_(std::move(text)) {}
  Result<size_t> Read(char* to, size_t size) override {
    const size_t count = std::min({size, size_t{5}, text_.size() - at_});
    std::copy_n(text_.data() + at_, count, to);
    at_ += count;
    return count;
  }
  bool Ready(int64_t) override { return true; }

 private:
  std::string text_;
  size_t at_ = 0;
};

std::vector<std::string> LinesOf(std::string text) {
  TextInput input(std::move(text));
  const auto source = MakeLineSource(input, [] { return false; });
  std::vector<std::string> lines;
  record::RecordBlock block;
  while (*source->ReadBlock(&block)) {
    for (const auto& entry : block.entries)
      lines.emplace_back(block.bytes(entry));
  }
  return lines;
}

TEST(LineSource, GivesEveryLineOnce) {
  EXPECT_THAT(LinesOf("one\ntwo, longer than a read\n\n\r\nthree"),
              ElementsAre("one", "two, longer than a read", "three"));
  EXPECT_THAT(LinesOf(""), ElementsAre());
}

/// Nothing comes and it does not end either.
class SilentInput : public io::ByteInput {
 public:
  Result<size_t> Read(char*, size_t) override {
    ADD_FAILURE() << "this would wait for ever";
    return size_t{0};
  }
  bool Ready(int64_t) override { return false; }
};

TEST(LineSource, EndsWhileNothingComes) {
  SilentInput input;
  int asked = 0;
  const auto source = MakeLineSource(input, [&asked] { return ++asked == 3; });
  record::RecordBlock block;
  EXPECT_FALSE(*source->ReadBlock(&block));
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace tapelake::cli
