#include "serve/http/router.h"

#include <utility>

#include "base/assert.h"
#include "serve/http/target.h"

namespace tapelake::serve {
namespace {

bool Fits(const std::vector<std::string>& pattern, const std::vector<std::string>& segments,
          std::vector<std::string>* captures) {
  if (pattern.size() != segments.size()) return false;
  captures->clear();
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "*" && !segments[i].empty()) {
      captures->push_back(segments[i]);
    } else if (pattern[i] != segments[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

Router::Router(std::vector<HttpRoute> routes) {
  for (HttpRoute& route : routes) {
    HttpRequest pattern;
    TAPELAKE_ASSERT(ParseTarget(route.pattern, &pattern).ok());
    entries_.push_back({.route = std::move(route), .segments = std::move(pattern.segments)});
  }
}

Router::Match Router::Find(const HttpRequest& request) const {
  const std::string_view method =
      request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
  Match match;
  std::vector<std::string> captures;
  for (const Entry& entry : entries_) {
    if (!Fits(entry.segments, request.segments, &captures)) continue;
    if (entry.route.method == method && match.route == nullptr) {
      match.route = &entry.route;
      match.captures = captures;
    }
    match.methods += entry.route.method == "GET" ? "GET, HEAD, " : entry.route.method + ", ";
  }
  if (!match.methods.empty()) match.methods += "OPTIONS";
  return match;
}

}  // namespace tapelake::serve
