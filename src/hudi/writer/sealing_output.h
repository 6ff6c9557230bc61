#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/io/interfaces.h>

#include "base/seal.h"
#include "base/status.h"

namespace tapelake::hudi {

/// Passes bytes on to a file and computes its seal; what is written from HoldBack() on waits in
/// memory until the seal is known. One thread.
class SealingOutput : public arrow::io::OutputStream {
 public:
  explicit SealingOutput(std::shared_ptr<arrow::io::OutputStream> file) : file_(std::move(file)) {}

  /// Keep what follows: it holds the open seal.
  void HoldBack() { holding_back_ = true; }

  /// Put the seal of all bytes behind the last `mark` of those held back, write them and close the
  /// file. Errors: kInternal (no mark with an open seal), those of the file.
  Status Finish(std::string_view mark);

  using arrow::io::Writable::Write;
  arrow::Status Write(const void* data, int64_t nbytes) override;
  arrow::Result<int64_t> Tell() const override { return position_; }
  /// Does nothing: Finish() closes.
  arrow::Status Close() override { return arrow::Status::OK(); }
  arrow::Status Abort() override { return file_->Abort(); }
  bool closed() const override { return file_->closed(); }

 private:
  std::shared_ptr<arrow::io::OutputStream> file_;
  base::SealHash hash_;
  std::string held_back_;
  bool holding_back_ = false;
  int64_t position_ = 0;
};

}  // namespace tapelake::hudi
