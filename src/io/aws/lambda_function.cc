#include "io/aws/lambda_function.h"

#include <algorithm>

#include "io/aws/sigv4.h"

namespace tapelake::io::aws {
namespace {

constexpr size_t kNameCharactersMax = 170;
constexpr int64_t kRunMicrosMax = 300'000'000;
constexpr int kNoAnswer = 0;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == ':' || c == '$' || c == '.';
}

}  // namespace

JsonService LambdaService() {
  return {.name = "Lambda",
          .signing_name = "lambda",
          .endpoint_prefix = "lambda",
          .target_prefix = "",
          .json_version = "",
          .endpoint_variable = "AWS_ENDPOINT_URL_LAMBDA"};
}

Status CheckFunctionName(const std::string& function) {
  const bool arn = function.starts_with("arn:");
  const bool fits = !function.empty() && function.size() <= kNameCharactersMax &&
                    std::ranges::all_of(function, IsNameCharacter) &&
                    (!arn || (function.find(":lambda:") != std::string::npos &&
                              function.find(":function:") != std::string::npos));
  if (fits) return Status::OK();
  return MakeError(ErrorKind::kInvalid,
                   "'" + function +
                       "' is no Lambda function\nhint: NAME, NAME:ALIAS or "
                       "arn:aws:lambda:REGION:ACCOUNT:function:NAME, at most 170 characters");
}

std::string RegionOfFunction(const std::string& function) {
  if (!function.starts_with("arn:")) return "";
  constexpr std::string_view kService = ":lambda:";
  const size_t begin = function.find(kService);
  if (begin == std::string::npos) return "";
  const size_t region = begin + kService.size();
  return function.substr(region, function.find(':', region) - region);
}

Invocation LambdaFunction::Invoke(std::string_view payload) {
  last_ = {};
  auto called = client_->Call({.operation = "Invoke",
                               .body = payload,
                               .tries_max = 1,
                               .answer_bytes_max = static_cast<int64_t>(kInvocationBytesMax) + 1,
                               .path = "/2015-03-31/functions/" +
                                       UriEncode(function_, /*keep_slash=*/false) + "/invocations",
                               .headers = {{"x-amz-invocation-type", "RequestResponse"}},
                               .silence_timeout_micros = kRunMicrosMax,
                               .total_timeout_micros = kRunMicrosMax});
  if (!called.ok()) {
    const bool refused = KindOf(called.status()) == ErrorKind::kUnauthorized;
    return {.status = kNoAnswer,
            .error = refused ? "AccessDeniedException" : "NoAnswer",
            .payload = called.status().message()};
  }
  JsonAnswer answer = std::move(*called);
  Invocation invocation{.status = answer.status, .error = answer.error};
  for (const HttpHeader& header : answer.headers) {
    if (header.name == "x-amz-function-error") invocation.function_error = header.value;
  }
  invocation.payload = answer.ok() ? std::move(answer.body) : answer.message;
  answer.body.clear();
  last_ = std::move(answer);
  return invocation;
}

void LambdaFunction::Pause(int tries) {
  client_->Pause(tries, last_.status == kNoAnswer ? nullptr : &last_);
}

}  // namespace tapelake::io::aws
