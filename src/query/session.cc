#include "query/session.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "query/duck.h"
#include "query/duck_error.h"
#include "query/duck_file_system.h"
#include "query/exact_functions.h"
#include "query/history_functions.h"
#include "query/lake_catalog.h"
#include "query/output/row_writer.h"
#include "query/overlay_functions.h"
#include "query/parquet_function.h"
#include "query/snapshot_cache.h"
#include "query/snapshot_function.h"
#include "query/snapshot_sql.h"
#include "query/statement_runner.h"

namespace tapelake::query {

struct Session::State {
  State(SnapshotProvider& provider, HotProvider* hot) : snapshots(provider, hot) {}

  SnapshotCache snapshots;
  DuckDatabase database;
  DuckConnection user;
  DuckConnection internal;  // for the catalog: a user's open transaction must not hold it up
  std::unique_ptr<LakeCatalog> catalog;

  Status Explain(const char* message, const StatementText& statement);
  std::string KnownTables();
  Status BeginStatement();
  StatementRunner RunnerFor(const StatementText& statement);
};

namespace {

constexpr size_t kKnownTablesMax = 12;

Status SetConfig(const DuckConfig& config, const char* name, const std::string& value) {
  if (duckdb_set_config(config.get(), name, value.c_str()) == DuckDBSuccess) return Status::OK();
  return MakeError(ErrorKind::kInternal,
                   std::string("DuckDB refuses the setting ") + name + "=" + value);
}

Status OpenDatabase(const SessionOptions& options, DuckDatabase* database) {
  DuckConfig config;
  duckdb_create_config(config.out());
  TAPELAKE_RETURN_NOT_OK(SetConfig(config, "autoload_known_extensions", "false"));
  TAPELAKE_RETURN_NOT_OK(SetConfig(config, "autoinstall_known_extensions", "false"));
  // The system's page cache holds the files already.
  TAPELAKE_RETURN_NOT_OK(SetConfig(config, "enable_external_file_cache", "false"));
  if (options.thread_count > 0) {
    TAPELAKE_RETURN_NOT_OK(SetConfig(config, "threads", std::to_string(options.thread_count)));
  }
  if (options.memory_bytes_max > 0) {
    TAPELAKE_RETURN_NOT_OK(
        SetConfig(config, "memory_limit", std::to_string(options.memory_bytes_max) + "B"));
  }
  char* reason = nullptr;
  if (duckdb_open_ext(nullptr, database->out(), config.get(), &reason) == DuckDBSuccess) {
    return Status::OK();
  }
  Status status = MakeError(ErrorKind::kInternal,
                            std::string("DuckDB does not start: ") + (reason ? reason : "?"));
  duckdb_free(reason);
  return status;
}

Status RunInternal(duckdb_connection connection, const char* sql) {
  DuckResult result;
  if (duckdb_query(connection, sql, result.get()) == DuckDBSuccess) return Status::OK();
  return DuckError(duckdb_result_error(result.get()), 1);
}

/// Keeps up to `rows_max` rows as text.
class TextCollector : public RowWriter {
 public:
  explicit TextCollector(int64_t rows_max) : rows_max_(rows_max) {}

  Status Begin(const std::vector<ResultColumn>& columns) override {
    columns_ = &columns;
    return Status::OK();
  }
  Result<bool> Append(duckdb_data_chunk chunk) override {
    const std::vector<VectorView> views = ViewChunk(chunk, *columns_);
    const idx_t count = duckdb_data_chunk_get_size(chunk);
    for (idx_t row = 0; row < count; ++row) {
      if (std::ssize(rows_.rows) == rows_max_) {
        rows_.truncated = true;
        return false;
      }
      auto& cells = rows_.rows.emplace_back(views.size());
      for (size_t i = 0; i < views.size(); ++i) {
        if (!views[i].IsNull(row)) AppendCellText(views[i], row, &cells[i].emplace());
      }
    }
    return true;
  }
  Status Finish() override { return Status::OK(); }
  TextRows Take() && { return std::move(rows_); }

