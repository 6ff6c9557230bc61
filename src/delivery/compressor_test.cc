#include "delivery/compressor.h"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <snappy-c.h>
#include <zip.h>
#include <zstd.h>

#include "delivery/assembly.h"
#include "delivery/testing_gunzip.h"

namespace tapelake::delivery {
namespace {

/// Lines, then bytes that cannot be compressed.
std::string Text(size_t bytes) {
  std::mt19937 random(3);
  std::string text;
  while (text.size() < bytes / 2)
    text.append("line ").append(std::to_string(text.size() / 100)).append("\n");
  while (text.size() < bytes)
    text.push_back(static_cast<char>(random()));
  text.resize(bytes);
  return text;
}

const std::vector<size_t> kSizes = {1, 100, (64 << 10) - 1, 64 << 10, 300'000, 3'000'000};

uint32_t Little(std::string_view bytes, size_t count) {
  uint32_t number = 0;
  for (size_t i = count; i-- > 0;)
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

uint32_t Big(std::string_view bytes) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i)
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

std::string Unsnap(std::string_view packed) {
  size_t size = 0;
  EXPECT_EQ(snappy_uncompressed_length(packed.data(), packed.size(), &size), SNAPPY_OK);
  std::string text(size, '\0');
  EXPECT_EQ(snappy_uncompress(packed.data(), packed.size(), text.data(), &size), SNAPPY_OK);
  return text;
}

/// CRC-32C bit by bit, as the framing format masks it.
uint32_t MaskedSum(std::string_view text) {
  uint32_t sum = ~uint32_t{0};
  for (const char c : text) {
    sum ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i)
      sum = (sum >> 1) ^ ((sum & 1) != 0 ? 0x82f63b78U : 0);
  }
  sum = ~sum;
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
}

std::string UnsnapFrames(std::string_view bytes) {
  const std::string_view head("\xff\x06\x00\x00sNaPpY", 10);
  EXPECT_TRUE(bytes.starts_with(head));
  bytes.remove_prefix(head.size());
  std::string text;
  while (!bytes.empty()) {
    const size_t size = Little(bytes.substr(1), 3);
    const std::string_view body = bytes.substr(8, size - 4);
    const std::string piece = bytes[0] == 0 ? Unsnap(body) : std::string(body);
    EXPECT_LE(bytes[0], 1);
    EXPECT_LE(piece.size(), size_t{64} << 10);
    EXPECT_EQ(Little(bytes.substr(4), 4), MaskedSum(piece));
    text += piece;
    bytes.remove_prefix(4 + size);
  }
  return text;
}

std::string UnsnapBlocks(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const size_t size = Big(bytes);
    const size_t packed = Big(bytes.substr(4));
    EXPECT_LE(packed, size_t{256} << 10);
    const std::string piece = Unsnap(bytes.substr(8, packed));
    EXPECT_EQ(piece.size(), size);
    text += piece;
    bytes.remove_prefix(8 + packed);
  }
  return text;
}

std::string Unzip(const std::string& bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* archive = zip_open_from_source(source, ZIP_CHECKCONS, &error);
  EXPECT_NE(archive, nullptr) << zip_error_strerror(&error);
  if (archive == nullptr) return "";
  EXPECT_EQ(zip_get_num_entries(archive, 0), 1);
  EXPECT_STREQ(zip_get_name(archive, 0, 0), "records.ndjson");
  zip_stat_t stat;
  EXPECT_EQ(zip_stat_index(archive, 0, 0, &stat), 0);
  std::string text(stat.size, '\0');
  zip_file_t* file = zip_fopen_index(archive, 0, 0);
  EXPECT_EQ(zip_fread(file, text.data(), text.size()), static_cast<zip_int64_t>(text.size()));
  EXPECT_EQ(zip_fclose(file), 0) << "its checksum is wrong";
  zip_discard(archive);
  return text;
}

std::string Unzstd(std::string_view bytes) {
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  std::string text(size == ZSTD_CONTENTSIZE_UNKNOWN ? 4'000'000 : size, '\0');
  const size_t got = ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  EXPECT_EQ(ZSTD_isError(got), 0u) << ZSTD_getErrorName(got);
  text.resize(got);
  return text;
}

std::string Decompress(Compression compression, const std::string& bytes) {
  switch (compression) {
    case Compression::kGzip:
      return Gunzip(bytes);
    case Compression::kNone:
      return bytes;
    case Compression::kZip:
      return Unzip(bytes);
    case Compression::kSnappy:
      return UnsnapFrames(bytes);
    case Compression::kHadoopSnappy:
      return UnsnapBlocks(bytes);
    case Compression::kZstd:
      return Unzstd(bytes);
  }
  return "";
}

const std::vector<std::string> kTexts = {"GZIP",   "UNCOMPRESSED",  "ZIP",
                                         "Snappy", "HADOOP_SNAPPY", "ZSTD"};

TEST(Compressor, KeepsEveryByte) {
  for (const std::string& name : kTexts) {
    const Compression compression = ParseCompression(name).value();
    EXPECT_EQ(CompressionText(compression), name);
    for (const size_t size : kSizes) {
      SCOPED_TRACE(name + " " + std::to_string(size));
      const std::string text = Text(size);
      const std::string object = CompressText(compression, text);
      EXPECT_EQ(Decompress(compression, object), text);
      EXPECT_EQ(CompressText(compression, text), object) << "the same text, the same bytes";
      if (size == 300'000 && compression != Compression::kNone) {
        EXPECT_LT(object.size(), size);
      }
    }
  }
}

TEST(Compressor, EndsWithoutText) {
  for (const std::string& name : kTexts) {
    const Compression compression = ParseCompression(name).value();
    if (compression == Compression::kZstd) continue;  // its reader here wants a size
    EXPECT_EQ(Decompress(compression, CompressText(compression, "")), "") << name;
  }
}

TEST(Compressor, HasFirehosesEndings) {
  EXPECT_EQ(CompressionEnding(Compression::kGzip), ".gz");
  EXPECT_EQ(CompressionEnding(Compression::kNone), "");
  EXPECT_EQ(CompressionEnding(Compression::kZip), ".zip");
  EXPECT_EQ(CompressionEnding(Compression::kSnappy), ".snappy");
  EXPECT_EQ(CompressionEnding(Compression::kHadoopSnappy), ".hsnappy");
  EXPECT_EQ(CompressionEnding(Compression::kZstd), ".zst");
  EXPECT_FALSE(ParseCompression("gzip").has_value());
  EXPECT_FALSE(ParseCompression("").has_value());
}

}  // namespace
}  // namespace tapelake::delivery
