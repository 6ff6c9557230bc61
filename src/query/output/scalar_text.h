#pragma once

/// Text of single values, the same in every output form. Pure; any thread. Internal to query.

#include <cstdint>
#include <string>
#include <string_view>

#include "query/output/column_type.h"

namespace tapelake::query {

/// Append the plain text of a value that is neither null nor nested.
///
/// Booleans `True`/`False`; decimals with their scale; timestamps `2024-05-01T00:00:28.031677`
/// (UTC, six digits; nine for TIMESTAMP_NS), or `infinity`; dates `2024-05-01`; times
/// `00:00:28.031677`; doubles shortest round-trip as Python's repr; BLOB lower-case hex; UUID with
/// hyphens; intervals as DuckDB shows them.
void AppendScalarText(const VectorView& column, uint64_t row, std::string* out);

/// Shortest text that reads back as the same double, as Python's repr: `1.0`, `1e+16`, `nan`,
/// `-inf`.
void AppendDouble(double value, std::string* out);

/// The same for single precision.
void AppendFloat(float value, std::string* out);

/// `2024-05-01T00:00:28.031677`; years outside 1..9999 keep their sign and digits.
void AppendTimestampMicros(int64_t micros, std::string* out);

/// `1 year 2 months 3 days 04:05:06.700000`; parts that are zero are left out.
void AppendInterval(const duckdb_interval& interval, std::string* out);

/// Decimal digits of DuckDB's BIGNUM bytes (3 header bytes, then big-endian magnitude; all bits
/// turned round if negative).
void AppendBignum(std::string_view bytes, std::string* out);

/// Lower-case hex.
void AppendHex(std::string_view bytes, std::string* out);

}  // namespace tapelake::query
