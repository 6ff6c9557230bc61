#include "io/s3/s3_streams.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/buffer.h>

namespace tapelake::io {
namespace {

class S3InputFile : public arrow::io::RandomAccessFile {
 public:
  S3InputFile(S3Objects& objects, S3Path path, const S3ObjectInfo& info)
      : objects_(objects), path_(std::move(path)), info_(info) {
    set_mode(arrow::io::FileMode::READ);
  }

  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }
  Status Seek(int64_t position) override {
    TAPELAKE_RETURN_NOT_OK(CheckRange(position, 0));
    position_ = position;
    return Status::OK();
  }
  Result<int64_t> GetSize() override { return info_.size_bytes; }

  Result<int64_t> Read(int64_t bytes, void* out) override {
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position_, bytes, out));
    position_ += read;
    return read;
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    TAPELAKE_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
    position_ += buffer->size();
    return buffer;
  }
  Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override {
    TAPELAKE_ASSIGN_OR_RAISE(const Piece piece, Fetch(position, bytes));
    std::memcpy(out, piece.bytes.data(), piece.bytes.size());
    return static_cast<int64_t>(piece.bytes.size());
  }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t bytes) override {
    TAPELAKE_ASSIGN_OR_RAISE(const Piece piece, Fetch(position, bytes));
    return arrow::Buffer::FromString(std::string(piece.bytes));
  }

 private:
  /// Some bytes, and what keeps them.
  struct Piece {
    std::shared_ptr<const std::string> block;
    std::string_view bytes;
  };
  struct Block {
    int64_t offset = 0;
    std::shared_ptr<const std::string> content;

    bool Holds(int64_t position, int64_t size) const {
      return content != nullptr && position >= offset &&
             position + size <= offset + static_cast<int64_t>(content->size());
    }
    Piece Cut(int64_t position, int64_t size) const {
      const std::string_view all = *content;
      return {
          .block = content,
          .bytes = all.substr(static_cast<size_t>(position - offset), static_cast<size_t>(size))};
    }
  };

  Status CheckRange(int64_t position, int64_t bytes) const {
    if (closed_) return MakeError(ErrorKind::kInvalid, "read of a closed file");
    if (position >= 0 && bytes >= 0 && position <= info_.size_bytes) return Status::OK();
    return MakeError(ErrorKind::kInvalid, "read of " + std::to_string(bytes) + " bytes at " +
                                              std::to_string(position) + " of a file of " +
                                              std::to_string(info_.size_bytes));
  }

  Result<Piece> Fetch(int64_t position, int64_t bytes) {
    TAPELAKE_RETURN_NOT_OK(CheckRange(position, bytes));
    const int64_t size = std::min(bytes, info_.size_bytes - position);
    if (size == 0) return Piece();
    {
      const std::scoped_lock lock(mutex_);
      if (block_.Holds(position, size)) return block_.Cut(position, size);
    }
    Block block{.offset = info_.size_bytes <= kS3BlockBytes ? 0 : position};
    const int64_t wanted = std::max(size, kS3BlockBytes);
    TAPELAKE_ASSIGN_OR_RAISE(std::string content,
                             objects_.GetRange(path_, info_.etag, block.offset,
                                               std::min(wanted, info_.size_bytes - block.offset)));
    block.content = std::make_shared<const std::string>(std::move(content));
    if (wanted == kS3BlockBytes) {
      const std::scoped_lock lock(mutex_);
      block_ = block;
    }
    return block.Cut(position, size);
  }

  S3Objects& objects_;
  const S3Path path_;
  const S3ObjectInfo info_;
  int64_t position_ = 0;
  bool closed_ = false;
  std::mutex mutex_;
  Block block_;  // guarded by mutex_
};

class S3OutputStream : public arrow::io::OutputStream {
 public:
  S3OutputStream(S3Objects& objects, S3Path path, std::string writer)
      : objects_(objects), path_(std::move(path)), writer_(std::move(writer)) {
    set_mode(arrow::io::FileMode::WRITE);
  }
  ~S3OutputStream() override { (void)Abort(); }

  using OutputStream::Write;
  Status Write(const void* data, int64_t size) override {
    if (closed_) return MakeError(ErrorKind::kInvalid, "write to a closed file");
    std::string_view rest(static_cast<const char*>(data), static_cast<size_t>(size));
    while (!rest.empty()) {
      const size_t room = static_cast<size_t>(kS3PartBytes) - part_.size();
      part_.append(rest.substr(0, room));
      rest.remove_prefix(std::min(room, rest.size()));
      // The last part waits: what is not longer than one needs no upload of parts.
      if (part_.size() == static_cast<size_t>(kS3PartBytes) && !rest.empty()) {
        TAPELAKE_RETURN_NOT_OK(SendPart());
      }
    }
    written_ += size;
    return Status::OK();
  }
  Result<int64_t> Tell() const override { return written_; }
  bool closed() const override { return closed_; }

  Status Abort() override {
    if (std::exchange(closed_, true) || upload_.empty()) return Status::OK();
    return objects_.AbortUpload(path_, upload_);
  }

  Status Close() override {
    if (closed_) return Status::OK();
    if (upload_.empty()) {
      closed_ = true;
      return objects_.Put(path_, part_);
    }
    Status done = SendPart();
    if (done.ok()) done = objects_.CompleteUpload(path_, upload_, etags_, writer_);
    if (!done.ok()) {
      (void)Abort();  // what is told is why
      return done;
    }
    closed_ = true;
    return done;
  }

 private:
  Status SendPart() {
    if (upload_.empty()) {
      TAPELAKE_ASSIGN_OR_RAISE(upload_, objects_.BeginUpload(path_, writer_));
    }
    if (etags_.size() == kS3PartsMax) {
      return MakeError(ErrorKind::kInvalid, "'s3://" + path_.bucket + "/" + path_.key +
                                                "' is longer than " + std::to_string(kS3PartsMax) +
                                                " parts of " + std::to_string(kS3PartBytes) +
                                                " bytes");
    }
    TAPELAKE_ASSIGN_OR_RAISE(
        std::string etag,
        objects_.PutPart(path_, upload_, static_cast<int>(etags_.size()) + 1, part_));
    etags_.push_back(std::move(etag));
    part_.clear();
    return Status::OK();
  }

  S3Objects& objects_;
  const S3Path path_;
  const std::string writer_;
  std::string part_;  // not sent yet
  std::string upload_;
  std::vector<std::string> etags_;  // of the parts sent
  int64_t written_ = 0;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<arrow::io::RandomAccessFile> MakeS3InputFile(S3Objects& objects, S3Path path,
                                                             const S3ObjectInfo& info) {
  return std::make_shared<S3InputFile>(objects, std::move(path), info);
}

std::shared_ptr<arrow::io::OutputStream> MakeS3OutputStream(S3Objects& objects, S3Path path,
                                                            std::string writer) {
  return std::make_shared<S3OutputStream>(objects, std::move(path), std::move(writer));
}

}  // namespace tapelake::io
