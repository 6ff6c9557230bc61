#pragma once

/// Reads one request from a connection. Internal to the server: names Boost.

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "serve/http/http_server.h"
#include "serve/http/message.h"

namespace tapelake::serve {

/// One use, one request. What could be read in two ways is refused, so that nobody before or behind
/// this server sees other requests than it does.
class RequestReader {
 public:
  /// `*bodies_bytes`: what the bodies of all requests under way hold; the body's length, or what it
  /// may come to, is added before it is read.
  RequestReader(const HttpServerOptions& options, boost::beast::tcp_stream& stream,
                boost::beast::flat_buffer& buffer, size_t* bodies_bytes);

  /// Read head and body, each within `read_micros_max`. False: see gone(), else `*refusal` is the
  /// answer, after which the connection ends.
  boost::asio::awaitable<bool> Read(HttpRequest* request, HttpResponse* refusal);

  /// The client has gone without a request to be answered.
  bool gone() const { return gone_; }
  /// What was added to `*bodies_bytes`: to be taken off when the request is answered.
  size_t reserved_bytes() const { return reserved_bytes_; }
  bool keep_alive() const { return parser_.get().keep_alive(); }
  bool version_11() const { return parser_.get().version() >= 11; }

 private:
  bool Fail(boost::system::error_code error, HttpResponse* refusal);
  bool TakeHead(HttpRequest* request, HttpResponse* refusal);
  Status CheckFraming(const HttpRequest& request);
  bool Reserve(HttpResponse* refusal);

  const HttpServerOptions& options_;
  boost::beast::tcp_stream& stream_;
  boost::beast::flat_buffer& buffer_;
  size_t* const bodies_bytes_;
  size_t reserved_bytes_ = 0;
  boost::beast::http::request_parser<boost::beast::http::string_body> parser_;
  bool gone_ = false;
};

}  // namespace tapelake::serve
