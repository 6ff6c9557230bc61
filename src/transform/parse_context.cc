#include "transform/parse_context.h"

#include <algorithm>

#include "transform/json_text.h"

namespace tapelake::transform {
std::string_view Excerpt(std::string_view text) {
  constexpr size_t kExcerptBytesMax = 60;
  size_t size = std::min(text.size(), kExcerptBytesMax);
  if (size < text.size()) {
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
      --size;
  }
  return text.substr(0, size);
}

[[gnu::cold, gnu::noinline]] bool ParseContext::Fail(ParseError error, const char* at,
                                                     std::string_view what) {
  error_ = error;
  reason_.clear();
  if (!attribute_.empty()) {
    reason_.append(image_).append(".").append(Excerpt(attribute_)).append(": ");
  } else if (!image_.empty()) {
    reason_.append(image_).append(": ");
  }
  const auto offset = static_cast<size_t>(at - begin_);
  reason_.append(what).append(" at byte ").append(std::to_string(offset));
  if (offset < record_.size()) {
    reason_.append(": ").append(Excerpt(record_.substr(offset)));
  }
  return false;
}

[[gnu::cold, gnu::noinline]] bool ParseContext::FailJson(const char* at, std::string_view what) {
  return Fail(ParseError::kInvalidJson, at, what);
}

bool ParseContext::Unescape(StringToken* string) {
  if (!HasBackslash(string->text)) return true;
  char* to = arena_.Reserve(string->text.size());
  const char* end = UnescapeJson(string->text, to);
  if (end == nullptr) {
    return FailJson(string->token.data(), "a string holds an escape that JSON does not know");
  }
  string->text = {to, static_cast<size_t>(end - to)};
  arena_.Commit(string->text.size());
  return true;
}

bool ParseContext::SkipValue(int depth) {
  if (depth > kSkipDepthMax) {
    return Fail(ParseError::kTooDeep, Peek(), "JSON is nested deeper than 512 levels");
  }
  const char* start = Take();
  if (*start == '{') return SkipObject(depth);
  if (*start == '[') return SkipArray(depth);
  return SkipScalar(start);
}

bool ParseContext::SkipObject(int depth) {
  if (*Peek() == '}') {
    Take();
    return true;
  }
  for (bool more = true; more;) {
    StringToken name;
    if (!ReadName(&name) || !SkipValue(depth + 1) || !ReadSeparator('}', &more)) return false;
  }
  return true;
}

bool ParseContext::SkipArray(int depth) {
  if (*Peek() == ']') {
    Take();
    return true;
  }
  for (bool more = true; more;) {
    if (!SkipValue(depth + 1) || !ReadSeparator(']', &more)) return false;
  }
  return true;
}

bool ParseContext::SkipScalar(const char* start) {
  if (*start == '"') {
    StringToken string;
    return ReadString(start, &string);
  }
  // A bracket can be the very last token: nothing may be read from where it "ends".
  if (std::strchr("}],:", *start) != nullptr) return FailJson(start, "a value is missing");
  const std::string_view token = TokenFrom(start);
  if (token == "null" || token == "true" || token == "false") return true;
  if (!token.empty() && ClassifyNumber(token) == NumberForm::kJson) return true;
  return FailJson(start, "a value is no valid JSON");
}

}  // namespace tapelake::transform
