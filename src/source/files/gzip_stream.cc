#include <array>
#include <vector>

#include <zlib.h>

#include "source/files/input_file.h"

namespace tapelake::source {
namespace {

constexpr size_t kInputBytes = 128 << 10;
constexpr int kGzipWindowBits = 15 + 16;  // zlib: +16 reads the gzip header and checks its CRC

class GzipStream : public ByteStream {
 public:
  explicit GzipStream(InputFile input) : input_(std::move(input)), buffer_(kInputBytes) {
    // Fails only without memory, which ends the process anyway.
    inflateInit2(&inflate_, kGzipWindowBits);
  }
  ~GzipStream() override { inflateEnd(&inflate_); }

  Result<size_t> Read(char* to, size_t size) override;

 private:
  Status Refill();
  Status BeginNextMember();
  Status Damage(const std::string& reason) const {
    return DamagedFile(input_.path, input_.position - inflate_.avail_in, produced_, reason);
  }

  InputFile input_;
  std::vector<unsigned char> buffer_;
  z_stream inflate_ = {};
  bool input_ended_ = false;
  bool between_members_ = false;
  uint64_t produced_ = 0;
  Status failure_;
};

Status GzipStream::Refill() {
  TAPELAKE_ASSIGN_OR_RAISE(const size_t read,
                           input_.Read(reinterpret_cast<char*>(buffer_.data()), buffer_.size()));
  inflate_.next_in = buffer_.data();
  inflate_.avail_in = static_cast<uInt>(read);
  input_ended_ = read == 0;
  return Status::OK();
}

// Members may follow one another; zero bytes after the last one are padding.
Status GzipStream::BeginNextMember() {
  for (;;) {
    if (inflate_.avail_in == 0) TAPELAKE_RETURN_NOT_OK(Refill());
    if (input_ended_) return Status::OK();
    if (*inflate_.next_in != 0) break;
    ++inflate_.next_in;
    --inflate_.avail_in;
  }
  between_members_ = false;
  inflateReset(&inflate_);
  return Status::OK();
}

Result<size_t> GzipStream::Read(char* to, size_t size) {
  TAPELAKE_RETURN_NOT_OK(failure_);
  inflate_.next_out = reinterpret_cast<Bytef*>(to);
  inflate_.avail_out = static_cast<uInt>(size);
  while (inflate_.avail_out == size && failure_.ok()) {
    if (between_members_) {
      failure_ = BeginNextMember();
      if (failure_.ok() && between_members_) return 0;  // the end
    } else if (inflate_.avail_in == 0) {
      failure_ = Refill();
      if (failure_.ok() && input_ended_) failure_ = Damage("it ends inside a gzip member");
    }
    if (!failure_.ok()) break;
    const int outcome = inflate(&inflate_, Z_NO_FLUSH);
    if (outcome == Z_STREAM_END) {
      between_members_ = true;
    } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
      produced_ += size - inflate_.avail_out;
      failure_ = Damage(inflate_.msg != nullptr ? inflate_.msg : "no gzip data");
      produced_ -= size - inflate_.avail_out;
    }
  }
  const size_t read = size - inflate_.avail_out;
  produced_ += read;
  if (read == 0) return failure_;
  return read;
}

}  // namespace

std::unique_ptr<ByteStream> MakeGzipStream(InputFile input) {
  return std::make_unique<GzipStream>(std::move(input));
}

}  // namespace tapelake::source
