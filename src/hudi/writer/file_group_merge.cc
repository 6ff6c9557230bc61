#include "hudi/writer/file_group_merge.h"

#include <charconv>
#include <map>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
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

/// Give `column` the type it is written in: with or without dictionary. A dictionary holds no value
/// that no row has: else a file would remember all that its rows ever had, and grow with every
/// rewrite.
Result<std::shared_ptr<arrow::Array>> InForm(const std::shared_ptr<arrow::Array>& column,
                                             const std::shared_ptr<arrow::DataType>& form) {
  if (column->type()->Equals(*form)) {
    if (form->id() != arrow::Type::DICTIONARY) return column;
    return checked_cast<const arrow::DictionaryArray&>(*column).Compact();
  }
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

/// Return the rows of `batch` whose bit in `mask`, from bit `first` on, is set.
Result<std::shared_ptr<arrow::RecordBatch>> KeepRows(
    const std::shared_ptr<arrow::RecordBatch>& batch, const std::shared_ptr<arrow::Buffer>& mask,
    int64_t first) {
  const arrow::BooleanArray filter(batch->num_rows(), mask, nullptr, 0, first);
  TAPELAKE_ASSIGN_OR_RAISE(auto kept,
                           arrow::compute::Filter(batch, arrow::Datum(filter.data()),
                                                  arrow::compute::FilterOptions::Defaults()));
  return kept.record_batch();
}

/// Return `rows` values of `column`, from `first` on, as one array.
Result<std::shared_ptr<arrow::Array>> Section(const arrow::ChunkedArray& column, int64_t first,
                                              int64_t rows) {
  const auto section = column.Slice(first, rows);
  if (section->num_chunks() == 1) return section->chunk(0);
  return arrow::Concatenate(section->chunks());
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
  GatherChanges();
  TAPELAKE_RETURN_NOT_OK(OpenStored());
  TAPELAKE_RETURN_NOT_OK(IndexChanges());
  if (stored_ != nullptr) TAPELAKE_RETURN_NOT_OK(JudgeStored());
  CountFates(&outcome);
  if (!changed() && !context_.always_writes) return outcome;
  ChooseColumnForms();
  const std::string path = io::JoinPath(context_.base_path, task_.RelativePath());
  TAPELAKE_ASSIGN_OR_RAISE(writer_, BaseFileWriter::Open(context_.files, path, form_));
  if (stored_ != nullptr) TAPELAKE_RETURN_NOT_OK(WriteStored());
  TAPELAKE_RETURN_NOT_OK(AppendIncoming());
  TAPELAKE_RETURN_NOT_OK(Finish(&outcome));
  return outcome;
}

/// Side by side they are read several times at the cost of once: one by one, keys of 1 in 24 rows
/// miss the cache each time.
void FileGroupMerge::GatherChanges() {
  constexpr size_t kLikelyKeyBytes = 24;
  constexpr size_t kAhead = 8;  // the change is asked for twice as early as the key it points to
  fates_.assign(task_.changes.size(), Fate::kNew);
  changes_.reserve(task_.changes.size());
  key_bytes_.reserve(task_.changes.size() * kLikelyKeyBytes);
  const std::span<const RecordChange> all = context_.request.changes;
  for (size_t i = 0; i < task_.changes.size(); ++i) {
    if (i + 2 * kAhead < task_.changes.size()) {
      __builtin_prefetch(&all[task_.changes[i + 2 * kAhead]]);
      __builtin_prefetch(all[task_.changes[i + kAhead]].record_key.data());
    }
    changes_.push_back(all[task_.changes[i]]);
    key_bytes_.append(changes_.back().record_key);
  }
  const char* key = key_bytes_.data();
  for (RecordChange& change : changes_) {
    change.record_key = {key, change.record_key.size()};
    key += change.record_key.size();
  }
}

void FileGroupMerge::CountFates(FileGroupOutcome* outcome) {
  for (uint32_t local = 0; local < fates_.size(); ++local) {
    if (fates_[local] == Fate::kRefused) {
      ++outcome->kept_stored_rows;
      outcome->refused.push_back(task_.changes[local]);
    } else if (fates_[local] == Fate::kNew) {
      ++(changes_[local].row == RecordChange::kDelete ? outcome->missing_deletes : inserts_);
    }
  }
}

Status FileGroupMerge::OpenStored() {
  if (task_.stored != nullptr) {
    BaseFileReadOptions options{.keep_dictionaries = true,
                                .dense_columns = {MetaName(kSequence), MetaName(kRecordKey)}};
    if (const RecordMerger* merger = context_.request.merger; merger != nullptr) {
      rival_columns_ = merger->NeededColumns().value_or(context_.request.schema->field_names());
    }
    options.dense_columns.insert(options.dense_columns.end(), rival_columns_.begin(),
                                 rival_columns_.end());
    const std::string path = io::JoinPath(context_.base_path, task_.stored->RelativePath());
    TAPELAKE_RETURN_NOT_OK(CheckBaseFile(context_.files, path));
    TAPELAKE_ASSIGN_OR_RAISE(stored_, BaseFileReader::Open(context_.files, path, options));
  }
  keys_.emplace(stored_.get(), static_cast<int64_t>(changes_.size()) - task_.delete_count);
  return Status::OK();
}

Status FileGroupMerge::IndexChanges() {
  if (stored_ == nullptr && task_.keys_are_distinct) return Status::OK();
  const auto twice = local_of_key_.Fill(changes_);
  if (!twice) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "record key '" + std::string(changes_[*twice].record_key) +
                                            "' is changed twice in one commit of partition '" +
                                            task_.partition_path + "'");
}

