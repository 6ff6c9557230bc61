#pragma once

/// Certificates (X.509) of a door: a local authority that a lake's clients trust, what it
/// certifies, and what a certificate says.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/random.h"

namespace tapelake::security {

/// For how long a new authority and a new certificate of a server are good.
inline constexpr int64_t kAuthorityDays = 3'650;
inline constexpr int64_t kServerCertificateDays = 825;
inline constexpr size_t kCertificateHostsMax = 100;

/// A certificate and its private key, as PEM.
struct CertifiedKey {
  std::string certificate_pem;
  std::string key_pem;

  /// Both in one text, so that one file holds a pair that belongs together; ReadCertifiedKey()
  /// takes it apart.
  std::string ToPem() const { return key_pem + certificate_pem; }
};

/// Make an authority (ECDSA P-256) that can certify servers and no further authority. `random` must
/// not be predictable. Errors: kInternal.
Result<CertifiedKey> MakeAuthority(io::Random& random, int64_t now_micros);

/// Make a key and a certificate for a server that is reached by `hosts`: DNS names (one `*.` in
/// front may stand for a label) and numeric addresses, at least one. Errors: kInvalid (a host,
/// names it; too many), kCorrupt (the authority's texts), kInternal.
Result<CertifiedKey> MakeServerCertificate(const CertifiedKey& authority,
                                           const std::vector<std::string>& hosts,
                                           io::Random& random, int64_t now_micros);

/// Take apart what ToPem() put together. Errors: kCorrupt.
Result<CertifiedKey> ReadCertifiedKey(std::string_view pem);

/// What a certificate says of itself.
struct CertificateFacts {
  std::vector<std::string> hosts;  ///< DNS names and addresses, in its order.
  int64_t not_before_micros = 0;
  int64_t not_after_micros = 0;
};

/// Read the first certificate of a PEM text. Errors: kInvalid.
Result<CertificateFacts> ReadCertificate(std::string_view pem);

/// Whether the certificate is good now. Errors: kInvalid, saying since or until when it is not.
Status CheckValidity(const CertificateFacts& facts, int64_t now_micros);

/// Whether the private key is that of the first certificate. Errors: kInvalid (it is another one's,
/// no key, or needs a password).
Status CheckKey(std::string_view certificate_pem, std::string_view key_pem);

/// Whether `host` can stand in a certificate.
bool IsCertificateHost(std::string_view host);

}  // namespace tapelake::security
