#pragma once

/// The recent-change index: what ingest knows of each key without looking into the table.

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/node_hash_map.h>

#include "ingest/change_order.h"

namespace tapelake::ingest {

inline constexpr uint32_t kNoPartition = std::numeric_limits<uint32_t>::max();
inline constexpr int64_t kNotPending = -1;

/// Tombstones travel with every commit: a history of removals, read beside a producer of the
/// present, must not make them heavy.
inline constexpr size_t kLateTombstonesMax = 100'000;

/// The newest known change of one key.
struct RecentChange {
  ChangeOrder order;
  ChangeIdentity identity;
  uint32_t partition =
      kNoPartition;  ///< Where the row is now; kNoPartition: deleted (a tombstone).
  /// The watermark when it came: how far event time was then, however late the change is.
  int64_t arrival_micros = std::numeric_limits<int64_t>::min();
  int64_t pending = kNotPending;  ///< Slot in the commit being prepared.
};

/// Key -> newest change, bounded by event time and memory. One thread. References to entries stay
/// valid until the entry is evicted; pending entries are never evicted.
///
/// A row's entry stays for the horizon after its change: the table knows it from then on. A
/// tombstone's stays for the horizon after its *arrival*: the table knows nothing of it, and who
/// sent it late may send something older of the same key later still.
class RecentChanges {
 public:
  /// Lets std::string_view look up std::string keys.
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  using Map = absl::node_hash_map<std::string, RecentChange, KeyHash, std::equal_to<>>;

  RecentChanges(int64_t horizon_micros, int64_t bytes_max)
      : horizon_micros_(horizon_micros), bytes_max_(bytes_max) {}

  /// The entry of `key`, or nullptr.
  Map::value_type* Find(std::string_view key);

  /// The entry of `key`, made if absent.
  Map::value_type* FindOrAdd(std::string_view key);

  /// Forget one entry, which must not be pending.
  void Forget(std::string_view key);

  /// Forget everything (nothing may be pending) because the order domain changed at
  /// `newest_micros`.
  void Clear(int64_t newest_micros);

  /// The index knows every key that changed after this event time. An unknown key with an older
  /// change may have a newer one in the table.
  int64_t floor_micros() const { return floor_micros_; }

  /// Declare what the index knows at the start.
  void set_floor_micros(int64_t micros) { floor_micros_ = micros; }

  /// Drop entries older than `newest_micros` - horizon, the older half of the tombstones that are
  /// kept for their late arrival alone if they are more than kLateTombstonesMax and, if still over
  /// the memory limit, the oldest of the rest. Cheap when nothing grew since the last call.
  void Evict(int64_t newest_micros);

  /// Whether a tombstone is to be kept at this watermark.
  bool Remembers(const RecentChange& tombstone, int64_t newest_micros) const {
    const int64_t from = newest_micros - horizon_micros_;
    return tombstone.order.time_micros >= from || tombstone.arrival_micros >= from;
  }

  int64_t horizon_micros() const { return horizon_micros_; }
  int64_t bytes() const { return bytes_; }
  const Map& entries() const { return entries_; }

 private:
  static int64_t BytesOf(const Map::value_type& entry);
  /// Drop what `drop` says and is not pending.
  void Drop(const std::function<bool(const RecentChange&)>& drop);
  void DropLateTombstones(int64_t from_micros);
  void RaiseFloor(int64_t time_micros);

  int64_t horizon_micros_;
  int64_t bytes_max_;
  int64_t bytes_ = 0;
  int64_t floor_micros_ = std::numeric_limits<int64_t>::min();
  size_t size_after_eviction_ = 0;
  Map entries_;
};

}  // namespace tapelake::ingest
