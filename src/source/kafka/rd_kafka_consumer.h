#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "source/kafka/kafka_consumer.h"

namespace tapelake::source {

struct RdKafkaOptions {
  std::string brokers;  ///< `host:port`, several with commas.
  std::string topic;
  std::string group;
  /// Names this member to the brokers, so that it has its partitions again at once after a death.
  /// Empty: it has to wait until the dead one is missed.
  std::string instance;
  /// Settings of librdkafka, of security before all. Those that the source is built on win.
  std::map<std::string, std::string> properties = {};
};

/// A consumer of librdkafka. It has threads of its own, which fetch ahead.
///
/// The group rebalances cooperatively: partitions that stay are read on meanwhile. Offsets never
/// come from the group, and an offset that the log does not have is told, never reset.
class RdKafkaConsumer {
 public:
  /// Errors: kInvalid (a property that librdkafka does not know or take; names it). Does not wait
  /// for the brokers.
  static Result<std::unique_ptr<KafkaConsumer>> Make(const RdKafkaOptions& options);
};

}  // namespace tapelake::source
