#include "query/shell/run_sql.h"

#include <memory>
#include <utility>

#include "query/shell/sql_shell.h"
#include "query/shell/sql_text.h"

namespace tapelake::query {
namespace {

// Where a statement stands, if that is worth saying.
std::string PlaceOf(const ScriptPiece& piece, const SqlOptions& options, size_t count) {
  if (!options.script_name.empty()) {
    return options.script_name + ":" + std::to_string(piece.first_line);
  }
  return count > 1 ? "statement at line " + std::to_string(piece.first_line) : "";
}

Status RunPieces(const SqlEnvironment& environment, const SqlOptions& options) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto shell, SqlShell::Open(environment, options));
  const std::vector<ScriptPiece> pieces = SplitScript(options.script);
  if (pieces.empty()) return MakeError(ErrorKind::kInvalid, "there is no SQL statement to run");
  for (const ScriptPiece& piece : pieces) {
    const Status status = shell->Run(piece);
    const std::string place = PlaceOf(piece, options, pieces.size());
    if (!status.ok()) return place.empty() ? status : WithContext(status, place);
    if (shell->quit()) break;
  }
  return Status::OK();
}

// The stream is shared by all results of the run and closed once.
Status RunToFile(SqlEnvironment environment, const SqlOptions& options) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto stream, environment.files.OpenForWrite(options.output_path));
  environment.output = [&stream](std::string_view text) {
    return stream->Write(text.data(), static_cast<int64_t>(text.size()));
  };
  Status status = RunPieces(environment, options);
  const Status closed = stream->Close();
  if (status.ok()) status = closed;
  if (status.ok()) return status;
  const Status deleted = environment.files.DeleteFile(options.output_path);
  if (deleted.ok()) return status;
  return MakeError(KindOf(status),
                   status.message() + " (and the unfinished " + options.output_path + " remains)");
}

}  // namespace

Status RunSql(const SqlEnvironment& environment, const SqlOptions& options) {
  const bool to_file = !options.output_path.empty() && options.format != OutputFormat::kParquet;
  return to_file ? RunToFile(environment, options) : RunPieces(environment, options);
}

}  // namespace tapelake::query
