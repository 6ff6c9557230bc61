#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::source {

/// Where to go on in a partition of a topic.
///
/// Positions downstream are Kafka's own offsets plus a base that is 0 until the log turns out to be
/// another one. The text is a record::LogMark's, whose `offset` stands for `reference`: so the base
/// is found again whatever was added to it meanwhile.
struct KafkaPlace {
  int64_t reference = 0;  ///< The offset that the mark's position stands for; at most `next`.
  int64_t next = 0;       ///< The offset that is read next.
  /// Of the record before `next`, as KafkaFingerprint() gives it; nullopt: none was read there.
  std::optional<uint64_t> fingerprint = {};
  bool operator==(const KafkaPlace&) const = default;
};

/// `REFERENCE NEXT FINGERPRINT`, in decimal, the last one in 16 hexadecimal digits or `-`. Stored
/// in commits: never change its meaning.
std::string FormatKafkaPlace(const KafkaPlace& place);

/// Errors: kCorrupt, naming the text.
Result<KafkaPlace> ParseKafkaPlace(std::string_view text);

/// Tells a record from what stands at its offset in another log of the same name. Stored in
/// commits. Absent key or value: nullopt. Pure; any thread.
uint64_t KafkaFingerprint(std::optional<std::string_view> key,
                          std::optional<std::string_view> value, int64_t timestamp_millis);

}  // namespace tapelake::source
