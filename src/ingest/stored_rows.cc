#include "ingest/stored_rows.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <arrow/array.h>
#include <arrow/scalar.h>

#include "hudi/log/log_overlay.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/snapshot_source.h"
#include "record/table_definition.h"

namespace tapelake::ingest {
namespace {

constexpr char kRecordKeyColumn[] = "_hoodie_record_key";

/// The bucket number that a bucket-indexed file id starts with; false for any other id.
bool BucketOf(const std::string& file_id, uint32_t* bucket) {
  constexpr size_t kDigits = 8;
  if (file_id.size() < kDigits) return false;
  const auto parsed = std::from_chars(file_id.data(), file_id.data() + kDigits, *bucket);
  return parsed.ec == std::errc() && parsed.ptr == file_id.data() + kDigits;
}

bool MayHold(const hudi::FileSlice& slice, const StoredRowFilter& filter) {
  uint32_t bucket = 0;
  return filter.buckets.empty() || !BucketOf(slice.file_id, &bucket) ||
         filter.buckets.contains(bucket);
}

bool HasColumn(const hudi::BaseFileReader& reader, const char* column) {
  return reader.schema()->GetFieldIndex(column) >= 0;
}

/// Whether the newest `_change_time` of a row group reaches the filter's bound.
Result<bool> MayHoldNewer(const hudi::BaseFileReader& reader, int row_group,
                          int64_t change_time_from_micros) {
  if (!HasColumn(reader, record::kChangeTimeColumn)) return false;
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::ColumnStatistics statistics,
                           reader.Statistics(row_group, record::kChangeTimeColumn));
  const auto* max = dynamic_cast<const arrow::TimestampScalar*>(statistics.max.get());
  return max == nullptr || max->value >= change_time_from_micros;
}

std::string_view TextAt(const arrow::RecordBatch& batch, int column, int64_t row) {
  if (column < 0) return {};
  const auto& array = static_cast<const arrow::StringArray&>(*batch.column(column));
  return array.IsNull(row) ? std::string_view() : array.GetView(row);
}

void VisitBatch(const arrow::RecordBatch& batch, std::string_view partition_path,
                const StoredRowFilter& filter, const std::function<void(const StoredRow&)>& visit) {
  const int key = batch.schema()->GetFieldIndex(kRecordKeyColumn);
  const int time = batch.schema()->GetFieldIndex(record::kChangeTimeColumn);
  const int sequence = batch.schema()->GetFieldIndex(record::kChangeSequenceColumn);
  const auto times =
      time < 0 ? nullptr : std::static_pointer_cast<arrow::TimestampArray>(batch.column(time));
  for (int64_t i = 0; i < batch.num_rows(); ++i) {
    StoredRow row;
    row.change_time_micros = times == nullptr || times->IsNull(i)
                                 ? std::numeric_limits<int64_t>::min()
                                 : times->Value(i);
    if (row.change_time_micros < filter.change_time_from_micros) continue;
    row.key = TextAt(batch, key, i);
    row.partition_path = partition_path;
    row.change_sequence = StripLeadingZeros(TextAt(batch, sequence, i));
    visit(row);
  }
}

}  // namespace

Status VisitStoredRows(io::FileSystem& files, const std::string& table_path,
                       const hudi::Snapshot& snapshot, const StoredRowFilter& filter,
                       const std::function<void(const StoredRow&)>& visit) {
  if (snapshot.slices.empty()) return Status::OK();
  std::vector<std::string> columns = {kRecordKeyColumn};
  for (const char* column : {record::kChangeTimeColumn, record::kChangeSequenceColumn}) {
    if (snapshot.schema->GetFieldIndex(column) >= 0) columns.emplace_back(column);
  }
  hudi::SliceSource source = hudi::SourceOf(files, table_path, snapshot);
  source.checked = filter.checked;
  if (filter.change_time_from_micros != std::numeric_limits<int64_t>::min()) {
    source.row_groups = [&filter](const hudi::BaseFileReader& reader, int row_group) {
      return MayHoldNewer(reader, row_group, filter.change_time_from_micros);
    };
  }
  for (const hudi::FileSlice& slice : snapshot.slices) {
    if (!MayHold(slice, filter)) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, hudi::SliceReader::Open(source, slice, columns));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) break;
      VisitBatch(*batch, slice.partition_path, filter, visit);
    }
  }
  return Status::OK();
}

Result<int64_t> GreatestStoredChangeSeq(io::FileSystem& files, const std::string& table_path,
                                        const hudi::Snapshot& snapshot) {
  int64_t greatest = 0;
  for (const hudi::FileSlice& slice : snapshot.slices) {
    if (!slice.log_files.empty()) {
      TAPELAKE_ASSIGN_OR_RAISE(
          const auto overlay,
          hudi::ReadLogOverlay(
              files, table_path, slice, *snapshot.timeline, arrow::schema(arrow::FieldVector()),
              {.as_of = snapshot.instant, .precombine_field = record::kChangeSeqColumn}));
      greatest = std::max(greatest, overlay->greatest_ordering);
    }
    if (!slice.has_base_file()) continue;
    const std::string path = io::JoinPath(table_path, slice.RelativePath());
    TAPELAKE_RETURN_NOT_OK(hudi::CheckBaseFile(files, path));
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, hudi::BaseFileReader::Open(files, path));
    if (!HasColumn(*reader, record::kChangeSeqColumn)) continue;
    for (int i = 0; i < reader->row_group_count(); ++i) {
      TAPELAKE_ASSIGN_OR_RAISE(const hudi::ColumnStatistics statistics,
                               reader->Statistics(i, record::kChangeSeqColumn));
      const auto* max = dynamic_cast<const arrow::Int64Scalar*>(statistics.max.get());
      if (max != nullptr) greatest = std::max(greatest, max->value);
    }
  }
  return greatest;
}

}  // namespace tapelake::ingest
