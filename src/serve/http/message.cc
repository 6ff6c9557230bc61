#include "serve/http/message.h"

#include "base/assert.h"
#include "base/json.h"

namespace tapelake::serve {
namespace {

// Scripts, styles and connections from this host alone, nothing inline; nobody may frame the page.
constexpr std::string_view kSecurityFields =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Embedder-Policy: require-corp\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n";

std::optional<std::string_view> Find(const HttpFields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> HttpRequest::Field(std::string_view name) const {
  return Find(fields, name);
}

std::optional<std::string_view> HttpRequest::Parameter(std::string_view name) const {
  return Find(query, name);
}

int HttpStatusOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return 400;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kAlreadyExists:
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kThrottled:
      return 429;
    case ErrorKind::kUnauthorized:
      return 403;
    case ErrorKind::kUnavailable:
    case ErrorKind::kShuttingDown:
      return 503;
    case ErrorKind::kCorrupt:
    case ErrorKind::kUnknownOutcome:
    case ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

std::string_view HttpReason(int http_status) {
  switch (http_status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

HttpResponse JsonResponse(std::string json) {
  HttpResponse response;
  response.content_type = "application/json; charset=utf-8";
  response.fields.emplace_back("Cache-Control", "no-store");
  response.body = std::move(json);
  return response;
}

HttpResponse ErrorResponse(int http_status, ErrorKind kind, std::string_view message) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("error").BeginObject();
  writer.Key("kind").String(ErrorKindName(kind));
  writer.Key("message").String(message);
  writer.EndObject().EndObject();
  HttpResponse response = JsonResponse(std::move(json));
  response.status = http_status;
  return response;
}

HttpResponse ErrorResponse(const Status& error) {
  const ErrorKind kind = KindOf(error);
  HttpResponse response = ErrorResponse(HttpStatusOf(kind), kind, error.message());
  if (response.status == 429) response.fields.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse ErrorResponse(const HttpRefusal& refusal) {
  HttpResponse response = ErrorResponse(refusal.status, refusal.kind, refusal.message);
  if (refusal.try_again) response.fields.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse TooManyResponse(std::string_view message, int64_t retry_after_seconds) {
  HttpResponse response = ErrorResponse(429, ErrorKind::kThrottled, message);
  response.fields.emplace_back("Retry-After", std::to_string(retry_after_seconds));
  return response;
}

std::string EncodeHead(const HttpResponse& response, std::string_view framing) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(HttpReason(response.status)).append("\r\n");
  head.append("Server: tapelake\r\n");
  if (response.for_browsers) head.append(kSecurityFields);
  if (!response.content_type.empty()) {
    head.append("Content-Type: ").append(response.content_type).append("\r\n");
  }
  for (const auto& [name, value] : response.fields) {
    TAPELAKE_ASSERT(value.find_first_of("\r\n") == std::string::npos);
    head.append(name).append(": ").append(value).append("\r\n");
  }
  return head.append(framing).append("\r\n");
}

}  // namespace tapelake::serve
