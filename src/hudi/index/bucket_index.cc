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
  for (const FileSlice& slice : slices)
    TAPELAKE_RETURN_NOT_OK(index.Add(slice));
  return index;
}

Status BucketIndex::Add(const FileSlice& slice) {
  const std::optional<uint32_t> bucket = BucketOfFileId(slice.file_id);
  if (!bucket) {
    return MakeError(ErrorKind::kInvalid,
                     Describe(slice) +
                         " was not made by a bucket index (its id does not begin with a bucket "
                         "number); another writer used another index: roll its commit back");
  }
  if (*bucket >= bucket_count_) {
    return MakeError(ErrorKind::kInvalid,
                     Describe(slice) + " is bucket " + std::to_string(*bucket) +
                         ", but the table has buckets 0 to " + std::to_string(bucket_count_ - 1) +
                         "; another writer used another number of buckets: roll its commit back");
  }
  const auto [position, inserted] = slices_.try_emplace({slice.partition_path, *bucket}, slice);
  if (inserted) return Status::OK();
  return MakeError(ErrorKind::kInvalid,
                   Describe(slice) + " and file group '" + position->second.file_id +
                       "' are both bucket " + std::to_string(*bucket) +
                       "; a bulk_insert or a second writer doubled it: roll its commit back");
}

const FileSlice* BucketIndex::Find(const std::string& partition_path, uint32_t bucket) const {
  const auto found = slices_.find({partition_path, bucket});
  return found == slices_.end() ? nullptr : &found->second;
}

bool BucketIndex::HasPartition(const std::string& partition_path) const {
  const auto found = slices_.lower_bound({partition_path, 0});
  return found != slices_.end() && found->first.first == partition_path;
}

void BucketIndex::Put(FileSlice slice) {
  const std::optional<uint32_t> bucket = BucketOfFileId(slice.file_id);
  TAPELAKE_ASSERT(bucket && *bucket < bucket_count_);
  const std::pair key(slice.partition_path, *bucket);
  slices_.insert_or_assign(key, std::move(slice));
}

Status BucketIndex::Reload(const std::string& partition_path,
                           const std::vector<FileSlice>& slices) {
  std::erase_if(slices_, [&](const auto& entry) { return entry.first.first == partition_path; });
  for (const FileSlice& slice : slices)
    TAPELAKE_RETURN_NOT_OK(Add(slice));
  return Status::OK();
}

std::vector<FileSlice> BucketIndex::Slices() const {
  std::vector<FileSlice> slices;
  slices.reserve(slices_.size());
  for (const auto& [key, slice] : slices_)
    slices.push_back(slice);
  return slices;
}

std::vector<FileSlice> BucketIndex::SlicesWithLogs() const {
  std::vector<FileSlice> slices;
  for (const auto& [key, slice] : slices_) {
    if (!slice.log_files.empty()) slices.push_back(slice);
  }
  return slices;
}

}  // namespace tapelake::hudi
