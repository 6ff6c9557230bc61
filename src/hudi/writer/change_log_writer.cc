#include "hudi/writer/change_log_writer.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/io/interfaces.h>

#include "hudi/format/avro_datum.h"
#include "hudi/format/avro_schema.h"
#include "hudi/format/byte_codec.h"
#include "hudi/format/file_name.h"
#include "hudi/format/log_block.h"
#include "hudi/format/projection.h"
#include "hudi/reader/base_file_reader.h"

namespace tapelake::hudi {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

constexpr size_t kBlockBytes = size_t{64} << 20;
constexpr int64_t kRowsAtOnce = 65'536;

Result<Batch> TakeRows(const Batch& rows, const std::vector<int64_t>& numbers) {
  const arrow::Int64Array indices(static_cast<int64_t>(numbers.size()),
                                  arrow::Buffer::Wrap(numbers));
  TAPELAKE_ASSIGN_OR_RAISE(auto taken, arrow::compute::Take(rows, arrow::Datum(indices.data())));
  return taken.record_batch();
}

/// A length and the text, as Avro has them.
void AppendAvroText(std::string_view text, std::string* out) {
  uint64_t zigzag = static_cast<uint64_t>(text.size()) << 1;
  for (; zigzag >= 0x80; zigzag >>= 7)
    out->push_back(static_cast<char>(zigzag | 0x80));
  out->push_back(static_cast<char>(zigzag));
  out->append(text);
}

/// Some changes of one kind of source: rows before and after, side by side.
struct Changes {
  std::vector<uint32_t> locals;      // changes of the task
  std::vector<int64_t> before_rows;  // of the stored batch; empty: they are all new
};

/// Writes the blocks of one log.
class ChangeLog {
 public:
  ChangeLog(const CommitContext& context, const FileGroupTask& task, const ChangeLogFormat& format)
      : context_(context), task_(task), format_(format) {
    image_ = arrow::struct_(context.request.schema->fields());
    arrow::FieldVector fields = {arrow::field("op", arrow::utf8())};
    if (format.logging == CdcLogging::kBothImages) {
      fields.push_back(arrow::field("ts_ms", arrow::utf8()));
      fields.push_back(arrow::field("before", image_));
      fields.push_back(arrow::field("after", image_));
    } else {
      fields.push_back(arrow::field("record_key", arrow::utf8()));
      fields.push_back(arrow::field("before", image_));
    }
    schema_ = arrow::schema(std::move(fields));
  }

  Status Append(const Changes& changes, const Batch& stored) {
    if (changes.locals.empty()) return Status::OK();
    if (format_.logging == CdcLogging::kKeys) return AppendKeys(changes);
    if (!encoder_) {
      TAPELAKE_ASSIGN_OR_RAISE(auto encoder, AvroRowEncoder::Make(schema_));
      encoder_.emplace(std::move(encoder));
    }
    TAPELAKE_ASSIGN_OR_RAISE(const Batch records, RecordsOf(changes, stored));
    std::vector<int64_t> all(changes.locals.size());
    for (size_t i = 0; i < all.size(); ++i)
      all[i] = static_cast<int64_t>(i);
    std::span<const int64_t> rows = all;
    while (!rows.empty()) {
      TAPELAKE_ASSIGN_OR_RAISE(const size_t taken,
                               encoder_->AppendUpTo(kBlockBytes, *records, rows, &records_));
      count_ += static_cast<int32_t>(taken);
      rows = rows.subspan(taken);
      TAPELAKE_RETURN_NOT_OK(EndFullBlock());
    }
    return Status::OK();
  }

  Result<int64_t> Finish() {
    EndBlock();
    TAPELAKE_RETURN_NOT_OK(Flush());
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t size_bytes, file_->Tell());
    TAPELAKE_RETURN_NOT_OK(file_->Close());
    return size_bytes;
  }

 private:
  const RecordChange& ChangeOf(uint32_t local) const {
    return context_.request.changes[task_.changes[local]];
  }
  static bool Deletes(const RecordChange& change) { return change.row == RecordChange::kDelete; }

  std::string_view OperationOf(const Changes& changes, uint32_t local) const {
    if (changes.before_rows.empty()) return "i";
    return Deletes(ChangeOf(local)) ? "d" : "u";
  }

