#pragma once

/// Arrow columns as DuckDB vectors, for table functions. Internal to query.

#include <memory>

#include <arrow/array.h>
#include <arrow/type.h>

#include "base/status.h"
#include "query/duck.h"

namespace tapelake::query {

/// One Arrow column in DuckDB's types. One thread.
///
/// Columns are converted one by one: of several in one call DuckDB lets only the first own the
/// memory of all.
class ColumnConverter {
 public:
  /// `connection` must outlive the converter. Errors: kInternal (a type DuckDB does not take).
  static Result<ColumnConverter> Make(duckdb_connection connection,
                                      const std::shared_ptr<arrow::Field>& field);

  const arrow::Field& field() const { return *schema_->field(0); }

  /// A chunk of one vector that owns the array; of at most duckdb_vector_size() values.
  /// Errors: kInternal.
  Result<DuckChunk> Convert(const std::shared_ptr<arrow::Array>& array) const;

 private:
  duckdb_connection connection_ = nullptr;
  std::shared_ptr<arrow::Schema> schema_;
  DuckArrowSchema converted_;
};

/// Say that a table function gives the columns of `schema`, in the types that DuckDB itself makes
/// of them. Errors: those of ColumnConverter.
Status AddResultColumns(duckdb_connection connection, const arrow::Schema& schema,
                        duckdb_bind_info info);

}  // namespace tapelake::query
