#include "base/status.h"

#include <memory>
#include <utility>

namespace tapelake {
namespace {

constexpr const char* kDetailTypeId = "tapelake::ErrorKind";

class KindDetail : public arrow::StatusDetail {
 public:
  explicit KindDetail(ErrorKind kind) : kind_(kind) {}
  const char* type_id() const override { return kDetailTypeId; }
  std::string ToString() const override { return std::string(ErrorKindName(kind_)); }
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

arrow::StatusCode CodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
    case ErrorKind::kUnauthorized:
      return arrow::StatusCode::Invalid;
    case ErrorKind::kNotFound:
      return arrow::StatusCode::KeyError;
    case ErrorKind::kAlreadyExists:
      return arrow::StatusCode::AlreadyExists;
    case ErrorKind::kShuttingDown:
      return arrow::StatusCode::Cancelled;
    case ErrorKind::kInternal:
      return arrow::StatusCode::UnknownError;
    default:
      return arrow::StatusCode::IOError;
  }
}

}  // namespace

Status MakeError(ErrorKind kind, std::string message) {
  return Status(CodeOf(kind), std::move(message), std::make_shared<KindDetail>(kind));
}

ErrorKind KindOf(const Status& status) {
  if (status.detail() != nullptr && status.detail()->type_id() == std::string_view(kDetailTypeId)) {
    return static_cast<const KindDetail&>(*status.detail()).kind();
  }
  switch (status.code()) {
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::TypeError:
    case arrow::StatusCode::NotImplemented:
      return ErrorKind::kInvalid;
    case arrow::StatusCode::KeyError:
      return ErrorKind::kNotFound;
    case arrow::StatusCode::AlreadyExists:
      return ErrorKind::kAlreadyExists;
    case arrow::StatusCode::IOError:
    case arrow::StatusCode::OutOfMemory:
      return ErrorKind::kUnavailable;
    case arrow::StatusCode::SerializationError:
      return ErrorKind::kCorrupt;
    case arrow::StatusCode::Cancelled:
      return ErrorKind::kShuttingDown;
    default:
      return ErrorKind::kInternal;
  }
}

Status WithContext(const Status& status, std::string_view context) {
  if (status.ok()) return status;
  return MakeError(KindOf(status), std::string(context) + ": " + status.message());
}

}  // namespace tapelake