  /// Records of operation and key: Hudi's unions have the text first, so they are made by hand.
  Status AppendKeys(const Changes& changes) {
    for (const uint32_t local : changes.locals) {
      std::string record;
      record.push_back(0);
      AppendAvroText(OperationOf(changes, local), &record);
      record.push_back(0);
      AppendAvroText(ChangeOf(local).record_key, &record);
      AppendBigEndian(static_cast<int32_t>(record.size()), &records_);
      records_ += record;
      ++count_;
      TAPELAKE_RETURN_NOT_OK(EndFullBlock());
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> ImagesBefore(const Changes& changes, const Batch& stored) {
    const auto count = static_cast<int64_t>(changes.locals.size());
    if (changes.before_rows.empty()) return arrow::MakeArrayOfNull(image_, count);
    TAPELAKE_ASSIGN_OR_RAISE(const Batch rows, TakeRows(stored, changes.before_rows));
    TAPELAKE_ASSIGN_OR_RAISE(const Batch images, ProjectBatch(*rows, context_.request.schema));
    return std::make_shared<arrow::StructArray>(image_, count, images->columns());
  }

  Result<std::shared_ptr<arrow::Array>> ImagesAfter(const Changes& changes) {
    const auto count = static_cast<int64_t>(changes.locals.size());
    std::vector<int64_t> rows;
    arrow::TypedBufferBuilder<bool> valid;
    int64_t deleted = 0;
    for (const uint32_t local : changes.locals) {
      const RecordChange& change = ChangeOf(local);
      rows.push_back(Deletes(change) ? 0 : change.row);
      TAPELAKE_RETURN_NOT_OK(valid.Append(!Deletes(change)));
      if (Deletes(change)) ++deleted;
    }
    if (deleted == count) return arrow::MakeArrayOfNull(image_, count);
    TAPELAKE_ASSIGN_OR_RAISE(const Batch taken, TakeRows(context_.request.rows, rows));
    TAPELAKE_ASSIGN_OR_RAISE(const Batch images, ProjectBatch(*taken, context_.request.schema));
    TAPELAKE_ASSIGN_OR_RAISE(auto bitmap, valid.Finish());
    return std::make_shared<arrow::StructArray>(image_, count, images->columns(), std::move(bitmap),
                                                deleted);
  }

  Result<Batch> RecordsOf(const Changes& changes, const Batch& stored) {
    arrow::StringBuilder operations;
    arrow::StringBuilder texts;  // time or key
    for (const uint32_t local : changes.locals) {
      TAPELAKE_RETURN_NOT_OK(operations.Append(OperationOf(changes, local)));
      TAPELAKE_RETURN_NOT_OK(texts.Append(format_.logging == CdcLogging::kBothImages
                                              ? std::string_view(context_.instant)
                                              : ChangeOf(local).record_key));
    }
    arrow::ArrayVector columns(3);
    TAPELAKE_ASSIGN_OR_RAISE(columns[0], operations.Finish());
    TAPELAKE_ASSIGN_OR_RAISE(columns[1], texts.Finish());
    TAPELAKE_ASSIGN_OR_RAISE(columns[2], ImagesBefore(changes, stored));
    if (format_.logging == CdcLogging::kBothImages) {
      TAPELAKE_ASSIGN_OR_RAISE(auto after, ImagesAfter(changes));
      columns.push_back(std::move(after));
    }
    return arrow::RecordBatch::Make(schema_, static_cast<int64_t>(changes.locals.size()),
                                    std::move(columns));
  }

  void EndBlock() {
    AppendLogBlock(
        LogBlockType::kCdcData,
        {{LogHeaderKey::kInstantTime, context_.instant}, {LogHeaderKey::kSchema, format_.schema}},
        FormatAvroBlockContent(count_, records_), &pending_);
    records_.clear();
    count_ = 0;
  }

  Status EndFullBlock() {
    if (records_.size() < kBlockBytes) return Status::OK();
    EndBlock();
    return Flush();
  }

  Status Flush() {
    if (file_ == nullptr) {
      TAPELAKE_ASSIGN_OR_RAISE(file_, context_.files.OpenForWrite(io::JoinPath(
                                          context_.base_path, ChangeLogPath(context_, task_))));
    }
    TAPELAKE_RETURN_NOT_OK(file_->Write(pending_));
    pending_.clear();
    return Status::OK();
  }

  const CommitContext& context_;
  const FileGroupTask& task_;
  const ChangeLogFormat& format_;
  std::shared_ptr<arrow::DataType> image_;
  std::shared_ptr<arrow::Schema> schema_;
  std::optional<AvroRowEncoder> encoder_;
  std::string records_;  // of the open block
  int32_t count_ = 0;
  std::string pending_;  // blocks that are not in the file yet
  std::shared_ptr<arrow::io::OutputStream> file_;
};

/// Finds out which changes met a stored row.
class StoredComparison {
 public:
  StoredComparison(const CommitContext& context, const FileGroupTask& task,
                   const FileGroupOutcome& outcome)
      : context_(context), task_(task) {
    const absl::flat_hash_set<size_t> refused(outcome.refused.begin(), outcome.refused.end());
    for (uint32_t local = 0; local < task.changes.size(); ++local) {
      if (refused.contains(task.changes[local])) continue;
      locals_.emplace(context.request.changes[task.changes[local]].record_key, local);
    }
    met_.resize(task.changes.size());
  }

  Status Run(bool with_images, ChangeLog* log) {
    const std::string path = io::JoinPath(context_.base_path, task_.stored->RelativePath());
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, BaseFileReader::Open(context_.files, path));
    std::vector<std::string> columns = {std::string(kMetaColumns[2])};
    for (const auto& field : context_.request.schema->fields()) {
      if (with_images) columns.push_back(field->name());
    }
    TAPELAKE_ASSIGN_OR_RAISE(const auto batches, reader->Stream(reader->AllRowGroups(), columns));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const Batch batch, batches->Next());
      if (batch == nullptr) break;
      TAPELAKE_ASSIGN_OR_RAISE(const Changes changes, Meet(*batch, path));
      TAPELAKE_RETURN_NOT_OK(log->Append(changes, batch));
    }
    return AppendInserts(log);
  }

 private:
  Result<Changes> Meet(const arrow::RecordBatch& batch, const std::string& path) {
    const auto column = batch.GetColumnByName(std::string(kMetaColumns[2]));
    const auto* keys = dynamic_cast<const arrow::StringArray*>(column.get());
    if (keys == nullptr) {
      return MakeError(ErrorKind::kCorrupt,
                       "base file '" + path + "' has no record keys in _hoodie_record_key");
    }
    Changes changes;
    for (int64_t row = 0; row < keys->length(); ++row) {
      const auto found = locals_.find(keys->GetView(row));
      if (found == locals_.end() || met_[found->second]) continue;
      met_[found->second] = true;
      changes.locals.push_back(found->second);
      changes.before_rows.push_back(row);
    }
    return changes;
  }

  Status AppendInserts(ChangeLog* log) {
    Changes inserts;
    for (uint32_t local = 0; local < task_.changes.size(); ++local) {
      const RecordChange& change = context_.request.changes[task_.changes[local]];
      const bool refused = !locals_.contains(change.record_key);
      if (met_[local] || refused || change.row == RecordChange::kDelete) continue;
      inserts.locals.push_back(local);
      if (std::ssize(inserts.locals) < kRowsAtOnce) continue;
      TAPELAKE_RETURN_NOT_OK(log->Append(inserts, nullptr));
      inserts.locals.clear();
    }
    return log->Append(inserts, nullptr);
  }

  const CommitContext& context_;
  const FileGroupTask& task_;
  absl::flat_hash_map<std::string_view, uint32_t> locals_;  // changes that were not refused
  std::vector<bool> met_;                                   // by local: a stored row had its key
};

}  // namespace

