#include "io/aws/json_client.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/json.h"
#include "io/aws/sigv4.h"

namespace tapelake::io::aws {
namespace {

constexpr int64_t kFirstPauseMicros = 100'000;
constexpr int64_t kFirstThrottledPauseMicros = 500'000;
constexpr int64_t kPauseMicrosMax = 5'000'000;
constexpr int64_t kStatedPauseMicrosMax = 20'000'000;
constexpr int64_t kSkewMicrosMin = 60'000'000;
constexpr int64_t kConnectTimeoutMicros = 5'000'000;
constexpr size_t kMessageBytesMax = 1'000;

constexpr std::string_view kThrottlings[] = {
    "BandwidthLimitExceeded",    "EC2ThrottledException",
    "KMSThrottlingException",    "LimitExceededException",
    "PriorRequestNotComplete",   "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",      "RequestThrottled",
    "RequestThrottledException", "SlowDown",
    "ThrottledException",        "Throttling",
    "ThrottlingException",       "TooManyRequestsException"};
constexpr std::string_view kTransients[] = {"InternalError",
                                            "InternalFailure",
                                            "InternalServerError",
                                            "InternalServerErrorException",
                                            "RequestTimeout",
                                            "RequestTimeoutException",
                                            "ServiceUnavailable",
                                            "ServiceUnavailableException",
                                            "TransactionInProgressException"};
constexpr std::string_view kExpiries[] = {"ExpiredToken", "ExpiredTokenException",
                                          "TokenRefreshRequired"};
/// A wrong clock and a wrong key look alike; the server's date tells them apart.
constexpr std::string_view kClockErrors[] = {"AuthFailure",          "InvalidSignatureException",
                                             "RequestExpired",       "RequestInTheFuture",
                                             "RequestTimeTooSkewed", "SignatureDoesNotMatch"};
constexpr std::string_view kRefusals[] = {
    "AccessDenied",          "AccessDeniedException",       "AuthFailure",
    "ExpiredToken",          "ExpiredTokenException",       "IncompleteSignatureException",
    "InvalidClientTokenId",  "InvalidSignatureException",   "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch", "UnrecognizedClientException", "KMSAccessDeniedException"};

bool IsOneOf(std::string_view text, std::span<const std::string_view> list) {
  return std::ranges::find(list, text) != list.end();
}

/// `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException:http://...` without what stands
/// around the name.
std::string BareName(std::string_view text) {
  const size_t hash = text.rfind('#');
  if (hash != std::string_view::npos) text.remove_prefix(hash + 1);
  return std::string(text.substr(0, text.find(':')));
}

std::string Shortened(std::string text) {
  if (text.size() > kMessageBytesMax) text.resize(kMessageBytesMax);
  return text;
}

JsonAnswer AnswerOf(HttpResponse response) {
  JsonAnswer answer{.status = response.status};
  if (const std::string* id = response.Find("x-amzn-requestid")) answer.request_id = *id;
  const std::string* type = response.Find("x-amzn-errortype");
  if (type != nullptr) answer.error = BareName(*type);
  answer.headers = std::move(response.headers);
  if (response.status == 200) {
    answer.error.clear();
    answer.body = std::move(response.body);
    return answer;
  }
  const auto document = base::ParseJson(response.body);
  if (document.ok() && document->is_object()) {
    const auto text_of = [&](std::string_view key) {
      const base::JsonValue* value = document->Find(key);
      return value != nullptr && value->is_string() ? value->text() : std::string();
    };
    if (answer.error.empty()) answer.error = BareName(text_of("__type"));
    answer.message =
        Shortened(text_of("message").empty() ? text_of("Message") : text_of("message"));
  }
  // What does not speak the protocol, such as a load balancer, says a status only.
  if (answer.error.empty()) answer.error = "HTTP" + std::to_string(response.status);
  return answer;
}

bool IsTransient(const JsonAnswer& answer) {
  return answer.status >= 500 || answer.status == 429 || IsOneOf(answer.error, kTransients);
}

const std::string* FindHeader(const JsonAnswer& answer, std::string_view name) {
  const auto found = std::ranges::find(answer.headers, name, &HttpHeader::name);
  return found == answer.headers.end() ? nullptr : &found->value;
}

/// How long the server asks to wait; 0: it does not say.
int64_t StatedPauseMicros(const JsonAnswer& answer) {
  const auto number = [&answer](std::string_view name) {
    int64_t value = 0;
    const std::string* text = FindHeader(answer, name);
    if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), value);
    return std::clamp<int64_t>(value, 0, kStatedPauseMicrosMax);
  };
  const int64_t micros =
      std::max(number("x-amz-retry-after") * 1'000, number("retry-after") * 1'000'000);
  return std::min(micros, kStatedPauseMicrosMax);
}

/// `host[:port]` as clients send it: the port only if it is not the scheme's own.
std::string HostOf(const std::string& url) {
  std::string host = url.substr(url.find("://") + 3);
  const std::string standard_port = url.starts_with("https://") ? ":443" : ":80";
  if (host.ends_with(standard_port)) host.resize(host.size() - standard_port.size());
  return host;
}

bool IsEndpoint(const std::string& endpoint) {
  const bool http = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  const std::string host = http ? endpoint.substr(endpoint.find("://") + 3) : "";
  return !host.empty() && host.find_first_of("/?#@ \t") == std::string::npos;
}

bool IsRegion(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

bool IsThrottling(std::string_view error) {
  return IsOneOf(error, kThrottlings);
}

Result<JsonSettings> CompleteJsonSettings(JsonSettings stated, const JsonService& service,
                                          const AwsEnvironment& environment) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto profile,
                           ReadProfile(environment, ProfileName(environment, stated.profile)));
  const auto complete = [&](std::string* setting, std::initializer_list<const char*> variables,
                            const char* key) {
    if (setting->empty()) *setting = environment.FirstOf(variables);
    if (setting->empty() && profile) *setting = SettingOf(*profile, key);
  };
  complete(&stated.endpoint, {service.endpoint_variable.c_str(), "AWS_ENDPOINT_URL"},
           "endpoint_url");
  complete(&stated.region, {"AWS_REGION", "AWS_DEFAULT_REGION"}, "region");
  while (stated.endpoint.ends_with('/'))
    stated.endpoint.pop_back();
  if (!stated.endpoint.empty() && !IsEndpoint(stated.endpoint)) {
    return MakeError(ErrorKind::kInvalid, service.name + " endpoint '" + stated.endpoint +
                                              "' is not http://HOST[:PORT] or https://HOST[:PORT]");
  }
  if (stated.region.empty()) {
    return MakeError(ErrorKind::kInvalid, service.name +
                                              ": no region is named\nhint: set 'region' beside "
                                              "it, AWS_REGION, or 'region' of the profile");
  }
  if (!IsRegion(stated.region)) {
    return MakeError(ErrorKind::kInvalid, service.name + " region '" + stated.region +
                                              "' is not the name of a region, such as eu-west-1");
  }
  return stated;
}

