#include "hudi/writer/change_groups.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

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

/// What only some operations have.
Status CheckOperation(const UpsertRequest& request) {
  const bool only_deletes = request.operation == WriteOperation::kDelete;
  const bool may_delete = only_deletes || request.operation == WriteOperation::kUpsert;
  for (const RecordChange& change : request.changes) {
    const bool is_delete = change.row == RecordChange::kDelete;
    if (is_delete ? may_delete : !only_deletes) continue;
    return Invalid("change of key '" + std::string(change.record_key) + "' " +
                   (is_delete ? "deletes" : "writes a row") + ", which the operation " +
                   std::string(WriteOperationName(request.operation)) + " does not");
  }
  return Status::OK();
}

/// Whether a column of the request's rows is what its schema says.
bool Fits(const arrow::Field& column, const arrow::Field& wanted, TableType type) {
  if (column.Equals(wanted)) return true;
  const auto dictionary = arrow::dictionary(arrow::int32(), wanted.type());
  return type == TableType::kCopyOnWrite && column.Equals(wanted.WithType(dictionary));
}

bool RowsFit(const UpsertRequest& request, TableType type) {
  const arrow::FieldVector& columns = request.rows->schema()->fields();
  return std::ranges::equal(
      columns, request.schema->fields(),
      [type](const auto& column, const auto& wanted) { return Fits(*column, *wanted, type); });
}

Status CheckRequest(const UpsertRequest& request, TableType type) {
  if (request.rows == nullptr || request.schema == nullptr) {
    return Invalid("upsert without rows or schema");
  }
  if (!RowsFit(request, type)) {
    return Invalid("the rows of an upsert have other columns than its schema: " +
                   request.rows->schema()->ToString() + " instead of " +
                   request.schema->ToString());
  }
  if (request.changes.size() > std::numeric_limits<uint32_t>::max()) {
    return Invalid("more than 2^32 changes in one commit");
  }
  for (const RecordChange& change : request.changes)
    TAPELAKE_RETURN_NOT_OK(CheckChange(change, request));
  return request.operation == WriteOperation::kUpsert ? Status::OK() : CheckOperation(request);
}

}  // namespace

Result<ChangeGroups> ChangeGroups::Make(const UpsertRequest& request, const TableConfig& config) {
  TAPELAKE_RETURN_NOT_OK(CheckRequest(request, config.type));
  ChangeGroups result;
  TAPELAKE_RETURN_NOT_OK(result.ResolvePartitions(request, config));
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

void ChangeGroups::Add(ChangeGroup group, std::vector<uint32_t> changes, int64_t delete_count) {
  changes_.push_back(std::move(changes));
  group.changes = changes_.back();
  group.delete_count = delete_count;
  groups_.push_back(std::move(group));
}

}  // namespace tapelake::hudi
