#include "base/status.h"

namespace tapelake {

const std::string& Status::message() const {
  static const std::string kNone;
  return error_ == nullptr ? kNone : error_->message;
}

std::string Status::ToString() const {
  if (error_ == nullptr) return "OK";
  return std::string(ErrorKindName(error_->kind)) + ": " + error_->message;
}

Status MakeError(ErrorKind kind, std::string message) {
  Status status;
  status.error_ = std::make_shared<const Status::Error>(Status::Error{kind, std::move(message)});
  return status;
}

ErrorKind KindOf(const Status& status) {
  return status.error_ == nullptr ? ErrorKind::kInternal : status.error_->kind;
}

Status WithContext(const Status& status, std::string_view context) {
  if (status.ok()) return status;
  return MakeError(KindOf(status), std::string(context) + ": " + status.message());
}

}  // namespace tapelake
