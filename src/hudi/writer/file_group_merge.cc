#include "hudi/writer/file_group_merge.h"

#include <map>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/table.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/avro_schema.h"
#include "hudi/format/file_name.h"
#include "hudi/format/projection.h"
#include "hudi/reader/base_file_check.h"

namespace tapelake::hudi {
namespace {

using arrow::internal::checked_cast;

enum MetaColumn { kCommitTime, kSequence, kRecordKey, kPartitionPath, kFileName, kMetaCount };

std::string MetaName(MetaColumn column) {
  return std::string(kMetaColumns[column]);
}

std::shared_ptr<arrow::DataType> DictionaryOf(const std::shared_ptr<arrow::DataType>& type) {
  return arrow::dictionary(arrow::int32(), type);
}

/// A column that has one value: the value once, and zeros.
Result<std::shared_ptr<arrow::Array>> ConstantColumn(const std::string& value, int64_t rows) {
  arrow::StringBuilder builder;
  TAPELAKE_RETURN_NOT_OK(builder.Append(value));
  TAPELAKE_ASSIGN_OR_RAISE(auto values, builder.Finish());
  TAPELAKE_ASSIGN_OR_RAISE(auto zeros, arrow::MakeArrayFromScalar(arrow::Int32Scalar(0), rows));
  return arrow::DictionaryArray::FromArrays(DictionaryOf(arrow::utf8()), zeros, values);
}

/// Give `column` the type it is written in: with or without dictionary.
Result<std::shared_ptr<arrow::Array>> InForm(const std::shared_ptr<arrow::Array>& column,
                                             const std::shared_ptr<arrow::DataType>& form) {
  if (column->type()->Equals(*form)) return column;
  if (form->id() == arrow::Type::DICTIONARY) {
    TAPELAKE_ASSIGN_OR_RAISE(auto encoded, arrow::compute::DictionaryEncode(column));
    return encoded.make_array();
  }
  return arrow::compute::Cast(*column, form);
}

const std::shared_ptr<arrow::DataType>& PlainType(const std::shared_ptr<arrow::DataType>& form) {
  if (form->id() != arrow::Type::DICTIONARY) return form;
  return checked_cast<const arrow::DictionaryType&>(*form).value_type();
}

/// Return the rows of `batch` whose bit in `mask` is set.
Result<std::shared_ptr<arrow::RecordBatch>> KeepRows(
    const std::shared_ptr<arrow::RecordBatch>& batch, const std::shared_ptr<arrow::Buffer>& mask) {
  const arrow::BooleanArray filter(batch->num_rows(), mask);
  TAPELAKE_ASSIGN_OR_RAISE(auto kept,
                           arrow::compute::Filter(batch, arrow::Datum(filter.data()),
                                                  arrow::compute::FilterOptions::Defaults()));
  return kept.record_batch();
}

/// Return row numbers `first`, `first` + 1, ... if `rows` are exactly those; else -1.
int64_t FirstOfRun(const std::vector<int64_t>& rows) {
  if (rows.empty() || rows.back() - rows.front() != static_cast<int64_t>(rows.size()) - 1)
    return -1;
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i] != rows[i - 1] + 1) return -1;
  }
  return rows.front();
}

Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(
    const std::shared_ptr<arrow::RecordBatch>& batch, const std::vector<int64_t>& rows) {
  if (const int64_t first = FirstOfRun(rows); first >= 0) {
    return batch->Slice(first, static_cast<int64_t>(rows.size()));
  }
  const arrow::Int64Array indices(static_cast<int64_t>(rows.size()), arrow::Buffer::Wrap(rows));
  TAPELAKE_ASSIGN_OR_RAISE(auto taken,
                           arrow::compute::Take(batch, arrow::Datum(indices.data()),
                                                arrow::compute::TakeOptions::NoBoundsCheck()));
  return taken.record_batch();
}

}  // namespace

std::string FileGroupTask::RelativePath() const {
  return io::JoinPath(partition_path, file_name);
}

