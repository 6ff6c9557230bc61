#pragma once

#include <string_view>
#include <vector>

namespace tapelake::source {

/// One record of an aggregate.
struct AggregatedRecord {
  std::string_view partition_key;
  std::string_view explicit_hash_key;  ///< Empty: its producer gave none.
  std::string_view data;
};

/// Take a record apart that the Kinesis Producer Library made of several: four magic bytes, the
/// protobuf message AggregatedRecord, the MD5 of that message. Format: "KPL Aggregated Record
/// Format", in the documentation of the library.
///
/// Append the records in it, as views, and return true; return false, with `*records` as it was,
/// if the bytes are no such record or do not hold together (checksum, message). They are then one
/// record by themselves, which nobody can read, and go where such records go.
///
/// All records of an aggregate are taken, also those whose key does not fall into the shard: after
/// a split the producer sends these again, and what comes twice is known as such later.
/// Pure; any thread. Memory: some fifty bytes a record besides.
bool SplitAggregate(std::string_view bytes, std::vector<std::string_view>* records);

/// The same with the records' keys; false also if a record names a key that is not there.
bool SplitAggregate(std::string_view bytes, std::vector<AggregatedRecord>* records);

}  // namespace tapelake::source
