#include "lambda/function.h"

namespace tapelake::lambda {

std::string ErrorTypeOf(const Status& status) {
  switch (KindOf(status)) {
    case ErrorKind::kInvalid:
      return "Function.InvalidEvent";
    case ErrorKind::kUnavailable:
    case ErrorKind::kUnknownOutcome:
      return "Function.TargetUnavailable";
    case ErrorKind::kThrottled:
      return "Function.DeadlineNear";
    default:
      return "Function.Bug";
  }
}

Status Function::Step() {
  TAPELAKE_RETURN_NOT_OK(parts_.api.Next(&invocation_));
  Refusals refusals;
  const Status outcome = Answer(&refusals);
  if (refusals.count() > 0) {
    parts_.log.Write(LogLevel::kWarn, invocation_.request_id, refusals.Text(event_.records.size()));
  }
  const Status reported = Report(outcome);
  if (reported.ok() || KindOf(reported) != ErrorKind::kInvalid) return reported;
  parts_.log.Write(LogLevel::kError, invocation_.request_id, reported.message());
  return Status::OK();
}

Status Function::Answer(Refusals* refusals) {
  TAPELAKE_RETURN_NOT_OK(reader_.Read(invocation_.event(), &event_));
  const Deadline deadline(invocation_.deadline_micros, parts_.clock);
  if (event_.kind == EventKind::kFirehose) {
    return parts_.firehose.Answer(event_, deadline, &answer_, refusals);
  }
  return parts_.batches.Answer(event_, deadline, &answer_, refusals);
}

Status Function::Report(const Status& outcome) {
  const std::string& request_id = invocation_.request_id;
  if (outcome.ok()) return parts_.api.Respond(request_id, answer_);
  const FunctionError error{.type = ErrorTypeOf(outcome), .message = outcome.message()};
  parts_.log.Write(LogLevel::kError, request_id, error.type + ": " + error.message);
  return parts_.api.Fail(request_id, error);
}

}  // namespace tapelake::lambda
