#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/format/table_config.h"
#include "hudi/writer/upsert.h"

namespace tapelake::hudi {

/// The changes of a request that fall into one (partition, bucket).
struct ChangeGroup {
  uint32_t partition = 0;  ///< Index into ChangeGroups::partition_paths().
  uint32_t bucket = 0;
  std::span<const uint32_t> changes;  ///< Indices into the request's changes, ascending.
  int64_t delete_count = 0;           ///< How many of them delete.
};

/// A request checked and sorted by file group. Immutable; the groups live as long as it does.
class ChangeGroups {
 public:
  /// Errors: kInvalid (rows do not fit the schema, a change names no row or partition, an empty
  /// key, a partition value that cannot be a directory).
  static Result<ChangeGroups> Make(const UpsertRequest& request, const TableConfig& config,
                                   uint32_t bucket_count);
  ChangeGroups(ChangeGroups&&) noexcept = default;
  ChangeGroups& operator=(ChangeGroups&&) noexcept = default;

  /// Distinct partition directories of the request.
  const std::vector<std::string>& partition_paths() const { return partition_paths_; }

  /// The groups that have changes, by partition, then bucket.
  const std::vector<ChangeGroup>& groups() const { return groups_; }

 private:
  ChangeGroups() = default;  // and not copied: the groups point into it
  Status ResolvePartitions(const UpsertRequest& request, const TableConfig& config);
  void Distribute(const UpsertRequest& request, uint32_t bucket_count);

  std::vector<std::string> partition_paths_;
  std::vector<uint32_t> partition_of_value_;  // partition value -> partition path
  std::vector<uint32_t> ordered_changes_;     // change indices by (partition, bucket)
  std::vector<ChangeGroup> groups_;
};

}  // namespace tapelake::hudi
