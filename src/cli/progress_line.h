#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "io/clock.h"

namespace tapelake::cli {

/// A line that says how far long work is. On a terminal it is redrawn in place; elsewhere each text
/// is a line of its own (status) or nothing at all (progress). One thread.
class ProgressLine {
 public:
  enum class Elsewhere { kAppend, kNothing };

  /// Writes to `file` (stdout or stderr), which must be open for the object's life.
  ProgressLine(std::FILE* file, Elsewhere elsewhere);
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Whether Show() at this moment would be seen and is not too soon after the last one.
  bool Due(io::Clock& clock);

  /// Show `text` in place of what was shown before, cut to the width of the terminal.
  void Show(const std::string& text);

  /// Remove the line, so that other text can follow. Elsewhere: nothing to do.
  void Clear();

 private:
  std::FILE* file_;
  bool terminal_;
  Elsewhere elsewhere_;
  bool shown_ = false;
  int64_t last_micros_ = 0;
};

}  // namespace tapelake::cli
