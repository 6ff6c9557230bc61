#include "app/stream_worker.h"

#include <gmock/gmock.h>

#include <optional>

#include "testing/stream_fixture.h"

namespace tapelake::app {
namespace {

using testing::FakeFileSystem;

class StreamWorkerTest : public testing::StreamFixture {};

TEST_F(StreamWorkerTest, LeavesNoProducerWaitingOnceItHasFailed) {
  options_.pending_bytes_max = 200;
  const auto stream = Open();
  stream::StreamWriter writer(*stream);
  StreamWorker worker(*stream, writer, clock_, 0);
  const std::string record(50, 'r');
  const stream::PutEntry entry{record, record};
  std::optional<Result<stream::StreamWriter::Places>> written;
  std::optional<Result<stream::StreamWriter::Places>> queued;
  ASSERT_TRUE(writer.Offer({&entry, 1}, [&](auto places) { written = std::move(places); }).ok());
  files_.SetBefore([&](FakeFileSystem::Step step, const std::string&) {
    if (step != FakeFileSystem::Step::kSync) return Status::OK();
    // It comes while the group before it is being written, and fills the queue.
    if (!queued.has_value()) {
      const Status offered =
          writer.Offer({&entry, 1}, [&](auto places) { queued = std::move(places); });
      EXPECT_TRUE(offered.ok() || KindOf(offered) == ErrorKind::kThrottled) << offered;
    }
    return MakeError(ErrorKind::kUnavailable, "broken disk");
  });
  EXPECT_EQ(KindOf(worker.Step().status()), ErrorKind::kUnknownOutcome);
  ASSERT_TRUE(written.has_value());
  EXPECT_EQ(KindOf(written->status()), ErrorKind::kUnknownOutcome);
  ASSERT_TRUE(queued.has_value()) << "refused, as it was never begun";
  EXPECT_EQ(KindOf(queued->status()), ErrorKind::kShuttingDown);
  EXPECT_EQ(KindOf(writer.Put({&entry, 1}).status()), ErrorKind::kShuttingDown);
}

}  // namespace
}  // namespace tapelake::app
