#pragma once

/// HTTP as a client, for what this program asks of object stores and credential services.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tapelake::io {

struct HttpHeader {
  std::string name;
  std::string value;
  bool operator==(const HttpHeader&) const = default;
};

/// What is sent. Everything referenced must live until Send() returns.
struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< `http` or `https`; sent as it is, so whatever it holds is encoded already.
  std::vector<HttpHeader> headers = {};  ///< `Host` and `Content-Length` come by themselves.
  std::string_view body = {};
  int64_t answer_bytes_max = int64_t{64} << 20;  ///< A longer answer is cut.
  int64_t connect_timeout_micros = 10'000'000;
  int64_t silence_timeout_micros = 30'000'000;  ///< Without a byte in either direction.
  int64_t total_timeout_micros = 0;             ///< Of all of it; 0: none.
  bool without_proxy = false;                   ///< Whatever the environment says of proxies.
  /// If given: the answer's body may take over its memory; what it holds is lost.
  std::string* spare = nullptr;
};

/// What came back.
struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers = {};  ///< Names in lower case.
  std::string body = {};

  /// The value of the header `name` (lower case), or nullptr.
  const std::string* Find(std::string_view name) const;
};

/// Sends requests. Any thread; requests of several threads run beside each other.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  /// Send one request and read the answer, whatever its status. Redirects are not followed.
  ///
  /// Errors, whose message is only the reason: kUnavailable (the server was not reached: the
  /// request was not carried out), kUnknownOutcome (it may have been carried out: no answer, or not
  /// all of it), kUnauthorized (the server's certificate is not trusted), kInvalid (URL),
  /// kInternal.
  virtual Result<HttpResponse> Send(const HttpRequest& request) = 0;
};

/// Parse the date of an HTTP header, `Sun, 06 Nov 1994 08:49:37 GMT` (the form of RFC 9110 that
/// servers must send): microseconds since 1970 UTC, nullopt if it is none. Pure.
std::optional<int64_t> ParseHttpDate(std::string_view text);

/// Write a time (microseconds since 1970 UTC) in that form. Pure.
std::string FormatHttpDate(int64_t micros);

}  // namespace tapelake::io
