#pragma once

#include <string_view>
#include <vector>

namespace tapelake::source {

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
/// Pure; any thread.
bool SplitAggregate(std::string_view bytes, std::vector<std::string_view>* records);

}  // namespace tapelake::source
