#include "io/aws/credential_services.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/time.h"
#include "io/aws/xml.h"

namespace tapelake::io::aws {
namespace {

constexpr int64_t kAnswerBytesMax = 1 << 20;
constexpr int64_t kInstanceTimeoutMicros = 1'000'000;
constexpr int kAttempts = 3;
constexpr char kSts[] = "AWS STS";
constexpr int64_t kFirstPauseMicros = 200'000;

/// Send, and again if the service fails or does not answer.
Result<HttpResponse> SendPatiently(const AwsEnvironment& environment, const HttpRequest& request,
                                   const std::string& service) {
  for (int attempt = 1;; ++attempt) {
    auto response = environment.http.Send(request);
    const bool failed = response.ok() ? response->status >= 500 || response->status == 429
                                      : KindOf(response.status()) == ErrorKind::kUnavailable ||
                                            KindOf(response.status()) == ErrorKind::kUnknownOutcome;
    if (!failed || attempt == kAttempts) {
      if (response.ok()) return response;
      return MakeError(failed ? ErrorKind::kUnavailable : KindOf(response.status()),
                       service + " gives no answer: " + response.status().message());
    }
    environment.clock.Sleep(kFirstPauseMicros << (attempt - 1));
  }
}

Result<Credentials> Checked(Credentials credentials, const std::string& expiration,
                            const std::string& service) {
  const auto expires = base::ParseIso8601(expiration);
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() || !expires) {
    return MakeError(ErrorKind::kCorrupt, service +
                                              " answers without keys or without the time "
                                              "when they expire");
  }
  credentials.expires_micros = expires->micros;
  return credentials;
}

// --- STS --------------------------------------------------------------------------------------

struct StsPlace {
  std::string url;
  std::string region;
};

StsPlace PlaceOfSts(const AwsEnvironment& environment, const std::string& wanted_region) {
  StsPlace place{.url = environment.FirstOf({"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}),
                 .region = wanted_region};
  if (place.region.empty()) {
    place.region = environment.FirstOf({"AWS_REGION", "AWS_DEFAULT_REGION"});
  }
  const bool regional = !place.region.empty();
  if (!regional) place.region = "us-east-1";
  if (place.url.empty()) {
    const std::string domain =
        place.region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
    place.url = "https://sts" + (regional ? "." + place.region : std::string()) + domain;
  }
  while (place.url.ends_with('/'))
    place.url.pop_back();
  return place;
}

std::string HostOf(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(begin, std::min(url.find('/', begin), url.size()) - begin);
}

using Form = std::vector<std::pair<std::string, std::string>>;

/// `keys`: nullptr for the one action that needs no signature.
Result<Credentials> CallSts(const AwsEnvironment& environment, const StsPlace& place,
                            const Form& form, const Credentials* keys) {
  const std::string body = CanonicalQuery(form);
  HttpRequest request{.method = "POST",
                      .url = place.url + "/",
                      .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                      .body = body,
                      .answer_bytes_max = kAnswerBytesMax};
  if (keys != nullptr) {
    SigningInput input{.method = "POST", .canonical_path = "/", .payload_hash = Sha256Hex(body)};
    input.headers = {{"host", HostOf(place.url)}, request.headers[0]};
    const auto added = SignatureHeaders(
        std::move(input),
        {.region = place.region, .service = "sts", .time_micros = environment.clock.WallMicros()},
        *keys);
    request.headers.insert(request.headers.end(), added.begin(), added.end());
  }
  TAPELAKE_ASSIGN_OR_RAISE(const HttpResponse response, SendPatiently(environment, request, kSts));
  const auto answer = ParseXml(response.body);
  if (response.status != 200) {
    const XmlElement* error = answer.ok() ? answer->Find("Error") : nullptr;
    const std::string said = error == nullptr
                                 ? "status " + std::to_string(response.status)
                                 : error->TextOf("Code") + ": " + error->TextOf("Message");
    return MakeError(response.status >= 500 ? ErrorKind::kUnavailable : ErrorKind::kUnauthorized,
                     std::string(kSts) + " refuses the role: " + said);
  }
  TAPELAKE_RETURN_NOT_OK(answer.status());
  const XmlElement* result = answer->children.empty() ? nullptr : &answer->children.front();
  const XmlElement* found = result == nullptr ? nullptr : result->Find("Credentials");
  if (found == nullptr)
    return MakeError(ErrorKind::kCorrupt, std::string(kSts) + " answers without keys");
  return Checked({.access_key_id = found->TextOf("AccessKeyId"),
                  .secret_access_key = found->TextOf("SecretAccessKey"),
                  .session_token = found->TextOf("SessionToken")},
                 found->TextOf("Expiration"), kSts);
}

Form RoleForm(const AwsEnvironment& environment, const RoleRequest& request,
              const std::string& action) {
  std::string session = request.session_name;
  if (session.empty()) {
    session = "tapelake-" + std::to_string(environment.clock.WallMicros() / 1'000'000);
  }
  Form form = {{"Action", action},
               {"Version", "2011-06-15"},
               {"RoleArn", request.role_arn},
               {"RoleSessionName", std::move(session)}};
  if (!request.external_id.empty()) form.emplace_back("ExternalId", request.external_id);
  return form;
}

std::string FirstLine(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

// --- JSON of containers and instances ----------------------------------------------------------

Result<Credentials> ParseKeys(const HttpResponse& response, const std::string& service) {
  const auto json = base::ParseJson(response.body);
  const auto text = [&json](const char* key) {
    const base::JsonValue* value = json->is_object() ? json->Find(key) : nullptr;
    return value == nullptr ? std::string() : value->text();
  };
  if (response.status != 200) {
    const std::string said = json.ok() ? text("message") : "";
    return MakeError(response.status >= 500 ? ErrorKind::kUnavailable : ErrorKind::kUnauthorized,
                     service + " refuses: status " + std::to_string(response.status) +
                         (said.empty() ? "" : ", " + said));
  }
  TAPELAKE_RETURN_NOT_OK(WithContext(json.status(), service));
  const std::string code = text("Code");
  if (!code.empty() && code != "Success") {
    return MakeError(ErrorKind::kUnauthorized, service + " refuses: " + code);
  }
  return Checked({.access_key_id = text("AccessKeyId"),
                  .secret_access_key = text("SecretAccessKey"),
                  .session_token = text("Token")},
                 text("Expiration"), service);
}

/// Whether plain HTTP to the host of `url` stays on this machine or on its link.
bool MayBeAskedPlainly(const std::string& url) {
  std::string host = HostOf(url);
  if (host.find('@') != std::string::npos) return false;
  const size_t bracket = host.find(']');
  host = host.substr(
      0, host.starts_with('[') && bracket != std::string::npos ? bracket + 1 : host.find(':'));
  const bool loopback =
      host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || loopback || host == "[::1]" || host == "169.254.170.2" ||
         host == "169.254.170.23" || host == "[fd00:ec2::23]";
}

}  // namespace

Result<Credentials> AssumeRoleWithWebIdentity(const AwsEnvironment& environment,
                                              const RoleRequest& request,
                                              const std::string& token_file) {
  const auto token = environment.files.ReadFile(token_file);
  if (!token.ok()) return WithContext(token.status(), "web identity token");
  Form form = RoleForm(environment, request, "AssumeRoleWithWebIdentity");
  form.emplace_back("WebIdentityToken", FirstLine(*token));
  return CallSts(environment, PlaceOfSts(environment, request.region), form, nullptr);
}

Result<Credentials> AssumeRole(const AwsEnvironment& environment, const RoleRequest& request,
                               const Credentials& keys) {
  return CallSts(environment, PlaceOfSts(environment, request.region),
                 RoleForm(environment, request, "AssumeRole"), &keys);
}

Result<std::optional<Credentials>> FromContainer(const AwsEnvironment& environment) {
  const std::string relative = environment.FirstOf({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"});
  const std::string url = relative.empty()
                              ? environment.FirstOf({"AWS_CONTAINER_CREDENTIALS_FULL_URI"})
                              : "http://169.254.170.2" + relative;
  if (url.empty()) return std::optional<Credentials>();
  if (!url.starts_with("https://") && !MayBeAskedPlainly(url)) {
    return MakeError(ErrorKind::kInvalid, "AWS_CONTAINER_CREDENTIALS_FULL_URI '" + url +
                                              "' is neither https nor on this machine");
  }
  std::string token = environment.FirstOf({"AWS_CONTAINER_AUTHORIZATION_TOKEN"});
  const std::string file = environment.FirstOf({"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"});
  if (!file.empty()) {
    const auto text = environment.files.ReadFile(file);
    if (!text.ok()) return WithContext(text.status(), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    token = FirstLine(*text);
  }
  HttpRequest request{.url = url, .answer_bytes_max = kAnswerBytesMax, .without_proxy = true};
  if (!token.empty()) request.headers.push_back({"authorization", token});
  constexpr char kService[] = "the container's credential service";
  TAPELAKE_ASSIGN_OR_RAISE(const HttpResponse response,
                           SendPatiently(environment, request, kService));
  TAPELAKE_ASSIGN_OR_RAISE(auto keys, ParseKeys(response, kService));
  return std::optional<Credentials>(std::move(keys));
}

Result<std::optional<Credentials>> FromInstance(const AwsEnvironment& environment) {
  const std::optional<Credentials> none;
  if (environment.FirstOf({"AWS_EC2_METADATA_DISABLED"}) == "true") return none;
  std::string base = environment.FirstOf({"AWS_EC2_METADATA_SERVICE_ENDPOINT"});
  if (base.empty()) base = "http://169.254.169.254";
  while (base.ends_with('/'))
    base.pop_back();
  const auto ask = [&](const std::string& method, const std::string& path, HttpHeader header) {
    return environment.http.Send({.method = method,
                                  .url = base + path,
                                  .headers = {std::move(header)},
                                  .answer_bytes_max = kAnswerBytesMax,
                                  .connect_timeout_micros = kInstanceTimeoutMicros,
                                  .silence_timeout_micros = kInstanceTimeoutMicros,
                                  .without_proxy = true});
  };
  const auto token =
      ask("PUT", "/latest/api/token", {"x-aws-ec2-metadata-token-ttl-seconds", "21600"});
  if (!token.ok() || token->status != 200) return none;
  const HttpHeader proof{"x-aws-ec2-metadata-token", token->body};
  constexpr char kRoles[] = "/latest/meta-data/iam/security-credentials/";
  TAPELAKE_ASSIGN_OR_RAISE(const auto roles, ask("GET", kRoles, proof));
  const std::string role = FirstLine(roles.body);
  if (roles.status == 404 || role.empty()) return none;
  TAPELAKE_ASSIGN_OR_RAISE(const auto response, ask("GET", kRoles + UriEncode(role, false), proof));
  TAPELAKE_ASSIGN_OR_RAISE(auto keys, ParseKeys(response, "the instance's metadata service"));
  return std::optional<Credentials>(std::move(keys));
}

}  // namespace tapelake::io::aws
