#pragma once

/// Who may: host, origin, token.

#include <optional>
#include <string>
#include <string_view>

#include "io/clock.h"
#include "serve/http/message.h"
#include "serve/http/rate_limiter.h"

namespace tapelake::serve {

struct GuardOptions {
  /// Requests can come from this machine only: nobody is asked for a token, and the `Host` must be
  /// a loopback name, or a page elsewhere could point its own name here (DNS rebinding).
  bool loopback = true;
  std::string token;        ///< Not empty unless `loopback`.
  std::string cookie_name;  ///< Cookies are shared by the ports of a host: name the port.
};

/// Decides about each request before its handler sees it. Any thread.
///
/// A wrong token costs its address a try: five at first, one more every five seconds; without one
/// left every token from there is refused unread.
class Guard {
 public:
  /// `clock` must outlive it.
  Guard(io::Clock& clock, GuardOptions options);

  /// The answer for a request that may not go on; nullopt: it may.
  std::optional<HttpResponse> Refuse(const HttpRequest& request);

  /// `POST /api/v1/login`: set the cookie if the body holds the token.
  HttpResponse Login(const HttpRequest& request);

 private:
  struct Attempt {
    std::string_view secret, given;
  };
  std::optional<HttpResponse> RefuseForeign(const HttpRequest& request) const;
  std::optional<HttpResponse> RefuseWithoutToken(const HttpRequest& request);
  std::optional<HttpResponse> TryToken(const HttpRequest& request, const Attempt& attempt,
                                       bool* right);

  io::Clock& clock_;
  const GuardOptions options_;
  RateLimiter wrong_tokens_;
};

/// Compare in a time that depends on the length of `given` only.
bool EqualInConstantTime(std::string_view secret, std::string_view given);

}  // namespace tapelake::serve
