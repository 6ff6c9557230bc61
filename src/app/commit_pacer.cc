#include "app/commit_pacer.h"

namespace tapelake::app {

bool CommitPacer::ShouldCommit(int64_t now_micros, int64_t pending_changes,
                               int64_t pending_bytes) const {
  if (pending_changes == 0) return false;
  if (pending_changes >= limits_.changes_max || pending_bytes >= limits_.bytes_max) return true;
  const int64_t took_micros = last_end_micros_ - last_begin_micros_;
  return now_micros - last_begin_micros_ >= limits_.interval_micros &&
         now_micros - last_end_micros_ >= took_micros;
}

void CommitPacer::OnCommitted(int64_t begin_micros, int64_t end_micros) {
  last_begin_micros_ = begin_micros;
  last_end_micros_ = end_micros;
}

}  // namespace tapelake::app
