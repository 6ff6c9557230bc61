#include "delivery/zip_writer.h"

#include <limits>

#include <isa-l/crc.h>

#include "base/assert.h"
#include "delivery/deflate_stream.h"

namespace tapelake::delivery {
namespace {

constexpr std::string_view kEntryName = "records.ndjson";
constexpr uint16_t kVersion = 20;          // 2.0: deflate
constexpr uint16_t kSizesBehind = 1 << 3;  // flag: a data descriptor follows
constexpr uint16_t kDeflate = 8;
constexpr uint16_t kMidnight = 0;
constexpr uint16_t kFirstDay = (1 << 5) | 1;  // 1980-01-01

void Append16(uint16_t number, std::string* out) {
  out->push_back(static_cast<char>(number));
  out->push_back(static_cast<char>(number >> 8));
}

void Append32(uint32_t number, std::string* out) {
  Append16(static_cast<uint16_t>(number), out);
  Append16(static_cast<uint16_t>(number >> 16), out);
}

/// What the local header and the directory say in the same order.
void AppendEntry(uint32_t checksum, uint32_t packed_bytes, uint32_t text_bytes, std::string* out) {
  Append16(kVersion, out);
  Append16(kSizesBehind, out);
  Append16(kDeflate, out);
  Append16(kMidnight, out);
  Append16(kFirstDay, out);
  Append32(checksum, out);
  Append32(packed_bytes, out);
  Append32(text_bytes, out);
  Append16(static_cast<uint16_t>(kEntryName.size()), out);
  Append16(0, out);  // extra bytes
}

}  // namespace

ZipWriter::ZipWriter() : deflate_(std::make_unique<DeflateStream>(DeflateStream::Form::kBare)) {}
ZipWriter::~ZipWriter() = default;

void ZipWriter::Begin(std::string* out) {
  if (begun_) return;
  begun_ = true;
  out->append("PK\x03\x04", 4);
  AppendEntry(0, 0, 0, out);
  out->append(kEntryName);
}

void ZipWriter::Append(std::string_view text, std::string* out) {
  Begin(out);
  checksum_ =
      crc32_gzip_refl(checksum_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  text_bytes_ += text.size();
  const size_t before = out->size();
  deflate_->Append(text, out);
  packed_bytes_ += out->size() - before;
}

void ZipWriter::Finish(std::string* out) {
  Begin(out);
  const size_t before = out->size();
  deflate_->Finish(out);
  packed_bytes_ += out->size() - before;
  TAPELAKE_ASSERT(text_bytes_ < std::numeric_limits<uint32_t>::max() &&
                  packed_bytes_ < std::numeric_limits<uint32_t>::max());
  const auto text_bytes = static_cast<uint32_t>(text_bytes_);
  const auto packed_bytes = static_cast<uint32_t>(packed_bytes_);
  out->append("PK\x07\x08", 4);
  Append32(checksum_, out);
  Append32(packed_bytes, out);
  Append32(text_bytes, out);

  std::string directory("PK\x01\x02", 4);
  Append16(kVersion, &directory);  // made by
  AppendEntry(checksum_, packed_bytes, text_bytes, &directory);
  Append16(0, &directory);  // comment bytes
  Append16(0, &directory);  // disk
  Append16(0, &directory);  // attributes
  Append32(0, &directory);
  Append32(0, &directory);  // where the entry begins
  directory.append(kEntryName);
  // Local header, bytes and descriptor, whatever stood in `*out` before.
  constexpr uint32_t kLocalBytes = 30 + kEntryName.size();
  constexpr uint32_t kDescriptorBytes = 16;
  const uint32_t begin = kLocalBytes + packed_bytes + kDescriptorBytes;
  out->append(directory);
  out->append("PK\x05\x06", 4);
  Append16(0, out);  // disk
  Append16(0, out);
  Append16(1, out);  // entries
  Append16(1, out);
  Append32(static_cast<uint32_t>(directory.size()), out);
  Append32(begin, out);
  Append16(0, out);  // comment bytes
}

}  // namespace tapelake::delivery
