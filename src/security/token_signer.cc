#include "security/token_signer.h"

#include <array>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assert.h"
#include "base/base64.h"

namespace tapelake::security {
namespace {

constexpr size_t kMacBytes = 16;

}  // namespace

std::string TokenSigner::Mac(std::string_view payload) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const unsigned char* made = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                                   reinterpret_cast<const unsigned char*>(payload.data()),
                                   payload.size(), digest.data(), &size);
  TAPELAKE_ASSERT(made != nullptr && size >= kMacBytes);
  return {reinterpret_cast<const char*>(digest.data()), kMacBytes};
}

std::string TokenSigner::Sign(std::string_view payload) const {
  std::string token;
  base::AppendBase64(std::string(payload) + Mac(payload), &token);
  return token;
}

std::optional<std::string> TokenSigner::Open(std::string_view token) const {
  std::vector<char> bytes(base::Base64DecodedSizeMax(token.size()) + base::kBase64SlackBytes);
  size_t size = 0;
  if (!base::DecodeBase64(token, bytes.data(), &size) || size < kMacBytes) return std::nullopt;
  std::string payload(bytes.data(), size - kMacBytes);
  const std::string mac = Mac(payload);
  if (CRYPTO_memcmp(mac.data(), bytes.data() + payload.size(), kMacBytes) != 0) return std::nullopt;
  // Two texts may decode to the same bytes; only the one that was given counts.
  if (Sign(payload) != token) return std::nullopt;
  return payload;
}

}  // namespace tapelake::security
