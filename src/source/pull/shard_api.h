#pragma once

/// What Kinesis and DynamoDB Streams have in common: shards with parents, read by iterators.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "source/pull/shard_place.h"

namespace tapelake::source {

struct ShardInfo {
  std::string id;
  std::vector<std::string> parents = {};  ///< One of a split, two of a merge; also of shards gone.
  bool closed = false;                    ///< Nothing is written to it any more.
};

/// The shards of a stream, those that have ended and still keep records among them.
struct ShardListing {
  /// Tells this stream from an earlier one of the same name.
  std::string incarnation;
  int64_t retention_micros = 0;  ///< How long records are kept.
  std::vector<ShardInfo> shards;
};

/// Part of a shard's records.
struct ShardPage {
  struct Piece {
    size_t begin = 0;  ///< Into `buffer`.
    size_t size = 0;
  };
  /// A record of the shard, which holds any number of ours.
  struct Record {
    std::string sequence;     ///< Digits.
    int64_t time_micros = 0;  ///< When it was written; 0: not known.
    size_t pieces = 0;        ///< How many of `pieces`, in order, are its.
  };
  std::string buffer = {};  ///< All pieces, then at least record::kRecordPaddingBytes of anything.
  std::vector<Piece> pieces = {};
  std::vector<Record> records = {};
  int64_t wire_bytes = 0;          ///< As the service's limits count them.
  std::string next_iterator = {};  ///< Empty: the shard has ended and was read to its end.
  /// How far its end is; nullopt: not known. 0: nothing follows for now.
  std::optional<int64_t> behind_micros = {};
};

/// What a reader can do about an answer that is no success.
enum class ShardFault : uint8_t {
  kNone = 0,
  kThrottled = 1,
  kExpired = 2,  ///< The iterator has; ask for another.
  kTrimmed = 3,  ///< Records at the place are not kept any more.
  kGone = 4,     ///< There is no such shard.
};

struct ShardAnswer {
  ShardFault fault = ShardFault::kNone;
  std::string words = {};     ///< The service's own, for a fault.
  std::string iterator = {};  ///< Of GetIterator().
  ShardPage page = {};        ///< Of GetRecords().
};

/// One stream. One thread. Errors everywhere: those of io::aws::JsonClient::ErrorOf() that are no
/// ShardFault; kCorrupt (an answer that makes no sense).
class ShardApi {
 public:
  virtual ~ShardApi() = default;

  virtual Result<ShardListing> List() = 0;
  /// `with_last`: of a place kAfter, begin with the record itself instead of behind it.
  virtual Result<ShardAnswer> GetIterator(const std::string& shard_id, const ShardPlace& place,
                                          bool with_last) = 0;
  virtual Result<ShardAnswer> GetRecords(const std::string& iterator) = 0;
};

}  // namespace tapelake::source
