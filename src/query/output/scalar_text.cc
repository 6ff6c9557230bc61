#include "query/output/scalar_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <vector>

#include "base/time.h"

namespace tapelake::query {
namespace {

using base::Int128;
using base::UInt128;

constexpr int64_t kNanosPerSecond = 1'000'000'000;

void AppendInteger(int64_t value, std::string* out) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  out->append(buffer, end);
}

void AppendUnsigned128(UInt128 value, std::string* out) {
  char buffer[40];
  char* front = buffer + sizeof(buffer);
  do {
    *--front = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  out->append(front, buffer + sizeof(buffer));
}

void AppendPadded(int64_t value, int width, std::string* out) {
  char buffer[32];
  const int length =
      std::snprintf(buffer, sizeof(buffer), "%0*lld", width, static_cast<long long>(value));
  out->append(buffer, static_cast<size_t>(length));
}

// Turn the shortest digits that std::to_chars found into Python's layout: fixed for decimal
// exponents -4..15, otherwise with exponent; a whole number keeps ".0".
void AppendShortest(const char* begin, const char* end, std::string* out) {
  const std::string_view text(begin, static_cast<size_t>(end - begin));
  const size_t e = text.find('e');
  std::string digits;
  size_t i = 0;
  if (text[0] == '-') {
    out->push_back('-');
    i = 1;
  }
  for (; i < e; ++i) {
    if (text[i] != '.') digits.push_back(text[i]);
  }
  const int exponent = std::atoi(text.data() + e + 1);
  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out->append(digits, 0, 1);
    if (count > 1) out->append(".").append(digits, 1);
    out->append(exponent < 0 ? "e-" : "e+");
    AppendPadded(std::abs(exponent), 2, out);
  } else if (exponent < 0) {
    out->append("0.").append(static_cast<size_t>(-exponent - 1), '0').append(digits);
  } else if (count <= exponent + 1) {
    out->append(digits).append(static_cast<size_t>(exponent + 1 - count), '0').append(".0");
  } else {
    const size_t whole = static_cast<size_t>(exponent + 1);
    out->append(digits, 0, whole).append(".").append(digits, whole);
  }
}

template <typename Real>
void AppendReal(Real value, std::string* out) {
  if (std::isnan(value)) {
    out->append("nan");
  } else if (std::isinf(value)) {
    out->append(value < 0 ? "-inf" : "inf");
  } else {
    char buffer[64];
    const auto end =
        std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
    *end = '\0';
    AppendShortest(buffer, end, out);
  }
}

// DuckDB keeps the largest and the negated largest value of a type for the two infinities.
template <typename T>
bool AppendInfinity(T value, std::string* out) {
  if (value == std::numeric_limits<T>::max()) {
    out->append("infinity");
  } else if (value == -std::numeric_limits<T>::max()) {
    out->append("-infinity");
  } else {
    return false;
  }
  return true;
}

void AppendDate(int32_t days, std::string* out) {
  if (AppendInfinity(days, out)) return;
  const duckdb_date_struct date = duckdb_from_date(duckdb_date{days});
  AppendPadded(date.year, date.year < 0 ? 5 : 4, out);
  out->push_back('-');
  AppendPadded(date.month, 2, out);
  out->push_back('-');
  AppendPadded(date.day, 2, out);
}

void AppendClock(int64_t seconds, std::string* out) {
  AppendPadded(seconds / 3600, 2, out);
  out->push_back(':');
  AppendPadded(seconds / 60 % 60, 2, out);
  out->push_back(':');
  AppendPadded(seconds % 60, 2, out);
}

void AppendTimeMicros(int64_t micros, std::string* out) {
  AppendClock(micros / base::kMicrosPerSecond, out);
  out->push_back('.');
  AppendPadded(micros % base::kMicrosPerSecond, 6, out);
}

void AppendTimestampNanos(int64_t nanos, std::string* out) {
  if (AppendInfinity(nanos, out)) return;
  int64_t seconds = nanos / kNanosPerSecond;
  int64_t rest = nanos % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  AppendTimestampMicros(seconds * base::kMicrosPerSecond, out);
  out->resize(out->size() - 6);
  AppendPadded(rest, 9, out);
}

void AppendTimeTz(duckdb_time_tz value, std::string* out) {
  const duckdb_time_tz_struct parts = duckdb_from_time_tz(value);
  const int64_t seconds = parts.time.hour * 3600 + parts.time.min * 60 + parts.time.sec;
  AppendTimeMicros(seconds * base::kMicrosPerSecond + parts.time.micros, out);
  out->push_back(parts.offset < 0 ? '-' : '+');
  const int32_t offset_minutes = std::abs(parts.offset) / 60;
  AppendPadded(offset_minutes / 60, 2, out);
  out->push_back(':');
  AppendPadded(offset_minutes % 60, 2, out);
}

void AppendUuid(const duckdb_hugeint& value, std::string* out) {
  // Stored with the highest bit turned round, so that signed order is byte order.
  const uint64_t upper = static_cast<uint64_t>(value.upper) ^ (uint64_t{1} << 63);
  char buffer[40];
  const int length =
      std::snprintf(buffer, sizeof(buffer), "%08x-%04x-%04x-%04x-%012llx",
                    static_cast<unsigned>(upper >> 32), static_cast<unsigned>(upper >> 16 & 0xffff),
                    static_cast<unsigned>(upper & 0xffff), static_cast<unsigned>(value.lower >> 48),
                    static_cast<unsigned long long>(value.lower & 0xffffffffffffULL));
  out->append(buffer, static_cast<size_t>(length));
}

void AppendBits(std::string_view bytes, std::string* out) {
  // The first byte counts the unused bits at the front of the second.
  const size_t unused = static_cast<uint8_t>(bytes[0]);
  for (size_t bit = unused; bit < (bytes.size() - 1) * 8; ++bit) {
    const auto byte = static_cast<uint8_t>(bytes[1 + bit / 8]);
    out->push_back((byte >> (7 - bit % 8) & 1) != 0 ? '1' : '0');
  }
}

void AppendPart(int64_t value, std::string_view unit, std::string* out) {
  if (value == 0) return;
  if (!out->empty() && out->back() != ' ') out->push_back(' ');
  AppendInteger(value, out);
  out->append(" ").append(unit);
  if (value != 1 && value != -1) out->push_back('s');
}

bool AppendIntegerKind(const VectorView& column, uint64_t row, std::string* out) {
  switch (column.type().id) {
    case DUCKDB_TYPE_TINYINT:
      AppendInteger(column.Get<int8_t>(row), out);
      return true;
    case DUCKDB_TYPE_SMALLINT:
      AppendInteger(column.Get<int16_t>(row), out);
      return true;
    case DUCKDB_TYPE_INTEGER:
      AppendInteger(column.Get<int32_t>(row), out);
      return true;
    case DUCKDB_TYPE_BIGINT:
      AppendInteger(column.Get<int64_t>(row), out);
      return true;
    case DUCKDB_TYPE_UTINYINT:
      AppendInteger(column.Get<uint8_t>(row), out);
      return true;
    case DUCKDB_TYPE_USMALLINT:
      AppendInteger(column.Get<uint16_t>(row), out);
      return true;
    case DUCKDB_TYPE_UINTEGER:
      AppendInteger(column.Get<uint32_t>(row), out);
      return true;
    case DUCKDB_TYPE_UBIGINT:
      AppendUnsigned128(column.Get<uint64_t>(row), out);
      return true;
    case DUCKDB_TYPE_HUGEINT: {
      const Int128 value = ToInt128(column.Get<duckdb_hugeint>(row));
      if (value < 0) out->push_back('-');
      AppendUnsigned128(value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value),
                        out);
      return true;
    }
    case DUCKDB_TYPE_UHUGEINT: {
      const auto& value = column.Get<duckdb_uhugeint>(row);
      AppendUnsigned128(static_cast<UInt128>(value.upper) << 64 | value.lower, out);
      return true;
    }
    default:
      return false;
  }
}

