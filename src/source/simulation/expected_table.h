#pragma once

/// The simulated table's own state as the CSV that a correct lake must equal.

#include <array>
#include <string>

#include "base/status.h"
#include "io/file_system.h"
#include "record/change.h"
#include "source/simulation/simulated_table.h"

namespace tapelake::source {

/// What the rows are shown with.
struct ExpectedTableOptions {
  record::RecordShape shape = record::RecordShape::kStreams;
  /// Which attributes midway have appeared in some change: their columns exist.
  std::array<bool, kAddedAttributesMax> added = {};
};

/// Write the table's rows as CSV: key column first, the others by name; rows by key; null `\N`;
/// timestamps with six decimals, decimals with 18; True and False; quotes only where needed; `\n`.
///
/// This is the oracle of the whole pipeline: it reads the table, never events, and shares no code
/// with src/transform. Memory: one row at a time besides the table itself and an index of it.
/// Errors: those of `files`.
Status WriteExpectedTable(const SimulatedTable& table, const ExpectedTableOptions& options,
                          io::FileSystem& files, const std::string& path);

}  // namespace tapelake::source
