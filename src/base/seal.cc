#include "base/seal.h"

#include <xxhash.h>

#include "base/assert.h"

namespace tapelake::base {

SealHash::SealHash() : state_(XXH3_createState()) {
  TAPELAKE_ASSERT(state_ != nullptr);
  XXH3_64bits_reset(state_.get());
}

SealHash::~SealHash() = default;

void SealHash::Free::operator()(XXH3_state_s* state) const {
  XXH3_freeState(state);
}

void SealHash::Add(std::string_view bytes) {
  XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
}

std::string SealHash::Digits() const {
  constexpr std::string_view kHex = "0123456789abcdef";
  uint64_t rest = XXH3_64bits_digest(state_.get());
  std::string digits(kSealDigits, '0');
  for (size_t i = kSealDigits; i > 0; rest >>= 4)
    digits[--i] = kHex[rest & 0xF];
  return digits;
}

void Seal(size_t begin, size_t digits_at, std::string* out) {
  TAPELAKE_ASSERT(out->compare(digits_at, kSealDigits, kOpenSeal) == 0);
  SealHash hash;
  hash.Add(std::string_view(*out).substr(begin));
  out->replace(digits_at, kSealDigits, hash.Digits());
}

bool HasSealMark(std::string_view bytes, size_t offset, std::string_view mark) {
  if (offset > bytes.size() || bytes.size() - offset < mark.size() + kSealDigits) return false;
  int wrong = 0;
  for (size_t i = 0; i < mark.size() && wrong < 2; ++i)
    wrong += bytes[offset + i] == mark[i] ? 0 : 1;
  return wrong < 2;
}

SealState JudgeSeal(std::string_view bytes, size_t mark_at, std::string_view mark) {
  if (!HasSealMark(bytes, mark_at, mark)) return SealState::kAbsent;
  const size_t digits_at = mark_at + mark.size();
  SealHash hash;
  hash.Add(bytes.substr(0, digits_at));
  hash.Add(kOpenSeal);
  hash.Add(bytes.substr(digits_at + kSealDigits));
  const bool whole = hash.Digits() == bytes.substr(digits_at, kSealDigits);
  return whole ? SealState::kWhole : SealState::kBroken;
}

void AppendJsonSeal(size_t begin, std::string_view tail, std::string* out) {
  out->append(kJsonSealMark);
  const size_t digits_at = out->size();
  out->append(kOpenSeal).append("\"").append(tail);
  Seal(begin, digits_at, out);
}

SealState JudgeJsonSeal(std::string_view json, std::string_view tail) {
  const size_t seal_size = kJsonSealMark.size() + kSealDigits + 1 + tail.size();
  if (json.size() < seal_size) return SealState::kAbsent;
  return JudgeSeal(json, json.size() - seal_size, kJsonSealMark);
}

}  // namespace tapelake::base
