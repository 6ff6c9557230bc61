#include "hudi/log/log_overlay.h"

#include "hudi/format/avro_schema.h"
#include "hudi/format/projection.h"
#include "hudi/log/log_merge.h"
#include "hudi/log/log_records.h"
#include "hudi/log/log_scan.h"

namespace tapelake::hudi {
namespace {

/// Columns of the records that the merge looks at beside those asked for.
std::vector<std::string> ColumnsToRead(const arrow::Schema& rows, const LogScanOptions& options) {
  std::vector<std::string> columns;
  for (const auto& field : rows.fields())
    columns.push_back(field->name());
  columns.emplace_back(kDeletedFlagColumn);
  if (!options.precombine_field.empty()) columns.push_back(options.precombine_field);
  return columns;
}

void AddOnce(std::string_view instant, std::vector<std::string>* instants) {
  // Blocks of one instant stand together.
  if (instants->empty() || instants->back() != instant) instants->emplace_back(instant);
}

int64_t MemoryOf(const LogOverlay& overlay) {
  constexpr int64_t kBytesPerKey = sizeof(std::string_view) + 1;
  int64_t bytes = static_cast<int64_t>(overlay.key_bytes->capacity());
  bytes += static_cast<int64_t>(overlay.keys.capacity()) * kBytesPerKey;
  return bytes + BufferBytes(*overlay.rows);
}

}  // namespace

Result<std::shared_ptr<const LogOverlay>> ReadLogOverlay(
    io::FileSystem& files, const std::string& base_path, const FileSlice& slice,
    const Timeline& timeline, const std::shared_ptr<arrow::Schema>& schema,
    const LogScanOptions& options) {
  TAPELAKE_ASSIGN_OR_RAISE(LogScan scan,
                           ScanLogFiles(files, base_path, slice, timeline,
                                        {.as_of = options.as_of, .only = options.only}));
  const auto row_schema = WithMetaColumns(schema);
  const std::vector<std::string> columns = ColumnsToRead(*row_schema, options);
  auto overlay = std::make_shared<LogOverlay>();
  const bool by_arrival = options.merge == MergeRule::kCommitTime;
  LogMerge merge(by_arrival ? std::string() : options.precombine_field, options.merge);
  LogRecordReader records(columns);
  for (ScannedBlock& scanned : scan.blocks) {
    AddOnce(scanned.block.instant(), &overlay->counted_instants);
    Status applied;
    if (scanned.block.type == LogBlockType::kDelete) {
      auto deletes = ParseDeleteBlockContent(scanned.block.content);
      applied = deletes.ok() ? merge.Delete(std::move(*deletes)) : deletes.status();
    } else {
      auto batch = records.Read(scanned.block);
      if (batch.ok()) overlay->log_records += (*batch)->num_rows();
      applied = batch.ok() ? merge.Add(std::move(*batch)) : batch.status();
    }
    TAPELAKE_RETURN_NOT_OK(WithContext(applied, scanned.Place()));
    scanned.file.reset();
  }
  if (options.base_rows && merge.CompetesWithBase()) {
    TAPELAKE_RETURN_NOT_OK(
        options.base_rows([&merge](const arrow::RecordBatch& rows) { return merge.Yield(rows); }));
  }
  TAPELAKE_RETURN_NOT_OK(
      WithContext(merge.Finish(row_schema, overlay.get()), "the logs of " + slice.file_id));
  overlay->skipped_instants = std::move(scan.skipped_instants);
  overlay->log_blocks = scan.log_blocks;
  overlay->corrupt_blocks = scan.corrupt_blocks;
  overlay->rollback_blocks = scan.rollback_blocks;
  overlay->log_bytes = scan.log_bytes;
  overlay->memory_bytes = MemoryOf(*overlay);
  return overlay;
}

}  // namespace tapelake::hudi
