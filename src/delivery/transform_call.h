#pragma once

/// The contract of Firehose's Lambda transforms: requests made, answers judged, error lines
/// written. Pure.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/aws/lambda_function.h"

namespace tapelake::delivery {

using io::aws::kInvocationBytesMax;

/// How often an invocation is tried again after it failed, by default: four attempts in all.
inline constexpr int kTransformRetries = 3;

/// One source record.
struct TransformRecord {
  std::string_view id;  ///< Unlike all others of its batch.
  int64_t arrival_micros = 0;
  std::string_view data;
};

/// Who calls.
struct TransformCaller {
  std::string invocation_id;  ///< The same at every attempt of a batch.
  std::string stream_arn;
  std::string region;
};

/// How many of the first of `records` make one request: as many as fit `buffer_bytes` of data and
/// kInvocationBytesMax of request, one at least if there is any (a record too large for a request
/// is the caller's to refuse: see RequestBytes).
size_t CountOfBatch(const TransformCaller& caller, const std::vector<TransformRecord>& records,
                    size_t buffer_bytes);

/// Bytes of the request of these records.
size_t RequestBytes(const TransformCaller& caller, const std::vector<TransformRecord>& records);

/// The payload of an invocation.
std::string FormatTransformRequest(const TransformCaller& caller,
                                   const std::vector<TransformRecord>& records);

/// Why a record, or a whole batch, could not be transformed; in Firehose's words.
struct TransformFailure {
  std::string code;
  std::string message;
  bool may_pass = false;  ///< Of a batch: another invocation may end otherwise.
};

/// What became of one record.
struct TransformOutcome {
  enum class Kind : uint8_t { kOk, kDropped, kFailed };
  Kind kind = Kind::kFailed;
  std::string data = {};                                   ///< Of kOk.
  std::map<std::string, std::string> partition_keys = {};  ///< Likewise.
  TransformFailure failure = {};                           ///< Of kFailed.
};

/// Judge an invocation as a whole. A failure is one of the batch: if it may pass the invocation is
/// tried again; after the last retry every record of it has failed with this. nullopt: the payload
/// is to be read.
std::optional<TransformFailure> JudgeInvocation(const io::aws::Invocation& invocation);

/// Read a payload: the outcome of each record, in the order of `records`. Every record must be
/// answered exactly once: one that is not there or there twice has failed; answers to what was not
/// asked are passed over. Errors: kInvalid if the payload is no such answer at all, which counts
/// as a failure of the batch (JsonProcessingFailure).
Result<std::vector<TransformOutcome>> ReadTransformAnswer(
    std::string_view payload, const std::vector<TransformRecord>& records);

/// The failure of a payload that is no answer. It may pass.
TransformFailure JsonProcessingFailure(std::string message);

/// Of one failed record.
struct TransformErrorLine {
  const TransformRecord& record;
  const TransformFailure& failure;
  int attempts = 1;
  int64_t ended_micros = 0;  ///< The last attempt.
  std::string_view lambda_arn;
  std::string_view source;  ///< For people.
  uint64_t offset = 0;      ///< In the source.
};

/// Append a line of an error object of type `processing-failed`: the members that Firehose writes,
/// then those of all our error lines, with their seal.
void AppendTransformErrorLine(const TransformErrorLine& line, std::string* out);

}  // namespace tapelake::delivery
