#pragma once

#include <string>
#include <vector>

#include "serve/http/message.h"

namespace tapelake::serve {

/// Which threads run a handler.
enum class HttpLane : uint8_t {
  kQuick = 1,  ///< Milliseconds.
  kSlow = 2,   ///< Seconds: SQL, files.
};

/// One row of the handler table.
struct HttpRoute {
  std::string method;   ///< `GET` also answers HEAD.
  std::string pattern;  ///< `/api/v1/tables/*/files`: a segment `*` stands for any one, not empty.
  HttpHandler handler;
  HttpLane lane = HttpLane::kQuick;
};

/// Finds the route of a request. Immutable; any thread.
class Router {
 public:
  explicit Router(std::vector<HttpRoute> routes);

  struct Match {
    const HttpRoute* route = nullptr;   ///< nullptr: see `methods`.
    std::vector<std::string> captures;  ///< Of the `*` segments.
    /// What the path answers to (`GET, HEAD, OPTIONS`); empty: no such path.
    std::string methods;
  };
  /// Exact: no trailing slash is added or taken away, case counts.
  Match Find(const HttpRequest& request) const;

 private:
  struct Entry {
    HttpRoute route;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;
};

}  // namespace tapelake::serve
