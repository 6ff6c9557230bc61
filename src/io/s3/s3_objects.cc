#include "io/s3/s3_objects.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/time.h"
#include "io/aws/xml.h"

namespace tapelake::io {
namespace {

constexpr char kWriterHeader[] = "x-amz-meta-tapelake-writer";
constexpr int64_t kAllBytes = std::numeric_limits<int64_t>::max();
constexpr int kPagesMax = 1'000'000;

/// `a%20b+c` as listings have it.
std::string UrlDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned int byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

/// A whole number that is not negative; -1 for anything else.
int64_t NumberOf(std::string_view text) {
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole && number >= 0 ? number : -1;
}

std::string HeaderOf(const HttpResponse& response, std::string_view name) {
  const std::string* value = response.Find(name);
  return value == nullptr ? std::string() : *value;
}

std::string PrefixOf(const S3Path& directory) {
  return directory.key.empty() ? std::string() : directory.key + "/";
}

Status Strange(const S3Path& path, const std::string& what) {
  return MakeError(ErrorKind::kCorrupt,
                   "S3 answers for 's3://" + path.bucket + "/" + path.key + "' " + what);
}

/// One entry of a page: its key without `prefix`, and what is said of it.
Result<FileInfo> EntryOf(const aws::XmlElement& element, const std::string& prefix,
                         const S3Path& directory) {
  const bool is_directory = element.name == "CommonPrefixes";
  std::string key = UrlDecoded(element.TextOf(is_directory ? "Prefix" : "Key"));
  if (!key.starts_with(prefix)) return Strange(directory, "with the key '" + key + "'");
  if (is_directory && key.ends_with('/')) key.pop_back();
  FileInfo info{.name = key.substr(std::min(prefix.size(), key.size())),
                .is_directory = is_directory};
  if (is_directory) return info;
  const auto modified = base::ParseIso8601(element.TextOf("LastModified"));
  info.size_bytes = NumberOf(element.TextOf("Size"));
  if (info.size_bytes < 0 || !modified) {
    return Strange(directory, "without size or time of '" + key + "'");
  }
  info.modified_micros = modified->micros / base::kMicrosPerSecond * base::kMicrosPerSecond;
  return info;
}

}  // namespace

S3Request S3Objects::Request(std::string method, const S3Path& path) const {
  return {.method = std::move(method), .bucket = path.bucket, .key = path.key};
}

S3Request S3Objects::Write(std::string method, const S3Path& path) const {
  S3Request request = Request(std::move(method), path);
  const S3Settings& settings = client_.settings();
  if (!settings.encryption.empty()) {
    request.headers.push_back({"x-amz-server-side-encryption", settings.encryption});
  }
  if (!settings.kms_key_id.empty()) {
    request.headers.push_back({kKmsKeyHeader, settings.kms_key_id});
  }
  return request;
}

Result<HttpResponse> S3Objects::Expect(const S3Request& request, int status, bool* perhaps_done) {
  TAPELAKE_ASSIGN_OR_RAISE(HttpResponse response, client_.Send(request, perhaps_done));
  if (response.status != status) return S3Client::ErrorOf(request, response);
  return response;
}

Result<S3ObjectInfo> S3Objects::Look(const S3Path& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const HttpResponse response, Expect(Request("HEAD", path), 200));
  const auto modified = ParseHttpDate(HeaderOf(response, "last-modified"));
  S3ObjectInfo info{.size_bytes = NumberOf(HeaderOf(response, "content-length")),
                    .modified_micros = modified.value_or(0),
                    .etag = HeaderOf(response, "etag"),
                    .writer = HeaderOf(response, kWriterHeader)};
  if (info.size_bytes < 0 || !modified) return Strange(path, "without size or time");
  return info;
}

Result<std::string> S3Objects::Get(const S3Path& path) {
  S3Request request = Request("GET", path);
  request.answer_bytes_max = kAllBytes;
  TAPELAKE_ASSIGN_OR_RAISE(HttpResponse response, Expect(request, 200));
  return std::move(response.body);
}

