#pragma once

/// Reads one request from a connection. Internal to the server: names Boost.

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "serve/http/http_server.h"
#include "serve/http/http_stream.h"
#include "serve/http/message.h"

namespace tapelake::serve {

/// A refusal in the words of who is served: the door, or the page.
HttpResponse RefusalOf(const HttpServerOptions& options, const HttpRequest& head,
                       const HttpRefusal& refusal);

/// One use, one request. What could be read in two ways is refused, so that nobody before or behind
/// this server sees other requests than it does.
class RequestReader {
 public:
  /// `*bodies_bytes`: what the bodies of all requests under way hold; the body's length, or what it
  /// may come to, is added before it is read.
  RequestReader(const HttpServerOptions& options, HttpStream& stream,
                boost::beast::flat_buffer& buffer, size_t* bodies_bytes);

  /// Read head and body, each within its time. False: see gone(), else `*refusal` is the answer,
  /// after which the connection ends.
  boost::asio::awaitable<bool> Read(HttpRequest* request, HttpResponse* refusal);

  /// The client has gone without a request to be answered.
  bool gone() const { return gone_; }
  /// What was added to `*bodies_bytes`: to be taken off when the request is answered.
  size_t reserved_bytes() const { return reserved_bytes_; }
  bool keep_alive() const { return parser_.get().keep_alive(); }
  bool version_11() const { return parser_.get().version() >= 11; }

 private:
  /// The body of a request that says how long it is.
  boost::asio::awaitable<boost::system::error_code> ReadBody(size_t bytes);
  bool Fail(boost::system::error_code error, HttpResponse* refusal);
  bool TakeHead(HttpResponse* refusal);
  Status CheckFields() const;
  bool Reserve(HttpResponse* refusal);
  void CopyFields();
  HttpResponse Refusal(int status, std::string message) const;

  const HttpServerOptions& options_;
  HttpStream& stream_;
  boost::beast::flat_buffer& buffer_;
  size_t* const bodies_bytes_;
  size_t reserved_bytes_ = 0;
  HttpRequest* request_ = nullptr;  // of Read()
  boost::beast::http::request_parser<boost::beast::http::string_body> parser_;
  bool gone_ = false;
};

}  // namespace tapelake::serve
