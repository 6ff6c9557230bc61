#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "monitor/webhook_sender.h"

namespace tapelake::monitor {

/// Posts over HTTP or HTTPS by libcurl. The server's certificate is checked against the system's
/// authorities; redirects are not followed (a webhook's body is for one address only); of the
/// answer only the status is read. The usual proxy variables of the environment hold.
class CurlPoster : public HttpPoster {
 public:
  /// Errors: kInvalid (CheckWebhookUrl), kInternal (libcurl does not start).
  static Result<std::unique_ptr<CurlPoster>> Make(const std::string& url, int64_t timeout_micros);
  ~CurlPoster() override;

  /// The connection is kept for the next one. Takes the timeout at most.
  Result<int> Post(const std::string& json) override;

 private:
  class Handle;
  explicit CurlPoster(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace tapelake::monitor
