#pragma once

/// Parts of the program market_estimates: one function for each of its words.

#include <istream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "market/measure.h"

namespace tapelake::market_tests {

/// Split a line of CSV without quotes.
std::vector<std::string> Cells(const std::string& line);

/// A raw scaled integer; ends the program if it is none.
base::Int128 RawAmount(const std::string& text);

/// `name value reason note n detail`, what is absent as `-`.
void PrintMeasure(std::string_view name, const market::Measure& measure, std::ostream& out);

/// Read series of bars, each ended by an empty line; print each estimator of each, then an empty
/// line. Columns: index, trades, open, high, low, close (raw), money, signed money, sided money,
/// buy quantity, sell quantity, tick returns, squared tick returns.
int EstimateBars(std::istream& in, std::ostream& out);

/// Read rows of one pair, make bars of all intervals and print the catalog of each exchange and
/// across them as of `now_micros`. Columns: exchange, key, time, status, side, price, quantity, fee
/// (raw).
int EvaluateCatalog(std::istream& in, int64_t now_micros, std::ostream& out);

/// Print estimate by true variance of the classic estimators on a simulated geometric Brownian
/// motion: `trades estimator ratio` lines.
int SimulateBias(int64_t bars, uint64_t seed, std::ostream& out);

}  // namespace tapelake::market_tests
