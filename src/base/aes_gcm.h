#pragma once

/// AES-256-GCM (NIST SP 800-38D), by OpenSSL. Pure; any thread.

#include <cstddef>
#include <string_view>

#include "base/status.h"

namespace tapelake::base {

inline constexpr size_t kAesKeyBytes = 32;
inline constexpr size_t kAesNonceBytes = 12;
inline constexpr size_t kAesTagBytes = 16;

/// Where bytes are encrypted: with which key, under which nonce (never twice with one key), and
/// what else must be the same when they are decrypted.
struct AesPlace {
  std::string_view key;
  std::string_view nonce;
  std::string_view context;
};

/// Encrypt `plain` to `out`, which has room for it and for the tag behind it. Errors: kUnavailable
/// (OpenSSL cannot).
Status EncryptAes(const AesPlace& place, std::string_view plain, char* out);

/// Decrypt what EncryptAes() made to `out`, which has room for it without its tag. Errors: kCorrupt
/// (it was not made so, with this key, nonce and context; nothing in `out` counts), kUnavailable.
Status DecryptAes(const AesPlace& place, std::string_view sealed, char* out);

}  // namespace tapelake::base
