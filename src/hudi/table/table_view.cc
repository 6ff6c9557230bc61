#include "hudi/table/table_view.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/time.h"
#include "hudi/format/avro_schema.h"
#include "hudi/format/avro_value.h"
#include "hudi/format/file_name.h"
#include "hudi/format/service_plans.h"
#include "hudi/table/table_rules.h"
#include "hudi/table/table_schema.h"
#include "hudi/timeline/instant_files.h"

namespace tapelake::hudi {
namespace {

/// Whether a pending replacecommit only rewrites rows, which keep their commit times.
Result<bool> IsClustering(io::FileSystem& files, const std::string& base_path,
                          const Instant& pending) {
  if (pending.action != InstantAction::kReplaceCommit) return false;
  const auto bytes = ReadRequested(files, base_path, pending);
  if (KindOf(bytes.status()) == ErrorKind::kNotFound) return false;
  TAPELAKE_RETURN_NOT_OK(bytes.status());
  if (bytes->empty()) return false;
  const auto plan = ParseAvroContainer(*bytes);
  if (!plan.ok()) return WithContext(plan.status(), PlanPlace(base_path, pending));
  const AvroValue* clustering = plan->Find("clusteringPlan");
  return clustering != nullptr && !clustering->is_null();
}

/// The instant after which the slice of a file is named: that of a base file, or a log's base's.
std::string SliceInstantOf(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (const auto base = ParseBaseFileName(name)) return base->instant;
  const auto log = ParseLogFileName(name);
  return log ? log->base_instant : std::string();
}

/// The files of the slice that each file group was last written to, as far as commits tell. In
/// logs of table version 8 on the slice is not named: there it is the last one alone.
class LastFiles {
 public:
  using Paths = std::vector<std::string>;

  void Add(const HistoryCommit& commit) {
    for (const auto& [partition, file_ids] : commit.metadata.replaced_file_ids) {
      for (const std::string& file_id : file_ids)
        paths_.erase({partition, file_id});
    }
    for (const auto& [partition, stats] : commit.metadata.write_stats) {
      for (const WriteStat& stat : stats) {
        if (stat.path.empty()) continue;
        Paths& paths = paths_[{partition, stat.file_id}];
        if (!paths.empty() && SliceInstantOf(paths.back()) != SliceInstantOf(stat.path)) {
          paths.clear();
        }
        paths.push_back(stat.path);
      }
    }
  }
  const std::map<FileGroupId, Paths>& paths() const { return paths_; }

