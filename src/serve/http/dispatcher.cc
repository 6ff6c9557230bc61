#include "serve/http/dispatcher.h"

#include <utility>

namespace tapelake::serve {
namespace {

std::vector<HttpRoute> WithLogin(std::vector<HttpRoute> routes, Guard* guard) {
  routes.push_back(
      {.method = "POST",
       .pattern = "/api/v1/login",
       .handler = [guard](const HttpRequest& request) { return guard->Login(request); }});
  return routes;
}

HttpResponse NoContent(std::string methods) {
  HttpResponse response;
  response.status = 204;
  response.fields.emplace_back("Allow", std::move(methods));
  return response;
}

HttpResponse WrongMethod(std::string methods) {
  HttpResponse response =
      ErrorResponse(405, ErrorKind::kInvalid, "this path answers to " + methods + " only");
  response.fields.emplace_back("Allow", std::move(methods));
  return response;
}

}  // namespace

PageDispatcher::PageDispatcher(io::Clock& clock, DispatcherOptions options,
                               std::vector<HttpRoute> routes, const AssetStore* assets)
    : clock_(clock),
      guard_(clock, std::move(options.guard)),
      rate_(options.rate),
      router_(WithLogin(std::move(routes), &guard_)),
      assets_(assets) {}

Dispatcher::Decision PageDispatcher::Decide(HttpRequest* request) {
  if (const int64_t wait = rate_.Take(request->peer, clock_.SteadyMicros()); wait > 0) {
    return {.answer = TooManyResponse("too many requests from this address; wait",
                                      (wait + 999'999) / 1'000'000)};
  }
  if (auto refused = guard_.Refuse(*request)) return {.answer = std::move(refused)};

  Router::Match match = router_.Find(*request);
  const Asset* asset = assets_ == nullptr ? nullptr : assets_->Find(request->path);
  if (asset != nullptr) match.methods = "GET, HEAD, OPTIONS";
  if (match.methods.empty()) {
    return {.answer = ErrorResponse(404, ErrorKind::kNotFound, "there is nothing at this path")};
  }
  if (request->method == "OPTIONS") return {.answer = NoContent(std::move(match.methods))};
  if (asset != nullptr && (request->method == "GET" || request->method == "HEAD")) {
    return {.answer = ServeAsset(*asset, *request), .is_file = true};
  }
  if (match.route == nullptr) return {.answer = WrongMethod(std::move(match.methods))};
  request->captures = std::move(match.captures);
  return {.route = match.route};
}

}  // namespace tapelake::serve
