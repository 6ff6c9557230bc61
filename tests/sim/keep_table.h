#pragma once

/// Tables of a simulated disk, put where other engines can read them.

#include <string>

#include "base/status.h"
#include "testing/sim_disk.h"

namespace tapelake::sim {

/// Write the table at `base_path` to `directory`/table on the real disk, and `expected_csv` beside
/// it as expected.csv, for tests/sim/read_tables.py. Errors: kUnavailable.
Status KeepTable(const testing::SimDisk& disk, const std::string& base_path,
                 const std::string& directory, const std::string& expected_csv);

}  // namespace tapelake::sim
