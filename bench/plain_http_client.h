#pragma once

#include <string>
#include <string_view>

#include "io/http_client.h"

namespace tapelake::bench {

/// As little of an HTTP/1.1 client as a load generator needs: one kept-alive connection, blocking,
/// no TLS, answers with a `Content-Length`. libcurl copies each body before it sends it, which
/// costs as much again as sending. One thread.
///
/// Of a request it reads method, url, headers and body. Errors: kUnavailable (not reached),
/// kUnknownOutcome (no whole answer).
class PlainHttpClient : public io::HttpClient {
 public:
  PlainHttpClient() = default;
  ~PlainHttpClient() override;

  Result<io::HttpResponse> Send(const io::HttpRequest& request) override;

 private:
  Status Connect(const std::string& authority);
  Status Write(std::string_view head, std::string_view body);
  /// Append what comes next, at least a byte.
  Status ReadMore();
  Result<io::HttpResponse> ReadAnswer();
  void Close();

  int socket_ = -1;  // -1: none
  std::string received_;
};

}  // namespace tapelake::bench
