#include "source/files/byte_stream.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "source/files/input_file.h"

namespace tapelake::source {
namespace {

Status TooShort(uint64_t wanted, uint64_t size) {
  return MakeError(ErrorKind::kInvalid, "holds " + std::to_string(size) +
                                            " uncompressed bytes, cannot continue at " +
                                            std::to_string(wanted) + "; was it cut or replaced?");
}

class PlainStream : public ByteStream {
 public:
  explicit PlainStream(InputFile input) : input_(std::move(input)) {}

  Result<size_t> Read(char* to, size_t size) override { return input_.Read(to, size); }

  Status Skip(uint64_t bytes) override {
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t size, input_.file->GetSize());
    if (bytes > static_cast<uint64_t>(size)) {
      return WithContext(TooShort(bytes, static_cast<uint64_t>(size)), "'" + input_.path + "'");
    }
    input_.position = static_cast<int64_t>(bytes);
    return Status::OK();
  }

 private:
  InputFile input_;
};

bool StartsWith(std::string_view bytes, std::string_view magic) {
  return bytes.starts_with(magic);
}

// Skippable zstd frames (such as a seek table) start with one of sixteen numbers.
bool IsZstd(std::string_view bytes) {
  return StartsWith(bytes, "\x28\xb5\x2f\xfd") ||
         (bytes.size() >= 4 && (bytes[0] & 0xf0) == 0x50 && bytes.substr(1, 3) == "\x2a\x4d\x18");
}

}  // namespace

Status ByteStream::Skip(uint64_t bytes) {
  std::vector<char> scratch(256 << 10);
  uint64_t skipped = 0;
  while (skipped < bytes) {
    const size_t want = static_cast<size_t>(std::min<uint64_t>(scratch.size(), bytes - skipped));
    TAPELAKE_ASSIGN_OR_RAISE(const size_t read, Read(scratch.data(), want));
    if (read == 0) return TooShort(bytes, skipped);
    skipped += read;
  }
  return Status::OK();
}

Status DamagedFile(const std::string& path, int64_t stored_offset, uint64_t uncompressed_offset,
                   const std::string& reason) {
  return MakeError(ErrorKind::kCorrupt, "'" + path + "' is damaged near byte " +
                                            std::to_string(stored_offset) + " (uncompressed byte " +
                                            std::to_string(uncompressed_offset) + "): " + reason);
}

Result<std::unique_ptr<ByteStream>> OpenByteStream(io::FileSystem& files, const std::string& path) {
  InputFile input{.path = path};
  TAPELAKE_ASSIGN_OR_RAISE(input.file, files.OpenForRead(path));
  std::array<char, 4> first{};
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t size, input.file->ReadAt(0, first.size(), first.data()));
  const std::string_view magic(first.data(), static_cast<size_t>(size));
  if (StartsWith(magic, "\x1f\x8b")) return MakeGzipStream(std::move(input));
  if (IsZstd(magic)) return MakeZstdStream(std::move(input));
  if (StartsWith(magic, "PK\x03\x04") || StartsWith(magic, "PK\x05\x06")) {
    return OpenZipStream(std::move(input));
  }
  return std::make_unique<PlainStream>(std::move(input));
}

}  // namespace tapelake::source
