#pragma once

#include <cstdint>

namespace tapelake::app {

/// When waiting changes are worth a commit.
struct CommitLimits {
  int64_t interval_micros = 5'000'000;
  int64_t changes_max = 1'000'000;
  int64_t bytes_max = 256 << 20;
};

/// Decides when to commit. Pure: time is passed in (steady microseconds). One thread.
///
/// By time: `interval` after the start of the commit before, but never sooner after its end than it
/// took, so that at most half of the time goes into commits. By size: at once, which holds the
/// source back instead of memory.
class CommitPacer {
 public:
  CommitPacer(const CommitLimits& limits, int64_t now_micros)
      : limits_(limits), last_begin_micros_(now_micros), last_end_micros_(now_micros) {}

  bool ShouldCommit(int64_t now_micros, int64_t pending_changes, int64_t pending_bytes) const;
  void OnCommitted(int64_t begin_micros, int64_t end_micros);

 private:
  CommitLimits limits_;
  int64_t last_begin_micros_;
  int64_t last_end_micros_;
};

}  // namespace tapelake::app
