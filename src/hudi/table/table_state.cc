#include "hudi/table/table_state.h"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <set>
#include <tuple>
#include <utility>

#include "hudi/format/avro_schema.h"
#include "hudi/format/file_name.h"
#include "hudi/format/service_plans.h"
#include "hudi/table/table_schema.h"
#include "hudi/timeline/instant_files.h"

namespace tapelake::hudi {
namespace {

constexpr size_t kFollowedCommitsMax = 64;  // of other writers; more are a reason to load anew

Status CheckSlices(const TableSource& source, const std::vector<FileSlice>& slices) {
  if (source.config.type == TableType::kMergeOnRead) return Status::OK();
  for (const FileSlice& slice : slices) {
    if (slice.log_files.empty()) continue;
    return MakeError(ErrorKind::kInvalid, "table '" + source.config.name +
                                              "' is copy-on-write, but has the log file '" +
                                              slice.LogPath(slice.log_files.front()) + "'");
  }
  return Status::OK();
}

/// What happened between two listings.
class Changes {
 public:
  Changes(const std::vector<std::string>& before, const std::vector<std::string>& after,
          const Timeline& old_timeline, const Timeline& new_timeline)
      : after_(after), old_(old_timeline), new_(new_timeline) {
    std::ranges::set_difference(before, after, std::back_inserter(removed_));
    std::ranges::set_difference(after, before, std::back_inserter(added_));
  }

  /// Return whether only the partitions of commits() and compactions() differ.
  bool Classify() {
    return std::ranges::all_of(removed_, [this](const auto& name) { return TakeRemoved(name); }) &&
           std::ranges::all_of(added_, [this](const auto& name) { return TakeAdded(name); }) &&
           commits_.size() <= kFollowedCommitsMax;
  }

  const std::vector<Instant>& commits() const { return commits_; }
  const std::set<std::string>& compactions() const { return compactions_; }

 private:
  static bool IsPassive(InstantAction action) {
    return action == InstantAction::kClean || action == InstantAction::kRollback;
  }

  bool TakeRemoved(const std::string& name) const {
    const auto instant = ParseInstantFileName(name);
    if (!instant) return false;
    if (IsPassive(instant->action)) return true;
    // Archived: what was committed still is.
    return IsWriteAction(instant->action) && old_.IsCommitted(instant->timestamp) &&
           new_.IsCommitted(instant->timestamp);
  }

  bool TakeAdded(const std::string& name) {
    const auto instant = ParseInstantFileName(name);
    if (!instant) return false;
    const bool completed = instant->state == InstantState::kCompleted;
    switch (instant->action) {
      case InstantAction::kClean:
        return true;
      case InstantAction::kCompaction:
        compactions_.insert(instant->timestamp);
        return true;
      case InstantAction::kCommit:
        if (completed && IsCompaction(instant->timestamp)) {
          compactions_.insert(instant->timestamp);
          return true;
        }
        [[fallthrough]];
      case InstantAction::kDeltaCommit:
      case InstantAction::kReplaceCommit:
        if (completed) commits_.push_back(*instant);
        return true;
      default:
        return false;
    }
  }

  bool IsCompaction(const std::string& timestamp) const {
    return std::ranges::binary_search(
        after_, InstantFileName({timestamp, InstantAction::kCompaction, InstantState::kRequested}));
  }

  const std::vector<std::string>& after_;
  const Timeline& old_;
  const Timeline& new_;
  std::vector<std::string> removed_;
  std::vector<std::string> added_;
  std::vector<Instant> commits_;
  std::set<std::string> compactions_;
};

Result<CompactionPlan> ReadCompactionPlan(const TableSource& source, const std::string& timestamp) {
  const Instant compaction{timestamp, InstantAction::kCompaction};
  TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes,
                           ReadRequested(source.files, source.base_path, compaction));
  auto plan = ParseCompactionPlan(bytes);
  if (!plan.ok()) return WithContext(plan.status(), PlanPlace(source.base_path, compaction));
  return plan;
}

/// The partitions that commits and compactions touch.
Result<std::vector<std::string>> TouchedPartitions(const TableSource& source,
                                                   const Changes& changes) {
  std::set<std::string> partitions;
  for (const Instant& commit : changes.commits()) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto metadata,
                             ReadCommitMetadata(source.files, source.base_path, commit));
    for (const auto& [partition, stats] : metadata.write_stats)
      partitions.insert(partition);
    for (const auto& [partition, file_ids] : metadata.replaced_file_ids)
      partitions.insert(partition);
  }
  for (const std::string& timestamp : changes.compactions()) {
    TAPELAKE_ASSIGN_OR_RAISE(const CompactionPlan plan, ReadCompactionPlan(source, timestamp));
    for (const CompactionOperation& operation : plan.operations)
      partitions.insert(operation.partition_path);
  }
  return std::vector<std::string>(partitions.begin(), partitions.end());
}

}  // namespace

Result<std::vector<std::string>> TableState::ListNames(io::FileSystem& files,
                                                       const std::string& base_path,
                                                       TimelineLayout layout) {
  TAPELAKE_ASSIGN_OR_RAISE(auto names, ListInstantNames(files, base_path, layout));
  // Folders that are always there, side files and temporaries.
  std::erase_if(names, [](const std::string& name) { return name.starts_with('.'); });
  return names;
}

