#pragma once

/// Rows that are durable but not yet committed (architecture, decision 5).

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"

namespace tapelake::hot {

/// What happened to one key.
struct HotChange {
  static constexpr int64_t kDelete = -1;
  std::string key;
  int64_t row = kDelete;  ///< Row of the chunk, or kDelete.
};

/// Changes of a stretch of time, in order; a later one of the same key counts. Immutable.
struct HotChunk {
  std::shared_ptr<arrow::RecordBatch> rows;  ///< Data columns of the table at that moment.
  std::vector<HotChange> changes;
};

/// One moment of a table: the rows over its newest commit of ours. Immutable; any thread.
struct HotView {
  std::string instant;  ///< That commit; empty: none yet.
  std::vector<std::shared_ptr<const HotChunk>> chunks;
  bool empty() const { return chunks.empty(); }
};

/// The overlay a view makes: surviving rows and all keys it speaks of (their stored rows, in
/// whatever partition, are outdated).
struct HotOverlay {
  std::string instant;
  std::shared_ptr<arrow::RecordBatch> rows;  ///< Data columns; nullptr: no rows.
  std::vector<std::string> keys;             ///< Sorted; each once.
};

/// Merge the chunks of a view. Columns that an older chunk lacks are null.
/// Errors: kInternal (a column changed its type, which ingest never does).
Result<HotOverlay> MergeHotView(const HotView& view);

/// The hot rows of one table. Any thread; one writer. Memory: that of the chunks since the last
/// commit, plus what views still hold.
class HotTable {
 public:
  /// All chunks so far are part of the commit `instant` now, or (at a start) the table lies at
  /// `instant`: drop them, so that the next ones lie over it. Atomic for views.
  void Committed(std::string instant);

  /// Add a chunk after those since the last commit.
  void Publish(std::shared_ptr<const HotChunk> chunk);

  HotView View() const;

 private:
  mutable std::mutex mutex_;
  HotView view_;
};

}  // namespace tapelake::hot
