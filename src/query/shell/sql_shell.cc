#include "query/shell/sql_shell.h"

#include <cstdio>
#include <utility>

#include "query/output/row_writer.h"

namespace tapelake::query {
namespace {

/// For statements of a Parquet run that are no queries: they must not give rows.
class NoRowsWriter : public RowWriter {
 public:
  Status Begin(const std::vector<ResultColumn>& /*columns*/) override {
    return MakeError(ErrorKind::kInvalid,
                     "the rows of this statement cannot be written as Parquet; choose another "
                     "format");
  }
  Result<bool> Append(duckdb_data_chunk /*chunk*/) override { return false; }
  Status Finish() override { return Status::OK(); }
};

std::string Trimmed(std::string text) {
  const char* kBlanks = " \t\r\n";
  text.erase(0, text.find_first_not_of(kBlanks));
  const size_t last = text.find_last_not_of(kBlanks);
  text.resize(last == std::string::npos ? 0 : last + 1);
  return text;
}

}  // namespace

SqlShell::SqlShell(const SqlEnvironment& environment, const SqlOptions& options)
    : environment_(environment),
      options_(options),
      provider_(
          {.files = environment.files, .clock = environment.clock, .random = environment.random},
          {.check_files = options.check_files}) {}

Result<std::unique_ptr<SqlShell>> SqlShell::Open(const SqlEnvironment& environment,
                                                 const SqlOptions& options) {
  if (options.format == OutputFormat::kParquet && options.output_path.empty()) {
    return MakeError(ErrorKind::kInvalid, "format parquet needs a file: add --output FILE");
  }
  std::unique_ptr<SqlShell> shell(new SqlShell(environment, options));
  TAPELAKE_ASSIGN_OR_RAISE(shell->session_,
                           Session::Open(shell->provider_, environment.files,
                                         {.lake_path = options.lake_path,
                                          .thread_count = options.thread_count,
                                          .memory_bytes_max = options.memory_bytes_max,
                                          .hot = options.hot}));
  return shell;
}

Status SqlShell::Run(const ScriptPiece& piece) {
  if (piece.dot_command) return RunDotCommand(piece.text);
  return RunTimed({.sql = piece.text, .first_line = piece.first_line});
}

Status SqlShell::RunTimed(const StatementText& statement) {
  const int64_t start_micros = environment_.clock.SteadyMicros();
  TAPELAKE_RETURN_NOT_OK(options_.format == OutputFormat::kParquet ? RunToParquet(statement)
                                                                   : RunStatement(statement));
  if (!options_.timing) return Status::OK();
  char line[64];
  const int64_t micros = environment_.clock.SteadyMicros() - start_micros;
  std::snprintf(line, sizeof(line), "Time: %.3f s\n", static_cast<double>(micros) / 1e6);
  return environment_.notes(line);
}

Status SqlShell::RunStatement(const StatementText& statement) {
  const std::unique_ptr<RowWriter> writer = MakeWriter();
  TAPELAKE_ASSIGN_OR_RAISE(const StatementOutcome outcome, session_->Execute(statement, *writer));
  if (options_.format != OutputFormat::kTable || outcome.has_rows || outcome.rows_changed == 0) {
    return Status::OK();
  }
  return environment_.output("(" + std::to_string(outcome.rows_changed) + " rows changed)\n");
}

Status SqlShell::RunToParquet(const StatementText& statement) {
  TAPELAKE_ASSIGN_OR_RAISE(const bool query, session_->IsQuery(statement));
  if (!query) {
    NoRowsWriter writer;
    return session_->Execute(statement, writer).status();
  }
  if (parquet_written_) {
    return MakeError(ErrorKind::kInvalid,
                     "a Parquet file holds one result, but the script has several queries");
  }
  parquet_written_ = true;
  return session_->ExportParquet(statement, options_.output_path);
}

std::unique_ptr<RowWriter> SqlShell::MakeWriter() const {
  switch (options_.format) {
    case OutputFormat::kCsv:
      return MakeCsvWriter(environment_.output);
    case OutputFormat::kJson:
      return MakeJsonWriter(environment_.output, false);
    case OutputFormat::kNdjson:
      return MakeJsonWriter(environment_.output, true);
    default:
      return MakeTableWriter(environment_.output, {.unicode = options_.unicode,
                                                   .width_max = options_.terminal_width,
                                                   .rows_max = options_.rows_max});
  }
}

const std::vector<SqlShell::Command>& SqlShell::Commands() {
  static const std::vector<Command> kCommands = {
      {".help", "", "List these commands", &SqlShell::Help},
      {".tables", "", "List tables and views", &SqlShell::ListTables},
      {".schema", "TABLE", "Show a table's columns and their types", &SqlShell::DescribeTable},
      {".timing", "on|off", "Show how long each statement takes", &SqlShell::SetTiming},
      {".format", "table|csv|json|ndjson", "Choose how results are shown", &SqlShell::SetFormat},
      {".quit", "", "Leave (so does Ctrl-D)", &SqlShell::Quit},
      {".exit", "", "Leave", &SqlShell::Quit},
  };
  return kCommands;
}

Status SqlShell::RunDotCommand(const std::string& line) {
  const size_t space = line.find_first_of(" \t");
  const std::string name = line.substr(0, space);
  std::string argument = space == std::string::npos ? "" : Trimmed(line.substr(space));
  while (!argument.empty() && argument.back() == ';')
    argument.pop_back();
  for (const Command& command : Commands()) {
    if (name == command.name || name == std::string(command.name) + ";") {
      return (this->*command.run)(argument);
    }
  }
  return MakeError(ErrorKind::kInvalid, "unknown command '" + name + "'; .help lists the commands");
}

Status SqlShell::Help(const std::string& /*argument*/) {
  std::string text;
  for (const Command& command : Commands()) {
    std::string usage = std::string(command.name) + " " + command.argument;
    usage.resize(std::max<size_t>(usage.size(), 30), ' ');
    text += usage + "  " + command.sentence + "\n";
  }
  text +=
      "\nStatements end with ';'. hudi('PATH') reads any Hudi table; the tables of the lake are\n"
      "database.table, and database.<table>_enriched adds notional, hour_bucket, fee_rate and\n"
      "risk_band.\n";
  return environment_.output(text);
}

Status SqlShell::ListTables(const std::string& /*argument*/) {
  return RunStatement(
      {.sql = "SELECT schema_name AS database, view_name AS \"table\" FROM duckdb_views() "
              "WHERE NOT internal UNION ALL SELECT schema_name, table_name FROM duckdb_tables() "
              "ORDER BY ALL"});
}

Status SqlShell::DescribeTable(const std::string& table) {
  if (table.empty()) return MakeError(ErrorKind::kInvalid, ".schema needs a table: .schema TABLE");
  return RunStatement(
      {.sql =
           "SELECT column_name AS \"column\", column_type AS type FROM (DESCRIBE " + table + ")"});
}

Status SqlShell::SetTiming(const std::string& choice) {
  if (choice != "on" && choice != "off") {
    return MakeError(ErrorKind::kInvalid, ".timing takes on or off, not '" + choice + "'");
  }
  options_.timing = choice == "on";
  return Status::OK();
}

Status SqlShell::SetFormat(const std::string& name) {
  TAPELAKE_ASSIGN_OR_RAISE(const OutputFormat format, ParseOutputFormat(name));
  if (format == OutputFormat::kParquet && options_.output_path.empty()) {
    return MakeError(ErrorKind::kInvalid,
                     "Parquet needs a file: use COPY (SELECT ...) TO 'FILE' (FORMAT parquet)");
  }
  options_.format = format;
  return Status::OK();
}

Status SqlShell::Quit(const std::string& /*argument*/) {
  quit_ = true;
  return Status::OK();
}

}  // namespace tapelake::query
