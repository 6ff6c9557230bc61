#pragma once

/// Which file group holds a key: a hash of the key (docs/internals/hudi-v6.md, section 6).

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/bucket_hash.h"

namespace tapelake::hudi {

/// The latest slices of a table by partition and bucket. One thread while it changes; any number
/// while it does not.
class BucketIndex {
 public:
  /// Check that every slice belongs to a bucket index of `bucket_count` buckets, and index them.
  ///
  /// Errors: kInvalid if a file id does not begin with a bucket number (made by another index), if
  /// the number is not below `bucket_count`, or if a partition holds one number twice. The message
  /// names file group, partition and what to do; writing such a table would make duplicate keys.
  static Result<BucketIndex> Make(const std::vector<FileSlice>& slices, uint32_t bucket_count);

  uint32_t bucket_count() const { return bucket_count_; }

  /// The bucket of a record key made of one field.
  uint32_t BucketOf(std::string_view record_key) const {
    return BucketOfHash(BucketHash(record_key), bucket_count_);
  }

  /// The slice of a bucket, or nullptr if it has no file group yet. Valid until Reload() of its
  /// partition; Put() changes what it points to.
  const FileSlice* Find(const std::string& partition_path, uint32_t bucket) const;

  /// Return whether the partition has a file group.
  bool HasPartition(const std::string& partition_path) const;

  /// Add a slice, or put it in place of its bucket's. Its file id must be one of this index.
  void Put(FileSlice slice);

  /// Replace all slices of one partition. Errors: as Make; the partition is then undefined.
  Status Reload(const std::string& partition_path, const std::vector<FileSlice>& slices);

  /// All slices, sorted by partition path, then file id.
  std::vector<FileSlice> Slices() const;
  /// Those that have logs.
  std::vector<FileSlice> SlicesWithLogs() const;

 private:
  Status Add(const FileSlice& slice);

  uint32_t bucket_count_ = 1;
  std::map<std::pair<std::string, uint32_t>, FileSlice> slices_;
};

}  // namespace tapelake::hudi
