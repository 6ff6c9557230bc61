#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::io {

/// A key that encrypts data: as it is, and as its keeper encrypted it.
struct DataKey {
  std::string plaintext;   ///< 32 bytes, for AES-256. Never stored.
  std::string ciphertext;  ///< Stored beside what it encrypted; at most 6,144 bytes.
};

/// Keeps the keys that data keys are encrypted with: the two calls of AWS KMS that envelope
/// encryption takes, with their names. `context` is not secret; Decrypt() must be given the same
/// one. Any thread.
class KeyManagement {
 public:
  virtual ~KeyManagement() = default;

  /// Make a data key under the key `key_id` (a name that the keeper knows). Errors: kNotFound
  /// (there is no such key), kUnavailable.
  virtual Result<DataKey> GenerateDataKey(const std::string& key_id, std::string_view context) = 0;

  /// The plaintext of a data key. Errors: kUnauthorized (the keeper has not the key that it was
  /// made under; names that), kCorrupt (it is none, or of another context), kUnavailable.
  virtual Result<std::string> Decrypt(std::string_view ciphertext, std::string_view context) = 0;
};

}  // namespace tapelake::io
