#pragma once

/// The Avro schemas of Hudi's timeline files and archive, table version 6. Pure; any thread.

#include <memory>
#include <string_view>

#include "hudi/format/avro_type.h"

namespace tapelake::hudi {

/// The record type of this short name, for example `HoodieCompactionPlan`; its namespace is
/// `org.apache.hudi.avro.model`. The name must be one of those in the .cc file.
const AvroType& ServiceRecordType(std::string_view name);

}  // namespace tapelake::hudi
