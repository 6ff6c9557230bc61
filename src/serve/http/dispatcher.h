#pragma once

#include <optional>
#include <utility>
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

/// Decides what answers a request. Any thread.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;

  struct Decision {
    std::optional<HttpResponse> answer;  ///< The answer, without any handler.
    const HttpRoute* route = nullptr;    ///< Else whose handler answers.
    bool is_file = false;                ///< The answer is a file of the page.
  };
  /// Decide; may fill `request->captures`.
  virtual Decision Decide(HttpRequest* request) = 0;
};

/// Rate, guard, files, routes, in this order.
class PageDispatcher : public Dispatcher {
 public:
  /// `clock` and `assets` (nullptr: none) must outlive it.
  PageDispatcher(io::Clock& clock, DispatcherOptions options, std::vector<HttpRoute> routes,
                 const AssetStore* assets);

  Decision Decide(HttpRequest* request) override;

 private:
  io::Clock& clock_;
  Guard guard_;
  RateLimiter rate_;
  Router router_;
  const AssetStore* assets_;
};

/// One handler for everything.
class DoorDispatcher : public Dispatcher {
 public:
  explicit DoorDispatcher(HttpHandler handler) : route_{.handler = std::move(handler)} {}

  Decision Decide(HttpRequest*) override { return {.route = &route_}; }

 private:
  const HttpRoute route_;
};

}  // namespace tapelake::serve
