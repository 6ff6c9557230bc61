#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/file_system.h"
#include "serve/aws/kinesis/shard_limits.h"
#include "serve/aws/kinesis/shard_reader.h"
#include "stream/shard_map.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"

namespace tapelake::serve {

/// How records are encrypted, in Kinesis's words.
inline constexpr std::string_view kNotEncrypted = "NONE";
inline constexpr std::string_view kEncrypted = "KMS";

/// A stream of the pipeline that the door leads to.
struct KinesisStream {
  std::string directory;  ///< Of its segments.
  stream::Stream* log = nullptr;
  stream::StreamWriter* writer = nullptr;
  /// Of a stream that a client made: keeps both alive as long as somebody uses them. Of a declared
  /// one nullptr: they outlive the service.
  std::shared_ptr<void> keeper = nullptr;
};

/// A stream as Kinesis clients see it. Any thread.
class ServedStream {
 public:
  /// Everything must outlive it. Errors: those of stream::ReadStreamMetadata.
  static Result<std::unique_ptr<ServedStream>> Open(io::FileSystem& files,
                                                    const KinesisStream& stream);

  const std::string& name() const { return stream_.log->name(); }
  stream::Stream& log() const { return *stream_.log; }
  stream::StreamWriter& writer() const { return *stream_.writer; }
  /// Those of now, closed ones among them.
  std::shared_ptr<const stream::ShardMap> shards() const { return stream_.log->shards(); }
  /// Of records that are put now.
  std::string_view encryption_type() const {
    return log().encryption_key().empty() ? kNotEncrypted : kEncrypted;
  }
  bool is_made() const { return stream_.keeper != nullptr; }
  ShardReader& reader() { return reader_; }
  ShardLimits& limits() { return limits_; }

  uint64_t salt() const { return salt_; }  ///< Tells it from every other stream.
  int64_t created_micros() const { return created_micros_; }
  int64_t retention_hours() const;  ///< Rounded down, one at least.

 private:
  ServedStream(io::FileSystem& files, const KinesisStream& stream, uint64_t salt,
               int64_t created_micros);

  const KinesisStream stream_;
  const uint64_t salt_;
  const int64_t created_micros_;
  ShardReader reader_;
  ShardLimits limits_;
};

/// When a stream was made, wall time. Errors: kNotFound (there is none), kUnavailable.
Result<int64_t> StreamBirthMicros(io::FileSystem& files, const std::string& directory);

}  // namespace tapelake::serve
