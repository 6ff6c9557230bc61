#pragma once

/// A bar as bytes: the column `_sums` of the table `market_bars` (docs/internals/market-bars.md).

#include <string>
#include <string_view>

#include "base/status.h"
#include "market/bar.h"

namespace tapelake::market {

/// Every bit of the bar, about 100 to 250 bytes. Pure; any thread.
std::string EncodeBar(const Bar& bar);

/// Read what EncodeBar wrote. Errors: kCorrupt (cut, too long, a version we do not know).
Result<Bar> DecodeBar(std::string_view bytes);

}  // namespace tapelake::market
