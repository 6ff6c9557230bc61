#include "serve/aws/aws_call.h"

#include <algorithm>
#include <utility>

#include "serve/aws/firehose/firehose_service.h"
#include "serve/aws/kinesis/kinesis_service.h"
#include "serve/aws/sts_service.h"
#include "serve/http/target.h"

namespace tapelake::serve {
namespace {

constexpr std::string_view kJsonTypes[] = {"application/x-amz-json-1.1",
                                           "application/x-amz-json-1.0", "application/json"};
constexpr std::string_view kCborType = "application/x-amz-cbor-1.1";
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr size_t kFormFieldsMax = 64;

/// `application/json` of `application/json; charset=utf-8`.
std::string_view MediaTypeOf(const HttpRequest& request) {
  std::string_view type = request.Field("content-type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' '))
    type.remove_suffix(1);
  return type;
}

/// The parameter's value; empty: there is none.
std::string ValueOf(const HttpFields& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &HttpFields::value_type::first);
  return found == fields.end() ? "" : found->second;
}

/// Who reads `X-Amz-Target` must not find two of them.
bool IsDoubled(const HttpRequest& request, std::string_view name) {
  return std::ranges::count(request.fields, name, &HttpFields::value_type::first) > 1;
}

void TakeTarget(std::string_view target, AwsCall* call) {
  const size_t dot = target.rfind('.');
  if (dot == std::string_view::npos) return;
  call->operation = target.substr(dot + 1);
  const std::string_view prefix = target.substr(0, dot);
  if (prefix == KinesisService::kTargetPrefix) call->service = "kinesis";
  if (prefix == FirehoseService::kTargetPrefix) call->service = "firehose";
}

ReadCall ReadJsonCall(const HttpRequest& request) {
  ReadCall read;
  const std::string_view type = MediaTypeOf(request);
  const std::string_view target = request.Field("x-amz-target").value_or("");
  if (!IsDoubled(request, "x-amz-target")) TakeTarget(target, &read.call);
  if (type == kCborType) {
    read.call.format = WireFormat::kCbor;
    read.call.content_type = kCborType;
    return read;
  }
  const bool known = std::ranges::find(kJsonTypes, type) != std::end(kJsonTypes);
  read.call.content_type = known ? type : kJsonTypes[0];
  if (!target.empty() && !known) {
    read.error = SerializationError(
        "The Content-Type of the request is neither application/x-amz-json-1.1 nor "
        "application/x-amz-cbor-1.1.");
  }
  return read;
}

ReadCall ReadQueryCall(const HttpRequest& request, HttpFields form) {
  ReadCall read;
  read.call.protocol = AwsProtocol::kQuery;
  read.call.form = std::move(form);
  read.call.operation = ValueOf(read.call.form, "Action");
  const std::string version = ValueOf(read.call.form, "Version");
  if (version == StsService::kVersion) read.call.service = "sts";
  const std::string_view accept = request.Field("accept").value_or("");
  read.call.xml = accept.find("application/json") == std::string_view::npos;
  read.call.content_type = read.call.xml ? "text/xml" : "application/json";
  if (read.call.service.empty()) {
    read.error =
        AwsError{.type = "InvalidAction",
                 .message = "Could not find operation " + read.call.operation + " for version " +
                            (version.empty() ? "NO_VERSION_SPECIFIED" : version) + "."};
  }
  return read;
}

/// The query protocol's names for what can go wrong before a service is asked, and their statuses.
AwsError QueryErrorOf(const AwsError& error) {
  struct Name {
    std::string_view type;
    std::string_view query_type;
    int http_status;
  };
  static constexpr Name kNames[] = {
      {"MissingAuthenticationTokenException", "MissingAuthenticationToken", 403},
      {"IncompleteSignatureException", "IncompleteSignature", 400},
      {"InvalidSignatureException", "SignatureDoesNotMatch", 403},
      {"UnrecognizedClientException", "InvalidClientTokenId", 403},
      {"AccessDeniedException", "AccessDenied", 403},
      {"UnknownOperationException", "InvalidAction", 400},
  };
  const auto name = std::ranges::find(kNames, std::string_view(error.type), &Name::type);
  if (name == std::end(kNames)) return error;
  return {.type = std::string(name->query_type),
          .message = error.message,
          .http_status = name->http_status};
}

/// A message that is text in JSON, CBOR and XML, whatever bytes it quotes.
std::string Clean(std::string message) {
  const bool utf8 = IsUtf8(message);
  for (char& c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) c = '?';
  }
  return message;
}

std::string QueryErrorBody(const AwsCall& call, const AwsError& error,
                           const std::string& request_id) {
  const std::string_view side = error.http_status < 500 ? "Sender" : "Receiver";
  std::string body;
  if (call.xml) {
    body = "<ErrorResponse xmlns=\"" + std::string(StsService::kNamespace) +
           "\">\n  <Error>\n    <Type>" + std::string(side) + "</Type>\n    <Code>" +
           EscapeXml(error.type) + "</Code>\n    <Message>" + EscapeXml(error.message) +
           "</Message>\n  </Error>\n  <RequestId>" + request_id +
           "</RequestId>\n</ErrorResponse>\n";
    return body;
  }
  base::JsonWriter writer(&body);
  writer.BeginObject().Key("Error").BeginObject();
  writer.Key("Code").String(error.type).Key("Message").String(error.message);
  writer.Key("Type").String(side).EndObject();
  writer.Key("RequestId").String(request_id).EndObject();
  return body;
}

}  // namespace

