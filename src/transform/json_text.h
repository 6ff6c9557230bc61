#pragma once

/// The JSON rules that token starts alone do not prove: escapes and numbers. Pure; any thread.

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace tapelake::transform {

/// Undo the escapes of the inside of a JSON string (no quotes around). `to` has room for `text`.
/// Return the end of the result, or nullptr: unknown escape, half a surrogate pair.
char* UnescapeJson(std::string_view text, char* to);

/// Copy valid JSON to `to`, which has room for it; return the end. If there is a line end in it (it
/// stands between tokens then), all white space between tokens is left out.
char* CopyOnOneLine(std::string_view json, char* to);

/// What a text is as a number.
enum class NumberForm : uint8_t {
  kJson = 1,     ///< A JSON number.
  kDecimal = 2,  ///< A decimal number that JSON would refuse: `+1`, `007`, `.5`, `5.`.
  kNone = 3,     ///< No number.
};

/// Classify `text`. Up to 16 bytes after it must be readable.
NumberForm ClassifyNumber(std::string_view text);

/// Whether `text` is digits with at most one inner point, up to 16 characters, and a JSON number:
/// nearly every number there is, told apart without a loop. False says nothing. Readable bytes as
/// above.
inline bool IsPlainNumber(std::string_view text);

/// Whether a backslash is in `text`. Up to 32 bytes after it must be readable.
inline bool HasBackslash(std::string_view text);

/// Whether `text` as a JSON string needs an escape. Up to 32 bytes after it must be readable.
inline bool NeedsEscape(std::string_view text);

/// Append a number of form kDecimal in JSON grammar: every digit but leading zeros stays, so does
/// the exponent.
void AppendAsJsonNumber(std::string_view text, std::string* out);

/// Order two decimal numbers by value, exactly: negative, 0 or positive.
int CompareNumbers(std::string_view left, std::string_view right);

// Only the inline functions follow.

#if defined(__AVX2__)

/// Whether `matches`, called with 32 bytes at a time, gives a mask with a bit inside `text`.
template <typename Matches>
bool AnyByte(std::string_view text, Matches matches) {
  constexpr size_t kStep = 32;
  const char* from = text.data();
  size_t left = text.size();
  for (; left > kStep; from += kStep, left -= kStep) {
    if (matches(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))) != 0) return true;
  }
  const uint32_t last = matches(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  return _bzhi_u32(last, static_cast<uint32_t>(left)) != 0;
}

inline bool HasBackslash(std::string_view text) {
  return AnyByte(text, [](__m256i bytes) {
    return static_cast<uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'))));
  });
}

inline bool NeedsEscape(std::string_view text) {
  return AnyByte(text, [](__m256i bytes) {
    const __m256i control =
        _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1F)), bytes);
    const __m256i quote = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
    const __m256i slash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'));
    return static_cast<uint32_t>(
        _mm256_movemask_epi8(_mm256_or_si256(control, _mm256_or_si256(quote, slash))));
  });
}

inline bool IsPlainNumber(std::string_view text) {
  if (text.size() - 1 >= 16) return false;
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data()));
  const __m128i above = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8(9)), above);
  const auto size = static_cast<uint32_t>(text.size());
  const uint32_t other = _bzhi_u32(~static_cast<uint32_t>(_mm_movemask_epi8(digit)), size);
  // A leading zero is allowed before a point or alone.
  const auto place = static_cast<uint32_t>(std::countr_zero(other | 1u << size));
  if (text.front() == '0' && place != 1) return false;
  if (other == 0) return true;
  return _blsr_u32(other) == 0 && place > 0 && place + 1 < size && text[place] == '.';
}

#else

inline bool HasBackslash(std::string_view text) {
  return text.find('\\') != text.npos;
}

inline bool NeedsEscape(std::string_view text) {
  bool needed = false;
  for (const char c : text) {
    needed |= static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
  }
  return needed;
}

inline bool IsPlainNumber(std::string_view) {
  return false;
}

#endif

}  // namespace tapelake::transform
