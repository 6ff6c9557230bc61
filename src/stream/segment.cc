#include "stream/segment.h"

#include <algorithm>

#include <arrow/buffer.h>

namespace tapelake::stream {
namespace {

constexpr uint64_t kIndexDistanceBytes = 64 << 10;

/// What does not fit about a frame that has a whole header; nothing if it fits.
Result<std::optional<std::string>> Misfit(const SegmentFile& file, const FrameHeader& header,
                                          const SegmentScan& scan, bool check_records) {
  if (header.first_sequence != scan.segment.next_sequence) {
    return "its first record is " + std::to_string(header.first_sequence) + ", not " +
           std::to_string(scan.segment.next_sequence);
  }
  if (header.end_offset() > file.size_bytes()) return "it is cut short";
  if (!check_records) return std::nullopt;
  TAPELAKE_ASSIGN_OR_RAISE(const bool fits, file.RecordsFit(header));
  if (!fits) return "the checksum of its records does not fit";
  return std::nullopt;
}

/// Take a seal at the end of the file into account. Return whether it stands there.
Result<bool> TakeSeal(const SegmentFile& file, uint64_t salt, SegmentScan* scan) {
  const uint64_t offset = scan->segment.frames_end;
  TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes, file.ReadBytes(offset, kSealBytes));
  const auto seal = ParseSeal(bytes, salt, offset);
  scan->segment.sealed = seal && seal->next_sequence == scan->segment.next_sequence &&
                         offset + kSealBytes == file.size_bytes();
  return scan->segment.sealed;
}

}  // namespace

void Segment::Add(const FrameHeader& header) {
  if (index.empty() || header.offset - index.back().offset >= kIndexDistanceBytes) {
    index.push_back({header.first_sequence, header.arrival_micros, header.offset});
  }
  next_sequence = header.next_sequence();
  newest_arrival_micros = header.arrival_micros;
  frames_end = header.end_offset();
}

Result<SegmentFile> SegmentFile::Open(io::FileSystem& files, const std::string& path,
                                      uint64_t salt) {
  SegmentFile file;
  file.path_ = path;
  file.salt_ = salt;
  TAPELAKE_ASSIGN_OR_RAISE(file.file_, files.OpenForRead(path));
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t size, file.file_->GetSize());
  file.size_bytes_ = static_cast<uint64_t>(size);
  return file;
}

Result<std::shared_ptr<arrow::Buffer>> SegmentFile::ReadBuffer(uint64_t offset,
                                                               uint64_t size) const {
  const uint64_t begin = std::min(offset, size_bytes_);
  return file_->ReadAt(static_cast<int64_t>(begin),
                       static_cast<int64_t>(std::min(size, size_bytes_ - begin)));
}

Result<std::string> SegmentFile::ReadBytes(uint64_t offset, uint64_t size) const {
  TAPELAKE_ASSIGN_OR_RAISE(const auto buffer, ReadBuffer(offset, size));
  return std::string(std::string_view(*buffer));
}

Result<bool> SegmentFile::RecordsFit(const FrameHeader& header) const {
  TAPELAKE_ASSIGN_OR_RAISE(const auto buffer,
                           ReadBuffer(header.offset + kFrameHeaderBytes, header.stored_bytes));
  return Checksum(std::string_view(*buffer), salt_) == header.payload_checksum;
}

Result<std::optional<FrameHeader>> SegmentFile::FindFrame(uint64_t offset) const {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes, ReadBytes(offset, kFrameHeaderBytes));
  return ParseFrameHeader(bytes, salt_, offset);
}

Result<FrameHeader> SegmentFile::ReadHeader(uint64_t offset) const {
  TAPELAKE_ASSIGN_OR_RAISE(const auto header, FindFrame(offset));
  if (!header) return Damaged(offset, "no whole frame header");
  return *header;
}

Result<std::shared_ptr<const Frame>> SegmentFile::ReadFrame(const FrameHeader& header,
                                                            const FrameDecryptor& decryptor) const {
  TAPELAKE_ASSIGN_OR_RAISE(const auto buffer,
                           ReadBuffer(header.offset + kFrameHeaderBytes, header.stored_bytes));
  auto frame = DecodeFrame(header, salt_, std::string_view(*buffer), decryptor);
  if (frame.ok()) return frame;
  if (KindOf(frame.status()) == ErrorKind::kCorrupt) {
    return Damaged(header.offset, frame.status().message());
  }
  return WithContext(frame.status(),
                     "stream segment '" + path_ + "' at offset " + std::to_string(header.offset));
}

Status SegmentFile::Damaged(uint64_t offset, const std::string& what) const {
  return MakeError(ErrorKind::kCorrupt, "stream segment '" + path_ + "' is damaged at offset " +
                                            std::to_string(offset) + ": " + what);
}

Result<SegmentScan> ScanSegment(io::FileSystem& files, const std::string& path, uint64_t salt,
                                const ScanOptions& options) {
  TAPELAKE_ASSIGN_OR_RAISE(const SegmentFile file, SegmentFile::Open(files, path, salt));
  SegmentScan scan;
  Segment& segment = scan.segment;
  segment.path = path;
  segment.first_sequence = segment.next_sequence = options.first_sequence;
  TAPELAKE_ASSIGN_OR_RAISE(const std::string begin, file.ReadBytes(0, kSegmentHeaderBytes));
  const auto segment_header = ParseSegmentHeader(begin, salt);
  if (!segment_header || segment_header->first_sequence != options.first_sequence) {
    scan.damage = Damage{0, "no whole segment header"};
    return scan;
  }
  segment.newest_arrival_micros = segment_header->created_micros;
  segment.frames_end = kSegmentHeaderBytes;
  segment.indexed = true;
  while (segment.frames_end < file.size_bytes()) {
    const uint64_t offset = segment.frames_end;
    TAPELAKE_ASSIGN_OR_RAISE(const auto header, file.FindFrame(offset));
    if (!header) {
      TAPELAKE_ASSIGN_OR_RAISE(const bool sealed, TakeSeal(file, salt, &scan));
      if (!sealed) scan.damage = Damage{offset, "no whole frame header"};
      return scan;
    }
    TAPELAKE_ASSIGN_OR_RAISE(const auto misfit, Misfit(file, *header, scan, options.check_records));
    if (misfit) {
      scan.damage = Damage{offset, *misfit};
      return scan;
    }
    segment.Add(*header);
  }
  return scan;
}

}  // namespace tapelake::stream
