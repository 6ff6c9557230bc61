#include "serve/http/guard.h"

#include <array>
#include <utility>

#include "base/assert.h"
#include "base/json.h"
#include "serve/http/listen_address.h"

namespace tapelake::serve {
namespace {

constexpr std::string_view kLoginPath = "/api/v1/login";
constexpr int64_t kCookieSeconds = 30 * 86'400;
constexpr RateLimiterOptions kWrongTokens = {.per_second = 0.2, .burst = 5};

HttpResponse Forbidden(std::string_view message) {
  return ErrorResponse(403, ErrorKind::kUnauthorized, message);
}

HttpResponse TokenNeeded(std::string_view message) {
  HttpResponse response = ErrorResponse(401, ErrorKind::kUnauthorized, message);
  response.fields.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

HttpResponse Invalid(std::string_view message) {
  return ErrorResponse(400, ErrorKind::kInvalid, message);
}

/// Text that is safe in a cookie, whatever the token is made of.
std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

std::optional<std::string_view> CookieOf(const HttpRequest& request, std::string_view name) {
  std::string_view rest = request.Field("cookie").value_or("");
  while (!rest.empty()) {
    std::string_view part = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    while (part.starts_with(' '))
      part.remove_prefix(1);
    if (part.starts_with(name) && part.substr(name.size()).starts_with('=')) {
      return part.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

bool IsApi(const HttpRequest& request) {
  return request.path == "/metrics" || request.path.starts_with("/api/");
}

bool IsOwnOrigin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return origin.substr(scheme.size()) == host;
  }
  return false;
}

}  // namespace

bool EqualInConstantTime(std::string_view secret, std::string_view given) {
  unsigned difference = secret.size() == given.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned char>(expected) ^ static_cast<unsigned char>(given[i]);
  }
  return difference == 0;
}

Guard::Guard(io::Clock& clock, GuardOptions options)
    : clock_(clock), options_(std::move(options)), wrong_tokens_(kWrongTokens) {
  TAPELAKE_ASSERT(options_.loopback || !options_.token.empty());
}

std::optional<HttpResponse> Guard::Refuse(const HttpRequest& request) {
  if (auto refused = RefuseForeign(request)) return refused;
  for (const auto& [name, value] : request.query) {
    if (name == "token" || name == "access_token") {
      return Invalid(
          "a token in a URL ends up in logs and histories; send it as 'Authorization: "
          "Bearer TOKEN', or log in, and have this one replaced");
    }
  }
  if (request.method == "POST" &&
      !request.Field("content-type").value_or("").starts_with("application/json")) {
    return Invalid("POST requests need 'Content-Type: application/json'");
  }
  const bool is_login = request.path == kLoginPath;
  if (options_.loopback || is_login || !IsApi(request)) return std::nullopt;
  return RefuseWithoutToken(request);
}

std::optional<HttpResponse> Guard::RefuseForeign(const HttpRequest& request) const {
  const auto host = request.Field("host");
  if (!host || host->empty()) return Invalid("the request has no Host");
  if (options_.loopback && !IsLoopbackHost(*host)) {
    return Forbidden(
        "this port answers to loopback names only, such as 'localhost', not to the "
        "Host of this request");
  }
  const auto origin = request.Field("origin");
  if (origin && !IsOwnOrigin(*origin, *host)) {
    return Forbidden("the request comes from a page of another origin");
  }
  // A link on another site may open the page, but nothing there may make it work for it.
  if (IsApi(request) && request.Field("sec-fetch-site").value_or("") == "cross-site") {
    return Forbidden("the request was made by a page of another site");
  }
  return std::nullopt;
}

std::optional<HttpResponse> Guard::TryToken(const HttpRequest& request, const Attempt& attempt,
                                            bool* right) {
  if (const int64_t wait = wrong_tokens_.Ask(request.peer, clock_.SteadyMicros()); wait > 0) {
    return TooManyResponse("too many wrong tokens from this address; wait",
                           (wait + 999'999) / 1'000'000);
  }
  *right = EqualInConstantTime(attempt.secret, attempt.given);
  if (!*right) wrong_tokens_.Take(request.peer, clock_.SteadyMicros());
  return std::nullopt;
}

std::optional<HttpResponse> Guard::RefuseWithoutToken(const HttpRequest& request) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view authorization = request.Field("authorization").value_or("");
  const std::optional<std::string_view> cookie = CookieOf(request, options_.cookie_name);
  if (!authorization.starts_with(kBearer) && !cookie) {
    return TokenNeeded("this address demands the token: 'Authorization: Bearer TOKEN', or log in");
  }
  const std::string cookie_secret = Hex(options_.token);
  const Attempt attempt =
      authorization.starts_with(kBearer)
          ? Attempt{.secret = options_.token, .given = authorization.substr(kBearer.size())}
          : Attempt{.secret = cookie_secret, .given = *cookie};
  bool right = false;
  if (auto refused = TryToken(request, attempt, &right)) return refused;
  if (right) return std::nullopt;
  return TokenNeeded("the token is wrong");
}

HttpResponse Guard::Login(const HttpRequest& request) {
  const auto body = base::ParseJson(request.body);
  const base::JsonValue* token = body.ok() ? body->Find("token") : nullptr;
  if (token == nullptr || !token->is_string())
    return Invalid("the body must be {\"token\":\"...\"}");
  if (options_.loopback) return JsonResponse("{}");
  bool right = false;
  if (auto refused = TryToken(request, {.secret = options_.token, .given = token->text()}, &right))
    return *std::move(refused);
  if (!right) return TokenNeeded("the token is wrong");
  HttpResponse response = JsonResponse("{}");
  response.fields.emplace_back("Set-Cookie", options_.cookie_name + "=" + Hex(options_.token) +
                                                 "; HttpOnly; SameSite=Strict; Path=/; Max-Age=" +
                                                 std::to_string(kCookieSeconds));
  return response;
}

}  // namespace tapelake::serve
