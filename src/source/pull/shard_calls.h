#pragma once

#include <cstdint>
#include <string>

#include "io/aws/json_client.h"
#include "source/pull/shard_api.h"

namespace tapelake::source {

/// What fails is called again by the reader's own pace, not within the call.
inline constexpr int kShardCallTriesMax = 2;

/// The two calls by which shards are read, the same in Kinesis and DynamoDB Streams. `stream` is
/// how errors name it. One thread. Errors: as ShardApi.
class ShardCalls {
 public:
  /// Makes a page of the answer of GetRecords; the bytes may become its buffer.
  using PageParser = Result<ShardPage> (*)(std::string answer);

  ShardCalls(io::aws::JsonClient& client, const std::string& stream)
      : client_(client), stream_(stream) {}

  /// GetShardIterator with this body.
  Result<ShardAnswer> GetIterator(const std::string& body);
  Result<ShardAnswer> GetRecords(const std::string& iterator, int64_t records_max,
                                 PageParser parse);

 private:
  /// The answer's body, or in `*fault` what a reader can do about it.
  Result<std::string> Ask(const std::string& operation, const std::string& body,
                          ShardAnswer* fault);

  io::aws::JsonClient& client_;
  const std::string& stream_;
};

}  // namespace tapelake::source
