#pragma once

/// The JSON rules that token starts alone do not prove: escapes and numbers. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

namespace tapelake::transform {

/// Undo the escapes of the inside of a JSON string (no quotes around). `to` has room for `text`.
/// Return the end of the result, or nullptr: unknown escape, half a surrogate pair.
char* UnescapeJson(std::string_view text, char* to);

/// What a text is as a number.
enum class NumberForm : uint8_t {
  kJson = 1,     ///< A JSON number.
  kDecimal = 2,  ///< A decimal number that JSON would refuse: `+1`, `007`, `.5`, `5.`.
  kNone = 3,     ///< No number.
};

/// Classify `text`. Up to 16 bytes after it must be readable.
NumberForm ClassifyNumber(std::string_view text);

/// Append a number of form kDecimal in JSON grammar: every digit but leading zeros stays, so does
/// the exponent.
void AppendAsJsonNumber(std::string_view text, std::string* out);

/// Order two decimal numbers by value, exactly: negative, 0 or positive.
int CompareNumbers(std::string_view left, std::string_view right);

}  // namespace tapelake::transform
