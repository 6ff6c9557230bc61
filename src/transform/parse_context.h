#pragma once

/// What the parts of the parser share while they walk the tokens of one record.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "transform/record_parser.h"
#include "transform/text_arena.h"

namespace tapelake::transform {

/// At most 60 bytes of `text` for an error message, cut between characters.
std::string_view Excerpt(std::string_view text);

/// A JSON string as it stands in the record and what it means.
struct StringToken {
  std::string_view token;  ///< With its quotes.
  std::string_view text;  ///< Unescaped; into the record if it has no escapes, else into the arena.
};

/// A place in the tokens of one record, with the means to read strings and to fail. Methods that
/// return bool return false after Fail(), which the caller passes on at once. One thread.
///
/// See StructuralIndex for why no bound is checked here.
class ParseContext {
 public:
  /// Start at the first token of `record`. `has_escapes`: the record holds a backslash somewhere.
  void Start(std::string_view record, const uint32_t* tokens, bool has_escapes) {
    record_ = record;
    begin_ = record.data();
    next_ = tokens;
    has_escapes_ = has_escapes;
    arena_.Reset();
  }

  /// Start of the next token; Take() steps over it.
  const char* Peek() const { return begin_ + *next_; }
  const char* Take() { return begin_ + *next_++; }
  /// For fast paths that look at several tokens at once: the next token, and where they all point
  /// into.
  const uint32_t* position() const { return next_; }
  const char* text() const { return begin_; }
  bool has_escapes() const { return has_escapes_; }
  /// Step over `count` tokens.
  void Advance(size_t count) { next_ += count; }

  /// The first byte after the string, number or literal that Take() returned last.
  const char* TokenEnd() const {
    const char* end = begin_ + *next_;
    while (IsBlank(end[-1]))
      --end;
    return end;
  }
  std::string_view TokenFrom(const char* start) const {
    return {start, static_cast<size_t>(TokenEnd() - start)};
  }

  /// Read the string whose opening quote Take() returned last.
  bool ReadString(const char* quote, StringToken* out) {
    out->token = TokenFrom(quote);
    out->text = out->token.substr(1, out->token.size() - 2);
    if (!has_escapes_) [[likely]]
      return true;
    return Unescape(out);
  }

  /// Read a member name and its colon. `what` names the object for the error.
  bool ReadName(StringToken* name) {
    const char* quote = Take();
    if (*quote != '"') [[unlikely]]
      return FailJson(quote, "a member name is missing");
    if (!ReadString(quote, name)) [[unlikely]]
      return false;
    const char* colon = Take();
    if (*colon != ':') [[unlikely]]
      return FailJson(colon, "':' is missing after a member name");
    return true;
  }

  /// After a member or element: step over `,` (*more = true) or `close` (*more = false).
  bool ReadSeparator(char close, bool* more) {
    const char* next = Take();
    *more = *next == ',';
    if (*more || *next == close) [[likely]]
      return true;
    return FailJson(next, close == '}' ? "',' or '}' is missing" : "',' or ']' is missing");
  }

  /// Walk over the next value of any type and prove that it is valid JSON.
  bool SkipValue() { return SkipValue(0); }

  /// Note the first error of a record: `what`, the offending text at `at` (cut to some 60 bytes)
  /// and its byte offset. Return false.
  bool Fail(ParseError error, const char* at, std::string_view what);
  bool FailJson(const char* at, std::string_view what);

  /// What is being read, for reasons: "NewImage" and the attribute's name.
  void SetPlace(std::string_view image, std::string_view attribute) {
    image_ = image;
    attribute_ = attribute;
  }

  void SetAttribute(std::string_view attribute) { attribute_ = attribute; }

  TextArena& arena() { return arena_; }
  std::string_view record() const { return record_; }
  ParseError error() const { return error_; }
  std::string& reason() { return reason_; }
  void ClearError() { SetError(ParseError::kNone, {}); }
  void SetError(ParseError error, std::string reason) {
    error_ = error;
    reason_ = std::move(reason);
    image_ = {};
    attribute_ = {};
  }

 private:
  static constexpr int kSkipDepthMax = 512;

  static bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  bool Unescape(StringToken* string);
  bool SkipValue(int depth);
  bool SkipObject(int depth);
  bool SkipArray(int depth);
  bool SkipScalar(const char* start);

  const char* begin_ = nullptr;
  const uint32_t* next_ = nullptr;
  bool has_escapes_ = false;
  std::string_view record_;
  TextArena arena_;
  std::string_view image_;
  std::string_view attribute_;
  ParseError error_ = ParseError::kNone;
  std::string reason_;
};

}  // namespace tapelake::transform
