#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/file_system.h"
#include "stream/shard_map.h"

namespace tapelake::stream {

/// What a stream is, stored once at its birth in the file `stream` of its directory.
struct StreamMetadata {
  std::string name;
  int shard_count = 1;
  uint64_t salt = 0;  ///< Seeds every checksum: bytes of another stream never fit.

  /// The file's text; its last line holds the checksum of the lines before.
  std::string ToText() const;
  /// Errors: kCorrupt.
  static Result<StreamMetadata> Parse(std::string_view text);
};

/// The metadata file of a stream's directory.
std::string StreamMetadataPath(const std::string& directory);

/// Errors: kNotFound (no such stream), kCorrupt (names the file), kUnavailable.
Result<StreamMetadata> ReadStreamMetadata(io::FileSystem& files, const std::string& directory);

/// The file of a stream's directory that says how its shards were changed; absent: never.
std::string ShardsPath(const std::string& directory);

/// The shards of now. Errors: kCorrupt (names the file), kUnavailable.
Result<ShardMap> ReadShards(io::FileSystem& files, const std::string& directory,
                            const StreamMetadata& metadata);

/// The file of a stream's directory that says how long its records are kept; absent: as configured.
std::string RetentionPath(const std::string& directory);

/// Its text: one line, and a checksum of it.
std::string RetentionText(int64_t retention_micros, uint64_t salt);

/// How long the records of a stream are kept; `configured_micros` if nobody changed it. Errors:
/// kCorrupt (names the file), kUnavailable.
Result<int64_t> ReadRetention(io::FileSystem& files, const std::string& directory, uint64_t salt,
                              int64_t configured_micros);

/// Under which key new records are encrypted; all empty: they are not.
struct StreamEncryption {
  std::string key_id;    ///< Has no blank.
  std::string data_key;  ///< One that was encrypted under it: who can decrypt that has the key.
};

/// The file of a stream's directory that says so; absent: they are not encrypted.
std::string EncryptionPath(const std::string& directory);

/// Its text: one line, and a checksum of it.
std::string EncryptionText(const StreamEncryption& encryption, uint64_t salt);

/// Errors: kCorrupt (names the file), kUnavailable.
Result<StreamEncryption> ReadEncryption(io::FileSystem& files, const std::string& directory,
                                        uint64_t salt);

/// Return whether a name can be a stream's: 1..128 of `A-Z a-z 0-9 _ . -`, not starting with a dot.
bool IsStreamName(std::string_view name);

}  // namespace tapelake::stream
