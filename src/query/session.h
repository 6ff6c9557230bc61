#pragma once

/// SQL over Hudi tables: one DuckDB in memory that knows hudi('PATH') and the tables of a lake.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"
#include "query/hot_provider.h"
#include "query/output/output_format.h"
#include "query/snapshot_provider.h"

namespace tapelake::query {

class RowWriter;

/// How a session is opened.
struct SessionOptions {
  std::string lake_path;         ///< Lake directory; empty: none. It need not exist yet.
  int thread_count = 0;          ///< 0: one per core.
  int64_t memory_bytes_max = 0;  ///< 0: DuckDB's default (80% of the machine's memory).
  /// Rows that are durable but not committed; nullptr: committed rows only. Must outlive the
  /// session.
  HotProvider* hot = nullptr;
  /// For statements of strangers: SQL reads files of the lake only, and no setting can be changed.
  /// Whoever runs them still has to refuse what is no query (IsQuery): COPY could write in the
  /// lake.
  bool lake_only = false;
};

/// Rows as text.
struct TextRows {
  struct Column {
    std::string name;
    std::string type;  ///< In SQL's words: `DECIMAL(38,18)`.
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  ///< Null: nothing.
  bool truncated = false;                                     ///< There were more than wanted.
};

/// One piece of SQL text that holds one statement.
struct StatementText {
  std::string sql;
  int first_line = 1;  ///< Of its script; error messages count from there.
};

/// What a statement did.
struct StatementOutcome {
  bool has_rows = false;     ///< A result was written (perhaps of no rows).
  int64_t rows_changed = 0;  ///< Of INSERT, UPDATE, DELETE, COPY.
};

/// A DuckDB session. Time zone UTC; extensions are neither loaded nor installed on their own; files
/// can be read and written as the user may.
///
/// SQL names: `hudi('PATH')` reads the newest snapshot of a table; every table of the lake is the
/// view `database.table`, and tables of trades have `database.<table>_enriched` (enriched_view.h).
/// Each statement sees one snapshot per table: the newest when the statement starts, and with
/// SessionOptions::hot also what was durable but not committed at that moment.
///
/// One thread at a time, except Interrupt(). Costs about 10 ms and 20 MB to open.
class Session {
 public:
  /// Open a session. `provider` and `files` must outlive it. Errors: kInternal (DuckDB does not
  /// start), kUnavailable (the lake directory cannot be listed).
  static Result<std::unique_ptr<Session>> Open(SnapshotProvider& provider, io::FileSystem& files,
                                               const SessionOptions& options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Run one statement and write its rows, if it has any, as they come.
  ///
  /// On failure rows may have been written already. The session stays usable. Errors: kInvalid (SQL
  /// that cannot be run; DuckDB's message with line and caret), the errors of SnapshotProvider for
  /// a table that cannot be read, kShuttingDown (interrupted), kThrottled (memory), the sink's.
  Result<StatementOutcome> Execute(const StatementText& statement, RowWriter& writer);

  /// Return whether the statement is a query whose rows ExportParquet can write, without running
  /// it. Errors: those of Execute.
  Result<bool> IsQuery(const StatementText& statement);

  /// Run one query and write its rows to a new Parquet file (zstd), replacing what was there.
  /// Errors: those of Execute; kInvalid if the statement gives no rows.
  Status ExportParquet(const StatementText& statement, const std::string& path);

  /// Run one query and write its rows as CSV. Nothing is written before the statement is known to
  /// be a query. Errors: those of Execute; kInvalid if it is none.
  Status ExportCsv(const StatementText& statement, const TextSink& sink);

  /// Run a query and return its cells as text, null as empty; for small answers about the catalog.
  Result<std::vector<std::vector<std::string>>> FetchText(const std::string& sql);

  /// Run one query, given without a ';', and return its first `rows_max` rows as text. Errors:
  /// those of Execute; kInvalid if the statement is no query.
  Result<TextRows> FetchRows(const StatementText& statement, int64_t rows_max);

  /// Stop the running statement, which then fails with kShuttingDown. Any thread and safe in a
  /// signal handler; nothing happens if none runs.
  void Interrupt();

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace tapelake::query
