#include <set>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "hudi/clustering/clustering.h"
#include "hudi/format/avro_schema.h"
#include "hudi/format/file_name.h"
#include "hudi/format/projection.h"
#include "hudi/log/log_overlay.h"
#include "hudi/reader/base_file_check.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/writer/base_file_writer.h"
#include "hudi/writer/commit_job.h"
#include "hudi/writer/data_files.h"
#include "hudi/writer/key_summary.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kRowGroupRows = 131'072;
constexpr const char* kOperation = "CLUSTER";
constexpr int kKeyNumber = 2;       // of the meta columns
constexpr int kFileNameNumber = 4;  // of the meta columns

using Batch = std::shared_ptr<arrow::RecordBatch>;

/// The new base file of one group.
class MergedFile {
 public:
  MergedFile(const ClusteringTarget& target, std::string relative_path, int64_t rows)
      : target_(target),
        path_(std::move(relative_path)),
        schema_(WithMetaColumns(target.schema)),
        form_(FormOf(*schema_)),
        keys_(nullptr, rows) {}

  Status Open() {
    return BaseFileWriter::Open(target_.files, io::JoinPath(target_.base_path, path_), form_)
        .Value(&writer_);
  }

  /// Append a slice without logs: row groups that can be moved are; the others are decoded and put
  /// together.
  Status Append(const FileSlice& slice) {
    const std::string path = io::JoinPath(target_.base_path, slice.RelativePath());
    TAPELAKE_RETURN_NOT_OK(CheckBaseFile(target_.files, path));
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, BaseFileReader::Open(target_.files, path));
    for (const int row_group : reader->AllRowGroups()) {
      TAPELAKE_RETURN_NOT_OK(AddKeys(*reader, row_group));
      rows_ += reader->row_group_rows(row_group);
      const bool is_copied = reader->row_group_rows(row_group) >= kCopiedRowsMin &&
                             writer_->CanCopyRowGroup(*reader, row_group);
      TAPELAKE_RETURN_NOT_OK(is_copied ? writer_->CopyRowGroup(*reader, row_group)
                                       : AppendDecoded(*reader, row_group));
    }
    return Status::OK();
  }

  /// Append a slice with the merged logs over it: what a snapshot shows of it.
  Status AppendMerged(const FileSlice& slice, std::shared_ptr<const LogOverlay> overlay) {
    const SliceSource source{.files = target_.files,
                             .base_path = target_.base_path,
                             .timeline = target_.timeline,
                             .schema = target_.schema,
                             .scan = {}};
    TAPELAKE_ASSIGN_OR_RAISE(
        const auto reader,
        SliceReader::OpenOver(source, slice, schema_->field_names(), std::move(overlay)));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const Batch batch, reader->Next());
      if (batch == nullptr) return Status::OK();
      TAPELAKE_RETURN_NOT_OK(AddKeys(*batch->column(kKeyNumber)));
      rows_ += batch->num_rows();
      TAPELAKE_RETURN_NOT_OK(AppendBatch(*batch));
    }
  }

  Result<int64_t> Close() {
    TAPELAKE_RETURN_NOT_OK(Flush());
    TAPELAKE_ASSIGN_OR_RAISE(
        const std::string schema,
        FormatAvroSchema(*schema_, AvroRecordName::OfTable(target_.config.name)));
    std::map<std::string, std::string> footer = {{"parquet.avro.schema", schema},
                                                 {"writer.model.name", "avro"}};
    keys_.WriteTo(&footer);
    return writer_->Close(footer);
  }

  int64_t rows() const { return rows_; }

 private:
  /// As written: the one column that is made anew has one value.
  static std::shared_ptr<arrow::Schema> FormOf(const arrow::Schema& schema) {
    arrow::FieldVector fields = schema.fields();
    fields[kFileNameNumber] =
        fields[kFileNameNumber]->WithType(arrow::dictionary(arrow::int32(), arrow::utf8()));
    return arrow::schema(std::move(fields));
  }

  Status AddKeys(BaseFileReader& stored, int row_group) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto batches,
                             stored.Stream({row_group}, {schema_->field(kKeyNumber)->name()}));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const Batch batch, batches->Next());
      if (batch == nullptr) return Status::OK();
      if (batch->num_columns() == 0) return RowWithoutKey();
      TAPELAKE_RETURN_NOT_OK(AddKeys(*batch->column(0)));
    }
  }

  Status AddKeys(const arrow::Array& column) {
    const auto* keys = dynamic_cast<const arrow::StringArray*>(&column);
    if (keys == nullptr || keys->null_count() > 0) return RowWithoutKey();
    std::vector<std::string_view> texts;
    for (int64_t row = 0; row < keys->length(); ++row)
      texts.push_back(keys->GetView(row));
    keys_.AddAll(texts);
    return Status::OK();
  }

  static Status RowWithoutKey() {
    return MakeError(ErrorKind::kCorrupt, "a row without _hoodie_record_key");
  }

  Status AppendDecoded(BaseFileReader& stored, int row_group) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto batches,
                             stored.Stream({row_group}, schema_->field_names()));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const Batch batch, batches->Next());
      if (batch == nullptr) return Status::OK();
      TAPELAKE_RETURN_NOT_OK(AppendBatch(*batch));
    }
  }

  Status AppendBatch(const arrow::RecordBatch& stored) {
    TAPELAKE_ASSIGN_OR_RAISE(Batch batch, ProjectBatch(stored, schema_));
    TAPELAKE_ASSIGN_OR_RAISE(const auto name,
                             ConstantColumn(io::FileName(path_), batch->num_rows()));
    TAPELAKE_ASSIGN_OR_RAISE(
        batch, batch->SetColumn(kFileNameNumber, form_->field(kFileNameNumber), name));
    pending_rows_ += batch->num_rows();
    pending_.push_back(std::move(batch));
    return pending_rows_ >= kRowGroupRows ? Flush() : Status::OK();
  }

  Status Flush() {
    if (pending_rows_ == 0) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches(form_, pending_));
    pending_.clear();
    pending_rows_ = 0;
    return writer_->WriteRowGroup(*table);
  }

  const ClusteringTarget& target_;
  std::string path_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::Schema> form_;
  KeySummary keys_;
  std::unique_ptr<BaseFileWriter> writer_;
  arrow::RecordBatchVector pending_;  // rows of the next row group
  int64_t pending_rows_ = 0;
  int64_t rows_ = 0;
};

}  // namespace

