#pragma once

/// Partition keys as Firehose's MetadataExtraction processor states them. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "delivery/object_layout.h"

namespace tapelake::delivery {

/// The keys of a query `{pair:.trading_pair,"day":."the day"}`: names of keys, and of the members
/// of a record that they are. This much of jq is known. Errors: kInvalid, quoting the query.
Result<std::vector<PartitionKey>> ParsePartitionQuery(std::string_view query);

/// The query that stands for the keys; empty: there are none.
std::string FormatPartitionQuery(const std::vector<PartitionKey>& keys);

}  // namespace tapelake::delivery
