#include "app/stream_worker.h"

#include <array>

#include "testing/stream_fixture.h"

namespace tapelake::app {
namespace {

using testing::FakeFileSystem;

class StreamWorkerTest : public testing::StreamFixture {};

TEST_F(StreamWorkerTest, TellsProducersWhenItStopsWithAnError) {
  const auto log = Open();
  Write(*log, {"before"});
  stream::StreamWriter writer(*log);
  StreamWorker worker(*log, writer, clock_, 0);
  const std::array entries = {stream::PutEntry{.partition_key = "k", .data = "d"}};
  Status first;
  ASSERT_TRUE(
      writer.Offer(entries, [&first](const auto& places) { first = places.status(); }).ok());
  files_.SetBefore([](FakeFileSystem::Step step, const std::string&) {
    if (step != FakeFileSystem::Step::kSync) return Status::OK();
    return MakeError(ErrorKind::kUnavailable, "the disk is gone");
  });
  EXPECT_EQ(KindOf(worker.Step().status()), ErrorKind::kUnknownOutcome);
  EXPECT_EQ(KindOf(first), ErrorKind::kUnknownOutcome);
  // Nobody steps the writer any more: a put that waited for that would wait for ever.
  EXPECT_EQ(KindOf(writer.Put(entries).status()), ErrorKind::kShuttingDown);
}

}  // namespace
}  // namespace tapelake::app
