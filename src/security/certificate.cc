#include "security/certificate.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/time.h"

namespace tapelake::security {
namespace {

constexpr int kSerialWords = 2;
constexpr int64_t kEarlyMicros = 3'600 * base::kMicrosPerSecond;  // clocks of clients differ
constexpr size_t kHostBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;
constexpr std::string_view kCertificateBegin = "-----BEGIN CERTIFICATE-----";

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;

/// An error with OpenSSL's reason, if it gave one.
Status Failed(ErrorKind kind, std::string_view what) {
  std::array<char, 256> reason{};
  const unsigned long code = ERR_peek_last_error();
  if (code != 0) ERR_error_string_n(code, reason.data(), reason.size());
  ERR_clear_error();
  return MakeError(kind, std::string(what) + (code == 0 ? "" : ": ") + reason.data());
}

bool IsAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

bool IsLabel(std::string_view label) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' &&
         label.back() != '-' && label.find_first_not_of(kAlphabet) == std::string_view::npos;
}

Bio ReadOnly(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.empty() ? "" : text.data(), static_cast<int>(text.size())));
}

/// The first certificate of a text; nullptr: there is none.
Certificate CertificateOf(std::string_view pem) {
  const Bio in = ReadOnly(pem);
  return Certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
}

/// The first private key of a text; nullptr: there is none.
Key KeyOf(std::string_view pem) {
  const Bio in = ReadOnly(pem);
  char password[] = "";  // one that is given is not asked for at the terminal
  return Key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, password));
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

Result<CertifiedKey> ToCertifiedKey(X509* certificate, EVP_PKEY* key) {
  const Bio key_out(BIO_new(BIO_s_mem()));
  const Bio certificate_out(BIO_new(BIO_s_mem()));
  if (key_out == nullptr || certificate_out == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(key_out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) !=
          1 ||
      PEM_write_bio_X509(certificate_out.get(), certificate) != 1) {
    return Failed(ErrorKind::kInternal, "cannot write a certificate");
  }
  return CertifiedKey{.certificate_pem = TextOf(certificate_out.get()),
                      .key_pem = TextOf(key_out.get())};
}

/// A serial number that was never given before, and that nobody guesses (RFC 5280, 4.1.2.2).
bool SetSerial(io::Random& random, X509* certificate) {
  std::array<unsigned char, kSerialWords * sizeof(uint64_t)> bytes{};
  for (int i = 0; i < kSerialWords; ++i) {
    const uint64_t word = random.Next();
    std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof(word), &word, sizeof(word));
  }
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);  // positive, of full length
  const Number number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetTimes(int64_t now_micros, int64_t days, X509* certificate) {
  const auto begin = static_cast<time_t>((now_micros - kEarlyMicros) / base::kMicrosPerSecond);
  const auto end =
      static_cast<time_t>((now_micros + days * base::kMicrosPerDay) / base::kMicrosPerSecond);
  return ASN1_TIME_set(X509_getm_notBefore(certificate), begin) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), end) != nullptr;
}

bool AddExtension(int nid, const std::string& value, X509* issuer, X509* certificate) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool SetName(const std::string& common_name, X509* certificate) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto add = [name](const char* field, const std::string& value) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
  };
  return add("O", "Tapelake") && add("CN", common_name);
}

/// What both kinds of certificate share: all but names, extensions and signature.
Result<Certificate> Begin(io::Random& random, int64_t now_micros, int64_t days, EVP_PKEY* key) {
  Certificate certificate(X509_new());
  if (certificate == nullptr || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      !SetSerial(random, certificate.get()) || !SetTimes(now_micros, days, certificate.get()) ||
      X509_set_pubkey(certificate.get(), key) != 1) {
    return Failed(ErrorKind::kInternal, "cannot make a certificate");
  }
  return certificate;
}

Result<Key> MakeKey() {
  Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Failed(ErrorKind::kInternal, "cannot make a key");
  return key;
}

