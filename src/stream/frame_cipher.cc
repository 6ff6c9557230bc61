#include "stream/frame_cipher.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/aes_gcm.h"
#include "stream/stream.h"

namespace tapelake::stream {
namespace {

constexpr size_t kDataKeysMax = 16;
constexpr size_t kCiphertextBytesMax = 6'144;
// Before the encrypted records: u16 bytes of the data key's ciphertext, that, u64 count.
constexpr size_t kLengthBytes = 2;
constexpr size_t kCountBytes = 8;

/// The header's own bytes, without the checksum of what is not there yet when they are encrypted:
/// records are decrypted as those of their frame, at its place, or not at all.
std::array<char, kFrameHeaderBytes> ContextOf(FrameHeader header, uint64_t salt) {
  std::array<char, kFrameHeaderBytes> context = {};
  header.payload_checksum = 0;
  EncodeFrameHeader(header, salt, context.data());
  return context;
}

std::array<char, base::kAesNonceBytes> NonceOf(uint64_t count) {
  std::array<char, base::kAesNonceBytes> nonce = {};
  std::memcpy(nonce.data(), &count, sizeof(count));
  return nonce;
}

std::string_view View(const auto& bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace

Status FrameEncryptor::UseKey(const std::string& key_id, uint64_t segment) {
  if (key_id == key_id_ && segment == segment_) return Status::OK();
  if (keys_ == nullptr) return MakeError(ErrorKind::kNotFound, "there is no key '" + key_id + "'");
  TAPELAKE_ASSIGN_OR_RAISE(io::DataKey fresh, keys_->GenerateDataKey(key_id, context_));
  if (fresh.plaintext.size() != base::kAesKeyBytes ||
      fresh.ciphertext.size() > kCiphertextBytesMax) {
    return MakeError(ErrorKind::kUnavailable, "the key '" + key_id + "' gives no AES-256 keys");
  }
  data_key_ = std::move(fresh);
  key_id_ = key_id;
  segment_ = segment;
  count_ = 0;
  return Status::OK();
}

Result<char*> FrameEncryptor::Encrypt(std::string_view records, uint64_t salt,
                                      FrameHeader* header) {
  const std::string& wrapped = data_key_.ciphertext;
  const size_t head_bytes = kLengthBytes + wrapped.size() + kCountBytes;
  const size_t stored_bytes = head_bytes + records.size() + base::kAesTagBytes;
  header->encryption = static_cast<uint8_t>(Encryption::kAes256Gcm);
  header->stored_bytes = static_cast<uint32_t>(stored_bytes);
  if (out_.size() < kFrameHeaderBytes + stored_bytes) out_.resize(kFrameHeaderBytes + stored_bytes);
  char* out = out_.data() + kFrameHeaderBytes;
  const auto length = static_cast<uint16_t>(wrapped.size());
  const uint64_t count = count_++;
  std::memcpy(out, &length, kLengthBytes);
  std::memcpy(out + kLengthBytes, wrapped.data(), wrapped.size());
  std::memcpy(out + kLengthBytes + wrapped.size(), &count, kCountBytes);
  const auto nonce = NonceOf(count);
  const auto context = ContextOf(*header, salt);
  TAPELAKE_RETURN_NOT_OK(
      base::EncryptAes({.key = data_key_.plaintext, .nonce = View(nonce), .context = View(context)},
                       records, out + head_bytes));
  return out_.data();
}

Result<std::string> FrameDecryptor::DecryptDataKey(std::string_view ciphertext) const {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find(known_, ciphertext, &io::DataKey::ciphertext);
    if (found != known_.end()) return found->plaintext;
  }
  if (keys_ == nullptr) {
    return MakeError(ErrorKind::kUnauthorized, "it is encrypted, and there are no keys");
  }
  TAPELAKE_ASSIGN_OR_RAISE(std::string plaintext, keys_->Decrypt(ciphertext, context_));
  if (plaintext.size() != base::kAesKeyBytes) {
    return MakeError(ErrorKind::kCorrupt, "its data key is none of AES-256");
  }
  const std::scoped_lock lock(mutex_);
  known_.push_front({.plaintext = plaintext, .ciphertext = std::string(ciphertext)});
  if (known_.size() > kDataKeysMax) known_.pop_back();
  return plaintext;
}

Result<std::string> FrameDecryptor::Decrypt(const FrameHeader& header, uint64_t salt,
                                            std::string_view stored) const {
  uint16_t length = 0;
  uint64_t count = 0;
  const auto cut_short = [] {
    return MakeError(ErrorKind::kCorrupt, "its encrypted records are cut short");
  };
  if (stored.size() < kLengthBytes) return cut_short();
  std::memcpy(&length, stored.data(), kLengthBytes);
  const size_t head_bytes = kLengthBytes + size_t{length} + kCountBytes;
  if (stored.size() < head_bytes + base::kAesTagBytes) return cut_short();
  std::memcpy(&count, stored.data() + kLengthBytes + length, kCountBytes);
  TAPELAKE_ASSIGN_OR_RAISE(const std::string key,
                           DecryptDataKey(stored.substr(kLengthBytes, length)));
  const auto nonce = NonceOf(count);
  const auto context = ContextOf(header, salt);
  std::string records(stored.size() - head_bytes - base::kAesTagBytes, '\0');
  TAPELAKE_RETURN_NOT_OK(
      base::DecryptAes({.key = key, .nonce = View(nonce), .context = View(context)},
                       stored.substr(head_bytes), records.data()));
  return records;
}

}  // namespace tapelake::stream
