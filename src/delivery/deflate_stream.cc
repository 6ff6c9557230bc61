#include "delivery/deflate_stream.h"

#include <array>
#include <cstdint>

#include <isa-l/igzip_lib.h>

#include "base/assert.h"

namespace tapelake::delivery {
namespace {

constexpr size_t kScratchBytes = 512 << 10;
// The fastest level that searches: level 0 is no faster on our lines, and 3 takes twice the time
// for two percent.
constexpr uint32_t kLevel = 1;

}  // namespace

struct DeflateStream::Stream {
  isal_zstream deflate;
  std::array<uint8_t, ISAL_DEF_LVL1_DEFAULT> level_buffer;
  std::array<uint8_t, kScratchBytes> scratch;
};

DeflateStream::DeflateStream(Form form) : stream_(std::make_unique<Stream>()) {
  isal_zstream& deflate = stream_->deflate;
  isal_deflate_init(&deflate);
  deflate.level = kLevel;
  deflate.level_buf = stream_->level_buffer.data();
  deflate.level_buf_size = static_cast<uint32_t>(stream_->level_buffer.size());
  deflate.gzip_flag = form == Form::kGzip ? IGZIP_GZIP : IGZIP_DEFLATE;
}

DeflateStream::~DeflateStream() = default;

void DeflateStream::Append(std::string_view text, std::string* out) {
  isal_zstream& deflate = stream_->deflate;
  // The library takes what it only reads as writable.
  deflate.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  deflate.avail_in = static_cast<uint32_t>(text.size());
  Run(out);
}

void DeflateStream::Finish(std::string* out) {
  isal_zstream& deflate = stream_->deflate;
  deflate.end_of_stream = 1;
  deflate.next_in = stream_->scratch.data();  // nothing is read, but it must point somewhere
  deflate.avail_in = 0;
  Run(out);
  TAPELAKE_ASSERT(deflate.internal_state.state == ZSTATE_END);
}

void DeflateStream::Run(std::string* out) {
  isal_zstream& deflate = stream_->deflate;
  do {
    deflate.next_out = stream_->scratch.data();
    deflate.avail_out = kScratchBytes;
    const int outcome = isal_deflate(&deflate);
    TAPELAKE_ASSERT(outcome == COMP_OK);  // it can only refuse parameters
    out->append(reinterpret_cast<const char*>(stream_->scratch.data()),
                kScratchBytes - deflate.avail_out);
  } while (deflate.avail_out == 0 || deflate.avail_in > 0);
}

}  // namespace tapelake::delivery
