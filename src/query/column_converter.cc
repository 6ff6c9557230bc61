#include "query/column_converter.h"

#include <string>

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>

namespace tapelake::query {
namespace {

Status TakeError(duckdb_error_data raw, const std::string& what) {
  const DuckErrorData error(raw);
  if (error.get() == nullptr || !duckdb_error_data_has_error(error.get())) return Status::OK();
  return MakeError(ErrorKind::kInternal,
                   what + ": " + std::string(duckdb_error_data_message(error.get())));
}

}  // namespace

Result<ColumnConverter> ColumnConverter::Make(duckdb_connection connection,
                                              const std::shared_ptr<arrow::Field>& field) {
  ColumnConverter converter;
  converter.connection_ = connection;
  converter.schema_ = arrow::schema({field});
  ArrowSchema exported;
  TAPELAKE_RETURN_NOT_OK(arrow::ExportSchema(*converter.schema_, &exported));
  duckdb_error_data error =
      duckdb_schema_from_arrow(connection, &exported, converter.converted_.out());
  if (exported.release != nullptr) exported.release(&exported);
  TAPELAKE_RETURN_NOT_OK(TakeError(error, "column '" + field->name() + "'"));
  return converter;
}

Result<DuckChunk> ColumnConverter::Convert(const std::shared_ptr<arrow::Array>& array) const {
  ArrowArray exported;
  TAPELAKE_RETURN_NOT_OK(arrow::ExportRecordBatch(
      *arrow::RecordBatch::Make(schema_, array->length(), {array}), &exported));
  DuckChunk chunk;
  duckdb_error_data error =
      duckdb_data_chunk_from_arrow(connection_, &exported, converted_.get(), chunk.out());
  if (exported.release != nullptr) exported.release(&exported);
  TAPELAKE_RETURN_NOT_OK(TakeError(error, "column '" + field().name() + "'"));
  return chunk;
}

Status AddResultColumns(duckdb_connection connection, const arrow::Schema& schema,
                        duckdb_bind_info info) {
  for (const auto& field : schema.fields()) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto converter, ColumnConverter::Make(connection, field));
    TAPELAKE_ASSIGN_OR_RAISE(const auto null, arrow::MakeArrayOfNull(field->type(), 1));
    TAPELAKE_ASSIGN_OR_RAISE(const DuckChunk chunk, converter.Convert(null));
    const DuckType type(
        duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(chunk.get(), 0)));
    duckdb_bind_add_result_column(info, field->name().c_str(), type.get());
  }
  return Status::OK();
}

}  // namespace tapelake::query
