#include "base/base64.h"

#include <array>
#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace tapelake::base {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 0xFF;

constexpr std::array<uint8_t, 256> MakeDigits() {
  std::array<uint8_t, 256> digits{};
  for (uint8_t& digit : digits)
    digit = kNoDigit;
  for (uint8_t i = 0; i < 64; ++i)
    digits[static_cast<uint8_t>(kAlphabet[i])] = i;
  return digits;
}
constexpr auto kDigits = MakeDigits();

/// Characters before the padding of the last group; 0 stands for "no valid length".
bool SplitPadding(std::string_view text, size_t* digits) {
  if (text.size() % 4 != 0) return false;
  *digits = text.size();
  if (!text.empty() && text.back() == '=') {
    --*digits;
    if (text[text.size() - 2] == '=') --*digits;
  }
  return true;
}

bool DecodeScalar(const char* from, size_t digits, char* to, char** end) {
  const auto* in = reinterpret_cast<const uint8_t*>(from);
  while (digits >= 4) {
    const uint32_t a = kDigits[in[0]], b = kDigits[in[1]], c = kDigits[in[2]], d = kDigits[in[3]];
    if (((a | b | c | d) & 0x80) != 0) return false;
    const uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    to[0] = static_cast<char>(bits >> 16);
    to[1] = static_cast<char>(bits >> 8);
    to[2] = static_cast<char>(bits);
    in += 4;
    to += 3;
    digits -= 4;
  }
  if (digits > 0) {  // 2 or 3: SplitPadding took the padding off
    const uint32_t a = kDigits[in[0]], b = kDigits[in[1]], c = digits == 3 ? kDigits[in[2]] : 0;
    if (((a | b | c) & 0x80) != 0) return false;
    *to++ = static_cast<char>(a << 2 | b >> 4);
    if (digits == 3) *to++ = static_cast<char>(b << 4 | c >> 2);
  }
  *end = to;
  return true;
}

#if defined(__AVX2__)

/// Two table look-ups by nibble classify all 32 characters: a character is in the alphabet if the
/// bit sets of its high and its low nibble do not meet. A third look-up, by high nibble (with '/'
/// set apart from '+'), gives what to add to turn the character into its digit.
struct DigitBlock {
  __m256i digits;
  bool valid;
};

__m256i Both(char a, char b, char c, char d, char e, char f, char g, char h, char i, char j, char k,
             char l, char m, char n, char o, char p) {
  return _mm256_setr_epi8(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, a, b, c, d, e, f, g, h, i,
                          j, k, l, m, n, o, p);
}

DigitBlock ToDigits(const char* from) {
  const __m256i low_sets = Both(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13,
                                0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
  const __m256i high_sets = Both(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10,
                                 0x10, 0x10, 0x10, 0x10, 0x10);
  const __m256i offsets = Both(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i slash = _mm256_set1_epi8('/');  // also a mask that keeps the low nibble

  const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  const __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), slash);
  const __m256i low_set = _mm256_shuffle_epi8(low_sets, _mm256_and_si256(text, slash));
  const __m256i high_set = _mm256_shuffle_epi8(high_sets, high);
  const __m256i is_slash = _mm256_cmpeq_epi8(text, slash);
  const __m256i offset = _mm256_shuffle_epi8(offsets, _mm256_add_epi8(is_slash, high));
  return {_mm256_add_epi8(text, offset), _mm256_testz_si256(low_set, high_set) != 0};
}

/// 32 digits of 6 bits -> 24 bytes in the low part of the result.
__m256i PackDigits(__m256i digits) {
  const __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi32(0x01400140));
  const __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
  const __m256i bytes =
      _mm256_shuffle_epi8(groups, Both(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
}

/// 24 bytes -> 32 characters. Reads 28 bytes.
__m256i EncodeBlock(const char* from) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 12));
  const __m256i bytes = _mm256_shuffle_epi8(
      _mm256_set_m128i(high, low), Both(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  const __m256i odd = _mm256_mulhi_epu16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x0FC0FC00)),
                                         _mm256_set1_epi32(0x04000040));
  const __m256i even = _mm256_mullo_epi16(_mm256_and_si256(bytes, _mm256_set1_epi32(0x003F03F0)),
                                          _mm256_set1_epi32(0x01000010));
  const __m256i digits = _mm256_or_si256(odd, even);
  // 0 for A-Z, 1 for a-z, 2..11 for the figures, 12 for '+', 13 for '/'.
  const __m256i above_upper = _mm256_cmpgt_epi8(digits, _mm256_set1_epi8(25));
  const __m256i range =
      _mm256_sub_epi8(_mm256_subs_epu8(digits, _mm256_set1_epi8(51)), above_upper);
  const __m256i offsets = Both(65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0);
  return _mm256_add_epi8(digits, _mm256_shuffle_epi8(offsets, range));
}

#endif  // __AVX2__

}  // namespace

bool DecodeBase64(std::string_view text, char* to, size_t* size) {
  size_t left = 0;
  if (!SplitPadding(text, &left)) return false;
  const char* from = text.data();
  char* out = to;
#if defined(__AVX2__)
  bool valid = true;
  while (left >= 32) {
    const DigitBlock block = ToDigits(from);
    valid &= block.valid;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), PackDigits(block.digits));
    from += 32;
    out += 24;
    left -= 32;
  }
  if (!valid) return false;
#endif
  char* end = nullptr;
  if (!DecodeScalar(from, left, out, &end)) return false;
  *size = static_cast<size_t>(end - to);
  return true;
}

bool IsBase64(std::string_view text) {
  size_t left = 0;
  if (!SplitPadding(text, &left)) return false;
  const char* from = text.data();
#if defined(__AVX2__)
  for (; left >= 32; from += 32, left -= 32) {
    if (!ToDigits(from).valid) return false;
  }
#endif
  for (; left > 0; ++from, --left) {
    if (kDigits[static_cast<uint8_t>(*from)] == kNoDigit) return false;
  }
  return true;
}

char* EncodeBase64(std::string_view bytes, char* to) {
  const char* from = bytes.data();
  size_t left = bytes.size();
#if defined(__AVX2__)
  while (left >= 28) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), EncodeBlock(from));
    from += 24;
    to += 32;
    left -= 24;
  }
#endif
  const auto* in = reinterpret_cast<const uint8_t*>(from);
  for (; left >= 3; in += 3, left -= 3) {
    const uint32_t bits = static_cast<uint32_t>(in[0]) << 16 | in[1] << 8 | in[2];
    *to++ = kAlphabet[bits >> 18];
    *to++ = kAlphabet[bits >> 12 & 63];
    *to++ = kAlphabet[bits >> 6 & 63];
    *to++ = kAlphabet[bits & 63];
  }
  if (left > 0) {
    const uint32_t bits = static_cast<uint32_t>(in[0]) << 16 | (left == 2 ? in[1] << 8 : 0);
    *to++ = kAlphabet[bits >> 18];
    *to++ = kAlphabet[bits >> 12 & 63];
    *to++ = left == 2 ? kAlphabet[bits >> 6 & 63] : '=';
    *to++ = '=';
  }
  return to;
}

void AppendBase64(std::string_view bytes, std::string* out) {
  const size_t before = out->size();
  const size_t size = Base64EncodedSize(bytes.size());
  out->resize(before + size + kBase64SlackBytes);
  EncodeBase64(bytes, out->data() + before);
  out->resize(before + size);
}

}  // namespace tapelake::base
