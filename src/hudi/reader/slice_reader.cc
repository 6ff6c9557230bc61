#include "hudi/reader/slice_reader.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/avro_schema.h"
#include "hudi/format/projection.h"
#include "hudi/reader/slice_logs.h"

namespace tapelake::hudi {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

constexpr int64_t kBatchRowsMax = 65'536;
constexpr char kKeyColumn[] = "_hoodie_record_key";

Result<std::shared_ptr<arrow::Schema>> SchemaOf(const arrow::Schema& table,
                                                const std::vector<std::string>& columns) {
  arrow::FieldVector fields;
  for (const std::string& column : columns) {
    auto field =
        IsMetaColumn(column) ? arrow::field(column, arrow::utf8()) : table.GetFieldByName(column);
    if (field == nullptr) {
      return MakeError(ErrorKind::kInvalid, "the table has no column '" + column + "'");
    }
    fields.push_back(std::move(field));
  }
  return arrow::schema(std::move(fields));
}

/// Return the rows whose key is not in `keys`; nullptr if there is none.
Result<Batch> WithoutKeys(const Batch& batch, const LogOverlay& overlay) {
  // Read without dictionaries, so always this type.
  const auto column = batch->GetColumnByName(kKeyColumn);
  const auto& keys = arrow::internal::checked_cast<const arrow::StringArray&>(*column);
  arrow::BooleanBuilder mask;
  TAPELAKE_RETURN_NOT_OK(mask.Reserve(keys.length()));
  int64_t kept_count = 0;
  for (int64_t i = 0; i < keys.length(); ++i) {
    const bool kept = keys.IsNull(i) || !overlay.keys.contains(keys.GetView(i));
    mask.UnsafeAppend(kept);
    kept_count += kept ? 1 : 0;
  }
  if (kept_count == batch->num_rows()) return batch;
  if (kept_count == 0) return Batch();
  TAPELAKE_ASSIGN_OR_RAISE(const auto filter, mask.Finish());
  TAPELAKE_ASSIGN_OR_RAISE(
      const auto kept,
      arrow::compute::Filter(batch, filter, arrow::compute::FilterOptions::Defaults()));
  return kept.record_batch();
}

}  // namespace

class SliceReader::Impl {
 public:
  Status Open(const SliceSource& source, const FileSlice& slice,
              const std::vector<std::string>& columns, std::shared_ptr<const LogOverlay> overlay) {
    TAPELAKE_ASSIGN_OR_RAISE(schema_, SchemaOf(*source.schema, columns));
    overlay_ = std::move(overlay);
    if (slice.has_base_file()) TAPELAKE_RETURN_NOT_OK(OpenBaseFile(source, slice, columns));
    return Status::OK();
  }

  Result<Batch> Next() {
    while (base_rows_ != nullptr) {
      TAPELAKE_ASSIGN_OR_RAISE(Batch batch, base_rows_->Next());
      if (batch == nullptr) {
        base_rows_.reset();
        base_file_.reset();
        break;
      }
      if (hides_base_rows()) {
        TAPELAKE_ASSIGN_OR_RAISE(batch, WithoutKeys(batch, *overlay_));
      }
      if (batch != nullptr && batch->num_rows() > 0) return ProjectBatch(*batch, schema_);
    }
    return NextOfLogs();
  }

  const std::shared_ptr<const LogOverlay>& overlay() const { return overlay_; }

 private:
  bool hides_base_rows() const { return overlay_ != nullptr && !overlay_->keys.empty(); }

  Status OpenBaseFile(const SliceSource& source, const FileSlice& slice,
                      const std::vector<std::string>& columns) {
    const std::string path = io::JoinPath(source.base_path, slice.RelativePath());
    TAPELAKE_RETURN_NOT_OK(source.checked == nullptr ? CheckBaseFile(source.files, path)
                                                     : source.checked->Check(source.files, path));
    TAPELAKE_ASSIGN_OR_RAISE(base_file_, BaseFileReader::Open(source.files, path));
    std::vector<std::string> read = columns;
    if (hides_base_rows()) {
      if (base_file_->schema()->GetFieldIndex(kKeyColumn) < 0) {
        return MakeError(
            ErrorKind::kInvalid,
            "base file '" + path + "' lies under logs, but has no column '" + kKeyColumn + "'");
      }
      if (std::ranges::find(read, kKeyColumn) == read.end()) read.emplace_back(kKeyColumn);
    }
    std::vector<int> row_groups;
    for (const int group : base_file_->AllRowGroups()) {
      bool wanted = true;
      if (source.row_groups) {
        TAPELAKE_ASSIGN_OR_RAISE(wanted, source.row_groups(*base_file_, group));
      }
      if (wanted) row_groups.push_back(group);
    }
    if (row_groups.empty()) return Status::OK();
    return base_file_->Stream(row_groups, read).Value(&base_rows_);
  }

  Result<Batch> NextOfLogs() {
    if (overlay_ == nullptr || overlay_->rows == nullptr) return Batch();
    const int64_t left = overlay_->rows->num_rows() - log_rows_given_;
    if (left <= 0) return Batch();
    const int64_t count = std::min(left, kBatchRowsMax);
    const Batch slice = overlay_->rows->Slice(log_rows_given_, count);
    log_rows_given_ += count;
    return ProjectBatch(*slice, schema_);
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<const LogOverlay> overlay_;
  std::unique_ptr<BaseFileReader> base_file_;
  std::unique_ptr<arrow::RecordBatchReader> base_rows_;  // before base_file_ goes
  int64_t log_rows_given_ = 0;
};

SliceReader::SliceReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SliceReader::~SliceReader() = default;

Result<std::unique_ptr<SliceReader>> SliceReader::Open(const SliceSource& source,
                                                       const FileSlice& slice,
                                                       const std::vector<std::string>& columns) {
  std::shared_ptr<const LogOverlay> overlay;
  if (!slice.log_files.empty()) {
    TAPELAKE_RETURN_NOT_OK(SchemaOf(*source.schema, columns).status());  // before any reading
    TAPELAKE_ASSIGN_OR_RAISE(overlay, ReadSliceLogs(source.files, source.base_path, slice,
                                                    source.timeline, source.schema, source.scan));
  }
  return OpenOver(source, slice, columns, std::move(overlay));
}

Result<std::unique_ptr<SliceReader>> SliceReader::OpenOver(
    const SliceSource& source, const FileSlice& slice, const std::vector<std::string>& columns,
    std::shared_ptr<const LogOverlay> overlay) {
  auto impl = std::make_unique<Impl>();
  TAPELAKE_RETURN_NOT_OK(impl->Open(source, slice, columns, std::move(overlay)));
  return std::unique_ptr<SliceReader>(new SliceReader(std::move(impl)));
}

Result<Batch> SliceReader::Next() {
  return impl_->Next();
}

const std::shared_ptr<const LogOverlay>& SliceReader::overlay() const {
  return impl_->overlay();
}

}  // namespace tapelake::hudi
