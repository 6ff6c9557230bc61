#pragma once

/// What script and prompt share: a session, the chosen format, dot commands. Internal to query.

#include <memory>
#include <string>
#include <vector>

#include "query/hudi_snapshot_provider.h"
#include "query/session.h"
#include "query/shell/run_sql.h"
#include "query/shell/sql_text.h"

namespace tapelake::query {

class RowWriter;

/// Runs pieces of scripts. One thread, except Session::Interrupt through session().
class SqlShell {
 public:
  /// Open a session as `options` say. `environment` is copied; what it refers to must outlive the
  /// shell. Errors: those of Session::Open; kInvalid (Parquet without a path).
  static Result<std::unique_ptr<SqlShell>> Open(const SqlEnvironment& environment,
                                                const SqlOptions& options);

  /// Run one statement or dot command. Errors: those of RunSql.
  Status Run(const ScriptPiece& piece);

  /// Whether `.quit` was run.
  bool quit() const { return quit_; }
  Session& session() { return *session_; }

 private:
  struct Command {
    const char* name;
    const char* argument;
    const char* sentence;
    Status (SqlShell::*run)(const std::string& argument);
  };
  static const std::vector<Command>& Commands();

  SqlShell(const SqlEnvironment& environment, const SqlOptions& options);

  Status RunDotCommand(const std::string& line);
  Status RunTimed(const StatementText& statement);
  Status RunStatement(const StatementText& statement);
  Status RunToParquet(const StatementText& statement);
  std::unique_ptr<RowWriter> MakeWriter() const;

  Status Help(const std::string& argument);
  Status ListTables(const std::string& argument);
  Status DescribeTable(const std::string& table);
  Status SetTiming(const std::string& choice);
  Status SetFormat(const std::string& name);
  Status Quit(const std::string& argument);

  SqlEnvironment environment_;
  SqlOptions options_;
  HudiSnapshotProvider provider_;
  std::unique_ptr<Session> session_;  // after provider_, which it uses
  bool quit_ = false;
  bool parquet_written_ = false;
};

}  // namespace tapelake::query