 private:
  std::map<FileGroupId, Paths> paths_;
};

/// File groups that commits wrote to or replaced.
std::set<FileGroupId> TouchedGroups(const std::vector<HistoryCommit>& commits) {
  std::set<FileGroupId> groups;
  for (const HistoryCommit& commit : commits) {
    for (const auto& [partition, stats] : commit.metadata.write_stats) {
      for (const WriteStat& stat : stats)
        groups.emplace(partition, stat.file_id);
    }
  }
  return groups;
}

}  // namespace

/// Hudi replaces the file by way of a backup; whoever finds the file missing or cut reads that.
Result<TableConfig> ReadTableConfig(io::FileSystem& files, const std::string& base_path) {
  const std::string path =
      io::JoinPath(io::JoinPath(base_path, kMetadataFolder), kPropertiesFileName);
  auto text = files.ReadFile(path);
  auto config = text.ok() ? ParseTableConfig(*text) : Result<TableConfig>(text.status());
  if (!config.ok()) {
    const auto backup = files.ReadFile(path + ".backup");
    auto from_backup = backup.ok() ? ParseTableConfig(*backup) : config;
    if (from_backup.ok()) {
      config = std::move(from_backup);
    } else if (KindOf(config.status()) == ErrorKind::kNotFound) {
      return MakeError(ErrorKind::kNotFound,
                       "'" + base_path + "' is no Hudi table: it has no .hoodie/hoodie.properties");
    } else {
      return WithContext(config.status(), "'" + path + "'");
    }
  }
  TAPELAKE_RETURN_NOT_OK(CheckReadable(*config));
  return config;
}

Result<std::string> ParseMoment(std::string_view text) {
  constexpr size_t kSecondDigits = 14;
  if (IsInstantTime(text)) {
    return std::string(text) + (text.size() == kSecondDigits ? "999" : "");
  }
  // As SQL prints timestamps with a zone: `2026-11-22 13:12:03+00`.
  std::string iso(text);
  const size_t zone = iso.find_last_of("+-");
  if (zone != std::string::npos && zone > 10 && iso.size() - zone == 3) iso += ":00";
  const auto parsed = base::ParseIso8601(iso);
  if (!parsed) {
    return MakeError(ErrorKind::kInvalid,
                     "'" + std::string(text) +
                         "' is neither an instant (yyyyMMddHHmmssSSS) nor a date or timestamp");
  }
  return FormatInstantTime(parsed->micros);
}

bool IncrementalSnapshot::Takes(std::string_view commit_time) const {
  if (all_rows) return true;
  if (commit_time < first_commit_time || commit_time > last_commit_time) return false;
  return commit_times.empty() || std::ranges::binary_search(commit_times, commit_time);
}

Result<std::unique_ptr<TableView>> TableView::Open(io::FileSystem& files,
                                                   const std::string& base_path) {
  TAPELAKE_ASSIGN_OR_RAISE(TableConfig config, ReadTableConfig(files, base_path));
  TAPELAKE_ASSIGN_OR_RAISE(Timeline timeline, Timeline::Load(files, base_path, config.layout()));
  return std::unique_ptr<TableView>(
      new TableView(files, base_path, std::move(config), std::move(timeline)));
}

TableView::TableView(io::FileSystem& files, std::string base_path, TableConfig config,
                     Timeline timeline)
    : files_(files),
      base_path_(std::move(base_path)),
      config_(std::move(config)),
      timeline_(std::make_shared<const Timeline>(std::move(timeline))) {}

HistorySource TableView::source() const {
  return {.files = files_, .base_path = base_path_, .config = config_, .timeline = *timeline_};
}

Result<std::vector<HistoryCommit>> TableView::History(const TimeRange& range) {
  return ReadHistory(source(), range);
}

Result<const TableView::Listing*> TableView::ListingOf(const std::string& partition) {
  if (const auto known = listings_.find(partition); known != listings_.end()) {
    return &known->second;
  }
  Listing listing{.files = {.partition_path = partition}};
  auto entries = ListPartitionFiles(files_, base_path_, partition);
  if (entries.ok()) {
    listing.files = std::move(*entries);
  } else if (KindOf(entries.status()) != ErrorKind::kNotFound) {  // gone: a deleted partition
    return entries.status();
  }
  for (const FileSlice& file : listing.files.base_files)
    listing.names.insert(file.base_file_name);
  for (const PartitionLogFile& log : listing.files.log_files)
    listing.names.insert(log.file.name);
  later_timeline_.reset();  // it must be younger than the listing
  return &(listings_[partition] = std::move(listing));
}

Status TableView::ListAll() {
  if (all_listed_) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const auto partitions, ListPartitions(files_, base_path_));
  for (const std::string& partition : partitions)
    TAPELAKE_RETURN_NOT_OK(ListingOf(partition).status());
  all_listed_ = true;
  return Status::OK();
}

Result<bool> TableView::HasFiles(const std::string& partition,
                                 const std::vector<std::string>& paths) {
  TAPELAKE_ASSIGN_OR_RAISE(const Listing* listing, ListingOf(partition));
  return std::ranges::all_of(paths, [listing](const std::string& path) {
    return listing->names.contains(path.substr(path.rfind('/') + 1));
  });
}

Result<bool> TableView::IsComplete(const std::vector<HistoryCommit>& history) {
  LastFiles last;
  for (const HistoryCommit& commit : history)
    last.Add(commit);
  for (const auto& [group, paths] : last.paths()) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool exist, HasFiles(group.first, paths));
    if (!exist) return false;
  }
  return true;
}