Result<std::string> S3Objects::GetRange(const S3Path& path, const std::string& etag, int64_t offset,
                                        int64_t size) {
  S3Request request = Request("GET", path);
  request.headers = {
      {"range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + size - 1)}};
  if (!etag.empty()) request.headers.push_back({"if-match", etag});
  request.answer_bytes_max = size;
  TAPELAKE_ASSIGN_OR_RAISE(HttpResponse response, client_.Send(request));
  // A server may ignore the range of a request for all there is.
  const bool whole = response.status == 200 && offset == 0;
  if (response.status != 206 && !whole) return S3Client::ErrorOf(request, response);
  if (static_cast<int64_t>(response.body.size()) != size) {
    return Strange(path, "with " + std::to_string(response.body.size()) + " bytes of " +
                             std::to_string(size) + " from " + std::to_string(offset));
  }
  return std::move(response.body);
}

Status S3Objects::Put(const S3Path& path, std::string_view content) {
  S3Request request = Write("PUT", path);
  request.body = content;
  return Expect(request, 200).status();
}

Status S3Objects::PutIfAbsent(const S3Path& path, std::string_view content,
                              const std::string& writer) {
  S3Request request = Write("PUT", path);
  request.headers.push_back({"if-none-match", "*"});
  request.headers.push_back({kWriterHeader, writer});
  request.body = content;
  bool perhaps_done = false;
  const auto sent = client_.Send(request, &perhaps_done);
  if (sent.ok() && sent->status == 200) return Status::OK();
  // The first try may have been ours also where one answer came: the HTTP client itself sends again
  // on a connection that the server had closed.
  if (sent.ok() && sent->status == 412) return SettlePut(path, writer, Status::OK());
  if (sent.ok()) return S3Client::ErrorOf(request, *sent);
  if (perhaps_done) return SettlePut(path, writer, sent.status());
  return sent.status();
}

/// `failure`: of the PUT; OK: the server says that there is an object.
Status S3Objects::SettlePut(const S3Path& path, const std::string& writer, const Status& failure) {
  const auto info = Look(path);
  const std::string shown = "'s3://" + path.bucket + "/" + path.key + "'";
  if (info.ok()) {
    if (info->writer == writer) return Status::OK();
    return MakeError(ErrorKind::kAlreadyExists, shown + " exists");
  }
  // A request whose answer we gave up waiting for may still be on its way.
  return MakeError(ErrorKind::kUnknownOutcome,
                   failure.ok() ? shown + " is said to exist, but: " + info.status().message()
                                : failure.message());
}

Status S3Objects::Delete(const S3Path& path) {
  const S3Request request = Request("DELETE", path);
  TAPELAKE_ASSIGN_OR_RAISE(const HttpResponse response, client_.Send(request));
  if (response.status == 204 || response.status == 200 || response.status == 404) {
    return Status::OK();
  }
  return S3Client::ErrorOf(request, response);
}

Result<std::string> S3Objects::BeginUpload(const S3Path& path, const std::string& writer) {
  S3Request request = Write("POST", path);
  request.headers.push_back({kWriterHeader, writer});
  request.query = {{"uploads", ""}};
  TAPELAKE_ASSIGN_OR_RAISE(const HttpResponse response, Expect(request, 200));
  TAPELAKE_ASSIGN_OR_RAISE(const auto answer, aws::ParseXml(response.body));
  std::string upload = answer.TextOf("UploadId");
  if (upload.empty()) return Strange(path, "without an upload id");
  return upload;
}

Result<std::string> S3Objects::PutPart(const S3Path& path, const std::string& upload, int number,
                                       std::string_view content) {
  S3Request request = Request("PUT", path);
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}};
  request.body = content;
  TAPELAKE_ASSIGN_OR_RAISE(const HttpResponse response, Expect(request, 200));
  std::string etag = HeaderOf(response, "etag");
  if (etag.empty()) return Strange(path, "without the etag of a part");
  return etag;
}

Status S3Objects::CompleteUpload(const S3Path& path, const std::string& upload,
                                 const std::vector<std::string>& etags, const std::string& writer) {
  std::string body = "<CompleteMultipartUpload>";
  for (size_t i = 0; i < etags.size(); ++i) {
    body += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>";
    for (const char c : etags[i])
      body += c == '"' ? "&quot;" : c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
    body += "</ETag></Part>";
  }
  body += "</CompleteMultipartUpload>";
  S3Request request = Request("POST", path);
  request.query = {{"uploadId", upload}};
  request.body = body;
  TAPELAKE_ASSIGN_OR_RAISE(HttpResponse response, client_.Send(request));
  // It may fail after the status line was sent.
  const auto answer = aws::ParseXml(response.body);
  if (response.status == 200 && answer.ok() && answer->name != "Error") return Status::OK();
  if (response.status == 404) {
    // The upload is gone since a try whose answer was lost, perhaps; the HTTP client itself may
    // have sent that, too (see PutIfAbsent).
    const auto info = Look(path);
    if (info.ok() && info->writer == writer) return Status::OK();
  }
  if (response.status == 200) response.status = 500;
  return S3Client::ErrorOf(request, response);
}

Status S3Objects::AbortUpload(const S3Path& path, const std::string& upload) {
  S3Request request = Request("DELETE", path);
  request.query = {{"uploadId", upload}};
  return client_.Send(request).status();
}

Result<aws::XmlElement> S3Objects::ListPage(
    const S3Path& directory, std::vector<std::pair<std::string, std::string>> query) {
  S3Request request = Request("GET", {.bucket = directory.bucket, .key = ""});
  request.query = std::move(query);
  request.query.emplace_back("list-type", "2");
  request.query.emplace_back("prefix", PrefixOf(directory));
  request.query.emplace_back("encoding-type", "url");
  TAPELAKE_ASSIGN_OR_RAISE(const HttpResponse response, Expect(request, 200));
  return aws::ParseXml(response.body);
}

Result<bool> S3Objects::Any(const S3Path& directory) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto page, ListPage(directory, {{"max-keys", "1"}}));
  return page.Find("Contents") != nullptr;
}

Status S3Objects::List(const S3Path& directory, bool recursive, const Take& take) {
  const std::string prefix = PrefixOf(directory);
  std::string next;
  for (int page = 0; page < kPagesMax; ++page) {
    std::vector<std::pair<std::string, std::string>> query;
    if (!recursive) query.emplace_back("delimiter", "/");
    if (!next.empty()) query.emplace_back("continuation-token", next);
    TAPELAKE_ASSIGN_OR_RAISE(const auto answer, ListPage(directory, std::move(query)));
    for (const aws::XmlElement& element : answer.children) {
      if (element.name != "Contents" && element.name != "CommonPrefixes") continue;
      TAPELAKE_ASSIGN_OR_RAISE(FileInfo info, EntryOf(element, prefix, directory));
      take(std::move(info));
    }
    if (answer.TextOf("IsTruncated") != "true") return Status::OK();
    next = answer.TextOf("NextContinuationToken");
    if (next.empty()) return Strange(directory, "with a page that has no successor");
  }
  return Strange(directory, "with pages without end");
}

}  // namespace tapelake::io
