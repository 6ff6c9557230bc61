#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::serve {

/// Where the HTTP port listens.
struct ListenAddress {
  std::string host;  ///< `127.0.0.1`, `::1`: a numeric address without brackets.
  uint16_t port = 0;
  bool loopback = false;
};

/// Parse `HOST:PORT`; HOST is a numeric address (IPv6 in brackets) or `localhost`; port 0: any free
/// one. Errors: kInvalid, naming the `key` of the configuration that holds it.
Result<ListenAddress> ParseListenAddress(std::string_view text, std::string_view key);

/// Whether the host of a `Host` field (`localhost:8990`, `[::1]`) can only be this machine:
/// `localhost`, names that end in `.localhost`, 127.0.0.0/8, `[::1]`; any port.
bool IsLoopbackHost(std::string_view host_field);

}  // namespace tapelake::serve