std::string JsonClient::BaseUrl() const {
  if (!settings_.endpoint.empty()) return settings_.endpoint;
  const std::string& region = settings_.region;
  return "https://" + service_.endpoint_prefix + "." + region +
         (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
}

Result<HttpResponse> JsonClient::SendOnce(const JsonCall& call, const Credentials& credentials) {
  int64_t time_micros = environment_.clock.WallMicros();
  {
    const std::scoped_lock lock(mutex_);
    time_micros += skew_micros_;
  }
  const std::string base = BaseUrl();
  HttpRequest sent{.method = "POST",
                   .url = base + call.path,
                   .headers = call.headers,
                   .body = call.body,
                   .answer_bytes_max = call.answer_bytes_max,
                   .connect_timeout_micros = kConnectTimeoutMicros,
                   .silence_timeout_micros = call.silence_timeout_micros,
                   .total_timeout_micros = call.total_timeout_micros};
  if (service_.target_prefix.empty()) {
    sent.headers.push_back({"content-type", "application/json"});
  } else {
    sent.headers.push_back({"content-type", "application/x-amz-json-" + service_.json_version});
    sent.headers.push_back({"x-amz-target", service_.target_prefix + "." + call.operation});
  }
  SigningInput input{.method = sent.method,
                     .canonical_path = UriEncode(call.path, /*keep_slash=*/true),
                     .headers = sent.headers,
                     .payload_hash = Sha256Hex(call.body)};
  input.headers.push_back({"host", HostOf(base)});
  const auto added = SignatureHeaders(
      std::move(input),
      {.region = settings_.region, .service = service_.signing_name, .time_micros = time_micros},
      credentials);
  sent.headers.insert(sent.headers.end(), added.begin(), added.end());
  return environment_.http.Send(sent);
}

/// What is changed before a try, each at most once in a call.
class JsonClient::Mender {
 public:
  explicit Mender(JsonClient& client) : client_(client) {}

  /// Whether `answer` tells what to change, and it was changed.
  bool Mend(const JsonAnswer& answer, const Credentials& credentials) {
    if (IsOneOf(answer.error, kExpiries) && !renewed_) {
      renewed_ = true;
      client_.environment_.credentials.Refuse(credentials);
      return true;
    }
    if (!IsOneOf(answer.error, kClockErrors) || clock_set_) return false;
    clock_set_ = true;
    const std::string* text = FindHeader(answer, "date");
    const auto date = text == nullptr ? std::nullopt : ParseHttpDate(*text);
    if (!date) return false;
    const int64_t skew = *date - client_.environment_.clock.WallMicros();
    const std::scoped_lock lock(client_.mutex_);
    if (std::llabs(skew - client_.skew_micros_) < kSkewMicrosMin) return false;
    client_.skew_micros_ = skew;
    return true;
  }

 private:
  JsonClient& client_;
  bool renewed_ = false;
  bool clock_set_ = false;
};

int64_t JsonClient::PauseMicros(int tries, const JsonAnswer* answer) {
  const int64_t stated_micros = answer == nullptr ? 0 : StatedPauseMicros(*answer);
  const bool throttled = answer != nullptr && IsThrottling(answer->error);
  const int64_t first = throttled ? kFirstThrottledPauseMicros : kFirstPauseMicros;
  const int64_t longest = std::min(first << std::min(tries - 1, 16), kPauseMicrosMax);
  const std::scoped_lock lock(mutex_);
  return stated_micros +
         static_cast<int64_t>(environment_.random.Below(static_cast<uint64_t>(longest)));
}

void JsonClient::Pause(int tries, const JsonAnswer* answer) {
  environment_.clock.Sleep(PauseMicros(tries, answer));
}

Result<JsonAnswer> JsonClient::Call(const JsonCall& call) {
  Mender mender(*this);
  const int64_t end_micros = environment_.clock.SteadyMicros() + call.deadline_micros;
  const std::string name = service_.name + " " + call.operation;
  for (int tries = 1;; ++tries) {
    TAPELAKE_ASSIGN_OR_RAISE(Credentials credentials, environment_.credentials.Get());
    Result<HttpResponse> sent = SendOnce(call, credentials);
    std::optional<JsonAnswer> answer;
    while (sent.ok()) {
      answer = AnswerOf(sent.MoveValueUnsafe());
      if (answer->ok() || !mender.Mend(*answer, credentials)) break;
      answer.reset();
      TAPELAKE_ASSIGN_OR_RAISE(credentials, environment_.credentials.Get());
      sent = SendOnce(call, credentials);
    }
    if (answer && !IsTransient(*answer) && !IsThrottling(answer->error)) return *std::move(answer);
    if (!answer && KindOf(sent.status()) != ErrorKind::kUnavailable &&
        KindOf(sent.status()) != ErrorKind::kUnknownOutcome) {
      return WithContext(sent.status(), name);
    }
    const int64_t pause = PauseMicros(tries, answer ? &*answer : nullptr);
    const bool late = environment_.clock.SteadyMicros() + pause >= end_micros;
    if (tries >= call.tries_max || late) {
      if (answer) return *std::move(answer);
      return MakeError(ErrorKind::kUnavailable,
                       name + " at " + BaseUrl() + ": no answer: " + sent.status().message() +
                           " (after " + std::to_string(tries) + (tries == 1 ? " try)" : " tries)"));
    }
    environment_.clock.Sleep(pause);
  }
}

Status JsonClient::ErrorOf(const JsonCall& call, const JsonAnswer& answer) const {
  std::string text = service_.name + " " + call.operation + ": " + answer.error;
  if (!answer.message.empty()) text += ": " + answer.message;
  if (!answer.request_id.empty()) text += " (request " + answer.request_id + ")";
  ErrorKind kind = ErrorKind::kInvalid;
  if (IsThrottling(answer.error)) {
    kind = ErrorKind::kThrottled;
  } else if (IsOneOf(answer.error, kRefusals) || answer.status == 401 || answer.status == 403) {
    kind = ErrorKind::kUnauthorized;
  } else if (answer.error == "ResourceNotFoundException") {
    kind = ErrorKind::kNotFound;
  } else if (IsTransient(answer)) {
    kind = ErrorKind::kUnavailable;
  }
  return MakeError(kind, std::move(text));
}

}  // namespace tapelake::io::aws
