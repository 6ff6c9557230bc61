#pragma once

/// The forms in which results leave the program, and where their text goes.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::query {

/// `tests/sql/README.md` shows each form.
enum class OutputFormat : uint8_t {
  kTable = 1,    ///< Aligned columns for people.
  kCsv = 2,      ///< Header, `\N` for null, quotes only where needed, '\n' line ends.
  kJson = 3,     ///< One array of objects per result.
  kNdjson = 4,   ///< One object per line.
  kParquet = 5,  ///< A file; needs an output path.
};

/// Parse `table`, `csv`, `json`, `ndjson` or `parquet`. Errors: kInvalid, naming the known ones.
Result<OutputFormat> ParseOutputFormat(std::string_view text);

/// The name that ParseOutputFormat accepts.
std::string_view OutputFormatName(OutputFormat format);

/// Receives text in order. A failure (a closed pipe, a full disk) ends the statement and is
/// returned to the caller as it is.
using TextSink = std::function<Status(std::string_view)>;

}  // namespace tapelake::query
