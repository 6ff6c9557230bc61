#pragma once

/// The key of a lake under which the records of its streams are encrypted, in a file for its user
/// alone (mode 0600):
///
///     tapelake-key 1
///     id <16 bytes, base64>
///     key <32 bytes, base64>
///
/// Who has the file can read the streams, and without it nobody can. On disk: version 1 is never
/// changed.

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/key_management.h"
#include "io/local_file_system.h"

namespace tapelake::security {

/// The one name that such a key has, as AWS calls the key that it keeps for Kinesis.
inline constexpr std::string_view kStreamKeyAlias = "alias/aws/kinesis";

/// Read the key in a file; make it, durably, if there is none. One process at a time may. Errors:
/// kCorrupt (names the file), kUnavailable, kUnauthorized.
Result<std::shared_ptr<io::KeyManagement>> OpenStreamKey(io::LocalFileSystem& files,
                                                         const std::string& path);

}  // namespace tapelake::security
