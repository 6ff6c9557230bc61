#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/random.h"

namespace tapelake::security {

/// A key pair of the kind that AWS clients sign with.
struct AccessKey {
  std::string access_key_id;      ///< `AKIA` and 16 of `A-Z2-7`: public.
  std::string secret_access_key;  ///< 40 of the base64 alphabet.
  std::string name;               ///< Whose it is, for people; 1..64 of `A-Z a-z 0-9 _ . @ -`.
  int64_t created_micros = 0;

  bool operator==(const AccessKey&) const = default;
};

inline constexpr size_t kKeyNameCharsMax = 64;

/// Whether `name` can be a key's.
bool IsKeyName(std::string_view name);

/// Whether `id` looks like the id of a key of ours.
bool IsAccessKeyId(std::string_view id);

/// Make a new pair; `random` must not be predictable (io::SystemRandom).
AccessKey MakeAccessKey(io::Random& random, std::string name, int64_t now_micros);

}  // namespace tapelake::security
