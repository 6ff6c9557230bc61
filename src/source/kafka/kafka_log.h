#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "io/clock.h"
#include "source/kafka/change_adapter.h"
#include "source/kafka/kafka_consumer.h"
#include "source/kafka/kafka_place.h"
#include "source/pull/pull_log.h"
#include "source/pull/shard_place.h"

namespace tapelake::source {

struct KafkaLogOptions {
  std::string topic;
  /// Where to begin if there are no marks of the topic: kOldest or kTime.
  ShardPlace start = {};
  bool at_end = false;  ///< Begin with what comes from now on; `start` does not count.
  ChangeAdapterOptions format = {};
  bool patient = false;  ///< Whatever fails may pass, from the first call on.
};

/// A topic of Kafka as one log, read as a member of a consumer group.
///
/// 1. Places are the table's: where a partition is read on says the mark in the commit, never the
///    group. The group gets a hint of it after each commit.
/// 2. Numbers: a record's position is its offset, in every life of the process; above all that was
///    taken before once the log is another one.
/// 3. Gaps: records that were dropped before they were read, and a log that is not the one that was
///    read before (made anew, or cut): counted and said. The record before the place is read again
///    at the start, as only it tells a log from another one of the same name that is as long.
/// 4. Partitions that are added later begin at their first record, whatever `start` says.
///
/// docs/decisions/0016-kafka.md says why.
class KafkaLog : public PullLog {
 public:
  using MakeConsumer = std::function<Result<std::unique_ptr<KafkaConsumer>>()>;

  /// `marks`: of all sources of the table; those of the topic count. `clock` must outlive the log.
  KafkaLog(MakeConsumer make_consumer, io::Clock& clock, KafkaLogOptions options,
           const std::map<std::string, record::LogMark>& marks);

  Result<bool> Read(PullBatch* batch) override;
  void Hold() override;
  void Committed(const std::map<std::string, record::LogMark>& marks) override;
  PullFigures figures() const override;

 private:
  struct Partition {
    std::string source_id;
    int64_t base = 0;                          // a position is an offset and this
    int64_t next = 0;                          // the offset that is read next
    std::optional<uint64_t> fingerprint = {};  // of the record before it
    bool checks = false;          // the record before `next` is read again, to be compared
    bool is_lost = false;         // the log has nothing at its place; found anew at `due_micros`
    bool is_another_log = false;  // than the one that was read; is_lost
    int64_t due_micros = 0;       // steady
    bool assigned = false;
    bool at_end = false;
    int64_t end = 0;                    // of the log when that was told: holes may lie before it
    int64_t newest_wall_micros = 0;     // when the newest record read was written; 0: none was
    int64_t confirmed_wall_micros = 0;  // when it was last seen that nothing more is there
  };

  std::string SourceOf(int32_t partition) const;
  Status TakeMarks(const std::map<std::string, record::LogMark>& marks);
  Result<bool> TryToBegin(PullBatch* batch);
  Status Begin(PullBatch* batch);
  Result<std::vector<int64_t>> Beginnings(int32_t partitions);
  void Add(int32_t number, int64_t begin, PullBatch* batch);
  void DropVanished(int32_t partitions, PullBatch* batch);
  int64_t OnAssigned(int32_t number);
  void OnRevoked(int32_t number);
  void Gather();
  bool Take(const KafkaEvent& event);
  void TakeMessage(const KafkaEvent& event);
  bool IsAwaited(const KafkaEvent& event, int32_t number, Partition* partition);
  void Lose(int32_t number);
  void FindLost();
  Status Find(int32_t number, Partition* partition);
  void Restart(int32_t number, int64_t low, const std::string& why, Partition* partition);
  void Flush(int32_t number);
  void FlushAll();
  PullBatch* Building(int32_t number, const Partition& partition);
  void ConfirmEnds();
  void Gap(const std::string& words);
  void Fail(const Status& failure);
  void Break(const Status& failure);
  void UpdateFigures();

  MakeConsumer make_consumer_;
  io::Clock& clock_;
  KafkaLogOptions options_;
  std::string prefix_;  // of the sources
  ChangeAdapter adapter_;
  Status wrong_mark_;  // a mark that makes no sense
  bool is_first_ = true;
  bool has_begun_ = false;  // once, with whatever consumer
  std::map<int32_t, Partition> partitions_;
  std::map<int32_t, PullBatch> building_;  // of the present round
  size_t building_bytes_ = 0;
  std::deque<PullBatch> ready_;
  std::map<int32_t, int64_t> hinted_;  // offsets that the group was told
  int64_t begin_due_micros_ = 0;       // steady
  int64_t begin_pause_micros_ = 0;
  std::optional<int64_t> held_since_micros_;  // steady
  int64_t confirm_due_micros_ = 0;            // steady
  PullFigures now_;

  mutable std::mutex mutex_;  // guards what follows
  PullFigures published_;
  int64_t read_until_micros_ = 0;  // wall; 0: not known

  std::unique_ptr<KafkaConsumer> consumer_;  // last: its end calls back
};

}  // namespace tapelake::source
