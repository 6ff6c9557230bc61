#include "serve/http/listen_address.h"

#include <algorithm>
#include <charconv>

namespace tapelake::serve {
namespace {

bool AllDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// `127.1.2.3`: four decimal numbers, as the resolver of a browser writes them.
bool IsLoopbackIpv4(std::string_view host) {
  int numbers = 0;
  bool first_is_127 = false;
  while (true) {
    const size_t dot = std::min(host.find('.'), host.size());
    const std::string_view part = host.substr(0, dot);
    int value = 256;
    if (!AllDigits(part) || part.size() > 3) return false;
    std::from_chars(part.data(), part.data() + part.size(), value);
    if (value > 255) return false;
    if (numbers++ == 0) first_is_127 = value == 127;
    if (dot == host.size()) break;
    host.remove_prefix(dot + 1);
  }
  return numbers == 4 && first_is_127;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

/// `name.localhost`, which resolvers answer themselves (RFC 6761).
bool IsLocalName(std::string_view host) {
  return host == "localhost" ||
         (host.ends_with(".localhost") &&
          host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == host.npos);
}

}  // namespace

bool IsLoopbackHost(std::string_view host_field) {
  const size_t colon = host_field.rfind(':');
  if (colon != std::string_view::npos && !host_field.ends_with(']')) {
    if (!AllDigits(host_field.substr(colon + 1))) return false;
    host_field = host_field.substr(0, colon);
  }
  const std::string host = Lower(host_field);
  return host == "[::1]" || IsLocalName(host) || IsLoopbackIpv4(host);
}

Result<ListenAddress> ParseListenAddress(std::string_view text, std::string_view key) {
  const auto invalid = [&](std::string_view why) {
    return MakeError(ErrorKind::kInvalid, std::string(key) + " '" + std::string(text) + "' " +
                                              std::string(why) +
                                              "; write for example 127.0.0.1:8990");
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid("has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  ListenAddress out;
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (!AllDigits(port) || parsed.ec != std::errc()) return invalid("has a port that is no number");
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return invalid("has an IPv6 address without brackets");
  }
  if (host.empty()) return invalid("has no address");
  out.loopback = host == "localhost" || host == "::1" || IsLoopbackIpv4(host);
  out.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  return out;
}

}  // namespace tapelake::serve
