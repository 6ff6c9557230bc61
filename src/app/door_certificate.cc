#include "app/door_certificate.h"

#include <algorithm>
#include <utility>

#include "app/lake_folder.h"

namespace tapelake::app {
namespace {

/// The lake's authority, made if there is none.
Result<security::CertifiedKey> KeepAuthority(World& world, const std::string& path, bool* made) {
  const int64_t now = world.clock.WallMicros();
  const auto kept = world.files.ReadFile(path);
  if (kept.ok()) {
    auto authority = security::ReadCertifiedKey(*kept);
    if (!authority.ok()) return WithContext(authority.status(), "the authority " + path);
    const auto facts = security::ReadCertificate(authority->certificate_pem);
    const Status good = facts.ok() ? security::CheckValidity(*facts, now) : facts.status();
    if (good.ok()) return authority;
    return MakeError(ErrorKind::kInvalid,
                     "the authority " + path + ": " + good.message() +
                         "\nhint: delete the file; clients must then trust the new authority");
  }
  if (KindOf(kept.status()) != ErrorKind::kNotFound) return kept.status();
  *made = true;
  TAPELAKE_ASSIGN_OR_RAISE(const security::CertifiedKey authority,
                           security::MakeAuthority(world.random, now));
  TAPELAKE_RETURN_NOT_OK(world.files.local().ReplacePrivateFile(path, authority.ToPem()));
  return authority;
}

Status NoCertificate(const config::Config& config, const std::string& path) {
  return MakeError(ErrorKind::kInvalid,
                   "doors.aws.listen '" + config.doors.aws.listen +
                       "' needs TLS, and there is no certificate " + path +
                       "\nhint: 'tapelake keys certify HOST' makes one; or name yours in "
                       "doors.aws.tls.certificate and key");
}

/// One that others made; certificate and key may stand in one file.
Result<DoorCertificate> ReadGiven(World& world, const config::TlsConfig& tls) {
  const std::string& key_path = tls.key.empty() ? tls.certificate : tls.key;
  DoorCertificate given;
  TAPELAKE_ASSIGN_OR_RAISE(given.identity.certificate_pem, world.files.ReadFile(tls.certificate));
  TAPELAKE_ASSIGN_OR_RAISE(given.identity.key_pem, world.files.ReadFile(key_path));
  return given;
}

Result<DoorCertificate> ReadOwn(World& world, const config::Config& config) {
  const CertificatePaths paths = CertificatePathsOf(config.lake.path);
  auto pem = world.files.ReadFile(paths.server);
  if (!pem.ok() && KindOf(pem.status()) == ErrorKind::kNotFound) {
    return NoCertificate(config, paths.server);
  }
  TAPELAKE_RETURN_NOT_OK(pem.status());
  return DoorCertificate{.identity = {.certificate_pem = *pem, .key_pem = *pem},
                         .trusted_path = paths.trusted};
}

}  // namespace

Result<CertifiedDoor> CertifyDoor(World& world, const std::string& lake_path,
                                  std::vector<std::string> hosts) {
  io::LocalFileSystem& files = world.files.local();
  const CertificatePaths paths = CertificatePathsOf(lake_path);
  for (const char* own : {"localhost", "127.0.0.1", "::1"}) {
    if (std::ranges::find(hosts, own) == hosts.end()) hosts.emplace_back(own);
  }
  TAPELAKE_RETURN_NOT_OK(files.CreateDirectories(paths.folder));
  TAPELAKE_ASSIGN_OR_RAISE(const auto lock, files.Lock(io::JoinPath(paths.folder, "lock")));
  CertifiedDoor done;
  TAPELAKE_ASSIGN_OR_RAISE(const security::CertifiedKey authority,
                           KeepAuthority(world, paths.authority, &done.new_authority));
  TAPELAKE_ASSIGN_OR_RAISE(
      const security::CertifiedKey server,
      security::MakeServerCertificate(authority, hosts, world.random, world.clock.WallMicros()));
  TAPELAKE_ASSIGN_OR_RAISE(done.facts, security::ReadCertificate(server.certificate_pem));
  TAPELAKE_RETURN_NOT_OK(files.ReplacePrivateFile(paths.server, server.ToPem()));
  TAPELAKE_RETURN_NOT_OK(files.ReplaceFile(paths.trusted, authority.certificate_pem));
  TAPELAKE_ASSIGN_OR_RAISE(done.trusted_path, files.AbsolutePath(paths.trusted));
  return done;
}

Result<std::optional<DoorCertificate>> OpenDoorCertificate(World& world,
                                                           const config::Config& config,
                                                           bool loopback) {
  const config::TlsConfig& tls = config.doors.aws.tls;
  const bool given = !tls.certificate.empty();
  if (!given && !tls.key.empty()) {
    return MakeError(ErrorKind::kInvalid,
                     "doors.aws.tls.key '" + tls.key + "' stands without a certificate");
  }
  if (loopback && !given && !tls.enabled) return std::nullopt;
  TAPELAKE_ASSIGN_OR_RAISE(DoorCertificate certificate,
                           given ? ReadGiven(world, tls) : ReadOwn(world, config));
  auto facts = security::ReadCertificate(certificate.identity.certificate_pem);
  Status good = facts.status();
  if (good.ok()) good = security::CheckValidity(*facts, world.clock.WallMicros());
  const serve::TlsIdentity& identity = certificate.identity;
  if (good.ok()) good = security::CheckKey(identity.certificate_pem, identity.key_pem);
  if (good.ok()) {
    certificate.facts = *std::move(facts);
    return certificate;
  }
  const std::string place = given ? "doors.aws.tls.certificate '" + tls.certificate + "'"
                                  : CertificatePathsOf(config.lake.path).server;
  return MakeError(ErrorKind::kInvalid,
                   "the certificate " + place + ": " + good.message() +
                       (given ? "" : "\nhint: 'tapelake keys certify' makes a new one"));
}

CertificateWatch::CertificateWatch(World& world, const config::Config& config,
                                   const DoorCertificate& certificate)
    : world_(world), config_(config), end_micros_(certificate.facts.not_after_micros) {
  const config::TlsConfig& tls = config.doors.aws.tls;
  if (tls.certificate.empty()) {
    paths_ = {CertificatePathsOf(config.lake.path).server};
  } else {
    paths_ = {tls.certificate};
    if (!tls.key.empty()) paths_.push_back(tls.key);
  }
  seen_ = Look();
}

CertificateWatch::Stamps CertificateWatch::Look() {
  Stamps stamps;
  for (const std::string& path : paths_) {
    const auto info = world_.files.GetInfo(path);
    if (info.ok()) stamps.emplace_back(info->size_bytes, info->modified_micros);
  }
  return stamps;
}

std::optional<serve::TlsIdentity> CertificateWatch::Renewed() {
  Stamps now = Look();
  if (now == seen_) return std::nullopt;
  const auto certificate = OpenDoorCertificate(world_, config_, false);
  if (!certificate.ok()) return std::nullopt;
  seen_ = std::move(now);
  end_micros_ = (*certificate)->facts.not_after_micros;
  return (*certificate)->identity;
}

}  // namespace tapelake::app
