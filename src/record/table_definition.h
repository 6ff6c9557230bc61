#pragma once

/// What a table is declared to be: the part of the configuration that transform, ingest, query and
/// the simulator share.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace arrow {
class DataType;  // transform's core includes this header and no Arrow
}

namespace tapelake::record {

/// How an attribute's value becomes a column value.
enum class ColumnKind : uint8_t {
  kString = 1,
  kDecimal = 2,  ///< decimal(precision, scale), from N
  kBigint = 3,   ///< 64-bit integer, from N without fraction
  kDouble = 4,   ///< from N; for tables that accept rounding and say so
  kBool = 5,
  kBinary = 6,
  kTimestamp = 7,         ///< microseconds UTC, from S in ISO-8601
  kTimestampSeconds = 8,  ///< microseconds UTC, from N: epoch seconds (fraction to microseconds)
  kTimestampMillis = 9,   ///< from N: epoch milliseconds
  kTimestampMicros = 10,  ///< from N: epoch microseconds
  kDate = 11,             ///< from S `YYYY-MM-DD`
  kJson = 12,             ///< any type, as canonical JSON text in a string column
};

/// One declared column.
struct ColumnDefinition {
  std::string name;       ///< Column name: `[A-Za-z_][A-Za-z0-9_]*`, not `_hoodie_...`.
  std::string attribute;  ///< Attribute path (`price`, `meta.risk`); dots step into maps.
  ColumnKind kind = ColumnKind::kString;
  int precision = 38;  ///< kDecimal only, 1..38
  int scale = 18;      ///< kDecimal only, 0..precision
};

/// One table. Field defaults describe `crypto.transactions`.
struct TableDefinition {
  std::string database = "crypto";
  std::string name = "transactions";
  std::vector<ColumnDefinition> columns;
  std::string key_column = "transaction_id";  ///< Record key; must be a declared column.
  std::string time_column = "timestamp";      ///< Partition source; a timestamp column.
  int bucket_count = 4;                       ///< File groups per partition.

  /// `database.name`.
  std::string QualifiedName() const { return database + "." + name; }
};

// Names of the columns that Tapelake adds to every table, after the declared ones.
inline constexpr char kPartitionColumn[] = "event_date";  ///< string, `YYYY-MM-DD` of time_column
inline constexpr char kRescuedColumn[] = "_rescued";  ///< string, JSON: attribute -> DynamoDB JSON
inline constexpr char kChangeTimeColumn[] = "_change_time";  ///< timestamp of the row's last change
inline constexpr char kChangeSequenceColumn[] =
    "_change_sequence";                                    ///< string, SequenceNumber (Streams)
inline constexpr char kChangeSeqColumn[] = "_change_seq";  ///< bigint, grows per table; precombine

/// The Arrow type of a column (include arrow/type.h to use it).
std::shared_ptr<arrow::DataType> ArrowTypeOf(const ColumnDefinition& column);

/// Parse a type as written in the configuration: `string`, `decimal(18,8)`, `timestamp(ms)`, ...
/// Fills kind, precision and scale of `*column`. Errors: kInvalid, naming the text and what is
/// known.
Status ParseColumnType(const std::string& text, ColumnDefinition* column);

/// The type as written in the configuration.
std::string ColumnTypeText(const ColumnDefinition& column);

/// The columns of `CryptoTransactions` as the simulator writes it (12 attributes; amounts are
/// decimal(38,18)).
TableDefinition CryptoTransactionsTable();

/// Check names, the key, the time column and ranges. Errors: kInvalid, naming the column and the
/// rule.
Status ValidateTable(const TableDefinition& table);

}  // namespace tapelake::record
