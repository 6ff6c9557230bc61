#include "hudi/format/log_block.h"

#include "base/seal.h"
#include "hudi/format/byte_codec.h"

namespace tapelake::hudi {
namespace {

constexpr std::string_view kMagic = "#HUDI#";
constexpr int32_t kLogFormatVersion = 1;
constexpr size_t kLengthBytes = sizeof(int64_t);
/// The seal ends the content, where readers no longer look: this, the digits, and one of the two
/// that follow.
constexpr std::string_view kSealMark = "tapelake.checksum=";
constexpr char kNoMore = '.';
constexpr char kMore = '+';
constexpr size_t kSealBytes = kSealMark.size() + base::kSealDigits + 1;
constexpr std::string_view kNoFooter{"\0\0\0\0", 4};
/// From the mark to the end of a block.
constexpr size_t kSealTailBytes = kSealBytes + kNoFooter.size() + kLengthBytes;

Status BadBlock(ErrorKind kind, size_t offset, const std::string& why) {
  return MakeError(kind, "log block at byte " + std::to_string(offset) + ": " + why);
}

/// The bytes between the block size and the trailing length, if the frame is whole: both lengths
/// agree, and the file ends there or goes on with a magic. `offset` is that of the magic.
std::optional<std::string_view> WholeFrame(std::string_view file, size_t offset) {
  ByteReader reader(file.substr(offset + kMagic.size()));
  int64_t size = 0;
  std::string_view inside;
  int64_t trailing = 0;
  if (!reader.BigEndian(&size) || size < static_cast<int64_t>(kLengthBytes)) return std::nullopt;
  if (!reader.Raw(static_cast<uint64_t>(size) - kLengthBytes, &inside)) return std::nullopt;
  if (!reader.BigEndian(&trailing)) return std::nullopt;
  if (trailing != size + static_cast<int64_t>(kMagic.size())) return std::nullopt;
  const std::string_view rest = file.substr(offset + kMagic.size() + reader.offset());
  // Hudi takes less than a magic's worth of bytes for the end of the file.
  if (rest.size() >= kMagic.size() && !rest.starts_with(kMagic)) return std::nullopt;
  return inside;
}

bool ReadHeaderMap(ByteReader* reader, std::map<LogHeaderKey, std::string>* header) {
  int32_t count = 0;
  if (!reader->BigEndian(&count) || count < 0) return false;
  for (; count > 0; --count) {
    int32_t key = 0;
    int32_t size = 0;
    std::string_view value;
    if (!reader->BigEndian(&key) || !reader->BigEndian(&size) || size < 0) return false;
    if (!reader->Raw(static_cast<uint64_t>(size), &value)) return false;
    header->insert_or_assign(static_cast<LogHeaderKey>(key), std::string(value));
  }
  return true;
}

/// Read what stands inside a whole frame.
Status ReadInside(std::string_view inside, LogBlock* block) {
  ByteReader reader(inside);
  int32_t version = 0;
  int32_t type = 0;
  if (!reader.BigEndian(&version))
    return BadBlock(ErrorKind::kCorrupt, block->offset, "no version");
  if (version != kLogFormatVersion) {
    return BadBlock(ErrorKind::kInvalid, block->offset,
                    "log format version " + std::to_string(version) + " is not known");
  }
  if (!reader.BigEndian(&type)) return BadBlock(ErrorKind::kCorrupt, block->offset, "no type");
  if (type < 0 || type > static_cast<int32_t>(LogBlockType::kCdcData) ||
      type == static_cast<int32_t>(LogBlockType::kCorrupt)) {
    return BadBlock(ErrorKind::kInvalid, block->offset,
                    "type " + std::to_string(type) + " is not known");
  }
  block->type = static_cast<LogBlockType>(type);
  int64_t content_bytes = 0;
  std::map<LogHeaderKey, std::string> footer;
  if (!ReadHeaderMap(&reader, &block->header) || !reader.BigEndian(&content_bytes) ||
      content_bytes < 0 || !reader.Raw(static_cast<uint64_t>(content_bytes), &block->content) ||
      !ReadHeaderMap(&reader, &footer) || !reader.at_end()) {
    return BadBlock(ErrorKind::kCorrupt, block->offset,
                    "the lengths inside disagree at byte " + std::to_string(reader.offset()));
  }
  return Status::OK();
}

/// Judge a whole block by its seal; `block` has been read. What is sealed is no content any more.
Status TakeSeal(std::string_view bytes, LogBlock* block) {
  if (bytes.size() < kSealTailBytes) return Status::OK();
  const base::SealState seal = base::JudgeSeal(bytes, bytes.size() - kSealTailBytes, kSealMark);
  if (seal == base::SealState::kAbsent) return Status::OK();
  if (seal == base::SealState::kBroken || block->content.size() < kSealBytes) {
    return BadBlock(ErrorKind::kCorrupt, block->offset, "its checksum is wrong");
  }
  block->more = block->content.back() == kMore;
  block->content.remove_suffix(kSealBytes);
  return Status::OK();
}

/// Refuse to skip what was a whole block of ours: a write that was cut short lacks its end.
Status CheckSkipped(std::string_view bytes, size_t offset) {
  const size_t mark = bytes.rfind(kSealMark);
  if (mark == std::string_view::npos || bytes.size() - mark < kSealTailBytes ||
      !bytes.substr(mark + kSealBytes).starts_with(kNoFooter)) {
    return Status::OK();
  }
  return BadBlock(ErrorKind::kCorrupt, offset, "it is damaged");
}

void AppendHeaderMap(const LogBlockHeader& header, std::string* out) {
  AppendBigEndian(static_cast<int32_t>(header.size()), out);
  for (const auto& [key, value] : header) {
    AppendBigEndian(static_cast<int32_t>(key), out);
    AppendBigEndian(static_cast<int32_t>(value.size()), out);
    out->append(value);
  }
}

/// Where the content begins of a block that starts at `begin`.
size_t ContentOffset(size_t begin, std::string_view out) {
  ByteReader reader(out.substr(begin + kMagic.size() + kLengthBytes + 2 * sizeof(int32_t)));
  LogBlockHeader header;
  ReadHeaderMap(&reader, &header);
  return out.size() - reader.remaining() + kLengthBytes;
}

}  // namespace

std::string_view LogBlock::instant() const {
  const auto found = header.find(LogHeaderKey::kInstantTime);
  return found == header.end() ? std::string_view() : std::string_view(found->second);
}

Result<std::vector<LogBlock>> SplitLogBlocks(std::string_view file) {
  std::vector<LogBlock> blocks;
  size_t offset = 0;
  while (offset < file.size()) {
    LogBlock block;
    block.offset = offset;
    const bool magic = file.substr(offset).starts_with(kMagic);
    if (const auto inside = magic ? WholeFrame(file, offset) : std::nullopt) {
      block.size = kMagic.size() + kLengthBytes + inside->size() + kLengthBytes;
      const Status read = ReadInside(*inside, &block);
      // The seal first: a damaged block of ours is no block of a version that is not known.
      TAPELAKE_RETURN_NOT_OK(TakeSeal(file.substr(offset, block.size), &block));
      TAPELAKE_RETURN_NOT_OK(read);
    } else {
      const size_t next = file.find(kMagic, offset + (magic ? kMagic.size() : 0));
      block.size = (next == std::string_view::npos ? file.size() : next) - offset;
      TAPELAKE_RETURN_NOT_OK(CheckSkipped(file.substr(offset, block.size), offset));
    }
    offset += block.size;
    blocks.push_back(std::move(block));
  }
  if (!blocks.empty() && blocks.back().more) blocks.emplace_back().offset = offset;
  return blocks;
}

size_t BeginLogBlock(LogBlockType type, const LogBlockHeader& header, std::string* out) {
  const size_t begin = out->size();
  out->append(kMagic);
  AppendBigEndian(int64_t{0}, out);  // the size, once it is known
  AppendBigEndian(kLogFormatVersion, out);
  AppendBigEndian(static_cast<int32_t>(type), out);
  AppendHeaderMap(header, out);
  AppendBigEndian(int64_t{0}, out);  // the content's length likewise
  return begin;
}

void EndLogBlock(size_t begin, AfterBlock after, std::string* out) {
  const size_t content = ContentOffset(begin, *out);
  out->append(kSealMark).append(base::kOpenSeal);
  out->push_back(after == AfterBlock::kMore ? kMore : kNoMore);
  PatchBigEndian(static_cast<int64_t>(out->size() - content), content - kLengthBytes, out);
  out->append(kNoFooter);
  const int64_t trailing = static_cast<int64_t>(out->size() - begin);
  AppendBigEndian(trailing, out);
  PatchBigEndian(trailing - static_cast<int64_t>(kMagic.size()), begin + kMagic.size(), out);
  base::Seal(begin, out->size() - kSealTailBytes + kSealMark.size(), out);
}

void AppendLogBlock(LogBlockType type, const LogBlockHeader& header, std::string_view content,
                    std::string* out) {
  const size_t begin = BeginLogBlock(type, header, out);
  out->append(content);
  EndLogBlock(begin, AfterBlock::kEnd, out);
}

std::string FormatAvroBlockContent(int32_t record_count, std::string_view encoded_records) {
  std::string content;
  content.reserve(2 * sizeof(int32_t) + encoded_records.size());
  AppendBigEndian(kLogContentVersion, &content);
  AppendBigEndian(record_count, &content);
  content.append(encoded_records);
  return content;
}

Result<std::vector<std::string_view>> SplitAvroBlockContent(std::string_view content) {
  ByteReader reader(content);
  int32_t version = 0;
  int32_t count = 0;
  if (!reader.BigEndian(&version)) {
    return MakeError(ErrorKind::kCorrupt, "Avro data block: no version");
  }
  if (version < 2 || version > kLogContentVersion) {
    return MakeError(ErrorKind::kInvalid,
                     "Avro data block of content version " + std::to_string(version));
  }
  if (!reader.BigEndian(&count) || count < 0 ||
      static_cast<size_t>(count) > reader.remaining() / sizeof(int32_t)) {
    return MakeError(ErrorKind::kCorrupt,
                     "Avro data block: it cannot hold " + std::to_string(count) + " records");
  }
  std::vector<std::string_view> datums(static_cast<size_t>(count));
  for (size_t i = 0; i < datums.size(); ++i) {
    int32_t size = 0;
    if (!reader.BigEndian(&size) || size < 0 ||
        !reader.Raw(static_cast<uint64_t>(size), &datums[i])) {
      return MakeError(ErrorKind::kCorrupt, "Avro data block: record " + std::to_string(i) +
                                                " is cut at byte " +
                                                std::to_string(reader.offset()));
    }
  }
  if (!reader.at_end()) {
    return MakeError(ErrorKind::kCorrupt, "Avro data block: bytes after the last record");
  }
  return datums;
}

}  // namespace tapelake::hudi
