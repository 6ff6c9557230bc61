#pragma once

/// Signed requests to S3, repeated until they say something. Protocol: Amazon S3 API Reference.

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "io/aws/credential_chain.h"
#include "io/clock.h"
#include "io/http_client.h"
#include "io/random.h"
#include "io/s3/s3_settings.h"

namespace tapelake::io {

/// The header that names the key an object is to be encrypted with.
inline constexpr char kKmsKeyHeader[] = "x-amz-server-side-encryption-aws-kms-key-id";

/// One request for an object, or for a bucket where `key` is empty.
struct S3Request {
  std::string method = "GET";
  std::string bucket;
  std::string key = {};
  std::vector<std::pair<std::string, std::string>> query = {};
  std::vector<HttpHeader> headers = {};  ///< Lower-case names; all of them are signed.
  std::string_view body = {};            ///< Must live until the answer is there.
  int64_t answer_bytes_max = int64_t{64} << 20;
};

/// What the requests of one S3Client are made with. All references must outlive it.
struct S3Environment {
  HttpClient& http;
  aws::CredentialSource& credentials;
  Clock& clock;
  Random& random;  ///< For the pauses between tries; used under the client's lock.
};

/// Any thread.
class S3Client {
 public:
  static constexpr int kTriesMax = 7;

  S3Client(const S3Environment& environment, S3Settings settings)
      : environment_(environment), settings_(std::move(settings)) {}

  /// Send until the server gives an answer that a repeat would not change; return that, whatever
  /// its status. Repeated with growing pauses of random length: no answer, 500, 502, 503, 504, 429,
  /// and conflicts that S3 asks to repeat. Also repeated, once each: with fresh credentials if they
  /// have expired, with the server's time if the clocks disagree, in the region that the bucket
  /// says it is in.
  ///
  /// `perhaps_done`: set if an earlier try, or all of them, may have been carried out although its
  /// answer was lost. Errors: kUnavailable (no such answer after kTriesMax tries), those of the
  /// credentials and of HttpClient that a repeat does not change.
  Result<HttpResponse> Send(const S3Request& request, bool* perhaps_done = nullptr);

  /// What an answer that is no success means, naming request, object, status and the server's
  /// reason: kNotFound (404), kUnauthorized (401, 403), kConflict (409, 412), kInvalid (other
  /// 4xx; 404 of a bucket or an encryption key), kUnavailable (the rest).
  static Status ErrorOf(const S3Request& request, const HttpResponse& response);

  const S3Settings& settings() const { return settings_; }

 private:
  class Attempts;

  Result<HttpResponse> SendOnce(const S3Request& request, const aws::Credentials& credentials);
  std::string BaseUrl(const std::string& bucket, const std::string& region) const;
  std::string RegionOf(const std::string& bucket);
  int64_t PauseMicros(int tries, const HttpResponse* response);

  S3Environment environment_;
  S3Settings settings_;
  std::mutex mutex_;                            // guards what follows, and environment_.random
  std::map<std::string, std::string> regions_;  // by bucket, where it is not the settings' one
  int64_t skew_micros_ = 0;                     // the server's clock less ours
};

}  // namespace tapelake::io
