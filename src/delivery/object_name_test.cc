#include "delivery/object_name.h"

#include <gtest/gtest.h>

namespace tapelake::delivery {
namespace {

constexpr int64_t kMicros = 1'795'339'859'000'000;  // 2026-11-22T09:30:59Z

TEST(ObjectName, IsReadAsItWasWritten) {
  for (const char* stream : {"crypto.transactions", "a", "a-1-b", "x-1-2026-11-22-09-30-00-1"}) {
    const std::string name = FormatObjectName({stream, kMicros + 999'999, 42});
    EXPECT_EQ(name, std::string(stream) + "-1-2026-11-22-09-30-59-0000000042");
    const auto read = ParseObjectName(name + ".ndjson.gz", kRawEnding);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->stream, stream);
    EXPECT_EQ(read->cut_micros, kMicros);
    EXPECT_EQ(read->id, 42u);
  }
  const auto large =
      ParseObjectName(FormatObjectName({"s", 0, 1ull << 63}) + ".ndjson", kErrorEnding);
  ASSERT_TRUE(large.has_value());
  EXPECT_EQ(large->id, 1ull << 63);
}

TEST(ObjectName, IsNotReadFromAnythingElse) {
  for (const char* name :
       {"", "x", ".ndjson.gz", "s-1-2026-11-22-09-30-59-0000000042.ndjson",
        "s-1-2026-11-22-09-30-59-.ndjson.gz", "s-1-2026-11-22-09-30-59-4x.ndjson.gz",
        "s-1-2026-11-32-09-30-59-1.ndjson.gz", "s-1-2026-02-31-09-30-59-1.ndjson.gz",
        "s-2-2026-11-22-09-30-59-1.ndjson.gz", "-1-2026-11-22-09-30-59-1.ndjson.gz",
        "s-1-2026/11/22-09-30-59-1.ndjson.gz", ".tmp-12-3"}) {
    EXPECT_FALSE(ParseObjectName(name, kRawEnding).has_value()) << name;
  }
}

TEST(ObjectName, LiesBelowItsHour) {
  const ObjectName name{"crypto.transactions", kMicros, 7};
  EXPECT_EQ(RawObjectPath(name),
            "raw/crypto.transactions/2026/11/22/09/" + FormatObjectName(name) + ".ndjson.gz");
  EXPECT_EQ(ErrorObjectPath("no-key", name),
            "errors/no-key/2026/11/22/09/" + FormatObjectName(name) + ".ndjson");
}

TEST(ObjectName, AcceptsStreamNamesThatArePathParts) {
  EXPECT_TRUE(CheckStreamName("crypto.transactions-2_X").ok());
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("a b"), std::string("a/b"),
        std::string("\xc3\xbc"), std::string(201, 'a')}) {
    EXPECT_FALSE(CheckStreamName(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace tapelake::delivery
