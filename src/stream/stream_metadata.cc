#include "stream/stream_metadata.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include "base/base64.h"
#include "stream/frame_format.h"

namespace tapelake::stream {
namespace {

constexpr std::string_view kFirstLine = "tapelake-stream 1";
constexpr std::string_view kRetention = "retention";
constexpr std::string_view kEncryption = "encryption";
constexpr std::string_view kNoKey = "none";
constexpr int kShardsMax = 256;
constexpr size_t kNameCharsMax = 128;

std::string Hex(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(number));
  return text;
}

/// Take the next line off `*text` if it starts with `key` and a blank; return the rest of it.
Result<std::string_view> TakeLine(std::string_view* text, std::string_view key) {
  const size_t end = text->find('\n');
  const std::string_view line = text->substr(0, end);
  if (end == std::string_view::npos || !line.starts_with(key) || line.size() <= key.size() ||
      line[key.size()] != ' ') {
    return MakeError(ErrorKind::kCorrupt, "no line '" + std::string(key) + "'");
  }
  text->remove_prefix(end + 1);
  return line.substr(key.size() + 1);
}

template <typename T>
Result<T> ParseNumber(std::string_view text, int base) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || stop != end) {
    return MakeError(ErrorKind::kCorrupt, "'" + std::string(text) + "' is no number");
  }
  return number;
}

/// A file of one line, and a checksum of it.
std::string CheckedLine(std::string_view key, std::string_view value, uint64_t salt) {
  const std::string text = std::string(key) + " " + std::string(value) + "\n";
  return text + "checksum " + Hex(Checksum(text, salt)) + "\n";
}

/// The value in such a file; nothing if there is no file. Errors: kCorrupt (names it).
Result<std::optional<std::string>> ReadCheckedLine(io::FileSystem& files, const std::string& path,
                                                   std::string_view key, uint64_t salt) {
  const auto text = files.ReadFile(path);
  if (!text.ok() && KindOf(text.status()) == ErrorKind::kNotFound) return std::nullopt;
  TAPELAKE_RETURN_NOT_OK(text.status());
  std::string_view rest = *text;
  const auto value = TakeLine(&rest, key);
  if (!value.ok()) return WithContext(value.status(), "stream file '" + path + "'");
  if (*text == CheckedLine(key, *value, salt)) return std::string(*value);
  return MakeError(ErrorKind::kCorrupt, "stream file '" + path + "': its checksum does not fit");
}

}  // namespace

std::string StreamMetadata::ToText() const {
  std::string text = std::string(kFirstLine) + "\nname " + name + "\nshards " +
                     std::to_string(shard_count) + "\nsalt " + Hex(salt) + "\n";
  text += "checksum " + Hex(Checksum(text, 0)) + "\n";
  return text;
}

Result<StreamMetadata> StreamMetadata::Parse(std::string_view text) {
  const std::string_view whole = text;
  StreamMetadata metadata;
  TAPELAKE_ASSIGN_OR_RAISE(const auto version, TakeLine(&text, "tapelake-stream"));
  if (version != "1") {
    return MakeError(ErrorKind::kCorrupt, "version '" + std::string(version) + "' is not known");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto name, TakeLine(&text, "name"));
  TAPELAKE_ASSIGN_OR_RAISE(const auto shards, TakeLine(&text, "shards"));
  TAPELAKE_ASSIGN_OR_RAISE(const auto salt, TakeLine(&text, "salt"));
  const size_t checked = whole.size() - text.size();
  TAPELAKE_ASSIGN_OR_RAISE(const auto checksum, TakeLine(&text, "checksum"));
  if (checksum != Hex(Checksum(whole.substr(0, checked), 0)) || !text.empty()) {
    return MakeError(ErrorKind::kCorrupt, "its checksum does not fit");
  }
  metadata.name = name;
  TAPELAKE_ASSIGN_OR_RAISE(metadata.shard_count, ParseNumber<int>(shards, 10));
  TAPELAKE_ASSIGN_OR_RAISE(metadata.salt, ParseNumber<uint64_t>(salt, 16));
  if (metadata.shard_count < 1 || metadata.shard_count > kShardsMax || !IsStreamName(name)) {
    return MakeError(ErrorKind::kCorrupt, "its name or number of shards cannot be");
  }
  return metadata;
}

