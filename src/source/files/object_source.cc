#include "source/files/object_source.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include <xxhash.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/seal.h"
#include "source/files/byte_stream.h"
#include "source/files/line_source.h"
#include "transform/raw_line.h"

namespace tapelake::source {
namespace {

// What a record of the greatest size can grow to: its values twice and its old image, or base64.
constexpr size_t kObjectLineBytesMax = 4 * kLineBytesMax;
constexpr size_t kCheckBytes = 256 << 10;

/// How objects of a compression begin, by the ends of their names.
struct Compression {
  std::string_view extension;
  std::string_view magic;  ///< Empty: it is not read.
  std::string_view name;
};
constexpr Compression kCompressions[] = {{".gz", "\x1f\x8b", "gzip"},
                                         {".zip", "PK", "zip"},
                                         {".zst", "\x28\xb5\x2f\xfd", "zstd"},
                                         {".snappy", "", "snappy"},
                                         {".hsnappy", "", "snappy"}};

/// Turns one line into the record it was made of.
class LineDecoder {
 public:
  virtual ~LineDecoder() = default;
  /// Append the record; record::kRecordPaddingBytes are readable behind `line`. On failure return
  /// why, with any part appended.
  virtual Status Decode(std::string_view line, std::string* out) = 0;
};

class RawLineDecoder : public LineDecoder {
 public:
  Status Decode(std::string_view line, std::string* out) override {
    if (reader_.AppendRecord(line, out)) return Status::OK();
    return MakeError(ErrorKind::kCorrupt, "no replayable line: " + reader_.reason());
  }

 private:
  transform::RawLineReader reader_;
};

class ErrorLineDecoder : public LineDecoder {
 public:
  Status Decode(std::string_view line, std::string* out) override {
    if (base::JudgeJsonSeal(line, "}") == base::SealState::kBroken) {
      return MakeError(ErrorKind::kCorrupt, "the checksum of an error line is wrong");
    }
    const auto parsed = base::ParseJson(line);
    if (!parsed.ok()) {
      return MakeError(ErrorKind::kCorrupt, "no error line: " + parsed.status().message());
    }
    const base::JsonValue* raw = parsed->Find("raw_data");
    if (raw == nullptr) raw = parsed->Find("rawData");  // of a Lambda transform, as in Firehose
    if (raw == nullptr || !raw->is_string()) {
      return MakeError(ErrorKind::kCorrupt, "no error line: it has no raw_data");
    }
    const size_t begin = out->size();
    out->resize(begin + base::Base64DecodedSizeMax(raw->text().size()) + base::kBase64SlackBytes);
    size_t size = 0;
    if (!base::DecodeBase64(raw->text(), out->data() + begin, &size)) {
      return MakeError(ErrorKind::kCorrupt, "the raw_data of an error line is no base64");
    }
    out->resize(begin + size);
    return CheckHash(parsed->Find("raw_xxh64"), std::string_view(*out).substr(begin));
  }

 private:
  /// Error lines of other programs have no checksum.
  static Status CheckHash(const base::JsonValue* stored, std::string_view raw) {
    if (stored == nullptr) return Status::OK();
    const std::string& text = stored->text();
    uint64_t hash = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), hash, 16);
    const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    if (whole && hash == XXH64(raw.data(), raw.size(), 0)) return Status::OK();
    return MakeError(ErrorKind::kCorrupt,
                     "the raw_data of an error line is not what raw_xxh64 says");
  }
};

class ObjectSource : public record::RecordSource {
 public:
  ObjectSource(std::unique_ptr<record::RecordSource> lines, std::unique_ptr<LineDecoder> decoder,
               std::string path)
      : lines_(std::move(lines)), decoder_(std::move(decoder)), path_(std::move(path)) {}

