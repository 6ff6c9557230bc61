#pragma once

/// A function of AWS Lambda, as its callers see it: the Invoke operation.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "io/aws/json_client.h"

namespace tapelake::io::aws {

/// What the Invoke operation takes and gives at most, each way, of a synchronous invocation.
inline constexpr size_t kInvocationBytesMax = size_t{6} << 20;

/// Lambda as JsonClient needs it.
JsonService LambdaService();

/// Check a function's name, partial ARN or ARN, each with a version or an alias behind it or not.
/// Errors: kInvalid, naming it.
Status CheckFunctionName(const std::string& function);

/// The region in an ARN; empty if `function` is none.
std::string RegionOfFunction(const std::string& function);

/// What came back of one invocation.
struct Invocation {
  int status = 0;                   ///< Of HTTP; 0: there was no answer.
  std::string error = {};           ///< Of the service or the way there; empty: the function ran.
  std::string function_error = {};  ///< `Unhandled`, ...: it ran and failed.
  std::string payload = {};         ///< What it returned, or of its error; of `error`: the words.
};

/// One function. Any thread but Pause(): one.
class LambdaFunction {
 public:
  /// `client` is one of LambdaService(); `function` is good for CheckFunctionName().
  LambdaFunction(std::unique_ptr<JsonClient> client, std::string function)
      : client_(std::move(client)), function_(std::move(function)) {}

  /// Run the function once with `payload` (JSON) and wait for its end, five minutes at most
  /// (Firehose's limit). Nothing is repeated but what credentials and clocks demand. A payload
  /// beyond kInvocationBytesMax comes back longer than that, cut. Never fails: what went wrong is
  /// in the answer.
  Invocation Invoke(std::string_view payload);

  /// Sleep before invoking again, after `tries` of them: with jitter, and longer every time.
  void Pause(int tries);

  const std::string& name() const { return function_; }
  const std::string& region() const { return client_->settings().region; }

 private:
  std::unique_ptr<JsonClient> client_;
  std::string function_;
  JsonAnswer last_;  // without body; what it asks Pause() for
};

}  // namespace tapelake::io::aws
