#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "record/log_mark.h"

namespace tapelake::app {

/// The marks of places that were passed, until the slowest reader of their source has passed them
/// too: then they may go into a commit. One thread.
class MarkBook {
 public:
  /// Marks kept of a source; beyond it the one goes that leaves the smallest gap, so that they stay
  /// spread over all that is not passed yet.
  static constexpr size_t kMarksMax = 64;

  /// Marks of a source come in the order of their offsets.
  void Add(const std::string& source, record::LogMark mark);
  void Forget(const std::string& source);
  void Clear() { marks_.clear(); }

  std::vector<std::string> sources() const;

  /// The newest mark of `source` that is not behind `offset`; those before it are dropped. nullptr:
  /// there is none. Valid until the next call.
  const record::LogMark* Reach(const std::string& source, uint64_t offset);

 private:
  std::map<std::string, std::deque<record::LogMark>> marks_;
};

}  // namespace tapelake::app
