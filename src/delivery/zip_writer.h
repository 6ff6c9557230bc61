#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "delivery/compressor.h"

namespace tapelake::delivery {

class DeflateStream;

/// A zip archive of one entry, `records.ndjson`, which is written front to back: its sizes and
/// CRC-32 stand behind it (a data descriptor) and in the directory. Under 4 GiB, so no zip64. The
/// entry's time is 1980-01-01, always: the bytes depend on nothing but the text.
class ZipWriter : public Compressor {
 public:
  ZipWriter();
  ~ZipWriter() override;

  void Append(std::string_view text, std::string* out) override;
  void Finish(std::string* out) override;

 private:
  void Begin(std::string* out);

  std::unique_ptr<DeflateStream> deflate_;
  bool begun_ = false;
  uint32_t checksum_ = 0;
  uint64_t text_bytes_ = 0;
  uint64_t packed_bytes_ = 0;
};

}  // namespace tapelake::delivery
