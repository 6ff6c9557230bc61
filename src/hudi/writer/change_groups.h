#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/table_config.h"
#include "hudi/writer/upsert.h"

namespace tapelake::hudi {

/// The changes of a request that go into one file group.
struct ChangeGroup {
  uint32_t partition = 0;             ///< Index into ChangeGroups::partition_paths().
  const FileSlice* stored = nullptr;  ///< The group's latest slice; nullptr: a new group.
  std::string file_id;
  bool in_base_file = false;          ///< The group gets a new base file; else a new log file.
  bool holds_updates = false;         ///< Every row of it is known to replace a stored one.
  std::span<const uint32_t> changes;  ///< Indices into the request's changes, in file order.
  int64_t delete_count = 0;           ///< How many of them delete.
  bool keys_are_distinct = false;     ///< Each key was seen to be there once.
};

/// A request checked and sorted by file group. The groups live as long as it does.
///
/// One that Make() made has no groups: a table's index adds them (bucket_placement.h,
/// key_placement.h).
class ChangeGroups {
 public:
  /// Errors: kInvalid (rows do not fit the schema, a change names no row or partition, an empty
  /// key, a partition value that cannot be a directory, a change that the operation does not have).
  static Result<ChangeGroups> Make(const UpsertRequest& request, const TableConfig& config);
  ChangeGroups(ChangeGroups&&) noexcept = default;
  ChangeGroups& operator=(ChangeGroups&&) noexcept = default;

  /// Distinct partition directories of the request.
  const std::vector<std::string>& partition_paths() const { return partition_paths_; }

  /// The partition of a change of the request, as an index into partition_paths().
  uint32_t PartitionOf(const RecordChange& change) const {
    return partition_of_value_[change.partition];
  }

  /// Add `group` with these changes; `group`'s own are ignored.
  void Add(ChangeGroup group, std::vector<uint32_t> changes, int64_t delete_count);

  /// Count deletes that go nowhere, because their key is known not to be stored.
  void AddMissingDeletes(int64_t count) { missing_deletes_ += count; }
  int64_t missing_deletes() const { return missing_deletes_; }

  /// The groups that have changes, in the order they were added.
  const std::vector<ChangeGroup>& groups() const { return groups_; }

 private:
  ChangeGroups() = default;  // and not copied: the groups point into it
  Status ResolvePartitions(const UpsertRequest& request, const TableConfig& config);

  std::vector<std::string> partition_paths_;
  std::vector<uint32_t> partition_of_value_;   // partition value -> partition path
  std::deque<std::vector<uint32_t>> changes_;  // by group
  std::vector<ChangeGroup> groups_;
  int64_t missing_deletes_ = 0;
};

}  // namespace tapelake::hudi
