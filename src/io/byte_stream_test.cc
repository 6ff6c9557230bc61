#include "io/byte_stream.h"

#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace tapelake::io {
namespace {

class PipeTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::pipe(ends_), 0); }
  void TearDown() override {
    CloseReader();
    CloseWriter();
  }
  void CloseReader() { Close(&ends_[0]); }
  void CloseWriter() { Close(&ends_[1]); }

  int ends_[2] = {-1, -1};

 private:
  static void Close(int* end) {
    if (*end >= 0) ::close(*end);
    *end = -1;
  }
};

TEST_F(PipeTest, ReadsWhatWasWrittenThenTheEnd) {
  DescriptorInput input(ends_[0]);
  DescriptorOutput output(ends_[1]);
  EXPECT_FALSE(input.Ready(0));
  ASSERT_TRUE(output.Write("hello").ok());
  EXPECT_TRUE(input.Ready(0));
  char text[16] = {};
  EXPECT_EQ(input.Read(text, 3).ValueOrDie(), 3u);
  EXPECT_EQ(input.Read(text + 3, 10).ValueOrDie(), 2u);
  EXPECT_STREQ(text, "hello");
  CloseWriter();
  EXPECT_TRUE(input.Ready(0));
  EXPECT_EQ(input.Read(text, 10).ValueOrDie(), 0u);
}

TEST_F(PipeTest, TellsThatTheReaderHasGone) {
  std::signal(SIGPIPE, SIG_IGN);
  DescriptorOutput output(ends_[1]);
  CloseReader();
  const Status status = output.Write("hello");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(KindOf(status), ErrorKind::kUnavailable);
  EXPECT_NE(status.message().find("pipe"), std::string::npos) << status.message();
}

TEST_F(PipeTest, TellsThatTheDescriptorIsClosed) {
  const int descriptor = ends_[0];
  CloseReader();
  char text[4];
  const auto read = DescriptorInput(descriptor).Read(text, sizeof(text));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(KindOf(read.status()), ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace tapelake::io
