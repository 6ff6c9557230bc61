#include "monitor/alarm_log.h"

namespace tapelake::monitor {

Status AlarmLog::Append(std::string_view json) {
  held_back_.push_back(std::string(json) + "\n");
  if (held_back_.size() > kHeldBackMax) held_back_.pop_front();
  const Status status = AppendHeldBack();
  if (!status.ok()) file_.reset();
  return status;
}

Status AlarmLog::AppendHeldBack() {
  if (file_ == nullptr) {
    TAPELAKE_RETURN_NOT_OK(files_.CreateDirectories(io::ParentPath(path_)));
    TAPELAKE_ASSIGN_OR_RAISE(file_, files_.OpenForAppend(path_));
  }
  while (!held_back_.empty()) {
    if (file_->size_bytes() >= kLogBytesMax) TAPELAKE_RETURN_NOT_OK(Rotate());
    TAPELAKE_RETURN_NOT_OK(AppendLine(held_back_.front()));
    held_back_.pop_front();
  }
  return Status::OK();
}

Status AlarmLog::AppendLine(std::string_view line) {
  const int64_t size_before = file_->size_bytes();
  const Status status = file_->Append(line);
  // The part that found room would spoil the next line.
  if (!status.ok()) (void)file_->Truncate(size_before).ok();
  return status;
}

Status AlarmLog::Rotate() {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string content, files_.ReadFile(path_));
  TAPELAKE_RETURN_NOT_OK(files_.ReplaceFile(path_ + ".old", content));
  return file_->Truncate(0);
}

}  // namespace tapelake::monitor
