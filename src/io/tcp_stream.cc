#include "io/tcp_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tapelake::io {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::string NameOf(const TcpAddress& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

Result<SocketAddress> Resolve(const TcpAddress& address) {
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  SocketAddress found;
  auto* ipv4 = reinterpret_cast<sockaddr_in*>(&found.storage);
  if (::inet_pton(AF_INET, host.c_str(), &ipv4->sin_addr) == 1) {
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(address.port);
    found.size = sizeof(sockaddr_in);
    return found;
  }
  auto* ipv6 = reinterpret_cast<sockaddr_in6*>(&found.storage);
  if (::inet_pton(AF_INET6, host.c_str(), &ipv6->sin6_addr) == 1) {
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(address.port);
    found.size = sizeof(sockaddr_in6);
    return found;
  }
  return MakeError(ErrorKind::kInvalid, "'" + address.host +
                                            "' is no numeric address and not localhost: names are "
                                            "not looked up here");
}

}  // namespace

bool IsTcpHost(const std::string& host) {
  return Resolve({.host = host}).ok();
}

Result<std::unique_ptr<TcpStream>> TcpStream::Connect(const TcpAddress& address, Clock& clock,
                                                      int64_t until_micros) {
  TAPELAKE_ASSIGN_OR_RAISE(const SocketAddress to, Resolve(address));
  const int descriptor =
      ::socket(to.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    return MakeError(ErrorKind::kUnavailable,
                     "cannot make a socket for " + NameOf(address) + ": " + std::strerror(errno));
  }
  std::unique_ptr<TcpStream> stream(new TcpStream(descriptor, NameOf(address), clock));
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(descriptor, to.get(), to.size) == 0) return stream;
  if (errno != EINPROGRESS) return stream->Error("cannot connect to", errno);
  TAPELAKE_RETURN_NOT_OK(stream->Wait(POLLOUT, until_micros, "cannot connect to"));
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return stream->Error("cannot connect to", error);
  return stream;
}

TcpStream::~TcpStream() {
  ::close(descriptor_);
}

Result<size_t> TcpStream::Read(char* to, size_t size, int64_t until_micros) {
  while (true) {
    const ssize_t count = ::recv(descriptor_, to, size, 0);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Error("cannot read from", errno);
    TAPELAKE_RETURN_NOT_OK(Wait(POLLIN, until_micros, "cannot read from"));
  }
}

Status TcpStream::ReadAll(char* to, size_t size, int64_t until_micros) {
  const auto wake_at = [this](int bytes) {  // at worst it is woken more often
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
  };
  bool sleeps_long = false;
  Status status;
  while (size > 0 && status.ok()) {
    const ssize_t count = ::recv(descriptor_, to, size, 0);
    if (count > 0) {
      to += count;
      size -= static_cast<size_t>(count);
    } else if (count == 0) {
      status = MakeError(ErrorKind::kUnavailable, name_ + " closed the connection, " +
                                                      std::to_string(size) + " bytes too early");
    } else if (errno == EAGAIN) {
      wake_at(static_cast<int>(std::min<size_t>(size, kWakeBytes)));
      sleeps_long = true;
      status = Wait(POLLIN, until_micros, "cannot read from");
    } else if (errno != EINTR) {
      status = Error("cannot read from", errno);
    }
  }
  if (sleeps_long) wake_at(1);
  return status;
}

Status TcpStream::Write(std::string_view head, std::string_view body, int64_t until_micros) {
  while (!head.empty() || !body.empty()) {
    iovec pieces[2] = {{.iov_base = const_cast<char*>(head.data()), .iov_len = head.size()},
                       {.iov_base = const_cast<char*>(body.data()), .iov_len = body.size()}};
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = 2;
    const ssize_t count = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) return Error("cannot write to", errno);
    if (count < 0) {
      TAPELAKE_RETURN_NOT_OK(Wait(POLLOUT, until_micros, "cannot write to"));
      continue;
    }
    const size_t of_head = std::min(head.size(), static_cast<size_t>(count));
    head.remove_prefix(of_head);
    body.remove_prefix(static_cast<size_t>(count) - of_head);
  }
  return Status::OK();
}

Status TcpStream::Wait(short events, int64_t until_micros, const char* for_what) {
  while (true) {
    int wait_ms = -1;
    if (until_micros != kNever) {
      constexpr int64_t kMsMax = 1'000'000;
      const int64_t left_micros = until_micros - clock_.SteadyMicros();
      if (left_micros <= 0) {
        return MakeError(ErrorKind::kUnavailable,
                         std::string(for_what) + " " + name_ + ": no answer in time");
      }
      wait_ms = static_cast<int>(std::min((left_micros + 999) / 1000, kMsMax));
    }
    pollfd entry{.fd = descriptor_, .events = events, .revents = 0};
    const int ready = ::poll(&entry, 1, wait_ms);
    if (ready > 0) return Status::OK();  // what went wrong, the next call says
    if (ready < 0 && errno != EINTR) return Error(for_what, errno);
  }
}

Status TcpStream::Error(const char* action, int error) const {
  return MakeError(ErrorKind::kUnavailable,
                   std::string(action) + " " + name_ + ": " + std::strerror(error));
}

}  // namespace tapelake::io