ReadCall ReadAwsCall(const HttpRequest& request) {
  if (!request.Field("x-amz-target")) {
    if (!ValueOf(request.query, "Action").empty()) return ReadQueryCall(request, request.query);
    if (request.method == "POST" && MediaTypeOf(request) == kFormType) {
      auto form = ParseForm(request.body);
      if (form.ok()) return ReadQueryCall(request, *std::move(form));
      ReadCall read = ReadQueryCall(request, {});
      read.error = AwsError{.type = "MalformedQueryString", .message = form.status().message()};
      return read;
    }
  }
  ReadCall read = ReadJsonCall(request);
  if (read.error) return read;
  if (request.method != "POST" || request.path != "/") {
    read.error = UnknownOperation(request.method + " " + request.path);
    read.error->http_status = 404;
  } else if (read.call.operation.empty() || read.call.service.empty()) {
    read.error = UnknownOperation(request.Field("x-amz-target").value_or(""));
  }
  return read;
}

HttpResponse EncodeAwsError(const AwsCall& call, const AwsError& cause,
                            const std::string& request_id) {
  AwsError error = cause;
  error.message = Clean(std::move(error.message));
  HttpResponse response;
  response.content_type = call.content_type;
  if (call.protocol == AwsProtocol::kQuery) {
    const AwsError named = QueryErrorOf(error);
    response.status = named.http_status;
    response.body = QueryErrorBody(call, named, request_id);
    return response;
  }
  response.status = error.http_status;
  response.fields.emplace_back("x-amzn-ErrorType", error.type);
  const auto write = [&error](AnswerWriter&& writer) {
    writer.BeginMap();
    writer.Text("__type", error.type);
    writer.Text("message", error.message);
    writer.EndMap();
  };
  if (call.format == WireFormat::kCbor) {
    write(CborAnswerWriter(&response.body));
  } else {
    write(JsonAnswerWriter(&response.body));
  }
  return response;
}

Result<HttpFields> ParseForm(std::string_view text) {
  HttpFields form;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (form.size() == kFormFieldsMax) {
      return MakeError(ErrorKind::kInvalid,
                       "the form has more than " + std::to_string(kFormFieldsMax) + " parameters");
    }
    const size_t equals = std::min(part.find('='), part.size());
    TAPELAKE_ASSIGN_OR_RAISE(std::string name, PercentDecode(part.substr(0, equals), true));
    TAPELAKE_ASSIGN_OR_RAISE(std::string value,
                             PercentDecode(part.substr(std::min(part.size(), equals + 1)), true));
    form.emplace_back(std::move(name), std::move(value));
  }
  return form;
}

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

}  // namespace tapelake::serve
