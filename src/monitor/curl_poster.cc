#include "monitor/curl_poster.h"

#include <utility>

#include "monitor/webhook_url.h"

namespace tapelake::monitor {
namespace {

/// An answer's body is of no interest, and one without end ends the transfer.
constexpr int64_t kAnswerBytesMax = 64 << 10;

}  // namespace

CurlPoster::CurlPoster(std::string url, int64_t timeout_micros)
    : url_(std::move(url)), timeout_micros_(timeout_micros), client_(/*authorities_file=*/"") {}

Result<std::unique_ptr<CurlPoster>> CurlPoster::Make(const std::string& url,
                                                     int64_t timeout_micros) {
  TAPELAKE_RETURN_NOT_OK(CheckWebhookUrl(url));
  return std::unique_ptr<CurlPoster>(new CurlPoster(url, timeout_micros));
}

Result<int> CurlPoster::Post(const std::string& json) {
  const auto response = client_.Send({.method = "POST",
                                      .url = url_,
                                      .headers = {{"Content-Type", "application/json"}},
                                      .body = json,
                                      .answer_bytes_max = kAnswerBytesMax,
                                      .connect_timeout_micros = timeout_micros_,
                                      .silence_timeout_micros = timeout_micros_,
                                      .total_timeout_micros = timeout_micros_});
  if (response.ok()) return response->status;
  return MakeError(ErrorKind::kUnavailable, "no answer from the webhook at " +
                                                ShownWebhookUrl(url_) + ": " +
                                                response.status().message());
}

}  // namespace tapelake::monitor
