#include "lambda/keep_alive_client.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace tapelake::lambda {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr uint32_t kHeadBytesMax = 64 << 10;
constexpr size_t kFillBytes = 16 << 10;
constexpr uint16_t kDefaultPort = 80;

Status InvalidUrl(const std::string& url, const char* what) {
  return MakeError(ErrorKind::kInvalid, "'" + url + "': " + what);
}

std::string_view View(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string MakeHead(const io::HttpRequest& request, const HttpUrl& url) {
  std::string head = request.method + " " + url.target + " HTTP/1.1\r\nHost: " + url.authority;
  for (const io::HttpHeader& header : request.headers) {
    head.append("\r\n").append(header.name).append(": ").append(header.value);
  }
  if (request.method != "GET" || !request.body.empty()) {
    head.append("\r\nContent-Length: ").append(std::to_string(request.body.size()));
  }
  return head.append("\r\n\r\n");
}

Status NotHttp(const error_code& error) {
  return MakeError(ErrorKind::kUnknownOutcome,
                   "the answer is not valid HTTP/1.1: " + error.message());
}

Status ClosedEarly() {
  return MakeError(ErrorKind::kUnknownOutcome, "the connection was closed before the answer ended");
}

}  // namespace

Result<HttpUrl> ParseHttpUrl(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = url;
  if (!rest.starts_with(kScheme)) {
    return InvalidUrl(url, "only http:// is spoken here (no TLS)");
  }
  for (const char c : url) {
    if (c <= ' ' || c == 0x7F)
      return InvalidUrl(url, "a URL holds no blanks or control characters");
  }
  rest.remove_prefix(kScheme.size());
  HttpUrl parsed;
  const size_t path = std::min(rest.find_first_of("/?#"), rest.size());
  parsed.authority = rest.substr(0, path);
  parsed.target = rest.substr(path, rest.find('#') - path);
  if (!parsed.target.starts_with("/")) parsed.target.insert(0, "/");
  std::string_view host = parsed.authority;
  if (host.find('@') != std::string_view::npos) {
    return InvalidUrl(url, "a user name before the address is not supported");
  }
  const size_t colon = host.rfind(':');
  parsed.address.port = kDefaultPort;
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    const auto read = std::from_chars(port.begin(), port.end(), parsed.address.port);
    if (read.ec != std::errc() || read.ptr != port.end() || parsed.address.port == 0) {
      return InvalidUrl(url, "the port must be a number from 1 to 65535");
    }
    host = host.substr(0, colon);
  }
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  parsed.address.host = host;
  if (!io::IsTcpHost(parsed.address.host)) {
    return InvalidUrl(url, "write a numeric address or localhost: names are not looked up here");
  }
  return parsed;
}

struct KeepAliveClient::Parser : http::response_parser<http::string_body> {};

KeepAliveClient::KeepAliveClient(io::Clock& clock) : clock_(clock) {}
KeepAliveClient::~KeepAliveClient() = default;

Result<io::HttpResponse> KeepAliveClient::Send(const io::HttpRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(const HttpUrl url, ParseHttpUrl(request.url));
  const std::string head = MakeHead(request, url);
  silence_micros_ = request.silence_timeout_micros;
  end_micros_ = request.total_timeout_micros == 0
                    ? io::kNever
                    : clock_.SteadyMicros() + request.total_timeout_micros;
  if (stream_ != nullptr && address_ == url.address) {
    const int64_t patience_ends = Until();
    auto response = Exchange(head, request);
    const bool was_stale =
        !response.ok() && !answer_began_ && clock_.SteadyMicros() < patience_ends;
    if (!was_stale) return response;
  }
  stream_.reset();
  unread_.clear();
  const int64_t connect_until = clock_.SteadyMicros() + request.connect_timeout_micros;
  TAPELAKE_ASSIGN_OR_RAISE(
      stream_, io::TcpStream::Connect(url.address, clock_, std::min(connect_until, end_micros_)));
  address_ = url.address;
  return Exchange(head, request);
}

/// Until when the next byte must come or go.
int64_t KeepAliveClient::Until() const {
  if (silence_micros_ == io::kNever) return end_micros_;
  return std::min(clock_.SteadyMicros() + silence_micros_, end_micros_);
}

