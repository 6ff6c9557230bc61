#pragma once

/// Answers the batches of Kinesis and DynamoDB event source mappings.

#include <string>

#include "base/status.h"
#include "lambda/deadline.h"
#include "lambda/event.h"
#include "lambda/line_target.h"
#include "lambda/refusals.h"
#include "transform/ndjson_writer.h"
#include "transform/record_parser.h"

namespace tapelake::lambda {

/// Makes row lines of a batch, brings them to a target and says which records are to come again.
/// One thread; it keeps its buffers.
///
/// The records of a batch are in the order of their shard, and what is reported as failed comes
/// again together with everything after it. So a batch is taken up to the first record that cannot
/// be, the rows before it are sent, and it and all after it are reported, lowest first:
/// `{"batchItemFailures":[{"itemIdentifier":"<sequence number>"},..]}`. Every row is sent at least
/// once.
///
/// What ends a batch early: the deadline (kSendMicros before the answer must be made), or a record
/// that is no change record if there is no target for errors. With one, such a record becomes an
/// error line there (transform::AppendErrorLine) and the batch goes on.
class BatchHandler {
 public:
  /// Time that is kept for sending.
  static constexpr int64_t kSendMicros = 300'000;

  /// Both must outlive this; `errors` may be nullptr.
  BatchHandler(LineTarget& rows, LineTarget* errors) : rows_target_(rows), errors_target_(errors) {}

  /// Write the answer to `*answer` and add what was refused to `*refusals`. Errors, after which the
  /// whole batch must come again: those of LineTarget::Send.
  Status Answer(const Event& event, const Deadline& deadline, std::string* answer,
                Refusals* refusals);

 private:
  size_t TakeRecords(const Event& event, const Deadline& deadline, Refusals* refusals);
  bool TakeRecord(const Event& event, size_t index, Refusals* refusals);
  void AppendError(transform::ParseError error, const Event& event, const EventRecord& record);

  LineTarget& rows_target_;
  LineTarget* errors_target_;
  const transform::NdjsonWriter writer_;
  transform::RecordParser parser_;
  std::string rows_;
  std::string errors_;
};

}  // namespace tapelake::lambda
