#pragma once

/// What verbs say: data on stdout, mistakes and progress on stderr.

#include <string>
#include <string_view>

#include "base/status.h"
#include "config/parse.h"

namespace tapelake::cli {

/// Print a line for people on stderr, as `tapelake: note: ...`.
void PrintNote(std::string_view text);

/// Print one mistake to stderr: `tapelake: error: WHAT (PLACE)` and `  hint: REMEDY`.
void PrintProblem(const config::Problem& problem);

/// Print a failed status the same way. A message may carry its own remedy after "\nhint: "; without
/// one, the remedy that fits its kind is printed.
void PrintError(const Status& status);

/// `status` with a remedy; an OK status and one that has a remedy stay as they are.
Status WithHint(const Status& status, std::string_view hint);

/// Write data to stdout. Failures are noticed by FlushOutput().
void Print(std::string_view text);

/// Flush stdout. Errors: kUnavailable (closed pipe, full disk).
Status FlushOutput();

/// Whether stderr is a terminal, where progress is redrawn in place.
bool ErrorIsTerminal();

/// Columns of the terminal on stdout; 0 if it is none.
int OutputWidth();

/// Lines of the terminal on stdout; 0 if it is none.
int OutputHeight();

}  // namespace tapelake::cli
