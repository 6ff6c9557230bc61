#pragma once

/// Lines from a terminal, with editing, history and completion (libedit). Internal to query.

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "query/shell/completion.h"

namespace tapelake::query {

/// One terminal. One at a time per process and one thread; Interrupt() from anywhere.
class LineReader {
 public:
  enum class Event { kLine, kInterrupted, kEnd };

  /// Completes the text before the cursor of the current line.
  using Completer = std::function<Completion(std::string_view line)>;

  /// Use standard input and output. History is loaded from `history_path` if it is there; empty:
  /// none. Errors: kUnavailable (no usable terminal).
  static Result<std::unique_ptr<LineReader>> Open(const std::string& history_path,
                                                  Completer completer);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// Read one line, without its line break, into `*line`. kInterrupted: Interrupt() was called
  /// since Read() began, the line is dropped.
  Event Read(const std::string& prompt, std::string* line);

  /// End the Read() that runs, now or when it next waits for a key. No effect between two Read().
  /// Safe in a signal handler and on any thread.
  void Interrupt();

  /// Remember `entry` and write the history file. A file that cannot be written is not an error:
  /// the history then lasts as long as the session.
  void AddHistory(const std::string& entry);

 private:
  struct State;
  explicit LineReader(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace tapelake::query
