#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

namespace tapelake::app {

/// When which records were in a stream, seen by looking at its end about once a second: tells how
/// old the oldest record is that somebody still needs, without a look into the stream. One thread.
class ArrivalLog {
 public:
  /// The stream ends before record `next_sequence` now.
  void Look(int64_t now_micros, uint64_t next_sequence) {
    if (marks_.empty()) marks_.push_back({now_micros, next_sequence});
    if (next_sequence == marks_.back().next_sequence) return;
    if (now_micros - marks_.back().seen_micros < kSpanMicros) return;
    if (marks_.size() == kMarksMax) Thin();
    marks_.push_back({now_micros, next_sequence});
  }

  /// The age of record `needed`; 0 if the last look did not see it. At most a second too young.
  int64_t Age(int64_t now_micros, uint64_t needed) const {
    const auto mark = std::upper_bound(
        marks_.begin(), marks_.end(), needed,
        [](uint64_t sequence, const Mark& m) { return sequence < m.next_sequence; });
    return mark == marks_.end() ? 0 : now_micros - mark->seen_micros;
  }

 private:
  static constexpr int64_t kSpanMicros = 1'000'000;
  static constexpr size_t kMarksMax = 4'096;

  struct Mark {
    int64_t seen_micros = 0;
    uint64_t next_sequence = 0;  // records before it were there
  };

  /// Let every second mark go: what is far back needs no second.
  void Thin() {
    std::deque<Mark> kept;
    for (size_t i = 1; i < marks_.size(); i += 2)
      kept.push_back(marks_[i]);
    marks_.swap(kept);
  }

  std::deque<Mark> marks_;  // ascending in both
};

}  // namespace tapelake::app