/// One try on stream_, which is kept if the answer allows it.
Result<io::HttpResponse> KeepAliveClient::Exchange(std::string_view head,
                                                   const io::HttpRequest& request) {
  answer_began_ = false;
  bool keep = false;
  auto response = Ask(head, request, &keep);
  if (!keep) stream_.reset();
  return response;
}

Result<io::HttpResponse> KeepAliveClient::Ask(std::string_view head, const io::HttpRequest& request,
                                              bool* keep) {
  const Status sent = stream_->Write(head, request.body, Until());
  if (!sent.ok()) return MakeError(ErrorKind::kUnknownOutcome, sent.message());
  Parser parser;
  parser.header_limit(kHeadBytesMax);
  parser.body_limit(boost::none);  // ReadBody sees to it
  TAPELAKE_RETURN_NOT_OK(ReadHead(&parser));
  io::HttpResponse response{.status = static_cast<int>(parser.get().result_int())};
  for (const auto& field : parser.get()) {
    response.headers.push_back(
        {Lower(View(field.name_string())), std::string(View(field.value()))});
  }
  if (request.spare != nullptr) response.body.swap(*request.spare);
  TAPELAKE_RETURN_NOT_OK(ReadBody(&parser, request.answer_bytes_max, &response.body));
  const bool is_cut =
      parser.content_length().value_or(0) > static_cast<uint64_t>(request.answer_bytes_max);
  *keep = parser.keep_alive() && unread_.empty() && !is_cut;
  return response;
}

/// Append to unread_ what comes next; 0: the other end has closed.
Result<size_t> KeepAliveClient::Fill() {
  const size_t before = unread_.size();
  unread_.resize(before + kFillBytes);
  const auto count = stream_->Read(unread_.data() + before, kFillBytes, Until());
  unread_.resize(before + (count.ok() ? *count : 0));
  if (!count.ok()) return MakeError(ErrorKind::kUnknownOutcome, count.status().message());
  answer_began_ |= *count > 0;
  return *count;
}

Status KeepAliveClient::ReadHead(Parser* parser) {
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(const size_t count, Fill());
    if (count == 0) return ClosedEarly();
    error_code error;
    unread_.erase(0, parser->put(asio::buffer(std::as_const(unread_)), error));
    if (error && error != http::error::need_more) return NotHttp(error);
    if (parser->is_header_done()) return Status::OK();
  }
}

Status KeepAliveClient::ReadBody(Parser* parser, int64_t bytes_max, std::string* body) {
  if (parser->is_done()) {
    body->clear();
    return Status::OK();
  }
  const auto length = parser->content_length();
  if (!length) {
    parser->body_limit(static_cast<uint64_t>(bytes_max));
    TAPELAKE_RETURN_NOT_OK(ReadInPieces(parser));
    *body = std::move(parser->get().body());
    return Status::OK();
  }
  // Most bytes go straight to their place, past the parser. A spare body that is long enough need
  // not be filled with zeros before.
  const size_t size = std::min(*length, static_cast<uint64_t>(bytes_max));
  body->reserve(size + kBodySlackBytes);
  body->resize(size);
  const size_t have = std::min(unread_.size(), size);
  std::memcpy(body->data(), unread_.data(), have);
  unread_.erase(0, have);
  const Status read = stream_->ReadAll(body->data() + have, size - have, Until());
  return read.ok() ? read : MakeError(ErrorKind::kUnknownOutcome, read.message());
}

/// Chunks, or all bytes until the connection ends.
Status KeepAliveClient::ReadInPieces(Parser* parser) {
  bool hungry = unread_.empty();
  while (!parser->is_done()) {
    error_code error;
    if (hungry) {
      TAPELAKE_ASSIGN_OR_RAISE(const size_t count, Fill());
      if (count == 0) {
        parser->put_eof(error);
        return error ? ClosedEarly() : Status::OK();
      }
    }
    unread_.erase(0, parser->put(asio::buffer(std::as_const(unread_)), error));
    if (error && error != http::error::need_more) return NotHttp(error);
    hungry = error == http::error::need_more || unread_.empty();
  }
  return Status::OK();
}

}  // namespace tapelake::lambda
