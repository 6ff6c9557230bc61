#include "security/key_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>

#include "testing/signed_request.h"

namespace tapelake::security {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Key;
using ::testing::MatchesRegex;
using ::testing::Not;

/// A folder of this machine that goes away with the test.
class KeyFileTest : public ::testing::Test {
 protected:
  KeyFileTest() { std::filesystem::remove_all(folder_); }
  ~KeyFileTest() override { std::filesystem::remove_all(folder_); }

  Status Add(const AccessKey& key) {
    return ChangeKeyFile(files_, path_, [&key](KeySet* keys) { return keys->Add(key); });
  }

  const std::string folder_ =
      ::testing::TempDir() + "tapelake-key-file-test-" + std::to_string(::getpid());
  const std::string path_ = folder_ + "/lake/.tapelake/keys.json";
  io::LocalFileSystem files_;
};

TEST(AccessKeyTest, LooksLikeThoseOfAws) {
  io::SystemRandom random;
  const AccessKey key = MakeAccessKey(random, "laptop", 7);
  EXPECT_THAT(key.access_key_id, MatchesRegex("AKIA[A-Z2-7]{16}"));
  EXPECT_THAT(key.secret_access_key, MatchesRegex("[A-Za-z0-9+/]{40}"));
  EXPECT_TRUE(IsAccessKeyId(key.access_key_id));
  EXPECT_EQ(key.name, "laptop");
  EXPECT_EQ(key.created_micros, 7);
  EXPECT_NE(MakeAccessKey(random, "laptop", 7).access_key_id, key.access_key_id);
}

TEST(AccessKeyTest, NamesAreShortAndPlain) {
  EXPECT_TRUE(IsKeyName("ci.bot@build-7_x"));
  EXPECT_TRUE(IsKeyName(std::string(64, 'n')));
  for (const std::string& name : {std::string(), std::string(65, 'n'), std::string("a b"),
                                  std::string("a/b"), std::string("\"")}) {
    EXPECT_FALSE(IsKeyName(name)) << name;
  }
}

TEST_F(KeyFileTest, KeepsWhatIsAddedForItsUserAlone) {
  EXPECT_THAT(ReadKeyFile(files_, path_)->keys(), ElementsAre());
  ASSERT_TRUE(Add(Key('A')).ok());
  ASSERT_TRUE(Add(Key('B')).ok());
  const auto keys = ReadKeyFile(files_, path_);
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_THAT(keys->keys(), ElementsAre(Key('A'), Key('B')));
  EXPECT_EQ(*keys->Find(Key('B').access_key_id), Key('B'));
  EXPECT_EQ(keys->Find("AKIACCCCCCCCCCCCCCCC"), nullptr);
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(KeyFileTest, RemovesAndSaysWhatIsNotThere) {
  ASSERT_TRUE(Add(Key('A')).ok());
  const auto remove = [this](const std::string& id) {
    return ChangeKeyFile(files_, path_, [&id](KeySet* keys) { return keys->Remove(id); });
  };
  EXPECT_EQ(KindOf(remove(Key('B').access_key_id)), ErrorKind::kNotFound);
  EXPECT_TRUE(remove(Key('A').access_key_id).ok());
  EXPECT_THAT(ReadKeyFile(files_, path_)->keys(), ElementsAre());
}

TEST_F(KeyFileTest, KeepsTheOldFileWhenTheChangeFails) {
  ASSERT_TRUE(Add(Key('A')).ok());
  const std::string before = *files_.ReadFile(path_);
  EXPECT_EQ(KindOf(Add(Key('A'))), ErrorKind::kAlreadyExists);
  EXPECT_EQ(*files_.ReadFile(path_), before);
}

TEST_F(KeyFileTest, LetsOneProcessChangeAtATime) {
  ASSERT_TRUE(Add(Key('A')).ok());
  const auto lock = files_.Lock(path_ + ".lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(KindOf(Add(Key('B'))), ErrorKind::kConflict);
}

TEST(KeySetTest, BoundsTheNumberOfKeys) {
  KeySet keys;
  io::SeededRandom random(1);
  for (size_t i = 0; i < kKeysMax; ++i)
    ASSERT_TRUE(keys.Add(MakeAccessKey(random, "k", 0)).ok());
  EXPECT_EQ(KindOf(keys.Add(MakeAccessKey(random, "k", 0))), ErrorKind::kThrottled);
}

TEST(KeySetTest, NamesWhatIsDamagedAndNoSecret) {
  KeySet keys;
  ASSERT_TRUE(keys.Add(Key('A')).ok());
  const std::string good = keys.ToJson();
  ASSERT_TRUE(KeySet::Parse(good, "f").ok());
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string json = good;
    json.replace(json.find(from), from.size(), to);
    return json;
  };
  for (const std::string& json :
       {std::string(), good.substr(0, good.size() / 2), with("\"version\": 1", "\"version\": 2"),
        with("\"keys\"", "\"kees\""), with("AKIA", "ASIA"), with("key-A", ""),
        with("secret_access_key", "secret"), with("2026-", "20x6-")}) {
    const auto parsed = KeySet::Parse(json, "/lake/keys.json");
    ASSERT_FALSE(parsed.ok()) << json;
    EXPECT_EQ(KindOf(parsed.status()), ErrorKind::kCorrupt);
    EXPECT_THAT(parsed.status().message(), HasSubstr("/lake/keys.json"));
    EXPECT_THAT(parsed.status().message(), Not(HasSubstr(Key('A').secret_access_key)));
  }
}

}  // namespace
}  // namespace tapelake::security
