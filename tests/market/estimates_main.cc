/// market_estimates: what the estimators and the catalog say of bars and trades on standard input,
/// so that tests can hold an independent implementation against them.

#include <iostream>
#include <string>

#include "tests/market/estimates.h"

int main(int argc, char** argv) {
  using namespace tapelake::market_tests;
  const std::string word = argc > 1 ? argv[1] : "";
  if (word == "bars" && argc == 2) return EstimateBars(std::cin, std::cout);
  if (word == "catalog" && argc == 3)
    return EvaluateCatalog(std::cin, std::stoll(argv[2]), std::cout);
  if (word == "bias" && argc == 4)
    return SimulateBias(std::stoll(argv[2]), std::stoull(argv[3]), std::cout);
  if (word == "reference" && argc == 2) {
    std::cout << tapelake::market::MeasureCatalogMarkdown();
    return 0;
  }
  std::cerr << "usage: market_estimates bars | catalog NOW_MICROS | bias BARS SEED | reference\n";
  return 2;
}
