#include "serve/aws/kinesis/served_stream.h"

#include <algorithm>

#include "stream/stream_metadata.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kMicrosPerHour = int64_t{3'600} * 1'000'000;

}  // namespace

Result<std::unique_ptr<ServedStream>> ServedStream::Open(io::FileSystem& files,
                                                         const KinesisStream& stream) {
  TAPELAKE_ASSIGN_OR_RAISE(const stream::StreamMetadata metadata,
                           stream::ReadStreamMetadata(files, stream.directory));
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t created_micros,
                           StreamBirthMicros(files, stream.directory));
  return std::unique_ptr<ServedStream>(
      new ServedStream(files, stream, metadata.salt, created_micros));
}

ServedStream::ServedStream(io::FileSystem& files, const KinesisStream& stream, uint64_t salt,
                           int64_t created_micros)
    : stream_(stream),
      salt_(salt),
      created_micros_(created_micros),
      map_(static_cast<int>(stream.log->shards().size())),
      reader_(files, *stream.log, stream.directory, salt),
      limits_(stream.log->shards().size()) {}

int64_t ServedStream::retention_hours() const {
  return std::max<int64_t>(1, stream_.log->options().retention_micros / kMicrosPerHour);
}

uint32_t ServedStream::ShardOfHash(base::UInt128 hash_key) const {
  const auto found = std::ranges::find_if(shards(), [hash_key](const stream::ShardRange& range) {
    return hash_key <= ParseHashKey(range.ending_hash_key).value_or(0);
  });
  return found == shards().end() ? shards().back().shard : found->shard;
}

Result<int64_t> StreamBirthMicros(io::FileSystem& files, const std::string& directory) {
  // Written once, when the stream was born.
  TAPELAKE_ASSIGN_OR_RAISE(const io::FileInfo info,
                           files.GetInfo(stream::StreamMetadataPath(directory)));
  return info.modified_micros;
}

std::optional<base::UInt128> ParseHashKey(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  constexpr base::UInt128 kMax = ~base::UInt128{0};
  base::UInt128 number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<unsigned>(c - '0');
    if (number > (kMax - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

}  // namespace tapelake::serve
