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
  /// What comes next was written at this time or later: so as long as the shard keeps records that
  /// long, nothing between was dropped. 0: not known; of kOldest, what is dropped is not missed.
  int64_t next_from_millis = 0;

  bool operator==(const ShardPlace&) const = default;
};

/// `oldest`, `time TIME`, `after SEQUENCE` or `at SEQUENCE`, and behind it the time that what comes
/// next was written at or later (the first two: only if it is known): the text of a
/// record::LogMark. Stored in commits: the words never change their meaning.
std::string FormatPlace(const ShardPlace& place);

/// Errors: kCorrupt, naming the text.
Result<ShardPlace> ParsePlace(std::string_view text);

}  // namespace tapelake::source
