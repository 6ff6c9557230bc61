#pragma once

/// What a server speaks TLS with. Internal to the server: names Boost.

#include <memory>

#include <boost/asio/ssl/context.hpp>

#include "base/status.h"
#include "serve/http/http_server.h"

namespace tapelake::serve {

/// TLS 1.2 with forward secrecy, or 1.3; HTTP/1.1 is what is agreed on where a client asks (ALPN).
/// Errors: kInvalid (no certificate, no key, a key with a password, or two that do not belong
/// together; says which).
Result<std::unique_ptr<boost::asio::ssl::context>> MakeTlsContext(const TlsIdentity& identity);

}  // namespace tapelake::serve
