#include "serve/http/connection.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "serve/http/request_reader.h"

namespace tapelake::serve {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kLingerBytesMin = 1 << 20;
constexpr int64_t kLingerMicros = 1'000'000;
// What the kernel holds for a client that reads slowly is as stale as what we would hold.
constexpr int kEventSendBufferBytes = 64 << 10;

/// The bucket a client's requests are counted in. Whoever has an IPv6 address has its /64.
std::string AddressOf(const asio::ip::tcp::socket& socket) {
  error_code ec;
  const auto endpoint = socket.remote_endpoint(ec);
  if (ec) return "";
  const asio::ip::address address = endpoint.address();
  if (address.is_v4() || address.is_loopback()) return address.to_string();
  const asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return address.to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

/// What a TLS client's first byte is: the type of a record with a handshake in it (RFC 8446, 5.1).
constexpr char kHandshakeRecord = 0x16;

HttpRefusal Overloaded() {
  return {.status = 503,
          .kind = ErrorKind::kUnavailable,
          .message = "the server has more work than it can take; try again soon",
          .try_again = true};
}

HttpRefusal Full(const HttpServerOptions& options) {
  return {.status = 503,
          .kind = ErrorKind::kUnavailable,
          .message = "the server has " + std::to_string(options.connections_max) +
                     " connections already (" + options.section + ".clients_max)"};
}

HttpRefusal SpokenPlainly() {
  return {.message = "this port speaks TLS: call it by https:// and trust its certificate"};
}

std::string StreamFraming(bool chunked, bool keep_alive) {
  std::string framing = chunked ? "Transfer-Encoding: chunked\r\n" : "";
  if (!keep_alive) framing += "Connection: close\r\n";
  return framing;
}

std::string ChunkLength(size_t size) {
  char text[24];
  std::snprintf(text, sizeof(text), "%zx\r\n", size);
  return text;
}

}  // namespace

bool ConnectionSink::Ready() const {
  const std::lock_guard lock(mutex_);
  return connection_ != nullptr && !busy_ && !ending_;
}

bool ConnectionSink::Closed() const {
  const std::lock_guard lock(mutex_);
  return connection_ == nullptr;
}

void ConnectionSink::Send(std::shared_ptr<const std::string> text) {
  const std::lock_guard lock(mutex_);
  if (connection_ == nullptr || busy_ || ending_) return;
  text_ = std::move(text);
  busy_ = true;
  connection_->Wake();
}

void ConnectionSink::Close() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  if (connection_ != nullptr) connection_->Wake();
}

std::shared_ptr<const std::string> ConnectionSink::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(text_, nullptr);
}

void ConnectionSink::Sent() {
  const std::lock_guard lock(mutex_);
  busy_ = false;
}

bool ConnectionSink::ending() const {
  const std::lock_guard lock(mutex_);
  return ending_;
}

void ConnectionSink::Detach() {
  const std::lock_guard lock(mutex_);
  connection_ = nullptr;
}

Connection::Connection(asio::ip::tcp::socket socket, ConnectionEnvironment& environment)
    : environment_(environment),
      stream_(std::move(socket), environment.tls),
      news_(stream_.get_executor()),
      peer_(AddressOf(stream_.socket())) {
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  news_.expires_at(asio::steady_timer::time_point::max());
  environment_.connections.insert(this);
}

void Connection::Start() {
  ++environment_.connections_open;
  ++environment_.connections_total;
  // An exception can only be want of memory: it ends this connection.
  asio::co_spawn(stream_.get_executor(), Run(), [self = shared_from_this()](std::exception_ptr) {});
}

void Connection::StartRefusing() {
  ++environment_.connections_refused_total;
  asio::co_spawn(stream_.get_executor(), Refuse(),
                 [self = shared_from_this()](std::exception_ptr) {});
}

void Connection::Drop() {
  stream_.close();
}

void Connection::BeginClose() {
  closing_ = true;
  if (reading_) stream_.cancel();
  news_.cancel();
}

void Connection::DetachSink() {
  if (sink_ != nullptr) sink_->Detach();
}

