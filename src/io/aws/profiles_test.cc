#include "io/aws/profiles.h"

#include <gmock/gmock.h>

namespace tapelake::io::aws {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Pair;

TEST(Profiles, AreReadFromBothForms) {
  const auto credentials = ParseProfiles(
      "# comment\n[default]\naws_access_key_id = A\r\nAWS_SECRET_ACCESS_KEY=s=1\n\n"
      "[profile x]\nregion=none\n[other]\n",
      false);
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  EXPECT_THAT(*credentials, ElementsAre(Key("default"), Key("other"), Key("profile x")));
  EXPECT_THAT(credentials->at("default"),
              ElementsAre(Pair("aws_access_key_id", "A"), Pair("aws_secret_access_key", "s=1")));
  const auto config = ParseProfiles(
      "[default]\nregion = eu-west-1\n[profile  other ]\ns3 =\n  addressing_style = path\n"
      "region=us-west-2\n[sso-session x]\nsso_region = r\n[profile]\nregion = lost\n",
      true);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(*config, ElementsAre(Key("default"), Key("other")));
  EXPECT_THAT(config->at("other"), ElementsAre(Pair("region", "us-west-2"), Pair("s3", "")));
}

TEST(Profiles, NameTheLineThatIsWrong) {
  for (const auto& [text, said] :
       {std::pair("[default\n", "line 1: a section without ']'"),
        std::pair("\n\nkey = value\n", "line 3: a setting before the first [section]"),
        std::pair("[default]\nno sign\n", "line 2: neither [section] nor key = value")}) {
    const auto profiles = ParseProfiles(text, false);
    ASSERT_FALSE(profiles.ok());
    EXPECT_EQ(KindOf(profiles.status()), ErrorKind::kInvalid);
    EXPECT_EQ(profiles.status().message(), said);
  }
}

}  // namespace
}  // namespace tapelake::io::aws
