#include "serve/http/tls_context.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <openssl/ssl.h>
#include <boost/asio/buffer.hpp>

namespace tapelake::serve {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr std::string_view kHttp11 = "http/1.1";
// Of TLS 1.2; those of 1.3 are all of this kind.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// Choose HTTP/1.1. A client that offers only what is not spoken here is told so at once, not by
/// bytes that it does not understand. `offered`: names, each with its length before it.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  std::string_view rest(reinterpret_cast<const char*>(offered), offered_size);
  while (!rest.empty()) {
    const auto size = static_cast<unsigned char>(rest.front());
    const std::string_view name = rest.substr(1, size);
    if (name == kHttp11) {
      *chosen = reinterpret_cast<const unsigned char*>(name.data());
      *chosen_size = static_cast<unsigned char>(name.size());
      return SSL_TLSEXT_ERR_OK;
    }
    rest.remove_prefix(std::min(rest.size(), size_t{1} + size));
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

Status Unusable(std::string_view what, const error_code& error) {
  return MakeError(ErrorKind::kInvalid,
                   "the " + std::string(what) + " cannot be used: " + error.message());
}

}  // namespace

Result<std::unique_ptr<ssl::context>> MakeTlsContext(const TlsIdentity& identity) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX* raw = context->native_handle();
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // tickets need no memory of ours
  if (SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(raw, kCiphers) != 1) {
    return MakeError(ErrorKind::kInternal, "this OpenSSL has neither TLS 1.2 nor its ciphers");
  }
  SSL_CTX_set_alpn_select_cb(raw, ChooseProtocol, nullptr);
  error_code ec;
  // Else OpenSSL asks for the password of a key at the terminal.
  context->set_password_callback([](size_t, ssl::context::password_purpose) { return ""; }, ec);
  const auto& [certificate, key] = identity;
  context->use_certificate_chain(boost::asio::buffer(certificate.data(), certificate.size()), ec);
  if (ec) return Unusable("certificate", ec);
  context->use_private_key(boost::asio::buffer(key.data(), key.size()), ssl::context::pem, ec);
  if (ec) return Unusable("key of the certificate", ec);
  return context;
}

}  // namespace tapelake::serve
