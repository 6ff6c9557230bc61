#include "tests/sim/table_text.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/util/checked_cast.h>
#include "base/decimal.h"
#include "base/time.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/snapshot_source.h"
#include "record/table_definition.h"

namespace tapelake::sim {
namespace {

using arrow::internal::checked_cast;

constexpr char kNull[] = "\\N";

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text.push_back("0123456789abcdef"[byte >> 4]);
    text.push_back("0123456789abcdef"[byte & 15]);
  }
  return text;
}

std::string DecimalText(const arrow::Decimal128Array& array, int64_t row) {
  const arrow::Decimal128 value(array.GetValue(row));
  const auto high = static_cast<base::UInt128>(static_cast<uint64_t>(value.high_bits()));
  const base::UInt128 bits = (high << 64) | value.low_bits();
  return base::FormatDecimal(static_cast<base::Int128>(bits),
                             checked_cast<const arrow::Decimal128Type&>(*array.type()).scale());
}

void AppendCsvCell(const std::string& cell, std::string* out) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) {
    out->append(cell);
    return;
  }
  out->push_back('"');
  for (const char c : cell) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

void AppendCsvRow(const std::vector<std::string>& cells, std::string* out) {
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out->push_back(',');
    AppendCsvCell(cells[i], out);
  }
  out->push_back('\n');
}

Status AddBatch(const arrow::RecordBatch& batch, TextTable* table,
                std::vector<std::vector<std::string>>* doubled) {
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    std::vector<std::string> cells;
    for (const auto& column : batch.columns()) {
      TAPELAKE_ASSIGN_OR_RAISE(std::string cell, CellText(*column, row));
      cells.push_back(std::move(cell));
    }
    const std::string key = cells.at(0);
    const auto [stored, added] = table->rows.try_emplace(key, cells);
    if (added) continue;
    if (doubled == nullptr) {
      return MakeError(ErrorKind::kInternal, "key '" + key + "' is stored twice");
    }
    doubled->push_back(std::move(cells));
  }
  return Status::OK();
}

}  // namespace

Result<std::string> CellText(const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) return kNull;
  switch (array.type_id()) {
    case arrow::Type::STRING:
      return checked_cast<const arrow::StringArray&>(array).GetString(row);
    case arrow::Type::BINARY:
      return Hex(checked_cast<const arrow::BinaryArray&>(array).GetView(row));
    case arrow::Type::BOOL:
      return std::string(checked_cast<const arrow::BooleanArray&>(array).Value(row) ? "True"
                                                                                    : "False");
    case arrow::Type::INT32:
      return std::to_string(checked_cast<const arrow::Int32Array&>(array).Value(row));
    case arrow::Type::INT64:
      return std::to_string(checked_cast<const arrow::Int64Array&>(array).Value(row));
    case arrow::Type::DECIMAL128:
      return DecimalText(checked_cast<const arrow::Decimal128Array&>(array), row);
    case arrow::Type::TIMESTAMP:
      return base::FormatIso8601Micros(
          checked_cast<const arrow::TimestampArray&>(array).Value(row));
    case arrow::Type::DICTIONARY: {
      const auto& coded = checked_cast<const arrow::DictionaryArray&>(array);
      return CellText(*coded.dictionary(), coded.GetValueIndex(row));
    }
    default:
      return MakeError(ErrorKind::kInternal, "no text for " + array.type()->ToString());
  }
}

std::string TextTable::ToCsv() const {
  std::string csv;
  AppendCsvRow(columns, &csv);
  for (const auto& [key, cells] : rows)
    AppendCsvRow(cells, &csv);
  return csv;
}

Result<TextTable> ReadSnapshot(io::FileSystem& files, const std::string& base_path,
                               const hudi::Snapshot& snapshot,
                               const std::vector<std::string>& columns,
                               std::vector<std::vector<std::string>>* doubled) {
  TextTable table{.columns = columns};
  if (snapshot.instant.empty()) return table;
  const hudi::SliceSource source = hudi::SourceOf(files, base_path, snapshot);
  for (const hudi::FileSlice& slice : snapshot.slices) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, hudi::SliceReader::Open(source, slice, columns));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) break;
      TAPELAKE_RETURN_NOT_OK(AddBatch(*batch, &table, doubled));
    }
  }
  return table;
}

std::vector<std::string> ShownColumns(const arrow::Schema& schema, const std::string& key) {
  std::vector<std::string> columns;
  for (const std::string& name : schema.field_names()) {
    if (name != record::kChangeSeqColumn && name != key) columns.push_back(name);
  }
  std::sort(columns.begin(), columns.end());
  columns.insert(columns.begin(), key);
  return columns;
}

}  // namespace tapelake::sim
