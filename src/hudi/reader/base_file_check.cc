#include "hudi/reader/base_file_check.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/seal.h"

namespace tapelake::hudi {
namespace {

using arrow::io::RandomAccessFile;

constexpr int64_t kPieceBytes = 1 << 20;
/// The seal is the last pair of the footer: only what every column adds comes after it.
constexpr int64_t kTailBytesMax = 64 << 10;
constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kEncryptedMagic = "PARE";
constexpr size_t kFilesMax = 100'000;  // of some 200 bytes each; beyond it all are forgotten

Status Damaged(const std::string& path, const std::string& why) {
  return MakeError(ErrorKind::kCorrupt, "base file '" + path + "': " + why);
}

Result<std::string> ReadPiece(RandomAccessFile& file, int64_t offset, int64_t size,
                              std::string buffer) {
  buffer.resize(static_cast<size_t>(size));
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t read, file.ReadAt(offset, size, buffer.data()));
  if (read != size) return MakeError(ErrorKind::kCorrupt, "it became shorter while it was read");
  return buffer;
}

/// Where the digits stand in `tail`; nullopt: there is no seal.
std::optional<size_t> FindDigits(std::string_view tail) {
  for (size_t at = tail.size(); at-- > 0;) {
    if (base::HasSealMark(tail, at, kBaseFileSealMark)) return at + kBaseFileSealMark.size();
  }
  return std::nullopt;
}

/// The seal of the whole file with its digits, which stand at `digits_at`, open.
Result<std::string> HashOf(RandomAccessFile& file, int64_t size, int64_t digits_at) {
  base::SealHash hash;
  std::string piece;
  const auto add = [&](int64_t begin, int64_t end) -> Status {
    for (int64_t at = begin; at < end; at += kPieceBytes) {
      const int64_t bytes = std::min(kPieceBytes, end - at);
      TAPELAKE_ASSIGN_OR_RAISE(piece, ReadPiece(file, at, bytes, std::move(piece)));
      hash.Add(piece);
    }
    return Status::OK();
  };
  TAPELAKE_RETURN_NOT_OK(add(0, digits_at));
  hash.Add(base::kOpenSeal);
  TAPELAKE_RETURN_NOT_OK(add(digits_at + static_cast<int64_t>(base::kSealDigits), size));
  return hash.Digits();
}

}  // namespace

Status CheckBaseFile(io::FileSystem& files, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto file, files.OpenForRead(path));
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  const int64_t tail_bytes = std::min(size, kTailBytesMax);
  TAPELAKE_ASSIGN_OR_RAISE(const std::string tail,
                           ReadPiece(*file, size - tail_bytes, tail_bytes, {}));
  const auto digits = FindDigits(tail);
  if (!digits) {
    if (tail.ends_with(kMagic) || tail.ends_with(kEncryptedMagic)) return Status::OK();
    return Damaged(path, "it does not end as Parquet files do; it may be cut");
  }
  const int64_t digits_at = size - tail_bytes + static_cast<int64_t>(*digits);
  const auto hash = HashOf(*file, size, digits_at);
  TAPELAKE_RETURN_NOT_OK(WithContext(hash.status(), "base file '" + path + "'"));
  if (tail.compare(*digits, base::kSealDigits, *hash) == 0) return Status::OK();
  return Damaged(path, "its checksum is wrong");
}

Status CheckedBaseFiles::Check(io::FileSystem& files, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const io::FileInfo info, files.GetInfo(path));
  const Version version(info.size_bytes, info.modified_micros);
  {
    const std::lock_guard lock(mutex_);
    const auto known = whole_.find(path);
    if (known != whole_.end() && known->second == version) return Status::OK();
    ++files_read_;
  }
  TAPELAKE_RETURN_NOT_OK(CheckBaseFile(files, path));
  const std::lock_guard lock(mutex_);
  if (whole_.size() >= kFilesMax) whole_.clear();
  whole_.insert_or_assign(path, version);
  return Status::OK();
}

int64_t CheckedBaseFiles::files_read() const {
  const std::lock_guard lock(mutex_);
  return files_read_;
}

}  // namespace tapelake::hudi
