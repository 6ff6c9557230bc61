#pragma once

/// Tables as text, in the form of source/simulation/expected_table.h.

#include <map>
#include <string>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "hudi/table/table.h"
#include "io/file_system.h"

namespace tapelake::sim {

/// The text of one cell, as expected tables write it. Errors: kInternal (a type they do not hold).
Result<std::string> CellText(const arrow::Array& array, int64_t row);

/// A table of texts: rows by key. A key stored twice is an error of whoever fills it.
struct TextTable {
  std::vector<std::string> columns;  ///< Key first, then by name.
  std::map<std::string, std::vector<std::string>> rows;

  /// CSV as source::WriteExpectedTable writes it.
  std::string ToCsv() const;
};

/// Read some columns (key first) of a snapshot, slice by slice, as a snapshot query does. Of a key
/// that is stored more than once the further rows go to `doubled`, if it is given.
/// Errors: those of hudi::SliceReader; kInternal (a key that is stored twice).
Result<TextTable> ReadSnapshot(io::FileSystem& files, const std::string& base_path,
                               const hudi::Snapshot& snapshot,
                               const std::vector<std::string>& columns,
                               std::vector<std::vector<std::string>>* doubled = nullptr);

/// The columns of a table that expected tables show: all but `_change_seq`, key first.
std::vector<std::string> ShownColumns(const arrow::Schema& schema, const std::string& key);

}  // namespace tapelake::sim
