#pragma once

#include <string>

#include "base/status.h"
#include "config/config.h"
#include "delivery/delivery.h"

namespace tapelake::app {

/// How the configuration wants the objects of `stream` (`database.table`) delivered. Their
/// transform lacks its function: see TransformOf().
///
/// Errors: kInvalid, naming the key: a layout that is none, objects among the files of a table,
/// what Firehose demands of dynamic partitioning (64 MiB and an interval), a transform that is none
/// or that a prefix would need.
Result<delivery::DeliveryOptions> DeliveryOptionsOf(const config::Config& config,
                                                    const std::string& stream);

/// The transform of that stream's records; its `function` is empty if there is none.
const config::TransformConfig& TransformOf(const config::Config& config, const std::string& stream);

}  // namespace tapelake::app
