#include "source/pull/shard_calls.h"

#include <string_view>
#include <utility>

#include "base/json.h"
#include "source/pull/json_slices.h"

namespace tapelake::source {
namespace {

ShardFault FaultOf(std::string_view error) {
  if (io::aws::IsThrottling(error)) return ShardFault::kThrottled;
  if (error == "ExpiredIteratorException") return ShardFault::kExpired;
  if (error == "TrimmedDataAccessException") return ShardFault::kTrimmed;
  if (error == "ResourceNotFoundException") return ShardFault::kGone;
  return ShardFault::kNone;
}

}  // namespace

Result<std::string> ShardCalls::Ask(const std::string& operation, const std::string& body,
                                    ShardAnswer* fault) {
  const io::aws::JsonCall call{
      .operation = operation, .body = body, .tries_max = kShardCallTriesMax};
  TAPELAKE_ASSIGN_OR_RAISE(io::aws::JsonAnswer answer, client_.Call(call));
  if (answer.ok()) return std::move(answer.body);
  const Status error = client_.ErrorOf(call, answer);
  fault->fault = FaultOf(answer.error);
  if (fault->fault == ShardFault::kNone) return WithContext(error, "stream '" + stream_ + "'");
  fault->words = error.message();
  return std::string();
}

Result<ShardAnswer> ShardCalls::GetIterator(const std::string& body) {
  ShardAnswer answer;
  TAPELAKE_ASSIGN_OR_RAISE(const std::string text, Ask("GetShardIterator", body, &answer));
  if (answer.fault != ShardFault::kNone) return answer;
  TAPELAKE_RETURN_NOT_OK(
      VisitMembers(text, [&](std::string_view name, std::string_view value) -> Status {
        return name == "ShardIterator" ? TextOf(value).Value(&answer.iterator) : Status::OK();
      }));
  if (answer.iterator.empty()) {
    return MakeError(ErrorKind::kCorrupt, "GetShardIterator gave no ShardIterator");
  }
  return answer;
}

Result<ShardAnswer> ShardCalls::GetRecords(const std::string& iterator, int64_t records_max,
                                           PageParser parse) {
  std::string body;
  base::JsonWriter writer(&body);
  writer.BeginObject().Key("ShardIterator").String(iterator).Key("Limit").Int(records_max);
  writer.EndObject();
  ShardAnswer answer;
  TAPELAKE_ASSIGN_OR_RAISE(std::string text, Ask("GetRecords", body, &answer));
  if (answer.fault != ShardFault::kNone) return answer;
  TAPELAKE_ASSIGN_OR_RAISE(answer.page, parse(std::move(text)));
  return answer;
}

}  // namespace tapelake::source