void Connection::Wake() {
  asio::post(stream_.get_executor(), [self = weak_from_this()] {
    if (const auto connection = self.lock()) connection->news_.cancel();
  });
}

asio::awaitable<void> Connection::WaitForNews() {
  error_code ignored;
  co_await news_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Connection::Run() {
  bool go_on = true;
  if (stream_.encrypted()) go_on = co_await Greet();
  while (go_on && !closing_ && !environment_.closing)
    go_on = co_await ServeOne();
  DetachSink();
  if (!watches_peer_) co_await Linger();
  stream_.close();
  environment_.connections.erase(this);
  --environment_.connections_open;
}

/// Take a client of TLS in. Whoever speaks plainly here is told so in plain words: all that it
/// would see else is a connection that ends.
asio::awaitable<bool> Connection::Greet() {
  environment_.greeting.push_back(this);
  stream_.expires_after(std::chrono::microseconds(environment_.options.read_micros_max));
  reading_ = true;
  bool greeted = co_await stream_.ReadRaw(&buffer_, kReadBytes) > 0;
  const bool plain =
      greeted && static_cast<const char*>(buffer_.data().data())[0] != kHandshakeRecord;
  if (greeted && !plain) greeted = co_await stream_.Handshake(buffer_);
  reading_ = false;
  environment_.greeting.remove(this);
  buffer_.clear();
  if (!plain) co_return greeted;
  stream_.GoPlain();
  keep_alive_ = false;
  const HttpResponse response = RefusalOf(environment_.options, HttpRequest(), SpokenPlainly());
  co_return co_await WriteResponse(response);
}

asio::awaitable<void> Connection::Refuse() {
  keep_alive_ = false;
  const HttpResponse response =
      RefusalOf(environment_.options, HttpRequest(), Full(environment_.options));
  co_await WriteResponse(response);
  co_await Linger();
  stream_.close();
  environment_.connections.erase(this);
}

/// Bytes that wait unread at the end would reset the connection, and with it our last answer.
asio::awaitable<void> Connection::Linger() {
  stream_.expires_after(std::chrono::microseconds(kLingerMicros));
  reading_ = true;
  if (stream_.encrypted() && !closing_) co_await stream_.EndTls();
  error_code ec;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  const size_t bytes_max = std::max(kLingerBytesMin, environment_.options.body_bytes_max);
  size_t drained = 0;
  while (!ec && !closing_ && drained < bytes_max) {
    buffer_.clear();
    const size_t count = co_await stream_.ReadRaw(&buffer_, kReadBytes);
    if (count == 0) break;
    drained += count;
  }
  reading_ = false;
}

asio::awaitable<bool> Connection::ServeOne() {
  const bool go_on = co_await ServeRequest();
  environment_.bodies_bytes -= std::exchange(body_bytes_, 0);
  co_return go_on;
}

asio::awaitable<bool> Connection::ServeRequest() {
  const auto request = std::make_shared<HttpRequest>();
  HttpResponse response;
  keep_alive_ = true;
  head_only_ = false;
  const Read read = co_await ReadRequest(request.get(), &response);
  if (read == Read::kGone) co_return false;
  if (read == Read::kRefused) {
    keep_alive_ = false;
    co_return co_await WriteResponse(response);
  }
  Dispatcher::Decision decision = environment_.dispatcher.Decide(request.get());
  if (decision.answer) {
    response = *std::move(decision.answer);
    if (environment_.options.on_answered) {
      environment_.options.on_answered(decision.is_file ? "file" : "refused", response.status, 0);
    }
    co_return co_await WriteResponse(response);
  }
  if (decision.route->lane == HttpLane::kQuick) co_return co_await Answer(decision.route, request);
  const auto abandoned = std::make_shared<std::atomic<bool>>(false);
  request->abandoned = abandoned;
  asio::co_spawn(stream_.get_executor(), WatchWhileAnswering(abandoned),
                 [self = shared_from_this()](std::exception_ptr) {});
  const bool go_on = co_await Answer(decision.route, request);
  // Nothing else of this connection is under way: this ends the watch.
  error_code ignored;
  stream_.socket().cancel(ignored);
  co_return go_on;
}

asio::awaitable<bool> Connection::Answer(const HttpRoute* route,
                                         std::shared_ptr<const HttpRequest> request) {
  const HttpResponse response = co_await RunHandler(route, std::move(request));
  if (response.write_body) co_return co_await WriteStream(route, response);
  if (response.on_events && !head_only_) co_return co_await WriteEvents(response);
  co_return co_await WriteResponse(response);
}

asio::awaitable<Connection::Read> Connection::ReadRequest(HttpRequest* request,
                                                          HttpResponse* refusal) {
  error_code ec;
  if (buffer_.size() == 0) {
    stream_.expires_after(std::chrono::microseconds(environment_.options.idle_micros_max));
    reading_ = true;
    const size_t count = co_await stream_.async_read_some(
        buffer_.prepare(kReadBytes), asio::redirect_error(asio::use_awaitable, ec));
    reading_ = false;
    if (ec || closing_) co_return Read::kGone;
    buffer_.commit(count);
  }
  RequestReader reader(environment_.options, stream_, buffer_, &environment_.bodies_bytes);
  reading_ = true;
  const bool whole = co_await reader.Read(request, refusal);
  reading_ = false;
  body_bytes_ = reader.reserved_bytes();
  ++environment_.requests_total;
  request->peer = peer_;
  version_11_ = reader.version_11();
  head_only_ = request->method == "HEAD";
  if (closing_ || reader.gone()) co_return Read::kGone;
  if (!whole) co_return Read::kRefused;
  keep_alive_ = reader.keep_alive();
  co_return Read::kRequest;
}

bool Connection::Submit(const HttpRoute* route, std::function<void()> task) {
  TaskPool& pool = route->lane == HttpLane::kSlow ? environment_.slow : environment_.quick;
  return pool.Submit(std::move(task));
}

asio::awaitable<HttpResponse> Connection::RunHandler(const HttpRoute* route,
                                                     std::shared_ptr<const HttpRequest> request) {
  const auto answer = std::make_shared<std::optional<HttpResponse>>();
  const bool taken = Submit(route, [self = shared_from_this(), route, request, answer]() mutable {
    auto response = std::make_shared<HttpResponse>(route->handler(*request));
    const auto executor = self->stream_.get_executor();
    // `self` goes along: a connection ends on the server's thread.
    asio::post(executor, [self = std::move(self), answer, response] {
      *answer = std::move(*response);
      self->news_.cancel();
    });
  });
  if (!taken) co_return RefusalOf(environment_.options, *request, Overloaded());
  while (!answer->has_value())
    co_await WaitForNews();
  co_return std::move(**answer);
}

asio::awaitable<bool> Connection::WriteBytes(std::string_view head, std::string_view body) {
  error_code ec;
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head.data(), head.size()),
                                                     asio::buffer(body.data(), body.size())};
  stream_.expires_after(std::chrono::microseconds(environment_.options.write_micros_max));
  const size_t count =
      co_await asio::async_write(stream_, buffers, asio::redirect_error(asio::use_awaitable, ec));
  environment_.bytes_sent_total += static_cast<int64_t>(count);
  co_return !ec;
}

