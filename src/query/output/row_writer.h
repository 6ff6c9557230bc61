#pragma once

/// Results as text. Internal to query.

#include <memory>
#include <vector>

#include "base/status.h"
#include "query/output/column_type.h"
#include "query/output/output_format.h"

namespace tapelake::query {

/// How the table form is laid out.
struct TableStyle {
  bool unicode = false;  ///< Box-drawing borders; otherwise `|` and `-`.
  int width_max = 0;     ///< Terminal columns; wider rows are cut. 0: nothing is cut.
  int64_t rows_max = 0;  ///< Rows shown before "more rows" ends the result. 0: all.
};

/// Write one result: Begin once, Append per chunk, Finish once. One thread. Output is passed to the
/// sink in pieces of about 64 KiB, so memory does not grow with the result.
class RowWriter {
 public:
  virtual ~RowWriter() = default;

  /// Start a result. `columns` must outlive the writer's use. Errors: the sink's.
  virtual Status Begin(const std::vector<ResultColumn>& columns) = 0;

  /// Write one chunk. Returns false if no more rows are wanted. Errors: the sink's.
  virtual Result<bool> Append(duckdb_data_chunk chunk) = 0;

  /// End the result and pass on what is buffered. Errors: the sink's.
  virtual Status Finish() = 0;
};

std::unique_ptr<RowWriter> MakeCsvWriter(TextSink sink);
/// `lines`: one object per line; otherwise one array. A column name that occurred before gets `_1`,
/// `_2`, ... so that no object has two equal keys.
std::unique_ptr<RowWriter> MakeJsonWriter(TextSink sink, bool lines);
std::unique_ptr<RowWriter> MakeTableWriter(TextSink sink, const TableStyle& style);

/// Collect text and pass it on in large pieces. One thread.
class BufferedText {
 public:
  explicit BufferedText(TextSink sink) : sink_(std::move(sink)) {}

  std::string* text() { return &text_; }
  /// Pass the text on if it has grown large.
  Status FlushIfLarge() { return text_.size() < kFlushBytes ? Status::OK() : Flush(); }
  Status Flush() {
    const Status status = text_.empty() ? Status::OK() : sink_(text_);
    text_.clear();
    return status;
  }

 private:
  static constexpr size_t kFlushBytes = 64 * 1024;

  TextSink sink_;
  std::string text_;
};

/// The chunk's columns, described by `columns`.
std::vector<VectorView> ViewChunk(duckdb_data_chunk chunk,
                                  const std::vector<ResultColumn>& columns);

/// Append the cell as CSV and table show it: `\N` is not written here; nested values as JSON.
void AppendCellText(const VectorView& column, uint64_t row, std::string* out);

}  // namespace tapelake::query
