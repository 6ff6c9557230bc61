#pragma once

/// Requests and answers of the HTTP port, as plain data.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "io/byte_stream.h"

namespace tapelake::serve {

class EventSink;

using HttpFields = std::vector<std::pair<std::string, std::string>>;

/// A request that was read whole. Names of header fields are in lower case; each name once, except
/// where HTTP joins them (the server refuses doubled `host`, `origin`, `authorization`).
struct HttpRequest {
  std::string method;                 ///< `GET`
  std::string path;                   ///< As it came, without the query.
  std::vector<std::string> segments;  ///< Of the path, decoded: `/a/b%20c` -> `a`, `b c`.
  HttpFields query;                   ///< Decoded, in the order of the URL; each name once.
  HttpFields fields;
  std::string body;
  std::string peer;                   ///< Address of the other end, without port.
  std::vector<std::string> captures;  ///< What stood at `*` segments of the route's pattern.
  /// Becomes true when the client has gone, while a handler of the slow lane or its stream works:
  /// nobody waits for the answer any more. nullptr: nobody looks.
  std::shared_ptr<const std::atomic<bool>> abandoned;

  /// The field's value; nullopt: there is none. `name` in lower case.
  std::optional<std::string_view> Field(std::string_view name) const;
  /// The parameter's value; nullopt: there is none.
  std::optional<std::string_view> Parameter(std::string_view name) const;
};

/// An answer. One of three bodies: bytes (`body` or `shared_body`), a stream that a thread writes
/// (`write_body`), or events (`on_events`).
struct HttpResponse {
  int status = 200;
  std::string content_type;  ///< Empty: no body.
  HttpFields fields;         ///< Further ones; never text from outside.
  /// Whether the fields that protect pages in a browser go along: not where no browser comes.
  bool for_browsers = true;
  std::string body;
  /// Bytes that outlive the answer (embedded files); used if not empty.
  std::string_view lasting_body;

  /// Writes the body on the thread of the handler. The head is sent with its first bytes: an error
  /// before becomes an error answer, an error after ends the connection in a way that the client
  /// can tell from a whole body. Write() blocks until its bytes are on their way.
  std::function<Status(io::ByteOutput&)> write_body;

  /// Gets the sink when the head has been sent; called on the server's thread, must not block.
  std::function<void(std::shared_ptr<EventSink>)> on_events;
};

/// What answers a request. Runs on a thread of the server's pool, several at once; may block.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

/// `{"error":{"kind":...,"message":...}}` with the status of the kind (docs/internals/live-api.md).
HttpResponse ErrorResponse(const Status& error);

/// The same with a status of its own (405, 408, 413...).
HttpResponse ErrorResponse(int http_status, ErrorKind kind, std::string_view message);

/// Why a request is answered before anybody who knows its protocol has seen it whole.
struct HttpRefusal {
  int status = 400;
  ErrorKind kind = ErrorKind::kInvalid;
  std::string message;
  bool try_again = false;  ///< It is the server's state: the answer says `Retry-After: 1`.
};
HttpResponse ErrorResponse(const HttpRefusal& refusal);

/// 429 with Retry-After.
HttpResponse TooManyResponse(std::string_view message, int64_t retry_after_seconds);

/// A JSON answer, not to be stored by anybody.
HttpResponse JsonResponse(std::string json);

/// The HTTP status of an error kind.
int HttpStatusOf(ErrorKind kind);

/// `Not Found` of 404; empty for a status the server never sends.
std::string_view HttpReason(int http_status);

/// The head of an answer: status line, the security fields that answers for browsers carry, its own
/// fields, and `framing` (complete lines for length and connection).
std::string EncodeHead(const HttpResponse& response, std::string_view framing);

}  // namespace tapelake::serve
