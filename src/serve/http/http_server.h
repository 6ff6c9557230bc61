#pragma once

/// The HTTP/1.1 server behind the page, its API and `/metrics`, and behind the AWS-compatible door:
/// plain, or over TLS.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/clock.h"
#include "serve/http/asset_store.h"
#include "serve/http/router.h"

namespace tapelake::serve {

/// A certificate, those between it and who issued it, and its private key, as PEM. The two texts
/// may be one that holds both.
struct TlsIdentity {
  std::string certificate_pem;
  std::string key_pem;
};

/// A protocol of its own over HTTP: it says itself who may do what, and how errors look.
struct HttpDoor {
  /// Answers every request, whatever its method and path, on the quick threads.
  HttpHandler answer;
  /// Words a refusal as the protocol does. `head`: what was read of the request, if anything,
  /// without its body. On the server's thread.
  std::function<HttpResponse(const HttpRequest& head, const HttpRefusal& refusal)> refuse;
  /// Asked before a body is read: an answer is the end of the request, and its body takes no
  /// memory. On the server's thread: must not block.
  std::function<std::optional<HttpResponse>(const HttpRequest& head)> refuse_head;
};

struct HttpServerOptions {
  std::string section = "dashboard";      ///< Of the configuration: what messages name.
  std::string listen = "127.0.0.1:8990";  ///< See ParseListenAddress().
  std::string token;  ///< What clients must show unless `listen` is loopback; then not empty.
  int64_t connections_max = 256;            ///< One more is answered 503.
  int64_t requests_per_second = 200;        ///< Of one address; more are answered 429.
  size_t head_bytes_max = 16 << 10;         ///< Of a request: 431 beyond.
  size_t body_bytes_max = 1 << 20;          ///< 413 beyond.
  size_t bodies_bytes_max = 256 << 20;      ///< Of all requests under way together: 503 beyond.
  int64_t idle_micros_max = 75'000'000;     ///< Between two requests of a connection.
  int64_t read_micros_max = 10'000'000;     ///< For a head or a handshake, however it trickles.
  int64_t body_micros_max = 10'000'000;     ///< For a body, whole.
  int64_t write_micros_max = 15'000'000;    ///< For one answer, event or chunk.
  int64_t stream_micros_max = 600'000'000;  ///< For an answer with write_body.
  int quick_threads = 2;
  int slow_threads = 3;
  size_t waiting_max = 128;  ///< Requests that wait for a thread of their lane: 503 beyond.
  /// Called for each answer with the pattern of its route (`file`: of the page, `refused`: no
  /// handler was asked), status, and how long the handler took; any thread. May be empty.
  std::function<void(const std::string& route, int status, int64_t micros)> on_answered;
  /// Serve a door's protocol: there are no routes, files, guard, rate or on_answered then.
  std::optional<HttpDoor> door;
  /// Speak TLS (1.2 or later). A door that other machines reach must.
  std::optional<TlsIdentity> tls;
  /// Asked when a connection comes, at most once in a second: an identity to show from now on;
  /// nullopt: the one that is shown. One that cannot be used changes nothing. On the server's
  /// thread. May be empty.
  std::function<std::optional<TlsIdentity>()> renewed_tls;
};

struct HttpCounters {
  int64_t connections = 0;  ///< Open now.
  int64_t connections_total = 0;
  int64_t connections_refused_total = 0;
  int64_t requests_total = 0;
  int64_t errors_total = 0;  ///< Answers of 400 and more.
  int64_t bytes_sent_total = 0;
};

/// Serves the routes and the files of `assets`, behind the checks of Guard, or a door; within the
/// limits above.
///
/// One thread does all reading and writing; handlers run on the threads of their lane, so that a
/// long statement holds up nobody else. Answers of a connection come in the order of its requests;
/// the next request is read when the answer is written. At most one chunk or event per connection
/// is in memory on its way out. Start() and Stop() belong to one thread.
///
/// Hostile input ends with an error answer and, where the end of the request is not certain, the
/// end of its connection; it never reaches a handler. Who speaks plainly to a server of TLS is told
/// so. A handshake has as long as a head; when all connections are taken, the oldest one that has
/// not got through it makes room.
class HttpServer {
 public:
  /// `clock` and `assets` (nullptr: none) must outlive it. `POST /api/v1/login` is added to the
  /// routes. With `options.door` there are neither routes nor assets.
  HttpServer(io::Clock& clock, HttpServerOptions options, std::vector<HttpRoute> routes,
             const AssetStore* assets);
  /// Stops.
  ~HttpServer();

  /// Begin to listen. Errors: kInvalid (the address; no token or no TLS where it is needed; a
  /// certificate or key that cannot be used), kAlreadyExists (the port is taken), kUnavailable.
  Status Start();

  /// Stop listening, let handlers under way end and answer, close everything. Streams end after the
  /// chunk or event under way. What handlers wait for (statements) must be interrupted before.
  void Stop();

  /// The port it listens at, after Start().
  uint16_t port() const;
  /// Any thread.
  HttpCounters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::serve
