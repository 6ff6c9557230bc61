#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "app/worker.h"
#include "hudi/table/table.h"

namespace tapelake::app {

/// Executes the compactions that the table worker plans, beside its commits.
///
/// Add() may be called from any thread; Step() and Drain() belong to one.
class CompactionWorker : public Worker {
 public:
  /// `environment`'s members must outlive the worker.
  CompactionWorker(const hudi::TableEnvironment& environment, std::string table_path, int threads);

  std::string name() const override { return "compaction"; }

  void Add(const std::string& instant);

  /// Execute one compaction. A failure that may pass leaves it pending: it is tried again.
  /// Errors: kCorrupt and other failures that do not pass.
  Result<bool> Step() override;

  /// Execute what is planned. Errors: those of hudi::Table::RunCompaction.
  Status Drain() override;

  int64_t done() const { return done_.load(); }

 private:
  Status RunNext();
  std::string Next() const;

  hudi::TableEnvironment environment_;
  std::string table_path_;
  int threads_;
  int64_t retry_micros_ = 0;  // steady time of the next try
  std::atomic<int64_t> done_{0};

  mutable std::mutex mutex_;  // guards waiting_
  std::deque<std::string> waiting_;
};

}  // namespace tapelake::app
