#pragma once

/// The rows of one file slice as a snapshot query sees them: base file and logs merged.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/log/log_overlay.h"
#include "hudi/reader/base_file_check.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Says whether a row group of a base file is worth reading, judged by its statistics.
using RowGroupFilter = std::function<Result<bool>(const BaseFileReader& reader, int row_group)>;

/// What a slice is read from. Everything referenced must outlive the reader.
struct SliceSource {
  io::FileSystem& files;
  const std::string& base_path;
  const Timeline& timeline;
  std::shared_ptr<arrow::Schema> schema;  ///< Data columns of the table.
  LogScanOptions scan;
  /// Which rows of the base file are wanted at all; empty: all. Rows of logs are never left out.
  RowGroupFilter row_groups = {};
  /// Base files that need no check; nullptr: each is checked when it is opened.
  CheckedBaseFiles* checked = nullptr;
};

/// Streams the rows of a slice: base rows whose key is in no log, then the logs' surviving rows.
/// One thread. Memory: the merged logs plus one batch.
class SliceReader {
 public:
  /// `columns`: names of meta columns and table columns, in the order wanted; columns the base file
  /// lacks are null, narrower ones are widened. The base file's seal is checked. Errors: those of
  /// CheckBaseFile, BaseFileReader and ReadLogOverlay; kInvalid (no such column, or a type that
  /// does not widen; a base file without record keys under logs).
  static Result<std::unique_ptr<SliceReader>> Open(const SliceSource& source,
                                                   const FileSlice& slice,
                                                   const std::vector<std::string>& columns);

  /// The same with the merged logs of the slice, which were read already; nullptr: it has none.
  static Result<std::unique_ptr<SliceReader>> OpenOver(const SliceSource& source,
                                                       const FileSlice& slice,
                                                       const std::vector<std::string>& columns,
                                                       std::shared_ptr<const LogOverlay> overlay);
  ~SliceReader();

  /// The next batch (never empty), nullptr at the end. Errors: kCorrupt, kUnavailable, kInvalid.
  Result<std::shared_ptr<arrow::RecordBatch>> Next();

  /// The merged logs; nullptr if the slice has none. Shared: may outlive the reader.
  const std::shared_ptr<const LogOverlay>& overlay() const;

 private:
  class Impl;
  explicit SliceReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::hudi