  Result<bool> ReadBlock(record::RecordBlock* block) override {
    block->Clear();
    TAPELAKE_RETURN_NOT_OK(failure_);
    TAPELAKE_ASSIGN_OR_RAISE(const bool more, lines_->ReadBlock(&block_));
    if (!more) return false;
    block->end_offset = block_.end_offset;
    for (const record::RecordBlock::Entry& line : block_.entries) {
      const size_t begin = block->buffer.size();
      failure_ = decoder_->Decode(block_.bytes(line), &block->buffer);
      if (!failure_.ok()) {
        failure_ = WithContext(
            failure_, "'" + path_ + "' at uncompressed byte " + std::to_string(line.offset));
        block->buffer.resize(begin);
        block->end_offset = line.offset;
        break;
      }
      block->entries.push_back(
          {.begin = begin, .size = block->buffer.size() - begin, .offset = line.offset});
    }
    if (block->entries.empty()) {
      block->buffer.clear();
      TAPELAKE_RETURN_NOT_OK(failure_);
      return true;
    }
    block->buffer.append(record::kRecordPaddingBytes, '\0');
    return true;
  }

 private:
  std::unique_ptr<record::RecordSource> lines_;
  std::unique_ptr<LineDecoder> decoder_;
  const std::string path_;
  record::RecordBlock block_;
  Status failure_;
};

/// A damaged first byte must not make plain text of a compressed object.
Status CheckMagic(io::FileSystem& files, const std::string& path) {
  const auto found = std::ranges::find_if(
      kCompressions, [&path](const Compression& each) { return path.ends_with(each.extension); });
  if (found == std::end(kCompressions)) return Status::OK();
  const std::string name(found->name);
  if (found->magic.empty()) {
    return MakeError(ErrorKind::kInvalid, "'" + path + "': objects of " + name + " are not read");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto file, files.OpenForRead(path));
  std::string magic(found->magic.size(), '\0');
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t read,
                           file->ReadAt(0, static_cast<int64_t>(magic.size()), magic.data()));
  if (read == static_cast<int64_t>(magic.size()) && magic == found->magic) return Status::OK();
  return MakeError(ErrorKind::kCorrupt,
                   "'" + path + "' at byte 0: a raw object of this name must be " + name);
}

/// Read a raw object to its end: the checksum of its compression comes last.
Status CheckRawObject(io::FileSystem& files, const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(CheckMagic(files, path));
  TAPELAKE_ASSIGN_OR_RAISE(const auto bytes, OpenByteStream(files, path));
  std::vector<char> scratch(kCheckBytes);
  size_t size = 1;
  while (size > 0) {
    TAPELAKE_ASSIGN_OR_RAISE(size, bytes->Read(scratch.data(), scratch.size()));
  }
  return Status::OK();
}

}  // namespace

Result<std::unique_ptr<record::RecordSource>> OpenObjectSource(io::FileSystem& files,
                                                               const std::string& path, bool errors,
                                                               uint64_t start_offset) {
  std::unique_ptr<LineDecoder> decoder;
  if (errors) {
    TAPELAKE_ASSIGN_OR_RAISE(const io::FileInfo info, files.GetInfo(path));
    if (info.size_bytes == 0) {
      return MakeError(ErrorKind::kCorrupt, "'" + path + "' at byte 0: the object is empty");
    }
    decoder = std::make_unique<ErrorLineDecoder>();
  } else {
    TAPELAKE_RETURN_NOT_OK(CheckRawObject(files, path));
    decoder = std::make_unique<RawLineDecoder>();
  }
  TAPELAKE_ASSIGN_OR_RAISE(auto bytes, OpenByteStream(files, path));
  if (const Status skipped = bytes->Skip(start_offset); !skipped.ok()) {
    return WithContext(skipped, "cannot continue '" + path + "'");
  }
  return std::make_unique<ObjectSource>(
      std::make_unique<LineSource>(std::move(bytes), start_offset,
                                   LineSource::Options{.line_bytes_max = kObjectLineBytesMax}),
      std::move(decoder), path);
}

}  // namespace tapelake::source
