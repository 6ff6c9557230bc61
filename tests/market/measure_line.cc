#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "tests/market/estimates.h"

namespace tapelake::market_tests {
namespace {

std::string Text(const std::optional<double>& value) {
  if (!value) return "-";
  std::ostringstream text;
  text << std::setprecision(17) << *value;
  return text.str();
}

std::string_view OrDash(std::string_view text) {
  return text.empty() ? "-" : text;
}

}  // namespace

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');)
    cells.push_back(cell);
  return cells;
}

base::Int128 RawAmount(const std::string& text) {
  base::Int128 raw = 0;
  if (base::ParseDecimal(text, 38, 0, &raw) != base::DecimalOutcome::kOk) {
    std::cerr << "market_estimates: '" << text << "' is no raw amount of up to 38 digits\n";
    std::exit(2);
  }
  return raw;
}

void PrintMeasure(std::string_view name, const market::Measure& measure, std::ostream& out) {
  out << name << ' ' << Text(measure.value) << ' ' << OrDash(market::NoValueText(measure.reason))
      << ' ' << OrDash(market::MeasureNoteText(measure.note)) << ' ' << measure.n << ' '
      << Text(measure.detail) << '\n';
}

}  // namespace tapelake::market_tests