/// `DNS:lake.internal,IP:192.0.2.1`
Result<std::string> AlternativeNames(const std::vector<std::string>& hosts) {
  if (hosts.empty() || hosts.size() > kCertificateHostsMax) {
    return MakeError(ErrorKind::kInvalid, "a certificate is for 1 to " +
                                              std::to_string(kCertificateHostsMax) +
                                              " hosts, not " + std::to_string(hosts.size()));
  }
  std::string text;
  for (const std::string& host : hosts) {
    if (!IsCertificateHost(host)) {
      return MakeError(ErrorKind::kInvalid,
                       "'" + host.substr(0, kHostBytesMax) +
                           "' is no name or address of a host\nhint: for example lake.internal, "
                           "192.0.2.1 or 2001:db8::1, without port and brackets");
    }
    text += (text.empty() ? "" : ",") + std::string(IsAddress(host) ? "IP:" : "DNS:") + host;
  }
  return text;
}

std::string HostOf(const GENERAL_NAME* name) {
  if (name->type == GEN_DNS) {
    const ASN1_STRING* text = name->d.dNSName;
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<size_t>(ASN1_STRING_length(text))};
  }
  if (name->type != GEN_IPADD) return "";
  const ASN1_STRING* bytes = name->d.iPAddress;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto size = static_cast<size_t>(ASN1_STRING_length(bytes));
  if (size != sizeof(in_addr) && size != sizeof(in6_addr)) return "";
  const int family = size == sizeof(in_addr) ? AF_INET : AF_INET6;
  ::inet_ntop(family, ASN1_STRING_get0_data(bytes), text.data(), text.size());
  return text.data();
}

std::optional<int64_t> MicrosOf(const ASN1_TIME* time) {
  tm civil{};
  if (ASN1_TIME_to_tm(time, &civil) != 1) return std::nullopt;
  return base::FromCivil({.year = civil.tm_year + 1900,
                          .month = civil.tm_mon + 1,
                          .day = civil.tm_mday,
                          .hour = civil.tm_hour,
                          .minute = civil.tm_min,
                          .second = civil.tm_sec});
}

/// `2026-11-22 19:02:04 UTC`
std::string TimeWords(int64_t micros) {
  std::string text = base::FormatIso8601Micros(micros).substr(0, 19) + " UTC";
  text[10] = ' ';
  return text;
}

}  // namespace

bool IsCertificateHost(std::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  if (IsAddress(std::string(host))) return true;
  if (host.starts_with("*.") && host.find('.', 2) != std::string_view::npos) host.remove_prefix(2);
  bool digits_only = true;  // of the last label: such a name would be taken for an address
  while (true) {
    const size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (!IsLabel(label)) return false;
    digits_only = label.find_first_not_of("0123456789") == std::string_view::npos;
    if (dot == std::string_view::npos) return !digits_only;
    host.remove_prefix(dot + 1);
  }
}

Result<CertifiedKey> MakeAuthority(io::Random& random, int64_t now_micros) {
  TAPELAKE_ASSIGN_OR_RAISE(const Key key, MakeKey());
  TAPELAKE_ASSIGN_OR_RAISE(const Certificate certificate,
                           Begin(random, now_micros, kAuthorityDays, key.get()));
  X509* x509 = certificate.get();
  // Who trusts several of them can tell them apart.
  const std::string name = "Tapelake local authority of " + base::FormatDate(now_micros);
  if (!SetName(name, x509) || X509_set_issuer_name(x509, X509_get_subject_name(x509)) != 1 ||
      !AddExtension(NID_basic_constraints, "critical,CA:TRUE,pathlen:0", x509, x509) ||
      !AddExtension(NID_key_usage, "critical,keyCertSign,cRLSign", x509, x509) ||
      !AddExtension(NID_subject_key_identifier, "hash", x509, x509) ||
      X509_sign(x509, key.get(), EVP_sha256()) <= 0) {
    return Failed(ErrorKind::kInternal, "cannot make an authority");
  }
  return ToCertifiedKey(x509, key.get());
}

