#pragma once

/// What another engine must know to write to a table of ours without breaking it.

#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/table/table.h"
#include "io/file_system.h"

namespace tapelake::app {

/// Rules for writers other than Tapelake, most important first; one sentence each. They depend on
/// what hoodie.properties carries. `key_with_colon`: see FindKeyWithColon. Pure.
std::vector<std::string> CoWriterAdvice(const hudi::TableConfig& config,
                                        const std::string& key_with_colon);

/// Return one record key that holds ':' (Hudi 0.15 and 1.x hash such keys to different buckets), or
/// an empty text. Reads the key column until it finds one. Errors: kCorrupt, kUnavailable.
Result<std::string> FindKeyWithColon(io::FileSystem& files, const std::string& table_path,
                                     const hudi::Snapshot& snapshot);

}  // namespace tapelake::app