std::string ChangeLogSchemaText(CdcLogging logging, const std::string& table_schema,
                                const std::string& name, const std::string& name_space) {
  constexpr std::string_view kText = R"(,"type":["null","string"],"default":null})";
  if (logging == CdcLogging::kKeys) {
    return R"({"type":"record","name":"Record","fields":[{"name":"op","type":["string","null"]},)"
           R"({"name":"record_key","type":["string","null"]}]})";
  }
  std::string text = R"({"type":"record","name":"CDC","namespace":")" + name_space +
                     R"(","fields":[{"name":"op")" + std::string(kText);
  text += logging == CdcLogging::kBothImages ? R"(,{"name":"ts_ms")" : R"(,{"name":"record_key")";
  text += kText;
  text += R"(,{"name":"before","type":["null",)" + table_schema + R"(],"default":null})";
  if (logging == CdcLogging::kBothImages) {
    text +=
        R"(,{"name":"after","type":["null",")" + name_space + "." + name + R"("],"default":null})";
  }
  return text + "]}";
}

std::string ChangeLogPath(const CommitContext& context, const FileGroupTask& task) {
  return io::JoinPath(task.partition_path,
                      FormatLogFileName({.file_id = task.file_id,
                                         .base_instant = context.instant,
                                         .version = 1,
                                         .write_token = std::to_string(task.number) + "-0-0",
                                         .is_cdc = true}));
}

Result<int64_t> WriteChangeLog(const CommitContext& context, const FileGroupTask& task,
                               const FileGroupOutcome& outcome, const ChangeLogFormat& format) {
  ChangeLog log(context, task, format);
  const bool with_images = format.logging != CdcLogging::kKeys;
  TAPELAKE_RETURN_NOT_OK(StoredComparison(context, task, outcome).Run(with_images, &log));
  return log.Finish();
}

}  // namespace tapelake::hudi
