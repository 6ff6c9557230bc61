#include <algorithm>

#include "hudi/format/file_name.h"
#include "hudi/inspect/verify_checks.h"

namespace tapelake::hudi {
namespace {

std::string TimelinePath(const Instant& instant) {
  return io::JoinPath(kMetadataFolder, InstantFileName(instant));
}

bool IsCompletedWrite(const Instant& instant) {
  return instant.state == InstantState::kCompleted && IsWriteAction(instant.action);
}

class TimelineCheck {
 public:
  TimelineCheck(const TableEvidence& evidence, FindingList* findings)
      : evidence_(evidence), instants_(evidence.timeline.instants()), findings_(*findings) {}

  void Run(int64_t now_micros) {
    for (const Finding& finding : evidence_.findings)
      findings_.Add(finding);
    for (size_t i = 0; i < instants_.size(); ++i) {
      const Instant& instant = instants_[i];
      if (instant.state != InstantState::kCompleted) CheckPending(instant);
      if (i > 0) CheckUnique(instants_[i - 1], instant);
      if (instant.action == InstantAction::kSavepoint) CheckSavepoint(instant);
    }
    CheckClock(now_micros);
    CheckMetadataTable();
    for (const CommitMetadata& commit : evidence_.commits) {
      for (const auto& [partition, stats] : commit.write_stats) {
        for (const WriteStat& stat : stats)
          CheckStat(commit, partition, stat);
      }
    }
  }

 private:
  void CheckPending(const Instant& instant) {
    const bool writes_rows =
        instant.action == InstantAction::kCommit || instant.action == InstantAction::kDeltaCommit;
    const auto newest = evidence_.timeline.NewestCompletedCommit();
    const bool dead = writes_rows && newest && newest->timestamp > instant.timestamp;
    findings_.Add(
        {.kind = dead ? FindingKind::kInstantDead : FindingKind::kInstantPending,
         .path = TimelinePath(instant),
         .instant = instant.timestamp,
         .what = dead ? "the " + std::string(InstantActionName(instant.action)) +
                            " was begun and not completed, and commit " + newest->timestamp +
                            " followed: other writers fail until it is rolled back"
                      : "the " + std::string(InstantActionName(instant.action)) +
                            " is begun and not completed: a writer is at work, or it died and the "
                            "next one takes it up"});
  }

  void CheckUnique(const Instant& previous, const Instant& instant) {
    if (previous.timestamp != instant.timestamp) return;
    if (!IsCompletedWrite(previous) || !IsCompletedWrite(instant)) return;
    findings_.Add({.kind = FindingKind::kInstantTwice,
                   .path = TimelinePath(instant),
                   .instant = instant.timestamp,
                   .what = "two completed actions carry one instant, the other is '" +
                           TimelinePath(previous) + "'"});
  }

  void CheckSavepoint(const Instant& savepoint) {
    const bool on_timeline = std::ranges::any_of(instants_, [&](const Instant& instant) {
      return instant.timestamp == savepoint.timestamp && IsCompletedWrite(instant);
    });
    if (on_timeline || evidence_.archive.completed.contains(savepoint.timestamp)) return;
    findings_.Add({.kind = FindingKind::kSavepointLost,
                   .path = TimelinePath(savepoint),
                   .instant = savepoint.timestamp,
                   .what = "the commit that the savepoint pins is not there"});
  }

  void CheckClock(int64_t now_micros) {
    // Other zones are the writer's own affair: nobody says which it was.
    if (evidence_.config.timezone != "UTC" || instants_.empty()) return;
    const Instant& newest = instants_.back();
    const auto micros = ParseInstantTime(newest.timestamp);
    if (micros && *micros <= now_micros) return;
    findings_.Add({.kind = FindingKind::kInstantAhead,
                   .path = TimelinePath(newest),
                   .instant = newest.timestamp,
                   .what = micros ? "the instant is ahead of the clock: a compaction by Hudi 1.x "
                                    "would lose commits"
                                  : "the instant is no time"});
  }

