#pragma once

/// From partition paths back to values.

#include <optional>
#include <string>
#include <string_view>

#include "hudi/format/file_name.h"

namespace tapelake::hudi {

/// The raw value for which PartitionPathPart() gives `path`. nullopt: it gives this for none, or
/// for an empty one (null or no text, the path does not say which).
std::optional<std::string> PartitionValueOf(std::string_view path, std::string_view field,
                                            const PartitionPathStyle& style);

}  // namespace tapelake::hudi
