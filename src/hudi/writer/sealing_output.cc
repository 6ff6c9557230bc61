#include "hudi/writer/sealing_output.h"

#include <string_view>

namespace tapelake::hudi {

arrow::Status SealingOutput::Write(const void* data, int64_t nbytes) {
  const std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(nbytes));
  position_ += nbytes;
  if (holding_back_) {
    held_back_.append(bytes);
    return arrow::Status::OK();
  }
  hash_.Add(bytes);
  return file_->Write(data, nbytes);
}

Status SealingOutput::Finish(std::string_view mark) {
  const size_t found = held_back_.rfind(mark);
  const size_t digits_at = found == std::string::npos ? found : found + mark.size();
  if (found == std::string::npos ||
      !std::string_view(held_back_).substr(digits_at).starts_with(base::kOpenSeal)) {
    return MakeError(ErrorKind::kInternal, "the footer has no place for a seal");
  }
  hash_.Add(held_back_);
  held_back_.replace(digits_at, base::kSealDigits, hash_.Digits());
  TAPELAKE_RETURN_NOT_OK(file_->Write(held_back_.data(), static_cast<int64_t>(held_back_.size())));
  return file_->Close();
}

}  // namespace tapelake::hudi
