#pragma once

/// Prepared execution of single statements, streamed. Internal to query.

#include <functional>
#include <vector>

#include <duckdb.h>

#include "base/status.h"
#include "query/output/row_writer.h"
#include "query/session.h"

namespace tapelake::query {

/// Runs statements on one connection. One thread.
class StatementRunner {
 public:
  /// Turns DuckDB's message into the Status to return.
  using Explain = std::function<Status(const char* message)>;

  StatementRunner(duckdb_connection connection, Explain explain)
      : connection_(connection), explain_(std::move(explain)) {}

  /// Run every statement of `sql` in order; the outcome is that of the last. Text without a
  /// statement (only comments) does nothing. Errors: what `explain` returns, the writer's.
  Result<StatementOutcome> RunAll(const std::string& sql, RowWriter& writer);

  /// Return whether `sql` is one SELECT-like statement, without running it. Errors: `explain`'s.
  Result<bool> IsOneQuery(const std::string& sql);

 private:
  Result<StatementOutcome> RunPrepared(duckdb_prepared_statement statement, RowWriter& writer);
  Status WriteRows(duckdb_result* result, RowWriter& writer);

  duckdb_connection connection_;
  Explain explain_;
};

}  // namespace tapelake::query
