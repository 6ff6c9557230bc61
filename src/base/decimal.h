#pragma once

/// Exact decimals: text <-> scaled 128-bit integers, never through double.

#include <cstdint>
#include <string>
#include <string_view>

namespace tapelake::base {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

/// Largest precision a decimal column can have.
inline constexpr int kDecimalPrecisionMax = 38;

enum class DecimalOutcome : uint8_t {
  kOk = 1,
  kNotANumber = 2,  ///< The text is no decimal number.
  kDoesNotFit = 3,  ///< A number, but storing it would round or overflow.
};

/// Parse decimal text (`-12.5`, `+1E-30`, `.5`, `007`) to value * 10^scale.
///
/// Accepts an optional sign, digits with at most one point, and an optional exponent; at least one
/// digit is required and nothing else is allowed. Trailing zeros beyond `scale` are no rounding.
/// On any outcome but kOk, `*scaled` is unchanged. Pure; any thread.
DecimalOutcome ParseDecimal(std::string_view text, int precision, int scale, Int128* scaled);

/// Return whether `text` is a decimal number that ParseDecimal understands.
bool IsDecimalNumber(std::string_view text);

/// Format value * 10^-scale with exactly `scale` digits after the point (none: no point).
std::string FormatDecimal(Int128 scaled, int scale);

/// Append what FormatDecimal returns.
void AppendDecimal(Int128 scaled, int scale, std::string* out);

}  // namespace tapelake::base
