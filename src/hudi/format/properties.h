#pragma once

/// Java properties text, the form of hoodie.properties and .hoodie_partition_metadata.

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::hudi {

/// Keys and values, unescaped, UTF-8.
using Properties = std::map<std::string, std::string>;

/// Parse Java properties text: `#` and `!` comments, `=`, `:` or blank between key and value,
/// continuation lines, `\t \n \r \f \uXXXX` (surrogate pairs too) and `\x` = x. Bytes above 0x7f
/// are taken as UTF-8 if the whole text is UTF-8, else as Latin-1. A key given twice keeps its last
/// value. Errors: kCorrupt, naming the line (broken `\u` escape, lone surrogate, NUL byte).
Result<Properties> ParseProperties(std::string_view text);

/// Format as Java properties: `comment` as a first `#` line (none if empty; must be one line), then
/// one `key=value` line per entry in key order, escaped so that the text is pure ASCII and
/// ParseProperties gives the same map.
std::string FormatProperties(const Properties& properties, std::string_view comment);

}  // namespace tapelake::hudi
