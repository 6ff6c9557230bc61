#pragma once

/// The seal: a checksum that lies inside the bytes it seals (docs/internals/seal.md). Pure.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace tapelake::base {

/// On disk; never changed.
inline constexpr std::string_view kSealKey = "tapelake.checksum";
/// What the digits are taken for while they are computed, and where they will stand until then.
inline constexpr std::string_view kOpenSeal = "0000000000000000";
inline constexpr size_t kSealDigits = kOpenSeal.size();

/// Computes a seal of bytes that come piece by piece, kOpenSeal in place of its digits: XXH3-64 in
/// 16 lower-case hex digits. One thread.
class SealHash {
 public:
  SealHash();
  ~SealHash();
  SealHash(const SealHash&) = delete;
  SealHash& operator=(const SealHash&) = delete;

  void Add(std::string_view bytes);

  /// The seal of all added so far.
  std::string Digits() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

/// Seal the bytes of `out` from `begin` on: their digits replace kOpenSeal at `digits_at`, an
/// offset in `out`.
void Seal(size_t begin, size_t digits_at, std::string* out);

/// What `mark` at `offset` says of bytes: a format writes its mark right before the digits.
/// Return whether it is there; one wrong byte is forgiven, so that damage to the mark itself is
/// damage and not the work of another program.
bool HasSealMark(std::string_view bytes, size_t offset, std::string_view mark);

enum class SealState : uint8_t {
  kAbsent,  ///< No mark: of another program, or of ours before there were seals.
  kWhole,
  kBroken,  ///< A bit has changed.
};

/// Judge all of `bytes` by the seal whose mark, if any, stands at `mark_at`. A place outside of the
/// bytes is kAbsent.
SealState JudgeSeal(std::string_view bytes, size_t mark_at, std::string_view mark);

/// A JSON document's seal is its last member: `"tapelake.checksum":"<16 digits>"`, then only `tail`
/// (the closing braces).
inline constexpr std::string_view kJsonSealMark = "\"tapelake.checksum\":\"";

/// Append `"tapelake.checksum":"<digits>"` and `tail`, sealing `out` from `begin` on.
void AppendJsonSeal(size_t begin, std::string_view tail, std::string* out);

/// Judge a whole document by AppendJsonSeal with the same `tail`.
SealState JudgeJsonSeal(std::string_view json, std::string_view tail);

}  // namespace tapelake::base
