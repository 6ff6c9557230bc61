// The half of Table that keeps it small: compaction, cleaning, archival.

#include <algorithm>
#include <ranges>
#include <utility>

#include "hudi/cleaning/archival_job.h"
#include "hudi/cleaning/cleaning_job.h"
#include "hudi/format/avro_schema.h"
#include "hudi/format/instant.h"
#include "hudi/table/table.h"
#include "hudi/table/table_rules.h"
#include "hudi/table/table_state.h"
#include "hudi/timeline/instant_files.h"

namespace tapelake::hudi {

/// What the services remember from one call to the next, so that a call costs by what is new.
struct Table::ServiceState {
  CleaningJob cleaning;
  ArchivalJob archival;
};

namespace {

constexpr const char* kAfterAll = "99991231235959999";  // after every instant

std::vector<Instant> PendingOf(const Timeline& timeline, InstantAction action) {
  std::vector<Instant> pending = timeline.PendingInstants();
  std::erase_if(pending, [action](const Instant& instant) { return instant.action != action; });
  return pending;
}

/// The newest commits not after `limit` that are needed for CarriedMetadata: back to the first that
/// carries keys. Archival may take one away while we look; then nothing newer needs it.
Result<std::vector<CommitMetadata>> CommitsToCarry(io::FileSystem& files,
                                                   const std::string& base_path,
                                                   const Timeline& timeline,
                                                   const std::string& limit) {
  std::vector<CommitMetadata> commits;
  bool has_schema = false;
  const std::vector<Instant> completed = timeline.CompletedCommits();
  for (const Instant& instant : completed | std::views::reverse) {
    if (instant.timestamp > limit) continue;
    auto metadata = ReadCommitMetadata(files, base_path, instant);
    if (!metadata.ok() && KindOf(metadata.status()) == ErrorKind::kNotFound) continue;
    TAPELAKE_RETURN_NOT_OK(metadata.status());
    commits.push_back(std::move(metadata).ValueUnsafe());
    has_schema = has_schema || !commits.back().schema().empty();
    const auto first = commits.back().extra_metadata.lower_bound(std::string(kCarriedKeyPrefix));
    const bool has_keys =
        first != commits.back().extra_metadata.end() && first->first.starts_with(kCarriedKeyPrefix);
    if (has_schema && has_keys) break;
  }
  return commits;
}

/// Whether files of groups that the commit replaced are left.
Result<bool> HasReplacedFiles(io::FileSystem& files, const std::string& base_path,
                              const CommitMetadata& metadata) {
  for (const auto& [partition, file_ids] : metadata.replaced_file_ids) {
    const auto listed = ListPartitionFiles(files, base_path, partition);
    if (KindOf(listed.status()) == ErrorKind::kNotFound && !listed.ok()) continue;
    TAPELAKE_RETURN_NOT_OK(listed.status());
    const auto is_replaced = [&ids = file_ids](const auto& file) {
      return std::ranges::find(ids, file.file_id) != ids.end();
    };
    if (std::ranges::any_of(listed->base_files, is_replaced)) return true;
    if (std::ranges::any_of(listed->log_files, is_replaced)) return true;
  }
  return false;
}

/// What ArchivalLimits calls so.
Result<std::string> FirstReplacing(io::FileSystem& files, const std::string& base_path,
                                   const Timeline& timeline) {
  for (const Instant& instant : timeline.CompletedCommits()) {
    if (instant.action != InstantAction::kReplaceCommit) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const auto metadata, ReadCommitMetadata(files, base_path, instant));
    TAPELAKE_ASSIGN_OR_RAISE(const bool has, HasReplacedFiles(files, base_path, metadata));
    if (has) return instant.timestamp;
  }
  return std::string();
}

}  // namespace

