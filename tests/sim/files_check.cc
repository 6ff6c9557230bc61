// Does the timeline account for every file of the table?

#include <set>
#include <string>
#include <utility>

#include "hudi/format/commit_metadata.h"
#include "hudi/format/file_name.h"
#include "hudi/format/log_block.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"
#include "tests/sim/checks.h"

namespace tapelake::sim {
namespace {

Status Orphan(const std::string& path, const std::string& why) {
  return MakeError(ErrorKind::kInternal, "'" + path + "' belongs to nobody: " + why);
}

/// What completed instants of the timeline name.
struct Accounts {
  hudi::Timeline timeline;
  std::set<std::string> completed;  // timestamps, of any action
  std::set<std::string> written;    // paths in commits, relative to the table
};

Result<Accounts> ReadAccounts(SimWorld& world) {
  Accounts accounts;
  TAPELAKE_ASSIGN_OR_RAISE(accounts.timeline, hudi::Timeline::Load(world.files, SimTablePath()));
  for (const hudi::Instant& instant : accounts.timeline.instants()) {
    if (instant.state == hudi::InstantState::kCompleted) {
      accounts.completed.insert(instant.timestamp);
    }
  }
  for (const hudi::Instant& instant : accounts.timeline.CompletedCommits()) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto commit,
                             hudi::ReadCommitMetadata(world.files, SimTablePath(), instant));
    for (const auto& [partition, stats] : commit.write_stats) {
      for (const hudi::WriteStat& stat : stats)
        accounts.written.insert(stat.path);
    }
  }
  return accounts;
}

Status CheckTimelineFile(const std::string& path, const Accounts& accounts) {
  const std::string name = io::FileName(path);
  const auto instant = hudi::ParseInstantFileName(name);
  if (!instant) {
    if (name.starts_with(hudi::kPropertiesFileName)) return Status::OK();
    return Orphan(path, "it is no instant");
  }
  if (accounts.completed.contains(instant->timestamp)) return Status::OK();
  return Orphan(path, "its instant is not completed");
}

Status CheckLogFile(SimWorld& world, const std::string& path, const std::string& relative,
                    const Accounts& accounts) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes, world.files.ReadFile(path));
  TAPELAKE_ASSIGN_OR_RAISE(const auto blocks, hudi::SplitLogBlocks(bytes));
  bool counts = false;
  bool rollback = false;
  bool active = false;
  for (const hudi::LogBlock& block : blocks) {
    rollback |= block.type == hudi::LogBlockType::kCommand;
    counts |= accounts.timeline.IsCommitted(block.instant());
    active |= accounts.completed.contains(std::string(block.instant()));
  }
  if (rollback) return Status::OK();
  if (!counts) return Orphan(path, "no block of it is committed");
  if (active && !accounts.written.contains(relative)) return Orphan(path, "no commit names it");
  return Status::OK();
}

Status CheckDataFile(SimWorld& world, const std::string& path, const std::string& relative,
                     const Accounts& accounts) {
  const std::string name = io::FileName(path);
  if (name == hudi::kPartitionMetadataFileName) return Status::OK();
  if (hudi::ParseLogFileName(name)) return CheckLogFile(world, path, relative, accounts);
  const auto base = hudi::ParseBaseFileName(name);
  if (!base) return Orphan(path, "it is no file of a table");
  if (!accounts.timeline.IsCommitted(base->instant)) return Orphan(path, "it is not committed");
  if (accounts.completed.contains(base->instant) && !accounts.written.contains(relative)) {
    return Orphan(path, "no commit names it");
  }
  return Status::OK();
}

}  // namespace

Status CheckFiles(SimWorld& world) {
  TAPELAKE_ASSIGN_OR_RAISE(const Accounts accounts, ReadAccounts(world));
  const auto pending = accounts.timeline.PendingInstants();
  if (!pending.empty()) return Orphan(hudi::InstantFileName(pending.front()), "it is pending");
  const std::string timeline_folder = io::JoinPath(SimTablePath(), hudi::kMetadataFolder);
  for (const std::string& path : world.files.disk().Paths()) {
    if (!testing::IsBelow(path, SimTablePath())) continue;
    const std::string relative = path.substr(SimTablePath().size() + 1);
    // A death within a publication may leave one; nothing ever takes it for a file of the table.
    if (io::FileName(path).starts_with(".tmp-")) continue;
    if (io::ParentPath(path) == timeline_folder) {
      TAPELAKE_RETURN_NOT_OK(CheckTimelineFile(path, accounts));
    } else if (!testing::IsBelow(path, timeline_folder)) {
      TAPELAKE_RETURN_NOT_OK(CheckDataFile(world, path, relative, accounts));
    }
  }
  return Status::OK();
}

}  // namespace tapelake::sim
