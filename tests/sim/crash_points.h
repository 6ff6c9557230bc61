#pragma once

/// Names of the moments at which the simulated world can end.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "testing/sim_file_system.h"

namespace tapelake::sim {

/// What a path of the simulated lake is to the protocols: `stream/segment`,
/// `hudi/deltacommit.inflight`, `delivery/raw object`, ... Empty: nothing known, which is a bug of
/// the program or a gap here.
std::string FileClassOf(std::string_view path);

/// `<class> <action>`, for example `stream/segment append`. Empty: see FileClassOf.
std::string PointName(const testing::DiskStep& step);

/// How often a point was reached, and how often a process died before, inside and after its step.
struct PointCounts {
  int64_t reached = 0;
  int64_t died_before = 0;
  int64_t died_torn = 0;
  int64_t died_after = 0;
  bool can_be_torn = false;

  void Add(const PointCounts& other);
  /// Whether somebody died in each possible way.
  bool complete() const {
    return died_before > 0 && died_after > 0 && (died_torn > 0 || !can_be_torn);
  }
};

/// Counts by name of the point.
using PointCoverage = std::map<std::string, PointCounts>;

void AddCoverage(const PointCoverage& more, PointCoverage* total);

/// The document docs/internals/crash-points.md for these points.
std::string FormatPointDocument(const PointCoverage& coverage);

/// The names that such a document lists, and whether each can be torn. Errors: kInvalid.
Result<std::map<std::string, bool>> ParsePointDocument(std::string_view text);

}  // namespace tapelake::sim
