#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <arrow/array.h>
#include <arrow/scalar.h>

namespace tapelake::hudi {

/// A value as text; nullopt: null.
inline std::optional<std::string> TextAt(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return std::nullopt;
  const auto scalar = column.GetScalar(row);
  return scalar.ok() ? std::optional((*scalar)->ToString()) : std::nullopt;
}

}  // namespace tapelake::hudi
