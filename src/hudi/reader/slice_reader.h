#pragma once

/// The rows of one file slice as a snapshot query sees them: base file and logs merged.

#include <memory>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/log/log_overlay.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// What a slice is read from. Everything referenced must outlive the reader.
struct SliceSource {
  io::FileSystem& files;
  const std::string& base_path;
  const Timeline& timeline;
  std::shared_ptr<arrow::Schema> schema;  ///< Data columns of the table.
  LogScanOptions scan;
};

/// Streams the rows of a slice: base rows whose key is in no log, then the logs' surviving rows.
/// One thread. Memory: the merged logs plus one batch.
class SliceReader {
 public:
  /// `columns`: names of meta columns and table columns, in the order wanted; columns the base file
  /// lacks are null. Errors: those of BaseFileReader and ReadLogOverlay.
  static Result<std::unique_ptr<SliceReader>> Open(const SliceSource& source,
                                                   const FileSlice& slice,
                                                   const std::vector<std::string>& columns);
  ~SliceReader();

  /// The next batch (never empty), nullptr at the end. Errors: kCorrupt, kUnavailable.
  Result<std::shared_ptr<arrow::RecordBatch>> Next();

 private:
  class Impl;
  explicit SliceReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::hudi
