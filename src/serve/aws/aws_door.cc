#include "serve/aws/aws_door.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/base64.h"
#include "base/json.h"
#include "io/aws/sigv4.h"
#include "io/http_client.h"

namespace tapelake::serve {
namespace {

/// 10 MiB of data in base64, and 500 keys.
constexpr size_t kBodyBytesMax = size_t{16} << 20;
constexpr size_t kBodiesBytesMax = size_t{128} << 20;
/// A batch of 10 MiB from far away.
constexpr int64_t kBodyMicrosMax = 60'000'000;
/// Puts wait for the disk, many of them for the same write.
constexpr int kThreads = 16;
constexpr std::string_view kOther = "other";
constexpr std::string_view kSuccess = "OK";
constexpr std::string_view kGlobalRegion = "us-east-1";

AwsError ErrorOfVerdict(const security::Verdict& verdict) {
  using security::AuthFailure;
  switch (verdict.failure) {
    case AuthFailure::kMissing:
      return {.type = "MissingAuthenticationTokenException", .message = verdict.message};
    case AuthFailure::kIncomplete:
      return {.type = "IncompleteSignatureException", .message = verdict.message};
    case AuthFailure::kUnknownKey:
      return {.type = "UnrecognizedClientException", .message = verdict.message};
    case AuthFailure::kInvalid:
      break;
  }
  return {.type = "InvalidSignatureException", .message = verdict.message};
}

/// Nobody but programs of this machine may use a door that asks for no signature: no page of
/// another site, and no name that somebody else points here.
std::optional<AwsError> RefuseForeign(const HttpRequest& request) {
  if (!request.Field("origin") && IsLoopbackHost(request.Field("host").value_or(""))) {
    return std::nullopt;
  }
  return AwsError{.type = "AccessDeniedException",
                  .message =
                      "This door verifies no signatures (insecure_local); it answers to "
                      "programs that call it by a loopback name, such as 'localhost', not "
                      "to pages and other names."};
}

bool Knows(const AwsCall& call) {
  return (call.service == "kinesis" && KinesisService::Knows(call.operation)) ||
         (call.service == "firehose" && FirehoseService::Knows(call.operation)) ||
         (call.service == "sts" && StsService::Knows(call.operation));
}

bool IsHealth(const HttpRequest& request) {
  return request.path == "/health" && (request.method == "GET" || request.method == "HEAD");
}

AwsAnswered NamesOf(const AwsCall& call, std::string outcome) {
  return {.service = call.service.empty() ? std::string(kOther) : call.service,
          .operation = Knows(call) ? call.operation : std::string(kOther),
          .outcome = std::move(outcome)};
}

/// What AWS calls a refusal for which no service was asked.
AwsError ErrorOfRefusal(const HttpRefusal& refusal) {
  if (refusal.status == 413) return RequestEntityTooLarge(refusal.message);
  if (refusal.status == 503) return ServiceUnavailable(refusal.message);
  return MalformedHttpRequest(refusal.message, refusal.status);
}

std::string Hex(uint64_t number, int digits) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%0*llx", digits,
                static_cast<unsigned long long>(number));
  return text.data();
}

}  // namespace

/// Whose request it is. Holds the keys that `key` points into.
struct AwsDoor::Caller {
  std::shared_ptr<const security::KeySet> keys;
  const security::AccessKey* key = nullptr;
};

AwsDoor::AwsDoor(const Parts& parts, AwsDoorOptions options)
    : clock_(parts.clock),
      keys_(parts.keys),
      kinesis_(parts.kinesis),
      firehose_(parts.firehose),
      options_(std::move(options)),
      sts_(options_.account),
      random_(parts.random),
      server_(clock_, ServerOptions(options_), {}, nullptr) {}

AwsDoor::~AwsDoor() {
  Stop();
}

HttpServerOptions AwsDoor::ServerOptions(const AwsDoorOptions& options) {
  HttpServerOptions server;
  server.section = "doors.aws";
  server.listen = options.listen;
  server.connections_max = options.connections_max;
  server.body_bytes_max = kBodyBytesMax;
  server.body_micros_max = kBodyMicrosMax;
  server.bodies_bytes_max = kBodiesBytesMax;
  server.quick_threads = kThreads;
  server.slow_threads = 0;
  server.waiting_max = static_cast<size_t>(options.connections_max);
  server.tls = options.tls;
  server.renewed_tls = options.renewed_tls;
  server.door =
      HttpDoor{.answer = [this](const HttpRequest& request) { return Answer(request); },
               .refuse = [this](const HttpRequest& head,
                                const HttpRefusal& refusal) { return Refuse(head, refusal); },
               .refuse_head = [this](const HttpRequest& head) { return RefuseHead(head); }};
  return server;
}

