#pragma once

#include <cstdint>
#include <vector>

#include "delivery/assembly.h"
#include "delivery/delivery_state.h"

namespace tapelake::delivery {

/// One cut at work: the collector fills it and seals it, the publisher writes it. Who may touch
/// what: see Assembly; `cut` and the counts go over to the publisher when it is sealed.
struct CutJob {
  explicit CutJob(ChunkPool& pool) : assembly(pool) {}

  Cut cut;  ///< Its ranges are the parts of the assembly.
  Assembly assembly;
  int64_t lines = 0;
  int64_t text_bytes = 0;
  int64_t error_lines = 0;
  int64_t error_bytes = 0;
  /// The state on disk names it: made by an earlier run, or by the publisher.
  bool announced = false;

  bool has_lines() const { return lines > 0 || error_lines > 0; }
};

}  // namespace tapelake::delivery
