#include "hudi/index/bucket_index.h"

#include <optional>

#include "base/assert.h"
#include "hudi/format/file_name.h"

namespace tapelake::hudi {
namespace {

std::string Describe(const FileSlice& slice) {
  return "file group '" + slice.file_id + "' of partition '" + slice.partition_path + "'";
}

}  // namespace

Result<BucketIndex> BucketIndex::Make(const std::vector<FileSlice>& slices, uint32_t bucket_count) {
  TAPELAKE_ASSERT(bucket_count > 0);
  BucketIndex index;
  index.bucket_count_ = bucket_count;
  for (const FileSlice& slice : slices) {
    const std::optional<uint32_t> bucket = BucketOfFileId(slice.file_id);
    if (!bucket) {
      return MakeError(ErrorKind::kInvalid,
                       Describe(slice) +
                           " was not made by a bucket index (its id does not begin with a bucket "
                           "number); another writer used another index: roll its commit back");
    }
    if (*bucket >= bucket_count) {
      return MakeError(ErrorKind::kInvalid,
                       Describe(slice) + " is bucket " + std::to_string(*bucket) +
                           ", but the table has buckets 0 to " + std::to_string(bucket_count - 1) +
                           "; another writer used another number of buckets: roll its commit back");
    }
    const auto [position, inserted] =
        index.slices_.try_emplace({slice.partition_path, *bucket}, slice);
    if (!inserted) {
      return MakeError(ErrorKind::kInvalid,
                       Describe(slice) + " and file group '" + position->second.file_id +
                           "' are both bucket " + std::to_string(*bucket) +
                           "; a bulk_insert or a second writer doubled it: roll its commit back");
    }
  }
  return index;
}

const FileSlice* BucketIndex::Find(const std::string& partition_path, uint32_t bucket) const {
  const auto found = slices_.find({partition_path, bucket});
  return found == slices_.end() ? nullptr : &found->second;
}

}  // namespace tapelake::hudi
