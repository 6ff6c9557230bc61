#include "monitor/curl_poster.h"

#include <utility>

#include <curl/curl.h>

#include "monitor/webhook_url.h"

namespace tapelake::monitor {
namespace {

/// An answer's body is of no interest, and one without end ends the transfer.
constexpr size_t kAnswerBytesMax = 64 << 10;

size_t CountAnswer(char*, size_t size, size_t count, void* seen) {
  auto& bytes = *static_cast<size_t*>(seen);
  bytes += size * count;
  return bytes > kAnswerBytesMax ? 0 : size * count;
}

/// libcurl's process-wide state, made once and never unmade: other threads may use it to the end.
CURLcode StartCurl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  return started;
}

}  // namespace

/// Owns libcurl's objects.
class CurlPoster::Handle {
 public:
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
  }

  CURL* curl = nullptr;
  curl_slist* headers = nullptr;
  size_t answer_bytes = 0;
  char error[CURL_ERROR_SIZE] = {};
  std::string shown_url;
};

CurlPoster::CurlPoster(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
CurlPoster::~CurlPoster() = default;

Result<std::unique_ptr<CurlPoster>> CurlPoster::Make(const std::string& url,
                                                     int64_t timeout_micros) {
  TAPELAKE_RETURN_NOT_OK(CheckWebhookUrl(url));
  auto handle = std::make_unique<Handle>();
  if (StartCurl() == CURLE_OK) handle->curl = curl_easy_init();
  if (handle->curl == nullptr) return MakeError(ErrorKind::kInternal, "libcurl does not start");
  handle->shown_url = ShownWebhookUrl(url);
  for (const char* header : {"Content-Type: application/json", "User-Agent: tapelake", "Expect:"})
    handle->headers = curl_slist_append(handle->headers, header);
  CURL* curl = handle->curl;
  CURLcode set = CURLE_OK;
  const auto option = [&](CURLoption name, auto value) {
    if (set == CURLE_OK) set = curl_easy_setopt(curl, name, value);
  };
  option(CURLOPT_URL, url.c_str());
  option(CURLOPT_PROTOCOLS_STR, "http,https");
  option(CURLOPT_FOLLOWLOCATION, 0L);
  option(CURLOPT_NOSIGNAL, 1L);  // its timeouts must not touch this program's signals
  option(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_micros / 1'000));
  option(CURLOPT_HTTPHEADER, handle->headers);
  option(CURLOPT_WRITEFUNCTION, &CountAnswer);
  option(CURLOPT_WRITEDATA, static_cast<void*>(&handle->answer_bytes));
  option(CURLOPT_ERRORBUFFER, static_cast<char*>(handle->error));
  if (set != CURLE_OK) {
    return MakeError(ErrorKind::kInternal,
                     std::string("libcurl refuses an option: ") + curl_easy_strerror(set));
  }
  return std::unique_ptr<CurlPoster>(new CurlPoster(std::move(handle)));
}

Result<int> CurlPoster::Post(const std::string& json) {
  CURL* curl = handle_->curl;
  handle_->answer_bytes = 0;
  handle_->error[0] = '\0';
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.data());  // not copied: lives until the end
  const CURLcode done = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  // An answer that was too long to read to its end is an answer.
  if (done == CURLE_OK || (done == CURLE_WRITE_ERROR && status != 0)) {
    return static_cast<int>(status);
  }
  const std::string reason = handle_->error[0] != '\0' ? handle_->error : curl_easy_strerror(done);
  return MakeError(ErrorKind::kUnavailable,
                   "no answer from the webhook at " + handle_->shown_url + ": " + reason);
}

}  // namespace tapelake::monitor
