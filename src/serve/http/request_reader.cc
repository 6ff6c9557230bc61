#include "serve/http/request_reader.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

#include "base/json.h"
#include "serve/http/target.h"

namespace tapelake::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

/// A body grows by so much, as it comes: whoever only says that much follows gets no memory by it,
/// and what is cleared and filled stays in the cache.
constexpr size_t kBodyStepBytes = 256 << 10;

/// Behind a body: who parses it in place may look so far beyond its end.
constexpr size_t kBodyRoomBytes = base::kJsonRoomBytes;

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

}  // namespace

HttpResponse RefusalOf(const HttpServerOptions& options, const HttpRequest& head,
                       const HttpRefusal& refusal) {
  return options.door ? options.door->refuse(head, refusal) : ErrorResponse(refusal);
}

RequestReader::RequestReader(const HttpServerOptions& options, HttpStream& stream,
                             beast::flat_buffer& buffer, size_t* bodies_bytes)
    : options_(options), stream_(stream), buffer_(buffer), bodies_bytes_(bodies_bytes) {
  parser_.header_limit(static_cast<uint32_t>(options_.head_bytes_max));
  parser_.body_limit(options_.body_bytes_max);
}

asio::awaitable<bool> RequestReader::Read(HttpRequest* request, HttpResponse* refusal) {
  error_code ec;
  request_ = request;
  stream_.expires_after(std::chrono::microseconds(options_.read_micros_max));
  co_await http::async_read_header(stream_, buffer_, parser_,
                                   asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return Fail(ec, refusal);
  if (!TakeHead(refusal)) co_return false;
  if (!parser_.is_done() && options_.door) {
    if (auto answer = options_.door->refuse_head(*request)) {
      *refusal = *std::move(answer);
      co_return false;
    }
  }
  if (!Reserve(refusal)) co_return false;
  if (!parser_.is_done()) {
    if (const auto expect = request->Field("expect"); expect && Lower(*expect) == "100-continue") {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                                 asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return Fail(ec, refusal);
    }
    stream_.expires_after(std::chrono::microseconds(options_.body_micros_max));
    if (const auto length = parser_.content_length()) {
      ec = co_await ReadBody(static_cast<size_t>(*length));
    } else {
      co_await http::async_read(stream_, buffer_, parser_,
                                asio::redirect_error(asio::use_awaitable, ec));
      request->body = std::move(parser_.get().body());
    }
    if (ec) co_return Fail(ec, refusal);
  }
  co_return true;
}

/// Beast's own way leads through its buffer; a body of that length needs no parser.
asio::awaitable<error_code> RequestReader::ReadBody(size_t bytes) {
  error_code ec;
  std::string& body = request_->body;
  body.reserve(bytes + kBodyRoomBytes);
  const auto read = buffer_.data();
  const size_t size = std::min(bytes, read.size());
  body.append(static_cast<const char*>(read.data()), size);
  buffer_.consume(size);
  while (body.size() < bytes && !ec) {
    const size_t before = body.size();
    const size_t step = std::min(bytes - before, kBodyStepBytes);
    body.resize(before + step);
    co_await asio::async_read(stream_, asio::buffer(body.data() + before, step),
                              asio::redirect_error(asio::use_awaitable, ec));
  }
  co_return ec;
}

bool RequestReader::Fail(error_code error, HttpResponse* refusal) {
  if (error == http::error::header_limit) {
    *refusal = Refusal(431, "the head of the request is longer than " +
                                std::to_string(options_.head_bytes_max) + " bytes");
  } else if (error == http::error::body_limit) {
    if (request_->fields.empty()) CopyFields();  // the head said how long it is
    *refusal = Refusal(413, "the body of the request is longer than " +
                                std::to_string(options_.body_bytes_max) + " bytes");
  } else if (error == http::error::bad_version) {
    *refusal = Refusal(505, "this port speaks HTTP/1.1");
  } else if (error.category() == http::make_error_code(http::error::bad_value).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    *refusal = Refusal(400, "the request is not valid HTTP/1.1: " + error.message());
  } else {
    gone_ = true;  // timed out, reset, or closed in the middle of a request
  }
  return false;
}

HttpResponse RequestReader::Refusal(int status, std::string message) const {
  return RefusalOf(options_, *request_, {.status = status, .message = std::move(message)});
}

bool RequestReader::Reserve(HttpResponse* refusal) {
  if (parser_.is_done()) return true;
  const auto length = parser_.content_length();
  const size_t wanted = length ? static_cast<size_t>(*length) : options_.body_bytes_max;
  if (*bodies_bytes_ + wanted > options_.bodies_bytes_max) {
    *refusal =
        RefusalOf(options_, *request_,
                  {.status = 503,
                   .kind = ErrorKind::kUnavailable,
                   .message = "the requests under way hold " + std::to_string(*bodies_bytes_) +
                              " bytes already; try again soon",
                   .try_again = true});
    return false;
  }
  *bodies_bytes_ += wanted;
  reserved_bytes_ = wanted;
  return true;
}

void RequestReader::CopyFields() {
  const auto& head = parser_.get();
  request_->method = View(head.method_string());
  for (const auto& field : head)
    request_->fields.emplace_back(Lower(View(field.name_string())), View(field.value()));
}

bool RequestReader::TakeHead(HttpResponse* refusal) {
  CopyFields();
  if (parser_.get().version() != 10 && parser_.get().version() != 11) {
    *refusal = Refusal(505, "this port speaks HTTP/1.1");
    return false;
  }
  Status status = CheckFields();
  if (status.ok()) status = ParseTarget(View(parser_.get().target()), request_);
  if (!status.ok()) *refusal = Refusal(400, status.message());
  return status.ok();
}

Status RequestReader::CheckFields() const {
  const HttpRequest& request = *request_;
  for (auto field = request.fields.begin(); field != request.fields.end(); ++field) {
    const std::string& name = field->first;
    const auto before = std::find_if(request.fields.begin(), field,
                                     [&name](const auto& other) { return other.first == name; });
    if (before == field || MayStandTwice(name)) continue;
    return MakeError(ErrorKind::kInvalid,
                     "the field '" + name + "' stands twice in the head of the request");
  }
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
