#pragma once

/// Standard base64 (`+` and `/`, with padding), in both directions, with AVX2 where the build has
/// it.

#include <cstddef>
#include <string>
#include <string_view>

namespace tapelake::base {

/// Bytes that DecodeBase64 and EncodeBase64 may write past their result (whatever they write
/// there).
inline constexpr size_t kBase64SlackBytes = 32;

/// Length of the base64 text of `size` bytes.
constexpr size_t Base64EncodedSize(size_t size) {
  return (size + 2) / 3 * 4;
}

/// Upper bound of what `size` characters of base64 decode to.
constexpr size_t Base64DecodedSizeMax(size_t size) {
  return size / 4 * 3;
}

/// Decode `text` to `to`, which has room for Base64DecodedSizeMax(text.size()) + kBase64SlackBytes.
///
/// Strict: a multiple of four characters, `=` only as the last one or two, no white space. Unused
/// bits of the last character are ignored. Return false, with undefined bytes at `to`, if it is not
/// base64. Empty text gives zero bytes. Pure; any thread.
bool DecodeBase64(std::string_view text, char* to, size_t* size);

/// Return whether DecodeBase64 would accept `text`.
bool IsBase64(std::string_view text);

/// Encode `bytes` to `to`, which has room for Base64EncodedSize(bytes.size()) + kBase64SlackBytes;
/// return the end of the text. Pure; any thread.
char* EncodeBase64(std::string_view bytes, char* to);

/// Append the base64 text of `bytes`.
void AppendBase64(std::string_view bytes, std::string* out);

}  // namespace tapelake::base
