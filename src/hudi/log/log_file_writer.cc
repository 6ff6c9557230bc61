#include "hudi/log/log_file_writer.h"

#include "hudi/format/byte_codec.h"

namespace tapelake::hudi {
namespace {

/// A block ends with the row that reaches this: one row of at most 64 MiB stays below the limit.
constexpr size_t kBlockBytesAim = 192u << 20;

/// Append one data block of as many of the rows as fit. Returns how many that are.
Result<size_t> AppendDataBlock(const LogFileContent& content, std::span<const int64_t> rows,
                               AvroRowEncoder* encoder, std::string* out) {
  const size_t begin = BeginLogBlock(LogBlockType::kAvroData,
                                     {{LogHeaderKey::kInstantTime, std::string(content.instant)},
                                      {LogHeaderKey::kSchema, std::string(content.schema_json)}},
                                     out);
  AppendBigEndian(kLogContentVersion, out);
  const size_t count_at = out->size();
  AppendBigEndian(int32_t{0}, out);  // the count, once it is known
  TAPELAKE_ASSIGN_OR_RAISE(const size_t taken,
                           encoder->AppendUpTo(kBlockBytesAim, *content.rows, rows, out));
  PatchBigEndian(static_cast<int32_t>(taken), count_at, out);
  EndLogBlock(begin, out);
  return taken;
}

Status WriteBlocks(const LogFileContent& content, AvroRowEncoder* encoder,
                   arrow::io::OutputStream* file) {
  std::string block;
  std::span<const int64_t> rows =
      content.rows == nullptr ? std::span<const int64_t>() : content.selection;
  while (!rows.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(const size_t taken, AppendDataBlock(content, rows, encoder, &block));
    rows = rows.subspan(taken);
    if (rows.empty()) break;
    TAPELAKE_RETURN_NOT_OK(file->Write(block));
    block.clear();
  }
  if (content.deletes != nullptr && !content.deletes->empty()) {
    AppendLogBlock(LogBlockType::kDelete,
                   {{LogHeaderKey::kInstantTime, std::string(content.instant)}},
                   FormatDeleteBlockContent(*content.deletes), &block);
  }
  if (block.empty()) {
    return MakeError(ErrorKind::kInvalid, "a log file with neither rows nor deletes");
  }
  return file->Write(block);
}

}  // namespace

Result<int64_t> WriteLogFile(io::FileSystem& files, const std::string& path,
                             const LogFileContent& content, AvroRowEncoder* encoder) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto file, files.OpenForWrite(path));
  Status written = WriteBlocks(content, encoder, file.get());
  if (!written.ok()) {
    (void)file->Abort();
    return WithContext(written, "log file '" + path + "'");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t size_bytes, file->Tell());
  TAPELAKE_RETURN_NOT_OK(file->Close());
  return size_bytes;
}

}  // namespace tapelake::hudi
