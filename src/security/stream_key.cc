#include "security/stream_key.h"

#include <openssl/rand.h>

#include <utility>

#include "base/aes_gcm.h"
#include "base/base64.h"

namespace tapelake::security {
namespace {

constexpr size_t kIdBytes = 16;
constexpr std::string_view kIdHead = "tapelake-key 1\nid ";
constexpr std::string_view kKeyHead = "key ";
// A data key, encrypted: version, id of the key, nonce, ciphertext and tag.
constexpr char kVersion = 1;
constexpr size_t kPlainHeadBytes = 1 + kIdBytes;
constexpr size_t kHeadBytes = kPlainHeadBytes + base::kAesNonceBytes;
constexpr size_t kWrappedBytes = kHeadBytes + base::kAesKeyBytes + base::kAesTagBytes;

std::string Base64Of(std::string_view bytes) {
  std::string text;
  base::AppendBase64(bytes, &text);
  return text;
}

/// The `size` bytes that a line behind `head` holds, taken off `*text`; empty: none do.
std::string TakeBytes(std::string_view head, size_t size, std::string_view* text) {
  const size_t end = head.size() + base::Base64EncodedSize(size);
  if (!text->starts_with(head) || text->size() <= end || (*text)[end] != '\n') return "";
  std::string bytes(base::Base64DecodedSizeMax(end) + base::kBase64SlackBytes, '\0');
  size_t found = 0;
  const bool valid =
      base::DecodeBase64(text->substr(head.size(), end - head.size()), bytes.data(), &found);
  if (!valid || found != size) return "";
  bytes.resize(size);
  text->remove_prefix(end + 1);
  return bytes;
}

Result<std::string> RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) == 1) {
    return bytes;
  }
  return MakeError(ErrorKind::kUnavailable, "OpenSSL has no random bytes");
}

class StreamKey : public io::KeyManagement {
 public:
  StreamKey(std::string path, std::string id, std::string key)
      : path_(std::move(path)), id_(std::move(id)), key_(std::move(key)) {}

  Result<io::DataKey> GenerateDataKey(const std::string& key_id,
                                      std::string_view context) override {
    if (key_id != kStreamKeyAlias) {
      return MakeError(ErrorKind::kNotFound,
                       "there is no key '" + key_id + "', only " + std::string(kStreamKeyAlias));
    }
    TAPELAKE_ASSIGN_OR_RAISE(std::string plaintext, RandomBytes(base::kAesKeyBytes));
    TAPELAKE_ASSIGN_OR_RAISE(const std::string nonce, RandomBytes(base::kAesNonceBytes));
    std::string ciphertext = kVersion + id_ + nonce;
    ciphertext.resize(kWrappedBytes);
    TAPELAKE_RETURN_NOT_OK(base::EncryptAes({.key = key_, .nonce = nonce, .context = context},
                                            plaintext, ciphertext.data() + kHeadBytes));
    return io::DataKey{.plaintext = std::move(plaintext), .ciphertext = std::move(ciphertext)};
  }

  Result<std::string> Decrypt(std::string_view ciphertext, std::string_view context) override {
    if (ciphertext.size() != kWrappedBytes || ciphertext.front() != kVersion) {
      return MakeError(ErrorKind::kCorrupt, "a data key of " + std::to_string(ciphertext.size()) +
                                                " bytes is none that was made here");
    }
    const std::string_view id = ciphertext.substr(1, kIdBytes);
    if (id != id_) {
      return MakeError(ErrorKind::kUnauthorized, "it is encrypted under the key " + Base64Of(id) +
                                                     ", and the one in '" + path_ + "' is " +
                                                     Base64Of(id_) +
                                                     "\nhint: put that key's file there again");
    }
    std::string plaintext(base::kAesKeyBytes, '\0');
    TAPELAKE_RETURN_NOT_OK(
        base::DecryptAes({.key = key_,
                          .nonce = ciphertext.substr(kPlainHeadBytes, base::kAesNonceBytes),
                          .context = context},
                         ciphertext.substr(kHeadBytes), plaintext.data()));
    return plaintext;
  }

 private:
  const std::string path_;
  const std::string id_;
  const std::string key_;
};

}  // namespace

Result<std::shared_ptr<io::KeyManagement>> OpenStreamKey(io::LocalFileSystem& files,
                                                         const std::string& path) {
  auto text = files.ReadFile(path);
  if (!text.ok() && KindOf(text.status()) == ErrorKind::kNotFound) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string id, RandomBytes(kIdBytes));
    TAPELAKE_ASSIGN_OR_RAISE(const std::string key, RandomBytes(base::kAesKeyBytes));
    text =
        std::string(kIdHead) + Base64Of(id) + "\n" + std::string(kKeyHead) + Base64Of(key) + "\n";
    TAPELAKE_RETURN_NOT_OK(files.CreateDirectories(io::ParentPath(path)));
    TAPELAKE_RETURN_NOT_OK(files.ReplacePrivateFile(path, *text));
  }
  TAPELAKE_RETURN_NOT_OK(text.status());
  std::string_view rest = *text;
  std::string id = TakeBytes(kIdHead, kIdBytes, &rest);
  std::string key = TakeBytes(kKeyHead, base::kAesKeyBytes, &rest);
  if (id.empty() || key.empty() || !rest.empty()) {
    return MakeError(ErrorKind::kCorrupt,
                     "the key of the streams, '" + path +
                         "', is damaged\nhint: restore it; without it nobody can read what was "
                         "encrypted under it");
  }
  return std::make_shared<StreamKey>(path, std::move(id), std::move(key));
}

}  // namespace tapelake::security
