#include "query/hudi_snapshot_provider.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "hudi/format/partition_value.h"
#include "io/s3/s3_path.h"

namespace tapelake::query {
namespace {

// Written by our ingest into every commit; table services copy the newest forward.
constexpr char kPositionsKey[] = "tapelake.positions";
constexpr size_t kThreadsMax = 8;
constexpr size_t kTablesMax = 256;

void AppendNames(const std::vector<std::string>& names, std::string* out) {
  for (const std::string& name : names)
    out->append(name).push_back('\n');
}

Status NamePath(const Status& status, const std::string& path) {
  const bool named = status.message().find(path) != std::string::npos;
  return named ? status : WithContext(status, path);
}

KeyLayout LayoutOf(const hudi::TableConfig& config) {
  KeyLayout keys;
  if (config.record_key_fields.size() == 1) keys.record_key_field = config.record_key_fields[0];
  if (config.partition_fields.size() == 1) keys.partition_field = config.partition_fields[0];
  keys.style = {.hive_style = config.hive_style_partitioning,
                .urlencode = config.urlencode_partitions};
  return keys;
}

/// Whether every row lies in the partition that its column says: a global index may leave a row
/// where it was when its column changes, and only some tables say what their index is.
bool RowsLieByTheirColumn(const hudi::TableConfig& config, const hudi::Snapshot& snapshot) {
  if (config.partition_fields.size() != 1 || config.index_type.empty() || !config.index_kind() ||
      config.drop_partition_columns) {
    return false;
  }
  const auto column = snapshot.schema->GetFieldByName(config.partition_fields[0]);
  return column != nullptr && column->type()->id() == arrow::Type::STRING;
}

/// What TableSnapshot::partition_values says of a table's base files.
std::map<std::string, std::string, std::less<>> PartitionValues(const std::string& path,
                                                                const hudi::TableConfig& config,
                                                                const hudi::Snapshot& snapshot) {
  std::map<std::string, std::string, std::less<>> values;
  if (!RowsLieByTheirColumn(config, snapshot)) return values;
  const KeyLayout keys = LayoutOf(config);
  for (const hudi::FileSlice& slice : snapshot.slices) {
    if (!slice.has_base_file()) continue;
    auto value = hudi::PartitionValueOf(slice.partition_path, keys.partition_field, keys.style);
    if (value) values.emplace(io::JoinPath(path, slice.RelativePath()), std::move(*value));
  }
  return values;
}

TableSnapshot ToTableSnapshot(const std::string& path, const hudi::TableConfig& config,
                              hudi::Snapshot snapshot) {
  TableSnapshot out{
      .instant = std::move(snapshot.instant), .schema = snapshot.schema, .file_paths = {}};
  out.partition_values = PartitionValues(path, config, snapshot);
  for (hudi::FileSlice& slice : snapshot.slices) {
    if (slice.log_files.empty()) {
      out.file_paths.push_back(io::JoinPath(path, slice.RelativePath()));
    } else {
      out.logged_slices.push_back(std::move(slice));
    }
  }
  out.timeline = std::move(snapshot.timeline);
  out.precombine_field = std::move(snapshot.precombine_field);
  out.merge = snapshot.merge;
  out.keys = LayoutOf(config);
  return out;
}

/// Do `step` for 0 .. `count` - 1 on several threads and return the first failure by number.
Status ForEach(const std::string& path, size_t count, const std::function<Status(size_t)>& step) {
  std::vector<Status> failures(count);
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < count; i = next++)
      failures[i] = step(i);
  };
  std::vector<std::jthread> threads;
  const size_t thread_count =
      std::min({count, kThreadsMax, size_t{std::thread::hardware_concurrency()}});
  for (size_t i = 1; i < thread_count; ++i)
    threads.emplace_back(work);
  work();
  threads.clear();  // joins
  for (const Status& failure : failures) {
    if (!failure.ok()) return NamePath(failure, path);
  }
  return Status::OK();
}

