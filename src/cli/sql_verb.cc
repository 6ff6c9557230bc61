#include <cstdio>
#include <memory>
#include <optional>

#include <unistd.h>

#include "app/attached_lake.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "io/byte_stream.h"
#include "io/environment.h"
#include "io/s3/s3_path.h"
#include "query/shell/run_sql.h"

namespace tapelake::cli {
namespace {

constexpr int64_t kTerminalRowsMax = 1000;
constexpr size_t kReadBytes = 64 << 10;

Result<std::string> ReadStandardInput() {
  io::DescriptorInput input(STDIN_FILENO);
  std::string text;
  while (true) {
    const size_t size = text.size();
    text.resize(size + kReadBytes);
    TAPELAKE_ASSIGN_OR_RAISE(const size_t read, input.Read(text.data() + size, kReadBytes));
    text.resize(size + read);
    if (read == 0) return text;
  }
}

Status Write(std::FILE* file, std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file) == text.size()) return Status::OK();
  return MakeError(ErrorKind::kUnavailable, "cannot write the result");
}

class SqlCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Text(
        {.name = "--lake",
         .placeholder = "DIR",
         .sentence =
             "Directory or s3:// path of the lake, whose tables are `database.table`; default "
             "is `lake.path` of the configuration."},
        &lake_);
    options.Choice({.name = "--format", .placeholder = "", .sentence = "Form of the result."},
                   {"table", "csv", "json", "ndjson", "parquet"}, &format_);
    options.Flag({.name = "--json", .placeholder = "", .sentence = "Same as --format json."},
                 &json_);
    options.Text({.name = "--output",
                  .placeholder = "FILE",
                  .sentence = "Write the result to this file; parquet needs one."},
                 &output_);
    options.Text({.name = "--file", .placeholder = "FILE", .sentence = "Run the SQL in this file."},
                 &file_);
    options.Flag({.name = "--timing",
                  .placeholder = "",
                  .sentence = "Print the time of each statement to stderr."},
                 &timing_);
    options.Flag({.name = "--no-hot",
                  .placeholder = "",
                  .sentence = "Committed rows only; default (`query.hot`) is to ask a running "
                              "pipeline also for changes that are durable but not committed."},
                 &no_hot_);
    options.Positional({.name = "",
                        .placeholder = "SQL",
                        .sentence = "Statements, separated by ';'. Without SQL and --file: a "
                                    "prompt on a terminal, else standard input."},
                       &sql_);
  }

  Result<int> Run(Context& context) override {
    const std::string lake = lake_.value_or(context.config.lake.path);
    if (context.config.query.hot && !no_hot_ && !io::IsS3Path(lake)) {
      attached_ = std::make_unique<app::AttachedLake>(lake);
    }
    TAPELAKE_ASSIGN_OR_RAISE(query::SqlOptions options, MakeOptions(context));
    query::SqlEnvironment environment{
        .files = context.world.files,
        .clock = context.world.clock,
        .random = context.world.random,
        .output = [](std::string_view text) { return Write(stdout, text); },
        .notes = [](std::string_view text) { return Write(stderr, text); }};
    const bool prompt = sql_.empty() && !file_ && ::isatty(STDIN_FILENO) == 1;
    if (prompt) {
      const std::optional<std::string> home = io::EnvironmentVariable("HOME");
      const std::string history = home ? io::JoinPath(*home, ".tapelake_history") : "";
      TAPELAKE_RETURN_NOT_OK(query::RunSqlPrompt(environment, options, history));
      return kExitOk;
    }
    if (!sql_.empty()) {
      options.script = sql_.front();
    } else if (file_) {
      TAPELAKE_ASSIGN_OR_RAISE(options.script, context.world.files.ReadFile(*file_));
      options.script_name = *file_;
    } else {
      TAPELAKE_ASSIGN_OR_RAISE(options.script, ReadStandardInput());
    }
    TAPELAKE_RETURN_NOT_OK(WithHint(query::RunSql(environment, options),
                                    "'tapelake sql' without SQL opens a prompt with .help, .tables "
                                    "and completion"));
    return kExitOk;
  }

 private:
  Result<query::SqlOptions> MakeOptions(const Context& context) const {
    query::SqlOptions options;
    options.lake_path = lake_.value_or(context.config.lake.path);
    TAPELAKE_ASSIGN_OR_RAISE(options.format, query::ParseOutputFormat(json_ ? "json" : format_));
    options.output_path = output_.value_or("");
    options.thread_count = static_cast<int>(context.config.query.threads);
    options.terminal_width = OutputWidth();
    options.unicode = options.terminal_width > 0;
    options.rows_max = options.terminal_width > 0 ? kTerminalRowsMax : 0;
    options.timing = timing_;
    options.check_files = context.config.query.check_files;
    options.hot = attached_.get();
    return options;
  }

  std::optional<std::string> lake_;
  std::string format_ = "table";
  bool json_ = false;
  std::optional<std::string> output_;
  std::optional<std::string> file_;
  bool timing_ = false;
  bool no_hot_ = false;
  std::unique_ptr<app::AttachedLake> attached_;
  std::vector<std::string> sql_;
};

}  // namespace

std::unique_ptr<Command> MakeSqlCommand() {
  return std::make_unique<SqlCommand>();
}

}  // namespace tapelake::cli
