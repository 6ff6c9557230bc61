#include "stream/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "stream/frame_format.h"
#include "stream/stream_metadata.h"
#include "stream/testing_stream.h"

namespace tapelake::stream {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StreamTest : public StreamFixture {};

TEST_F(StreamTest, ReadsWhatWasSyncedInOrder) {
  const auto stream = Open();
  const auto places = Append(*stream, {"a", "b", "c"});
  ASSERT_TRUE(places.ok());
  ASSERT_THAT(*places, SizeIs(3));
  EXPECT_EQ((*places)[0].sequence, 1);
  EXPECT_EQ((*places)[2].sequence, 3);
  EXPECT_THAT(ReadAll(*stream), IsEmpty());
  ASSERT_TRUE(stream->Sync().ok());
  Write(*stream, {"d", "e"});
  EXPECT_THAT(ReadAll(*stream), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(stream->facts().next_sequence, 6);
}

TEST_F(StreamTest, FindsEverythingAgainAfterReopening) {
  for (const Compression compression : {Compression::kNone, Compression::kZstd}) {
    options_.compression = compression;
    auto stream = Open();
    const uint64_t before = stream->facts().next_sequence;
    Write(*stream, Records("first", 500));
    Write(*stream, {"last"});
    stream.reset();
    stream = Open();
    EXPECT_EQ(report_.torn_bytes_cut, 0);
    auto expected = Records("first", 500);
    expected.push_back("last");
    Status status;
    EXPECT_THAT(ReadFrom(*stream, before, &status), ElementsAreArray(expected));
    EXPECT_TRUE(status.ok()) << status;
  }
}

}  // namespace
}  // namespace tapelake::stream
