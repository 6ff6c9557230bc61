#pragma once

/// Owners for the handles of DuckDB's C API. Internal to query.

#include <utility>

#include <duckdb.h>

namespace tapelake::query {

/// Own one handle; Destroy is called once for one that is not null.
template <typename Handle, void (*Destroy)(Handle*)>
class DuckHandle {
 public:
  DuckHandle() = default;
  explicit DuckHandle(Handle handle) : handle_(handle) {}
  DuckHandle(DuckHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  DuckHandle& operator=(DuckHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  DuckHandle(const DuckHandle&) = delete;
  DuckHandle& operator=(const DuckHandle&) = delete;
  ~DuckHandle() {
    if (handle_ != nullptr) Destroy(&handle_);
  }

  Handle get() const { return handle_; }
  /// For calls that fill a handle; what was owned before must be null.
  Handle* out() { return &handle_; }

 private:
  Handle handle_ = nullptr;
};

using DuckDatabase = DuckHandle<duckdb_database, duckdb_close>;
using DuckConnection = DuckHandle<duckdb_connection, duckdb_disconnect>;
using DuckConfig = DuckHandle<duckdb_config, duckdb_destroy_config>;
using DuckType = DuckHandle<duckdb_logical_type, duckdb_destroy_logical_type>;
using DuckChunk = DuckHandle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using DuckStatement = DuckHandle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using DuckPending = DuckHandle<duckdb_pending_result, duckdb_destroy_pending>;
using DuckExtracted = DuckHandle<duckdb_extracted_statements, duckdb_destroy_extracted>;
using DuckValue = DuckHandle<duckdb_value, duckdb_destroy_value>;
using DuckExpression = DuckHandle<duckdb_expression, duckdb_destroy_expression>;
using DuckClientContext = DuckHandle<duckdb_client_context, duckdb_destroy_client_context>;
using DuckErrorData = DuckHandle<duckdb_error_data, duckdb_destroy_error_data>;
using DuckArrowSchema =
    DuckHandle<duckdb_arrow_converted_schema, duckdb_destroy_arrow_converted_schema>;
using DuckTableFunction = DuckHandle<duckdb_table_function, duckdb_destroy_table_function>;
using DuckScalarFunction = DuckHandle<duckdb_scalar_function, duckdb_destroy_scalar_function>;

/// Own a result, which is a struct and no handle.
class DuckResult {
 public:
  DuckResult() = default;
  DuckResult(const DuckResult&) = delete;
  DuckResult& operator=(const DuckResult&) = delete;
  ~DuckResult() { duckdb_destroy_result(&result_); }

  duckdb_result* get() { return &result_; }
  duckdb_result& value() { return result_; }

 private:
  duckdb_result result_ = {};
};

}  // namespace tapelake::query
