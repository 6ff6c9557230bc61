#include <memory>
#include <vector>

#include <zstd.h>

#include "source/files/input_file.h"

namespace tapelake::source {
namespace {

class ZstdStream : public ByteStream {
 public:
  explicit ZstdStream(InputFile input)
      : input_(std::move(input)), buffer_(ZSTD_DStreamInSize()), context_(ZSTD_createDCtx()) {}

  Result<size_t> Read(char* to, size_t size) override;

 private:
  struct FreeContext {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  Status Refill();
  Status Damage(const std::string& reason) const {
    const int64_t unread = static_cast<int64_t>(pending_.size - pending_.pos);
    return DamagedFile(input_.path, input_.position - unread, produced_, reason);
  }

  InputFile input_;
  std::vector<char> buffer_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  ZSTD_inBuffer pending_ = {};
  bool input_ended_ = false;
  bool inside_frame_ = false;
  uint64_t produced_ = 0;
  Status failure_;
};

Status ZstdStream::Refill() {
  TAPELAKE_ASSIGN_OR_RAISE(const size_t read, input_.Read(buffer_.data(), buffer_.size()));
  pending_ = {.src = buffer_.data(), .size = read, .pos = 0};
  input_ended_ = read == 0;
  return Status::OK();
}

Result<size_t> ZstdStream::Read(char* to, size_t size) {
  TAPELAKE_RETURN_NOT_OK(failure_);
  ZSTD_outBuffer out = {.dst = to, .size = size, .pos = 0};
  while (out.pos == 0) {
    if (pending_.pos == pending_.size && !input_ended_) {
      failure_ = Refill();
      TAPELAKE_RETURN_NOT_OK(failure_);
    }
    if (input_ended_ && !inside_frame_) return 0;
    const size_t outcome = ZSTD_decompressStream(context_.get(), &out, &pending_);
    if (ZSTD_isError(outcome)) {
      failure_ = Damage(ZSTD_getErrorName(outcome));
    } else if (input_ended_ && outcome != 0 && out.pos == 0) {
      failure_ = Damage("it ends inside a zstd frame");
    } else {
      inside_frame_ = outcome != 0;
    }
    if (!failure_.ok()) break;
  }
  produced_ += out.pos;
  if (out.pos == 0) return failure_;
  return out.pos;
}

}  // namespace

std::unique_ptr<ByteStream> MakeZstdStream(InputFile input) {
  return std::make_unique<ZstdStream>(std::move(input));
}

}  // namespace tapelake::source
