// How Table gets rid of what dead writers left.

#include <algorithm>
#include <map>
#include <ranges>

#include "hudi/table/table.h"
#include "hudi/table/table_rules.h"
#include "hudi/table/table_state.h"
#include "hudi/timeline/instant_files.h"
#include "hudi/writer/rollback_job.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;

/// These write rows. Compactions and cleans are finished by their own kind of writer.
bool IsOurBusiness(const Instant& instant) {
  return instant.state != InstantState::kCompleted &&
         (instant.action == InstantAction::kCommit ||
          instant.action == InstantAction::kDeltaCommit ||
          instant.action == InstantAction::kReplaceCommit);
}

bool IsPendingRollback(const Instant& instant) {
  return instant.state != InstantState::kCompleted && instant.action == InstantAction::kRollback;
}

bool IsPendingRestore(const Instant& instant) {
  return instant.state != InstantState::kCompleted && instant.action == InstantAction::kRestore;
}

/// The instant that a rollback's plan names; empty if there is no plan or it does not parse.
Result<std::string> RolledBackInstant(io::FileSystem& files, const std::string& base_path,
                                      const Instant& rollback) {
  const auto bytes = ReadRequested(files, base_path, rollback);
  if (!bytes.ok() && KindOf(bytes.status()) == ErrorKind::kNotFound) return std::string();
  TAPELAKE_RETURN_NOT_OK(bytes.status());
  const auto plan = ParseRollbackPlan(*bytes);
  return plan.ok() ? plan->instant : std::string();
}

}  // namespace

Status Table::CleanUpPendingCommits() {
  TAPELAKE_RETURN_NOT_OK(Refresh());
  TAPELAKE_RETURN_NOT_OK(CheckServiceable(config_));
  const auto& instants = state_->timeline()->instants();
  const bool clean = std::ranges::none_of(instants, [](const Instant& instant) {
    return IsOurBusiness(instant) || IsPendingRollback(instant) || IsPendingRestore(instant);
  });
  if (clean) return Status::OK();
  TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  // First what a restore takes back: some of that looks dead.
  const std::vector<Instant> pending = state_->timeline()->PendingInstants();
  for (const Instant& instant : pending) {
    if (IsPendingRestore(instant)) TAPELAKE_RETURN_NOT_OK(FinishRestore(instant).status());
  }
  TAPELAKE_RETURN_NOT_OK(Refresh());
  const Status status = RollBackDeadInstants();
  state_.reset();
  TAPELAKE_RETURN_NOT_OK(status);
  return Refresh();
}

Status Table::RollBackDeadInstants() {
  const std::shared_ptr<const Timeline> timeline = state_->timeline();
  std::vector<Instant> dead;
  std::ranges::copy_if(timeline->instants(), std::back_inserter(dead), IsOurBusiness);
  std::map<std::string, Instant> rollbacks;  // by the instant rolled back
  for (const Instant& rollback : timeline->instants()) {
    if (rollback.action != InstantAction::kRollback) continue;
    const bool pending = IsPendingRollback(rollback);
    if (!pending && (dead.empty() || rollback.timestamp < dead.front().timestamp)) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const std::string named,
                             RolledBackInstant(environment_.files, base_path_, rollback));
    const bool needed = std::ranges::find(dead, named, &Instant::timestamp) != dead.end();
    if (needed && rollbacks.emplace(named, rollback).second) continue;
    // Not begun, or all done but for its own last file: what it names is no longer pending.
    if (pending) {
      TAPELAKE_RETURN_NOT_OK(TimelineWriter(environment_.files, base_path_)
                                 .DeletePending(rollback.timestamp, rollback.action));
    }
  }
  for (const Instant& instant : dead | std::views::reverse) {
    const auto begun = rollbacks.find(instant.timestamp);
    TAPELAKE_RETURN_NOT_OK(RollBack(instant, begun == rollbacks.end() ? nullptr : &begun->second));
  }
  return Status::OK();
}

Status Table::RollBack(const Instant& dead, const Instant* begun) {
  io::FileSystem& files = environment_.files;
  TimelineWriter timeline(files, base_path_);
  if (begun == nullptr || begun->state != InstantState::kCompleted) {
    const int64_t start_micros = environment_.clock.SteadyMicros();
    const RollbackTarget target{files, base_path_};
    constexpr InstantAction kAction = InstantAction::kRollback;
    std::string rollback = begun == nullptr ? "" : begun->timestamp;
    TAPELAKE_ASSIGN_OR_RAISE(const RollbackPlan plan, PlanRollback(target, dead));
    if (begun == nullptr) {
      TAPELAKE_ASSIGN_OR_RAISE(rollback, WaitForInstant());
      TAPELAKE_RETURN_NOT_OK(timeline.CreateRequested(rollback, kAction, FormatRollbackPlan(plan)));
    }
    if (begun == nullptr || begun->state == InstantState::kRequested) {
      TAPELAKE_RETURN_NOT_OK(timeline.CreateInflight(rollback, kAction, ""));
    }
    TAPELAKE_ASSIGN_OR_RAISE(auto metadata, ExecuteRollback(target, plan, rollback));
    const std::string markers = io::JoinPath(base_path_, ".hoodie/.temp/" + dead.timestamp);
    TAPELAKE_RETURN_NOT_OK(files.DeleteDirectory(markers));
    metadata.taken_ms = (environment_.clock.SteadyMicros() - start_micros) / kMicrosPerMilli;
    TAPELAKE_RETURN_NOT_OK(timeline.Complete(rollback, kAction, FormatRollbackMetadata(metadata)));
  }
  return timeline.DeletePending(dead.timestamp, dead.action);
}

}  // namespace tapelake::hudi