void FileGroupMerge::ChooseColumnForms() {
  arrow::FieldVector fields;
  for (int meta = 0; meta < kMetaCount; ++meta) {
    const auto column = static_cast<MetaColumn>(meta);
    const bool plain = column == kSequence || column == kRecordKey;
    fields.push_back(
        arrow::field(MetaName(column), plain ? arrow::utf8() : DictionaryOf(arrow::utf8())));
    // The keys are read first; the last two are the same for every row of the new file.
    if (column == kCommitTime || column == kSequence) stored_columns_.push_back(MetaName(column));
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

Status FileGroupMerge::WriteStored() {
  for (const int row_group : stored_->AllRowGroups()) {
    if (IsCopied(row_group)) {
      TAPELAKE_RETURN_NOT_OK(InStored(writer_->CopyRowGroup(*stored_, row_group)));
      written_rows_ += stored_->row_group_rows(row_group);
    } else {
      TAPELAKE_RETURN_NOT_OK(WriteDecoded(row_group, stored_rows_[static_cast<size_t>(row_group)]));
    }
  }
  return Status::OK();
}

bool FileGroupMerge::IsCopied(int row_group) const {
  return stored_rows_[static_cast<size_t>(row_group)].replaced.empty() &&
         stored_->row_group_rows(row_group) >= context_.copied_rows_min &&
         writer_->CanCopyRowGroup(*stored_, row_group);
}

Status FileGroupMerge::WriteDecoded(int row_group, const StoredRows& stored) {
  std::shared_ptr<arrow::ChunkedArray> keys = stored.keys;
  if (keys == nullptr) {
    TAPELAKE_ASSIGN_OR_RAISE(keys, ReadKeys(row_group));
  }
  const int64_t rows = keys->length();
  if (std::ssize(stored.replaced) == rows) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const auto stays, arrow::AllocateBitmap(rows));
  arrow::bit_util::SetBitsTo(stays->mutable_data(), 0, rows, true);
  for (const Rivalry& rival : stored.replaced)
    arrow::bit_util::ClearBit(stays->mutable_data(), rival.row);
  TAPELAKE_ASSIGN_OR_RAISE(auto stream, stored_->Stream({row_group}, stored_columns_));
  int64_t done = 0;
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(auto batch, stream->Next());
    if (batch == nullptr) break;
    const int64_t count = batch->num_rows();
    if (count > rows - done) return StoredIsCutShort();
    TAPELAKE_ASSIGN_OR_RAISE(auto key_column, Section(*keys, done, count));
    TAPELAKE_ASSIGN_OR_RAISE(batch,
                             batch->AddColumn(0, MetaName(kRecordKey), std::move(key_column)));
    if (!stored.replaced.empty()) {
      TAPELAKE_ASSIGN_OR_RAISE(batch, KeepRows(batch, stays, done));
    }
    TAPELAKE_RETURN_NOT_OK(AppendStored(batch));
    done += count;
  }
  return done == rows ? Status::OK() : StoredIsCutShort();
}

Status FileGroupMerge::InStored(const Status& status) const {
  return WithContext(status, "base file '" + task_.stored->RelativePath() + "'");
}

Status FileGroupMerge::StoredIsCutShort() const {
  return InStored(MakeError(ErrorKind::kCorrupt, "its columns have different numbers of rows"));
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
  TAPELAKE_ASSIGN_OR_RAISE(
      auto data, TakeRows(context_.rows == nullptr ? context_.request.rows : context_.rows, rows));
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
  constexpr size_t kDigitsMax = 20;
  std::string text = context_.instant + "_" + std::to_string(task_.number) + "_";
  const size_t prefix_bytes = text.size();
  text.resize(prefix_bytes + kDigitsMax);
  char* const digits = text.data() + prefix_bytes;
  arrow::StringBuilder builder;
  TAPELAKE_RETURN_NOT_OK(builder.Reserve(rows));
  TAPELAKE_RETURN_NOT_OK(builder.ReserveData(rows * static_cast<int64_t>(text.size())));
  for (int64_t i = 0; i < rows; ++i) {
    const char* const end = std::to_chars(digits, digits + kDigitsMax, next_sequence_++).ptr;
    builder.UnsafeAppend(text.data(), static_cast<int32_t>(end - text.data()));
  }
  return builder.Finish();
}

Status FileGroupMerge::AppendChunk(int64_t rows, arrow::ArrayVector columns) {
  pending_.push_back(arrow::RecordBatch::Make(form_, rows, std::move(columns)));
  pending_rows_ += rows;
  return pending_rows_ >= kRowGroupRows ? Flush() : Status::OK();
}

Status FileGroupMerge::Flush() {
  if (pending_rows_ == 0) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(form_, pending_));
  pending_.clear();
  written_rows_ += pending_rows_;
  pending_rows_ = 0;
  TAPELAKE_ASSIGN_OR_RAISE(table, arrow::DictionaryUnifier::UnifyTable(*table));
  return writer_->WriteRowGroup(*table);
}

Status FileGroupMerge::Finish(FileGroupOutcome* outcome) {
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
