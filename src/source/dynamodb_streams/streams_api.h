#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/aws/json_client.h"
#include "source/pull/shard_api.h"

namespace tapelake::source {

/// How DynamoDB and its streams are called. Source: DynamoDB API Reference, 2012-08-10.
io::aws::JsonService DynamodbService();
io::aws::JsonService DynamodbStreamsService();

/// What DescribeTable says of a table.
struct DynamodbTable {
  std::string incarnation;  ///< When it was made: whole seconds since 1970.
  std::string stream_arn;   ///< Of its newest stream, also one that was turned off; empty: none.
  std::string stream_view;  ///< `NEW_AND_OLD_IMAGES` or less; empty: no stream is on.
  std::vector<std::string> keys;  ///< Names of its one or two key attributes.
};

/// Errors: those of JsonClient::ErrorOf(); kCorrupt. `client` is one of DynamodbService().
Result<DynamodbTable> DescribeDynamodbTable(io::aws::JsonClient& client, const std::string& table);

/// A stream of DynamoDB, by its API: of one ARN, or the newest one of a table. One thread.
class StreamsApi : public ShardApi {
 public:
  /// `tables` is asked for the stream of `table`; or, with an empty table, `arn` is the stream and
  /// `tables` may be nullptr. Both clients are shared with whoever else calls.
  StreamsApi(std::shared_ptr<io::aws::JsonClient> streams,
             std::shared_ptr<io::aws::JsonClient> tables, std::string table, std::string arn)
      : streams_(std::move(streams)),
        tables_(std::move(tables)),
        table_(std::move(table)),
        arn_(std::move(arn)) {}

  /// Errors: also kInvalid if the table has no stream, or one without images.
  Result<ShardListing> List() override;
  Result<ShardAnswer> GetIterator(const std::string& shard_id, const ShardPlace& place,
                                  bool with_last) override;
  Result<ShardAnswer> GetRecords(const std::string& iterator) override;

 private:
  Status FindStream();
  Result<std::string> DescribePage(const std::string& after, ShardListing* listing);

  std::shared_ptr<io::aws::JsonClient> streams_;
  std::shared_ptr<io::aws::JsonClient> tables_;
  std::string table_;
  std::string arn_;
};

/// Parse the answer of GetRecords, whose bytes become the page's buffer. Errors: kCorrupt. Pure.
Result<ShardPage> ParseStreamsPage(std::string answer);

}  // namespace tapelake::source
