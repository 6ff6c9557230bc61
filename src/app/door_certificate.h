#pragma once

/// The certificate that the doors of a lake show: given by the configuration, or made here.

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
#include "security/certificate.h"
#include "serve/http/http_server.h"

namespace tapelake::app {

/// A certificate that a door can show now.
struct DoorCertificate {
  serve::TlsIdentity identity;
  security::CertificateFacts facts;
  std::string trusted_path;  ///< What clients must trust; empty: who issued it is not ours.
};

/// What CertifyDoor() made.
struct CertifiedDoor {
  std::string trusted_path;  ///< What clients must trust; an absolute path.
  bool new_authority = false;
  security::CertificateFacts facts;
};

/// Make a certificate for this machine (`localhost`, 127.0.0.1, ::1) and `hosts`, in place of the
/// one before, by the lake's own authority, which is made if there is none. A running
/// door shows it within a second. Errors: kInvalid (a host; the authority's time is over), kCorrupt
/// (the authority's file), kConflict (another process is at it), kUnavailable, kUnauthorized.
Result<CertifiedDoor> CertifyDoor(World& world, const std::string& lake_path,
                                  std::vector<std::string> hosts);

/// The certificate of the AWS-compatible door, which listens to this machine alone (`loopback`) or
/// not; nullopt: it speaks no TLS. Errors: kInvalid (there is none where one is needed, or it is
/// not good now), those of reading the files.
Result<std::optional<DoorCertificate>> OpenDoorCertificate(World& world,
                                                           const config::Config& config,
                                                           bool loopback);

/// Looks whether the files of a door's certificate changed. One thread; end_micros() any.
class CertificateWatch {
 public:
  /// `world` must outlive it; `certificate` is what OpenDoorCertificate() gave.
  CertificateWatch(World& world, const config::Config& config, const DoorCertificate& certificate);

  /// What is to be shown from now on; nullopt: nothing else than before. Files that make no good
  /// certificate, as halfway through their renewal, are looked at again the next time.
  std::optional<serve::TlsIdentity> Renewed();

  /// Until when the newest certificate is good, wall time.
  int64_t end_micros() const { return end_micros_.load(); }

 private:
  /// Size and time of each file.
  using Stamps = std::vector<std::pair<int64_t, int64_t>>;
  Stamps Look();

  World& world_;
  const config::Config config_;
  std::vector<std::string> paths_;
  Stamps seen_;
  std::atomic<int64_t> end_micros_;
};

}  // namespace tapelake::app
