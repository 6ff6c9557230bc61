#include "monitor/alarm_log.h"

namespace tapelake::monitor {

Status AlarmLog::Append(std::string_view json) {
  const Status status = AppendLine(json);
  if (!status.ok()) file_.reset();
  return status;
}

Status AlarmLog::AppendLine(std::string_view json) {
  if (file_ == nullptr) {
    TAPELAKE_RETURN_NOT_OK(files_.CreateDirectories(io::ParentPath(path_)));
    TAPELAKE_ASSIGN_OR_RAISE(file_, files_.OpenForAppend(path_));
  }
  if (file_->size_bytes() >= kLogBytesMax) TAPELAKE_RETURN_NOT_OK(Rotate());
  return file_->Append(std::string(json) + "\n");
}

Status AlarmLog::Rotate() {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string content, files_.ReadFile(path_));
  TAPELAKE_RETURN_NOT_OK(files_.ReplaceFile(path_ + ".old", content));
  return file_->Truncate(0);
}

}  // namespace tapelake::monitor
