#pragma once

/// Rows of golden tables as the text of their CSV files, for C++ tests.

#include <algorithm>
#include <filesystem>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/util/checked_cast.h>

#include "base/time.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/snapshot_source.h"
#include "hudi/table/table.h"

namespace tapelake::golden {

using Row = std::vector<std::string>;

/// The names of all golden tables, sorted: what lies in tests/golden is the list.
inline std::vector<std::string> AllGoldenTables(const std::string& source_folder) {
  constexpr std::string_view kSuffix = ".tar.zst";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder + "/tests/golden")) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kSuffix)) names.push_back(name.substr(0, name.size() - kSuffix.size()));
  }
  std::ranges::sort(names);
  return names;
}

inline bool HasSideFile(const std::string& source_folder, const std::string& name) {
  return std::filesystem::exists(source_folder + "/tests/golden/" + name);
}

/// Those that have the side file NAME.<extension>.
inline std::vector<std::string> GoldenTablesWith(const std::string& source_folder,
                                                 const std::string& extension) {
  std::vector<std::string> names = AllGoldenTables(source_folder);
  std::erase_if(names, [&](const std::string& name) {
    return !HasSideFile(source_folder, name + "." + extension);
  });
  return names;
}

/// The text of a value as in the golden CSV files.
inline std::string CellText(const arrow::Array& column, int64_t row) {
  using arrow::internal::checked_cast;
  if (column.IsNull(row)) return "\\N";
  switch (column.type_id()) {
    case arrow::Type::STRING:
      return checked_cast<const arrow::StringArray&>(column).GetString(row);
    case arrow::Type::TIMESTAMP:
      return base::FormatIso8601Micros(
          checked_cast<const arrow::TimestampArray&>(column).Value(row));
    case arrow::Type::DECIMAL128:
      return checked_cast<const arrow::Decimal128Array&>(column).FormatValue(row);
    default:
      return (*column.GetScalar(row))->ToString();
  }
}

inline Row RowText(const arrow::RecordBatch& batch, int64_t row) {
  Row cells;
  for (int c = 0; c < batch.num_columns(); ++c)
    cells.push_back(CellText(*batch.column(c), row));
  return cells;
}

/// The rows of a snapshot in the given columns, sorted. `takes`: by `_hoodie_commit_time`.
inline std::vector<Row> RowsOf(
    io::FileSystem& files, const std::string& base_path, const hudi::Snapshot& snapshot,
    const std::vector<std::string>& columns,
    const std::function<bool(const std::string& commit_time)>& takes = nullptr) {
  std::vector<Row> rows;
  const hudi::SliceSource source = hudi::SourceOf(files, base_path, snapshot);
  std::vector<std::string> read = columns;
  read.emplace_back("_hoodie_commit_time");
  for (const hudi::FileSlice& slice : snapshot.slices) {
    const auto reader = hudi::SliceReader::Open(source, slice, read).ValueOrDie();
    while (const auto batch = reader->Next().ValueOrDie()) {
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        Row row = RowText(*batch, i);
        const std::string commit_time = row.back();
        row.pop_back();
        if (takes == nullptr || takes(commit_time)) rows.push_back(std::move(row));
      }
    }
  }
  std::ranges::sort(rows);
  return rows;
}

/// A golden CSV: header and sorted rows. They hold neither quotes nor commas nor line ends.
struct GoldenCsv {
  Row columns;
  std::vector<Row> rows;
};

inline GoldenCsv ParseGoldenCsv(const std::string& text) {
  GoldenCsv csv;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    Row row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');)
      row.push_back(cell);
    csv.rows.push_back(std::move(row));
  }
  csv.columns = csv.rows.front();
  csv.rows.erase(csv.rows.begin());
  std::ranges::sort(csv.rows);
  return csv;
}

}  // namespace tapelake::golden
