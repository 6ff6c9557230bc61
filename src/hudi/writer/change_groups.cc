#include "hudi/writer/change_groups.h"

#include <limits>
#include <unordered_map>

#include "hudi/format/bucket_hash.h"
#include "hudi/format/file_name.h"

namespace tapelake::hudi {
namespace {

Status Invalid(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message));
}

Status CheckChange(const RecordChange& change, const UpsertRequest& request) {
  if (change.record_key.empty()) return Invalid("a change has an empty record key");
  if (change.partition >= request.partition_values.size()) {
    return Invalid("change of key '" + std::string(change.record_key) + "' names partition " +
                   std::to_string(change.partition) + " of " +
                   std::to_string(request.partition_values.size()));
  }
  const bool has_row = change.row >= 0 && change.row < request.rows->num_rows();
  if (change.row == RecordChange::kDelete || has_row) return Status::OK();
  return Invalid("change of key '" + std::string(change.record_key) + "' names row " +
                 std::to_string(change.row) + " of " + std::to_string(request.rows->num_rows()));
}

Status CheckRequest(const UpsertRequest& request) {
  if (request.rows == nullptr || request.schema == nullptr) {
    return Invalid("upsert without rows or schema");
  }
  if (!request.rows->schema()->Equals(*request.schema, /*check_metadata=*/false)) {
    return Invalid("the rows of an upsert have other columns than its schema: " +
                   request.rows->schema()->ToString() + " instead of " +
                   request.schema->ToString());
  }
  if (request.changes.size() > std::numeric_limits<uint32_t>::max()) {
    return Invalid("more than 2^32 changes in one commit");
  }
  for (const RecordChange& change : request.changes)
    TAPELAKE_RETURN_NOT_OK(CheckChange(change, request));
  return Status::OK();
}

}  // namespace

Result<ChangeGroups> ChangeGroups::Make(const UpsertRequest& request, const TableConfig& config,
                                        uint32_t bucket_count) {
  TAPELAKE_RETURN_NOT_OK(CheckRequest(request));
  ChangeGroups result;
  TAPELAKE_RETURN_NOT_OK(result.ResolvePartitions(request, config));
  result.Distribute(request, bucket_count);
  return result;
}

Status ChangeGroups::ResolvePartitions(const UpsertRequest& request, const TableConfig& config) {
  const PartitionPathStyle style{.hive_style = config.hive_style_partitioning,
                                 .urlencode = config.urlencode_partitions};
  std::unordered_map<std::string, uint32_t> ids;
  for (const std::string& value : request.partition_values) {
    std::string path;
    if (!config.partition_fields.empty()) {
      TAPELAKE_ASSIGN_OR_RAISE(path,
                               PartitionPathPart(config.partition_fields.front(), value, style));
    }
    const auto [known, added] = ids.emplace(path, static_cast<uint32_t>(partition_paths_.size()));
    partition_of_value_.push_back(known->second);
    if (added) partition_paths_.push_back(std::move(path));
  }
  return Status::OK();
}

void ChangeGroups::Distribute(const UpsertRequest& request, uint32_t bucket_count) {
  const size_t change_count = request.changes.size();
  std::vector<uint32_t> group_of_change(change_count);
  // A counting sort by (partition, bucket): stable, so rows stay in the request's order.
  std::vector<size_t> ends(partition_paths_.size() * bucket_count + 1, 0);
  std::vector<int64_t> deletes(partition_paths_.size() * bucket_count, 0);
  for (size_t i = 0; i < change_count; ++i) {
    const RecordChange& change = request.changes[i];
    const uint32_t bucket = BucketOfHash(BucketHash(change.record_key), bucket_count);
    group_of_change[i] = partition_of_value_[change.partition] * bucket_count + bucket;
    ++ends[group_of_change[i] + 1];
    if (change.row == RecordChange::kDelete) ++deletes[group_of_change[i]];
  }
  for (size_t group = 1; group < ends.size(); ++group)
    ends[group] += ends[group - 1];
  std::vector<size_t> next(ends.begin(), ends.end() - 1);
  ordered_changes_.resize(change_count);
  for (size_t i = 0; i < change_count; ++i) {
    ordered_changes_[next[group_of_change[i]]++] = static_cast<uint32_t>(i);
  }
  for (size_t group = 0; group + 1 < ends.size(); ++group) {
    if (ends[group] == ends[group + 1]) continue;
    const auto changes =
        std::span(ordered_changes_).subspan(ends[group], ends[group + 1] - ends[group]);
    groups_.push_back({.partition = static_cast<uint32_t>(group / bucket_count),
                       .bucket = static_cast<uint32_t>(group % bucket_count),
                       .changes = changes,
                       .delete_count = deletes[group]});
  }
}

}  // namespace tapelake::hudi
