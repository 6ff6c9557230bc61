#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tapelake::delivery {

/// Compresses text into one gzip member by isa-l's igzip. One thread. Memory: about 0.9 MiB.
///
/// On one machine the bytes depend only on the sequence of Append() calls: callers that want the
/// same bytes again cut their text at the same places.
class GzipWriter {
 public:
  GzipWriter();
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  /// Compress `text` (under 4 GiB) and append what comes of it to `*out`; some is held back.
  void Append(std::string_view text, std::string* out);

  /// Append what was held back and the trailer. Nothing may follow.
  void Finish(std::string* out);

 private:
  struct Stream;
  void Run(std::string* out);

  std::unique_ptr<Stream> stream_;
};

}  // namespace tapelake::delivery
