#include "security/key_ring.h"

#include <gtest/gtest.h>

#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"
#include "testing/signed_request.h"

namespace tapelake::security {
namespace {

using testing::FakeFileSystem;
using testing::Key;

constexpr char kPath[] = "/lake/.tapelake/keys.json";

class KeyRingTest : public ::testing::Test {
 protected:
  KeyRingTest() { EXPECT_TRUE(files_.CreateDirectories("/lake/.tapelake").ok()); }

  void Write(const std::string& letters) {
    KeySet keys;
    for (const char letter : letters)
      ASSERT_TRUE(keys.Add(Key(letter)).ok());
    ASSERT_TRUE(files_.ReplaceFile(kPath, keys.ToJson()).ok());
  }
  bool Knows(char letter) {
    const auto keys = ring_.Current();
    EXPECT_TRUE(keys.ok()) << keys.status();
    return keys.ok() && (*keys)->Find(Key(letter).access_key_id) != nullptr;
  }

  FakeFileSystem files_;
  testing::FakeClock clock_{0};
  KeyRing ring_{files_, clock_, kPath};
};

TEST_F(KeyRingTest, HoldsNoKeyWithoutAFile) {
  EXPECT_FALSE(Knows('A'));
}

TEST_F(KeyRingTest, ForgetsARevokedKeyWithinASecond) {
  Write("AB");
  EXPECT_TRUE(Knows('B'));
  Write("A");
  clock_.Advance(KeyRing::kLookMicros - 1);
  EXPECT_TRUE(Knows('B'));
  clock_.Advance(1);
  EXPECT_FALSE(Knows('B'));
  EXPECT_TRUE(Knows('A'));
}

TEST_F(KeyRingTest, SeesAChangeThatLeavesSizeAndTime) {
  Write("A");
  EXPECT_TRUE(Knows('A'));
  Write("B");
  clock_.Advance(KeyRing::kLookMicros);
  EXPECT_FALSE(Knows('A'));
  EXPECT_TRUE(Knows('B'));
}

TEST_F(KeyRingTest, FindsANewKeyAtOnceWhenAsked) {
  Write("A");
  EXPECT_TRUE(Knows('A'));
  Write("AB");
  EXPECT_FALSE(Knows('B'));
  ASSERT_TRUE(ring_.Newest().ok());
  EXPECT_TRUE(Knows('B'));
}

TEST_F(KeyRingTest, LooksAtTheFileSeldom) {
  Write("A");
  int64_t steps = 0;
  files_.SetBefore([&steps](FakeFileSystem::Step, const std::string&) {
    ++steps;
    return Status::OK();
  });
  EXPECT_TRUE(Knows('A'));
  const int64_t first = steps;
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(Knows('A'));
  EXPECT_EQ(steps, first);
}

TEST_F(KeyRingTest, LetsNobodyInWhileTheFileIsDamaged) {
  Write("A");
  EXPECT_TRUE(Knows('A'));
  ASSERT_TRUE(files_.ReplaceFile(kPath, "{").ok());
  clock_.Advance(KeyRing::kLookMicros);
  EXPECT_EQ(KindOf(ring_.Current().status()), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(ring_.Current().status()), ErrorKind::kCorrupt);
  Write("A");
  EXPECT_TRUE(Knows('A'));
}

TEST_F(KeyRingTest, ForgetsAllKeysWithTheFile) {
  Write("A");
  EXPECT_TRUE(Knows('A'));
  ASSERT_TRUE(files_.DeleteFile(kPath).ok());
  clock_.Advance(KeyRing::kLookMicros);
  EXPECT_FALSE(Knows('A'));
}

}  // namespace
}  // namespace tapelake::security
