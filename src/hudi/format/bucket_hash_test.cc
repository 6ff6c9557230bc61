#include "hudi/format/bucket_hash.h"

#include <gtest/gtest.h>

#include <vector>

namespace tapelake::hudi {
namespace {

struct Vector {
  const char* key;
  uint32_t hash;
  uint32_t of4;
  uint32_t of16;
  uint32_t of256;
};

// Values that Hudi's own bucket class gives.
constexpr Vector kOneField[] = {
    {"tx000000", 0x3297ada3, 3, 3, 163},
    {"tx000001", 0x3297ada4, 0, 4, 164},
    {"k0000042", 0xaaec7002, 2, 2, 2},
    {"a", 0x00000080, 0, 0, 128},
    {"hello", 0x05e918f1, 1, 1, 241},
    {"9f3c1d2e-5b1a-4c8e-9a77-0123456789ab", 0x781dfc5f, 3, 15, 95},
    {"a,b", 0x000171f6, 2, 6, 246},
    {"日本語", 0x018b89b6, 2, 6, 182},
    {"😀key", 0x4c1c723b, 3, 11, 59},
    {"Zürich", 0xa7a8b3dd, 1, 13, 221},
    {"polygenelubricants", 0x8000001f, 3, 15, 31},
    {"order:12", 0x49916dec, 0, 12, 236},  // Hudi 1.x; 0.15 puts all such keys into bucket 1
};

TEST(BucketHash, EqualsHudisForOneFieldKeys) {
  for (const Vector& vector : kOneField) {
    EXPECT_EQ(BucketHash(vector.key), vector.hash) << vector.key;
    EXPECT_EQ(BucketOfHash(BucketHash(vector.key), 4), vector.of4) << vector.key;
    EXPECT_EQ(BucketOfHash(BucketHash(vector.key), 16), vector.of16) << vector.key;
    EXPECT_EQ(BucketOfHash(BucketHash(vector.key), 256), vector.of256) << vector.key;
  }
}

TEST(BucketHash, HashesKeysWithCommaAndColonWhole) {
  const uint32_t hash = BucketHash("x,y:z");
  EXPECT_EQ(BucketOfHash(hash, 4), 0U);
  EXPECT_EQ(BucketOfHash(hash, 16), 12U);
  EXPECT_EQ(BucketOfHash(hash, 256), 164U);
}

TEST(CompositeBucketHash, TakesTheHashFieldsInKeyOrder) {
  const std::vector<std::string> both = {"b", "a"};
  const std::vector<std::string> first = {"a"};
  const std::vector<std::string> second = {"b"};
  const auto bucket = [](const std::vector<std::string>& fields, uint32_t count) {
    return BucketOfHash(CompositeBucketHash("a:1,b:2", fields), count);
  };
  EXPECT_EQ(bucket(both, 4), 2U);
  EXPECT_EQ(bucket(both, 16), 2U);
  EXPECT_EQ(bucket(both, 256), 226U);
  EXPECT_EQ(bucket(first, 4), 0U);
  EXPECT_EQ(bucket(second, 4), 1U);
  EXPECT_EQ(bucket(first, 256), 80U);
  EXPECT_EQ(bucket(second, 256), 81U);
}

TEST(CompositeBucketHash, FallsBackToTheWholeKey) {
  const std::vector<std::string> fields = {"id"};
  EXPECT_EQ(CompositeBucketHash("x,y:z", fields), BucketHash("x,y:z"));
}

// Four ASCII characters go in one step.
TEST(JavaStringHash, IsTheSameWhereverACharacterStands) {
  for (size_t length = 0; length < 24; ++length) {
    for (size_t place = 0; place <= length; ++place) {
      std::string text;
      uint32_t hash = 0;
      for (size_t i = 0; i < length; ++i) {
        const bool is_wide = i == place;
        text += is_wide ? "\xc3\xa9" : std::string(1, static_cast<char>('!' + 5 * i % 90));
        hash = hash * 31 + (is_wide ? 0xE9 : static_cast<uint32_t>('!' + 5 * i % 90));
      }
      EXPECT_EQ(JavaStringHash(text), hash) << text;
    }
  }
}

TEST(JavaStringHash, CountsMalformedBytesAsReplacementCharacters) {
  EXPECT_EQ(JavaStringHash("\xff"), 0xFFFDU);
  EXPECT_EQ(JavaStringHash("\xc3"), 0xFFFDU);
  EXPECT_EQ(JavaStringHash(""), 0U);
}

}  // namespace
}  // namespace tapelake::hudi
