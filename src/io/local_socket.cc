#include "io/local_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "io/file_system.h"

namespace tapelake::io {
namespace {

constexpr int kWaitingMax = 64;

Status SocketError(std::string_view action, const std::string& path, int error) {
  ErrorKind kind = ErrorKind::kUnavailable;
  if (error == ENOENT || error == ENOTDIR) kind = ErrorKind::kNotFound;
  if (error == EACCES || error == EPERM) kind = ErrorKind::kUnauthorized;
  return MakeError(kind, std::string(action) + " '" + path + "': " + std::strerror(error));
}

/// A socket's address. Addresses are short (107 bytes); a longer path is named by way of its
/// directory, which must stay open meanwhile.
class Address {
 public:
  explicit Address(const std::string& path) {
    address_.sun_family = AF_UNIX;
    std::string name = path;
    if (name.size() >= sizeof(address_.sun_path)) {
      directory_ = ::open(ParentPath(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
      if (directory_ < 0) error_ = errno;
      name = "/proc/self/fd/" + std::to_string(directory_) + "/" + FileName(path);
    }
    if (name.size() >= sizeof(address_.sun_path)) error_ = ENAMETOOLONG;
    if (error_ == 0) std::memcpy(address_.sun_path, name.data(), name.size());
  }
  Address(const Address&) = delete;
  Address& operator=(const Address&) = delete;
  ~Address() {
    if (directory_ >= 0) ::close(directory_);
  }

  int error() const { return error_; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  static constexpr socklen_t kSize = sizeof(sockaddr_un);

 private:
  sockaddr_un address_{};
  int directory_ = -1;
  int error_ = 0;
};

/// Remove what a dead process left. Nothing but a socket is touched.
Status RemoveSocket(const std::string& path) {
  struct stat st{};
  if (::lstat(path.c_str(), &st) != 0) {
    return errno == ENOENT ? Status::OK() : SocketError("cannot look at", path, errno);
  }
  if (!S_ISSOCK(st.st_mode)) {
    return MakeError(ErrorKind::kAlreadyExists, "'" + path + "' exists and is no socket");
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return SocketError("cannot remove the socket", path, errno);
  }
  return Status::OK();
}

}  // namespace

LocalConnection::~LocalConnection() {
  ::close(descriptor_);
}

Result<size_t> LocalConnection::Read(char* to, size_t size) {
  while (true) {
    const ssize_t count = ::recv(descriptor_, to, size, 0);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == ECONNRESET) return 0;
    if (errno != EINTR) return SocketError("cannot read from a", "local socket", errno);
  }
}

bool LocalConnection::Ready(int64_t wait_micros) {
  pollfd poll_entry{.fd = descriptor_, .events = POLLIN, .revents = 0};
  return ::poll(&poll_entry, 1, static_cast<int>(wait_micros / 1000)) > 0;
}

Status LocalConnection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SocketError("cannot write to a", "local socket", errno);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return Status::OK();
}

void LocalConnection::ShutDown() {
  ::shutdown(descriptor_, SHUT_RDWR);
}

Result<std::unique_ptr<LocalConnection>> ConnectLocal(const std::string& path) {
  const Address address(path);
  if (address.error() != 0) return SocketError("cannot connect to", path, address.error());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return SocketError("cannot make a socket for", path, errno);
  auto connection = std::make_unique<LocalConnection>(descriptor);
  while (::connect(descriptor, address.get(), Address::kSize) != 0) {
    if (errno != EINTR) return SocketError("cannot connect to", path, errno);
  }
  return connection;
}

Result<std::unique_ptr<LocalListener>> LocalListener::Listen(const std::string& path) {
  const Address address(path);
  if (address.error() != 0) return SocketError("cannot listen at", path, address.error());
  TAPELAKE_RETURN_NOT_OK(RemoveSocket(path));
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return SocketError("cannot make a socket for", path, errno);
  // The file is born with the mode of its socket: there is no moment in which others may connect.
  int error = 0;
  if (::fchmod(descriptor, 0600) != 0 || ::bind(descriptor, address.get(), Address::kSize) != 0) {
    error = errno;
  }
  if (error != 0) {
    ::close(descriptor);
    return SocketError("cannot listen at", path, error);
  }
  std::unique_ptr<LocalListener> listener(new LocalListener(descriptor, path));
  if (::listen(descriptor, kWaitingMax) != 0) return SocketError("cannot listen at", path, errno);
  return listener;
}

LocalListener::~LocalListener() {
  ::close(descriptor_);
  ::unlink(path_.c_str());
}

Result<std::unique_ptr<LocalConnection>> LocalListener::Accept() {
  while (!shut_down_.load()) {
    const int descriptor = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor >= 0) return std::make_unique<LocalConnection>(descriptor);
    if (errno == EINTR || errno == ECONNABORTED || shut_down_.load()) continue;
    return SocketError("cannot accept at", path_, errno);
  }
  return MakeError(ErrorKind::kShuttingDown, "nobody listens at '" + path_ + "' any more");
}

void LocalListener::ShutDown() {
  shut_down_.store(true);
  ::shutdown(descriptor_, SHUT_RDWR);
}

int64_t ProcessId() {
  return ::getpid();
}

}  // namespace tapelake::io
