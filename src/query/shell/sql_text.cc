#include "query/shell/sql_text.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace tapelake::query {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

bool IsNameByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Walks over a script; every Skip function returns the position behind what it skipped.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  size_t SkipToken(size_t at) const {
    const char c = text_[at];
    if (c == '\'') return SkipQuoted(at, '\'', HasEscapePrefix(at));
    if (c == '"') return SkipQuoted(at, '"', false);
    if (c == '$') return SkipDollarQuoted(at);
    return at + 1;
  }

  /// Behind a comment that starts at `at`; `at` itself if none does.
  size_t SkipComment(size_t at) const {
    const std::string_view rest = text_.substr(at);
    if (rest.starts_with("--")) return std::min(text_.find('\n', at), text_.size());
    if (!rest.starts_with("/*")) return at;
    int depth = 0;
    while (at < text_.size()) {
      if (text_.substr(at).starts_with("/*")) {
        ++depth;
        at += 2;
      } else if (text_.substr(at).starts_with("*/")) {
        at += 2;
        if (--depth == 0) return at;
      } else {
        ++at;
      }
    }
    return text_.size();
  }

 private:
  bool HasEscapePrefix(size_t at) const {
    return at > 0 && (text_[at - 1] == 'e' || text_[at - 1] == 'E') &&
           (at == 1 || !IsNameByte(text_[at - 2]));
  }

  size_t SkipQuoted(size_t at, char quote, bool backslash) const {
    // A doubled quote ends one string and starts the next: no special case is needed.
    for (++at; at < text_.size(); ++at) {
      if (backslash && text_[at] == '\\') {
        ++at;
      } else if (text_[at] == quote) {
        return at + 1;
      }
    }
    return text_.size();
  }

  size_t SkipDollarQuoted(size_t at) const {
    if (at > 0 && IsNameByte(text_[at - 1])) return at + 1;
    size_t end = at + 1;
    while (end < text_.size() && IsNameByte(text_[end]))
      ++end;
    const bool parameter = end > at + 1 && std::isdigit(static_cast<unsigned char>(text_[at + 1]));
    if (end >= text_.size() || text_[end] != '$' || parameter) return at + 1;
    const std::string_view tag = text_.substr(at, end + 1 - at);
    const size_t close = text_.find(tag, end + 1);
    return close == std::string_view::npos ? text_.size() : close + tag.size();
  }

  std::string_view text_;
};

bool StartsDotCommand(std::string_view text, size_t at) {
  const bool line_start = at == 0 || text[at - 1] == '\n';
  return line_start && text[at] == '.' && at + 1 < text.size() &&
         std::isalpha(static_cast<unsigned char>(text[at + 1])) != 0;
}

std::string_view TrimEnd(std::string_view text) {
  while (!text.empty() && IsSpace(text.back()))
    text.remove_suffix(1);
  return text;
}

/// Collects pieces and counts lines.
class Splitter {
 public:
  explicit Splitter(std::string_view script) : script_(script), scanner_(script) {}

  std::vector<ScriptPiece> Split() {
    while (at_ < script_.size()) {
      const size_t behind_comment = scanner_.SkipComment(at_);
      if (behind_comment != at_) {
        at_ = behind_comment;
      } else if (begin_ == kNone && IsSpace(script_[at_])) {
        ++at_;
      } else if (script_[at_] == ';') {
        Close(true);
        ++at_;
      } else if (begin_ == kNone && StartsDotCommand(script_, at_)) {
        begin_ = at_;
        at_ = std::min(script_.find('\n', at_), script_.size());
        Close(true);
        pieces_.back().dot_command = true;
      } else {
        if (begin_ == kNone) begin_ = at_;
        at_ = scanner_.SkipToken(at_);
      }
    }
    Close(false);
    return std::move(pieces_);
  }

 private:
  static constexpr size_t kNone = std::string_view::npos;

  void Close(bool ended) {
    if (begin_ == kNone) return;
    line_ +=
        static_cast<int>(std::count(script_.begin() + static_cast<std::ptrdiff_t>(counted_),
                                    script_.begin() + static_cast<std::ptrdiff_t>(begin_), '\n'));
    counted_ = begin_;
    pieces_.push_back({.text = std::string(TrimEnd(script_.substr(begin_, at_ - begin_))),
                       .first_line = line_,
                       .ended = ended});
    begin_ = kNone;
  }

  std::string_view script_;
  Scanner scanner_;
  size_t at_ = 0;
  size_t begin_ = kNone;  // first byte of the open statement
  size_t counted_ = 0;    // line_ is the line of this position
  int line_ = 1;
  std::vector<ScriptPiece> pieces_;
};

}  // namespace

std::vector<ScriptPiece> SplitScript(std::string_view script) {
  return Splitter(script).Split();
}

}  // namespace tapelake::query
