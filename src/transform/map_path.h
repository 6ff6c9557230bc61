#pragma once

/// Attribute paths with dots (`meta.risk`): stepping into maps.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "record/change.h"

namespace tapelake::transform {

/// Cut `meta.risk.score` at its dots.
std::vector<std::string> SplitPath(std::string_view path);

/// Finds members of nested maps by reading their DynamoDB JSON again (paths are rare). One thread.
class MapPathReader {
 public:
  MapPathReader();
  ~MapPathReader();

  /// Return the value that steps[1..] lead to from `root`, whose name is steps[0]; nullptr if a
  /// step meets no map or no such member. Valid until the next Find().
  const record::Attribute* Find(const record::Attribute& root,
                                const std::vector<std::string>& steps);

 private:
  struct Level;
  std::vector<std::unique_ptr<Level>> levels_;
};

}  // namespace tapelake::transform