  void CheckMetadataTable() {
    const auto newest = evidence_.timeline.NewestCompletedCommit();
    if (!evidence_.metadata_table || !newest ||
        evidence_.metadata_table->contains(newest->timestamp)) {
      return;
    }
    findings_.Add({.kind = FindingKind::kMetadataTableStale,
                   .path = ".hoodie/metadata",
                   .instant = newest->timestamp,
                   .what = "hoodie.properties says that the metadata table is live, but it does "
                           "not know the newest commit: readers that list files by it miss rows"});
  }

  void CheckStat(const CommitMetadata& commit, const std::string& partition,
                 const WriteStat& stat) {
    if (stat.path.empty()) return;
    const std::string name = io::FileName(stat.path);
    const auto base = ParseBaseFileName(name);
    const auto log = ParseLogFileName(name);
    std::string wrong;
    if (!base && !log) {
      wrong = "'" + stat.path + "' is no name of a data file";
    } else if (stat.path != io::JoinPath(partition, name)) {
      wrong = "'" + stat.path + "' does not lie in partition '" + partition + "'";
    } else if (const std::string& named = base ? base->file_id : log->file_id;
               named != stat.file_id) {
      wrong = "it says file group '" + stat.file_id + "'";
    } else if (base && base->instant != commit.instant) {
      wrong = "the name says instant " + base->instant;
    }
    if (wrong.empty()) return;
    findings_.Add({.kind = FindingKind::kStatWrong,
                   .path = stat.path,
                   .instant = commit.instant,
                   .what = "what the commit says of the file contradicts its name: " + wrong});
  }

  const TableEvidence& evidence_;
  const std::vector<Instant>& instants_;
  FindingList& findings_;
};

/// Whether readers see a slice of the group that is newer than `timestamp`.
bool HasNewerSlice(const TableEvidence& evidence, const FileGroupId& group,
                   const std::string& timestamp) {
  const std::string& path = group.first;
  const auto partition =
      std::ranges::lower_bound(evidence.partitions, path, {}, &PartitionFiles::partition_path);
  if (partition == evidence.partitions.end() || partition->partition_path != path) return false;
  const auto is_newer = [&](const auto& file) {
    return file.file_id == group.second && file.base_instant > timestamp &&
           evidence.timeline.IsCommitted(file.base_instant);
  };
  return std::ranges::any_of(partition->base_files, is_newer) ||
         std::ranges::any_of(partition->log_files, is_newer);
}

}  // namespace

InstantStanding StandingOf(const TableEvidence& evidence, const std::string& timestamp) {
  const Timeline& timeline = evidence.timeline;
  const auto at = std::ranges::lower_bound(timeline.instants(), timestamp, {}, &Instant::timestamp);
  for (auto next = at; next != timeline.instants().end() && next->timestamp == timestamp; ++next) {
    if (IsCompletedWrite(*next)) return InstantStanding::kActive;
  }
  if (evidence.IsPendingWrite(timestamp)) return InstantStanding::kPending;
  if (timestamp > evidence.newest_instant()) return InstantStanding::kNewer;
  if (!timeline.IsCommitted(timestamp)) return InstantStanding::kNever;
  if (evidence.archive.completed.contains(timestamp)) return InstantStanding::kArchived;
  const bool proven = evidence.archive.readable && !evidence.archive.completed.empty();
  return proven ? InstantStanding::kUnknownOld : InstantStanding::kUnproven;
}

InstantStanding StandingOf(const TableEvidence& evidence, const std::string& timestamp,
                           const FileGroupId& group) {
  const InstantStanding standing = StandingOf(evidence, timestamp);
  const bool waits =
      standing == InstantStanding::kNever && evidence.archive.completed.contains(timestamp) &&
      (evidence.replaced_at.contains(group) || HasNewerSlice(evidence, group, timestamp));
  return waits ? InstantStanding::kArchived : standing;
}

void CheckTimeline(const TableEvidence& evidence, int64_t now_micros, FindingList* findings) {
  TimelineCheck(evidence, findings).Run(now_micros);
}

}  // namespace tapelake::hudi
