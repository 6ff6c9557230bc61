#pragma once

/// How objects are compressed.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tapelake::delivery {

/// Firehose's formats and one of ours. Their names (CompressionText) are on disk: in the state.
enum class Compression : uint8_t {
  kGzip,          ///< `GZIP`: one member.
  kNone,          ///< `UNCOMPRESSED`
  kZip,           ///< `ZIP`: one entry, `records.ndjson`.
  kSnappy,        ///< `Snappy`: snappy's framing format.
  kHadoopSnappy,  ///< `HADOOP_SNAPPY`: blocks of Hadoop's SnappyCodec.
  kZstd,          ///< `ZSTD`: one frame with a checksum. Not Firehose's.
};

std::string_view CompressionText(Compression compression);
std::optional<Compression> ParseCompression(std::string_view text);

/// What object names end with: `.gz`, ..., nothing if it is kNone.
std::string_view CompressionEnding(Compression compression);

/// Compresses one text that comes in pieces. One thread.
///
/// On one machine the bytes depend only on the sequence of Append() calls: callers that want the
/// same bytes again cut their text at the same places.
class Compressor {
 public:
  virtual ~Compressor() = default;

  /// Compress `text` (under 4 GiB) and append what comes of it to `*out`; some may be held back.
  virtual void Append(std::string_view text, std::string* out) = 0;

  /// Append what was held back and the end. Nothing may follow.
  virtual void Finish(std::string* out) = 0;
};

std::unique_ptr<Compressor> MakeCompressor(Compression compression);

}  // namespace tapelake::delivery
