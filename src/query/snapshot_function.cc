#include "query/snapshot_function.h"

#include <string>

#include "query/duck.h"
#include "query/output/column_type.h"
#include "query/snapshot_sql.h"

namespace tapelake::query {
namespace {

Result<std::string> SelectFor(SnapshotCache& snapshots, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const SnapshotSource source, snapshots.Source(path));
  Result<std::string> sql =
      SnapshotSelect(*source.snapshot, source.overlay.get(), source.overlay_id);
  return sql.ok() ? sql : Result<std::string>(WithContext(sql.status(), path));
}

void Execute(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  auto& snapshots = *static_cast<SnapshotCache*>(duckdb_scalar_function_get_extra_info(info));
  static const ColumnType kText{.id = DUCKDB_TYPE_VARCHAR};
  const VectorView paths(kText, duckdb_data_chunk_get_vector(input, 0));
  const idx_t count = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < count; ++row) {
    if (paths.IsNull(row)) {
      duckdb_scalar_function_set_error(info, "hudi() needs a path, not NULL");
      return;
    }
    const Result<std::string> sql = SelectFor(snapshots, std::string(paths.Bytes(row)));
    if (!sql.ok()) {
      duckdb_scalar_function_set_error(info, sql.status().message().c_str());
      return;
    }
    duckdb_vector_assign_string_element_len(output, row, sql->data(), sql->size());
  }
}

}  // namespace

Status RegisterSnapshotFunction(duckdb_connection connection, SnapshotCache& snapshots) {
  const DuckScalarFunction function(duckdb_create_scalar_function());
  const DuckType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  duckdb_scalar_function_set_name(function.get(), "tapelake_snapshot_sql");
  duckdb_scalar_function_add_parameter(function.get(), text.get());
  duckdb_scalar_function_set_return_type(function.get(), text.get());
  // Owned by the session, hence no deleter.
  duckdb_scalar_function_set_extra_info(function.get(), &snapshots, nullptr);
  duckdb_scalar_function_set_function(function.get(), Execute);
  if (duckdb_register_scalar_function(connection, function.get()) != DuckDBSuccess) {
    return MakeError(ErrorKind::kInternal, "cannot register tapelake_snapshot_sql");
  }
  return Status::OK();
}

}  // namespace tapelake::query
