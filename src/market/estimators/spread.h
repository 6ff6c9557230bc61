#pragma once

/// Bid-ask spreads from bars, as fractions of the price. All need neighbouring bars: pairs that
/// span empty bars are left out, noted kGaps. n is the number of pairs.

#include <span>

#include "market/estimators/price_bar.h"

namespace tapelake::market {

inline constexpr int64_t kSpreadPairsMin = 10;
inline constexpr int64_t kRollPairsMin = 30;

/// EDGE (Ardia, Guidotti, Kroencke 2024), the published form: de-meaned, weighted by how often the
/// open and close stand at an extreme. A missing bar counts as a row of missing prices in the
/// authors' own programs. Equality is of raw prices. A negative square is shown as 0, noted
/// kFloored; `detail` is the signed root. kUndefined if prices never move.
Measure EdgeSpread(std::span<const PriceBar> bars);

/// Corwin and Schultz 2012 with their adjustment for gaps between bars; negative pairs count as 0.
/// `detail` is the share of those. kThin as in range.h: it then understates.
Measure CorwinSchultz(std::span<const PriceBar> bars);

/// The same with negative pairs as they are: without bias upwards, and possibly negative.
Measure CorwinSchultzSigned(std::span<const PriceBar> bars);

/// Abdi and Ranaldo 2017: sqrt(4 mean[(c_t - eta_t)(c_t - eta_(t+1))]), eta = (h + l) / 2. A
/// negative mean is shown as 0, noted kFloored; `detail` is the signed root.
Measure AbdiRanaldo(std::span<const PriceBar> bars);

/// Roll 1984: 2 sqrt(-cov) of adjacent close-to-close returns. kUndefined if cov > 0. n is pairs of
/// returns.
Measure RollSpread(std::span<const PriceBar> bars);

}  // namespace tapelake::market
