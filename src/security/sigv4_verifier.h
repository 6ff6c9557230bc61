#pragma once

/// The server's half of AWS Signature Version 4: was this request signed, as it is, by one of our
/// keys, for this door, just now? Pure; any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "security/key_file.h"

namespace tapelake::security {

/// How far the clock of a client may be from ours.
inline constexpr int64_t kClockSkewMicrosMax = 5 * 60 * int64_t{1'000'000};
/// How far ahead of ours the clock of who made a presigned URL may be.
inline constexpr int64_t kPresignedEarlyMicrosMax = 15 * 60 * int64_t{1'000'000};
/// For how long a presigned URL may be good.
inline constexpr int64_t kPresignedSecondsMax = 604'800;

/// A request as it came. Views: what they look at must live as long as the verdict is needed.
struct ReceivedRequest {
  using Pairs = std::span<const std::pair<std::string, std::string>>;

  std::string_view method;
  std::string_view path;          ///< As it came, without the query; no dot segment is resolved.
  Pairs query;                    ///< Decoded names and values; each name once.
  Pairs fields;                   ///< Of the head; names in lower case, a name as often as it came.
  std::string_view payload_hash;  ///< io::aws::Sha256Hex of the body.
};

/// Which signatures this door takes, and when it is now.
struct VerifyRules {
  std::vector<std::string> regions;  ///< Any of them; the first is the one that errors name.
  std::string service;               ///< Empty: any, for requests that are refused anyway.
  int64_t now_micros = 0;            ///< Wall time.
};

/// Why a request was refused. Doors turn it into the name that their protocol has for it.
enum class AuthFailure : uint8_t {
  kMissing = 1,     ///< Nothing in it is a signature.
  kIncomplete = 2,  ///< What is there makes no whole signature.
  kInvalid = 3,     ///< For another door or time, or not what was signed.
  kUnknownKey = 4,  ///< No key of ours; or with a session token, which keys of ours never have.
};

/// The outcome: whose request it is, or why it is refused.
struct Verdict {
  const AccessKey* key = nullptr;  ///< Of the set; nullptr: refused.
  AuthFailure failure = AuthFailure::kMissing;
  std::string message;  ///< For people; names the value, never a secret.

  bool ok() const { return key != nullptr; }
};

/// Judge what can be judged before the body is there (`payload_hash` is not looked at): all but the
/// signature itself. Who is refused here is refused by VerifyRequest() for the same reason; who is
/// not has proved nothing.
Verdict VerifyHead(const ReceivedRequest& request, const KeySet& keys, const VerifyRules& rules);

/// Judge a request, in this order: there is a signature; it is whole (field `authorization`, or the
/// parameters of a presigned URL, not both); its scope is this door's (day, region, service,
/// terminator); its time is near ours; its key is one of `keys`; it covers what doors read (`host`,
/// `content-type`, every `x-amz-*`); it is right; the body is the one that `x-amz-content-sha256`
/// names.
Verdict VerifyRequest(const ReceivedRequest& request, const KeySet& keys, const VerifyRules& rules);

}  // namespace tapelake::security