bool AppendTimeKind(const VectorView& column, uint64_t row, std::string* out) {
  const duckdb_type id = column.type().id;
  if (id == DUCKDB_TYPE_DATE) {
    AppendDate(column.Get<int32_t>(row), out);
  } else if (id == DUCKDB_TYPE_TIME) {
    AppendTimeMicros(column.Get<int64_t>(row), out);
  } else if (id == DUCKDB_TYPE_TIME_NS) {
    const int64_t nanos = column.Get<int64_t>(row);
    AppendClock(nanos / kNanosPerSecond, out);
    out->push_back('.');
    AppendPadded(nanos % kNanosPerSecond, 9, out);
  } else if (id == DUCKDB_TYPE_TIME_TZ) {
    AppendTimeTz(column.Get<duckdb_time_tz>(row), out);
  } else if (id == DUCKDB_TYPE_TIMESTAMP || id == DUCKDB_TYPE_TIMESTAMP_TZ) {
    AppendTimestampMicros(column.Get<int64_t>(row), out);
  } else if (id == DUCKDB_TYPE_TIMESTAMP_S || id == DUCKDB_TYPE_TIMESTAMP_MS) {
    const int64_t value = column.Get<int64_t>(row);
    const int64_t factor = id == DUCKDB_TYPE_TIMESTAMP_S ? base::kMicrosPerSecond : 1000;
    if (!AppendInfinity(value, out)) AppendTimestampMicros(value * factor, out);
  } else if (id == DUCKDB_TYPE_TIMESTAMP_NS) {
    AppendTimestampNanos(column.Get<int64_t>(row), out);
  } else if (id == DUCKDB_TYPE_INTERVAL) {
    AppendInterval(column.Get<duckdb_interval>(row), out);
  } else {
    return false;
  }
  return true;
}

}  // namespace

