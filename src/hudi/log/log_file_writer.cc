#include "hudi/log/log_file_writer.h"

#include <algorithm>
#include <utility>

#include "hudi/format/byte_codec.h"

namespace tapelake::hudi {
namespace {

/// A block ends with the row that reaches this: one row of at most 64 MiB stays below the limit.
constexpr size_t kBlockBytesAim = 192u << 20;

}  // namespace

LogFileWriter::~LogFileWriter() {
  if (file_ != nullptr && !file_->closed()) (void)file_->Abort();
  buffers_.Give(std::move(pending_));
}

void LogFileWriter::BeginBlock() {
  block_begin_ = BeginLogBlock(LogBlockType::kAvroData,
                               {{LogHeaderKey::kInstantTime, std::string(header_.instant)},
                                {LogHeaderKey::kSchema, std::string(header_.schema_json)}},
                               &pending_);
  AppendBigEndian(kLogContentVersion, &pending_);
  count_offset_ = pending_.size();
  AppendBigEndian(int32_t{0}, &pending_);  // the count, once it is known
}

void LogFileWriter::EndBlock(AfterBlock after) {
  if (block_rows_ == 0) return;
  PatchBigEndian(block_rows_, count_offset_, &pending_);
  EndLogBlock(block_begin_, after, &pending_);
  block_rows_ = 0;
}

/// Grow the buffer once, by what the first rows were like: growing it bit by bit copies all of it
/// again and again into memory that is new each time, which costs more than the encoding.
void LogFileWriter::MakeRoom() {
  has_room_ = true;
  const size_t row_bytes = pending_.size() / static_cast<size_t>(block_rows_) + 1;
  const size_t all_bytes = row_bytes * size_.rows;
  pending_.reserve(std::min(all_bytes + all_bytes / 8, size_.block_bytes + size_.block_bytes / 8));
}

Status LogFileWriter::Flush() {
  if (file_ == nullptr) {
    TAPELAKE_ASSIGN_OR_RAISE(file_, files_.OpenForWrite(path_));
  }
  TAPELAKE_RETURN_NOT_OK(file_->Write(pending_));
  pending_.clear();
  return Status::OK();
}

Status LogFileWriter::AddRows(const arrow::RecordBatch& batch, std::span<const int64_t> rows,
                              AvroRowEncoder* encoder) {
  while (!rows.empty()) {
    // Not before there is a row for the next block: the full one must say whether it is the last.
    if (block_rows_ > 0 && pending_.size() - block_begin_ >= size_.block_bytes) {
      EndBlock(AfterBlock::kMore);
      TAPELAKE_RETURN_NOT_OK(Flush());
    }
    if (block_rows_ == 0) BeginBlock();
    const size_t used = pending_.size() - block_begin_;
    const size_t room = size_.block_bytes > used ? size_.block_bytes - used : 1;
    const auto taken = encoder->AppendUpTo(room, batch, rows, &pending_);
    if (!taken.ok()) return WithContext(taken.status(), "log file '" + path_ + "'");
    block_rows_ += static_cast<int32_t>(*taken);
    rows = rows.subspan(*taken);
    if (!has_room_) MakeRoom();
  }
  return Status::OK();
}

Result<int64_t> LogFileWriter::Finish(const std::vector<DeleteRecord>& deletes) {
  EndBlock(deletes.empty() ? AfterBlock::kEnd : AfterBlock::kMore);
  if (!deletes.empty()) {
    AppendLogBlock(LogBlockType::kDelete,
                   {{LogHeaderKey::kInstantTime, std::string(header_.instant)}},
                   FormatDeleteBlockContent(deletes), &pending_);
  }
  if (pending_.empty() && file_ == nullptr) {
    return MakeError(ErrorKind::kInvalid,
                     "log file '" + path_ + "': a log file with neither rows nor deletes");
  }
  if (!pending_.empty()) TAPELAKE_RETURN_NOT_OK(Flush());
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t size_bytes, file_->Tell());
  TAPELAKE_RETURN_NOT_OK(file_->Close());
  return size_bytes;
}

Result<int64_t> WriteLogFile(io::FileSystem& files, const std::string& path,
                             const LogFileContent& content, AvroRowEncoder* encoder) {
  BufferPool buffers(0);
  LogFileWriter writer(files, buffers, path,
                       {.instant = content.instant, .schema_json = content.schema_json},
                       {.rows = content.selection.size(), .block_bytes = kBlockBytesAim});
  if (content.rows != nullptr) {
    TAPELAKE_RETURN_NOT_OK(writer.AddRows(*content.rows, content.selection, encoder));
  }
  static const std::vector<DeleteRecord> kNone;
  return writer.Finish(content.deletes == nullptr ? kNone : *content.deletes);
}

}  // namespace tapelake::hudi
