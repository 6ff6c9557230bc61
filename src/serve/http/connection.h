#pragma once

/// One client's connection. Internal to the server: names Boost.

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "serve/http/dispatcher.h"
#include "serve/http/event_sink.h"
#include "serve/http/http_server.h"
#include "serve/http/http_stream.h"
#include "serve/http/message.h"
#include "serve/http/stream_bridge.h"
#include "serve/http/task_pool.h"

namespace tapelake::serve {

class Connection;

/// What the connections of a server share. `connections`, `greeting`, `bodies_bytes` and `closing`
/// belong to its thread.
struct ConnectionEnvironment {
  const HttpServerOptions& options;
  Dispatcher& dispatcher;
  TaskPool& quick;
  TaskPool& slow;
  boost::asio::ssl::context* tls = nullptr;  ///< nullptr: plain.

  std::set<Connection*> connections;
  std::list<Connection*> greeting;  ///< Those in their handshake, oldest first.
  size_t bodies_bytes = 0;          ///< Reserved for the requests under way.
  bool closing = false;
  std::atomic<int64_t> connections_open = 0;
  std::atomic<int64_t> connections_total = 0;
  std::atomic<int64_t> connections_refused_total = 0;
  std::atomic<int64_t> requests_total = 0;
  std::atomic<int64_t> errors_total = 0;
  std::atomic<int64_t> bytes_sent_total = 0;
};

/// The events of one connection. The connection outlives its use: it detaches itself at its end.
class ConnectionSink : public EventSink {
 public:
  explicit ConnectionSink(Connection* connection) : connection_(connection) {}
  bool Ready() const override;
  bool Closed() const override;
  void Send(std::shared_ptr<const std::string> text) override;
  void Close() override;

  // The server's thread.

  std::shared_ptr<const std::string> Take();
  void Sent();
  bool ending() const;
  void Detach();

 private:
  mutable std::mutex mutex_;
  Connection* connection_;  // nullptr: it has ended
  std::shared_ptr<const std::string> text_;
  bool busy_ = false;
  bool ending_ = false;
};

/// Reads requests and writes answers, one after the other. All methods on the server's thread,
/// except Wake().
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, ConnectionEnvironment& environment);

  /// Serve until either side ends it; keeps itself alive.
  void Start();
  /// Answer 503 and end; plain connections only.
  void StartRefusing();
  /// End at once, whatever is under way.
  void Drop();
  /// End as soon as the answer, chunk or event under way is written.
  void BeginClose();
  /// Let the sink of events know that nothing can be sent any more.
  void DetachSink();
  /// Let whoever waits for news look again. Any thread, while the server's thread runs.
  void Wake();

 private:
  enum class Read { kRequest = 1, kGone = 2, kRefused = 3 };

  boost::asio::awaitable<void> Run();
  boost::asio::awaitable<bool> Greet();
  boost::asio::awaitable<void> Refuse();
  boost::asio::awaitable<bool> ServeOne();
  boost::asio::awaitable<bool> ServeRequest();
  boost::asio::awaitable<Read> ReadRequest(HttpRequest* request, HttpResponse* refusal);
  boost::asio::awaitable<HttpResponse> RunHandler(const HttpRoute* route,
                                                  std::shared_ptr<const HttpRequest> request);
  boost::asio::awaitable<bool> WriteResponse(const HttpResponse& response);
  boost::asio::awaitable<bool> WriteStream(const HttpRoute* route, const HttpResponse& response);
  boost::asio::awaitable<bool> SendChunks(StreamBridge* bridge, const HttpResponse& response);
  boost::asio::awaitable<bool> WriteEvents(const HttpResponse& response);
  boost::asio::awaitable<bool> WriteBytes(std::string_view head, std::string_view body);
  boost::asio::awaitable<void> WatchPeer();
  boost::asio::awaitable<bool> Answer(const HttpRoute* route,
                                      std::shared_ptr<const HttpRequest> request);
  boost::asio::awaitable<void> WatchWhileAnswering(std::shared_ptr<std::atomic<bool>> abandoned);
  boost::asio::awaitable<void> WaitForNews();
  boost::asio::awaitable<void> Linger();
  bool Submit(const HttpRoute* route, std::function<void()> task);

  ConnectionEnvironment& environment_;
  HttpStream stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer news_;  // never fires: cancelled when there are news
  std::string peer_;
  bool reading_ = false;
  bool closing_ = false;
  bool watches_peer_ = false;
  bool peer_gone_ = false;
  // Of the request under way.
  size_t body_bytes_ = 0;  // what it holds of environment_.bodies_bytes
  bool keep_alive_ = true;
  bool head_only_ = false;
  bool version_11_ = true;
  std::shared_ptr<ConnectionSink> sink_;
};

}  // namespace tapelake::serve
