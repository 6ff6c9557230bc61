#include "serve/local/hot_view_codec.h"

#include <memory>
#include <string>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>

namespace tapelake::serve {
namespace {

constexpr size_t kChangeBytesMin = 12;
constexpr size_t kChunkBytesMin = 8;

Status Invalid(const std::string& what) {
  return MakeError(ErrorKind::kInvalid, "the hot rows cannot be read: " + what);
}

Result<std::shared_ptr<arrow::Buffer>> RowsToIpc(const arrow::RecordBatch& rows) {
  TAPELAKE_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  TAPELAKE_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(sink, rows.schema()));
  TAPELAKE_RETURN_NOT_OK(writer->WriteRecordBatch(rows));
  TAPELAKE_RETURN_NOT_OK(writer->Close());
  return sink->Finish();
}

Result<std::shared_ptr<arrow::RecordBatch>> RowsFromIpc(std::string_view bytes) {
  // A copy: the bytes lie unaligned in the message, and the rows outlive it.
  const auto buffer = arrow::Buffer::FromString(std::string(bytes));
  TAPELAKE_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(
                                            std::make_shared<arrow::io::BufferReader>(buffer)));
  std::shared_ptr<arrow::RecordBatch> rows;
  TAPELAKE_RETURN_NOT_OK(reader->ReadNext(&rows));
  if (rows == nullptr) return Invalid("a chunk holds no batch");
  TAPELAKE_RETURN_NOT_OK(rows->Validate());
  return rows;
}

Result<std::shared_ptr<const hot::HotChunk>> DecodeChunk(WireReader* reader) {
  auto chunk = std::make_shared<hot::HotChunk>();
  const uint32_t count = reader->U32();
  if (count > reader->left() / kChangeBytesMin) return Invalid("it ends too early");
  chunk->changes.reserve(count);
  for (uint32_t i = 0; i < count && reader->ok(); ++i) {
    const std::string_view key = reader->Text();
    chunk->changes.push_back({std::string(key), static_cast<int64_t>(reader->U64())});
  }
  const std::string_view ipc = reader->Text();
  if (!reader->ok()) return Invalid("it ends too early");
  auto rows = RowsFromIpc(ipc);
  if (!rows.ok()) return Invalid(rows.status().message());
  chunk->rows = *std::move(rows);
  for (const hot::HotChange& change : chunk->changes) {
    if (change.row < hot::HotChange::kDelete || change.row >= chunk->rows->num_rows()) {
      return Invalid("there is no row " + std::to_string(change.row));
    }
  }
  return std::shared_ptr<const hot::HotChunk>(std::move(chunk));
}

}  // namespace

Result<Message> EncodeHotView(const hot::HotView& view) {
  Message message{.kind = MessageKind::kHotReply, .body = {}};
  WireWriter writer(&message.body);
  writer.Text(view.instant);
  writer.U32(static_cast<uint32_t>(view.chunks.size()));
  for (const auto& chunk : view.chunks) {
    writer.U32(static_cast<uint32_t>(chunk->changes.size()));
    for (const hot::HotChange& change : chunk->changes) {
      writer.Text(change.key);
      writer.U64(static_cast<uint64_t>(change.row));
    }
    TAPELAKE_ASSIGN_OR_RAISE(const auto ipc, RowsToIpc(*chunk->rows));
    const std::string_view bytes(*ipc);
    if (message.body.size() + bytes.size() + sizeof(uint32_t) > kReplyBytesMax) {
      return MakeError(ErrorKind::kThrottled, "the hot rows need more than " +
                                                  std::to_string(kReplyBytesMax) +
                                                  " bytes: try again after the next commit");
    }
    writer.Text(bytes);
  }
  return message;
}

Result<hot::HotView> DecodeHotView(std::string_view body) {
  WireReader reader(body);
  hot::HotView view;
  view.instant = reader.Text();
  const uint32_t count = reader.U32();
  if (count > reader.left() / kChunkBytesMin) return Invalid("it ends too early");
  for (uint32_t i = 0; i < count; ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(auto chunk, DecodeChunk(&reader));
    view.chunks.push_back(std::move(chunk));
  }
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  return view;
}

}  // namespace tapelake::serve