Status TableView::CleanedError(const std::string& wanted, const std::string& time) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto history, History({}));
  LastFiles last;
  std::string available;
  for (const HistoryCommit& commit : history) {
    last.Add(commit);
    if (OrderTime(commit.instant) < time) continue;
    bool complete = true;
    for (const auto& [group, paths] : last.paths()) {
      TAPELAKE_ASSIGN_OR_RAISE(const bool exist, HasFiles(group.first, paths));
      complete = complete && exist;
    }
    if (!complete) continue;
    available = OrderTime(commit.instant);
    break;
  }
  return MakeError(ErrorKind::kInvalid,
                   "table '" + config_.name + "': " + wanted + ": files of that time were cleaned" +
                       (available.empty() ? std::string()
                                          : "; the first instant still available is " + available));
}

Result<std::shared_ptr<arrow::Schema>> TableView::SchemaAt(const CommitFilter& counts,
                                                           const std::vector<FileSlice>& slices) {
  const auto parse = [this](const std::string& text) -> Result<std::shared_ptr<arrow::Schema>> {
    auto& schema = schemas_[text];
    if (schema != nullptr) return schema;
    TAPELAKE_ASSIGN_OR_RAISE(auto parsed, ParseAvroSchema(text));
    schema = WithoutMetaColumns(parsed);
    return schema;
  };
  const std::vector<Instant> commits = timeline_->CompletedCommits();
  for (const Instant& instant : commits | std::views::reverse) {
    if (!counts(instant)) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const auto metadata, ReadCommitMetadata(files_, base_path_, instant));
    if (!metadata.schema().empty()) return parse(metadata.schema());
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto history, History({}));
  for (const HistoryCommit& commit : history | std::views::reverse) {
    if (counts(commit.instant) && !commit.metadata.schema().empty()) {
      return parse(commit.metadata.schema());
    }
  }
  return FallbackSchema({.files = files_, .base_path = base_path_, .config = config_}, slices);
}

Result<Snapshot> TableView::SnapshotBy(std::shared_ptr<const Timeline> timeline,
                                       const std::string& as_of,
                                       const std::set<FileGroupId>* groups) {
  Snapshot snapshot;
  snapshot.timeline = std::move(timeline);
  snapshot.precombine_field = config_.precombine_field;
  snapshot.merge = config_.merge_rule();
  TAPELAKE_ASSIGN_OR_RAISE(const SliceRules rules,
                           ReadSliceRules(files_, base_path_, *snapshot.timeline, as_of));
  snapshot.instant = rules.as_of;
  std::set<std::string> partitions;
  if (groups == nullptr) {
    TAPELAKE_RETURN_NOT_OK(ListAll());
    for (const auto& [partition, listing] : listings_)
      partitions.insert(partition);
  } else {
    for (const auto& [partition, file_id] : *groups)
      partitions.insert(partition);
  }
  for (const std::string& partition : partitions) {
    TAPELAKE_ASSIGN_OR_RAISE(const Listing* listing, ListingOf(partition));
    TAPELAKE_ASSIGN_OR_RAISE(auto slices, LatestSlicesOf(listing->files, rules));
    for (FileSlice& slice : slices) {
      const bool wanted = groups == nullptr || groups->contains({partition, slice.file_id});
      if (wanted) snapshot.slices.push_back(std::move(slice));
    }
  }
  return snapshot;
}

Result<Snapshot> TableView::GroupsAt(const std::string& time, const std::set<FileGroupId>* groups) {
  auto timeline =
      time.empty() ? timeline_ : std::make_shared<const Timeline>(timeline_->Until(time));
  TAPELAKE_ASSIGN_OR_RAISE(Snapshot snapshot, SnapshotBy(std::move(timeline), time, groups));
  const TimeRange until{.begin = "", .end = time};
  TAPELAKE_ASSIGN_OR_RAISE(
      snapshot.schema,
      SchemaAt([&until](const Instant& instant) { return until.Contains(OrderTime(instant)); },
               snapshot.slices));
  return snapshot;
}

/// Where savepoints are all that is active, archived commits count no more, for Hudi as for us.
Status TableView::CheckCounts(const std::string& as_of) {
  const auto commits = timeline_->CompletedCommits();
  if (as_of.empty() || commits.empty() || as_of >= commits.front().timestamp) return Status::OK();
  if (timeline_->IsCommitted(as_of)) return Status::OK();
  return CleanedError("it cannot be read as of " + as_of, as_of);
}

