#include "query/statement_runner.h"

#include <utility>

#include "query/duck.h"

namespace tapelake::query {
namespace {

Result<std::vector<ResultColumn>> DescribeColumns(duckdb_result* result) {
  std::vector<ResultColumn> columns;
  const idx_t count = duckdb_column_count(result);
  for (idx_t i = 0; i < count; ++i) {
    const DuckType logical(duckdb_column_logical_type(result, i));
    const char* text = duckdb_column_name(result, i);
    std::string name = text == nullptr ? "" : text;
    Result<ColumnType> type = DescribeType(logical.get());
    if (!type.ok()) return WithContext(type.status(), "column '" + name + "'");
    columns.push_back({.name = std::move(name), .type = type.MoveValueUnsafe()});
  }
  return columns;
}

}  // namespace

Result<StatementOutcome> StatementRunner::RunAll(const std::string& sql, RowWriter& writer) {
  DuckExtracted extracted;
  const idx_t count = duckdb_extract_statements(connection_, sql.c_str(), extracted.out());
  const char* parse_error = duckdb_extract_statements_error(extracted.get());
  if (count == 0 && parse_error != nullptr) return explain_(parse_error);
  StatementOutcome outcome;
  for (idx_t i = 0; i < count; ++i) {
    DuckStatement prepared;
    if (duckdb_prepare_extracted_statement(connection_, extracted.get(), i, prepared.out()) !=
        DuckDBSuccess) {
      return explain_(duckdb_prepare_error(prepared.get()));
    }
    TAPELAKE_ASSIGN_OR_RAISE(outcome, RunPrepared(prepared.get(), writer));
  }
  return outcome;
}

Result<bool> StatementRunner::IsOneQuery(const std::string& sql) {
  DuckExtracted extracted;
  const idx_t count = duckdb_extract_statements(connection_, sql.c_str(), extracted.out());
  const char* parse_error = duckdb_extract_statements_error(extracted.get());
  if (count == 0 && parse_error != nullptr) return explain_(parse_error);
  if (count != 1) return false;
  DuckStatement prepared;
  if (duckdb_prepare_extracted_statement(connection_, extracted.get(), 0, prepared.out()) !=
      DuckDBSuccess) {
    return explain_(duckdb_prepare_error(prepared.get()));
  }
  return duckdb_prepared_statement_type(prepared.get()) == DUCKDB_STATEMENT_TYPE_SELECT;
}

// The streaming calls carry a deprecation note without a successor: nothing else in the C API gives
// rows before the whole result is in memory.
Result<StatementOutcome> StatementRunner::RunPrepared(duckdb_prepared_statement statement,
                                                      RowWriter& writer) {
  DuckPending pending;
  if (duckdb_pending_prepared_streaming(statement, pending.out()) != DuckDBSuccess) {
    return explain_(duckdb_pending_error(pending.get()));
  }
  DuckResult result;
  if (duckdb_execute_pending(pending.get(), result.get()) != DuckDBSuccess) {
    return explain_(duckdb_result_error(result.get()));
  }
  StatementOutcome outcome;
  const duckdb_result_type type = duckdb_result_return_type(result.value());
  if (type == DUCKDB_RESULT_TYPE_QUERY_RESULT) {
    outcome.has_rows = true;
    TAPELAKE_RETURN_NOT_OK(WriteRows(result.get(), writer));
  } else if (type == DUCKDB_RESULT_TYPE_CHANGED_ROWS) {
    const DuckChunk chunk(duckdb_fetch_chunk(result.value()));
    if (chunk.get() != nullptr && duckdb_data_chunk_get_size(chunk.get()) == 1) {
      const auto* counts = static_cast<const int64_t*>(
          duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
      outcome.rows_changed = counts[0];
    }
  } else {
    // The work of a streamed statement is done only when its result has been fetched.
    for (DuckChunk chunk(duckdb_fetch_chunk(result.value())); chunk.get() != nullptr;) {
      chunk = DuckChunk(duckdb_fetch_chunk(result.value()));
    }
  }
  const char* error = duckdb_result_error(result.get());
  if (error != nullptr && *error != '\0') return explain_(error);
  return outcome;
}

Status StatementRunner::WriteRows(duckdb_result* result, RowWriter& writer) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<ResultColumn> columns, DescribeColumns(result));
  TAPELAKE_RETURN_NOT_OK(writer.Begin(columns));
  bool more = true;
  while (more) {
    const DuckChunk chunk(duckdb_fetch_chunk(*result));
    if (chunk.get() == nullptr || duckdb_data_chunk_get_size(chunk.get()) == 0) break;
    TAPELAKE_ASSIGN_OR_RAISE(more, writer.Append(chunk.get()));
  }
  const char* error = duckdb_result_error(result);
  if (error != nullptr && *error != '\0') return explain_(error);
  return writer.Finish();
}

}  // namespace tapelake::query
