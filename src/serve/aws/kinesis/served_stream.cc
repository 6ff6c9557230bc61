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
      reader_(files, *stream.log, stream.directory, salt) {}

int64_t ServedStream::retention_hours() const {
  return std::max<int64_t>(1, stream_.log->retention_micros() / kMicrosPerHour);
}

Result<int64_t> StreamBirthMicros(io::FileSystem& files, const std::string& directory) {
  // Written once, when the stream was born.
  TAPELAKE_ASSIGN_OR_RAISE(const io::FileInfo info,
                           files.GetInfo(stream::StreamMetadataPath(directory)));
  return info.modified_micros;
}

}  // namespace tapelake::serve
