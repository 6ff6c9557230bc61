#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tapelake::security {

/// Signs small texts that clients carry for us (iterators, tokens of the next page), so that what
/// comes back is what was given: HMAC-SHA256, cut to 16 bytes. Clients can read them, not make
/// them. Immutable; any thread.
class TokenSigner {
 public:
  /// `key` is secret and not guessable.
  explicit TokenSigner(std::string key) : key_(std::move(key)) {}

  /// Base64 of `payload` and its signature.
  std::string Sign(std::string_view payload) const;

  /// The payload of a token of ours; nullopt: it is none.
  std::optional<std::string> Open(std::string_view token) const;

 private:
  std::string Mac(std::string_view payload) const;

  const std::string key_;
};

}  // namespace tapelake::security
