#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/status.h"
#include "delivery/cut_job.h"
#include "delivery/delivery.h"
#include "delivery/delivery_state.h"
#include "delivery/object_name.h"
#include "delivery/transformer.h"
#include "io/clock.h"
#include "io/file_system.h"

namespace tapelake::delivery {

/// Writes cuts: compresses as lines come, then state, objects, state (invariants D1 to D6 of
/// docs/internals/delivery.md).
///
/// Step() belongs to one thread; everything else may be called from another.
class Publisher {
 public:
  /// `files` and `clock` must outlive the publisher. `state` is what the state file says.
  Publisher(io::FileSystem& files, io::Clock& clock, const DeliveryOptions& options,
            DeliveryState state);

  /// Take part in a job from its first line on; it is published once it is sealed, in the order of
  /// these calls.
  void Enlist(std::shared_ptr<CutJob> job);

  /// Compress one chunk, have one batch transformed or publish one cut; false if there is nothing
  /// of it.
  Result<bool> Step();

  uint64_t DeliveredOffset(const std::string& source) const;
  DeliveryCounts counts() const;
  /// Whether no sealed cut waits.
  bool idle() const;
  /// Of the bytes ever added to jobs, those that take no memory any more.
  int64_t released_bytes() const { return released_bytes_.load(); }

  ChunkPool& pool() { return pool_; }

 private:
  std::deque<std::shared_ptr<CutJob>> Jobs() const;
  bool Compress(CutJob* job);
  bool Transform(CutJob* job, bool sealed);
  Status Settle(CutJob* job);
  Status ReadContent(CutJob* job);
  Status Publish(CutJob* job);
  Status WriteObjects(CutJob* job, DeliveryCounts* written);
  Status WritePartitions(CutJob* job, const ObjectName& name, DeliveryCounts* written);
  Status WriteObject(const ObjectLayout& layout, const std::string& path, std::string_view content);
  Status DeleteObject(const ObjectLayout& layout, const std::string& path);
  /// Write `state` and, if that succeeded, believe it.
  Status Store(DeliveryState state);
  Status MakeDirectory(const std::string& root, const std::string& relative);
  CutJob* NextToAnnounce(const CutJob* before) const;

  io::FileSystem& files_;
  const std::string lake_path_;
  const std::string stream_;
  const std::string state_path_;              // below the lake
  std::unique_ptr<Transformer> transformer_;  // nullptr: none is configured
  ChunkPool pool_;
  std::set<std::string> durable_directories_;
  std::atomic<int64_t> released_bytes_{0};

  mutable std::mutex mutex_;  // guards the rest; only Step() changes state_ and counts_
  std::deque<std::shared_ptr<CutJob>> jobs_;
  DeliveryState state_;
  DeliveryCounts counts_;
};

/// Where the state of a stream's delivery lies below the lake, unless its options say otherwise.
std::string StatePath(const std::string& stream);

}  // namespace tapelake::delivery
