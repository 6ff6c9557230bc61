#pragma once

/// One new log file: data blocks and a delete block of one commit and file group.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>

#include "base/status.h"
#include "hudi/format/avro_datum.h"
#include "hudi/format/log_block.h"
#include "hudi/log/buffer_pool.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// What all log files of one commit have in common.
struct LogFileHeader {
  std::string_view instant;
  std::string_view schema_json;  ///< Avro schema with meta columns; what the encoder was made of.
};

/// How much will be in one log file, and in its blocks.
struct LogFileSize {
  size_t rows = 0;         ///< To be expected; 0: nobody knows.
  size_t block_bytes = 0;  ///< A data block ends with the row that reaches this.
};

/// Writes one new log file piece by piece: data blocks, then at most one delete block.
///
/// One thread. The file is opened when a row comes after a full block, or in Finish(). Memory: one
/// block, in a buffer from the pool. A file that was not finished is rubbish, if it is there at
/// all: the caller deletes it.
class LogFileWriter {
 public:
  /// What `header` points to must outlive the writer, as must `files` and `buffers`.
  LogFileWriter(io::FileSystem& files, BufferPool& buffers, std::string path,
                const LogFileHeader& header, const LogFileSize& size)
      : files_(files),
        buffers_(buffers),
        path_(std::move(path)),
        header_(header),
        size_(size),
        pending_(buffers.Take()) {}
  LogFileWriter(const LogFileWriter&) = delete;
  LogFileWriter& operator=(const LogFileWriter&) = delete;
  ~LogFileWriter();

  /// Append rows of `batch`, which has meta columns, in the order of `rows`.
  /// Errors: kInvalid (encoder), kUnavailable; the writer is then unusable.
  Status AddRows(const arrow::RecordBatch& batch, std::span<const int64_t> rows,
                 AvroRowEncoder* encoder);

  /// Append the deletes, make the content durable (the name is after SyncDirectory) and return the
  /// file's size. Errors: kInvalid (neither rows nor deletes), kUnavailable.
  Result<int64_t> Finish(const std::vector<DeleteRecord>& deletes);

 private:
  void BeginBlock();
  void EndBlock(AfterBlock after);
  void MakeRoom();
  Status Flush();

  io::FileSystem& files_;
  BufferPool& buffers_;
  std::string path_;
  LogFileHeader header_;
  LogFileSize size_;
  std::shared_ptr<arrow::io::OutputStream> file_;
  std::string pending_;      // not in the file yet
  size_t block_begin_ = 0;   // of the open data block, in pending_
  size_t count_offset_ = 0;  // of its row count
  int32_t block_rows_ = 0;   // 0: no data block is open
  bool has_room_ = false;    // pending_ has been grown to what is expected
};

/// What goes into the file. Either part may be empty, not both.
struct LogFileContent {
  std::string_view instant;
  std::string_view schema_json;
  const arrow::RecordBatch* rows = nullptr;  ///< With meta columns; nullptr: deletes only.
  std::span<const int64_t> selection;        ///< Rows of `rows`, in order.
  const std::vector<DeleteRecord>* deletes = nullptr;
};

/// Write a whole file by a LogFileWriter, with data blocks below 256 MiB. Returns its size.
/// Errors: those of the writer.
Result<int64_t> WriteLogFile(io::FileSystem& files, const std::string& path,
                             const LogFileContent& content, AvroRowEncoder* encoder);

}  // namespace tapelake::hudi
