#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/clock.h"
#include "io/random.h"
#include "source/pull/pull_log.h"
#include "source/pull/shard_api.h"

namespace tapelake::source {

struct ShardLogOptions {
  /// Begins the id of every source: `kinesis:orders@`. The incarnation, '/' and the shard's id
  /// follow. Stored in commits: never change it.
  std::string prefix;
  std::string place;  ///< The stream's name for people.
  /// Where to begin if there are no marks of the stream: kOldest or kTime.
  ShardPlace start = {};
  int64_t bytes_per_second = 2 << 20;  ///< The service's limit on one shard.
  int64_t call_micros = 250'000;       ///< Between two calls for one shard: of 5 a second, 4.
  int64_t listing_micros = 10'000'000;
  /// The service does not say when records at a place are not kept any more, but goes on with the
  /// oldest ones (Kinesis); else there is ShardFault::kTrimmed.
  bool trims_silently = false;
  /// The service cannot begin at a time: begin with the oldest record and pass over what is older.
  bool filters_time = false;
  bool patient = false;  ///< Whatever fails may pass, from the first call on.
};

/// A stream of shards as one log: all shards that may be read, in turn.
///
/// 1. Lineage: no record of a shard is handed out before all of its parents that are still listed
///    were handed out to their ends. So the changes of a key stay in order through splits and
///    merges.
/// 2. Numbers: records of a shard are counted on from its mark, which names the record before. The
///    same records get the same numbers in every life of the process.
/// 3. Gaps: where records were dropped before they were read, that is counted and said; the shard
///    goes on with what there is, numbered afresh. Not knowing counts as a gap: a place that was
///    left alone for longer than records are kept, a child shard that was not begun for as long
///    after its parents.
/// 4. An end is known: a shard that was read to its end has a mark `at_end`, until the service does
///    not list it any more; then it is forgotten.
class ShardLog : public PullLog {
 public:
  /// `marks`: of all sources of the table; those with the prefix count. `clock` and `random` must
  /// outlive the log.
  ShardLog(std::unique_ptr<ShardApi> api, io::Clock& clock, io::Random& random,
           ShardLogOptions options, const std::map<std::string, record::LogMark>& marks);
  ~ShardLog() override;

  Result<bool> Read(PullBatch* batch) override;

  /// Only look which shards there are: `*batch` says where each begins. Return false if that failed
  /// in a way that may pass. Errors: as Read().
  Result<bool> ReadListing(PullBatch* batch);

  PullFigures figures() const override;

 private:
  enum class State : uint8_t { kWaiting, kReading, kEnded };
  struct Shard;

  Status TakeMarks(const std::string& incarnation, PullBatch* batch);
  Status Discover(PullBatch* batch);
  Shard* Add(const std::string& incarnation, const ShardInfo& info);
  int64_t ParentsFromMillis(const Shard& shard) const;
  void DropVanished(PullBatch* batch);
  void Release(PullBatch* batch);
  Shard* NextDue();
  Result<bool> ReadShard(Shard* shard, PullBatch* batch);
  bool Meet(const ShardAnswer& answer, Shard* shard, PullBatch* batch);
  bool TakePage(ShardPage page, Shard* shard, PullBatch* batch);
  void DoubtPlace(Shard* shard, PullBatch* batch);
  void CheckContinuity(ShardPage* page, bool ended, Shard* shard);
  static void PassOverOlder(ShardPage* page, const ShardPlace& place);
  void NameBeginning(const ShardPage& page, Shard* shard, PullBatch* batch);
  void Pace(const ShardPage& page, bool had_records, Shard* shard);
  void BackOff(Shard* shard);
  void Gap(const std::string& words, Shard* shard);
  void BeginAnew(Shard* shard, PullBatch* batch) const;
  void Remark(const Shard& shard, bool fresh, PullBatch* batch) const;
  /// Whether everything that was written since the shard's place is still kept.
  bool IsKept(const Shard& shard) const;
  Status Fail(const Status& failure, bool may_be_fatal);
  void UpdateFigures();

  std::unique_ptr<ShardApi> api_;
  io::Clock& clock_;
  io::Random& random_;
  ShardLogOptions options_;
  std::map<std::string, record::LogMark> marks_;          // until the first listing
  std::map<std::string, std::unique_ptr<Shard>> shards_;  // by source id
  bool listed_ = false;                                   // once at least
  bool is_first_ = true;                                  // there are no marks of the stream
  int64_t retention_micros_ = 0;
  int64_t listing_due_micros_ = 0;  // steady
  int64_t listing_pause_micros_ = 0;
  PullFigures now_;

  mutable std::mutex mutex_;  // guards what follows
  PullFigures published_;
  int64_t read_until_micros_ = 0;  // wall time up to which all shards were read; 0: none was
};

}  // namespace tapelake::source
