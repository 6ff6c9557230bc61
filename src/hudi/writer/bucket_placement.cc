#include "hudi/writer/bucket_placement.h"

#include <utility>

#include "hudi/format/bucket_hash.h"
#include "hudi/format/file_name.h"

namespace tapelake::hudi {
namespace {

/// The changes of one bucket of one partition.
struct Bucket {
  std::vector<uint32_t> changes;
  size_t change_count = 0;
  int64_t delete_count = 0;
};

/// By partition, then bucket. Stable, so rows stay in the request's order.
std::vector<Bucket> Distribute(const UpsertRequest& request, const ChangeGroups& groups,
                               uint32_t bucket_count) {
  std::vector<Bucket> buckets(groups.partition_paths().size() * bucket_count);
  std::vector<uint32_t> bucket_of_change(request.changes.size());
  for (size_t i = 0; i < request.changes.size(); ++i) {
    const RecordChange& change = request.changes[i];
    const uint32_t number = BucketOfHash(BucketHash(change.record_key), bucket_count);
    bucket_of_change[i] = groups.PartitionOf(change) * bucket_count + number;
    Bucket& bucket = buckets[bucket_of_change[i]];
    ++bucket.change_count;
    if (change.row == RecordChange::kDelete) ++bucket.delete_count;
  }
  for (Bucket& bucket : buckets)
    bucket.changes.reserve(bucket.change_count);
  for (size_t i = 0; i < bucket_of_change.size(); ++i)
    buckets[bucket_of_change[i]].changes.push_back(static_cast<uint32_t>(i));
  return buckets;
}

}  // namespace

Result<ChangeGroups> PlaceByBucket(const UpsertTarget& target, const UpsertRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(ChangeGroups groups, ChangeGroups::Make(request, target.config));
  const uint32_t bucket_count = target.buckets->bucket_count();
  std::vector<Bucket> buckets = Distribute(request, groups, bucket_count);
  const bool replaces = ReplacesGroups(request.operation);
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i].changes.empty()) continue;
    const auto number = static_cast<uint32_t>(i % bucket_count);
    ChangeGroup group;
    group.partition = static_cast<uint32_t>(i / bucket_count);
    if (!replaces) {
      group.stored = target.buckets->Find(groups.partition_paths()[group.partition], number);
    }
    group.file_id =
        group.stored != nullptr ? group.stored->file_id : NewBucketFileId(number, target.random);
    group.in_base_file = replaces || target.config.type == TableType::kCopyOnWrite;
    groups.Add(std::move(group), std::move(buckets[i].changes), buckets[i].delete_count);
  }
  return groups;
}

}  // namespace tapelake::hudi
