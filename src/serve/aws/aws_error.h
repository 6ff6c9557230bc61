#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace tapelake::serve {

/// What AWS answers instead of a result.
struct AwsError {
  std::string type;  ///< Its shape: `ResourceNotFoundException`.
  std::string message;
  int http_status = 400;
};

/// The request is no value of the service's model: `1 validation error detected: ...`.
inline AwsError ValidationError(std::string message) {
  return {.type = "ValidationException", .message = std::move(message)};
}

/// The bytes of the request are not what its content type says, or a member has another type.
inline AwsError SerializationError(std::string message) {
  return {.type = "SerializationException", .message = std::move(message)};
}

/// What HTTP itself forbids, or this door does not speak of it.
inline AwsError MalformedHttpRequest(std::string message, int http_status = 400) {
  return {.type = "MalformedHttpRequestException",
          .message = std::move(message),
          .http_status = http_status};
}

inline AwsError RequestEntityTooLarge(std::string message) {
  return {
      .type = "RequestEntityTooLargeException", .message = std::move(message), .http_status = 413};
}

/// A value that the model allows and the service does not.
inline AwsError InvalidArgument(std::string message) {
  return {.type = "InvalidArgumentException", .message = std::move(message)};
}

inline AwsError ResourceNotFound(std::string message) {
  return {.type = "ResourceNotFoundException", .message = std::move(message)};
}

inline AwsError UnknownOperation(std::string_view operation) {
  return {.type = "UnknownOperationException",
          .message = "Tapelake does not serve the operation '" +
                     std::string(operation.substr(0, 100)) + "'."};
}

/// A failure of ours: clients try again.
inline AwsError InternalFailure(std::string message) {
  return {.type = "InternalFailure", .message = std::move(message), .http_status = 500};
}

/// The program is ending: clients try again.
inline AwsError ServiceUnavailable(std::string message) {
  return {.type = "ServiceUnavailable", .message = std::move(message), .http_status = 503};
}

}  // namespace tapelake::serve
