#include "io/aws/sigv4.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/assert.h"
#include "base/time.h"

namespace tapelake::io::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";

std::string Hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::string HmacSha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  unsigned int size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  TAPELAKE_ASSERT(made != nullptr && size == digest.size());
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string LowerCase(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return text;
}

/// Without white space at the ends, and one space for each run of it within.
std::string Collapsed(std::string_view value) {
  std::string text;
  for (const char c : value) {
    const bool space = c == ' ' || c == '\t';
    if (space && (text.empty() || text.back() == ' ')) continue;
    text.push_back(space ? ' ' : c);
  }
  while (text.ends_with(' '))
    text.pop_back();
  return text;
}

/// Values by lower-case name; those of headers that come more than once joined by commas.
std::map<std::string, std::string> CanonicalHeaders(const SigningInput& input) {
  std::map<std::string, std::string> headers;
  for (const HttpHeader& header : input.headers) {
    const auto [at, is_new] = headers.try_emplace(LowerCase(header.name), Collapsed(header.value));
    if (!is_new) at->second += "," + Collapsed(header.value);
  }
  return headers;
}

std::string SigningKey(const SigningScope& scope, std::string_view secret_access_key) {
  const std::string date = AmzDate(scope.time_micros).substr(0, 8);
  std::string key = HmacSha256("AWS4" + std::string(secret_access_key), date);
  key = HmacSha256(key, scope.region);
  key = HmacSha256(key, scope.service);
  return HmacSha256(key, kTerminator);
}

}  // namespace

std::string UriEncode(std::string_view text, bool keep_slash) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || (keep_slash && c == '/');
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

std::string CanonicalQuery(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : query)
    encoded.emplace_back(UriEncode(name, false), UriEncode(value, false));
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded)
    text += (text.empty() ? "" : "&") + name + "=" + value;
  return text;
}

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  TAPELAKE_ASSERT(done == 1);
  return Hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string AmzDate(int64_t micros) {
  const base::CivilTime c = base::ToCivil(micros);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day,
                c.hour, c.minute, c.second);
  return text.data();
}

std::string SignedHeaders(const SigningInput& input) {
  std::string names;
  for (const auto& [name, value] : CanonicalHeaders(input))
    names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string CanonicalRequest(const SigningInput& input) {
  std::string text =
      input.method + "\n" + input.canonical_path + "\n" + CanonicalQuery(input.query) + "\n";
  for (const auto& [name, value] : CanonicalHeaders(input))
    text += name + ":" + value + "\n";
  return text + "\n" + SignedHeaders(input) + "\n" + input.payload_hash;
}

std::string ScopeText(const SigningScope& scope) {
  return AmzDate(scope.time_micros).substr(0, 8) + "/" + scope.region + "/" + scope.service + "/" +
         std::string(kTerminator);
}

std::string Signature(const SigningInput& input, const SigningScope& scope,
                      std::string_view secret_access_key) {
  const std::string to_sign = std::string(kAlgorithm) + "\n" + AmzDate(scope.time_micros) + "\n" +
                              ScopeText(scope) + "\n" + Sha256Hex(CanonicalRequest(input));
  return Hex(HmacSha256(SigningKey(scope, secret_access_key), to_sign));
}

std::vector<HttpHeader> SignatureHeaders(SigningInput input, const SigningScope& scope,
                                         const Credentials& credentials) {
  std::vector<HttpHeader> added = {{"x-amz-date", AmzDate(scope.time_micros)}};
  if (!credentials.session_token.empty()) {
    added.push_back({"x-amz-security-token", credentials.session_token});
  }
  input.headers.insert(input.headers.end(), added.begin(), added.end());
  added.push_back({"authorization",
                   std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + "/" +
                       ScopeText(scope) + ", SignedHeaders=" + SignedHeaders(input) +
                       ", Signature=" + Signature(input, scope, credentials.secret_access_key)});
  return added;
}

}  // namespace tapelake::io::aws