asio::awaitable<bool> Connection::WriteResponse(const HttpResponse& response) {
  if (response.status >= 400) ++environment_.errors_total;
  const std::string_view body =
      response.lasting_body.empty() ? std::string_view(response.body) : response.lasting_body;
  if (closing_) keep_alive_ = false;
  std::string framing;
  if (response.status != 204 && response.status != 304) {
    framing = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  if (!keep_alive_) {
    framing += "Connection: close\r\n";
  } else if (!version_11_) {
    framing += "Connection: keep-alive\r\n";
  }
  const std::string head = EncodeHead(response, framing);
  const bool written = co_await WriteBytes(head, head_only_ ? std::string_view() : body);
  co_return written&& keep_alive_;
}

asio::awaitable<bool> Connection::WriteStream(const HttpRoute* route,
                                              const HttpResponse& response) {
  const auto bridge = std::make_shared<StreamBridge>([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Wake();
  });
  const bool taken = Submit(
      route, [bridge, write_body = response.write_body] { bridge->Finish(write_body(*bridge)); });
  if (!taken) {
    const HttpResponse refusal = ErrorResponse(Overloaded());
    co_return co_await WriteResponse(refusal);
  }
  asio::steady_timer deadline(stream_.get_executor());
  deadline.expires_after(std::chrono::microseconds(environment_.options.stream_micros_max));
  deadline.async_wait([self = shared_from_this()](error_code ec) {
    if (!ec) self->BeginClose();
  });
  const bool whole = co_await SendChunks(bridge.get(), response);
  bridge->Abandon();
  co_return whole&& keep_alive_;
}

asio::awaitable<bool> Connection::SendChunks(StreamBridge* bridge, const HttpResponse& response) {
  if (!version_11_) keep_alive_ = false;
  const std::string_view end = version_11_ ? "0\r\n\r\n" : "";
  const std::string head = EncodeHead(response, StreamFraming(version_11_, keep_alive_));
  bool head_sent = false;
  while (!closing_) {
    const std::optional<std::string> chunk = bridge->TakeChunk();
    const std::optional<Status> finished = chunk ? std::nullopt : bridge->Finished();
    if (!chunk && !finished) {
      co_await WaitForNews();
      continue;
    }
    if (finished && !finished->ok()) {
      if (head_sent) co_return false;  // without its last chunk the body is seen to be cut
      const HttpResponse error = ErrorResponse(*finished);
      co_return co_await WriteResponse(error);
    }
    std::string before = std::exchange(head_sent, true) ? "" : head;
    std::string body = chunk ? *chunk : std::string(end);
    if (chunk && version_11_) {
      before += ChunkLength(chunk->size());
      body += "\r\n";
    }
    if (!co_await WriteBytes(before, body)) co_return false;
    if (finished) co_return true;
    bridge->Sent();
  }
  co_return false;
}

asio::awaitable<bool> Connection::WriteEvents(const HttpResponse& response) {
  error_code ignored;
  stream_.socket().set_option(asio::socket_base::send_buffer_size(kEventSendBufferBytes), ignored);
  const std::string head = EncodeHead(response, "Connection: close\r\n");
  if (!co_await WriteBytes(head, "")) co_return false;
  sink_ = std::make_shared<ConnectionSink>(this);
  watches_peer_ = true;
  asio::co_spawn(stream_.get_executor(), WatchPeer(),
                 [self = shared_from_this()](std::exception_ptr) {});
  response.on_events(sink_);
  while (!peer_gone_) {
    const std::shared_ptr<const std::string> text = sink_->Take();
    if (text != nullptr) {
      if (!co_await WriteBytes("", *text)) break;
      sink_->Sent();
    } else if (closing_ || sink_->ending()) {
      break;
    } else {
      co_await WaitForNews();
    }
  }
  co_return false;
}

/// Who waits for an answer and closes its side does not want it any more. Bytes may be the next
/// request: they stay where they are, and whoever sent them is taken to wait.
asio::awaitable<void> Connection::WatchWhileAnswering(
    std::shared_ptr<std::atomic<bool>> abandoned) {
  error_code ec;
  stream_.socket().non_blocking(true, ec);
  do {
    co_await stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
                                         asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return;
    char next = 0;
    stream_.socket().receive(asio::buffer(&next, 1), asio::socket_base::message_peek, ec);
  } while (ec == asio::error::would_block);
  if (ec) *abandoned = true;
}

/// Who listens to events says nothing: any byte, and the end, is the end.
asio::awaitable<void> Connection::WatchPeer() {
  error_code ignored;
  std::array<char, 64> scratch;
  stream_.expires_never();
  co_await stream_.async_read_some(asio::buffer(scratch),
                                   asio::redirect_error(asio::use_awaitable, ignored));
  peer_gone_ = true;
  news_.cancel();
}

}  // namespace tapelake::serve
