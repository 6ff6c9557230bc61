#pragma once

/// AWS Signature Version 4: what clients add to a request and servers compute again. Pure; any
/// thread. Source: AWS General Reference, "Create a signed AWS API request".

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/http_client.h"

namespace tapelake::io::aws {

/// Keys of one identity.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token = {};  ///< Empty: long-term keys.
  int64_t expires_micros = 0;      ///< Wall time; 0: never.
};

/// Where and when a signature holds.
struct SigningScope {
  std::string region;
  std::string service;
  int64_t time_micros = 0;  ///< Of the request; servers allow some minutes of difference.
};

/// A request as a signature sees it.
struct SigningInput {
  std::string method;
  /// Percent-encoded as it is sent; for services other than S3 each segment encoded once more.
  std::string canonical_path;
  std::vector<std::pair<std::string, std::string>> query = {};  ///< Decoded names and values.
  std::vector<HttpHeader> headers = {};  ///< Those that are signed; `host` must be one of them.
  std::string payload_hash;              ///< Sha256Hex of the body, or what S3 allows instead.
};

/// Percent-encode all bytes but `A-Za-z0-9-._~`, and but '/' where `keep_slash`.
std::string UriEncode(std::string_view text, bool keep_slash);

/// `a=1&b=2`: encoded and sorted as the signature needs it, so that it can also be sent.
std::string CanonicalQuery(const std::vector<std::pair<std::string, std::string>>& query);

std::string Sha256Hex(std::string_view bytes);

/// `20261122T190204Z`.
std::string AmzDate(int64_t micros);

/// The text whose hash is signed, and the list of its headers (`host;x-amz-date`).
std::string CanonicalRequest(const SigningInput& input);
std::string SignedHeaders(const SigningInput& input);

/// `20261122/eu-west-1/s3/aws4_request`.
std::string ScopeText(const SigningScope& scope);

/// The lower-case hex digits that both sides must come to. `date` of the input's headers is not
/// looked at: the scope's time counts.
std::string Signature(const SigningInput& input, const SigningScope& scope,
                      std::string_view secret_access_key);

/// The headers to send besides those of `input`: `x-amz-date`, `x-amz-security-token` if there is
/// one, and `authorization`, which signs all of them.
std::vector<HttpHeader> SignatureHeaders(SigningInput input, const SigningScope& scope,
                                         const Credentials& credentials);

}  // namespace tapelake::io::aws
