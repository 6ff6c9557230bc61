#include "base/aes_gcm.h"

#include <openssl/evp.h>

#include <limits>
#include <memory>

#include "base/assert.h"

namespace tapelake::base {
namespace {

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<EVP_CIPHER_CTX, Free>;

Status Failed() {
  return MakeError(ErrorKind::kUnavailable, "OpenSSL cannot encrypt by AES-256-GCM");
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// A context that is ready for the bytes themselves; nullptr: OpenSSL cannot.
ContextPtr Begin(const AesPlace& place, std::string_view bytes, bool encrypt) {
  TAPELAKE_ASSERT(place.key.size() == kAesKeyBytes && place.nonce.size() == kAesNonceBytes);
  TAPELAKE_ASSERT(bytes.size() <= std::numeric_limits<int>::max());
  ContextPtr context(EVP_CIPHER_CTX_new());
  int ignored = 0;
  const bool ready = context != nullptr &&
                     EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(place.key),
                                       Bytes(place.nonce), encrypt ? 1 : 0) == 1 &&
                     EVP_CipherUpdate(context.get(), nullptr, &ignored, Bytes(place.context),
                                      static_cast<int>(place.context.size())) == 1;
  return ready ? std::move(context) : nullptr;
}

}  // namespace

Status EncryptAes(const AesPlace& place, std::string_view plain, char* out) {
  const ContextPtr context = Begin(place, plain, true);
  auto* to = reinterpret_cast<unsigned char*>(out);
  int written = 0;
  int rest = 0;
  const bool done = context != nullptr &&
                    EVP_CipherUpdate(context.get(), to, &written, Bytes(plain),
                                     static_cast<int>(plain.size())) == 1 &&
                    EVP_CipherFinal_ex(context.get(), to + written, &rest) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kAesTagBytes,
                                        to + plain.size()) == 1;
  return done ? Status::OK() : Failed();
}

Status DecryptAes(const AesPlace& place, std::string_view sealed, char* out) {
  if (sealed.size() < kAesTagBytes) {
    return MakeError(ErrorKind::kCorrupt, "encrypted bytes are cut short");
  }
  const std::string_view bytes = sealed.substr(0, sealed.size() - kAesTagBytes);
  const ContextPtr context = Begin(place, bytes, false);
  if (context == nullptr) return Failed();
  auto* to = reinterpret_cast<unsigned char*>(out);
  int written = 0;
  int rest = 0;
  // OpenSSL takes the tag by a pointer that is not const, and only reads it.
  void* tag = const_cast<char*>(sealed.data() + bytes.size());
  if (EVP_CipherUpdate(context.get(), to, &written, Bytes(bytes), static_cast<int>(bytes.size())) !=
          1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kAesTagBytes, tag) != 1) {
    return Failed();
  }
  if (EVP_CipherFinal_ex(context.get(), to + written, &rest) == 1) return Status::OK();
  return MakeError(ErrorKind::kCorrupt, "encrypted bytes do not fit their key and place");
}

}  // namespace tapelake::base
