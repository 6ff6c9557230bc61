#pragma once

/// The door for `tapelake sql`: run SQL text, a script or an interactive prompt.
///
///   tapelake sql 'SELECT ...'       RunSql, options.script = the argument
///   tapelake sql --file FILE        RunSql, options.script = the file, script_name = FILE
///   ... | tapelake sql              RunSql, options.script = standard input, read whole
///   tapelake sql   (on a terminal)  RunSqlPrompt
///
/// A script holds statements separated by ';' and, at the start of a line between statements, the
/// dot commands of the prompt (`.help` lists them).

#include <cstdint>
#include <string>

#include "base/status.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "query/hot_provider.h"
#include "query/output/output_format.h"

namespace tapelake::query {

/// The world of `tapelake sql`. Everything must outlive the call.
struct SqlEnvironment {
  io::FileSystem& files;
  io::Clock& clock;    ///< For timing.
  io::Random& random;  ///< Tables are opened with it; reading draws nothing.
  TextSink output;     ///< Results (standard output).
  TextSink notes;      ///< Timing and, at the prompt, errors (standard error).
};

/// What to run and how to show it. The defaults suit a pipe.
struct SqlOptions {
  std::string lake_path;  ///< Lake directory; empty: only hudi('PATH') and plain files.
  OutputFormat format = OutputFormat::kTable;
  std::string output_path;       ///< Results go to this file, replaced; empty: environment.output.
                                 ///< kParquet needs it.
  std::string script;            ///< SQL text. Ignored by RunSqlPrompt.
  std::string script_name;       ///< Stands in front of errors, as FILE:LINE; may be empty.
  int thread_count = 0;          ///< 0: one per core.
  int64_t memory_bytes_max = 0;  ///< 0: 80% of the machine's memory.
  int64_t rows_max = 0;     ///< kTable only: rows shown per result; 0: all. 1000 suits a terminal.
  int terminal_width = 0;   ///< kTable only: columns to cut wide rows to; 0: not a terminal.
  bool unicode = false;     ///< kTable only: box-drawing borders.
  bool check_files = true;  ///< As HudiProviderOptions::check_files.
  bool timing = false;      ///< Print the wall time of each statement to notes.
  HotProvider* hot = nullptr;  ///< As SessionOptions::hot.
};

/// Run options.script and stop at the first statement that fails.
///
/// Statements before it have had their effect and their output. With output_path the file then
/// holds nothing useful and is deleted. Errors: kInvalid (SQL, unknown dot command, Parquet without
/// a path or with several results), kNotFound, kCorrupt, kUnavailable (tables, files), those of the
/// sinks.
Status RunSql(const SqlEnvironment& environment, const SqlOptions& options);

/// Read statements from the terminal until `.quit` or Ctrl-D.
///
/// Ctrl-C drops the line or stops the running statement. Errors of statements are printed to notes
/// and do not end the prompt. `history_path` keeps the last 1000 statements; empty: none are kept.
/// Takes the process's SIGINT handler while it runs and gives it back. Standard input must be a
/// terminal. Errors: those of opening a session; kUnavailable (the terminal fails).
Status RunSqlPrompt(const SqlEnvironment& environment, const SqlOptions& options,
                    const std::string& history_path);

}  // namespace tapelake::query
