#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "io/clock.h"
#include "io/random.h"
#include "source/dynamodb_streams/table_scan.h"
#include "source/pull/pull_log.h"
#include "source/pull/shard_log.h"

namespace tapelake::source {

struct DynamodbLogOptions {
  std::string table;        ///< Empty: only the stream of `stream_arn`, without a first load.
  std::string stream_arn;   ///< Used if there is no table.
  bool first_load = false;  ///< Begin with all items that are there.
  ShardPlace start = {};    ///< Where to begin in the stream without a first load.
  bool patient = false;     ///< Whatever fails may pass, from the first call on.
};

/// The changes of a DynamoDB table, and before them, if asked for, its items: a scan, then the
/// stream from a place that was fixed before the scan began. Why nothing is lost or doubled, also
/// while the table is written to: docs/decisions/0015-first-load.md.
class DynamodbLog : public PullLog {
 public:
  /// Changes written this long before the scan began are read from the stream though the scan has
  /// seen them: clocks differ, and DynamoDB Local rounds to the minute.
  static constexpr int64_t kOverlapMicros = int64_t{15} * 60 * 1'000'000;

  struct Clients {
    std::shared_ptr<io::aws::JsonClient> streams;
    std::shared_ptr<io::aws::JsonClient> tables;  ///< nullptr if there is no table.
  };

  /// `marks` of all sources of the table; `clock` and `random` must outlive the log.
  DynamodbLog(Clients clients, io::Clock& clock, io::Random& random, DynamodbLogOptions options,
              std::map<std::string, record::LogMark> marks);

  Result<bool> Read(PullBatch* batch) override;
  PullFigures figures() const override;

 private:
  enum class Phase : uint8_t { kBegin, kScan, kStream };

  std::string StreamPrefix() const;
  std::unique_ptr<ShardLog> MakeStream() const;
  Result<bool> TryToBegin(PullBatch* batch);
  Result<bool> Begin(PullBatch* batch);
  Result<bool> BeginStream(PullBatch* batch);
  Result<bool> FixPlaces(PullBatch* batch);
  bool HasMarks(const std::string& prefix) const;
  void CountBeginning(const PullFigures& figures);
  void Keep(const PullBatch& batch);

  Clients clients_;
  io::Clock& clock_;
  io::Random& random_;
  DynamodbLogOptions options_;
  std::string name_;                              // of the table
  std::map<std::string, record::LogMark> marks_;  // as handed out so far
  Phase phase_ = Phase::kBegin;
  int64_t begin_due_micros_ = 0;  // steady

  // What follows is replaced under the lock, and read from without it by the thread that reads.
  mutable std::mutex mutex_;
  PullFigures beginning_;         // of what was tried before the scan
  int64_t scan_from_micros_ = 0;  // wall
  std::unique_ptr<TableScan> scan_;
  std::unique_ptr<ShardLog> stream_;
};

}  // namespace tapelake::source
