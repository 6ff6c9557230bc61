#include "security/sigv4_verifier.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include <openssl/crypto.h>

#include "base/time.h"
#include "io/aws/sigv4.h"

namespace tapelake::security {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
constexpr size_t kSignedHeadersMax = 64;
constexpr size_t kSignatureDigits = 64;
constexpr size_t kQuotedBytesMax = 100;

/// What a request says about its signature.
struct Claims {
  std::string_view credential;
  std::string_view signed_headers;
  std::string_view signature;
  std::string_view date;
  std::string_view session_token;
  bool presigned = false;
  std::string_view expires;
};

/// Claims taken apart.
struct Scope {
  std::string_view access_key_id;
  std::string_view day;
  std::string_view region;
  std::string_view service;
  std::string_view terminator;
};

struct Refusal {
  AuthFailure failure;
  std::string message;
};
using Check = std::optional<Refusal>;

Check Refuse(AuthFailure failure, std::string message) {
  return Refusal{failure, std::move(message)};
}

/// Text from outside for a message, cut where it would only fill it.
std::string Quoted(std::string_view text) {
  std::string out = "'" + std::string(text.substr(0, kQuotedBytesMax));
  return out + (text.size() > kQuotedBytesMax ? "...'" : "'");
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

std::optional<std::string_view> Find(ReceivedRequest::Pairs pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return std::nullopt;
}

size_t Count(ReceivedRequest::Pairs pairs, std::string_view name) {
  return static_cast<size_t>(
      std::ranges::count(pairs, name, &std::pair<std::string, std::string>::first));
}

bool IsPresigned(const ReceivedRequest& request) {
  return Find(request.query, "X-Amz-Signature") || Find(request.query, "X-Amz-Algorithm") ||
         Find(request.query, "X-Amz-Credential");
}

Scope ScopeOf(const Claims& claims) {
  const auto parts = Split(claims.credential, '/');
  if (parts.size() != 5) return {};
  return {parts[0], parts[1], parts[2], parts[3], parts[4]};
}

std::optional<int64_t> ParseAmzDate(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const std::string t(text);
  const auto parsed =
      base::ParseIso8601(t.substr(0, 4) + "-" + t.substr(4, 2) + "-" + t.substr(6, 2) + "T" +
                         t.substr(9, 2) + ":" + t.substr(11, 2) + ":" + t.substr(13, 2) + "Z");
  if (!parsed || io::aws::AmzDate(parsed->micros) != text) return std::nullopt;
  return parsed->micros;
}

/// `5 min.`, `90 s`
std::string SpanText(int64_t micros) {
  const int64_t seconds = micros / 1'000'000;
  return seconds % 60 == 0 ? std::to_string(seconds / 60) + " min."
                           : std::to_string(seconds) + " s";
}

// ---- what the request says

/// Take the parts of `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`.
Check ReadAuthorization(std::string_view text, Claims* claims) {
  if (!text.starts_with(kAlgorithm) || !text.substr(kAlgorithm.size()).starts_with(' ')) {
    return Refuse(AuthFailure::kIncomplete,
                  "Unsupported AWS 'algorithm': " + Quoted(text.substr(0, text.find(' '))) +
                      " (only AWS4-HMAC-SHA256 is)");
  }
  for (std::string_view part : Split(text.substr(kAlgorithm.size()), ',')) {
    part = Trimmed(part);
    const size_t equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    std::string_view* to = name == "Credential"      ? &claims->credential
                           : name == "SignedHeaders" ? &claims->signed_headers
                           : name == "Signature"     ? &claims->signature
                                                     : nullptr;
    if (equals == std::string_view::npos || to == nullptr || !to->empty()) {
      return Refuse(AuthFailure::kIncomplete,
                    Quoted(part) +
                        " is not a valid key=value pair (missing equal-sign, unknown or "
                        "twice) in Authorization header.");
    }
    *to = part.substr(equals + 1);
  }
  return std::nullopt;
}

Check ReadHeaderClaims(const ReceivedRequest& request, Claims* claims) {
  for (const std::string_view once :
       {"authorization", "host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}) {
    if (Count(request.fields, once) > 1) {
      return Refuse(AuthFailure::kIncomplete,
                    "The header '" + std::string(once) + "' stands twice in the request.");
    }
  }
  if (auto refused = ReadAuthorization(*Find(request.fields, "authorization"), claims)) {
    return refused;
  }
  claims->date = Find(request.fields, "x-amz-date").value_or("");
  claims->session_token = Find(request.fields, "x-amz-security-token").value_or("");
  std::string missing;
  const auto demand = [&missing](std::string_view value, std::string_view what) {
    if (!value.empty()) return;
    missing.append(missing.empty() ? "" : " ").append("Authorization header requires ");
    missing.append(what).append(".");
  };
  demand(claims->credential, "'Credential' parameter");
  demand(claims->signature, "'Signature' parameter");
  demand(claims->signed_headers, "'SignedHeaders' parameter");
  demand(claims->date, "existence of a 'X-Amz-Date' header");
  if (!missing.empty()) return Refuse(AuthFailure::kIncomplete, missing);
  return std::nullopt;
}

Check ReadQueryClaims(const ReceivedRequest& request, Claims* claims) {
  claims->presigned = true;
  if (Find(request.query, "X-Amz-Algorithm").value_or("") != kAlgorithm) {
    return Refuse(AuthFailure::kIncomplete,
                  "The parameter X-Amz-Algorithm must be AWS4-HMAC-SHA256.");
  }
  const std::pair<std::string_view, std::string_view*> wanted[] = {
      {"X-Amz-Credential", &claims->credential},
      {"X-Amz-Date", &claims->date},
      {"X-Amz-Expires", &claims->expires},
      {"X-Amz-SignedHeaders", &claims->signed_headers},
      {"X-Amz-Signature", &claims->signature}};
  for (const auto& [name, to] : wanted) {
    *to = Find(request.query, name).value_or("");
    if (Count(request.query, name) != 1 || to->empty()) {
      return Refuse(AuthFailure::kIncomplete,
                    "AWS query-string parameters must include '" + std::string(name) + "' once.");
    }
  }
  claims->session_token = Find(request.query, "X-Amz-Security-Token").value_or("");
  return std::nullopt;
}

/// Steps 1 and 2: there is a signature, and it is whole.
Check ReadClaims(const ReceivedRequest& request, Claims* claims) {
  const bool in_header = Find(request.fields, "authorization").has_value();
  const bool in_query = IsPresigned(request);
  if (!in_header && !in_query) {
    return Refuse(AuthFailure::kMissing, "Missing Authentication Token");
  }
  if (in_header && in_query) {
    return Refuse(AuthFailure::kIncomplete,
                  "Only one auth mechanism allowed; only the X-Amz-* query parameters or the "
                  "Authorization header should be specified.");
  }
  Check refused = in_query ? ReadQueryClaims(request, claims) : ReadHeaderClaims(request, claims);
  if (refused) return refused;
  if (ScopeOf(*claims).access_key_id.empty()) {
    return Refuse(AuthFailure::kIncomplete,
                  "Credential must have exactly 5 slash-delimited elements, e.g. "
                  "keyid/date/region/service/term, got " +
                      Quoted(claims->credential));
  }
  if (claims->signature.size() != kSignatureDigits) {
    return Refuse(AuthFailure::kIncomplete, "A signature has 64 hexadecimal digits, not " +
                                                std::to_string(claims->signature.size()) + ".");
  }
  return std::nullopt;
}

// ---- what this door says about it

/// Step 3: it is meant for this door, and its scope for its own day.
Check CheckScope(const Claims& claims, const VerifyRules& rules) {
  const Scope scope = ScopeOf(claims);
  if (scope.day != claims.date.substr(0, 8)) {
    return Refuse(AuthFailure::kInvalid,
                  "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                  "from HTTP: " +
                      Quoted(scope.day) + " != " + Quoted(claims.date.substr(0, 8)) + ", from " +
                      Quoted(claims.date) + ".");
  }
  if (std::ranges::find(rules.regions, scope.region) == rules.regions.end()) {
    return Refuse(AuthFailure::kInvalid, "Credential should be scoped to a valid region, not " +
                                             Quoted(scope.region) + "; this door is in '" +
                                             rules.regions.front() + "'.");
  }
  if (!rules.service.empty() && scope.service != rules.service) {
    return Refuse(AuthFailure::kInvalid, "Credential should be scoped to correct service: '" +
                                             rules.service + "', not " + Quoted(scope.service) +
                                             ".");
  }
  if (scope.terminator != kTerminator) {
    return Refuse(AuthFailure::kInvalid,
                  "Credential should be scoped with a valid terminator: 'aws4_request', not " +
                      Quoted(scope.terminator) + ".");
  }
  return std::nullopt;
}

Check Expired(const Claims& claims, int64_t earliest_micros, int64_t now_micros,
              int64_t allowed_micros) {
  return Refuse(AuthFailure::kInvalid,
                "Signature expired: " + std::string(claims.date) + " is now earlier than " +
                    io::aws::AmzDate(earliest_micros) + " (" + io::aws::AmzDate(now_micros) +
                    " - " + SpanText(allowed_micros) + ")");
}

Check NotYet(const Claims& claims, int64_t now_micros, int64_t allowed_micros) {
  return Refuse(AuthFailure::kInvalid,
                "Signature not yet current: " + std::string(claims.date) + " is still later than " +
                    io::aws::AmzDate(now_micros + allowed_micros) + " (" +
                    io::aws::AmzDate(now_micros) + " + " + SpanText(allowed_micros) + ")");
}

/// How long a presigned URL is good.
std::optional<int64_t> ParseExpires(std::string_view text) {
  int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  if (seconds < 1 || seconds > kPresignedSecondsMax) return std::nullopt;
  return seconds * 1'000'000;
}

/// Step 4: it was made just now. `*time_micros` is when.
Check CheckTime(const Claims& claims, const VerifyRules& rules, int64_t* time_micros) {
  const auto made = ParseAmzDate(claims.date);
  if (!made) {
    return Refuse(AuthFailure::kIncomplete, "Date must be in ISO-8601 'basic format'. Got " +
                                                Quoted(claims.date) +
                                                ", for example 20261122T190204Z.");
  }
  *time_micros = *made;
  const int64_t now = rules.now_micros;
  if (!claims.presigned) {
    const int64_t allowed = kClockSkewMicrosMax;
    if (*made < now - allowed) return Expired(claims, now - allowed, now, allowed);
    if (*made > now + allowed) return NotYet(claims, now, allowed);
    return std::nullopt;
  }
  const auto good_micros = ParseExpires(claims.expires);
  if (!good_micros) {
    return Refuse(AuthFailure::kIncomplete, "X-Amz-Expires must be a number of seconds from 1 to " +
                                                std::to_string(kPresignedSecondsMax) + ", not " +
                                                Quoted(claims.expires) + ".");
  }
  if (*made + *good_micros < now) return Expired(claims, now - *good_micros, now, *good_micros);
  if (*made > now + kPresignedEarlyMicrosMax) {
    return NotYet(claims, now, kPresignedEarlyMicrosMax);
  }
  return std::nullopt;
}

/// Step 5: whose it is.
Check FindKey(const Claims& claims, const KeySet& keys, const AccessKey** key) {
  *key = keys.Find(ScopeOf(claims).access_key_id);
  if (*key == nullptr) {
    return Refuse(AuthFailure::kUnknownKey,
                  "The security token included in the request is invalid.");
  }
  if (!claims.session_token.empty()) {
    return Refuse(AuthFailure::kUnknownKey,
                  "The security token included in the request is invalid: keys of this door have "
                  "no session token, so leave AWS_SESSION_TOKEN empty.");
  }
  return std::nullopt;
}

bool MustBeSigned(std::string_view name) {
  return name == "host" || name == "content-type" || name.starts_with("x-amz-");
}

/// Step 6: the list of signed fields is one, all of them are there, and none is left out that a
/// door reads. A list that could be written in two ways would let two requests have one signature.
Check CheckSignedHeaders(const ReceivedRequest& request, const Claims& claims) {
  const auto names = Split(claims.signed_headers, ';');
  const bool ascending =
      std::ranges::adjacent_find(names, std::ranges::greater_equal()) == names.end();
  if (names.size() > kSignedHeadersMax || !ascending || names.front().empty()) {
    return Refuse(AuthFailure::kIncomplete,
                  "SignedHeaders must be names in lower case, in ascending order, at most " +
                      std::to_string(kSignedHeadersMax) + ", not " + Quoted(claims.signed_headers) +
                      ".");
  }
  const auto is_signed = [&names](std::string_view name) {
    return std::ranges::binary_search(names, name);
  };
  if (!is_signed("host")) {
    return Refuse(AuthFailure::kInvalid,
                  "'Host' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const auto& [name, value] : request.fields) {
    if (MustBeSigned(name) && !is_signed(name)) {
      return Refuse(AuthFailure::kInvalid, "The header " + Quoted(name) +
                                               " is in the request but not signed; it must be a "
                                               "'SignedHeader' in the AWS Authorization.");
    }
  }
  for (const std::string_view name : names) {
    if (!Find(request.fields, name)) {
      return Refuse(AuthFailure::kInvalid,
                    "The signed header " + Quoted(name) + " is missing in the request.");
    }
  }
  return std::nullopt;
}

/// The request as its signature sees it.
io::aws::SigningInput InputOf(const ReceivedRequest& request, const Claims& claims) {
  const auto names = Split(claims.signed_headers, ';');
  io::aws::SigningInput input;
  input.method = request.method;
  input.canonical_path = io::aws::UriEncode(request.path, true);
  for (const auto& parameter : request.query) {
    if (parameter.first != "X-Amz-Signature") input.query.push_back(parameter);
  }
  for (const auto& [name, value] : request.fields) {
    if (std::ranges::binary_search(names, std::string_view(name))) {
      input.headers.push_back({name, value});
    }
  }
  input.payload_hash = Find(request.fields, "x-amz-content-sha256").value_or(request.payload_hash);
  return input;
}

/// Steps 7 and 8: the signature is right, and so is the body.
Check CheckSignature(const ReceivedRequest& request, const Claims& claims, const AccessKey& key,
                     int64_t time_micros) {
  const Scope scope = ScopeOf(claims);
  const std::string expected = io::aws::Signature(InputOf(request, claims),
                                                  {.region = std::string(scope.region),
                                                   .service = std::string(scope.service),
                                                   .time_micros = time_micros},
                                                  key.secret_access_key);
  if (CRYPTO_memcmp(expected.data(), claims.signature.data(), kSignatureDigits) != 0) {
    return Refuse(AuthFailure::kInvalid,
                  "The request signature we calculated does not match the signature you provided. "
                  "Check your AWS Secret Access Key and signing method. Consult the service "
                  "documentation for details.");
  }
  const auto body_hash = Find(request.fields, "x-amz-content-sha256");
  if (body_hash && *body_hash != request.payload_hash) {
    return Refuse(AuthFailure::kInvalid,
                  "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  return std::nullopt;
}

/// Steps 1 to 6.
Check CheckHead(const ReceivedRequest& request, const KeySet& keys, const VerifyRules& rules,
                Claims* claims, const AccessKey** key, int64_t* time_micros) {
  Check refused = ReadClaims(request, claims);
  if (!refused) refused = CheckScope(*claims, rules);
  if (!refused) refused = CheckTime(*claims, rules, time_micros);
  if (!refused) refused = FindKey(*claims, keys, key);
  if (!refused) refused = CheckSignedHeaders(request, *claims);
  return refused;
}

Verdict VerdictOf(Check refused, const AccessKey* key) {
  if (refused) return {.failure = refused->failure, .message = std::move(refused->message)};
  return {.key = key};
}

}  // namespace

Verdict VerifyHead(const ReceivedRequest& request, const KeySet& keys, const VerifyRules& rules) {
  Claims claims;
  int64_t time_micros = 0;
  const AccessKey* key = nullptr;
  Check refused = CheckHead(request, keys, rules, &claims, &key, &time_micros);
  return VerdictOf(std::move(refused), key);
}

Verdict VerifyRequest(const ReceivedRequest& request, const KeySet& keys,
                      const VerifyRules& rules) {
  Claims claims;
  int64_t time_micros = 0;
  const AccessKey* key = nullptr;
  Check refused = CheckHead(request, keys, rules, &claims, &key, &time_micros);
  if (!refused) refused = CheckSignature(request, claims, *key, time_micros);
  return VerdictOf(std::move(refused), key);
}

}  // namespace tapelake::security