Result<std::unique_ptr<TableState>> TableState::Load(const TableSource& source,
                                                     std::vector<std::string> names) {
  std::unique_ptr<TableState> state(new TableState());
  state->timeline_ =
      std::make_shared<const Timeline>(Timeline::FromFileNames(names, source.config.layout()));
  state->names_ = std::move(names);
  TAPELAKE_ASSIGN_OR_RAISE(state->slices_, LatestSlices(source.files, source.base_path,
                                                        *state->timeline_, /*as_of=*/""));
  TAPELAKE_RETURN_NOT_OK(CheckSlices(source, state->slices_));
  TAPELAKE_RETURN_NOT_OK(state->ReadSchema(source));
  return state;
}

Status TableState::ReadSchema(const TableSource& source) {
  const std::vector<Instant> commits = timeline_->CompletedCommits();
  for (const Instant& instant : commits | std::views::reverse) {
    TAPELAKE_ASSIGN_OR_RAISE(const CommitMetadata metadata,
                             ReadCommitMetadata(source.files, source.base_path, instant));
    if (metadata.schema().empty()) continue;
    if (metadata.schema() == schema_text_) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(auto schema, ParseAvroSchema(metadata.schema()));
    schema_ = WithoutMetaColumns(schema);
    schema_text_ = metadata.schema();
    return Status::OK();
  }
  TAPELAKE_ASSIGN_OR_RAISE(
      schema_, FallbackSchema(
                   {.files = source.files, .base_path = source.base_path, .config = source.config},
                   Slices()));
  return Status::OK();
}

Result<bool> TableState::Follow(const TableSource& source, const std::vector<std::string>& names) {
  // Completed files of the newer layout have names of their own: no rule of Changes fits them.
  if (source.config.layout() != TimelineLayout::kFlat) return false;
  auto next =
      std::make_shared<const Timeline>(Timeline::FromFileNames(names, source.config.layout()));
  Changes changes(names_, names, *timeline_, *next);
  if (!changes.Classify()) return false;
  TAPELAKE_ASSIGN_OR_RAISE(const auto partitions, TouchedPartitions(source, changes));
  timeline_ = std::move(next);
  names_ = names;
  if (!partitions.empty()) TAPELAKE_RETURN_NOT_OK(ReloadPartitions(source, partitions));
  if (!changes.commits().empty()) TAPELAKE_RETURN_NOT_OK(ReadSchema(source));
  return true;
}

Status TableState::ReloadPartitions(const TableSource& source,
                                    const std::vector<std::string>& partitions) {
  TAPELAKE_ASSIGN_OR_RAISE(const SliceRules rules, ReadSliceRules(source.files, source.base_path,
                                                                  *timeline_, /*as_of=*/""));
  for (const std::string& partition : partitions) {
    TAPELAKE_ASSIGN_OR_RAISE(const PartitionFiles files,
                             ListPartitionFiles(source.files, source.base_path, partition));
    TAPELAKE_ASSIGN_OR_RAISE(auto latest, LatestSlicesOf(files, rules));
    TAPELAKE_RETURN_NOT_OK(CheckSlices(source, latest));
    if (index_) {
      TAPELAKE_RETURN_NOT_OK(index_->Reload(partition, latest));
      continue;
    }
    std::erase_if(slices_,
                  [&](const FileSlice& slice) { return slice.partition_path == partition; });
    const auto place = std::ranges::lower_bound(slices_, partition, {}, &FileSlice::partition_path);
    slices_.insert(place, latest.begin(), latest.end());
  }
  return Status::OK();
}

Status TableState::AddCommit(const std::string& instant, InstantAction action,
                             const CommitJob& job) {
  for (const InstantState state :
       {InstantState::kRequested, InstantState::kInflight, InstantState::kCompleted}) {
    std::string name = InstantFileName({instant, action, state});
    names_.insert(std::ranges::lower_bound(names_, name), std::move(name));
  }
  timeline_ = std::make_shared<const Timeline>(
      timeline_->With({instant, action, InstantState::kCompleted}));
  for (FileSlice& slice : job.WrittenSlices())
    Put(std::move(slice));
  if (job.commit_schema() == schema_text_) return Status::OK();
  const auto schema = ParseAvroSchema(job.commit_schema());
  if (!schema.ok()) return MakeError(ErrorKind::kInternal, schema.status().message());
  schema_ = WithoutMetaColumns(*schema);
  schema_text_ = job.commit_schema();
  return Status::OK();
}

void TableState::Put(FileSlice slice) {
  if (index_) return index_->Put(std::move(slice));
  const auto order = [](const FileSlice& each) {
    return std::tie(each.partition_path, each.file_id);
  };
  const auto place = std::ranges::lower_bound(slices_, order(slice), {}, order);
  if (place != slices_.end() && order(*place) == order(slice)) {
    *place = std::move(slice);
  } else {
    slices_.insert(place, std::move(slice));
  }
}

Status TableState::IndexBuckets(uint32_t bucket_count) {
  if (bucket_count == 0) {
    if (index_) slices_ = index_->Slices();
    index_.reset();
    return Status::OK();
  }
  if (index_ && index_->bucket_count() == bucket_count) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(auto index, BucketIndex::Make(Slices(), bucket_count));
  index_ = std::move(index);
  slices_.clear();
  return Status::OK();
}

bool TableState::HasName(const std::string& name) const {
  return std::ranges::binary_search(names_, name);
}

std::vector<FileSlice> TableState::Slices() const {
  return index_ ? index_->Slices() : slices_;
}

std::vector<FileSlice> TableState::SlicesWithLogs() const {
  return index_ ? index_->SlicesWithLogs() : slices_;
}

}  // namespace tapelake::hudi
