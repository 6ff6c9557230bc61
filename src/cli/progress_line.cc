#include "cli/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace tapelake::cli {
namespace {

constexpr int64_t kRedrawMicros = 200'000;

size_t WidthOf(std::FILE* file) {
  struct winsize size = {};
  const bool known = ::ioctl(::fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col - 1u : 79u;
}

}  // namespace

ProgressLine::ProgressLine(std::FILE* file, Elsewhere elsewhere)
    : file_(file), terminal_(::isatty(::fileno(file)) == 1), elsewhere_(elsewhere) {}

bool ProgressLine::Due(io::Clock& clock) {
  if (!terminal_ && elsewhere_ == Elsewhere::kNothing) return false;
  const int64_t now = clock.SteadyMicros();
  if (last_micros_ != 0 && now - last_micros_ < kRedrawMicros) return false;
  last_micros_ = now;
  return true;
}

void ProgressLine::Show(const std::string& text) {
  if (terminal_) {
    const std::string cut = text.substr(0, WidthOf(file_));
    std::fprintf(file_, "\r\x1b[2K%s", cut.c_str());
  } else if (elsewhere_ == Elsewhere::kAppend) {
    std::fprintf(file_, "%s\n", text.c_str());
  }
  std::fflush(file_);
  shown_ = true;
}

void ProgressLine::Clear() {
  if (!terminal_ || !shown_) return;
  std::fprintf(file_, "\r\x1b[2K");
  std::fflush(file_);
  shown_ = false;
}

}  // namespace tapelake::cli
