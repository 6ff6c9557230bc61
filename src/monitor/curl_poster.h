#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "io/curl_http_client.h"
#include "monitor/webhook_sender.h"

namespace tapelake::monitor {

/// Posts over HTTP or HTTPS by libcurl (io::CurlHttpClient says which certificates and proxies).
/// Redirects are not followed (a webhook's body is for one address only); of the answer only the
/// status is read.
class CurlPoster : public HttpPoster {
 public:
  /// Errors: kInvalid (CheckWebhookUrl).
  static Result<std::unique_ptr<CurlPoster>> Make(const std::string& url, int64_t timeout_micros);

  /// The connection is kept for the next one. Takes the timeout at most.
  Result<int> Post(const std::string& json) override;

 private:
  CurlPoster(std::string url, int64_t timeout_micros);

  const std::string url_;
  const int64_t timeout_micros_;
  io::CurlHttpClient client_;
};

}  // namespace tapelake::monitor
