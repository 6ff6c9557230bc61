#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/aws/json_client.h"
#include "source/pull/shard_api.h"

namespace tapelake::source {

/// How Kinesis Data Streams is called. Source: Kinesis Data Streams API Reference, 2013-12-02.
io::aws::JsonService KinesisService();

/// A Kinesis stream, by its API. The data of a record is one record of ours, or, aggregated by the
/// producer library, several. One thread.
class KinesisApi : public ShardApi {
 public:
  /// `stream`: a name or an ARN. `client` is one of KinesisService().
  KinesisApi(std::unique_ptr<io::aws::JsonClient> client, std::string stream);

  Result<ShardListing> List() override;
  Result<ShardAnswer> GetIterator(const std::string& shard_id, const ShardPlace& place,
                                  bool with_last) override;
  Result<ShardAnswer> GetRecords(const std::string& iterator) override;

 private:
  Result<std::string> Ask(const std::string& operation, const std::string& body);
  std::string StreamMember() const;

  std::unique_ptr<io::aws::JsonClient> client_;
  std::string stream_;
};

/// Parse the answer of GetRecords. Errors: kCorrupt. Pure; any thread.
Result<ShardPage> ParseKinesisPage(std::string_view answer);

}  // namespace tapelake::source