Result<FileGroupOutcome> FileGroupMerge::Run() {
  FileGroupOutcome outcome;
  fates_.assign(task_.changes.size(), Fate::kNew);
  changes_.reserve(task_.changes.size());
  for (const uint32_t change : task_.changes) {
    changes_.push_back(context_.request.changes[change]);
  }
  TAPELAKE_RETURN_NOT_OK(OpenStored());
  TAPELAKE_RETURN_NOT_OK(IndexChanges());
  ChooseColumnForms();
  if (stored_ != nullptr) TAPELAKE_RETURN_NOT_OK(MergeStored());
  TAPELAKE_RETURN_NOT_OK(AppendIncoming());
  for (uint32_t local = 0; local < fates_.size(); ++local) {
    if (fates_[local] == Fate::kRefused) {
      ++outcome.kept_stored_rows;
      outcome.refused.push_back(task_.changes[local]);
    } else if (fates_[local] == Fate::kNew && changes_[local].row == RecordChange::kDelete) {
      ++outcome.missing_deletes;
    }
  }
  TAPELAKE_RETURN_NOT_OK(Finish(&outcome));
  return outcome;
}

Status FileGroupMerge::OpenStored() {
  if (task_.stored != nullptr) {
    BaseFileReadOptions options{.keep_dictionaries = true,
                                .dense_columns = {MetaName(kSequence), MetaName(kRecordKey)}};
    const RecordMerger* merger = context_.request.merger;
    const auto needed = merger == nullptr ? std::vector<std::string>() : merger->NeededColumns();
    if (needed) {
      options.dense_columns.insert(options.dense_columns.end(), needed->begin(), needed->end());
    } else {
      for (const auto& field : context_.request.schema->fields()) {
        options.dense_columns.push_back(field->name());
      }
    }
    const std::string path = io::JoinPath(context_.base_path, task_.stored->RelativePath());
    TAPELAKE_RETURN_NOT_OK(CheckBaseFile(context_.files, path));
    TAPELAKE_ASSIGN_OR_RAISE(stored_, BaseFileReader::Open(context_.files, path, options));
  }
  keys_.emplace(stored_.get(), static_cast<int64_t>(changes_.size()) - task_.delete_count);
  return Status::OK();
}

Status FileGroupMerge::IndexChanges() {
  locals_by_key_.reserve(task_.changes.size());
  for (uint32_t local = 0; local < task_.changes.size(); ++local) {
    const std::string_view key = changes_[local].record_key;
    if (!locals_by_key_.try_emplace(key, local).second) {
      return MakeError(ErrorKind::kInvalid, "record key '" + std::string(key) +
                                                "' is changed twice in one commit of partition '" +
                                                task_.partition_path + "'");
    }
  }
  return Status::OK();
}

void FileGroupMerge::ChooseColumnForms() {
  arrow::FieldVector fields;
  for (int meta = 0; meta < kMetaCount; ++meta) {
    const auto column = static_cast<MetaColumn>(meta);
    const bool plain = column == kSequence || column == kRecordKey;
    fields.push_back(
        arrow::field(MetaName(column), plain ? arrow::utf8() : DictionaryOf(arrow::utf8())));
    // These two are the same for every row of the new file, so nothing is read for them.
    if (column != kPartitionPath && column != kFileName) {
      stored_columns_.push_back(MetaName(column));
    }
  }
  const arrow::FieldVector& data = context_.request.schema->fields();
  for (size_t i = 0; i < data.size(); ++i) {
    const auto in_file =
        stored_ == nullptr ? nullptr : stored_->schema()->GetFieldByName(data[i]->name());
    if (in_file != nullptr) stored_columns_.push_back(data[i]->name());
    const bool as_dictionary =
        context_.low_cardinality[i] ||
        (in_file != nullptr && in_file->type()->Equals(*DictionaryOf(data[i]->type())));
    fields.push_back(as_dictionary ? data[i]->WithType(DictionaryOf(data[i]->type())) : data[i]);
    fields.back() = fields.back()->WithNullable(true);
  }
  form_ = arrow::schema(std::move(fields));
}

Status FileGroupMerge::MergeStored() {
  TAPELAKE_ASSIGN_OR_RAISE(auto stream, stored_->Stream(stored_->AllRowGroups(), stored_columns_));
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(auto batch, stream->Next());
    if (batch == nullptr) return Status::OK();
    TAPELAKE_RETURN_NOT_OK(MergeBatch(batch));
  }
}

