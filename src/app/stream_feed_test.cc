#include "app/stream_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/stream_fixture.h"

namespace tapelake::app {
namespace {

using ::testing::HasSubstr;

/// A stream of four records, each in a segment of its own, of which retention keeps the last.
class StreamFeedTest : public testing::StreamFixture {
 protected:
  StreamFeedTest() {
    options_.segment_bytes_max = 1;
    options_.retention_micros = 60'000'000;
  }

  void OpenWithFour(bool drop_untaken) {
    options_.drop_untaken = drop_untaken;
    stream_ = Open();
    for (const char* record : {"a", "b", "c", "d"})
      Write(*stream_, {record});
  }

  void DropExpired() {
    clock_.Advance(61'000'000);
    ASSERT_TRUE(stream_->DropExpired().ok());
  }

  Result<std::unique_ptr<StreamFeed>> MakeFrom(uint64_t sequence) {
    return StreamFeed::Make(*stream_, [sequence](const std::string&) { return sequence; }, 1);
  }

  std::unique_ptr<stream::Stream> stream_;
  record::RecordBlock block_;
};

TEST_F(StreamFeedTest, RefusesToBeginAtWhatIsGone) {
  OpenWithFour(false);
  DropExpired();  // no consumer holds it back
  const auto feed = MakeFrom(2);
  EXPECT_EQ(KindOf(feed.status()), ErrorKind::kCorrupt);
  EXPECT_THAT(feed.status().message(), HasSubstr("from 2 on are still needed"));
}

TEST_F(StreamFeedTest, BeginsBehindWhatTheStreamMayDropAndCountsIt) {
  OpenWithFour(true);
  DropExpired();
  const auto feed = *MakeFrom(2);
  EXPECT_EQ(feed->lost_records(), 2);
  ASSERT_TRUE(*feed->Next(&block_));
  ASSERT_EQ(block_.entries.size(), 1U);
  EXPECT_EQ(block_.bytes(block_.entries[0]), "d");
  EXPECT_EQ(block_.end_offset, 5U);
}

TEST_F(StreamFeedTest, GoesOnBehindWhatWasDroppedMeanwhile) {
  OpenWithFour(true);
  const auto feed = *MakeFrom(1);
  ASSERT_TRUE(*feed->Next(&block_));
  EXPECT_EQ(block_.bytes(block_.entries[0]), "a");
  feed->Taken("ingest", 2);
  DropExpired();
  ASSERT_TRUE(*feed->Next(&block_));
  EXPECT_EQ(block_.bytes(block_.entries[0]), "d");
  EXPECT_EQ(feed->lost_records(), 2);
}

TEST_F(StreamFeedTest, AStreamThatWasNeverReadHasLostNothing) {
  OpenWithFour(true);
  DropExpired();
  EXPECT_EQ((*MakeFrom(0))->lost_records(), 0);
}

}  // namespace
}  // namespace tapelake::app
