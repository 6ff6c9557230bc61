#pragma once

/// DuckDB's column types and vectors in a shape that the writers can walk. Internal to query.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <duckdb.h>

#include "base/decimal.h"
#include "base/status.h"

namespace tapelake::query {

/// A logical type, taken apart once per result. Immutable; any thread.
struct ColumnType {
  duckdb_type id = DUCKDB_TYPE_INVALID;
  duckdb_type storage = DUCKDB_TYPE_INVALID;  ///< Of DECIMAL and ENUM: the integer type underneath.
  int scale = 0;                              ///< Of DECIMAL.
  bool is_json = false;                       ///< VARCHAR with DuckDB's alias JSON.
  uint64_t array_size = 0;                    ///< Of ARRAY.
  std::vector<std::string> labels;            ///< Of ENUM.
  std::vector<std::string> names;             ///< Of STRUCT and UNION: per child.
  std::vector<ColumnType> children;  ///< LIST, ARRAY: 1; MAP: key, value; STRUCT, UNION: all.

  bool nested() const { return !children.empty(); }
  /// Whether people expect the values at the right edge of a column.
  bool numeric() const;
};

/// A column of a result.
struct ResultColumn {
  std::string name;
  ColumnType type;
};

/// Take `type` apart. Errors: kInvalid for a type that has no text form (VARIANT), naming the
/// remedy.
Result<ColumnType> DescribeType(duckdb_logical_type type);

/// One vector of a data chunk, flat. Valid as long as the chunk; the ColumnType must outlive it.
class VectorView {
 public:
  VectorView(const ColumnType& type, duckdb_vector vector);

  const ColumnType& type() const { return *type_; }
  bool IsNull(uint64_t row) const;
  template <typename T>
  const T& Get(uint64_t row) const {
    return static_cast<const T*>(data_)[row];
  }
  /// The bytes of a VARCHAR, BLOB, BIT or BIGNUM.
  std::string_view Bytes(uint64_t row) const;
  /// The scaled integer of a DECIMAL.
  base::Int128 Decimal(uint64_t row) const;
  /// The position of an ENUM's label.
  uint64_t Label(uint64_t row) const;
  const std::vector<VectorView>& children() const { return children_; }

 private:
  const ColumnType* type_;
  const void* data_ = nullptr;
  const uint64_t* validity_ = nullptr;  // null: no nulls
  std::vector<VectorView> children_;
};

/// The value of DuckDB's two-part 128-bit integer.
base::Int128 ToInt128(const duckdb_hugeint& value);

}  // namespace tapelake::query
