#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "app/worker.h"
#include "base/status.h"
#include "record/log_mark.h"
#include "source/pull/pull_log.h"

namespace tapelake::app {

/// Reads a pull log on a thread of its own, ahead of the table's worker, which takes what was read.
///
/// What waits is bounded; when the table's worker is behind, nothing more is asked for. Begin(),
/// Take() and Committed() belong to the table's worker, Step() and Drain() to this one's thread;
/// figures() to any.
class PullWorker : public Worker {
 public:
  using Marks = std::map<std::string, record::LogMark>;
  /// Make the log anew from `marks`; `again`: not for the first time, so that its settings are
  /// known to work.
  using OpenLog =
      std::function<Result<std::unique_ptr<source::PullLog>>(const Marks& marks, bool again)>;

  static constexpr size_t kBatchesMax = 256;
  static constexpr size_t kBytesMax = size_t{16} << 20;

  PullWorker(std::string name, OpenLog open) : name_(std::move(name)), open_(std::move(open)) {}

  /// Read anew from these marks; what waits is forgotten.
  void Begin(Marks marks);

  /// The oldest batch that waits since Begin(); nullopt: none.
  std::optional<source::PullBatch> Take();

  /// Let the log know what a commit carries; what came since Begin() only.
  void Committed(const Marks& marks);

  /// Of all logs since the start.
  source::PullFigures figures() const;

  std::string name() const override { return name_; }

  /// Read one batch. Errors: those of opening the log, and of PullLog::Read().
  Result<bool> Step() override;

  /// What waits is left: the next start reads it again.
  Status Drain() override { return Status::OK(); }

  bool is_held_up() const override;

 private:
  bool HasRoom() const;  // mutex_ is held
  void Push(source::PullBatch batch, int64_t begun);

  std::string name_;
  OpenLog open_;
  int64_t log_begun_ = 0;  // Begin() calls before log_ was opened; 0: it was not
  bool has_read_ = false;

  mutable std::mutex mutex_;              // guards what follows
  std::unique_ptr<source::PullLog> log_;  // replaced under the lock, read from without it
  source::PullFigures before_;            // of logs that were closed
  int64_t begun_ = 0;                     // Begin() calls
  Marks marks_;                           // of the last one
  std::optional<Marks> committed_;        // since, not yet told to the log
  std::deque<source::PullBatch> waiting_;
  size_t waiting_bytes_ = 0;
};

}  // namespace tapelake::app
