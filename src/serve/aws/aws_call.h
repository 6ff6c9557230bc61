#pragma once

/// Which call a request of an AWS client is, and how its answer is written. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "serve/aws/aws_error.h"
#include "serve/aws/wire_value.h"
#include "serve/http/message.h"

namespace tapelake::serve {

/// How a client speaks.
enum class AwsProtocol : uint8_t {
  kJson = 1,   ///< `X-Amz-Target` and a body of JSON or CBOR.
  kQuery = 2,  ///< Parameters `Action` and `Version`, in the URL or as a form; answers in XML.
};

struct AwsCall {
  AwsProtocol protocol = AwsProtocol::kJson;
  WireFormat format = WireFormat::kJson;  ///< Of kJson.
  bool xml = true;                        ///< Of kQuery; false: the client asked for JSON.
  std::string service;       ///< As signatures name it: `kinesis`; empty: none that is served.
  std::string operation;     ///< `PutRecords`; empty: the request names none.
  std::string content_type;  ///< Of the answer.
  HttpFields form;           ///< Of kQuery: its parameters.
};

/// Read what is called from head and, for a form, body. Errors: what is no call at all, or in an
/// encoding that is not spoken here.
struct ReadCall {
  AwsCall call;
  std::optional<AwsError> error;  ///< After the signature was verified, the answer.
};
ReadCall ReadAwsCall(const HttpRequest& request);

/// An error in the call's protocol, with its name there (`SignatureDoesNotMatch` for `sts`).
HttpResponse EncodeAwsError(const AwsCall& call, const AwsError& error,
                            const std::string& request_id);

/// Take `a=1&b=x+y` apart. Errors: kInvalid.
Result<HttpFields> ParseForm(std::string_view text);

/// Text for XML.
std::string EscapeXml(std::string_view text);

}  // namespace tapelake::serve
