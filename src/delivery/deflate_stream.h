#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tapelake::delivery {

/// Compresses text by isa-l's igzip. One thread. Memory: about 0.9 MiB.
class DeflateStream {
 public:
  enum class Form : uint8_t {
    kGzip,  ///< One gzip member: header and trailer around it.
    kBare,  ///< Deflate and nothing else.
  };

  explicit DeflateStream(Form form);
  ~DeflateStream();
  DeflateStream(const DeflateStream&) = delete;
  DeflateStream& operator=(const DeflateStream&) = delete;

  /// Compress `text` (under 4 GiB) and append what comes of it to `*out`; some is held back.
  void Append(std::string_view text, std::string* out);

  /// Append what was held back and the end. Nothing may follow.
  void Finish(std::string* out);

 private:
  struct Stream;
  void Run(std::string* out);

  std::unique_ptr<Stream> stream_;
};

}  // namespace tapelake::delivery