void AppendScalarText(const VectorView& column, uint64_t row, std::string* out) {
  if (AppendIntegerKind(column, row, out) || AppendTimeKind(column, row, out)) return;
  const ColumnType& type = column.type();
  switch (type.id) {
    case DUCKDB_TYPE_VARCHAR:
      out->append(column.Bytes(row));
      break;
    case DUCKDB_TYPE_DECIMAL:
      base::AppendDecimal(column.Decimal(row), type.scale, out);
      break;
    case DUCKDB_TYPE_BOOLEAN:
      out->append(column.Get<bool>(row) ? "True" : "False");
      break;
    case DUCKDB_TYPE_DOUBLE:
      AppendDouble(column.Get<double>(row), out);
      break;
    case DUCKDB_TYPE_FLOAT:
      AppendFloat(column.Get<float>(row), out);
      break;
    case DUCKDB_TYPE_ENUM:
      out->append(type.labels[column.Label(row)]);
      break;
    case DUCKDB_TYPE_UUID:
      AppendUuid(column.Get<duckdb_hugeint>(row), out);
      break;
    case DUCKDB_TYPE_BIT:
      AppendBits(column.Bytes(row), out);
      break;
    case DUCKDB_TYPE_BIGNUM:
      AppendBignum(column.Bytes(row), out);
      break;
    default:  // BLOB and GEOMETRY are bytes
      AppendHex(column.Bytes(row), out);
      break;
  }
}

void AppendDouble(double value, std::string* out) {
  AppendReal(value, out);
}

void AppendFloat(float value, std::string* out) {
  AppendReal(value, out);
}

void AppendTimestampMicros(int64_t micros, std::string* out) {
  if (AppendInfinity(micros, out)) return;
  int64_t days = micros / base::kMicrosPerDay;
  int64_t rest = micros % base::kMicrosPerDay;
  if (rest < 0) {
    rest += base::kMicrosPerDay;
    --days;
  }
  AppendDate(static_cast<int32_t>(days), out);
  out->push_back('T');
  AppendTimeMicros(rest, out);
}

void AppendInterval(const duckdb_interval& interval, std::string* out) {
  std::string text;
  AppendPart(interval.months / 12, "year", &text);
  AppendPart(interval.months % 12, "month", &text);
  AppendPart(interval.days, "day", &text);
  if (interval.micros != 0 || text.empty()) {
    if (!text.empty()) text.push_back(' ');
    if (interval.micros < 0) text.push_back('-');
    // The smallest int64 has no positive twin: cut it by one microsecond rather than overflow.
    const int64_t micros = interval.micros == std::numeric_limits<int64_t>::min()
                               ? std::numeric_limits<int64_t>::max()
                               : std::abs(interval.micros);
    AppendTimeMicros(micros, &text);
  }
  out->append(text);
}

void AppendBignum(std::string_view bytes, std::string* out) {
  constexpr size_t kHeaderBytes = 3;
  const bool negative = (static_cast<uint8_t>(bytes[0]) & 0x80) == 0;
  std::vector<uint32_t> limbs;  // base 10^9, least significant first
  for (size_t i = kHeaderBytes; i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(negative ? ~bytes[i] : bytes[i]);
    uint64_t carry = byte;
    for (uint32_t& limb : limbs) {
      carry += uint64_t{limb} << 8;
      limb = static_cast<uint32_t>(carry % kNanosPerSecond);
      carry /= kNanosPerSecond;
    }
    if (carry != 0) limbs.push_back(static_cast<uint32_t>(carry));
  }
  if (limbs.empty()) {
    out->push_back('0');
    return;
  }
  if (negative) out->push_back('-');
  AppendInteger(limbs.back(), out);
  for (size_t i = limbs.size() - 1; i-- > 0;)
    AppendPadded(limbs[i], 9, out);
}

void AppendHex(std::string_view bytes, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    out->push_back(kDigits[byte >> 4]);
    out->push_back(kDigits[byte & 15]);
  }
}

}  // namespace tapelake::query
