#include "hudi/format/partition_value.h"

#include <gtest/gtest.h>

namespace tapelake::hudi {
namespace {

TEST(PartitionValueOf, IsWhatThePathWasMadeOf) {
  for (const bool hive_style : {false, true}) {
    for (const bool urlencode : {false, true}) {
      const PartitionPathStyle style{.hive_style = hive_style, .urlencode = urlencode};
      for (const std::string value :
           {"2026-11-22", "day=2026", "ümlaut 100%", "%2", "%41", "a=b"}) {
        const std::string path = PartitionPathPart("day", value, style).ValueOrDie();
        EXPECT_EQ(PartitionValueOf(path, "day", style), value) << path;
      }
    }
  }
  const PartitionPathStyle escaped{.hive_style = true, .urlencode = true};
  EXPECT_EQ(PartitionValueOf("day=a%2Fb", "day", escaped), "a/b");
}

TEST(PartitionValueOf, IsNoneWhereThePathDoesNotSay) {
  const PartitionPathStyle plain{.hive_style = false, .urlencode = false};
  const PartitionPathStyle hive{.hive_style = true, .urlencode = false};
  const PartitionPathStyle escaped{.hive_style = true, .urlencode = true};
  EXPECT_EQ(PartitionValueOf("day=__HIVE_DEFAULT_PARTITION__", "day", hive), std::nullopt);
  EXPECT_EQ(PartitionValueOf("day=", "day", hive), std::nullopt);
  EXPECT_EQ(PartitionValueOf("", "day", plain), std::nullopt);
  EXPECT_EQ(PartitionValueOf("2026-11-22", "day", hive), std::nullopt);
  EXPECT_EQ(PartitionValueOf("days=2026", "day", hive), std::nullopt);
  EXPECT_EQ(PartitionValueOf("day=1/hour=2", "day", hive), std::nullopt);
  EXPECT_EQ(PartitionValueOf("day=a%2fb", "day", escaped), std::nullopt) << "not as we escape";
}

}  // namespace
}  // namespace tapelake::hudi
