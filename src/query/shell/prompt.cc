#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/shell/completion.h"
#include "query/shell/line_reader.h"
#include "query/shell/run_sql.h"
#include "query/shell/sql_shell.h"
#include "query/shell/sql_text.h"

namespace tapelake::query {
namespace {

// A signal handler reaches nothing but globals. Null: no statement is running, no prompt is open.
std::atomic<Session*> g_running_session{nullptr};
std::atomic<LineReader*> g_reader{nullptr};

void OnInterrupt(int /*signal*/) {
  Session* session = g_running_session.load();
  LineReader* reader = g_reader.load();
  if (session != nullptr) session->Interrupt();
  if (reader != nullptr) reader->Interrupt();
}

/// Holds SIGINT while it lives; `reader` must live longer.
class InterruptGuard {
 public:
  explicit InterruptGuard(LineReader& reader) {
    g_reader.store(&reader);
    struct sigaction action = {};
    action.sa_handler = OnInterrupt;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &previous_);
  }
  ~InterruptGuard() {
    sigaction(SIGINT, &previous_, nullptr);
    g_reader.store(nullptr);
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction previous_ = {};
};

/// Collects lines until they make a statement, and runs it.
class Prompt {
 public:
  Prompt(const SqlEnvironment& environment, SqlShell& shell, LineReader& reader)
      : environment_(environment), shell_(shell), reader_(reader) {}

  Status Run() {
    TAPELAKE_RETURN_NOT_OK(environment_.output("Statements end with ';'. .help lists commands.\n"));
    std::string line;
    while (!shell_.quit()) {
      const auto event = reader_.Read(pending_.empty() ? "tapelake> " : "     ...> ", &line);
      if (event == LineReader::Event::kInterrupted) {
        pending_.clear();
        TAPELAKE_RETURN_NOT_OK(environment_.output("^C\n"));
      } else if (event == LineReader::Event::kEnd) {
        return environment_.output("\n");
      } else {
        TAPELAKE_RETURN_NOT_OK(TakeLine(line));
      }
    }
    return Status::OK();
  }

  /// The lines before the current one belong to the statement.
  std::string TextBefore(std::string_view line) const { return pending_ + std::string(line); }

 private:
  Status TakeLine(const std::string& line) {
    pending_ += line + "\n";
    const std::vector<ScriptPiece> pieces = SplitScript(pending_);
    if (pieces.empty()) {
      pending_.clear();
      return Status::OK();
    }
    if (!pieces.back().ended) return Status::OK();
    reader_.AddHistory(HistoryEntry());
    pending_.clear();
    for (const ScriptPiece& piece : pieces) {
      const Status status = RunInterruptible(piece);
      if (!status.ok()) return environment_.notes("Error: " + status.message() + "\n");
      if (shell_.quit()) break;
    }
    return Status::OK();
  }

  Status RunInterruptible(const ScriptPiece& piece) {
    g_running_session.store(&shell_.session());
    Status status = shell_.Run(piece);
    g_running_session.store(nullptr);
    return status;
  }

  // One line is easier to recall and edit; a "--" comment needs its line break.
  std::string HistoryEntry() const {
    std::string entry = pending_.substr(0, pending_.size() - 1);
    if (entry.find("--") != std::string::npos) return entry;
    for (char& c : entry) {
      if (c == '\n') c = ' ';
    }
    return entry;
  }

  const SqlEnvironment& environment_;
  SqlShell& shell_;
  LineReader& reader_;
  std::string pending_;
};

}  // namespace

Status RunSqlPrompt(const SqlEnvironment& environment, const SqlOptions& options,
                    const std::string& history_path) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto shell, SqlShell::Open(environment, options));
  Prompt* current = nullptr;
  const auto completer = [&shell, &current](std::string_view line) {
    return Complete(shell->session(), current->TextBefore(line));
  };
  TAPELAKE_ASSIGN_OR_RAISE(const auto reader, LineReader::Open(history_path, completer));
  Prompt prompt(environment, *shell, *reader);
  current = &prompt;
  const InterruptGuard guard(*reader);
  return prompt.Run();
}

}  // namespace tapelake::query