Status FileGroupMerge::MergeBatch(const std::shared_ptr<arrow::RecordBatch>& batch) {
  const auto column = batch->GetColumnByName(MetaName(kRecordKey));
  if (column == nullptr || column->type_id() != arrow::Type::STRING) {
    return MakeError(ErrorKind::kCorrupt, "base file '" + task_.stored->RelativePath() +
                                              "' has no record keys in _hoodie_record_key");
  }
  const auto& keys = checked_cast<const arrow::StringArray&>(*column);
  const int64_t rows = batch->num_rows();
  TAPELAKE_ASSIGN_OR_RAISE(auto mask, arrow::AllocateBitmap(rows));
  arrow::bit_util::SetBitsTo(mask->mutable_data(), 0, rows, true);
  int64_t dropped = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const std::string_view key = keys.GetView(row);
    const auto found = locals_by_key_.find(key);
    if (found == locals_by_key_.end() || Stays(batch, row, found->second)) {
      if (keys_->needs_stored_keys()) keys_->AddStored(key);
      continue;
    }
    arrow::bit_util::ClearBit(mask->mutable_data(), row);
    ++dropped;
  }
  if (dropped == 0) return AppendStored(batch);
  TAPELAKE_ASSIGN_OR_RAISE(auto kept, KeepRows(batch, mask));
  return AppendStored(kept);
}

bool FileGroupMerge::Stays(const std::shared_ptr<arrow::RecordBatch>& batch, int64_t row,
                           uint32_t local) {
  if (const RecordMerger* merger = context_.request.merger; merger != nullptr) {
    if (merger_view_source_ != batch) {
      std::vector<int> data_columns;
      for (int i = 0; i < batch->num_columns(); ++i) {
        if (!IsMetaColumn(batch->column_name(i))) data_columns.push_back(i);
      }
      merger_view_ = batch->SelectColumns(data_columns).ValueOr(nullptr);
      merger_view_source_ = batch;
    }
    if (!merger->IncomingWins(*merger_view_, row, task_.changes[local])) {
      fates_[local] = Fate::kRefused;
      return true;
    }
  }
  fates_[local] = Fate::kReplaces;
  ++(changes_[local].row == RecordChange::kDelete ? deletes_ : updates_);
  return false;
}

Status FileGroupMerge::AppendStored(const std::shared_ptr<arrow::RecordBatch>& kept) {
  const int64_t rows = kept->num_rows();
  if (rows == 0) return Status::OK();
  arrow::ArrayVector columns;
  for (const auto& field : form_->fields()) {
    std::shared_ptr<arrow::Array> column;
    if (field->name() == MetaName(kPartitionPath)) {
      TAPELAKE_ASSIGN_OR_RAISE(column, ConstantColumn(task_.partition_path, rows));
    } else if (field->name() == MetaName(kFileName)) {
      TAPELAKE_ASSIGN_OR_RAISE(column, ConstantColumn(task_.file_name, rows));
    } else {
      const auto plain = field->WithType(PlainType(field->type()));
      TAPELAKE_ASSIGN_OR_RAISE(column, ProjectColumn(*kept, *plain, DictionaryUse::kKeep));
      TAPELAKE_ASSIGN_OR_RAISE(column, InForm(column, field->type()));
    }
    columns.push_back(std::move(column));
  }
  return AppendChunk(rows, std::move(columns));
}

Status FileGroupMerge::AppendIncoming() {
  std::vector<uint32_t> locals;
  std::vector<std::string_view> new_keys;
  for (uint32_t local = 0; local < fates_.size(); ++local) {
    const bool is_delete = changes_[local].row == RecordChange::kDelete;
    if (is_delete || fates_[local] == Fate::kRefused) continue;
    const bool is_new = fates_[local] == Fate::kNew;
    if (is_new) ++inserts_;
    if (is_new || keys_->needs_stored_keys()) new_keys.push_back(changes_[local].record_key);
    locals.push_back(local);
    if (locals.size() == kRowGroupRows) {
      TAPELAKE_RETURN_NOT_OK(AppendIncomingRows(locals));
      locals.clear();
    }
  }
  keys_->AddAll(new_keys);
  return locals.empty() ? Status::OK() : AppendIncomingRows(locals);
}