Status AwsDoor::Start() {
  TAPELAKE_ASSIGN_OR_RAISE(const ListenAddress address,
                           ParseListenAddress(options_.listen, "doors.aws.listen"));
  TAPELAKE_RETURN_NOT_OK(CheckInsecureLocal(options_.insecure_local, address));
  return server_.Start();
}

void AwsDoor::Stop() {
  server_.Stop();
}

std::string AwsDoor::url() const {
  return (options_.tls ? "https://" : "http://") +
         options_.listen.substr(0, options_.listen.rfind(':') + 1) + std::to_string(server_.port());
}

uint64_t AwsDoor::Draw() {
  const std::lock_guard lock(random_mutex_);
  return random_.Next();
}

/// A UUID (RFC 9562, version 4).
std::string AwsDoor::MakeRequestId() {
  const uint64_t high = Draw();
  const uint64_t low = Draw();
  return Hex(high >> 32, 8) + "-" + Hex(high >> 16 & 0xffff, 4) + "-4" + Hex(high & 0xfff, 3) +
         "-" + Hex((low >> 48 & 0x3fff) | 0x8000, 4) + "-" + Hex(low & 0xffffffffffff, 12);
}

std::string AwsDoor::MakeSecondId() {
  std::string bytes;
  for (int i = 0; i < 8; ++i) {
    const uint64_t word = Draw();
    std::array<char, sizeof(word)> part{};
    std::memcpy(part.data(), &word, part.size());
    bytes.append(part.data(), part.size());
  }
  std::string text;
  base::AppendBase64(bytes, &text);
  return text;
}

HttpResponse AwsDoor::Health() const {
  HttpResponse response;
  response.content_type = "application/json";
  base::JsonWriter writer(&response.body);
  writer.BeginObject().Key("status").String("ok").Key("version").String(options_.version);
  writer.Key("region").String(options_.region).Key("services").BeginArray();
  writer.String("kinesis").String("firehose").String("sts").EndArray().EndObject();
  response.body.push_back('\n');
  return response;
}

HttpResponse AwsDoor::Answer(const HttpRequest& request) {
  const int64_t begin = clock_.SteadyMicros();
  const std::string request_id = MakeRequestId();
  HttpResponse response;
  AwsAnswered answered{.service = "door", .operation = "health", .outcome = std::string(kSuccess)};
  if (IsHealth(request)) {
    response = Health();
  } else {
    const ReadCall read = ReadAwsCall(request);
    answered = NamesOf(read.call, std::string(kSuccess));
    response = AnswerCall(request, read, request_id, &answered.outcome);
  }
  answered.micros = clock_.SteadyMicros() - begin;
  return Complete(std::move(response), request_id, answered);
}

HttpResponse AwsDoor::Refuse(const HttpRequest& head, const HttpRefusal& refusal) {
  HttpResponse response = Fail(ReadAwsCall(head).call, ErrorOfRefusal(refusal));
  if (refusal.try_again) response.fields.emplace_back("Retry-After", "1");
  return response;
}

std::optional<HttpResponse> AwsDoor::RefuseHead(const HttpRequest& head) {
  if (IsHealth(head)) return std::nullopt;
  const AwsCall call = ReadAwsCall(head).call;
  Caller caller;
  const std::optional<AwsError> error = Admit(head, call, security::VerifyHead, &caller);
  return error ? std::optional(Fail(call, *error)) : std::nullopt;
}

HttpResponse AwsDoor::Fail(const AwsCall& call, const AwsError& error) {
  const std::string request_id = MakeRequestId();
  return Complete(EncodeAwsError(call, error, request_id), request_id, NamesOf(call, error.type));
}

