#include "testing/fake_s3.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/time.h"

namespace tapelake::testing {
namespace {

constexpr char kDate[] = "Sun, 22 Nov 2026 18:00:00 GMT";
constexpr char kIsoDate[] = "2026-11-22T18:00:00.000Z";

std::string Decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    unsigned int byte = 0;
    std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
  return out;
}

std::string Between(std::string_view text, std::string_view before, std::string_view after) {
  const size_t begin = text.find(before);
  if (begin == std::string_view::npos) return {};
  const size_t end = text.find(after, begin + before.size());
  return std::string(text.substr(begin + before.size(), end - begin - before.size()));
}

/// The moment that `20261122T180000Z` is.
int64_t MicrosOf(const std::string& date) {
  if (date.size() != 16) return 0;
  const std::string iso = date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 5) +
                          ":" + date.substr(11, 2) + ":" + date.substr(13, 2);
  const auto parsed = base::ParseIso8601(iso);
  return parsed ? parsed->micros : 0;
}

io::HttpResponse Xml(const std::string& body) {
  return {.status = 200, .headers = {{"date", kDate}}, .body = "<?xml version=\"1.0\"?>\n" + body};
}

}  // namespace

/// A request taken apart.
struct FakeS3::Parsed {
  const io::HttpRequest& request;
  std::string host;
  std::string path;   // encoded
  std::string place;  // bucket/key
  std::vector<std::pair<std::string, std::string>> query;

  explicit Parsed(const io::HttpRequest& sent) : request(sent) {
    const size_t host_begin = sent.url.find("://") + 3;
    const size_t path_begin = sent.url.find('/', host_begin);
    const size_t query_begin = std::min(sent.url.find('?'), sent.url.size());
    host = sent.url.substr(host_begin, path_begin - host_begin);
    path = sent.url.substr(path_begin, query_begin - path_begin);
    place = Decoded(path).substr(1);
    std::string_view rest = std::string_view(sent.url).substr(query_begin);
    while (rest.size() > 1) {
      rest.remove_prefix(1);
      const std::string_view pair = rest.substr(0, rest.find('&'));
      const size_t equals = std::min(pair.find('='), pair.size());
      query.emplace_back(Decoded(pair.substr(0, equals)),
                         Decoded(pair.substr(std::min(equals + 1, pair.size()))));
      rest.remove_prefix(pair.size());
    }
  }

  std::optional<std::string> Query(std::string_view name) const {
    const auto found = std::ranges::find(query, name, [](const auto& pair) { return pair.first; });
    return found == query.end() ? std::nullopt : std::optional(found->second);
  }
  std::string Header(std::string_view name) const {
    const auto found = std::ranges::find(request.headers, name, &io::HttpHeader::name);
    return found == request.headers.end() ? "" : found->value;
  }
  std::map<std::string, std::string> AmzHeaders() const {
    std::map<std::string, std::string> kept;
    for (const io::HttpHeader& header : request.headers) {
      if (header.name.starts_with("x-amz-")) kept[header.name] = header.value;
    }
    return kept;
  }
};

io::HttpResponse FakeS3::Failure(int status, const std::string& code) {
  return {.status = status,
          .headers = {{"date", kDate}},
          .body = "<Error><Code>" + code + "</Code><Message>as told</Message></Error>"};
}

Result<io::HttpResponse> FakeS3::Send(const io::HttpRequest& request) {
  const Parsed parsed(request);
  const Fault fault = faults_ ? faults_(request) : Fault();
  const std::scoped_lock lock(mutex_);
  std::string shown = request.method + " " + parsed.place;
  for (const auto& [name, value] : parsed.query)
    shown += (shown.find('?') == std::string::npos ? "?" : "&") + name;
  requests_.push_back(std::move(shown));
  if (fault.lose_request) return MakeError(ErrorKind::kUnavailable, "connection refused");
  if (fault.answer) return *fault.answer;
  io::HttpResponse response =
      IsSigned(parsed) ? Answer(parsed) : Failure(403, "SignatureDoesNotMatch");
  if (fault.lose_answer) return MakeError(ErrorKind::kUnknownOutcome, "connection reset");
  if (request.method == "HEAD") response.body.clear();
  if (static_cast<int64_t>(response.body.size()) > request.answer_bytes_max) {
    response.body.resize(static_cast<size_t>(request.answer_bytes_max));
  }
  return response;
}

bool FakeS3::IsSigned(const Parsed& parsed) const {
  const std::string authorization = parsed.Header("authorization");
  const std::string credential = Between(authorization, "Credential=", ",");
  const std::string region = Between(credential, "/", "/s3/aws4_request").substr(9);
  io::aws::SigningInput input{.method = parsed.request.method,
                              .canonical_path = parsed.path,
                              .query = parsed.query,
                              .headers = {{"host", parsed.host}},
                              .payload_hash = io::aws::Sha256Hex(parsed.request.body)};
  for (const io::HttpHeader& header : parsed.request.headers) {
    if (header.name != "authorization") input.headers.push_back(header);
  }
  if (parsed.Header("x-amz-content-sha256") != input.payload_hash) return false;
  const std::string signature = io::aws::Signature(
      input,
      {.region = region, .service = "s3", .time_micros = MicrosOf(parsed.Header("x-amz-date"))},
      Keys().secret_access_key);
  return credential.starts_with(Keys().access_key_id + "/") &&
         authorization.ends_with("Signature=" + signature);
}

