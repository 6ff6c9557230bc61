#include "record/table_definition.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>

#include <arrow/type.h>

#include "base/decimal.h"

namespace tapelake::record {
namespace {

struct SimpleType {
  const char* text;
  ColumnKind kind;
};
constexpr SimpleType kSimpleTypes[] = {
    {"string", ColumnKind::kString},
    {"bigint", ColumnKind::kBigint},
    {"double", ColumnKind::kDouble},
    {"boolean", ColumnKind::kBool},
    {"binary", ColumnKind::kBinary},
    {"timestamp", ColumnKind::kTimestamp},
    {"timestamp(s)", ColumnKind::kTimestampSeconds},
    {"timestamp(ms)", ColumnKind::kTimestampMillis},
    {"timestamp(us)", ColumnKind::kTimestampMicros},
    {"date", ColumnKind::kDate},
    {"json", ColumnKind::kJson},
};

bool IsAvroName(const std::string& name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return (c < 0x80 && std::isalnum(c)) || c == '_'; });
}

std::string Lower(std::string text) {
  for (char& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool IsTimestamp(ColumnKind kind) {
  return kind == ColumnKind::kTimestamp || kind == ColumnKind::kTimestampSeconds ||
         kind == ColumnKind::kTimestampMillis || kind == ColumnKind::kTimestampMicros;
}

Status Invalid(const TableDefinition& table, const std::string& what) {
  return MakeError(ErrorKind::kInvalid, "table " + table.QualifiedName() + ": " + what);
}

bool IsReserved(const std::string& name) {
  const std::string lower = Lower(name);
  if (lower.starts_with("_hoodie_")) return true;
  for (const char* own : {kPartitionColumn, kRescuedColumn, kChangeTimeColumn,
                          kChangeSequenceColumn, kChangeSeqColumn}) {
    if (lower == own) return true;
  }
  return false;
}

Status ValidateColumn(const TableDefinition& table, const ColumnDefinition& column) {
  if (!IsAvroName(column.name)) {
    return Invalid(table, "column name '" + column.name +
                              "' is not allowed: use letters, digits and _, not a digit first");
  }
  if (IsReserved(column.name)) {
    return Invalid(table, "column name '" + column.name + "' is reserved for Tapelake and Hudi");
  }
  if (column.attribute.empty()) {
    return Invalid(table, "column '" + column.name + "' names no attribute");
  }
  if (column.kind == ColumnKind::kDecimal &&
      (column.precision < 1 || column.precision > base::kDecimalPrecisionMax || column.scale < 0 ||
       column.scale > column.precision)) {
    return Invalid(table, "column '" + column.name + "': " + ColumnTypeText(column) +
                              " needs 1 <= precision <= 38 and 0 <= scale <= precision");
  }
  return Status::OK();
}

}  // namespace

std::shared_ptr<arrow::DataType> ArrowTypeOf(const ColumnDefinition& column) {
  switch (column.kind) {
    case ColumnKind::kDecimal:
      return arrow::decimal128(column.precision, column.scale);
    case ColumnKind::kBigint:
      return arrow::int64();
    case ColumnKind::kDouble:
      return arrow::float64();
    case ColumnKind::kBool:
      return arrow::boolean();
    case ColumnKind::kBinary:
      return arrow::binary();
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestampSeconds:
    case ColumnKind::kTimestampMillis:
    case ColumnKind::kTimestampMicros:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case ColumnKind::kDate:
      return arrow::date32();
    case ColumnKind::kString:
    case ColumnKind::kJson:
      return arrow::utf8();
  }
  return arrow::utf8();
}

Status ParseColumnType(const std::string& text, ColumnDefinition* column) {
  for (const SimpleType& type : kSimpleTypes) {
    if (text == type.text) {
      column->kind = type.kind;
      return Status::OK();
    }
  }
  int precision = 0;
  int scale = 0;
  char closing = 0;
  int used = 0;
  if (std::sscanf(text.c_str(), "decimal(%d,%d%c%n", &precision, &scale, &closing, &used) == 3 &&
      closing == ')' && static_cast<size_t>(used) == text.size()) {
    column->kind = ColumnKind::kDecimal;
    column->precision = precision;
    column->scale = scale;
    return Status::OK();
  }
  std::string known = "decimal(P,S)";
  for (const SimpleType& type : kSimpleTypes)
    known += std::string(", ") + type.text;
  return MakeError(ErrorKind::kInvalid, "unknown column type '" + text + "'; known: " + known);
}

std::string ColumnTypeText(const ColumnDefinition& column) {
  if (column.kind == ColumnKind::kDecimal) {
    return "decimal(" + std::to_string(column.precision) + "," + std::to_string(column.scale) + ")";
  }
  for (const SimpleType& type : kSimpleTypes) {
    if (type.kind == column.kind) return type.text;
  }
  return "string";
}

TableDefinition CryptoTransactionsTable() {
  TableDefinition table;
  const auto add = [&table](const char* name, ColumnKind kind) {
    table.columns.push_back({.name = name, .attribute = name, .kind = kind});
  };
  add("transaction_id", ColumnKind::kString);
  add("timestamp", ColumnKind::kTimestamp);
  add("exchange", ColumnKind::kString);
  add("trading_pair", ColumnKind::kString);
  add("order_type", ColumnKind::kString);
  add("price", ColumnKind::kDecimal);
  add("quantity", ColumnKind::kDecimal);
  add("trade_fee", ColumnKind::kDecimal);
  add("trade_status", ColumnKind::kString);
  add("user_id", ColumnKind::kString);
  add("wallet_address", ColumnKind::kString);
  add("order_source", ColumnKind::kString);
  return table;
}

Status ValidateTable(const TableDefinition& table) {
  if (!IsAvroName(table.database) || !IsAvroName(table.name)) {
    return Invalid(table, "database and table names use letters, digits and _, not a digit first");
  }
  if (table.bucket_count < 1 || table.bucket_count > 4096) {
    return Invalid(table,
                   "buckets = " + std::to_string(table.bucket_count) + " is out of range 1..4096");
  }
  std::vector<std::string> seen;
  bool has_key = false;
  bool has_time = false;
  for (const ColumnDefinition& column : table.columns) {
    TAPELAKE_RETURN_NOT_OK(ValidateColumn(table, column));
    const std::string lower = Lower(column.name);
    if (std::find(seen.begin(), seen.end(), lower) != seen.end()) {
      return Invalid(table, "column '" + column.name + "' is declared twice (case does not count)");
    }
    seen.push_back(lower);
    if (column.name == table.key_column) {
      has_key =
          column.kind == ColumnKind::kString && column.attribute.find('.') == std::string::npos;
    }
    if (column.name == table.time_column) has_time = IsTimestamp(column.kind);
  }
  if (!has_key) {
    return Invalid(table, "key '" + table.key_column +
                              "' must be a declared string column of a top-level attribute");
  }
  if (!has_time) {
    return Invalid(table, "time '" + table.time_column + "' must be a declared timestamp column");
  }
  return Status::OK();
}

}  // namespace tapelake::record
