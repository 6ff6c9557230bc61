#pragma once

/// What a KafkaLog needs of Kafka; librdkafka gives it (rd_kafka_consumer.h), tests give their own.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tapelake::source {

/// What came next. Views live until the next call of the consumer.
struct KafkaEvent {
  enum class Kind : uint8_t {
    kNothing = 0,
    kMessage = 1,
    kEnd = 2,         ///< The partition holds nothing more, for now.
    kOutOfRange = 3,  ///< The log has nothing at the place; it is not read until MoveTo().
    kFailure = 4,     ///< The consumer goes on trying by itself.
    kBroken = 5,      ///< This consumer is of no use any more; make another one.
  };
  Kind kind = Kind::kNothing;
  int32_t partition = -1;  ///< Of kMessage, kEnd and kOutOfRange.
  int64_t offset = 0;
  int64_t timestamp_millis = -1;  ///< Below 0: the message has none.
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};
  Status failure = {};
};

/// The offsets that a partition holds: `low` up to, without it, `high`.
struct KafkaRange {
  int64_t low = 0;
  int64_t high = 0;
};

/// What the group does with its partitions, told within Poll() and the destructor.
struct KafkaGroupCalls {
  /// A partition is ours; return the offset to read from.
  std::function<int64_t(int32_t partition)> on_assigned;
  /// It is not any more; nothing more of it comes.
  std::function<void(int32_t partition)> on_revoked;
};

/// A member of a consumer group that reads one topic. One thread. Errors everywhere: kUnauthorized,
/// kNotFound (no such topic), kInvalid (a setting), kUnavailable (anything that may pass).
class KafkaConsumer {
 public:
  virtual ~KafkaConsumer() = default;

  virtual Result<int32_t> CountPartitions() = 0;
  virtual Result<KafkaRange> RangeOf(int32_t partition) = 0;
  /// The offset of the first record written at `time_millis` or later, of each of the partitions
  /// from 0 on; where there is none, the end.
  virtual Result<std::vector<int64_t>> OffsetsAt(int64_t time_millis, int32_t partitions) = 0;

  /// Join the group. Once.
  virtual Status Subscribe(KafkaGroupCalls calls) = 0;
  /// Wait up to `wait_millis` for an event. Also what the group does happens here: call it often.
  virtual KafkaEvent Poll(int wait_millis) = 0;
  /// Read a partition that is ours on from another offset; nothing older of it comes any more.
  virtual Status MoveTo(int32_t partition, int64_t offset) = 0;
  /// While paused only what the group does happens, and no message comes. What was not polled
  /// before comes afterwards.
  virtual Status Pause(bool paused) = 0;
  /// Tell the brokers, for people and other tools, where a restart would read on. Not waited for.
  virtual void Commit(const std::map<int32_t, int64_t>& offsets) = 0;
};

}  // namespace tapelake::source
