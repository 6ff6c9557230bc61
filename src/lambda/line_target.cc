#include "lambda/line_target.h"

#include <algorithm>

#include "io/tcp_stream.h"

namespace tapelake::lambda {
namespace {

constexpr size_t kShownBytes = 200;  // of an answer, in a message

}  // namespace

Status StreamTarget::Send(std::string_view lines, int64_t) {
  return output_.Write(lines);
}

Status HttpTarget::Send(std::string_view lines, int64_t micros_max) {
  io::HttpRequest request{
      .method = "POST",
      .url = url_,
      .headers = {{"Content-Type", "application/x-ndjson"}, {"User-Agent", "tapelake-lambda"}},
      .body = lines};
  if (micros_max != io::kNever) request.total_timeout_micros = std::max<int64_t>(micros_max, 1);
  const auto response = http_->Send(request);
  if (!response.ok()) return WithContext(response.status(), "target " + url_);
  if (response->status >= 200 && response->status < 300) return Status::OK();
  return MakeError(ErrorKind::kUnavailable, "target " + url_ + " answered with status " +
                                                std::to_string(response->status) + ": " +
                                                response->body.substr(0, kShownBytes));
}

}  // namespace tapelake::lambda
