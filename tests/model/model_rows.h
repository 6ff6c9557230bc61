#pragma once

/// Rows of the model: what a table must hold, kept in the plainest way there is.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"

namespace tapelake::model {

/// How a cell's number becomes a value of its column.
enum class CellKind : uint8_t { kText, kInt, kLong, kBoolean, kDecimal, kTimestamp };

/// A number that a cell of the kind can hold, out of any number.
uint64_t ValueFor(CellKind kind, uint64_t any);

/// A column of the modelled table.
struct Column {
  std::string name;
  CellKind kind = CellKind::kText;

  bool operator==(const Column&) const = default;
};

inline constexpr char kKeyColumn[] = "transaction_id";
inline constexpr char kDayColumn[] = "day";
inline constexpr char kVersionColumn[] = "version";

/// One row. Its key decides its partition, so a key is once in the table or not at all.
struct Row {
  std::string day;
  int64_t version = 0;                          ///< Grows from change to change.
  std::map<std::string, uint64_t> values = {};  ///< Of other columns, by name; absent: null.
  std::string commit = {};                      ///< Instant of the commit that wrote it.

  bool operator==(const Row&) const = default;
};

/// The table at one moment.
struct State {
  std::vector<Column> columns;  ///< Besides key, day and version.
  std::map<std::string, Row> rows;
};

/// Texts of a row's cells by column; absent: null.
using Cells = std::map<std::string, std::string>;

/// The data columns of a table of that state.
std::shared_ptr<arrow::Schema> SchemaOf(const State& state);

/// The rows of these keys as a batch of SchemaOf(state).
Result<std::shared_ptr<arrow::RecordBatch>> BatchOf(const State& state,
                                                    const std::vector<std::string>& keys);

/// A row as every reader must show it.
Cells CellsOf(const State& state, const std::string& key);

/// The state as CSV in the form of sim::TextTable::ToCsv.
std::string CsvOf(const State& state);

}  // namespace tapelake::model
