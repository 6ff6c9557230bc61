#pragma once

/// The bytes of a connection, plain or over TLS. Internal to the server: names Boost.

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

namespace tapelake::serve {

/// What Beast calls an asynchronous stream: one type for both, so that whoever reads and writes
/// need not know. One thread.
class HttpStream {
 public:
  using executor_type = boost::beast::tcp_stream::executor_type;

  /// `tls`: what to speak TLS with (must outlive the stream); nullptr: nothing.
  HttpStream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls)
      : tcp_(std::move(socket)) {
    if (tls != nullptr) tls_ = std::make_unique<Tls>(tcp_, *tls);
  }

  executor_type get_executor() { return tcp_.get_executor(); }
  boost::asio::ip::tcp::socket& socket() { return tcp_.socket(); }
  void expires_after(std::chrono::microseconds time) { tcp_.expires_after(time); }
  void expires_never() { tcp_.expires_never(); }
  void cancel() { tcp_.cancel(); }
  void close() { tcp_.close(); }

  bool encrypted() const { return tls_ != nullptr; }
  /// Go on in plain, before the handshake: to somebody who does not speak TLS.
  void GoPlain() { tls_ = nullptr; }
  /// Read the first bytes as they come, before the handshake. 0: there are none.
  boost::asio::awaitable<size_t> ReadRaw(boost::beast::flat_buffer* buffer, size_t bytes_max);
  /// Shake hands with a client whose first bytes were read already. False: it does not come about.
  boost::asio::awaitable<bool> Handshake(const boost::beast::flat_buffer& begun);
  /// Say that nothing more comes and wait for the other side to say so, too.
  boost::asio::awaitable<void> EndTls();

  template <typename Token>
  using ResultOf =
      typename boost::asio::async_result<std::decay_t<Token>,
                                         void(boost::system::error_code, size_t)>::return_type;

  template <typename Buffers, typename Token>
  ResultOf<Token> async_read_some(const Buffers& buffers, Token&& token) {
    if (tls_ == nullptr) return tcp_.async_read_some(buffers, std::forward<Token>(token));
    return tls_->async_read_some(buffers, std::forward<Token>(token));
  }
  template <typename Buffers, typename Token>
  ResultOf<Token> async_write_some(const Buffers& buffers, Token&& token) {
    if (tls_ == nullptr) return tcp_.async_write_some(buffers, std::forward<Token>(token));
    return tls_->async_write_some(buffers, std::forward<Token>(token));
  }

 private:
  using Tls = boost::asio::ssl::stream<boost::beast::tcp_stream&>;

  boost::beast::tcp_stream tcp_;
  std::unique_ptr<Tls> tls_;  // nullptr: plain
};

}  // namespace tapelake::serve