ClusteringJob::ClusteringJob(const ClusteringTarget& target, std::vector<ClusteringGroup> groups)
    : target_(target), groups_(std::move(groups)) {
  for (size_t number = 0; number < groups_.size(); ++number) {
    file_ids_.push_back(NewFileId(target.random));
    file_names_.push_back(FormatBaseFileName({.file_id = file_ids_.back(),
                                              .write_token = std::to_string(number) + "-0-0",
                                              .instant = target.instant}));
  }
}

WriteStat ClusteringJob::Planned(size_t number) const {
  WriteStat stat;
  stat.file_id = file_ids_[number];
  stat.path = io::JoinPath(groups_[number].partition_path, file_names_[number]);
  stat.partition_path = groups_[number].partition_path;
  return stat;
}

std::string ClusteringJob::InflightContent() const {
  CommitMetadata planned;
  planned.operation_type = kOperation;
  for (size_t number = 0; number < groups_.size(); ++number)
    planned.write_stats[groups_[number].partition_path].push_back(Planned(number));
  return FormatCommitMetadata(planned);
}

Result<std::shared_ptr<const LogOverlay>> ClusteringJob::ReadLogs(const FileSlice& slice) const {
  if (slice.log_files.empty()) return std::shared_ptr<const LogOverlay>();
  return ReadLogOverlay(target_.files, target_.base_path, slice, target_.timeline, target_.schema,
                        {.as_of = target_.instant,
                         .precombine_field = target_.config.precombine_field,
                         .merge = target_.config.merge_rule()});
}

Result<WriteStat> ClusteringJob::Merge(size_t number) const {
  const ClusteringGroup& group = groups_[number];
  // The key filter must know how many keys may come.
  std::vector<std::shared_ptr<const LogOverlay>> overlays;
  int64_t rows_max = 0;
  for (const FileSlice& slice : group.slices) {
    TAPELAKE_ASSIGN_OR_RAISE(
        const auto reader,
        BaseFileReader::Open(target_.files, io::JoinPath(target_.base_path, slice.RelativePath())));
    rows_max += reader->row_count();
    auto overlay = ReadLogs(slice);
    if (!overlay.ok()) return WithContext(overlay.status(), "'" + slice.RelativePath() + "'");
    overlays.push_back(*std::move(overlay));
    if (overlays.back() != nullptr) rows_max += overlays.back()->rows->num_rows();
  }
  WriteStat stat = Planned(number);
  MergedFile file(target_, stat.path, rows_max);
  TAPELAKE_RETURN_NOT_OK(file.Open());
  for (size_t i = 0; i < group.slices.size(); ++i) {
    const FileSlice& slice = group.slices[i];
    const Status appended = overlays[i] == nullptr
                                ? file.Append(slice)
                                : file.AppendMerged(slice, std::move(overlays[i]));
    TAPELAKE_RETURN_NOT_OK(WithContext(appended, "'" + slice.RelativePath() + "'"));
  }
  TAPELAKE_ASSIGN_OR_RAISE(stat.file_size_bytes, file.Close());
  stat.writes = file.rows();
  stat.inserts = file.rows();
  stat.write_bytes = stat.file_size_bytes;
  return stat;
}

Result<CommitMetadata> ClusteringJob::Run(int threads) {
  std::vector<WriteStat> stats(groups_.size());
  TAPELAKE_RETURN_NOT_OK(
      RunOnThreads(groups_.size(), threads, [&](size_t number, size_t) -> Status {
        TAPELAKE_ASSIGN_OR_RAISE(stats[number], Merge(number));
        return Status::OK();
      }));
  CommitMetadata metadata;
  metadata.instant = target_.instant;
  metadata.operation_type = kOperation;
  for (size_t number = 0; number < groups_.size(); ++number) {
    const ClusteringGroup& group = groups_[number];
    metadata.write_stats[group.partition_path].push_back(std::move(stats[number]));
    for (const FileSlice& slice : group.slices)
      metadata.replaced_file_ids[group.partition_path].push_back(slice.file_id);
  }
  for (const auto& [partition, written] : metadata.write_stats) {
    TAPELAKE_RETURN_NOT_OK(target_.files.SyncDirectory(io::JoinPath(target_.base_path, partition)));
  }
  return metadata;
}

Status ClusteringJob::RemoveFiles() {
  std::vector<std::string> paths;
  for (size_t number = 0; number < groups_.size(); ++number)
    paths.push_back(io::JoinPath(groups_[number].partition_path, file_names_[number]));
  return DeleteDataFiles(target_.files, target_.base_path, paths);
}

}  // namespace tapelake::hudi