Result<CertifiedKey> MakeServerCertificate(const CertifiedKey& authority,
                                           const std::vector<std::string>& hosts,
                                           io::Random& random, int64_t now_micros) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string names, AlternativeNames(hosts));
  const Certificate issuer = CertificateOf(authority.certificate_pem);
  const Key issuer_key = KeyOf(authority.key_pem);
  if (issuer == nullptr || issuer_key == nullptr ||
      X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
    return Failed(ErrorKind::kCorrupt, "the authority is no certificate with its key");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const Key key, MakeKey());
  TAPELAKE_ASSIGN_OR_RAISE(const Certificate certificate,
                           Begin(random, now_micros, kServerCertificateDays, key.get()));
  X509* x509 = certificate.get();
  X509* by = issuer.get();
  if (!SetName("Tapelake door", x509) ||
      X509_set_issuer_name(x509, X509_get_subject_name(by)) != 1 ||
      !AddExtension(NID_basic_constraints, "critical,CA:FALSE", by, x509) ||
      !AddExtension(NID_key_usage, "critical,digitalSignature", by, x509) ||
      !AddExtension(NID_ext_key_usage, "serverAuth", by, x509) ||
      !AddExtension(NID_subject_alt_name, names, by, x509) ||
      !AddExtension(NID_subject_key_identifier, "hash", by, x509) ||
      !AddExtension(NID_authority_key_identifier, "keyid:always", by, x509) ||
      X509_sign(x509, issuer_key.get(), EVP_sha256()) <= 0) {
    return Failed(ErrorKind::kInternal, "cannot make a certificate");
  }
  return ToCertifiedKey(x509, key.get());
}

Result<CertifiedKey> ReadCertifiedKey(std::string_view pem) {
  const size_t at = pem.find(kCertificateBegin);
  if (at == 0 || at == std::string_view::npos) {
    return MakeError(ErrorKind::kCorrupt, "it is no key with its certificate behind it");
  }
  return CertifiedKey{.certificate_pem = std::string(pem.substr(at)),
                      .key_pem = std::string(pem.substr(0, at))};
}

Result<CertificateFacts> ReadCertificate(std::string_view pem) {
  const Certificate certificate = CertificateOf(pem);
  if (certificate == nullptr) return Failed(ErrorKind::kInvalid, "there is no certificate in it");
  const auto begin = MicrosOf(X509_get0_notBefore(certificate.get()));
  const auto end = MicrosOf(X509_get0_notAfter(certificate.get()));
  if (!begin || !end) return Failed(ErrorKind::kInvalid, "its times are none");
  CertificateFacts facts{.not_before_micros = *begin, .not_after_micros = *end};
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    std::string host = HostOf(sk_GENERAL_NAME_value(names.get(), i));
    if (!host.empty()) facts.hosts.push_back(std::move(host));
  }
  return facts;
}

Status CheckValidity(const CertificateFacts& facts, int64_t now_micros) {
  if (now_micros < facts.not_before_micros) {
    return MakeError(ErrorKind::kInvalid,
                     "it is not good before " + TimeWords(facts.not_before_micros));
  }
  if (now_micros > facts.not_after_micros) {
    return MakeError(ErrorKind::kInvalid, "it ended at " + TimeWords(facts.not_after_micros));
  }
  return Status::OK();
}

Status CheckKey(std::string_view certificate_pem, std::string_view key_pem) {
  const Certificate certificate = CertificateOf(certificate_pem);
  const Key key = KeyOf(key_pem);
  if (key == nullptr) return Failed(ErrorKind::kInvalid, "its key cannot be used");
  if (certificate == nullptr || X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Failed(ErrorKind::kInvalid, "its key is another one's");
  }
  return Status::OK();
}

}  // namespace tapelake::security