Result<std::string> TableView::EarliestRetained(const Instant& clean) {
  if (const auto known = earliest_retained_.find(clean.timestamp);
      known != earliest_retained_.end()) {
    return known->second;
  }
  std::string& retained = earliest_retained_[clean.timestamp];
  const auto bytes = ReadRequested(files_, base_path_, clean);
  if (!bytes.ok()) {
    return KindOf(bytes.status()) == ErrorKind::kNotFound ? Result<std::string>(retained)
                                                          : bytes.status();
  }
  // A writer that died while it wrote the plan leaves an empty one.
  if (bytes->empty()) return retained;
  const auto plan = ParseCleanerPlan(*bytes);
  if (!plan.ok()) return WithContext(plan.status(), PlanPlace(base_path_, clean));
  return retained = plan->earliest_instant_to_retain;
}

Result<bool> TableView::MayBeCleaned(const std::string& as_of) {
  if (later_timeline_ == nullptr) {
    TAPELAKE_ASSIGN_OR_RAISE(Timeline now, Timeline::Load(files_, base_path_, timeline_->layout()));
    later_timeline_ = std::make_shared<const Timeline>(std::move(now));
  }
  for (const Instant& instant : later_timeline_->instants() | std::views::reverse) {
    if (instant.action != InstantAction::kClean) continue;
    if (OrderTime(instant) < as_of) break;  // it knew nothing of later commits
    TAPELAKE_ASSIGN_OR_RAISE(const std::string retained, EarliestRetained(instant));
    if (retained.empty() || as_of < retained) return true;
  }
  return false;
}

Status TableView::CheckAvailable(const std::string& as_of, const CommitFilter& counts) {
  TAPELAKE_RETURN_NOT_OK(CheckCounts(as_of));
  TAPELAKE_ASSIGN_OR_RAISE(const bool may_be_cleaned, MayBeCleaned(as_of));
  if (!may_be_cleaned) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(auto history, History({}));
  std::erase_if(history, [&](const HistoryCommit& commit) { return !counts(commit.instant); });
  TAPELAKE_ASSIGN_OR_RAISE(const bool complete, IsComplete(history));
  return complete ? Status::OK() : CleanedError("it cannot be read as of " + as_of, as_of);
}

Status TableView::CheckGroups(const std::string& time, const std::set<FileGroupId>& groups) {
  TAPELAKE_ASSIGN_OR_RAISE(const bool may_be_cleaned, MayBeCleaned(time));
  if (!may_be_cleaned) return Status::OK();
  if (!whole_history_) {
    TAPELAKE_ASSIGN_OR_RAISE(whole_history_, History({}));
  }
  LastFiles last;
  for (const HistoryCommit& commit : *whole_history_) {
    if (OrderTime(commit.instant) <= time) last.Add(commit);
  }
  for (const FileGroupId& group : groups) {
    const auto paths = last.paths().find(group);
    if (paths == last.paths().end()) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const bool exist, HasFiles(group.first, paths->second));
    if (!exist) return CleanedError("it cannot be read as of " + time, time);
  }
  return Status::OK();
}

Result<Snapshot> TableView::SnapshotAt(const std::string& as_of, QueryMode mode) {
  const auto newest = timeline_->NewestCompletedCommit();
  const bool is_past = !as_of.empty() && newest && as_of < newest->timestamp;
  const auto counts = [&](const Instant& instant) {
    return !is_past || instant.timestamp <= as_of;
  };
  TAPELAKE_ASSIGN_OR_RAISE(Snapshot snapshot,
                           SnapshotBy(timeline_, is_past ? as_of : std::string(), nullptr));
  TAPELAKE_ASSIGN_OR_RAISE(snapshot.schema, SchemaAt(counts, snapshot.slices));
  if (is_past) TAPELAKE_RETURN_NOT_OK(CheckAvailable(as_of, counts));
  if (mode == QueryMode::kReadOptimized) {
    for (FileSlice& slice : snapshot.slices)
      slice.log_files.clear();
    std::erase_if(snapshot.slices, [](const FileSlice& slice) { return !slice.has_base_file(); });
  }
  return snapshot;
}

