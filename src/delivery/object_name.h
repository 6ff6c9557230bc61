#pragma once

/// Names of raw and error objects: where delivery writes them and a replay finds them. Pure.
///
/// On disk for ever: the forms below are what tools and people look for.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::delivery {

/// What the name of an object says.
struct ObjectName {
  std::string stream;
  int64_t cut_micros = 0;  ///< Whole seconds after ParseObjectName.
  uint64_t id = 0;         ///< Grows with every cut of the stream.
};

inline constexpr std::string_view kRawFolder = "raw";
inline constexpr std::string_view kErrorFolder = "errors";
inline constexpr std::string_view kRawEnding = ".ndjson.gz";
inline constexpr std::string_view kErrorEnding = ".ndjson";

/// `2026/11/22/09`: the hour directory of a moment, UTC.
std::string HourPath(int64_t micros);

/// `<stream>-1-2026-11-22-09-30-00-0000000042`, without an ending.
std::string FormatObjectName(const ObjectName& name);

/// Read a name with its `ending`; nullopt if it is none.
std::optional<ObjectName> ParseObjectName(std::string_view file_name, std::string_view ending);

/// `raw/<stream>/<hour>/<name>.ndjson.gz`, below the lake.
std::string RawObjectPath(const ObjectName& name);

/// `errors/<type>/<hour>/<name>.ndjson`, below the lake.
std::string ErrorObjectPath(std::string_view type, const ObjectName& name);

/// Check that a stream's name can be part of a path: letters, digits, `.`, `_`, `-`, at most 200
/// characters, no `.` in front. Errors: kInvalid, naming it.
Status CheckStreamName(const std::string& stream);

}  // namespace tapelake::delivery
