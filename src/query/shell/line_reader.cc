#include "query/shell/line_reader.h"

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <string_view>
#include <utility>

#include <histedit.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "query/output/table_layout.h"

namespace tapelake::query {

struct LineReader::State {
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::string history_path;
  std::string prompt;
  Completer completer;
  int interrupt_event = -1;  // readable: Interrupt() was called
  bool interrupted = false;

  /// libedit's way to get one character: 1, 0 at the end, -1 on failure or interruption.
  static int ReadKey(EditLine* edit, wchar_t* key);

  ~State() {
    if (interrupt_event >= 0) ::close(interrupt_event);
    if (editor != nullptr) el_end(editor);
    if (history != nullptr) history_end(history);
  }
};

namespace {

constexpr int kHistoryEntries = 1000;
constexpr int kCandidateColumns = 78;

void ShowCandidates(const std::vector<std::string>& candidates) {
  std::string text = "\n";
  int column = 0;
  for (const std::string& candidate : candidates) {
    const int width = DisplayWidth(candidate) + 2;
    if (column > 0 && column + width > kCandidateColumns) {
      text += "\n";
      column = 0;
    }
    text += candidate + "  ";
    column += width;
  }
  text += "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void DrainEvent(int event) {
  uint64_t count = 0;
  (void)!::read(event, &count, sizeof(count));  // not readable is fine: there was none
}

}  // namespace

// A signal that only breaks off read() is lost when it comes a moment before read() begins; an
// event stays until it is seen.
int LineReader::State::ReadKey(EditLine* edit, wchar_t* key) {
  State* own = nullptr;
  el_get(edit, EL_CLIENTDATA, &own);
  std::mbstate_t partial = {};
  while (true) {
    pollfd ready[2] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                       {.fd = own->interrupt_event, .events = POLLIN, .revents = 0}};
    if (::poll(ready, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    if (ready[1].revents != 0) {
      own->interrupted = true;
      return -1;
    }
    char byte = 0;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return static_cast<int>(count);
    const size_t used = std::mbrtowc(key, &byte, 1, &partial);
    if (used == static_cast<size_t>(-2)) continue;  // a character of several bytes
    if (used != static_cast<size_t>(-1)) return 1;
    partial = {};  // no UTF-8: the byte is dropped
  }
}

LineReader::LineReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineReader::~LineReader() = default;

Result<std::unique_ptr<LineReader>> LineReader::Open(const std::string& history_path,
                                                     Completer completer) {
  // libedit counts columns by the locale; "C" would show every non-ASCII letter as escapes.
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  auto state = std::make_unique<State>();
  state->history_path = history_path;
  state->completer = std::move(completer);
  state->editor = el_init("tapelake", stdin, stdout, stderr);
  state->history = history_init();
  state->interrupt_event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (state->editor == nullptr || state->history == nullptr || state->interrupt_event < 0) {
    return MakeError(ErrorKind::kUnavailable, "the terminal cannot be used for a prompt");
  }
  EditLine* editor = state->editor;
  HistEvent event;
  history(state->history, &event, H_SETSIZE, kHistoryEntries);
  history(state->history, &event, H_SETUNIQUE, 1);
  if (!history_path.empty()) history(state->history, &event, H_LOAD, history_path.c_str());
  el_set(editor, EL_CLIENTDATA, state.get());
  el_set(editor, EL_GETCFN, &State::ReadKey);
  el_set(
      editor, EL_PROMPT, +[](EditLine* edit) {
        State* own = nullptr;
        el_get(edit, EL_CLIENTDATA, &own);
        return own->prompt.data();
      });
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_HIST, history, state->history);
  const auto complete = +[](EditLine* edit, int /*key*/) -> unsigned char {
    State* own = nullptr;
    el_get(edit, EL_CLIENTDATA, &own);
    const LineInfo* line = el_line(edit);
    const Completion completion =
        own->completer({line->buffer, static_cast<size_t>(line->cursor - line->buffer)});
    if (!completion.insertion.empty()) {
      el_deletestr(edit, static_cast<int>(completion.replaced_bytes));
      el_insertstr(edit, completion.insertion.c_str());
    }
    if (completion.candidates.size() > 1) {
      ShowCandidates(completion.candidates);
      return CC_REDISPLAY;
    }
    return completion.insertion.empty() ? CC_ERROR : CC_REFRESH;
  };
  el_set(editor, EL_ADDFN, "tapelake-complete", "Complete the word", complete);
  el_set(editor, EL_BIND, "^I", "tapelake-complete", nullptr);
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  return std::unique_ptr<LineReader>(new LineReader(std::move(state)));
}

LineReader::Event LineReader::Read(const std::string& prompt, std::string* line) {
  state_->prompt = prompt;
  DrainEvent(state_->interrupt_event);
  state_->interrupted = false;
  int count = 0;
  const char* text = el_gets(state_->editor, &count);
  if (state_->interrupted) {
    el_reset(state_->editor);
    return Event::kInterrupted;
  }
  if (text == nullptr || count <= 0) return Event::kEnd;
  *line = std::string_view(text, static_cast<size_t>(count));
  while (!line->empty() && (line->back() == '\n' || line->back() == '\r'))
    line->pop_back();
  return Event::kLine;
}

void LineReader::Interrupt() {
  const int error_before = errno;
  const uint64_t one = 1;
  (void)!::write(state_->interrupt_event, &one, sizeof(one));
  errno = error_before;
}

void LineReader::AddHistory(const std::string& entry) {
  HistEvent event;
  history(state_->history, &event, H_ENTER, entry.c_str());
  if (!state_->history_path.empty()) {
    history(state_->history, &event, H_SAVE, state_->history_path.c_str());
  }
}

}  // namespace tapelake::query