/// Whether a commit after `instant` took rows that were hot over `instant`.
Result<bool> TookHotRows(io::FileSystem& files, const std::string& path,
                         const hudi::Timeline& timeline, const std::string& instant) {
  std::string positions;  // of `instant`; unknown if there is none, or it is archived
  for (const hudi::Instant& commit : timeline.CompletedCommits()) {
    if (commit.timestamp < instant) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const auto metadata, hudi::ReadCommitMetadata(files, path, commit));
    const auto found = metadata.extra_metadata.find(kPositionsKey);
    if (found == metadata.extra_metadata.end()) continue;
    if (commit.timestamp == instant) {
      positions = found->second;
    } else if (found->second != positions) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<std::string> HudiSnapshotProvider::TimelineVersion(const std::string& path) {
  constexpr char kNewerFolder[] = "timeline";
  const std::string timeline = io::JoinPath(path, hudi::kMetadataFolder);
  const auto names = environment_.files.ListNames(timeline);
  if (!names.ok()) {
    if (KindOf(names.status()) != ErrorKind::kNotFound) return NamePath(names.status(), path);
    return MakeError(ErrorKind::kNotFound, "no Hudi table at '" + path + "': it has no .hoodie");
  }
  std::string version;
  AppendNames(*names, &version);
  if (std::ranges::binary_search(*names, kNewerFolder)) {
    const auto newer = environment_.files.ListNames(io::JoinPath(timeline, kNewerFolder));
    if (newer.ok()) AppendNames(*newer, &version);
  }
  return version;
}

Result<hudi::Snapshot> HudiSnapshotProvider::Newest(const std::string& path,
                                                    hudi::TableConfig* config) {
  const std::lock_guard lock(mutex_);
  if (tables_.size() > kTablesMax) tables_.clear();
  std::unique_ptr<hudi::Table>& table = tables_[path];
  if (table == nullptr) {
    auto opened = hudi::Table::Open(environment_, path);
    if (!opened.ok()) return NamePath(opened.status(), path);
    table = opened.MoveValueUnsafe();
  }
  auto snapshot = table->LatestSnapshot();
  *config = table->config();
  if (snapshot.ok()) return snapshot;
  table.reset();  // the next statement looks at it afresh
  return NamePath(snapshot.status(), path);
}

Result<TableSnapshot> HudiSnapshotProvider::Resolve(const std::string& path) {
  hudi::TableConfig config;
  TAPELAKE_ASSIGN_OR_RAISE(hudi::Snapshot snapshot, Newest(path, &config));
  return ToTableSnapshot(path, config, std::move(snapshot));
}

Result<TableSnapshot> HudiSnapshotProvider::ResolveUnderHot(const std::string& path,
                                                            const std::string& instant) {
  hudi::TableConfig config;
  TAPELAKE_ASSIGN_OR_RAISE(hudi::Snapshot snapshot, Newest(path, &config));
  const auto took = TookHotRows(environment_.files, path, *snapshot.timeline, instant);
  if (!took.ok()) return NamePath(took.status(), path);
  if (*took) {
    // The newer schema stays: columns are only ever added.
    snapshot.instant = instant;
    snapshot.slices.clear();
    if (!instant.empty()) {
      auto slices = hudi::LatestSlices(environment_.files, path, *snapshot.timeline, instant);
      if (!slices.ok()) return NamePath(slices.status(), path);
      snapshot.slices = slices.MoveValueUnsafe();
    }
  }
  return ToTableSnapshot(path, config, std::move(snapshot));
}

Result<std::unique_ptr<hudi::TableView>> HudiSnapshotProvider::View(const std::string& path) {
  auto view = hudi::TableView::Open(environment_.files, path);
  if (!view.ok()) return NamePath(view.status(), path);
  return view;
}

Result<TableSnapshot> HudiSnapshotProvider::ResolvePast(const std::string& path,
                                                        const PastQuery& query) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto view, View(path));
  if (query.kind == PastQuery::Kind::kSnapshot) {
    auto snapshot =
        view->SnapshotAt(query.as_of, query.read_optimized ? hudi::QueryMode::kReadOptimized
                                                           : hudi::QueryMode::kSnapshot);
    if (!snapshot.ok()) return NamePath(snapshot.status(), path);
    return ToTableSnapshot(path, view->config(), std::move(*snapshot));
  }
  auto answer = view->Incremental(query.range);
  if (!answer.ok()) return NamePath(answer.status(), path);
  const bool takes_all = answer->all_rows;
  TableSnapshot out = ToTableSnapshot(path, view->config(), std::move(answer->snapshot));
  if (takes_all) return out;
  out.first_commit_time = std::move(answer->first_commit_time);
  out.last_commit_time = std::move(answer->last_commit_time);
  out.commit_times = std::move(answer->commit_times);
  return out;
}

Status HudiSnapshotProvider::CheckFiles(const std::string& path, const TableSnapshot& snapshot) {
  // S3 checks what it stores; a read of the whole file to do it again would be the longest part.
  if (!options_.check_files || io::IsS3Path(path)) return Status::OK();
  std::vector<std::string> paths = snapshot.file_paths;
  for (const hudi::FileSlice& slice : snapshot.logged_slices) {
    if (slice.has_base_file()) paths.push_back(io::JoinPath(path, slice.RelativePath()));
  }
  return ForEach(path, paths.size(),
                 [&](size_t i) { return checked_.Check(environment_.files, paths[i]); });
}

Result<std::vector<LogLayers>> HudiSnapshotProvider::ReadLogs(const std::string& path,
                                                              const TableSnapshot& snapshot) {
  const std::vector<hudi::FileSlice>& slices = snapshot.logged_slices;
  std::vector<LogLayers> layers(slices.size());
  if (slices.empty()) return layers;
  const LogSource source{.files = environment_.files,
                         .base_path = path,
                         .timeline = *snapshot.timeline,
                         .schema = snapshot.schema,
                         .scan = {.as_of = snapshot.instant,
                                  .precombine_field = snapshot.precombine_field,
                                  .merge = snapshot.merge}};
  TAPELAKE_RETURN_NOT_OK(ForEach(path, slices.size(), [&](size_t i) -> Status {
    TAPELAKE_RETURN_NOT_OK(logs_.Levels(source, slices[i]).Value(&layers[i].levels));
    if (!slices[i].has_base_file()) return Status::OK();
    layers[i].base_file_path = io::JoinPath(path, slices[i].RelativePath());
    layers[i].hidden_rows = hidden_rows_.Under(layers[i].base_file_path, layers[i].levels);
    return Status::OK();
  }));
  return layers;
}

}  // namespace tapelake::query
