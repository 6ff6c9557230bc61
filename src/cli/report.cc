#include "cli/report.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tapelake::cli {
namespace {

constexpr std::string_view kHintMark = "\nhint: ";

std::string_view RemedyOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "correct the value named above; --help shows what is allowed";
    case ErrorKind::kNotFound:
      return "check the name and the path";
    case ErrorKind::kAlreadyExists:
      return "choose another name, or remove what is there";
    case ErrorKind::kConflict:
      return "another writer or another definition came first; look with 'tapelake table describe'";
    case ErrorKind::kUnavailable:
      return "check permissions, free space and whether the file is still there; then try again";
    case ErrorKind::kThrottled:
      return "a limit is reached; wait, or raise it in the configuration";
    case ErrorKind::kUnauthorized:
      return "run it as a user who may do this";
    case ErrorKind::kCorrupt:
      return "the stored bytes are damaged; restore that file, or leave it out";
    case ErrorKind::kUnknownOutcome:
      return "run the same command again: it reads the timeline first and repeats nothing";
    case ErrorKind::kShuttingDown:
      return "it was interrupted; run it again to go on";
    case ErrorKind::kInternal:
      break;
  }
  return "this is a bug of ours; please report it with the command and this message";
}

void PrintParts(std::string_view what, std::string_view hint) {
  std::fprintf(stderr, "tapelake: error: %.*s\n", static_cast<int>(what.size()), what.data());
  if (!hint.empty()) {
    std::fprintf(stderr, "  hint: %.*s\n", static_cast<int>(hint.size()), hint.data());
  }
}

}  // namespace

void PrintNote(std::string_view text) {
  std::fprintf(stderr, "tapelake: note: %.*s\n", static_cast<int>(text.size()), text.data());
}

void PrintProblem(const config::Problem& problem) {
  PrintParts(problem.place.empty() ? problem.what : problem.what + " (" + problem.place + ")",
             problem.hint);
}

void PrintError(const Status& status) {
  const std::string message = status.message();
  const size_t mark = message.find(kHintMark);
  if (mark == std::string::npos) {
    PrintParts(message, RemedyOf(KindOf(status)));
  } else {
    PrintParts(std::string_view(message).substr(0, mark),
               std::string_view(message).substr(mark + kHintMark.size()));
  }
}

Status WithHint(const Status& status, std::string_view hint) {
  if (status.ok() || status.message().find(kHintMark) != std::string::npos) return status;
  return MakeError(KindOf(status), status.message() + std::string(kHintMark) + std::string(hint));
}

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

Status FlushOutput() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return Status::OK();
  return MakeError(ErrorKind::kUnavailable,
                   std::string("cannot write to stdout: ") + std::strerror(errno) +
                       "\nhint: keep the reading end open and the disk not full");
}

bool ErrorIsTerminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

int OutputWidth() {
  struct winsize size = {};
  if (::isatty(STDOUT_FILENO) != 1) return 0;
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

int OutputHeight() {
  struct winsize size = {};
  if (::isatty(STDOUT_FILENO) != 1) return 0;
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
  return known ? size.ws_row : 24;
}

}  // namespace tapelake::cli