Status FileGroupMerge::AppendIncomingRows(std::span<const uint32_t> locals) {
  std::vector<int64_t> rows;
  rows.reserve(locals.size());
  for (const uint32_t local : locals)
    rows.push_back(changes_[local].row);
  TAPELAKE_ASSIGN_OR_RAISE(auto data, TakeRows(context_.request.rows, rows));
  const auto count = static_cast<int64_t>(locals.size());
  arrow::ArrayVector columns(kMetaCount);
  if (context_.kept_meta != nullptr) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto meta, TakeRows(context_.kept_meta, rows));
    TAPELAKE_ASSIGN_OR_RAISE(columns[kCommitTime],
                             InForm(meta->column(0), DictionaryOf(arrow::utf8())));
    columns[kSequence] = meta->column(1);
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(columns[kCommitTime], ConstantColumn(context_.instant, count));
    TAPELAKE_ASSIGN_OR_RAISE(columns[kSequence], SequenceNumbers(count));
  }
  TAPELAKE_ASSIGN_OR_RAISE(columns[kRecordKey], IncomingKeys(locals));
  TAPELAKE_ASSIGN_OR_RAISE(columns[kPartitionPath], ConstantColumn(task_.partition_path, count));
  TAPELAKE_ASSIGN_OR_RAISE(columns[kFileName], ConstantColumn(task_.file_name, count));
  for (int i = 0; i < data->num_columns(); ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(auto column,
                             InForm(data->column(i), form_->field(kMetaCount + i)->type()));
    columns.push_back(std::move(column));
  }
  return AppendChunk(count, std::move(columns));
}

Result<std::shared_ptr<arrow::Array>> FileGroupMerge::IncomingKeys(
    std::span<const uint32_t> locals) {
  int64_t bytes = 0;
  for (const uint32_t local : locals)
    bytes += static_cast<int64_t>(changes_[local].record_key.size());
  arrow::StringBuilder builder;
  TAPELAKE_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(locals.size())));
  TAPELAKE_RETURN_NOT_OK(builder.ReserveData(bytes));
  for (const uint32_t local : locals)
    builder.UnsafeAppend(changes_[local].record_key);
  return builder.Finish();
}

Result<std::shared_ptr<arrow::Array>> FileGroupMerge::SequenceNumbers(int64_t rows) {
  const std::string prefix = context_.instant + "_" + std::to_string(task_.number) + "_";
  arrow::StringBuilder builder;
  TAPELAKE_RETURN_NOT_OK(builder.Reserve(rows));
  std::string text = prefix;
  for (int64_t i = 0; i < rows; ++i) {
    text.resize(prefix.size());
    text += std::to_string(next_sequence_++);
    TAPELAKE_RETURN_NOT_OK(builder.Append(text));
  }
  return builder.Finish();
}

Status FileGroupMerge::AppendChunk(int64_t rows, arrow::ArrayVector columns) {
  pending_.push_back(arrow::RecordBatch::Make(form_, rows, std::move(columns)));
  pending_rows_ += rows;
  return pending_rows_ >= kRowGroupRows ? Flush() : Status::OK();
}

Status FileGroupMerge::Flush() {
  if (writer_ == nullptr) {
    const std::string path = io::JoinPath(context_.base_path, task_.RelativePath());
    TAPELAKE_ASSIGN_OR_RAISE(writer_, BaseFileWriter::Open(context_.files, path, form_));
  }
  if (pending_rows_ == 0) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(form_, pending_));
  pending_.clear();
  written_rows_ += pending_rows_;
  pending_rows_ = 0;
  TAPELAKE_ASSIGN_OR_RAISE(table, arrow::DictionaryUnifier::UnifyTable(*table));
  return writer_->WriteRowGroup(*table);
}

Status FileGroupMerge::Finish(FileGroupOutcome* outcome) {
  if (!changed() && !context_.always_writes) {
    if (writer_ == nullptr) return Status::OK();
    writer_.reset();  // a large file of which only the end showed that nothing changes
    return context_.files.DeleteFile(io::JoinPath(context_.base_path, task_.RelativePath()));
  }
  TAPELAKE_RETURN_NOT_OK(Flush());
  std::map<std::string, std::string> footer = {{"parquet.avro.schema", context_.footer_schema},
                                               {"writer.model.name", "avro"}};
  keys_->WriteTo(&footer);
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t size_bytes, writer_->Close(footer));
  outcome->written = true;
  WriteStat& stat = outcome->stat;
  stat.file_id = task_.file_id;
  stat.path = task_.RelativePath();
  stat.partition_path = task_.partition_path;
  if (task_.stored != nullptr) stat.previous_commit = task_.stored->base_instant;
  stat.writes = written_rows_;
  stat.inserts = inserts_;
  stat.update_writes = updates_;
  stat.deletes = deletes_;
  stat.write_bytes = size_bytes;
  stat.file_size_bytes = size_bytes;
  return Status::OK();
}

}  // namespace tapelake::hudi
