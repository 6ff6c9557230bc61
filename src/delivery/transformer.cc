#include "delivery/transformer.h"

#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include <xxhash.h>

namespace tapelake::delivery {
namespace {

/// A name for all attempts of a batch, in the form of a UUID; its ids are unlike those of others.
std::string InvocationId(const std::string& stream, const std::vector<TransformRecord>& records) {
  std::string seed = stream + "/";
  seed.append(records.front().id).append(records.front().data);
  const auto high = static_cast<unsigned long long>(XXH64(seed.data(), seed.size(), 0));
  const auto low = static_cast<unsigned long long>(XXH64(seed.data(), seed.size(), 1));
  char text[40];
  std::snprintf(text, sizeof(text), "%08llx-%04llx-%04llx-%04llx-%012llx", high >> 32,
                (high >> 16) & 0xffff, high & 0xffff, low >> 48, low & 0xffffffffffff);
  return text;
}

/// The outcomes that a payload tells, or why it is no answer.
std::optional<TransformFailure> ReadOutcomes(const io::aws::Invocation& invocation,
                                             const std::vector<TransformRecord>& records,
                                             std::vector<TransformOutcome>* outcomes) {
  auto failure = JudgeInvocation(invocation);
  if (failure) return failure;
  auto read = ReadTransformAnswer(invocation.payload, records);
  if (!read.ok()) return JsonProcessingFailure(read.status().message());
  *outcomes = std::move(*read);
  return std::nullopt;
}

}  // namespace

TransformCaller Transformer::Caller() const {
  // Room for the id of an invocation, when sizes are computed.
  return {.invocation_id = "00000000-0000-0000-0000-000000000000",
          .stream_arn = options_.stream_arn,
          .region = options_.function->region()};
}

Transformer::Answer Transformer::Call(const std::vector<QueuedRecord>& batch) {
  std::vector<TransformRecord> records;
  for (const QueuedRecord& record : batch)
    records.push_back(record.view());
  TransformCaller caller = Caller();
  Answer answer;
  std::optional<TransformFailure> failure;
  if (RequestBytes(caller, records) > kInvocationBytesMax) {
    failure = TransformFailure{.code = "Lambda.InvocationFailed",
                               .message = "The record makes a request of more than 6 MB"};
  } else {
    caller.invocation_id = InvocationId(stream_, records);
    const std::string request = FormatTransformRequest(caller, records);
    while (true) {
      ++answer.attempts;
      ++counts_.invocations;
      failure = ReadOutcomes(options_.function->Invoke(request), records, &answer.outcomes);
      if (!failure) break;
      ++counts_.failed_invocations;
      if (!failure->may_pass || answer.attempts > options_.retries) break;
      options_.function->Pause(answer.attempts);
    }
  }
  answer.ended_micros = clock_.WallMicros();
  if (failure) {
    answer.outcomes.assign(records.size(), {.kind = TransformOutcome::Kind::kFailed,
                                            .data = {},
                                            .partition_keys = {},
                                            .failure = *failure});
  }
  return answer;
}

void Transformer::Append(const QueuedRecord& record, TransformOutcome outcome, const Answer& answer,
                         const ObjectLayout& layout, CutContent* content) {
  if (outcome.kind == TransformOutcome::Kind::kDropped) {
    ++counts_.dropped_records;
    return;
  }
  auto& partitions = content->texts.partitions;
  if (outcome.kind == TransformOutcome::Kind::kOk) {
    std::string partition = record.partition;
    std::string reason = record.refusal;
    const bool full = static_cast<int64_t>(partitions.size()) >= layout.options().partitions_max;
    if (!reason.empty() || !layout.AddFunctionKeys(outcome.partition_keys, &partition, &reason)) {
      outcome.failure = {.code = std::string(kNoPartitionKey), .message = std::move(reason)};
    } else if (full && !partitions.contains(partition)) {
      outcome.failure = {.code = std::string(kTooManyPartitions),
                         .message = std::string(kTooManyPartitionsReason)};
    } else {
      if (!outcome.data.empty()) partitions[partition].append(outcome.data);
      ++content->counts.lines;
      return;
    }
  }
  ++counts_.failed_records;
  ++content->counts.error_lines;
  AppendTransformErrorLine({.record = record.view(),
                            .failure = outcome.failure,
                            .attempts = answer.attempts,
                            .ended_micros = answer.ended_micros,
                            .lambda_arn = options_.function->name(),
                            .source = record.place,
                            .offset = record.offset},
                           &content->texts.errors[std::string(kProcessingFailed)]);
}

bool Transformer::Step(TransformQueue& queue, bool all, const ObjectLayout& layout,
                       CutContent* content) {
  const std::vector<QueuedRecord> batch =
      queue.Take(Caller(), {.buffer_bytes = static_cast<size_t>(options_.buffer_bytes),
                            .wait_micros = options_.buffer_micros,
                            .now_micros = clock_.SteadyMicros(),
                            .all = all});
  if (batch.empty()) return false;
  Answer answer = Call(batch);
  for (size_t i = 0; i < batch.size(); ++i) {
    taken_bytes_ += batch[i].bytes();
    Append(batch[i], std::move(answer.outcomes[i]), answer, layout, content);
  }
  return true;
}

}  // namespace tapelake::delivery
