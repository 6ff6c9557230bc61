#pragma once

/// Calls of AWS services that speak JSON 1.0 or 1.1 (`X-Amz-Target`) or REST with JSON, signed and
/// repeated. Protocols: Smithy, "AWS JSON 1.1 protocol", "AWS restJson1 protocol". For calls that
/// may be made twice: all that read.

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "io/aws/credential_chain.h"
#include "io/aws/profiles.h"
#include "io/clock.h"
#include "io/http_client.h"
#include "io/random.h"

namespace tapelake::io::aws {

/// What is fixed about a service.
struct JsonService {
  std::string name;               ///< For people: `Kinesis`.
  std::string signing_name;       ///< `kinesis`
  std::string endpoint_prefix;    ///< `streams.dynamodb` of `https://streams.dynamodb.REGION....`
  std::string target_prefix;      ///< `Kinesis_20131202`; empty: REST, paths say what is called.
  std::string json_version;       ///< `1.0` or `1.1`; nothing of REST.
  std::string endpoint_variable;  ///< `AWS_ENDPOINT_URL_KINESIS`
};

/// How a service is reached.
struct JsonSettings {
  std::string endpoint = {};  ///< `http(s)://host[:port]`; empty: AWS's own.
  std::string region = {};    ///< Of the signature, and of AWS's endpoint.
  std::string profile = {};   ///< Of credentials and region; empty: the environment's.
};

/// Fill in what `stated` leaves open: endpoint from the service's own variable, AWS_ENDPOINT_URL or
/// `endpoint_url` of the profile; region from AWS_REGION, AWS_DEFAULT_REGION or the profile.
/// Errors: kInvalid (names the setting; no region is said anywhere), those of ReadProfile.
Result<JsonSettings> CompleteJsonSettings(JsonSettings stated, const JsonService& service,
                                          const AwsEnvironment& environment);

/// One call.
struct JsonCall {
  std::string operation;                 ///< `GetRecords`
  std::string_view body;                 ///< A JSON object; must live until the answer is there.
  int tries_max = 5;                     ///< Of what may pass by itself.
  int64_t deadline_micros = 60'000'000;  ///< From the first try on no other begins after this.
  int64_t answer_bytes_max = int64_t{64} << 20;
  std::string path = "/";                       ///< Percent-encoded.
  std::vector<HttpHeader> headers = {};         ///< Further ones, of names in lower case.
  int64_t silence_timeout_micros = 30'000'000;  ///< Of one try, as HttpRequest has them.
  int64_t total_timeout_micros = 0;
};

/// What came back.
struct JsonAnswer {
  int status = 0;
  std::string body = {};
  std::string error = {};    ///< `ExpiredIteratorException`, without a namespace; empty: success.
  std::string message = {};  ///< The service's own words for the error.
  std::string request_id = {};
  std::vector<HttpHeader> headers = {};  ///< Names in lower case.

  bool ok() const { return error.empty(); }
};

/// Whether `error` says that too much was asked at once.
bool IsThrottling(std::string_view error);

/// What calls are made with. All references must outlive the client.
struct JsonEnvironment {
  HttpClient& http;
  CredentialSource& credentials;
  Clock& clock;
  Random& random;  ///< For the pauses between tries; used under the client's lock.
};

/// Any thread.
class JsonClient {
 public:
  JsonClient(const JsonEnvironment& environment, JsonService service, JsonSettings settings)
      : environment_(environment), service_(std::move(service)), settings_(std::move(settings)) {}

  /// Call until the service gives an answer that a repeat would not change, and return that, an
  /// error of the service too. Repeated with full jitter, at most `tries_max` times and not after
  /// the deadline: no answer, status 500 and more, throttling and the errors that AWS calls
  /// transient; of the last try that is the answer. Also repeated, once each and without counting:
  /// with fresh credentials if they have expired, with the server's time if the clocks disagree.
  ///
  /// Errors: kUnavailable (no answer), those of the credentials, kUnauthorized (certificate).
  Result<JsonAnswer> Call(const JsonCall& call);

  /// Sleep before a further try of a caller that repeats calls itself (`tries_max` of 1): full
  /// jitter, longer after every try, and what `answer` (nullptr: none came) asks for.
  void Pause(int tries, const JsonAnswer* answer);

  /// What an answer that is no success means, naming service, operation and the service's words:
  /// kThrottled, kUnauthorized, kNotFound, kUnavailable (transient), kInvalid (the rest).
  Status ErrorOf(const JsonCall& call, const JsonAnswer& answer) const;

  const JsonSettings& settings() const { return settings_; }

 private:
  class Mender;

  std::string BaseUrl() const;
  Result<HttpResponse> SendOnce(const JsonCall& call, const Credentials& credentials);
  int64_t PauseMicros(int tries, const JsonAnswer* answer);

  JsonEnvironment environment_;
  JsonService service_;
  JsonSettings settings_;
  std::mutex mutex_;         // guards what follows, and environment_.random
  int64_t skew_micros_ = 0;  // the server's clock less ours
};

}  // namespace tapelake::io::aws
