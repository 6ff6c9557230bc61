#include "io/s3/s3_settings.h"

#include <gmock/gmock.h>

#include <map>

#include "io/s3/s3_path.h"
#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"
#include "testing/fake_s3.h"

namespace tapelake::io {
namespace {

using ::testing::HasSubstr;

TEST(S3Path, IsTakenApart) {
  const auto path = ParseS3Path("s3://my-bucket.1/a/b c/");
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(path->bucket, "my-bucket.1");
  EXPECT_EQ(path->key, "a/b c");
  EXPECT_EQ(ParseS3Path("s3a://bucket")->key, "");
  EXPECT_TRUE(IsS3Path("s3a://x"));
  for (const char* path_text : {"/s3://x", "s3:/x", "file:///x", "S3://x", "s3n://x"})
    EXPECT_FALSE(IsS3Path(path_text)) << path_text;
}

TEST(S3Path, RefusesWhatIsNoBucket) {
  for (const std::string text :
       {"s3://", "s3:///key", "s3://ab/key", "s3://Bucket/key", "s3://buck et/key",
        "s3://-bucket/key", "s3://bucket-/key", "s3://bucket?x/key", "s3://user@bucket/key"}) {
    const auto path = ParseS3Path(text);
    ASSERT_FALSE(path.ok()) << text;
    EXPECT_EQ(KindOf(path.status()), ErrorKind::kInvalid);
    EXPECT_THAT(path.status().message(), HasSubstr("'" + text + "'"));
  }
  EXPECT_FALSE(ParseS3Path("s3://bucket/" + std::string(1025, 'k')).ok());
}

class S3SettingsTest : public ::testing::Test {
 protected:
  Result<S3Settings> Complete(S3Settings stated) {
    return CompleteS3Settings(
        std::move(stated),
        {.variable = [this](const std::string& name) -> std::optional<std::string> {
           const auto found = variables_.find(name);
           if (found == variables_.end()) return std::nullopt;
           return found->second;
         },
         .files = files_,
         .http = http_,
         .clock = clock_});
  }

  std::map<std::string, std::string> variables_;
  testing::FakeFileSystem files_;
  testing::FakeS3 http_;
  testing::FakeClock clock_{0};
};

TEST_F(S3SettingsTest, AreThoseOfAwsWithoutAnyWord) {
  const auto settings = Complete({});
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->endpoint, "");
  EXPECT_EQ(settings->region, "us-east-1");
  EXPECT_EQ(settings->addressing, "virtual");
}

TEST_F(S3SettingsTest, StatedOnesWinOverTheEnvironmentAndThatOverTheProfile) {
  ASSERT_TRUE(files_.CreateDirectories("/h/.aws").ok());
  ASSERT_TRUE(
      files_.ReplaceFile("/h/.aws/config", "[profile p]\nregion=eu-west-3\nendpoint_url=http://p\n")
          .ok());
  variables_ = {{"HOME", "/h"}, {"AWS_PROFILE", "p"}};
  EXPECT_EQ(Complete({})->region, "eu-west-3");
  EXPECT_EQ(Complete({})->endpoint, "http://p");
  variables_["AWS_ENDPOINT_URL"] = "http://all";
  variables_["AWS_DEFAULT_REGION"] = "eu-west-2";
  EXPECT_EQ(Complete({})->region, "eu-west-2");
  EXPECT_EQ(Complete({})->endpoint, "http://all");
  variables_["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:9000/";
  variables_["AWS_REGION"] = "eu-west-1";
  EXPECT_EQ(Complete({})->region, "eu-west-1");
  EXPECT_EQ(Complete({})->endpoint, "http://127.0.0.1:9000");
  EXPECT_EQ(Complete({})->addressing, "path");
  const auto stated = Complete({.endpoint = "https://s", .region = "r-1", .addressing = "virtual"});
  ASSERT_TRUE(stated.ok()) << stated.status();
  EXPECT_EQ(stated->endpoint + stated->region + stated->addressing, "https://sr-1virtual");
}

TEST_F(S3SettingsTest, WrongOnesAreNamed) {
  const std::pair<S3Settings, const char*> kWrong[] = {
      {{.endpoint = "127.0.0.1:9000"}, "endpoint '127.0.0.1:9000'"},
      {{.endpoint = "http://host/path"}, "endpoint"},
      {{.endpoint = "http://u:p@host"}, "endpoint"},
      {{.region = "eu west"}, "region 'eu west'"},
      {{.addressing = "host"}, "addressing 'host'"},
      {{.encryption = "aes"}, "encryption 'aes'"},
      {{.kms_key_id = "k"}, "kms_key_id"},
  };
  for (const auto& [settings, said] : kWrong) {
    const auto completed = Complete(settings);
    ASSERT_FALSE(completed.ok()) << said;
    EXPECT_EQ(KindOf(completed.status()), ErrorKind::kInvalid);
    EXPECT_THAT(completed.status().message(), HasSubstr(said));
  }
}

}  // namespace
}  // namespace tapelake::io
