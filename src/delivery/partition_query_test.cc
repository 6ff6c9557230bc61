#include "delivery/partition_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tapelake::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(PartitionQuery, NamesKeysAndMembers) {
  const auto keys = ParsePartitionQuery(R"( { pair : .trading_pair , "day":."the \"day\"" } )");
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_THAT(
      *keys, ElementsAre(PartitionKey{"pair", "trading_pair"}, PartitionKey{"day", "the \"day\""}));
}

TEST(PartitionQuery, IsReadAgainAsItIsWritten) {
  const std::vector<PartitionKey> keys = {{"pair", "trading_pair"}, {"a", "b=c, \\ \"d\""}};
  const std::string query = FormatPartitionQuery(keys);
  EXPECT_THAT(query, HasSubstr(R"({pair:."trading_pair",a:.)"));
  const auto again = ParsePartitionQuery(query);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, keys);
  EXPECT_THAT(FormatPartitionQuery({}), IsEmpty());
}

TEST(PartitionQuery, OtherJqIsRefusedAndQuoted) {
  for (const char* query : {"",
                            "{",
                            "{}",
                            ".pair",
                            "{pair}",
                            "{pair:}",
                            "{pair:.}",
                            "{pair:.a",
                            "{pair:.a}}",
                            "{pair:.a,}",
                            "{pair:.a.b}",
                            R"({pair:.a|tostring})",
                            R"({pair:."a})",
                            R"({pair:."a\})",
                            "{:.a}",
                            "{pair:\"a\"}",
                            "{pair:.a b}",
                            R"({"":.a})",
                            R"({"a-b":.a})",
                            R"({pair:.""})",
                            R"({pair:."\x"})"}) {
    const auto keys = ParsePartitionQuery(query);
    ASSERT_FALSE(keys.ok()) << query;
    EXPECT_EQ(KindOf(keys.status()), ErrorKind::kInvalid) << query;
  }
  EXPECT_THAT(ParsePartitionQuery("{day:.ts|strftime(\"%Y\")}").status().message(),
              HasSubstr("'{day:.ts|strftime(\"%Y\")}'"));
}

}  // namespace
}  // namespace tapelake::delivery
