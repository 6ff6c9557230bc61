#pragma once

#include <string_view>

namespace tapelake::stream {

/// Return whether `key` is 1 to kPartitionKeyCharsMax characters of valid UTF-8.
bool IsPartitionKey(std::string_view key);

}  // namespace tapelake::stream
