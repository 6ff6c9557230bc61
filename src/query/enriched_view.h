#pragma once

/// The shipped view over tables of trades. Pure; any thread.

#include <optional>
#include <string>
#include <vector>

#include "query/snapshot_sql.h"

namespace tapelake::query {

/// Return the SELECT of `<table>_enriched` over `qualified_table` (quoted already), or nullopt if
/// the columns price, quantity, trade_fee (decimals or integers) and timestamp are not all there,
/// or one of the added names is taken.
///
/// All columns of the table, then:
///   notional     DECIMAL(38,18), price * quantity through 256-bit integers, never through double:
///                exact if the product has at most 18 decimals, as that of two decimal(18,8) or of
///                real prices and quantities in decimal(38,18) has; else rounded half away from
///                zero at the 18th. NULL from 10^20 on. (DuckDB's own product of two decimal(38,18)
///                has 36 decimals and overflows at 100.)
///   hour_bucket  timestamp cut to the hour (UTC), as date_trunc('hour', timestamp) gives it
///   fee_rate     DECIMAL(38,18), trade_fee / notional rounded at the 18th decimal; NULL if
///                notional is 0
///   risk_band    HIGH above 500000, MEDIUM above 100000, else LOW; NULL without price or quantity.
///                A notional too large for its column is HIGH (LOW if negative).
std::optional<std::string> EnrichedSelect(const std::string& qualified_table,
                                          const std::vector<SnapshotColumn>& columns);

}  // namespace tapelake::query
