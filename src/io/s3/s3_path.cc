#include "io/s3/s3_path.h"

#include <algorithm>

namespace tapelake::io {
namespace {

constexpr std::string_view kSchemes[] = {"s3://", "s3a://"};
constexpr size_t kKeyBytesMax = 1024;  // of S3

/// S3's rule for new buckets: part of a host name.
bool IsBucketName(std::string_view name) {
  const auto inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, inner) &&
         name.front() != '.' && name.front() != '-' && name.back() != '.' && name.back() != '-';
}

Status Wrong(std::string_view path, const std::string& why) {
  return MakeError(ErrorKind::kInvalid, "'" + std::string(path) + "' is no place on S3: " + why);
}

}  // namespace

bool IsS3Path(std::string_view path) {
  return std::ranges::any_of(kSchemes,
                             [path](std::string_view scheme) { return path.starts_with(scheme); });
}

Result<S3Path> ParseS3Path(std::string_view path) {
  const size_t scheme = path.find("://");
  if (!IsS3Path(path)) return Wrong(path, "it does not begin with s3://");
  const std::string_view place = path.substr(scheme + 3);
  const size_t slash = std::min(place.find('/'), place.size());
  const std::string_view bucket = place.substr(0, slash);
  if (!IsBucketName(bucket)) {
    return Wrong(path, "a bucket's name has 3 to 63 characters of a-z, 0-9, '.' and '-'");
  }
  std::string_view key = place.substr(slash);
  while (key.starts_with('/'))
    key.remove_prefix(1);
  while (key.ends_with('/'))
    key.remove_suffix(1);
  if (key.size() > kKeyBytesMax) return Wrong(path, "a key has at most 1024 bytes");
  return S3Path{.bucket = std::string(bucket), .key = std::string(key)};
}

}  // namespace tapelake::io
