#include "io/s3/s3_client.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "io/aws/xml.h"

namespace tapelake::io {
namespace {

constexpr int64_t kFirstPauseMicros = 100'000;
constexpr int64_t kPauseMicrosMax = 5'000'000;
constexpr int64_t kStatedPauseSecondsMax = 20;
constexpr int64_t kSkewMicrosMin = 60'000'000;
constexpr size_t kBucketsMax = 1024;
constexpr char kService[] = "s3";

struct Refusal {
  std::string code;
  std::string message;
};

/// What the server says; both empty after HEAD, which has no body.
Refusal RefusalOf(const HttpResponse& response) {
  const auto error = aws::ParseXml(response.body);
  if (!error.ok()) return {};
  return {.code = error->TextOf("Code"), .message = error->TextOf("Message")};
}

std::string ShownObject(const S3Request& request) {
  return "s3://" + request.bucket + (request.key.empty() ? "" : "/" + request.key);
}

std::string HostOf(const std::string& url) {
  const bool tls = url.starts_with("https://");
  std::string host = url.substr(url.find("://") + 3);
  const std::string standard_port = tls ? ":443" : ":80";  // not sent
  if (host.ends_with(standard_port)) host.resize(host.size() - standard_port.size());
  return host;
}

bool IsThrottling(const HttpResponse& response) {
  return response.status == 503 || response.status == 429;
}

/// Whether a repeat may be answered otherwise.
bool IsPassing(const HttpResponse& response, const Refusal& refusal) {
  if (response.status >= 500 && response.status != 501) return true;
  if (response.status == 429) return true;
  static constexpr std::string_view kCodes[] = {"ConditionalRequestConflict", "OperationAborted",
                                                "RequestTimeout", "SlowDown"};
  return std::ranges::find(kCodes, refusal.code) != std::end(kCodes);
}

bool HasExpired(const Refusal& refusal) {
  return refusal.code == "ExpiredToken" || refusal.code == "ExpiredTokenException" ||
         refusal.code == "TokenRefreshRequired";
}

/// The encryption key that `request` asks for; empty: the server's own.
std::string KmsKeyOf(const S3Request& request) {
  const std::string_view name = kKmsKeyHeader;
  const auto header = std::ranges::find(request.headers, name, &HttpHeader::name);
  return header == request.headers.end() ? std::string() : header->value;
}

ErrorKind KindOfStatus(int status) {
  if (status == 404) return ErrorKind::kNotFound;
  if (status == 401 || status == 403) return ErrorKind::kUnauthorized;
  if (status == 409 || status == 412) return ErrorKind::kConflict;
  return status >= 400 && status < 500 ? ErrorKind::kInvalid : ErrorKind::kUnavailable;
}

}  // namespace

Status S3Client::ErrorOf(const S3Request& request, const HttpResponse& response) {
  const Refusal refusal = RefusalOf(response);
  std::string text = "S3 " + request.method + " '" + ShownObject(request) + "': status " +
                     std::to_string(response.status);
  if (!refusal.code.empty()) text += ", " + refusal.code;
  if (!refusal.message.empty()) text += ": " + refusal.message;
  const std::string* id = response.Find("x-amz-request-id");
  if (id != nullptr) text += " (request " + *id + ")";
  const bool about_key = refusal.code.starts_with("KMS.") || refusal.code.starts_with("kms:");
  if (about_key) text += "; the key is '" + KmsKeyOf(request) + "'";
  // What is not there may come to be; a bucket or a key that is not there is a wrong setting.
  const bool is_setting = about_key || refusal.code == "NoSuchBucket";
  return MakeError(
      is_setting && response.status == 404 ? ErrorKind::kInvalid : KindOfStatus(response.status),
      std::move(text));
}

std::string S3Client::BaseUrl(const std::string& bucket, const std::string& region) const {
  const bool by_path = settings_.addressing == "path" || bucket.find('.') != std::string::npos;
  std::string base = settings_.endpoint;
  if (base.empty()) {
    base = "https://s3." + region +
           (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
  }
  if (by_path) return base + "/" + bucket;
  const size_t host = base.find("://") + 3;
  return base.substr(0, host) + bucket + "." + base.substr(host);
}

std::string S3Client::RegionOf(const std::string& bucket) {
  const std::scoped_lock lock(mutex_);
  const auto known = regions_.find(bucket);
  return known == regions_.end() ? settings_.region : known->second;
}

Result<HttpResponse> S3Client::SendOnce(const S3Request& request,
                                        const aws::Credentials& credentials) {
  const std::string region = RegionOf(request.bucket);
  const std::string base = BaseUrl(request.bucket, region);
  const size_t path_begin = std::min(base.find('/', base.find("://") + 3), base.size());
  const std::string encoded_key = request.key.empty() ? "" : aws::UriEncode(request.key, true);
  const std::string path = base.substr(path_begin) + "/" + encoded_key;
  const std::string query = aws::CanonicalQuery(request.query);
  int64_t time_micros = environment_.clock.WallMicros();
  {
    const std::scoped_lock lock(mutex_);
    time_micros += skew_micros_;
  }
  HttpRequest sent{.method = request.method,
                   .url = base.substr(0, path_begin) + path + (query.empty() ? "" : "?" + query),
                   .headers = request.headers,
                   .body = request.body,
                   .answer_bytes_max = request.answer_bytes_max};
  const std::string hash = aws::Sha256Hex(request.body);
  sent.headers.push_back({"x-amz-content-sha256", hash});
  aws::SigningInput input{.method = request.method,
                          .canonical_path = path,
                          .query = request.query,
                          .headers = sent.headers,
                          .payload_hash = hash};
  input.headers.push_back({"host", HostOf(base.substr(0, path_begin))});
  const auto added = aws::SignatureHeaders(
      std::move(input), {.region = region, .service = kService, .time_micros = time_micros},
      credentials);
  sent.headers.insert(sent.headers.end(), added.begin(), added.end());
  return environment_.http.Send(sent);
}

/// What is changed before a try, each at most once.
class S3Client::Attempts {
 public:
  explicit Attempts(S3Client& client) : client_(client) {}

  /// Whether `response` tells what to change, and it was changed.
  bool Mend(const S3Request& request, const HttpResponse& response, const Refusal& refusal,
            const aws::Credentials& credentials) {
    if (HasExpired(refusal) && !renewed_) {
      renewed_ = true;
      client_.environment_.credentials.Refuse(credentials);
      return true;
    }
    if (refusal.code == "RequestTimeTooSkewed" && !clock_set_) {
      clock_set_ = true;
      return TakeClock(response);
    }
    if (response.status < 300 || moved_ || !client_.settings_.endpoint.empty()) return false;
    moved_ = true;
    return TakeRegion(request.bucket, response);
  }

 private:
  bool TakeClock(const HttpResponse& response) {
    const std::string* text = response.Find("date");
    const auto date = text == nullptr ? std::nullopt : ParseHttpDate(*text);
    if (!date) return false;
    const int64_t skew = *date - client_.environment_.clock.WallMicros();
    if (std::llabs(skew) < kSkewMicrosMin) return false;
    const std::scoped_lock lock(client_.mutex_);
    client_.skew_micros_ = skew;
    return true;
  }

  bool TakeRegion(const std::string& bucket, const HttpResponse& response) {
    const std::string* region = response.Find("x-amz-bucket-region");
    if (region == nullptr || !IsRegionName(*region)) return false;
    if (*region == client_.RegionOf(bucket)) return false;
    const std::scoped_lock lock(client_.mutex_);
    if (client_.regions_.size() >= kBucketsMax) client_.regions_.clear();
    client_.regions_.insert_or_assign(bucket, *region);
    return true;
  }

  S3Client& client_;
  bool renewed_ = false;
  bool clock_set_ = false;
  bool moved_ = false;
};

int64_t S3Client::PauseMicros(int tries, const HttpResponse* response) {
  const int64_t longest = std::min(kFirstPauseMicros << (tries - 1), kPauseMicrosMax);
  int64_t stated_seconds = 0;
  const std::string* stated = response == nullptr ? nullptr : response->Find("retry-after");
  if (stated != nullptr) {
    std::from_chars(stated->data(), stated->data() + stated->size(), stated_seconds);
  }
  const std::scoped_lock lock(mutex_);
  return std::clamp<int64_t>(stated_seconds, 0, kStatedPauseSecondsMax) * 1'000'000 +
         static_cast<int64_t>(environment_.random.Below(static_cast<uint64_t>(longest)));
}

Result<HttpResponse> S3Client::Send(const S3Request& request, bool* perhaps_done) {
  Attempts attempts(*this);
  for (int tries = 1;;) {
    TAPELAKE_ASSIGN_OR_RAISE(const aws::Credentials credentials, environment_.credentials.Get());
    auto sent = SendOnce(request, credentials);
    Status failure = sent.status();
    if (sent.ok()) {
      const Refusal refusal = sent->status < 300 ? Refusal() : RefusalOf(*sent);
      if (attempts.Mend(request, *sent, refusal, credentials)) continue;
      if (!IsPassing(*sent, refusal)) return sent;
      failure = ErrorOf(request, *sent);
      if (perhaps_done != nullptr && sent->status >= 500 && !IsThrottling(*sent)) {
        *perhaps_done = true;
      }
    } else if (KindOf(failure) == ErrorKind::kUnknownOutcome) {
      if (perhaps_done != nullptr) *perhaps_done = true;
    } else if (KindOf(failure) != ErrorKind::kUnavailable) {
      return WithContext(failure, "S3 " + request.method + " '" + ShownObject(request) + "'");
    }
    if (tries == kTriesMax) {
      const std::string place =
          sent.ok() ? "" : "S3 " + request.method + " '" + ShownObject(request) + "': no answer: ";
      return MakeError(ErrorKind::kUnavailable,
                       place + failure.message() + " (after " + std::to_string(tries) + " tries)");
    }
    environment_.clock.Sleep(PauseMicros(tries, sent.ok() ? &*sent : nullptr));
    ++tries;
  }
}

}  // namespace tapelake::io
