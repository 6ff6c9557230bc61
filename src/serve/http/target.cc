#include "serve/http/target.h"

#include <algorithm>
#include <cstdint>

namespace tapelake::serve {
namespace {

constexpr size_t kParametersMax = 64;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

Status Invalid(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message));
}

Status ParseQuery(std::string_view query, HttpFields* out) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.empty()) continue;
    const size_t equals = std::min(part.find('='), part.size());
    const std::string_view raw_value = part.substr(std::min(part.size(), equals + 1));
    TAPELAKE_ASSIGN_OR_RAISE(std::string name, PercentDecode(part.substr(0, equals), true));
    TAPELAKE_ASSIGN_OR_RAISE(std::string value, PercentDecode(raw_value, true));
    for (const auto& parameter : *out) {
      if (parameter.first == name) {
        return Invalid("the parameter '" + name + "' stands twice in the URL; give it once");
      }
    }
    if (out->size() == kParametersMax) return Invalid("the URL has more than 64 parameters");
    out->emplace_back(std::move(name), std::move(value));
  }
  return Status::OK();
}

}  // namespace

bool IsUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) continue;
    const int follow = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4) return false;
    uint32_t code = lead & (0x3fU >> follow);
    for (int k = 0; k < follow; ++k, ++i) {
      if (i == text.size() || (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return false;
      code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
    }
    constexpr uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    if (code < kLeast[follow] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
  }
  return true;
}

Result<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return Invalid("a '%' in the URL is not followed by two hexadecimal digits; write '%25'");
      }
      c = static_cast<char>(high << 4 | low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (IsControl(c)) return Invalid("the URL holds a control character");
    out.push_back(c);
  }
  if (!IsUtf8(out)) return Invalid("the URL is not UTF-8 after decoding");
  return out;
}

Status ParseTarget(std::string_view target, HttpRequest* request) {
  if (!target.starts_with('/')) {
    return Invalid("the request's target does not begin with '/'; this is no proxy");
  }
  const size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  if (target.find('#') != std::string_view::npos) return Invalid("the request's target holds '#'");
  request->path = path;
  request->segments.clear();
  request->query.clear();
  std::string_view rest = path.substr(1);
  while (true) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    TAPELAKE_ASSIGN_OR_RAISE(std::string segment, PercentDecode(rest.substr(0, slash), false));
    request->segments.push_back(std::move(segment));
    if (slash == rest.size()) break;
    rest.remove_prefix(slash + 1);
  }
  return ParseQuery(target.substr(std::min(target.size(), question + 1)), &request->query);
}

}  // namespace tapelake::serve
