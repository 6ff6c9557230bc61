#pragma once

#include <string>
#include <string_view>

#include "delivery/compressor.h"
#include "delivery/deflate_stream.h"

namespace tapelake::delivery {

/// One gzip member by isa-l's igzip.
class GzipWriter : public Compressor {
 public:
  void Append(std::string_view text, std::string* out) override { stream_.Append(text, out); }
  void Finish(std::string* out) override { stream_.Finish(out); }

 private:
  DeflateStream stream_{DeflateStream::Form::kGzip};
};

}  // namespace tapelake::delivery
