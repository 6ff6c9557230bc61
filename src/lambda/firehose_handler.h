#pragma once

/// Answers the transformation events of a Firehose delivery stream.

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "lambda/deadline.h"
#include "lambda/event.h"
#include "lambda/refusals.h"
#include "transform/ndjson_writer.h"
#include "transform/record_parser.h"

namespace tapelake::lambda {

/// Lambda refuses a longer answer (its limit is 6 MiB, with a few bytes to spare).
inline constexpr size_t kAnswerBytesMax = size_t{6} << 20;

/// Makes one answer per record, in their order and under their ids. One thread; it keeps its
/// buffers.
///
/// - `Ok` with base64 of the row line (transform::NdjsonWriter), line end included: Firehose adds
///   none. With partition keys also `metadata.partitionKeys`.
/// - `ProcessingFailed` with the data as sent for what is no change record, or lacks a partition
///   key; Firehose writes it under its error prefix.
/// - `ProcessingFailed` without data for what the answer has no room for: Firehose still has it.
/// - Never `Dropped`: nothing is left out in silence.
class FirehoseHandler {
 public:
  /// `partition_keys`: names of attributes of type S, N or BOOL whose values become partition keys
  /// of the same names.
  explicit FirehoseHandler(std::vector<std::string> partition_keys);

  /// Write the answer to `*answer`, at most kAnswerBytesMax, and add what was refused to
  /// `*refusals`. Errors, after which `*answer` is of no use: kThrottled (the deadline is near:
  /// what is answered with an error comes again, while ProcessingFailed is final), kInvalid (so
  /// many records that not even their ids fit into an answer).
  Status Answer(const Event& event, const Deadline& deadline, std::string* answer,
                Refusals* refusals);

 private:
  bool MakeRow(const EventRecord& record, size_t index, Refusals* refusals);
  bool AppendMetadata(size_t index, Refusals* refusals);
  void AppendRecord(const EventRecord& record, size_t index, size_t room, std::string* answer,
                    Refusals* refusals);

  const std::vector<std::string> partition_keys_;
  const transform::NdjsonWriter writer_;
  transform::RecordParser parser_;
  std::string row_scratch_;
  std::string_view row_;  // into row_scratch_
  std::string metadata_;  // with its leading comma
};

}  // namespace tapelake::lambda
