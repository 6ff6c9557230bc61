#include <string>

#include "base/base64.h"
#include "base/json.h"
#include "transform/ndjson_writer.h"

namespace tapelake::transform {
namespace {

/// Length of the UTF-8 character at the start of `text`; 0 if there is none.
size_t CharacterBytes(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](size_t i) { return i < text.size() && (at(i) & 0xC0) == 0x80; };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    const bool overlong = lead == 0xE0 && at(1) < 0xA0;
    const bool surrogate = lead == 0xED && at(1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    const bool overlong = lead == 0xF0 && at(1) < 0x90;
    const bool too_large = lead == 0xF4 && at(1) > 0x8F;
    return overlong || too_large ? 0 : 4;
  }
  return 0;
}

std::string CleanUtf8(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const size_t size = CharacterBytes(text);
    clean.append(size == 0 ? "?" : text.substr(0, size));
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return clean;
}

}  // namespace

void AppendErrorLineStart(ParseError error, std::string_view reason, const ErrorPlace& place,
                          std::string* out) {
  out->append("{\"error_type\":\"").append(ParseErrorText(error)).append("\",\"reason\":");
  base::AppendJsonString(CleanUtf8(reason), out);
  out->append(",\"source\":");
  base::AppendJsonString(CleanUtf8(place.source), out);
  out->append(",\"offset\":").append(std::to_string(place.offset)).append(",\"raw_data\":\"");
}

void AppendErrorLine(ParseError error, std::string_view reason, const ErrorPlace& place,
                     std::string_view raw, std::string* out) {
  AppendErrorLineStart(error, reason, place, out);
  base::AppendBase64(raw, out);
  out->append(kErrorLineEnd);
}

}  // namespace tapelake::transform