Table::ServiceState& Table::services() {
  if (services_ == nullptr) {
    const auto folder = config_.properties.find("hoodie.archivelog.folder");
    services_ = std::make_shared<ServiceState>(ServiceState{
        .cleaning = CleaningJob(environment_.files, environment_.clock, base_path_),
        .archival = ArchivalJob(environment_.files, base_path_,
                                folder == config_.properties.end() ? "archived" : folder->second)});
  }
  return *services_;
}

Result<std::string> Table::ScheduleCompaction(const CompactionPolicy& policy) {
  const auto plan_now = [&] {
    return PlanCompaction(state_->SlicesWithLogs(), policy, environment_.clock.WallMicros());
  };
  // After most commits nothing is due by what is known, and looking again would list once more.
  const bool is_merge_on_read = config_.type == TableType::kMergeOnRead;
  if (is_merge_on_read && state_ != nullptr && plan_now().operations.empty()) return std::string();
  TAPELAKE_RETURN_NOT_OK(CleanUpPendingCommits());
  TAPELAKE_RETURN_NOT_OK(CheckWritable(config_));
  if (config_.type != TableType::kMergeOnRead) {
    return MakeError(ErrorKind::kInvalid,
                     "table '" + config_.name + "' is copy-on-write: it has nothing to compact");
  }
  if (!PendingOf(*state_->timeline(), InstantAction::kCompaction).empty()) return std::string();
  const CompactionPlan plan = plan_now();
  if (plan.operations.empty()) return std::string();
  TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  TAPELAKE_ASSIGN_OR_RAISE(const std::string instant, TakeInstant());
  TAPELAKE_RETURN_NOT_OK(
      TimelineWriter(environment_.files, base_path_)
          .CreateRequested(instant, InstantAction::kCompaction, FormatCompactionPlan(plan)));
  return instant;
}

Result<std::vector<std::string>> Table::PendingCompactions() {
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline timeline, LoadTimeline());
  std::vector<std::string> instants;
  for (const Instant& instant : PendingOf(timeline, InstantAction::kCompaction))
    instants.push_back(instant.timestamp);
  return instants;
}

Result<CompactionCounts> Table::RunCompaction(const std::string& instant, int threads) {
  io::FileSystem& files = environment_.files;
  TAPELAKE_RETURN_NOT_OK(ReloadConfig());
  TAPELAKE_RETURN_NOT_OK(CheckServiceable(config_));
  TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  // Not by LoadTimeline(): the other files of the table are none of a compaction's business.
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline timeline, Timeline::Load(files, base_path_));
  const std::vector<Instant> pending = PendingOf(timeline, InstantAction::kCompaction);
  const auto found = std::ranges::find(pending, instant, &Instant::timestamp);
  if (found == pending.end()) {
    return MakeError(ErrorKind::kNotFound,
                     "table '" + config_.name + "' has no pending compaction '" + instant + "'");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes, ReadRequested(files, base_path_, *found));
  auto plan = ParseCompactionPlan(bytes);
  if (!plan.ok()) return WithContext(plan.status(), PlanPlace(base_path_, *found));
  TAPELAKE_ASSIGN_OR_RAISE(const auto commits,
                           CommitsToCarry(files, base_path_, timeline, instant));
  std::map<std::string, std::string> extra = CarriedMetadata(commits);
  CompactionTarget target{.files = files,
                          .base_path = base_path_,
                          .config = config_,
                          .timeline = timeline,
                          .instant = instant,
                          .schema = nullptr};
  if (const auto schema = extra.find(std::string(kSchemaKey)); schema != extra.end()) {
    TAPELAKE_ASSIGN_OR_RAISE(target.schema, ParseAvroSchema(schema->second));
    target.schema = WithoutMetaColumns(target.schema);
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(const Snapshot snapshot, LatestSnapshot());
    target.schema = snapshot.schema;
    TAPELAKE_ASSIGN_OR_RAISE(
        extra[std::string(kSchemaKey)],
        FormatAvroSchema(*target.schema, AvroRecordName::OfTable(config_.name)));
  }
  TAPELAKE_RETURN_NOT_OK(EnsureInflight(files, base_path_, *found, ""));
  CompactionJob job(target, *plan);
  TAPELAKE_RETURN_NOT_OK(job.RemoveLeftovers());
  CompactionCounts counts;
  TAPELAKE_ASSIGN_OR_RAISE(CommitMetadata metadata, job.Run(threads, &counts));
  metadata.extra_metadata = std::move(extra);
  TAPELAKE_RETURN_NOT_OK(
      TimelineWriter(files, base_path_)
          .Complete(instant, InstantAction::kCompaction, FormatCommitMetadata(metadata)));
  return counts;
}

