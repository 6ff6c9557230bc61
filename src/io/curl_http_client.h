#pragma once

#include <memory>
#include <string>

#include "io/http_client.h"

namespace tapelake::io {

/// HttpClient by libcurl. Connections are kept and used again. The usual proxy variables of the
/// environment hold. Servers' certificates are checked against the system's authorities, or those
/// in a file. Destroy it when no request runs.
class CurlHttpClient : public HttpClient {
 public:
  /// `authorities_file`: PEM; empty: the file that SSL_CERT_FILE names, else the system's. libcurl
  /// is started with the first client, not with the program.
  explicit CurlHttpClient(std::string authorities_file);
  ~CurlHttpClient() override;

  Result<HttpResponse> Send(const HttpRequest& request) override;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace tapelake::io
