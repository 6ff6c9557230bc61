#include "lambda/runtime_api.h"

#include <charconv>

#include "base/json.h"
#include "io/tcp_stream.h"

namespace tapelake::lambda {
namespace {

constexpr int64_t kEventBytesMax = 32 << 20;  // Lambda itself allows 6 MiB
constexpr int64_t kMicrosPerMilli = 1000;
constexpr size_t kShownBytes = 200;  // of an answer, in a message

io::HttpHeader UserAgent() {
  return {"User-Agent", "tapelake-lambda"};
}

Status Unexpected(const char* call, const io::HttpResponse& response, ErrorKind kind) {
  return MakeError(kind, std::string("the runtime API answered ") + call + " with status " +
                             std::to_string(response.status) + ": " +
                             response.body.substr(0, kShownBytes));
}

std::string ErrorBody(const FunctionError& error) {
  std::string body;
  base::JsonWriter json(&body);
  json.BeginObject().Key("errorMessage").String(error.message);
  json.Key("errorType").String(error.type);
  json.Key("stackTrace").BeginArray().EndArray().EndObject();
  return body;
}

int64_t ReadMillis(const std::string* text) {
  int64_t millis = 0;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), millis);
  return millis;
}

}  // namespace

RuntimeApi::RuntimeApi(const std::string& address, io::HttpClient& http)
    : prefix_("http://" + address + "/2018-06-01/runtime/"), http_(http) {}

Status RuntimeApi::Next(Invocation* invocation) {
  const io::HttpRequest request{.url = prefix_ + "invocation/next",
                                .headers = {UserAgent()},
                                .answer_bytes_max = kEventBytesMax,
                                .silence_timeout_micros = io::kNever,
                                .spare = &invocation->buffer};
  TAPELAKE_ASSIGN_OR_RAISE(io::HttpResponse response, http_.Send(request));
  const std::string* request_id = response.Find("lambda-runtime-aws-request-id");
  if (response.status != 200 || request_id == nullptr) {
    return Unexpected("invocation/next", response, ErrorKind::kShuttingDown);
  }
  invocation->request_id = *request_id;
  invocation->deadline_micros =
      ReadMillis(response.Find("lambda-runtime-deadline-ms")) * kMicrosPerMilli;
  invocation->buffer = std::move(response.body);
  invocation->buffer.append(record::kRecordPaddingBytes, '\0');
  return Status::OK();
}

Status RuntimeApi::Respond(const std::string& request_id, std::string_view answer) {
  return Post("invocation/" + request_id + "/response", answer, nullptr);
}

Status RuntimeApi::Fail(const std::string& request_id, const FunctionError& error) {
  return Post("invocation/" + request_id + "/error", ErrorBody(error), &error);
}

Status RuntimeApi::FailInit(const FunctionError& error) {
  return Post("init/error", ErrorBody(error), &error);
}

Status RuntimeApi::Post(const std::string& path, std::string_view body,
                        const FunctionError* error) {
  io::HttpRequest request{.method = "POST",
                          .url = prefix_ + path,
                          .headers = {{"Content-Type", "application/json"}, UserAgent()},
                          .body = body};
  if (error != nullptr) {
    request.headers.push_back({"Lambda-Runtime-Function-Error-Type", error->type});
  }
  TAPELAKE_ASSIGN_OR_RAISE(const io::HttpResponse response, http_.Send(request));
  if (response.status == 202) return Status::OK();
  const bool is_refused = response.status >= 400 && response.status < 500;
  return Unexpected(path.c_str(), response,
                    is_refused ? ErrorKind::kInvalid : ErrorKind::kShuttingDown);
}

}  // namespace tapelake::lambda
