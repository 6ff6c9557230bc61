#include "io/curl_http_client.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <curl/curl.h>

#include "io/environment.h"

namespace tapelake::io {
namespace {

constexpr size_t kIdleHandlesMax = 16;
constexpr size_t kHeaderBytesMax = 256 << 10;

/// libcurl's process-wide state, made once and never unmade: other threads may use it to the end.
CURLcode StartCurl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  return started;
}

struct EasyDelete {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Easy = std::unique_ptr<CURL, EasyDelete>;

struct ListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// An answer as it comes in.
struct Arrival {
  HttpResponse response;
  int64_t bytes_max = 0;
  size_t header_bytes = 0;
  bool cut = false;
};

size_t TakeBody(char* data, size_t size, size_t count, void* to) {
  auto& arrival = *static_cast<Arrival*>(to);
  const size_t bytes = size * count;
  const size_t room = static_cast<size_t>(arrival.bytes_max) - arrival.response.body.size();
  arrival.response.body.append(data, std::min(bytes, room));
  if (bytes <= room) return bytes;
  arrival.cut = true;
  return 0;  // ends the transfer
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

size_t TakeHeader(char* data, size_t size, size_t count, void* to) {
  auto& arrival = *static_cast<Arrival*>(to);
  const std::string_view line(data, size * count);
  arrival.header_bytes += line.size();
  if (arrival.header_bytes > kHeaderBytesMax) return 0;
  if (line.starts_with("HTTP/")) arrival.response.headers.clear();  // after `100 Continue`
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  HttpHeader header{.name = std::string(line.substr(0, colon)),
                    .value = std::string(Trimmed(line.substr(colon + 1)))};
  std::ranges::transform(header.name, header.name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  arrival.response.headers.push_back(std::move(header));
  return line.size();
}

ErrorKind KindOfFailure(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
      return ErrorKind::kUnavailable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return ErrorKind::kUnauthorized;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return ErrorKind::kInvalid;
    default:
      return ErrorKind::kUnknownOutcome;
  }
}

}  // namespace

/// Handles, each with its open connections. One request uses one handle.
class CurlHttpClient::Pool {
 public:
  explicit Pool(std::string authorities_file) : authorities_file_(std::move(authorities_file)) {
    if (authorities_file_.empty()) {
      authorities_file_ = EnvironmentVariable("SSL_CERT_FILE").value_or("");
    }
  }

  const std::string& authorities_file() const { return authorities_file_; }

  Easy Take() {
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_.empty()) {
        Easy easy = std::move(idle_.back());
        idle_.pop_back();
        return easy;
      }
    }
    return StartCurl() == CURLE_OK ? Easy(curl_easy_init()) : Easy();
  }

  void Give(Easy easy) {
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kIdleHandlesMax) idle_.push_back(std::move(easy));
  }

 private:
  std::string authorities_file_;
  std::mutex mutex_;
  std::vector<Easy> idle_;
};

namespace {

/// Sets options until one is refused.
class Setter {
 public:
  explicit Setter(CURL* curl) : curl_(curl) {}
  template <typename T>
  void Set(CURLoption option, T value) {
    if (code_ == CURLE_OK) code_ = curl_easy_setopt(curl_, option, value);
  }
  CURLcode code() const { return code_; }

 private:
  CURL* curl_;
  CURLcode code_ = CURLE_OK;
};

CURLcode Prepare(CURL* curl, const HttpRequest& request, const curl_slist* headers,
                 Arrival* arrival) {
  Setter setter(curl);
  setter.Set(CURLOPT_URL, request.url.c_str());
  setter.Set(CURLOPT_PROTOCOLS_STR, "http,https");
  setter.Set(CURLOPT_PATH_AS_IS, 1L);  // a signature covers the path as it stands
  setter.Set(CURLOPT_FOLLOWLOCATION, 0L);
  setter.Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  setter.Set(CURLOPT_NOSIGNAL, 1L);  // its timeouts must not touch this program's signals
  setter.Set(CURLOPT_TCP_KEEPALIVE, 1L);
  setter.Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_micros / 1'000));
  setter.Set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  setter.Set(CURLOPT_LOW_SPEED_TIME,
             static_cast<long>(std::max<int64_t>(request.silence_timeout_micros / 1'000'000, 1)));
  if (request.total_timeout_micros > 0) {
    setter.Set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout_micros / 1'000));
  }
  setter.Set(CURLOPT_USERAGENT, "tapelake");
  setter.Set(CURLOPT_HTTPHEADER, headers);
  setter.Set(CURLOPT_HEADERFUNCTION, &TakeHeader);
  setter.Set(CURLOPT_HEADERDATA, static_cast<void*>(arrival));
  setter.Set(CURLOPT_WRITEFUNCTION, &TakeBody);
  setter.Set(CURLOPT_WRITEDATA, static_cast<void*>(arrival));
  if (request.without_proxy) setter.Set(CURLOPT_NOPROXY, "*");
  if (request.method == "HEAD") {
    setter.Set(CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    if (request.method != "DELETE" || !request.body.empty()) {
      setter.Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      setter.Set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    }
    setter.Set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  return setter.code();
}

std::unique_ptr<curl_slist, ListDelete> HeaderList(const HttpRequest& request) {
  std::unique_ptr<curl_slist, ListDelete> list;
  const auto append = [&list](const std::string& line) {
    list.reset(curl_slist_append(list.release(), line.c_str()));
  };
  // Both would come by themselves with a body.
  append("Expect:");
  bool typed = false;
  for (const HttpHeader& header : request.headers) {
    append(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
    typed = typed || curl_strequal(header.name.c_str(), "content-type") != 0;
  }
  if (!typed) append("Content-Type:");
  return list;
}

}  // namespace

CurlHttpClient::CurlHttpClient(std::string authorities_file)
    : pool_(std::make_unique<Pool>(std::move(authorities_file))) {}
CurlHttpClient::~CurlHttpClient() = default;

Result<HttpResponse> CurlHttpClient::Send(const HttpRequest& request) {
  Easy easy = pool_->Take();
  if (easy == nullptr) return MakeError(ErrorKind::kInternal, "libcurl does not start");
  CURL* curl = easy.get();
  curl_easy_reset(curl);  // keeps connections
  char reason[CURL_ERROR_SIZE] = {};
  Arrival arrival{.response = {}, .bytes_max = request.answer_bytes_max};
  const auto headers = HeaderList(request);
  CURLcode code = Prepare(curl, request, headers.get(), &arrival);
  if (code == CURLE_OK && !pool_->authorities_file().empty()) {
    code = curl_easy_setopt(curl, CURLOPT_CAINFO, pool_->authorities_file().c_str());
  }
  if (code != CURLE_OK) {
    return MakeError(ErrorKind::kInternal,
                     std::string("libcurl refuses an option: ") + curl_easy_strerror(code));
  }
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, static_cast<char*>(reason));
  code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  if (code != CURLE_OK && !arrival.cut) {
    return MakeError(KindOfFailure(code),
                     reason[0] != '\0' ? std::string(reason) : curl_easy_strerror(code));
  }
  arrival.response.status = static_cast<int>(status);
  if (!arrival.cut) pool_->Give(std::move(easy));
  return std::move(arrival.response);
}

}  // namespace tapelake::io