 private:
  const int64_t rows_max_;
  const std::vector<ResultColumn>* columns_ = nullptr;
  TextRows rows_;
};

constexpr int64_t kAllRows = std::numeric_limits<int64_t>::max();

/// What a session of strangers may not: see SessionOptions::lake_only.
Status LockIn(duckdb_connection connection, const std::string& lake_path) {
  for (const std::string& sql :
       {"SET GLOBAL allowed_directories = [" + QuoteLiteral(lake_path) + "]",
        std::string("SET GLOBAL enable_external_access = false"),
        std::string("SET GLOBAL lock_configuration = true")}) {
    TAPELAKE_RETURN_NOT_OK(RunInternal(connection, sql.c_str()));
  }
  return Status::OK();
}

bool LooksLikeMissingTable(const std::string& message) {
  return message.starts_with("Catalog Error: Table with name") ||
         message.find("does not exist because schema") != std::string::npos;
}

}  // namespace

// DuckDB wraps our own errors in its words: give back the original kind. A missing table is the
// most common mistake, and DuckDB's guess then names its own system tables: say what there is
// instead.
Status Session::State::Explain(const char* message, const StatementText& statement) {
  const Status own = snapshots.LastError();
  Status status = DuckError(message, statement.first_line);
  const std::string& text = status.message();
  if (!own.ok() && text.find(own.message()) != std::string::npos) {
    return MakeError(KindOf(own), text.substr(text.find(own.message())));
  }
  if (!LooksLikeMissingTable(text)) return status;
  std::string explained = WithoutSystemGuess(text) + "\n" + KnownTables();
  for (const auto& [name, reason] : catalog->unreadable()) {
    explained += "\nnot readable: " + name + ": " + reason.message();
  }
  return MakeError(ErrorKind::kInvalid, std::move(explained));
}

std::string Session::State::KnownTables() {
  DuckResult result;
  const char* sql =
      "SELECT schema_name || '.' || view_name AS n FROM duckdb_views() WHERE NOT internal "
      "UNION ALL SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY n";
  std::string names;
  if (duckdb_query(internal.get(), sql, result.get()) == DuckDBSuccess) {
    const idx_t count = duckdb_row_count(result.get());
    for (idx_t i = 0; i < count && i < kKnownTablesMax; ++i) {
      char* name = duckdb_value_varchar(result.get(), 0, i);
      names += (names.empty() ? "" : ", ") + std::string(name);
      duckdb_free(name);
    }
    if (count > kKnownTablesMax) names += ", ...";
  }
  return names.empty() ? "There are no tables; hudi('PATH') reads a table by its path."
                       : "Known tables: " + names + "; hudi('PATH') reads a table by its path.";
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::Open(SnapshotProvider& provider, io::FileSystem& files,
                                               const SessionOptions& options) {
  auto state = std::make_unique<State>(provider, options.hot);
  TAPELAKE_RETURN_NOT_OK(OpenDatabase(options, &state->database));
  if (duckdb_connect(state->database.get(), state->user.out()) != DuckDBSuccess ||
      duckdb_connect(state->database.get(), state->internal.out()) != DuckDBSuccess) {
    return MakeError(ErrorKind::kInternal, "DuckDB gives no connection");
  }
  TAPELAKE_RETURN_NOT_OK(RegisterS3Files(state->database.get(), files));
  TAPELAKE_RETURN_NOT_OK(RegisterParquetFunction(state->database.get()));
  TAPELAKE_RETURN_NOT_OK(RunInternal(state->user.get(), "SET GLOBAL TimeZone = 'UTC'"));
  TAPELAKE_RETURN_NOT_OK(RegisterExactFunctions(state->internal.get()));
  TAPELAKE_RETURN_NOT_OK(RegisterSnapshotFunction(state->internal.get(), state->snapshots));
  TAPELAKE_RETURN_NOT_OK(RegisterOverlayFunctions(state->internal.get(), state->snapshots, files));
  TAPELAKE_RETURN_NOT_OK(RegisterHistoryFunctions(
      {.connection = state->internal.get(),
       .snapshots = state->snapshots,
       .path_of = [self = state.get()](const std::string& table) {
         return self->catalog == nullptr ? table : self->catalog->PathOf(table);
       }}));
  for (const char* macro : kHistoryMacros)
    TAPELAKE_RETURN_NOT_OK(RunInternal(state->user.get(), macro));
  state->catalog = std::make_unique<LakeCatalog>(
      LakeCatalog::Environment{
          .files = files, .snapshots = state->snapshots, .connection = state->internal.get()},
      options.lake_path);
  TAPELAKE_RETURN_NOT_OK(state->catalog->Refresh());
  if (options.lake_only) TAPELAKE_RETURN_NOT_OK(LockIn(state->user.get(), options.lake_path));
  return std::unique_ptr<Session>(new Session(std::move(state)));
}

void Session::Interrupt() {
  duckdb_interrupt(state_->user.get());
}

Status Session::State::BeginStatement() {
  snapshots.BeginStatement();
  return catalog->Refresh();
}

StatementRunner Session::State::RunnerFor(const StatementText& statement) {
  return {user.get(),
          [this, &statement](const char* message) { return Explain(message, statement); }};
}

Result<StatementOutcome> Session::Execute(const StatementText& statement, RowWriter& writer) {
  TAPELAKE_RETURN_NOT_OK(state_->BeginStatement());
  return state_->RunnerFor(statement).RunAll(statement.sql, writer);
}

Result<bool> Session::IsQuery(const StatementText& statement) {
  TAPELAKE_RETURN_NOT_OK(state_->BeginStatement());
  return state_->RunnerFor(statement).IsOneQuery(statement.sql);
}

Status Session::ExportParquet(const StatementText& statement, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const bool query, IsQuery(statement));
  if (!query) {
    return MakeError(ErrorKind::kInvalid,
                     "only the rows of a query can be written as Parquet: " + statement.sql);
  }
  // The line break ends a comment on the statement's last line.
  const std::string copy = "COPY (" + statement.sql + "\n) TO " + QuoteLiteral(path) +
                           " (FORMAT parquet, COMPRESSION zstd)";
  TextCollector none(kAllRows);
  return state_->RunnerFor(statement).RunAll(copy, none).status();
}

Status Session::ExportCsv(const StatementText& statement, const TextSink& sink) {
  TAPELAKE_ASSIGN_OR_RAISE(const bool query, IsQuery(statement));
  if (!query) {
    return MakeError(ErrorKind::kInvalid,
                     "only the rows of a query can be written as CSV: " + statement.sql);
  }
  const auto writer = MakeCsvWriter(sink);
  return state_->RunnerFor(statement).RunAll(statement.sql, *writer).status();
}

Result<std::vector<std::vector<std::string>>> Session::FetchText(const std::string& sql) {
  TextCollector collector(kAllRows);
  TAPELAKE_RETURN_NOT_OK(Execute({.sql = sql, .first_line = 1}, collector).status());
  std::vector<std::vector<std::string>> texts;
  for (auto& cells : std::move(collector).Take().rows) {
    std::vector<std::string>& row = texts.emplace_back();
    for (auto& cell : cells)
      row.push_back(std::move(cell).value_or(""));
  }
  return texts;
}

Result<TextRows> Session::FetchRows(const StatementText& statement, int64_t rows_max) {
  TAPELAKE_ASSIGN_OR_RAISE(const bool query, IsQuery(statement));
  if (!query) {
    return MakeError(ErrorKind::kInvalid, "one statement that reads is wanted, such as SELECT");
  }
  // The line break ends a comment on the statement's last line.
  TAPELAKE_ASSIGN_OR_RAISE(const auto described, FetchText("DESCRIBE (" + statement.sql + "\n)"));
  TextCollector collector(rows_max);
  TAPELAKE_RETURN_NOT_OK(state_->RunnerFor(statement).RunAll(statement.sql, collector).status());
  TextRows rows = std::move(collector).Take();
  for (const std::vector<std::string>& column : described)
    rows.columns.push_back({.name = column[0], .type = column[1]});
  return rows;
}

}  // namespace tapelake::query