/// What every answer carries.
HttpResponse AwsDoor::Complete(HttpResponse response, const std::string& request_id,
                               const AwsAnswered& answered) {
  response.for_browsers = false;
  response.fields.emplace_back("x-amzn-RequestId", request_id);
  if (answered.service == "kinesis" || answered.service == "firehose") {
    response.fields.emplace_back("x-amz-id-2", MakeSecondId());
  }
  // Clients whose clock is wrong find that out by it.
  response.fields.emplace_back("Date", io::FormatHttpDate(clock_.WallMicros()));
  if (options_.on_answered) options_.on_answered(answered);
  return response;
}

HttpResponse AwsDoor::AnswerCall(const HttpRequest& request, const ReadCall& read,
                                 const std::string& request_id, std::string* outcome) {
  const AwsCall& call = read.call;
  Caller caller;
  HttpResponse response;
  response.content_type = call.content_type;
  std::optional<AwsError> error = Admit(request, call, security::VerifyRequest, &caller);
  if (!error) error = read.error;
  if (!error && !Knows(call)) error = UnknownOperation(call.operation);
  if (!error && call.service == "sts") {
    response.body = sts_.GetCallerIdentity(caller.key, call.xml, request_id);
  } else if (!error) {
    error = ServeDocument(request, call, &response.body);
  }
  if (!error) return response;
  *outcome = error->type;
  return EncodeAwsError(call, *error, request_id);
}

std::optional<AwsError> AwsDoor::Admit(const HttpRequest& request, const AwsCall& call, Judge judge,
                                       Caller* caller) {
  return options_.insecure_local ? RefuseForeign(request) : Verify(request, call, judge, caller);
}

std::optional<AwsError> AwsDoor::Verify(const HttpRequest& request, const AwsCall& call,
                                        Judge judge, Caller* caller) {
  const std::string payload_hash = io::aws::Sha256Hex(request.body);
  const security::ReceivedRequest received{.method = request.method,
                                           .path = request.path,
                                           .query = request.query,
                                           .fields = request.fields,
                                           .payload_hash = payload_hash};
  security::VerifyRules rules{
      .regions = {options_.region}, .service = call.service, .now_micros = clock_.WallMicros()};
  // STS was global before it was regional, and older clients still call it there. Of a form that is
  // not read yet nobody knows the service.
  const bool may_be_sts = call.service.empty() && call.protocol == AwsProtocol::kQuery;
  if (call.service == "sts" || may_be_sts) rules.regions.emplace_back(kGlobalRegion);
  auto keys = keys_.Current();
  if (!keys.ok()) return InternalFailure(keys.status().message());
  security::Verdict verdict = judge(received, **keys, rules);
  if (!verdict.ok() && verdict.failure == security::AuthFailure::kUnknownKey) {
    keys = keys_.Newest();  // it may be new
    if (!keys.ok()) return InternalFailure(keys.status().message());
    verdict = judge(received, **keys, rules);
  }
  if (!verdict.ok()) return ErrorOfVerdict(verdict);
  caller->keys = *keys;
  caller->key = verdict.key;
  return std::nullopt;
}

/// Of the services whose requests are documents, in JSON or CBOR.
std::optional<AwsError> AwsDoor::ServeDocument(const HttpRequest& request, const AwsCall& call,
                                               std::string* body) {
  const std::string_view encoding = request.Field("content-encoding").value_or("identity");
  if (encoding != "identity") {
    return MalformedHttpRequest(
        "This door takes no compressed bodies (Content-Encoding); send it as it is.");
  }
  const auto document =
      WireDocument::Parse(call.format, request.body, request.body.capacity() - request.body.size());
  if (!document.ok()) return SerializationError(document.status().message());
  const auto serve = [&](AnswerWriter&& writer) {
    return call.service == "firehose" ? firehose_.Serve(call.operation, document->root(), &writer)
                                      : kinesis_.Serve(call.operation, document->root(), &writer);
  };
  return call.format == WireFormat::kCbor ? serve(CborAnswerWriter(body))
                                          : serve(JsonAnswerWriter(body));
}

Status CheckInsecureLocal(bool insecure_local, const ListenAddress& address) {
  if (!insecure_local || address.loopback) return Status::OK();
  return MakeError(
      ErrorKind::kInvalid,
      "doors.aws.insecure_local is for an address of this machine only, not for " + address.host +
          "\nhint: let doors.aws.listen be 127.0.0.1 or [::1], or have requests signed");
}

}  // namespace tapelake::serve
