#pragma once

#include <memory>
#include <string>

#include <arrow/io/interfaces.h>

#include "base/status.h"
#include "io/byte_stream.h"
#include "io/file_system.h"

namespace tapelake::app {

/// A new file as a sink of bytes. One thread.
class FileOutput : public io::ByteOutput {
 public:
  /// Create or truncate. Errors: those of io::FileSystem::OpenForWrite.
  static Result<std::unique_ptr<FileOutput>> Open(io::FileSystem& files, const std::string& path) {
    TAPELAKE_ASSIGN_OR_RAISE(auto stream, files.OpenForWrite(path));
    return std::unique_ptr<FileOutput>(new FileOutput(std::move(stream)));
  }

  Status Write(std::string_view bytes) override {
    return stream_->Write(bytes.data(), static_cast<int64_t>(bytes.size()));
  }

  /// Make the content durable; without it the file may hold anything.
  Status Close() { return stream_->Close(); }

 private:
  explicit FileOutput(std::shared_ptr<arrow::io::OutputStream> stream)
      : stream_(std::move(stream)) {}

  std::shared_ptr<arrow::io::OutputStream> stream_;
};

}  // namespace tapelake::app
