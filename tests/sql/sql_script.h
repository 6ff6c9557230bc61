#pragma once

/// The format of tests/sql/*.test (README.md shows it).

#include <string>
#include <vector>

namespace tapelake::sqltest {

/// One step of a test file.
struct Step {
  enum class Kind { kTable, kGolden, kStatement, kQuery };
  enum class Match { kExact, kContains, kGolden };

  Kind kind = Kind::kStatement;
  int line = 0;                    ///< Of the step's first line.
  std::vector<std::string> words;  ///< After the keyword.
  std::string sql;
  Match match = Match::kExact;
  std::vector<std::string> expected;  ///< Lines; for kGolden the name of one file.
};

/// Parse a test file. Throws std::runtime_error naming the line if it does not follow the format.
std::vector<Step> ParseTestFile(const std::string& path);

}  // namespace tapelake::sqltest
