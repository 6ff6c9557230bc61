#pragma once

/// The records of frames, encrypted. Format: docs/internals/stream.md.

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "io/key_management.h"
#include "stream/frame_format.h"

namespace tapelake::stream {

/// Encrypts the records of frames. Each opening of a stream, and each segment, has a data key of
/// its own, so a count is a nonce that is never used twice. One thread.
class FrameEncryptor {
 public:
  /// `keys` may be nullptr: then there is no key. `context` is the stream's name.
  FrameEncryptor(std::shared_ptr<io::KeyManagement> keys, std::string context)
      : keys_(std::move(keys)), context_(std::move(context)) {}

  /// Let the frames of the segment that begins with a record be encrypted under the key `key_id`.
  /// Errors: kNotFound (there is no such key), kUnavailable.
  Status UseKey(const std::string& key_id, uint64_t segment);
  /// The data key in use, encrypted.
  const std::string& data_key() const { return data_key_.ciphertext; }

  /// Encrypt the records of a frame, compressed or not, behind room for a frame header. `header` is
  /// as it will be stored but for `encryption` and `stored_bytes`, which are set here, and the
  /// checksum. Valid until the next call. Errors: kUnavailable.
  Result<char*> Encrypt(std::string_view records, uint64_t salt, FrameHeader* header);

 private:
  const std::shared_ptr<io::KeyManagement> keys_;
  const std::string context_;
  std::string key_id_;
  uint64_t segment_ = 0;
  io::DataKey data_key_;
  uint64_t count_ = 0;  // of frames under that key
  std::vector<char> out_;
};

/// Decrypts the records of frames. Any thread.
class FrameDecryptor {
 public:
  /// As FrameEncryptor.
  FrameDecryptor(std::shared_ptr<io::KeyManagement> keys, std::string context)
      : keys_(std::move(keys)), context_(std::move(context)) {}

  /// The records of a frame from its stored bytes. Errors: kCorrupt (what is wrong, without the
  /// place), kUnauthorized (the key is not there), kUnavailable.
  Result<std::string> Decrypt(const FrameHeader& header, uint64_t salt,
                              std::string_view stored) const;
  /// A data key. Errors: as Decrypt().
  Result<std::string> DecryptDataKey(std::string_view ciphertext) const;

 private:
  const std::shared_ptr<io::KeyManagement> keys_;
  const std::string context_;

  mutable std::mutex mutex_;               // guards the next
  mutable std::deque<io::DataKey> known_;  // latest decrypted first
};

}  // namespace tapelake::stream
