#include "security/stream_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

#include "io/file_system.h"

namespace tapelake::security {
namespace {

using ::testing::HasSubstr;

/// A folder of this machine that goes away with the test.
class StreamKeyTest : public ::testing::Test {
 protected:
  StreamKeyTest() { std::filesystem::remove_all(folder_); }
  ~StreamKeyTest() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<io::KeyManagement> Open() {
    auto key = OpenStreamKey(files_, path_);
    EXPECT_TRUE(key.ok()) << key.status();
    return std::move(key).ValueOr(nullptr);
  }
  io::DataKey Generate(io::KeyManagement& keys) {
    auto made = keys.GenerateDataKey(std::string(kStreamKeyAlias), "orders");
    EXPECT_TRUE(made.ok()) << made.status();
    return std::move(made).ValueOr(io::DataKey());
  }

  const std::string folder_ =
      ::testing::TempDir() + "tapelake-stream-key-test-" + std::to_string(::getpid());
  const std::string path_ = folder_ + "/keys/stream-key";
  io::LocalFileSystem files_;
};

TEST_F(StreamKeyTest, IsMadeOnceForItsUserAlone) {
  const io::DataKey made = Generate(*Open());
  EXPECT_EQ(made.plaintext.size(), 32u);
  EXPECT_THAT(made.ciphertext, ::testing::Not(HasSubstr(made.plaintext)));
  const auto mode = std::filesystem::status(path_).permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto again = Open();
  EXPECT_EQ(again->Decrypt(made.ciphertext, "orders").ValueOr(""), made.plaintext);
  const io::DataKey other = Generate(*again);
  EXPECT_NE(other.plaintext, made.plaintext);
  EXPECT_NE(other.ciphertext, made.ciphertext);
}

TEST_F(StreamKeyTest, DecryptsNothingElse) {
  const auto keys = Open();
  const io::DataKey made = Generate(*keys);
  EXPECT_EQ(KindOf(keys->Decrypt(made.ciphertext, "trades").status()), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(keys->Decrypt("", "orders").status()), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(keys->Decrypt(made.ciphertext + "x", "orders").status()), ErrorKind::kCorrupt);
  for (size_t i = 0; i < made.ciphertext.size(); ++i) {
    std::string changed = made.ciphertext;
    changed[i] = static_cast<char>(changed[i] ^ 4);
    EXPECT_FALSE(keys->Decrypt(changed, "orders").ok()) << i;
  }
}

TEST_F(StreamKeyTest, KnowsOneName) {
  const auto keys = Open();
  EXPECT_EQ(KindOf(keys->GenerateDataKey("alias/mine", "orders").status()), ErrorKind::kNotFound);
}

TEST_F(StreamKeyTest, NamesTheKeyThatIsNotThere) {
  const io::DataKey made = Generate(*Open());
  ASSERT_TRUE(files_.DeleteFile(path_).ok());
  const auto other = Open()->Decrypt(made.ciphertext, "orders");
  EXPECT_EQ(KindOf(other.status()), ErrorKind::kUnauthorized);
  EXPECT_THAT(other.status().message(), HasSubstr("hint: put that key's file there again"));
}

TEST_F(StreamKeyTest, IsNeverMadeInPlaceOfADamagedOne) {
  Open();
  const std::string whole = files_.ReadFile(path_).ValueOr("");
  for (const std::string& damaged :
       {std::string(), whole.substr(0, whole.size() - 1), whole + "\n", whole.substr(1),
        std::string(whole).replace(whole.size() - 10, 1, "!"),
        std::string(whole).replace(13, 1, "2")}) {
    ASSERT_TRUE(files_.ReplaceFile(path_, damaged).ok());
    const auto opened = OpenStreamKey(files_, path_);
    EXPECT_EQ(KindOf(opened.status()), ErrorKind::kCorrupt) << damaged;
    EXPECT_THAT(opened.status().message(), HasSubstr(path_));
    EXPECT_EQ(files_.ReadFile(path_).ValueOr("gone"), damaged);
  }
}

}  // namespace
}  // namespace tapelake::security
