#include "source/paced_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace tapelake::source {
namespace {

std::string Record(int64_t micros) {
  return R"({"eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":)" +
         std::to_string(micros) + R"(,"Keys":{}}})";
}

/// Hands out given records in one block.
class ListSource : public record::RecordSource {
 public:
  explicit ListSource(std::vector<std::string> records) : records_(std::move(records)) {}
  Result<bool> ReadBlock(record::RecordBlock* block) override {
    block->Clear();
    if (done_) return false;
    for (const std::string& record : records_) {
      block->entries.push_back(
          {.begin = block->buffer.size(), .size = record.size(), .offset = block->buffer.size()});
      block->buffer.append(record).push_back('\n');
    }
    block->end_offset = block->buffer.size();
    done_ = true;
    return true;
  }

 private:
  std::vector<std::string> records_;
  bool done_ = false;
};

/// Sleeping is the only thing that takes time.
class SleepClock : public io::Clock {
 public:
  int64_t WallMicros() override { return now; }
  int64_t SteadyMicros() override { return now; }
  void Sleep(int64_t micros) override { now += std::max<int64_t>(micros, 0); }
  int64_t now = 77;
};

/// When each record came out, counted from the first.
std::vector<int64_t> OutTimes(std::vector<std::string> records, double speed) {
  SleepClock clock;
  auto source =
      PacedSource::Make(std::make_unique<ListSource>(std::move(records)), {.speed = speed}, clock)
          .ValueOrDie();
  std::vector<int64_t> times;
  record::RecordBlock block;
  while (source->ReadBlock(&block).ValueOrDie()) {
    for (size_t i = 0; i < block.entries.size(); ++i)
      times.push_back(clock.now - 77);
  }
  return times;
}

constexpr int64_t kStart = 1'714'600'800'000'000;

TEST(PacedSource, KeepsTheRecordedPace) {
  EXPECT_EQ(OutTimes({Record(kStart), Record(kStart + 2'500'000), Record(kStart + 3'000'000)}, 1),
            (std::vector<int64_t>{0, 2'500'000, 3'000'000}));
}

TEST(PacedSource, GoesAsManyTimesFasterAsAskedFor) {
  EXPECT_EQ(OutTimes({Record(kStart), Record(kStart + 2'500'000), Record(kStart + 3'000'000)}, 10),
            (std::vector<int64_t>{0, 250'000, 300'000}));
}

TEST(PacedSource, LateAndDamagedRecordsDoNotWait) {
  EXPECT_EQ(OutTimes({Record(kStart), Record(kStart + 1'000'000), Record(kStart + 5), "{", "x"}, 1),
            (std::vector<int64_t>{0, 1'000'000, 1'000'000, 1'000'000, 1'000'000}));
}

TEST(PacedSource, ReturnsFromTimeToTimeWhileNothingIsDue) {
  SleepClock clock;
  auto source = PacedSource::Make(std::make_unique<ListSource>(std::vector<std::string>{
                                      Record(kStart), Record(kStart + 1'000'000)}),
                                  {.speed = 1, .wait_micros_max = 300'000}, clock)
                    .ValueOrDie();
  record::RecordBlock block;
  ASSERT_TRUE(source->ReadBlock(&block).ValueOrDie());
  ASSERT_EQ(block.entries.size(), 1u);
  EXPECT_EQ(block.end_offset, Record(kStart).size() + 1) << "resuming starts at the waiting record";
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(source->ReadBlock(&block).ValueOrDie());
    EXPECT_TRUE(block.entries.empty());
  }
  ASSERT_TRUE(source->ReadBlock(&block).ValueOrDie());
  ASSERT_EQ(block.entries.size(), 1u);
  EXPECT_EQ(block.bytes(block.entries[0]), Record(kStart + 1'000'000));
  EXPECT_FALSE(source->ReadBlock(&block).ValueOrDie());
}

TEST(PacedSource, RefusesASpeedThatIsNone) {
  SleepClock clock;
  EXPECT_EQ(KindOf(PacedSource::Make(std::make_unique<ListSource>(std::vector<std::string>()),
                                     {.speed = 0}, clock)
                       .status()),
            ErrorKind::kInvalid);
}

TEST(CreationMicros, UnderstandsSecondsMillisecondsAndMicroseconds) {
  EXPECT_EQ(CreationMicros(R"({"ApproximateCreationDateTime":1714600800.0})"), kStart);
  EXPECT_EQ(CreationMicros(R"({"ApproximateCreationDateTime" : 1714600800000 })"), kStart);
  EXPECT_EQ(CreationMicros(R"({"ApproximateCreationDateTime":1714600800000000})"), kStart);
  EXPECT_EQ(CreationMicros(R"({"ApproximateCreationDateTime":"x"})"), std::nullopt);
  EXPECT_EQ(CreationMicros("{}"), std::nullopt);
}

}  // namespace
}  // namespace tapelake::source
