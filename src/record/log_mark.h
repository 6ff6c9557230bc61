#pragma once

#include <cstdint>
#include <string>

namespace tapelake::record {

/// How a place in a log is found again that does not count its records as we do.
///
/// Files and our own stream are read from an offset. So is a topic of Kafka; its mark tells its log
/// from another one. A shard of Kinesis or of DynamoDB Streams is
/// read from a sequence number, a text of up to 129 digits. Everything downstream counts records
/// from 0 on, shard by shard; the mark says where in the shard one such count stands.
struct LogMark {
  uint64_t offset = 0;  ///< Records of the log before the place.
  std::string text;     ///< The source's own words for it; only the source understands them.
  bool at_end = false;  ///< The log has ended, and nothing follows this place.
  bool operator==(const LogMark&) const = default;
};

}  // namespace tapelake::record
