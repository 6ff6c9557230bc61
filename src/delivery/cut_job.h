#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delivery/assembly.h"
#include "delivery/cut_content.h"
#include "delivery/delivery_state.h"
#include "delivery/transform_queue.h"

namespace tapelake::delivery {

/// One cut at work: the collector fills it and seals it, the publisher writes it. Who may touch
/// what: see Assembly; `cut` and the counts go over to the publisher when it is sealed.
struct CutJob {
  /// `of` has a layout. Its partitions are those that an earlier run found.
  CutJob(ChunkPool& pool, Cut of)
      : cut(std::move(of)),
        plain(!cut.transformed && !cut.layout->partitioned() && !cut.layout->options().backup),
        assembly(pool, cut.layout->compression()),
        known(cut.partitions.begin(), cut.partitions.end()) {}

  Cut cut;           ///< Its ranges are the parts of the assembly.
  const bool plain;  ///< A change goes into the one raw object, and nowhere else.
  Assembly assembly;
  TransformQueue queue;        ///< Of a transformed cut: its changes go here, and nowhere else.
  int64_t queued_records = 0;  ///< Ever.
  /// What a function made of them: the publisher's alone. Once the cut is settled it has gone over
  /// to the assembly, and what an earlier run settled has been read.
  CutContent answered;
  bool settled = false;
  int64_t lines = 0;
  int64_t text_bytes = 0;
  int64_t error_lines = 0;
  int64_t error_bytes = 0;
  int64_t held_bytes = 0;  ///< Of text that stays in memory until the cut is written.
  std::set<std::string, std::less<>> known;  ///< The partitions of the cut.
  /// Announced, and then partitions were found that the state does not name.
  bool outgrown = false;
  /// The state on disk names it: made by an earlier run, or by the publisher.
  bool announced = false;

  /// Whether lines may go to that partition: it is one of the cut's, or becomes one.
  bool TakePartition(std::string_view partition) {
    if (known.contains(partition)) return true;
    if (static_cast<int64_t>(known.size()) >= cut.layout->options().partitions_max) return false;
    known.emplace(partition);
    cut.partitions.emplace_back(partition);
    outgrown = announced;
    return true;
  }

  /// Of a transformed cut also if it will turn out that all its changes are dropped.
  bool has_lines() const { return lines > 0 || error_lines > 0 || queued_records > 0; }
};

}  // namespace tapelake::delivery
