#include "bench/plain_http_client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

namespace tapelake::bench {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr std::string_view kScheme = "http://";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

struct AddressesDelete {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};

Status Failed(ErrorKind kind, const std::string& what) {
  return MakeError(kind, what + ": " + std::strerror(errno));
}

std::string HeadOf(const io::HttpRequest& request, std::string_view authority,
                   std::string_view path) {
  std::string head = request.method + " ";
  head.append(path).append(" HTTP/1.1\r\nhost: ").append(authority).append(kLineEnd);
  for (const io::HttpHeader& header : request.headers)
    head += header.name + ": " + header.value + "\r\n";
  return head + "content-length: " + std::to_string(request.body.size()) + "\r\n\r\n";
}

/// `HTTP/1.1 200 OK` and lines of headers.
Result<io::HttpResponse> ParseHead(std::string_view head) {
  io::HttpResponse response;
  std::string_view line = head.substr(0, head.find(kLineEnd));
  const std::string_view digits = line.substr(std::min(line.size(), line.find(' ') + 1));
  if (!line.starts_with("HTTP/1.1 ") ||
      std::from_chars(digits.data(), digits.data() + digits.size(), response.status).ec !=
          std::errc()) {
    return MakeError(ErrorKind::kUnknownOutcome, "no answer of HTTP/1.1: " + std::string(line));
  }
  while (line.size() < head.size()) {
    head.remove_prefix(line.size() + kLineEnd.size());
    line = head.substr(0, head.find(kLineEnd));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::string_view value = line.substr(colon + 1);
    response.headers.push_back(
        {std::move(name),
         std::string(value.substr(std::min(value.find_first_not_of(' '), value.size())))});
  }
  return response;
}

}  // namespace

PlainHttpClient::~PlainHttpClient() {
  Close();
}

void PlainHttpClient::Close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  received_.clear();
}

Status PlainHttpClient::Connect(const std::string& authority) {
  const size_t colon = authority.rfind(':');
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(authority.substr(0, colon).c_str(),
                                 authority.substr(colon + 1).c_str(), &hints, &found);
  if (code != 0) return MakeError(ErrorKind::kUnavailable, ::gai_strerror(code));
  const std::unique_ptr<addrinfo, AddressesDelete> addresses(found);
  socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return Failed(ErrorKind::kUnavailable, "socket");
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(socket_, found->ai_addr, found->ai_addrlen) == 0) return Status::OK();
  const Status failed = Failed(ErrorKind::kUnavailable, "connect to " + authority);
  Close();
  return failed;
}

Status PlainHttpClient::Write(std::string_view head, std::string_view body) {
  while (!head.empty() || !body.empty()) {
    std::array<iovec, 2> parts{{{const_cast<char*>(head.data()), head.size()},
                                {const_cast<char*>(body.data()), body.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t count = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed(ErrorKind::kUnknownOutcome, "send");
    const auto sent = static_cast<size_t>(count);
    const size_t of_head = std::min(sent, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(sent - of_head);
  }
  return Status::OK();
}

Status PlainHttpClient::ReadMore() {
  const size_t before = received_.size();
  received_.resize(before + kReadBytes);
  ssize_t count = 0;
  do {
    count = ::recv(socket_, received_.data() + before, kReadBytes, 0);
  } while (count < 0 && errno == EINTR);
  received_.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
  if (count > 0) return Status::OK();
  return count < 0 ? Failed(ErrorKind::kUnknownOutcome, "receive")
                   : MakeError(ErrorKind::kUnknownOutcome, "the connection ended");
}

Result<io::HttpResponse> PlainHttpClient::ReadAnswer() {
  received_.clear();
  size_t head_bytes = 0;
  while ((head_bytes = received_.find(kHeadEnd)) == std::string::npos)
    TAPELAKE_RETURN_NOT_OK(ReadMore());
  TAPELAKE_ASSIGN_OR_RAISE(io::HttpResponse response,
                           ParseHead(std::string_view(received_).substr(0, head_bytes)));
  const std::string* length = response.Find("content-length");
  if (length == nullptr) {
    return MakeError(ErrorKind::kUnknownOutcome, "the answer does not say how long it is");
  }
  const size_t begin = head_bytes + kHeadEnd.size();
  const size_t body_bytes = std::strtoull(length->c_str(), nullptr, 10);
  while (received_.size() < begin + body_bytes)
    TAPELAKE_RETURN_NOT_OK(ReadMore());
  response.body = received_.substr(begin, body_bytes);
  const std::string* connection = response.Find("connection");
  if (connection != nullptr && *connection == "close") Close();
  return response;
}

Result<io::HttpResponse> PlainHttpClient::Send(const io::HttpRequest& request) {
  if (!request.url.starts_with(kScheme)) {
    return MakeError(ErrorKind::kInvalid, "no http:// URL: " + request.url);
  }
  const std::string_view place = std::string_view(request.url).substr(kScheme.size());
  const size_t slash = std::min(place.find('/'), place.size());
  const std::string authority(place.substr(0, slash));
  if (socket_ < 0) TAPELAKE_RETURN_NOT_OK(Connect(authority));
  Status status = Write(HeadOf(request, authority, place.substr(slash)), request.body);
  if (!status.ok()) {
    Close();
    return status;
  }
  auto response = ReadAnswer();
  if (!response.ok()) Close();
  return response;
}

}  // namespace tapelake::bench
