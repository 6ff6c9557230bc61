#include "io/byte_stream.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <poll.h>
#include <unistd.h>

namespace tapelake::io {
namespace {

Status DescriptorError(const char* verb, int descriptor) {
  return MakeError(ErrorKind::kUnavailable, std::string("cannot ") + verb + " file descriptor " +
                                                std::to_string(descriptor) + ": " +
                                                std::strerror(errno));
}

}  // namespace

Result<size_t> DescriptorInput::Read(char* to, size_t size) {
  for (;;) {
    const ssize_t count = ::read(descriptor_, to, size);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) return DescriptorError("read", descriptor_);
  }
}

bool DescriptorInput::Ready(int64_t wait_micros) {
  pollfd entry{.fd = descriptor_, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, static_cast<int>(wait_micros / 1000)) > 0;
}

Status DescriptorOutput::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      return DescriptorError("write", descriptor_);
    }
  }
  return Status::OK();
}

}  // namespace tapelake::io