io::HttpResponse FakeS3::Answer(const Parsed& parsed) {
  if (parsed.place.starts_with("no-such-bucket")) return Failure(404, "NoSuchBucket");
  if (parsed.Query("list-type")) return List(parsed);
  if (parsed.Query("uploads") || parsed.Query("uploadId")) return UploadCall(parsed);
  if (parsed.request.method == "PUT") return Put(parsed);
  if (parsed.request.method == "DELETE") {
    objects_.erase(parsed.place);
    return {.status = 204};
  }
  return Get(parsed);
}

io::HttpResponse FakeS3::Get(const Parsed& parsed) {
  const auto found = objects_.find(parsed.place);
  if (found == objects_.end()) return Failure(404, "NoSuchKey");
  const Object& object = found->second;
  const std::string wanted = parsed.Header("if-match");
  if (!wanted.empty() && wanted != object.etag) return Failure(412, "PreconditionFailed");
  io::HttpResponse response{.status = 200,
                            .headers = {{"content-length", std::to_string(object.content.size())},
                                        {"last-modified", kDate},
                                        {"etag", object.etag}},
                            .body = object.content};
  for (const auto& [name, value] : object.headers)
    response.headers.push_back({name, value});
  const std::string range = parsed.Header("range");
  if (range.empty()) return response;
  size_t first = 0;
  size_t last = 0;
  const char* end = range.data() + range.size();
  const auto begin = std::from_chars(range.data() + 6, end, first);
  std::from_chars(begin.ptr + 1, end, last);
  response.status = 206;
  response.body = object.content.substr(first, last - first + 1);
  return response;
}

io::HttpResponse FakeS3::Put(const Parsed& parsed) {
  const bool if_absent = parsed.Header("if-none-match") == "*";
  if (if_absent && honours_conditions && objects_.contains(parsed.place)) {
    return Failure(412, "PreconditionFailed");
  }
  return Store(parsed.place, std::string(parsed.request.body), parsed.AmzHeaders());
}

io::HttpResponse FakeS3::Store(const std::string& place, std::string content,
                               std::map<std::string, std::string> headers) {
  Object& object = objects_[place];
  object.content = std::move(content);
  object.headers = std::move(headers);
  object.etag = "\"etag-" + std::to_string(next_id_++) + "\"";
  return {.status = 200, .headers = {{"etag", object.etag}}};
}

io::HttpResponse FakeS3::List(const Parsed& parsed) {
  const std::string bucket = parsed.place.substr(0, parsed.place.find('/')) + "/";
  const std::string prefix = bucket + *parsed.Query("prefix");
  const bool flat = parsed.Query("delimiter").has_value();
  size_t most = page_size;
  if (const auto stated = parsed.Query("max-keys")) most = std::min<size_t>(most, 1);
  std::string after = parsed.Query("continuation-token").value_or("");
  std::string body;
  size_t count = 0;
  bool truncated = false;
  for (const auto& [place, object] : objects_) {
    if (!place.starts_with(prefix)) continue;
    const size_t slash = flat ? place.find('/', prefix.size()) : std::string::npos;
    const std::string entry = slash == std::string::npos ? place : place.substr(0, slash + 1);
    if (entry <= after) continue;
    if (count == most) {
      truncated = true;
      break;
    }
    ++count;
    after = entry;
    const std::string key = io::aws::UriEncode(entry.substr(bucket.size()), true);
    body += slash == std::string::npos
                ? "<Contents><Key>" + key + "</Key><LastModified>" + kIsoDate +
                      "</LastModified><Size>" + std::to_string(object.content.size()) +
                      "</Size></Contents>"
                : "<CommonPrefixes><Prefix>" + key + "</Prefix></CommonPrefixes>";
  }
  body += truncated ? "<IsTruncated>true</IsTruncated><NextContinuationToken>" + Escaped(after) +
                          "</NextContinuationToken>"
                    : "<IsTruncated>false</IsTruncated>";
  return Xml("<ListBucketResult xmlns=\"x\">" + body + "</ListBucketResult>");
}

io::HttpResponse FakeS3::UploadCall(const Parsed& parsed) {
  if (parsed.Query("uploads")) {
    const std::string id = "upload+" + std::to_string(next_id_++);
    uploads_[id] = {.place = parsed.place, .headers = parsed.AmzHeaders(), .parts = {}};
    return Xml("<R><UploadId>" + id + "</UploadId></R>");
  }
  const auto upload = uploads_.find(*parsed.Query("uploadId"));
  if (upload == uploads_.end()) return Failure(404, "NoSuchUpload");
  if (parsed.request.method == "DELETE") {
    uploads_.erase(upload);
    return {.status = 204};
  }
  if (parsed.request.method == "PUT") {
    const int number = std::stoi(*parsed.Query("partNumber"));
    upload->second.parts[number] = parsed.request.body;
    return {.status = 200, .headers = {{"etag", "\"part-" + std::to_string(number) + "\""}}};
  }
  std::string content;
  for (const auto& [number, part] : upload->second.parts) {
    const std::string named = "&quot;part-" + std::to_string(number) + "&quot;";
    if (parsed.request.body.find(named) == std::string_view::npos) {
      return Failure(400, "InvalidPart");
    }
    content += part;
  }
  Store(upload->second.place, std::move(content), std::move(upload->second.headers));
  uploads_.erase(upload);
  return Xml("<CompleteMultipartUploadResult/>");
}

std::map<std::string, FakeS3::Object> FakeS3::objects() const {
  const std::scoped_lock lock(mutex_);
  return objects_;
}

std::vector<std::string> FakeS3::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

size_t FakeS3::open_uploads() const {
  const std::scoped_lock lock(mutex_);
  return uploads_.size();
}

}  // namespace tapelake::testing
