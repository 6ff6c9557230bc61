#pragma once

/// Unix domain stream sockets: how processes of one machine and one user talk.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/byte_stream.h"

namespace tapelake::io {

/// One end of a connection. One thread reads, one writes; ShutDown() may come from any. Destroying
/// it closes it.
class LocalConnection : public ByteInput, public ByteOutput {
 public:
  /// Owns the descriptor.
  explicit LocalConnection(int descriptor) : descriptor_(descriptor) {}
  ~LocalConnection() override;
  LocalConnection(const LocalConnection&) = delete;
  LocalConnection& operator=(const LocalConnection&) = delete;

  /// 0: the other end is gone or ShutDown() was called.
  Result<size_t> Read(char* to, size_t size) override;
  bool Ready(int64_t wait_micros) override;
  Status Write(std::string_view bytes) override;

  /// End both directions: whoever reads or writes here or at the other end returns.
  void ShutDown();

 private:
  int descriptor_;
};

/// Connect to who listens at `path`. Errors: kNotFound (no such socket), kUnavailable (nobody
/// listens there any more, or too many wait), kUnauthorized (another user's).
Result<std::unique_ptr<LocalConnection>> ConnectLocal(const std::string& path);

/// Listens at a path of the file system. Accept() belongs to one thread, ShutDown() to any.
/// Destroying it closes the socket and removes its file.
class LocalListener {
 public:
  /// Listen; only this user may connect (file mode 0600). Whatever socket lies at `path` is
  /// replaced: the caller holds a lock that says nobody else listens there.
  /// Errors: kAlreadyExists (something that is no socket lies there), kUnavailable, kNotFound and
  /// kUnauthorized (of the directory).
  static Result<std::unique_ptr<LocalListener>> Listen(const std::string& path);
  ~LocalListener();
  LocalListener(const LocalListener&) = delete;
  LocalListener& operator=(const LocalListener&) = delete;

  /// Wait for the next connection. Errors: kShuttingDown (after ShutDown()), kUnavailable (this one
  /// failed, for example for want of descriptors; try again after a pause).
  Result<std::unique_ptr<LocalConnection>> Accept();

  /// Let Accept() return.
  void ShutDown();

 private:
  LocalListener(int descriptor, std::string path)
      : descriptor_(descriptor), path_(std::move(path)) {}

  int descriptor_;
  std::string path_;
  std::atomic<bool> shut_down_{false};
};

/// The id of this process.
int64_t ProcessId();

}  // namespace tapelake::io
