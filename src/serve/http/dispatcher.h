#pragma once

#include <optional>
#include <vector>

#include "io/clock.h"
#include "serve/http/asset_store.h"
#include "serve/http/guard.h"
#include "serve/http/rate_limiter.h"
#include "serve/http/router.h"

namespace tapelake::serve {

struct DispatcherOptions {
  GuardOptions guard;
  RateLimiterOptions rate;  ///< Of one address.
};

/// Decides what answers a request: rate, guard, files, routes, in this order. Any thread.
class Dispatcher {
 public:
  /// `clock` and `assets` (nullptr: none) must outlive it.
  Dispatcher(io::Clock& clock, DispatcherOptions options, std::vector<HttpRoute> routes,
             const AssetStore* assets);

  struct Decision {
    std::optional<HttpResponse> answer;  ///< The answer, without any handler.
    const HttpRoute* route = nullptr;    ///< Else whose handler answers.
    bool is_file = false;                ///< The answer is a file of the page.
  };
  /// Decide; fills `request->captures`.
  Decision Decide(HttpRequest* request);

 private:
  io::Clock& clock_;
  Guard guard_;
  RateLimiter rate_;
  Router router_;
  const AssetStore* assets_;
};

}  // namespace tapelake::serve
