#include "serve/http/http_stream.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tapelake::serve {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace

asio::awaitable<size_t> HttpStream::ReadRaw(boost::beast::flat_buffer* buffer, size_t bytes_max) {
  error_code ec;
  const size_t count = co_await tcp_.async_read_some(buffer->prepare(bytes_max),
                                                     asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return 0;
  buffer->commit(count);
  co_return count;
}

asio::awaitable<bool> HttpStream::Handshake(const boost::beast::flat_buffer& begun) {
  error_code ec;
  co_await tls_->async_handshake(asio::ssl::stream_base::server, begun.data(),
                                 asio::redirect_error(asio::use_awaitable, ec));
  co_return !ec;
}

asio::awaitable<void> HttpStream::EndTls() {
  error_code ignored;
  co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace tapelake::serve
