#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::source {

/// Where to go on in a shard.
struct ShardPlace {
  enum class Kind : uint8_t {
    kOldest = 1,  ///< With the oldest record that is kept.
    kTime = 2,    ///< With the first record written at `time_millis` or later.
    kAfter = 3,   ///< Behind the record `sequence`.
    kAt = 4,      ///< With the record `sequence`: the first that was found at a kOldest or kTime.
  };
  Kind kind = Kind::kOldest;
  int64_t time_millis = 0;  ///< Since 1970 UTC.
  std::string sequence = {};
  /// Of kAfter and kAt: what comes next was written at this time or later. So as long as the shard
  /// keeps records that long, nothing between was dropped.
  int64_t next_from_millis = 0;

  bool operator==(const ShardPlace&) const = default;
};

/// `oldest`, `time MILLIS`, `after SEQUENCE MILLIS` or `at SEQUENCE MILLIS`: the text of a
/// record::LogMark. Stored in commits: the words never change their meaning.
std::string FormatPlace(const ShardPlace& place);

/// Errors: kCorrupt, naming the text.
Result<ShardPlace> ParsePlace(std::string_view text);

}  // namespace tapelake::source