Result<std::map<std::string, std::string>> Table::MetadataToCarry() {
  TAPELAKE_ASSIGN_OR_RAISE(const auto commits, CommitsToCarry(environment_.files, base_path_,
                                                              *state_->timeline(), kAfterAll));
  std::map<std::string, std::string> extra = CarriedMetadata(commits);
  if (extra.contains(std::string(kSchemaKey)) || state_->schema() == nullptr) return extra;
  TAPELAKE_ASSIGN_OR_RAISE(
      extra[std::string(kSchemaKey)],
      FormatAvroSchema(*state_->schema(), AvroRecordName::OfTable(config_.name)));
  return extra;
}

Result<int64_t> Table::FinishPendingCleans(const Timeline& timeline) {
  if (PendingOf(timeline, InstantAction::kClean).empty()) return 0;
  TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  return services().cleaning.FinishPending(timeline);
}

Result<int64_t> Table::FinishArchival(const Timeline& timeline) {
  return services().archival.Finish(timeline);
}

Result<int64_t> Table::Clean(const CleaningPolicy& policy) {
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline timeline, LoadTimeline());
  TAPELAKE_RETURN_NOT_OK(CheckWritable(config_));
  CleaningJob& job = services().cleaning;
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t finished, FinishPendingCleans(timeline));
  TAPELAKE_ASSIGN_OR_RAISE(const CleanerPlan plan, job.Plan(timeline, policy));
  if (plan.files_by_partition.empty()) return finished;
  TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  TAPELAKE_ASSIGN_OR_RAISE(const std::string instant, WaitForInstant());
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t deleted, job.Run(instant, plan));
  return finished + deleted;
}

Result<int64_t> Table::Archive(const ArchivalPolicy& policy, const std::string& kept_key) {
  if (policy.instants_keep_min < 1 || policy.instants_keep_min >= policy.instants_keep_max) {
    return MakeError(ErrorKind::kInvalid,
                     "archival must keep at least one instant and fewer than it bears: " +
                         std::to_string(policy.instants_keep_min) + ", " +
                         std::to_string(policy.instants_keep_max));
  }
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline timeline, LoadTimeline());
  TAPELAKE_RETURN_NOT_OK(CheckServiceable(config_));
  ArchivalLimits limits;
  if (policy.reader_micros > 0) {
    limits.readers_began =
        FormatInstantTime(environment_.clock.WallMicros() - policy.reader_micros);
  }
  // Mostly nothing is due: then what else limits it need not be read.
  if (PlanArchival(timeline, policy, limits).empty()) return 0;
  if (!kept_key.empty()) {
    const auto kept = NewestCommitWith(kept_key);
    if (!kept.ok() && KindOf(kept.status()) != ErrorKind::kNotFound) return kept.status();
    if (kept.ok()) limits.kept_instant = kept->instant;
  }
  TAPELAKE_ASSIGN_OR_RAISE(limits.first_replacing,
                           FirstReplacing(environment_.files, base_path_, timeline));
  const std::vector<Instant> instants = PlanArchival(timeline, policy, limits);
  if (!instants.empty()) TAPELAKE_RETURN_NOT_OK(services().archival.Run(instants));
  return std::ssize(instants);
}

}  // namespace tapelake::hudi
