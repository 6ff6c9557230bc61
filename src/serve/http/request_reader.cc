#include "serve/http/request_reader.h"

#include <algorithm>
#include <chrono>
#include <string>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

#include "serve/http/target.h"

namespace tapelake::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

std::string_view View(beast::string_view text) {
  return {text.data(), text.size()};
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

bool MayStandTwice(std::string_view name) {
  constexpr std::string_view kOnce[] = {"authorization", "content-length", "content-type",
                                        "cookie",        "expect",         "host",
                                        "last-event-id", "origin",         "transfer-encoding"};
  return std::find(std::begin(kOnce), std::end(kOnce), name) == std::end(kOnce);
}

HttpResponse BadRequest(std::string_view message) {
  return ErrorResponse(400, ErrorKind::kInvalid, message);
}

}  // namespace

RequestReader::RequestReader(const HttpServerOptions& options, beast::tcp_stream& stream,
                             beast::flat_buffer& buffer, size_t* bodies_bytes)
    : options_(options), stream_(stream), buffer_(buffer), bodies_bytes_(bodies_bytes) {
  parser_.header_limit(static_cast<uint32_t>(options_.head_bytes_max));
  parser_.body_limit(options_.body_bytes_max);
}

asio::awaitable<bool> RequestReader::Read(HttpRequest* request, HttpResponse* refusal) {
  error_code ec;
  stream_.expires_after(std::chrono::microseconds(options_.read_micros_max));
  co_await http::async_read_header(stream_, buffer_, parser_,
                                   asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return Fail(ec, refusal);
  if (!TakeHead(request, refusal) || !Reserve(refusal)) co_return false;
  if (!parser_.is_done()) {
    if (const auto expect = request->Field("expect"); expect && Lower(*expect) == "100-continue") {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                                 asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return Fail(ec, refusal);
    }
    stream_.expires_after(std::chrono::microseconds(options_.read_micros_max));
    co_await http::async_read(stream_, buffer_, parser_,
                              asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return Fail(ec, refusal);
  }
  request->body = std::move(parser_.get().body());
  co_return true;
}

bool RequestReader::Fail(error_code error, HttpResponse* refusal) {
  if (error == http::error::header_limit) {
    *refusal = ErrorResponse(431, ErrorKind::kInvalid,
                             "the head of the request is longer than " +
                                 std::to_string(options_.head_bytes_max) + " bytes");
  } else if (error == http::error::body_limit) {
    *refusal = ErrorResponse(413, ErrorKind::kInvalid,
                             "the body of the request is longer than " +
                                 std::to_string(options_.body_bytes_max) + " bytes");
  } else if (error == http::error::bad_version) {
    *refusal = ErrorResponse(505, ErrorKind::kInvalid, "this port speaks HTTP/1.1");
  } else if (error.category() == http::make_error_code(http::error::bad_value).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    *refusal = BadRequest("the request is not valid HTTP/1.1: " + error.message());
  } else {
    gone_ = true;  // timed out, reset, or closed in the middle of a request
  }
  return false;
}

bool RequestReader::Reserve(HttpResponse* refusal) {
  if (parser_.is_done()) return true;
  const auto length = parser_.content_length();
  const size_t wanted = length ? static_cast<size_t>(*length) : options_.body_bytes_max;
  if (*bodies_bytes_ + wanted > options_.bodies_bytes_max) {
    *refusal = ErrorResponse(503, ErrorKind::kUnavailable,
                             "the requests under way hold " + std::to_string(*bodies_bytes_) +
                                 " bytes already; try again soon");
    refusal->fields.emplace_back("Retry-After", "1");
    return false;
  }
  *bodies_bytes_ += wanted;
  reserved_bytes_ = wanted;
  return true;
}

bool RequestReader::TakeHead(HttpRequest* request, HttpResponse* refusal) {
  const auto& head = parser_.get();
  request->method = View(head.method_string());
  for (const auto& field : head) {
    std::string name = Lower(View(field.name_string()));
    if (!MayStandTwice(name) && request->Field(name)) {
      *refusal = BadRequest("the field '" + name + "' stands twice in the head of the request");
      return false;
    }
    request->fields.emplace_back(std::move(name), View(field.value()));
  }
  if (head.version() != 10 && head.version() != 11) {
    *refusal = ErrorResponse(505, ErrorKind::kInvalid, "this port speaks HTTP/1.1");
    return false;
  }
  Status status = CheckFraming(*request);
  if (status.ok()) status = ParseTarget(View(head.target()), request);
  if (!status.ok()) *refusal = BadRequest(status.message());
  return status.ok();
}

Status RequestReader::CheckFraming(const HttpRequest& request) {
  const auto length = request.Field("content-length");
  if (length && (length->empty() || length->find_first_not_of("0123456789") != length->npos)) {
    return MakeError(ErrorKind::kInvalid, "the request's length is no number");
  }
  const auto encoding = request.Field("transfer-encoding");
  if (!encoding) return Status::OK();
  if (Lower(*encoding) != "chunked" || !version_11()) {
    return MakeError(ErrorKind::kInvalid,
                     "the only transfer encoding here is 'chunked', in HTTP/1.1");
  }
  if (length) {
    return MakeError(ErrorKind::kInvalid,
                     "the request gives both a length and a transfer encoding");
  }
  return Status::OK();
}

}  // namespace tapelake::serve
