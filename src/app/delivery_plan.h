#pragma once

#include <string>

#include "base/status.h"
#include "config/config.h"
#include "delivery/delivery.h"

namespace tapelake::app {

/// How the configuration wants the objects of `stream` (`database.table`) delivered.
///
/// Errors: kInvalid, naming the key: a layout that is none, objects among the files of a table,
/// and what Firehose demands of dynamic partitioning (64 MiB and an interval).
Result<delivery::DeliveryOptions> DeliveryOptionsOf(const config::Config& config,
                                                    const std::string& stream);

}  // namespace tapelake::app
