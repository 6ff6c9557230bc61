#pragma once

#include <string>

#include "base/status.h"
#include "hudi/format/table_config.h"
#include "io/file_system.h"

namespace tapelake::testing {

/// Give a new table at `base_path` a whole life: commits of inserts, updates and deletes in three
/// partitions, compactions (of merge-on-read), cleans, archival, a savepoint that is restored to,
/// and commits after it. Time and randomness are its own: on every file system the same life leaves
/// the same files, byte for byte. Every second commit opens the table anew.
Status LiveTableLife(io::FileSystem& files, const std::string& base_path, hudi::TableType type);

}  // namespace tapelake::testing
