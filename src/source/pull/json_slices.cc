#include "source/pull/json_slices.h"

#include <charconv>
#include <cmath>

#include "base/json.h"

namespace tapelake::source {
namespace {

constexpr size_t kExcerptBytes = 40;
constexpr double kSecondsMax = 9e12;  // of what fits microseconds in 63 bits

/// Walks over one JSON text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  /// Pass over `c`, if it comes next.
  bool Take(char c) {
    SkipSpace();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// Pass over a value; nullopt: there is none, or not all of it.
  std::optional<std::string_view> TakeValue() {
    SkipSpace();
    const size_t begin = at_;
    if (at_ == text_.size()) return std::nullopt;
    const char first = text_[at_];
    const bool whole = first == '"' ? SkipString() : IsOpening(first) ? SkipNested() : SkipPlain();
    if (!whole) return std::nullopt;
    return text_.substr(begin, at_ - begin);
  }

  bool at_end() {
    SkipSpace();
    return at_ == text_.size();
  }

 private:
  static bool IsOpening(char c) { return c == '{' || c == '['; }
  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_]))
      ++at_;
  }

  bool SkipString() {
    for (++at_; at_ < text_.size(); ++at_) {
      at_ = text_.find_first_of("\"\\", at_);
      if (at_ == std::string_view::npos) break;
      if (text_[at_] == '"') {
        ++at_;
        return true;
      }
      ++at_;  // the escaped character
    }
    at_ = text_.size();
    return false;
  }

  /// Brackets are counted, not matched: the depth needs no memory, and the reader of the value sees
  /// whether they match.
  bool SkipNested() {
    size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!SkipString()) return false;
        continue;
      }
      ++at_;
      if (IsOpening(c)) ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
  }

  bool SkipPlain() {
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}' && text_[at_] != ']' &&
           !IsSpace(text_[at_]))
      ++at_;
    return at_ > begin;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Status NoJson(std::string_view what, std::string_view text) {
  return MakeError(ErrorKind::kCorrupt, "no whole JSON " + std::string(what) + ": '" +
                                            std::string(text.substr(0, kExcerptBytes)) +
                                            (text.size() > kExcerptBytes ? "...'" : "'"));
}

}  // namespace

Status VisitMembers(
    std::string_view object,
    const std::function<Status(std::string_view name, std::string_view value)>& visit) {
  Cursor cursor(object);
  const Status broken = NoJson("object", object);
  if (!cursor.Take('{')) return broken;
  bool more = !cursor.Take('}');
  while (more) {
    const auto name = cursor.TakeValue();
    const auto text = name ? QuotedText(*name) : std::nullopt;
    if (!text || !cursor.Take(':')) return broken;
    const auto value = cursor.TakeValue();
    if (!value) return broken;
    TAPELAKE_RETURN_NOT_OK(visit(*text, *value));
    more = cursor.Take(',');
    if (!more && !cursor.Take('}')) return broken;
  }
  return cursor.at_end() ? Status::OK() : broken;
}

Status VisitItems(std::string_view array,
                  const std::function<Status(std::string_view value)>& visit) {
  Cursor cursor(array);
  const Status broken = NoJson("array", array);
  if (!cursor.Take('[')) return broken;
  bool more = !cursor.Take(']');
  while (more) {
    const auto value = cursor.TakeValue();
    if (!value) return broken;
    TAPELAKE_RETURN_NOT_OK(visit(*value));
    more = cursor.Take(',');
    if (!more && !cursor.Take(']')) return broken;
  }
  return cursor.at_end() ? Status::OK() : broken;
}

std::optional<std::string_view> QuotedText(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  return value.substr(1, value.size() - 2);
}

Result<std::string> TextOf(std::string_view value) {
  if (value == "null") return std::string();
  const auto quoted = QuotedText(value);
  if (!quoted) return NoJson("string", value);
  if (quoted->find('\\') == std::string_view::npos) return std::string(*quoted);
  const auto parsed = base::ParseJson(value);
  if (!parsed.ok() || !parsed->is_string()) return NoJson("string", value);
  return parsed->text();
}

int64_t MicrosOfSeconds(std::string_view value) {
  double seconds = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (parsed.ec != std::errc() || !(std::abs(seconds) < kSecondsMax)) return 0;
  return static_cast<int64_t>(std::llround(seconds * 1e6));
}

}  // namespace tapelake::source