std::string StreamMetadataPath(const std::string& directory) {
  return io::JoinPath(directory, "stream");
}

Result<StreamMetadata> ReadStreamMetadata(io::FileSystem& files, const std::string& directory) {
  const std::string path = StreamMetadataPath(directory);
  TAPELAKE_ASSIGN_OR_RAISE(const std::string text, files.ReadFile(path));
  auto metadata = StreamMetadata::Parse(text);
  if (!metadata.ok()) return WithContext(metadata.status(), "stream file '" + path + "'");
  return metadata;
}

std::string ShardsPath(const std::string& directory) {
  return io::JoinPath(directory, "shards");
}

Result<ShardMap> ReadShards(io::FileSystem& files, const std::string& directory,
                            const StreamMetadata& metadata) {
  const std::string path = ShardsPath(directory);
  const auto text = files.ReadFile(path);
  if (!text.ok() && KindOf(text.status()) == ErrorKind::kNotFound) {
    return ShardMap(metadata.shard_count);
  }
  TAPELAKE_RETURN_NOT_OK(text.status());
  auto shards = ShardMap::Parse(*text, metadata.salt);
  if (!shards.ok()) return WithContext(shards.status(), "stream file '" + path + "'");
  return shards;
}

std::string RetentionPath(const std::string& directory) {
  return io::JoinPath(directory, "retention");
}

std::string RetentionText(int64_t retention_micros, uint64_t salt) {
  return CheckedLine(kRetention, std::to_string(retention_micros), salt);
}

Result<int64_t> ReadRetention(io::FileSystem& files, const std::string& directory, uint64_t salt,
                              int64_t configured_micros) {
  const std::string path = RetentionPath(directory);
  TAPELAKE_ASSIGN_OR_RAISE(const auto value, ReadCheckedLine(files, path, kRetention, salt));
  if (!value) return configured_micros;
  const auto micros = ParseNumber<int64_t>(*value, 10);
  if (micros.ok() && *micros > 0) return micros;
  return MakeError(ErrorKind::kCorrupt,
                   "stream file '" + path + "': '" + *value + "' is no time to keep records");
}

std::string EncryptionPath(const std::string& directory) {
  return io::JoinPath(directory, "encryption");
}

std::string EncryptionText(const StreamEncryption& encryption, uint64_t salt) {
  if (encryption.key_id.empty()) return CheckedLine(kEncryption, kNoKey, salt);
  std::string value = encryption.key_id + " ";
  base::AppendBase64(encryption.data_key, &value);
  return CheckedLine(kEncryption, value, salt);
}

Result<StreamEncryption> ReadEncryption(io::FileSystem& files, const std::string& directory,
                                        uint64_t salt) {
  const std::string path = EncryptionPath(directory);
  TAPELAKE_ASSIGN_OR_RAISE(const auto value, ReadCheckedLine(files, path, kEncryption, salt));
  StreamEncryption encryption;
  if (!value || *value == kNoKey) return encryption;
  const size_t blank = value->find(' ');
  const std::string_view base64 = std::string_view(*value).substr(blank + 1);
  encryption.key_id = value->substr(0, blank);
  encryption.data_key.resize(base::Base64DecodedSizeMax(base64.size()) + base::kBase64SlackBytes);
  size_t size = 0;
  if (blank == std::string::npos ||
      !base::DecodeBase64(base64, encryption.data_key.data(), &size)) {
    return MakeError(ErrorKind::kCorrupt, "stream file '" + path + "': '" + *value +
                                              "' is no key and a data key under it");
  }
  encryption.data_key.resize(size);
  return encryption;
}

bool IsStreamName(std::string_view name) {
  if (name.empty() || name.size() > kNameCharsMax || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

}  // namespace tapelake::stream
