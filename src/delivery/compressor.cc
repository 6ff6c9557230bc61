#include "delivery/compressor.h"

#include <array>

#include <zstd.h>

#include "base/assert.h"
#include "delivery/gzip_writer.h"
#include "delivery/snappy_writer.h"
#include "delivery/zip_writer.h"

namespace tapelake::delivery {
namespace {

struct Format {
  Compression compression;
  std::string_view text;
  std::string_view ending;
};

// Snappy and Hadoop's blocks of it have no common ending but these, Firehose's own.
constexpr std::array<Format, 6> kFormats = {
    {{Compression::kGzip, "GZIP", ".gz"},
     {Compression::kNone, "UNCOMPRESSED", ""},
     {Compression::kZip, "ZIP", ".zip"},
     {Compression::kSnappy, "Snappy", ".snappy"},
     {Compression::kHadoopSnappy, "HADOOP_SNAPPY", ".hsnappy"},
     {Compression::kZstd, "ZSTD", ".zst"}}};

const Format& FormatOf(Compression compression) {
  for (const Format& format : kFormats) {
    if (format.compression == compression) return format;
  }
  TAPELAKE_ASSERT(false);
  return kFormats.front();
}

class PlainWriter : public Compressor {
 public:
  void Append(std::string_view text, std::string* out) override { out->append(text); }
  void Finish(std::string* /*out*/) override {}
};

class ZstdWriter : public Compressor {
 public:
  ZstdWriter() : stream_(ZSTD_createCCtx()), scratch_(ZSTD_CStreamOutSize(), '\0') {
    TAPELAKE_ASSERT(stream_ != nullptr);
    const size_t outcome = ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
    TAPELAKE_ASSERT(ZSTD_isError(outcome) == 0);
  }

  void Append(std::string_view text, std::string* out) override { Run(text, ZSTD_e_continue, out); }
  void Finish(std::string* out) override { Run({}, ZSTD_e_end, out); }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* stream) const { ZSTD_freeCCtx(stream); }
  };

  void Run(std::string_view text, ZSTD_EndDirective how, std::string* out) {
    ZSTD_inBuffer in{.src = text.data(), .size = text.size(), .pos = 0};
    size_t left = 0;
    do {
      ZSTD_outBuffer to{.dst = scratch_.data(), .size = scratch_.size(), .pos = 0};
      left = ZSTD_compressStream2(stream_.get(), &to, &in, how);
      TAPELAKE_ASSERT(ZSTD_isError(left) == 0);  // it can only refuse parameters
      out->append(scratch_.data(), to.pos);
    } while (how == ZSTD_e_end ? left > 0 : in.pos < in.size);
  }

  std::unique_ptr<ZSTD_CCtx, Free> stream_;
  std::string scratch_;
};

}  // namespace

std::string_view CompressionText(Compression compression) {
  return FormatOf(compression).text;
}

std::optional<Compression> ParseCompression(std::string_view text) {
  for (const Format& format : kFormats) {
    if (format.text == text) return format.compression;
  }
  return std::nullopt;
}

std::string_view CompressionEnding(Compression compression) {
  return FormatOf(compression).ending;
}

std::unique_ptr<Compressor> MakeCompressor(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return std::make_unique<GzipWriter>();
    case Compression::kNone:
      return std::make_unique<PlainWriter>();
    case Compression::kZip:
      return std::make_unique<ZipWriter>();
    case Compression::kSnappy:
      return std::make_unique<SnappyWriter>();
    case Compression::kHadoopSnappy:
      return std::make_unique<HadoopSnappyWriter>();
    case Compression::kZstd:
      return std::make_unique<ZstdWriter>();
  }
  return nullptr;  // not reached
}

}  // namespace tapelake::delivery
