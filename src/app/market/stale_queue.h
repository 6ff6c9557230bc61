#pragma once

/// Which stretches wait to be read again, and up to where the bars are right meanwhile.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "market/market_book.h"

namespace tapelake::app {

/// Counts the commits of the table of trades and remembers which stretches wait since which. One
/// thread.
///
/// Invariant: positions() is never after a change whose stale stretches still wait.
class StaleQueue {
 public:
  explicit StaleQueue(std::map<std::string, uint64_t> positions)
      : positions_(std::move(positions)) {}

  /// Everything of `source` before `end_offset` was applied to the book.
  void Applied(const std::string& source, uint64_t end_offset);

  /// What was applied so far is committed; these are the stretches that it left stale. Return those
  /// of them that wait already: they are read once.
  std::vector<market::StaleStretch> Committed(std::vector<market::StaleStretch> stale);

  /// These are stale, too, because of what was committed before. Return those that wait already.
  std::vector<market::StaleStretch> Add(std::vector<market::StaleStretch> stale);

  /// Up to `count_max` of the stretches that wait longest; of one interval and day, so that one
  /// statement can read them. Empty: none wait.
  std::vector<market::StaleStretch> Oldest(size_t count_max) const;
  /// They are read again.
  void Done(const std::vector<market::StaleStretch>& stretches);

  size_t size() const { return waiting_.size(); }

  /// Source id -> offset up to which the bars are right.
  const std::map<std::string, uint64_t>& positions();

 private:
  struct Step {
    int64_t commit = 0;  // the one it needs
    std::string source;
    uint64_t end_offset = 0;
  };

  std::map<market::StaleStretch, int64_t> waiting_;  // since which commit
  std::deque<Step> steps_;                           // not yet in positions_
  int64_t commits_ = 0;
  std::map<std::string, uint64_t> positions_;
};

}  // namespace tapelake::app
