#include "hudi/index/bucket_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tapelake::hudi {
namespace {

using ::testing::HasSubstr;

FileSlice SliceOf(const std::string& partition, const std::string& file_id) {
  return {.partition_path = partition,
          .file_id = file_id,
          .base_instant = "20261122180000000",
          .base_file_name = file_id + "_0-0-0_20261122180000000.parquet"};
}

constexpr const char* kGroup0 = "00000000-e5a1-4441-a3c8-3ceb4558bc63-0";
constexpr const char* kGroup3 = "00000003-e5a1-4441-a3c8-3ceb4558bc63-0";

TEST(BucketIndex, FindsTheSliceOfABucketInItsPartition) {
  const BucketIndex index =
      BucketIndex::Make({SliceOf("p", kGroup0), SliceOf("q", kGroup0), SliceOf("q", kGroup3)}, 4)
          .ValueOrDie();
  EXPECT_EQ(index.Find("q", 3)->file_id, kGroup3);
  EXPECT_EQ(index.Find("p", 0)->partition_path, "p");
  EXPECT_EQ(index.Find("p", 3), nullptr);
  EXPECT_EQ(index.Find("r", 0), nullptr);
  EXPECT_EQ(index.BucketOf("tx000000"), 3U);
}

TEST(BucketIndex, RefusesAnIdWithoutBucketNumber) {
  const auto index = BucketIndex::Make({SliceOf("p", "9f3c1d2e-5b1a-4c8e-9a77-012345678901-0")}, 4);
  EXPECT_EQ(KindOf(index.status()), ErrorKind::kInvalid);
  EXPECT_THAT(index.status().message(), HasSubstr("9f3c1d2e"));
  EXPECT_THAT(index.status().message(), HasSubstr("'p'"));
}

TEST(BucketIndex, RefusesABucketNumberBeyondTheCount) {
  const auto index = BucketIndex::Make({SliceOf("p", kGroup3)}, 3);
  EXPECT_EQ(KindOf(index.status()), ErrorKind::kInvalid);
  EXPECT_THAT(index.status().message(), HasSubstr("bucket 3"));
}

TEST(BucketIndex, RefusesTwoGroupsOfOneBucket) {
  const std::string twin = "00000003-aaaa-4441-a3c8-3ceb4558bc63-0";
  const auto index = BucketIndex::Make({SliceOf("p", kGroup3), SliceOf("p", twin)}, 4);
  EXPECT_EQ(KindOf(index.status()), ErrorKind::kInvalid);
  EXPECT_THAT(index.status().message(), HasSubstr(kGroup3));
  EXPECT_THAT(index.status().message(), HasSubstr(twin));
}

}  // namespace
}  // namespace tapelake::hudi
