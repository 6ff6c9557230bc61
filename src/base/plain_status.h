#pragma once

/// Status and Result as base/status.h gives them, for programs without Arrow. Include that header,
/// never this one. Only what our code uses of Arrow's classes is here, under the same names and
/// with the same meaning.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/error_kind.h"

namespace tapelake {

/// Success, or why not. Cheap to copy; any thread.
class [[nodiscard]] Status {
 public:
  Status() = default;
  static Status OK() { return {}; }

  bool ok() const { return error_ == nullptr; }
  /// Empty if ok.
  const std::string& message() const;
  /// For people: `OK`, or the kind's name and the message.
  std::string ToString() const;

 private:
  friend Status MakeError(ErrorKind kind, std::string message);
  friend ErrorKind KindOf(const Status& status);
  struct Error {
    ErrorKind kind = ErrorKind::kInternal;
    std::string message;
  };

  std::shared_ptr<const Error> error_;
};

/// A value, or why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  /// `status` must be a failure.
  Result(Status status) : status_(std::move(status)) {  // implicit, as Arrow's
    TAPELAKE_ASSERT(!status_.ok());
  }
  Result(T value) : value_(std::move(value)) {}  // implicit, as Arrow's

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }

  /// The value; only if ok.
  T& operator*() & { return Checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->Checked(); }
  T&& operator*() && { return std::move(Checked()); }
  T* operator->() { return &Checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->Checked(); }
  T&& ValueUnsafe() && { return std::move(Checked()); }

 private:
  T& Checked() {
    TAPELAKE_ASSERT(value_.has_value());
    return *value_;
  }

  Status status_;
  std::optional<T> value_;
};

}  // namespace tapelake

#define TAPELAKE_RETURN_NOT_OK(expr)             \
  do {                                           \
    ::tapelake::Status status_of_expr_ = (expr); \
    if (!status_of_expr_.ok()) [[unlikely]]      \
      return status_of_expr_;                    \
  } while (false)

#define TAPELAKE_JOIN_(left, right) left##right
#define TAPELAKE_JOIN(left, right) TAPELAKE_JOIN_(left, right)
#define TAPELAKE_ASSIGN_OR_RAISE_(result, lhs, expr) \
  auto&& result = (expr);                            \
  TAPELAKE_RETURN_NOT_OK(result.status());           \
  lhs = std::move(result).ValueUnsafe()
#define TAPELAKE_ASSIGN_OR_RAISE(lhs, expr) \
  TAPELAKE_ASSIGN_OR_RAISE_(TAPELAKE_JOIN(result_of_expr_, __COUNTER__), lhs, expr)
