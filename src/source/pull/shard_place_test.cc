#include "source/pull/shard_place.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace tapelake::source {
namespace {

using Kind = ShardPlace::Kind;

TEST(ShardPlace, IsReadAsItWasWritten) {
  const std::string longest(129, '9');
  const std::vector<std::pair<ShardPlace, std::string>> places = {
      {{}, "oldest"},
      {{.next_from_millis = 7}, "oldest 7"},
      {{.kind = Kind::kTime, .time_millis = 12}, "time 12"},
      {{.kind = Kind::kTime, .time_millis = 12, .next_from_millis = 13}, "time 12 13"},
      {{.kind = Kind::kAfter, .sequence = "0049", .next_from_millis = 5}, "after 0049 5"},
      {{.kind = Kind::kAt, .sequence = longest}, "at " + longest + " 0"}};
  for (const auto& [place, text] : places) {
    EXPECT_EQ(FormatPlace(place), text);
    const auto back = ParsePlace(text);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, place) << text;
  }
}

TEST(ShardPlace, WhatIsNoneIsRefusedAndNamed) {
  for (const char* bad :
       {"", " ", "newest", "oldest ", "oldest x", "oldest 1 2", "oldest -1", "time", "time x",
        "time 1 x", "time 1 2 3", "after", "after 1", "after x 1", "after 1 x", "after  1",
        "at 1 2 3", "at 1 99999999999999999999", "At 1 2"}) {
    const auto place = ParsePlace(bad);
    EXPECT_EQ(KindOf(place.status()), ErrorKind::kCorrupt) << bad;
    EXPECT_NE(place.status().message().find("'" + std::string(bad) + "'"), std::string::npos);
  }
}

}  // namespace
}  // namespace tapelake::source
