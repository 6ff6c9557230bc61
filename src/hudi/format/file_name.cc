#include "hudi/format/file_name.h"

#include <charconv>
#include <cstdio>

#include "base/assert.h"
#include "hudi/format/instant.h"
#include "hudi/format/properties.h"

namespace tapelake::hudi {
namespace {

constexpr size_t kPathPartBytesMax = 255;  // what every common file system takes
constexpr size_t kBucketDigits = 8;
constexpr uint32_t kBucketMax = 100'000'000;

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsToken(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool legal =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    if (!legal) return false;
  }
  return true;
}

bool NeedsEscape(unsigned char c) {
  static constexpr std::string_view kSpecial = "\"#%'*/:=?\\{[]^";
  return c < 0x20 || c == 0x7f || kSpecial.find(static_cast<char>(c)) != std::string_view::npos;
}

std::string NewUuid(io::Random& random) {
  const uint64_t high = (random.Next() & ~0xf000ULL) | 0x4000ULL;              // version 4
  const uint64_t low = (random.Next() & ~(3ULL << 62)) | (uint64_t{1} << 63);  // variant 1
  char buffer[40];
  std::snprintf(buffer, sizeof(buffer), "%08x-%04x-%04x-%04x-%012llx",
                static_cast<unsigned>(high >> 32), static_cast<unsigned>(high >> 16 & 0xffff),
                static_cast<unsigned>(high & 0xffff), static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xffff'ffff'ffffULL));
  return buffer;
}

}  // namespace

std::optional<BaseFileName> ParseBaseFileName(std::string_view name) {
  static constexpr std::string_view kExtensions[] = {"parquet", "orc", "hfile"};
  if (name.empty() || name.front() == '.') return std::nullopt;
  const size_t first = name.find('_');
  if (first == std::string_view::npos || first == 0) return std::nullopt;
  const size_t second = name.find('_', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const size_t dot = name.find('.', second + 1);
  if (dot == std::string_view::npos) return std::nullopt;
  BaseFileName parsed;
  parsed.file_id = name.substr(0, first);
  parsed.write_token = name.substr(first + 1, second - first - 1);
  parsed.instant = name.substr(second + 1, dot - second - 1);
  parsed.extension = name.substr(dot + 1);
  if (!IsToken(parsed.write_token) || !IsInstantTime(parsed.instant)) return std::nullopt;
  for (const std::string_view extension : kExtensions) {
    if (parsed.extension == extension) return parsed;
  }
  return std::nullopt;
}

std::string FormatBaseFileName(const BaseFileName& name) {
  return name.file_id + "_" + name.write_token + "_" + name.instant + "." + name.extension;
}

std::optional<LogFileName> ParseLogFileName(std::string_view name) {
  static constexpr std::string_view kMark = ".log.";
  static constexpr std::string_view kCdcSuffix = ".cdc";
  const size_t mark = name.find(kMark);
  if (name.empty() || name.front() != '.' || mark == std::string_view::npos) return std::nullopt;
  const std::string_view group = name.substr(1, mark - 1);
  std::string_view rest = name.substr(mark + kMark.size());
  const size_t split = group.rfind('_');
  if (split == std::string_view::npos || split == 0 || group.front() == '.') return std::nullopt;
  LogFileName parsed;
  parsed.file_id = group.substr(0, split);
  parsed.base_instant = group.substr(split + 1);
  if (!IsInstantTime(parsed.base_instant)) return std::nullopt;
  if (rest.ends_with(kCdcSuffix)) {
    parsed.is_cdc = true;
    rest.remove_suffix(kCdcSuffix.size());
  }
  const size_t underscore = rest.find('_');
  const std::string_view version = rest.substr(0, underscore);
  if (!IsDigits(version)) return std::nullopt;
  const char* end = version.data() + version.size();
  if (std::from_chars(version.data(), end, parsed.version).ec != std::errc()) return std::nullopt;
  if (underscore == std::string_view::npos) {
    return parsed.is_cdc ? std::nullopt : std::optional(parsed);
  }
  parsed.write_token = rest.substr(underscore + 1);
  return IsToken(parsed.write_token) ? std::optional(parsed) : std::nullopt;
}

std::string FormatLogFileName(const LogFileName& name) {
  std::string text = "." + name.file_id + "_" + name.base_instant + ".log.";
  text.append(std::to_string(name.version));
  if (!name.write_token.empty()) text.append("_").append(name.write_token);
  if (name.is_cdc) text.append(".cdc");
  return text;
}

std::string NewFileId(io::Random& random) {
  return NewUuid(random) + "-0";
}

std::string NewBucketFileId(uint32_t bucket, io::Random& random) {
  TAPELAKE_ASSERT(bucket < kBucketMax);
  char digits[16];
  std::snprintf(digits, sizeof(digits), "%08u", bucket);
  return digits + NewUuid(random).substr(kBucketDigits) + "-0";
}

std::optional<uint32_t> BucketOfFileId(std::string_view file_id) {
  const std::string_view digits = file_id.substr(0, kBucketDigits);
  if (digits.size() != kBucketDigits || !IsDigits(digits)) return std::nullopt;
  uint32_t bucket = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), bucket);
  return bucket;
}

Result<std::string> PartitionPathPart(std::string_view field, std::string_view value,
                                      const PartitionPathStyle& style) {
  std::string part(value.empty() ? kDefaultPartitionValue : value);
  if (style.urlencode) part = EscapePathPart(part);
  const bool odd_dots = !style.hive_style && part.front() == '.';
  if (odd_dots || part.find('/') != std::string::npos || part.find('\0') != std::string::npos) {
    return MakeError(ErrorKind::kInvalid, "partition field '" + std::string(field) + "': value '" +
                                              part + "' cannot be a directory name");
  }
  if (style.hive_style) part = std::string(field) + "=" + part;
  if (part.size() > kPathPartBytesMax) {
    return MakeError(ErrorKind::kInvalid, "partition field '" + std::string(field) +
                                              "': directory name '" + part.substr(0, 64) +
                                              "...' is longer than 255 bytes");
  }
  return part;
}

std::string EscapePathPart(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!NeedsEscape(byte)) {
      out.push_back(c);
      continue;
    }
    out.push_back('%');
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

std::string FormatPartitionMetadata(std::string_view instant, int depth) {
  return FormatProperties(
      {{"commitTime", std::string(instant)}, {"partitionDepth", std::to_string(depth)}},
      "partition metadata");
}

}  // namespace tapelake::hudi
