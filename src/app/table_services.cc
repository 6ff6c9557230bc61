#include "app/table_services.h"

#include "ingest/ingest_state.h"

namespace tapelake::app {
namespace {

constexpr int kCompactionThreads = 1;
constexpr int kClusteringThreads = 1;

}  // namespace

Status TableServices::Begin(hudi::Table& table) {
  if (table.config().type == hudi::TableType::kMergeOnRead) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto pending, table.PendingCompactions());
    for (const std::string& instant : pending)
      TAPELAKE_RETURN_NOT_OK(Compact(table, instant));
  }
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, table.LoadTimeline());
  for (const hudi::Instant& instant : timeline.PendingInstants()) {
    if (instant.action != hudi::InstantAction::kClean) continue;
    return table.Clean(policies_.cleaning).status();
  }
  return Status::OK();
}

Result<TableServices::Done> TableServices::Run(hudi::Table& table) {
  Done done;
  const bool is_turn = --commits_until_services_ <= 0;
  // Before a compaction is planned, which would keep small groups with logs from being merged.
  if (is_turn) {
    TAPELAKE_ASSIGN_OR_RAISE(done.merged_files, MergeSmallFiles(table));
  }
  TAPELAKE_RETURN_NOT_OK(CompactWhatIsDue(table));
  if (!is_turn) return done;
  commits_until_services_ = policies_.commits_between;
  TAPELAKE_ASSIGN_OR_RAISE(done.cleaned_files, table.Clean(policies_.cleaning));
  TAPELAKE_ASSIGN_OR_RAISE(done.archived_instants,
                           table.Archive(policies_.archival, ingest::kPositionsKey));
  return done;
}

Result<int64_t> TableServices::MergeSmallFiles(hudi::Table& table) {
  if (!policies_.clustering || !hudi::CheckClusterable(table.config(), {}).ok()) return 0;
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::ClusteringCounts counts,
                           table.Cluster(*policies_.clustering, kClusteringThreads));
  return counts.files_replaced;
}

Status TableServices::CompactWhatIsDue(hudi::Table& table) {
  if (table.config().type != hudi::TableType::kMergeOnRead) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const std::string instant,
                           table.ScheduleCompaction(policies_.compaction));
  return instant.empty() ? Status::OK() : Compact(table, instant);
}

Status TableServices::Compact(hudi::Table& table, const std::string& instant) {
  if (on_compaction_) {
    on_compaction_(instant);
    return Status::OK();
  }
  return table.RunCompaction(instant, kCompactionThreads).status();
}

}  // namespace tapelake::app