Status TableView::CheckIncremental(const TimeRange& range) {
  if (!config_.populate_meta_fields) {
    return MakeError(ErrorKind::kInvalid,
                     "table '" + config_.name +
                         "': hoodie.populate.meta.fields is false, so no row says which commit "
                         "wrote it; snapshots are all it has");
  }
  if (timeline_->layout() != TimelineLayout::kFlat) return Status::OK();
  TAPELAKE_RETURN_NOT_OK(CheckCounts(range.end));
  for (const Instant& pending : timeline_->PendingInstants()) {
    const bool ingests = pending.action == InstantAction::kCommit ||
                         pending.action == InstantAction::kDeltaCommit ||
                         pending.action == InstantAction::kReplaceCommit;
    if (!ingests || !range.Contains(pending.timestamp)) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const bool clusters, IsClustering(files_, base_path_, pending));
    if (clusters) continue;
    for (const Instant& commit : timeline_->CompletedCommits()) {
      if (commit.timestamp < pending.timestamp || !range.Contains(commit.timestamp)) continue;
      return MakeError(ErrorKind::kUnavailable,
                       "table '" + config_.name + "': instant " + pending.timestamp +
                           " is still pending, older than the commit " + commit.timestamp +
                           ": a read up to there would miss its rows for good; end the range "
                           "before it");
    }
  }
  return Status::OK();
}

namespace {

/// No row is newer than its base file, so those from before the range hold none of its rows. Where
/// the rule compares logs with base rows they are needed all the same.
void LeaveOutOlderBaseFiles(const std::string& first_commit_time, Snapshot* snapshot) {
  if (snapshot->merge != MergeRule::kOverwriteWithLatest) return;
  for (FileSlice& slice : snapshot->slices) {
    if (!slice.has_base_file() || slice.base_instant >= first_commit_time) continue;
    slice.base_file_name.clear();
    slice.size_bytes = 0;
  }
  std::erase_if(snapshot->slices, [](const FileSlice& slice) {
    return !slice.has_base_file() && slice.log_files.empty();
  });
}

}  // namespace

Result<IncrementalSnapshot> TableView::Incremental(const TimeRange& range) {
  TAPELAKE_RETURN_NOT_OK(CheckIncremental(range));
  IncrementalSnapshot answer;
  if (range.begin.empty()) {
    answer.all_rows = true;
    TAPELAKE_ASSIGN_OR_RAISE(answer.snapshot, GroupsAt(range.end, nullptr));
    if (range.end.empty()) return answer;
    TAPELAKE_RETURN_NOT_OK(CheckAvailable(range.end, [&range](const Instant& instant) {
      return range.Contains(OrderTime(instant));
    }));
    return answer;
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto history, History(range));
  const std::set<FileGroupId> groups = TouchedGroups(history);
  TAPELAKE_ASSIGN_OR_RAISE(answer.snapshot, GroupsAt(range.end, &groups));
  if (history.empty()) return answer;
  TAPELAKE_ASSIGN_OR_RAISE(const bool complete, IsComplete(history));
  if (!complete) return CleanedError("it cannot be read up to " + range.end, range.end);
  if (answer.snapshot.merge != MergeRule::kOverwriteWithLatest) {  // older base rows may win
    TAPELAKE_RETURN_NOT_OK(CheckGroups(OrderTime(history.back().instant), groups));
  }
  for (const HistoryCommit& commit : history)
    answer.commit_times.push_back(commit.instant.timestamp);
  std::ranges::sort(answer.commit_times);
  answer.first_commit_time = answer.commit_times.front();
  answer.last_commit_time = answer.commit_times.back();
  // By instants the range is one stretch; by completion times others may have begun in between.
  if (timeline_->layout() == TimelineLayout::kFlat) {
    answer.commit_times.clear();
    LeaveOutOlderBaseFiles(answer.first_commit_time, &answer.snapshot);
  }
  return answer;
}

}  // namespace tapelake::hudi
