/// IncreaseStreamRetentionPeriod and DecreaseStreamRetentionPeriod: done, durably, when they are
/// answered, for the streams that clients made. Those of tables follow the configuration.

#include "serve/aws/kinesis/kinesis_service.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kHoursMin = 24;
constexpr int64_t kHoursMax = 8'760;
constexpr int64_t kMicrosPerHour = int64_t{3'600} * 1'000'000;

std::string Hours(int64_t hours) {
  return "(" + std::to_string(hours) + " hours)";
}

/// What Kinesis says of hours that no stream may have.
std::optional<AwsError> CheckHours(int64_t hours) {
  if (hours < kHoursMin) {
    return InvalidArgument("Minimum allowed retention period is " + std::to_string(kHoursMin) +
                           " hours. Requested retention period " + Hours(hours) + " is too short.");
  }
  if (hours > kHoursMax) {
    return InvalidArgument("Maximum allowed retention period is " + std::to_string(kHoursMax) +
                           " hours. Requested retention period " + Hours(hours) + " is too long.");
  }
  return std::nullopt;
}

}  // namespace

KinesisService::Outcome KinesisService::ChangeRetention(WireValue request, bool increase) {
  Violations violations;
  MemberReader members(request, &violations);
  const auto hours =
      members.Integer("RetentionPeriodHours", {.need = MemberReader::Need::kRequired});
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  if (auto wrong = CheckHours(*hours)) return wrong;
  const std::scoped_lock lock(retention_mutex_);  // the comparison holds until it is done
  const int64_t now_hours = stream->retention_hours();
  if (*hours == now_hours) return std::nullopt;
  if ((*hours > now_hours) != increase) {
    return InvalidArgument("Requested retention period " + Hours(*hours) + " for stream " +
                           stream->name() + " can not be " + (increase ? "shorter" : "longer") +
                           " than existing retention period " + Hours(now_hours) + ". Use " +
                           (increase ? "Decrease" : "Increase") + "RetentionPeriod API.");
  }
  if (!stream->is_made()) {
    return InvalidArgument("Stream " + stream->name() +
                           " is declared in Tapelake's configuration and cannot be changed here; "
                           "set 'stream.retention' (now " +
                           std::to_string(now_hours) + " hours) and start Tapelake again.");
  }
  const Status changed = stream->log().SetRetention(*hours * kMicrosPerHour);
  if (changed.ok()) return std::nullopt;
  return ErrorOf(changed);
}

KinesisService::Outcome KinesisService::IncreaseRetention(WireValue request, AnswerWriter*) {
  return ChangeRetention(request, true);
}

KinesisService::Outcome KinesisService::DecreaseRetention(WireValue request, AnswerWriter*) {
  return ChangeRetention(request, false);
}

}  // namespace tapelake::serve
