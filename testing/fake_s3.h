#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/aws/sigv4.h"
#include "io/http_client.h"

namespace tapelake::testing {

/// A server of S3's protocol in memory, as the HTTP client that reaches it: path addressing, any
/// bucket but `no-such-bucket`. It computes every signature again and refuses (403) what is not
/// signed with `kKeys`. Any thread.
class FakeS3 : public io::HttpClient {
 public:
  static io::aws::Credentials Keys() { return {.access_key_id = "AKID", .secret_access_key = "s"}; }

  /// What happens to one request.
  struct Fault {
    std::optional<io::HttpResponse> answer;  ///< Instead of doing it.
    bool lose_request = false;               ///< It never arrives.
    bool lose_answer = false;                ///< It is done, and nobody hears of it.
  };
  /// Asked before each request; set it while nobody works.
  using Hook = std::function<Fault(const io::HttpRequest& request)>;
  void SetFaults(Hook hook) { faults_ = std::move(hook); }
  static io::HttpResponse Failure(int status, const std::string& code);

  struct Object {
    std::string content;
    std::string etag;
    std::map<std::string, std::string> headers;  ///< `x-amz-*` of the request that wrote it.
  };

  size_t page_size = 1000;         ///< Of listings.
  bool honours_conditions = true;  ///< If-None-Match.

  Result<io::HttpResponse> Send(const io::HttpRequest& request) override;

  /// All objects by `bucket/key`.
  std::map<std::string, Object> objects() const;
  /// Requests so far, as `METHOD bucket/key?query`.
  std::vector<std::string> requests() const;
  size_t open_uploads() const;

 private:
  struct Parsed;
  struct Upload {
    std::string place;
    std::map<std::string, std::string> headers;
    std::map<int, std::string> parts;
  };

  bool IsSigned(const Parsed& parsed) const;
  io::HttpResponse Answer(const Parsed& parsed);
  io::HttpResponse Get(const Parsed& parsed);
  io::HttpResponse Put(const Parsed& parsed);
  io::HttpResponse List(const Parsed& parsed);
  io::HttpResponse UploadCall(const Parsed& parsed);
  io::HttpResponse Store(const std::string& place, std::string content,
                         std::map<std::string, std::string> headers);

  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;
  std::map<std::string, Upload> uploads_;
  std::vector<std::string> requests_;
  int next_id_ = 1;
  Hook faults_;
};

}  // namespace tapelake::testing
