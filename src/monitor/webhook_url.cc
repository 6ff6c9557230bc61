#include "monitor/webhook_url.h"

#include <algorithm>

namespace tapelake::monitor {
namespace {

/// Length of `http://` or `https://`; 0 for any other scheme.
size_t SchemeLength(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (url.starts_with(scheme)) return scheme.size();
  }
  return 0;
}

/// Host and port, without user and password.
std::string_view HostOf(std::string_view url) {
  std::string_view rest = url.substr(SchemeLength(url));
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const size_t at = rest.rfind('@');
  return at == std::string_view::npos ? rest : rest.substr(at + 1);
}

}  // namespace

Status CheckWebhookUrl(std::string_view url) {
  if (SchemeLength(url) == 0) {
    return MakeError(ErrorKind::kInvalid, "the URL begins with neither http:// nor https://");
  }
  const bool plain = std::all_of(url.begin(), url.end(),
                                 [](char c) { return static_cast<unsigned char>(c) > 0x20; });
  if (!plain) return MakeError(ErrorKind::kInvalid, "the URL holds a space or a control character");
  if (HostOf(url).empty()) return MakeError(ErrorKind::kInvalid, "the URL names no host");
  return Status::OK();
}

std::string ShownWebhookUrl(std::string_view url) {
  return std::string(url.substr(0, SchemeLength(url))).append(HostOf(url));
}

}  // namespace tapelake::monitor
