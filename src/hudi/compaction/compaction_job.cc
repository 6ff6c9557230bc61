#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <absl/container/flat_hash_set.h>
#include <arrow/array.h>
#include <arrow/util/checked_cast.h>

#include "hudi/compaction/compaction.h"
#include "hudi/format/avro_schema.h"
#include "hudi/format/file_name.h"
#include "hudi/log/log_overlay.h"
#include "hudi/writer/commit_job.h"
#include "hudi/writer/data_files.h"
#include "hudi/writer/file_group_merge.h"
#include "hudi/writer/upsert_job.h"

namespace tapelake::hudi {
namespace {

constexpr int kThreadsMax = 64;
constexpr int kMetaColumnCount = 5;
constexpr int kRecordKeyColumn = 2;

/// The logs as changes of one file group: the surviving rows in their order, then the deletes.
Result<std::vector<RecordChange>> ChangesOf(const LogOverlay& overlay) {
  const auto column = overlay.rows->column(kRecordKeyColumn);
  if (column->type_id() != arrow::Type::STRING) {
    return MakeError(ErrorKind::kInternal, "the logs' record keys are no strings");
  }
  const auto& keys = arrow::internal::checked_cast<const arrow::StringArray&>(*column);
  std::vector<RecordChange> changes;
  changes.reserve(overlay.keys.size());
  absl::flat_hash_set<std::string_view> surviving;
  surviving.reserve(static_cast<size_t>(keys.length()));
  for (int64_t row = 0; row < keys.length(); ++row) {
    changes.push_back({.record_key = keys.GetView(row), .row = row});
    surviving.insert(keys.GetView(row));
  }
  for (const std::string_view key : overlay.keys) {
    if (!surviving.contains(key)) changes.push_back({.record_key = key});
  }
  return changes;
}

/// A block left out now whose commit completes later would be lost for good.
Status CheckNothingPends(const LogOverlay& overlay, const Timeline& timeline) {
  for (const Instant& instant : timeline.PendingInstants()) {
    if (std::ranges::find(overlay.skipped_instants, instant.timestamp) ==
        overlay.skipped_instants.end()) {
      continue;
    }
    return MakeError(ErrorKind::kConflict, "its logs hold rows of the pending " +
                                               std::string(InstantActionName(instant.action)) +
                                               " '" + instant.timestamp + "'");
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> ColumnRange(
    const std::shared_ptr<arrow::RecordBatch>& batch, int begin, int end) {
  std::vector<int> columns;
  for (int i = begin; i < end; ++i)
    columns.push_back(i);
  return batch->SelectColumns(columns);
}

FileSlice SliceOf(const CompactionOperation& operation) {
  FileSlice slice;
  slice.partition_path = operation.partition_path;
  slice.file_id = operation.file_id;
  slice.base_instant = operation.base_instant;
  slice.base_file_name = operation.base_file;
  for (const std::string& name : operation.log_files) {
    const auto parsed = ParseLogFileName(name);
    slice.log_files.push_back({.name = name, .version = parsed ? parsed->version : 1});
  }
  return slice;
}

int64_t LogBytesOf(const CompactionOperation& operation) {
  const auto bytes = operation.metrics.find("TOTAL_LOG_FILES_SIZE");
  return bytes == operation.metrics.end() ? 0 : static_cast<int64_t>(bytes->second);
}

}  // namespace

std::map<std::string, std::string> CarriedMetadata(const std::vector<CommitMetadata>& commits) {
  std::vector<const CommitMetadata*> newest_first;
  for (const CommitMetadata& commit : commits)
    newest_first.push_back(&commit);
  std::ranges::sort(newest_first, [](const auto* left, const auto* right) {
    return left->instant > right->instant;
  });
  std::map<std::string, std::string> carried;
  bool has_keys = false;
  for (const CommitMetadata* commit : newest_first) {
    if (!commit->schema().empty()) carried.emplace(kSchemaKey, commit->schema());
    if (has_keys) continue;
    // All keys of one commit: they belong together.
    for (const auto& [key, value] : commit->extra_metadata) {
      if (!key.starts_with(kCarriedKeyPrefix)) continue;
      carried.emplace(key, value);
      has_keys = true;
    }
  }
  return carried;
}

Status CompactionJob::RemoveLeftovers() {
  std::set<std::string> partitions;
  for (const CompactionOperation& operation : plan_.operations)
    partitions.insert(operation.partition_path);
  std::vector<std::string> paths;
  for (const std::string& partition : partitions) {
    TAPELAKE_ASSIGN_OR_RAISE(const PartitionFiles listed,
                             ListPartitionFiles(target_.files, target_.base_path, partition));
    for (const FileSlice& file : listed.base_files) {
      if (file.base_instant == target_.instant) paths.push_back(file.RelativePath());
    }
  }
  return DeleteDataFiles(target_.files, target_.base_path, paths);
}

Result<WriteStat> CompactionJob::CompactSlice(size_t number) const {
  const CompactionOperation& operation = plan_.operations[number];
  const FileSlice slice = SliceOf(operation);
  // Logs of the plan hold nothing newer, and what a later commit adds is not in them.
  TAPELAKE_ASSIGN_OR_RAISE(
      const auto overlay,
      ReadLogOverlay(
          target_.files, target_.base_path, slice, target_.timeline, target_.schema,
          {.as_of = target_.instant, .precombine_field = target_.config.precombine_field}));
  TAPELAKE_RETURN_NOT_OK(CheckNothingPends(*overlay, target_.timeline));
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<RecordChange> changes, ChangesOf(*overlay));
  UpsertRequest request{.schema = target_.schema, .changes = changes};
  TAPELAKE_ASSIGN_OR_RAISE(
      request.rows, ColumnRange(overlay->rows, kMetaColumnCount, overlay->rows->num_columns()));
  CommitContext context{.files = target_.files,
                        .base_path = target_.base_path,
                        .instant = target_.instant,
                        .request = request,
                        .footer_schema = footer_schema_,
                        .low_cardinality = FindLowCardinality(*request.rows),
                        .always_writes = true};
  TAPELAKE_ASSIGN_OR_RAISE(context.kept_meta, ColumnRange(overlay->rows, 0, kRecordKeyColumn));
  FileGroupTask task;
  task.number = static_cast<uint32_t>(number);
  task.partition_path = operation.partition_path;
  task.file_id = operation.file_id;
  task.file_name = FormatBaseFileName({.file_id = operation.file_id,
                                       .write_token = std::to_string(number) + "-0-0",
                                       .instant = target_.instant});
  task.stored = slice.has_base_file() ? &slice : nullptr;
  std::vector<uint32_t> all(changes.size());
  for (uint32_t i = 0; i < all.size(); ++i)
    all[i] = i;
  task.changes = all;
  task.delete_count = static_cast<int64_t>(changes.size()) - overlay->rows->num_rows();
  TAPELAKE_ASSIGN_OR_RAISE(FileGroupOutcome outcome, FileGroupMerge(context, task).Run());
  outcome.stat.previous_commit = operation.base_instant;
  outcome.stat.compaction = {.log_records = overlay->log_records,
                             .log_files = static_cast<int64_t>(slice.log_files.size()),
                             .log_bytes = overlay->log_bytes,
                             .updated_records = overlay->rows->num_rows(),
                             .log_blocks = overlay->log_blocks,
                             .corrupt_blocks = overlay->corrupt_blocks,
                             .rollback_blocks = overlay->rollback_blocks};
  return std::move(outcome.stat);
}

int CompactionJob::ThreadsFor(int threads) const {
  int64_t biggest_bytes = 1;
  for (const CompactionOperation& operation : plan_.operations)
    biggest_bytes = std::max(biggest_bytes, LogBytesOf(operation));
  const int64_t fitting = std::max<int64_t>(kLogBytesInFlightMax / biggest_bytes, 1);
  const int64_t useful = std::min<int64_t>(fitting, std::ssize(plan_.operations));
  return static_cast<int>(std::min<int64_t>(useful, std::clamp(threads, 1, kThreadsMax)));
}

Status CompactionJob::RunAll(int threads, std::vector<WriteStat>* stats) const {
  stats->resize(plan_.operations.size());
  return RunOnThreads(stats->size(), ThreadsFor(threads), [&](size_t number, size_t) {
    auto stat = CompactSlice(number);
    const CompactionOperation& operation = plan_.operations[number];
    if (!stat.ok()) {
      return WithContext(stat.status(), "compact file group '" + operation.file_id +
                                            "' of partition '" + operation.partition_path + "'");
    }
    (*stats)[number] = std::move(stat).ValueUnsafe();
    return Status::OK();
  });
}

Result<CommitMetadata> CompactionJob::Run(int threads, CompactionCounts* counts) {
  TAPELAKE_ASSIGN_OR_RAISE(footer_schema_,
                           FormatAvroSchema(*WithMetaColumns(target_.schema),
                                            AvroRecordName::OfTable(target_.config.name)));
  std::vector<WriteStat> stats;
  TAPELAKE_RETURN_NOT_OK(RunAll(threads, &stats));
  CommitMetadata metadata;
  metadata.instant = target_.instant;
  metadata.operation_type = "COMPACT";
  metadata.compacted = true;
  for (WriteStat& stat : stats) {
    ++counts->slices;
    counts->rows_written += stat.writes;
    counts->bytes_written += stat.file_size_bytes;
    counts->log_records += stat.compaction.log_records;
    metadata.write_stats[stat.partition_path].push_back(std::move(stat));
  }
  for (const auto& [partition_path, written] : metadata.write_stats) {
    TAPELAKE_RETURN_NOT_OK(
        target_.files.SyncDirectory(io::JoinPath(target_.base_path, partition_path)));
  }
  return metadata;
}

}  // namespace tapelake::hudi
