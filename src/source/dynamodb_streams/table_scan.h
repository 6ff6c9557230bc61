#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "io/aws/json_client.h"
#include "io/clock.h"
#include "io/random.h"
#include "source/dynamodb_streams/streams_api.h"
#include "source/pull/pull_log.h"

namespace tapelake::source {

/// Sequence number of the record that a scanned item becomes: older than any of a stream.
inline constexpr char kScanSequence[] = "0";

/// What a scan makes of an item: a record as DynamoDB Streams has them, an INSERT of the time
/// `micros`. `item` is DynamoDB JSON as it came. Errors: kCorrupt (no object). Pure.
Status AppendScanRecord(std::string_view item, const DynamodbTable& table, int64_t micros,
                        std::string* out);

/// All items of a table, by a parallel scan, as a log: its segments are the sources, and a mark
/// says behind which item a segment goes on. Strongly consistent: each item is as it was at some
/// moment after the scan began.
///
/// The items behind a mark are not the same in another life, so they are counted afresh there. What
/// is handed out twice is the same to ingest, or is put right by the stream. A segment without a
/// mark beside others with one is scanned from its beginning.
class TableScan : public PullLog {
 public:
  static constexpr int kSegments = 4;

  /// `prefix` begins the ids of the segments, which end in `/NUMBER-of-COUNT`; those with marks go
  /// on there. `clock` and `random` must outlive the scan.
  TableScan(std::shared_ptr<io::aws::JsonClient> client, io::Clock& clock, io::Random& random,
            std::string table, DynamodbTable described, const std::string& prefix,
            const std::map<std::string, record::LogMark>& marks);

  /// Where each segment begins. Before the first Read().
  std::vector<PullMark> Beginnings() const;

  /// Scan: the pages of all segments at the same time, handed out one by one. Errors: kCorrupt (a
  /// mark); what fails otherwise may pass.
  Result<bool> Read(PullBatch* batch) override;

  /// Whether everything was handed out.
  bool done() const;

  PullFigures figures() const override;

 private:
  struct Segment {
    std::string source_id;
    int number = 0;
    int count = 0;
    std::string after;  // LastEvaluatedKey; empty: begin at the beginning
    uint64_t items = 0;
    bool ended = false;
    bool fresh = true;
    int64_t due_micros = 0;  // steady
    int64_t pause_micros = 0;
  };

  Result<io::aws::JsonAnswer> Ask(const Segment& segment) const;
  Status TakeMark(std::string_view name, const record::LogMark& mark);
  void ReadRound();
  Status TakeAnswer(const io::aws::JsonAnswer& answer, Segment* segment);
  void Fail(const Status& failure, Segment* segment);

  std::shared_ptr<io::aws::JsonClient> client_;
  io::Clock& clock_;
  io::Random& random_;
  std::string table_;
  DynamodbTable described_;
  std::vector<Segment> segments_;
  Status wrong_mark_;  // a mark that makes no sense
  std::deque<PullBatch> ready_;
  PullFigures now_;

  mutable std::mutex mutex_;  // guards what follows
  PullFigures published_;
};

}  // namespace tapelake::source
