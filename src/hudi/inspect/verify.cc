#include "hudi/inspect/verify.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "hudi/format/file_name.h"
#include "hudi/inspect/verify_checks.h"
#include "hudi/writer/data_files.h"

namespace tapelake::hudi {
namespace {

constexpr int kVersion = 6;
constexpr int kReadingsMax = 3;
constexpr int64_t kCleansNothing = std::numeric_limits<int64_t>::max();

/// Whether something took files away between two listings of `.hoodie`.
bool WasCleaned(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  if (before == after) return false;
  std::vector<std::string> differing;
  std::ranges::set_symmetric_difference(before, after, std::back_inserter(differing));
  return std::ranges::any_of(differing, [](const std::string& name) {
    const auto instant = ParseInstantFileName(name);
    return instant && !IsWriteAction(instant->action);
  });
}

VerifyReport Unreadable(const Status& status) {
  VerifyReport report;
  report.findings.push_back(
      {.kind = FindingKind::kTableUnreadable, .path = ".hoodie", .what = status.message()});
  return report;
}

void CountFiles(const TableEvidence& evidence, VerifyReport* report) {
  report->instants = std::ssize(evidence.timeline.instants());
  for (const PartitionFiles& partition : evidence.partitions) {
    report->base_files += std::ssize(partition.base_files);
    report->log_files += std::ssize(partition.log_files);
    for (const FileSlice& file : partition.base_files)
      report->bytes += file.size_bytes;
    for (const PartitionLogFile& log : partition.log_files)
      report->bytes += log.file.size_bytes;
  }
}

/// Roll back or finish what dead writers began. Compactions are left to be run.
Status FinishPending(io::FileSystem& files, Table& table, RepairReport* report) {
  // Not by the table, which cannot be read while some faults are there.
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline before, Timeline::Load(files, table.base_path()));
  if (before.PendingInstants().empty()) return Status::OK();
  TAPELAKE_RETURN_NOT_OK(table.CleanUpPendingCommits());
  const bool cleaning = std::ranges::any_of(before.PendingInstants(), [](const Instant& instant) {
    return instant.action == InstantAction::kClean;
  });
  if (cleaning) TAPELAKE_RETURN_NOT_OK(table.Clean({.commits_retained = kCleansNothing}).status());
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline after, Timeline::Load(files, table.base_path()));
  const std::vector<Instant> left = after.PendingInstants();
  for (const Instant& instant : before.PendingInstants()) {
    if (std::ranges::find(left, instant) != left.end()) continue;
    report->done.push_back("rolled back or finished the " +
                           std::string(InstantActionName(instant.action)) + " " +
                           instant.timestamp);
  }
  return Status::OK();
}

/// Read and judge the table once.
Status Look(const TableEnvironment& environment, Table& table, const VerifyOptions& options,
            VerifyReport* report, std::vector<std::string>* names) {
  TAPELAKE_ASSIGN_OR_RAISE(const TableEvidence evidence,
                           ReadTableEvidence(environment.files, table.base_path(), table.config()));
  *names = evidence.names;
  CountFiles(evidence, report);
  FindingList findings(options.findings_max);
  CheckTimeline(evidence, environment.clock.WallMicros(), &findings);
  CheckFiles(evidence, &findings);
  Status status = CheckLogFiles(environment.files, evidence, options.threads, &findings);
  if (status.ok()) {
    const auto snapshot = table.LatestSnapshot();
    if (snapshot.ok() && snapshot->schema != nullptr) {
      status = CheckRows(environment.files, evidence, snapshot->schema, options, &findings, report);
    } else if (findings.empty()) {
      status = snapshot.status();
    }
  }
  // What could not be read because of something already found needs no second word.
  if (IsDamage(status) && findings.empty()) {
    findings.Add({.kind = FindingKind::kTableUnreadable, .what = status.message()});
  }
  findings.MoveTo(report);
  return IsDamage(status) ? Status::OK() : status;
}

}  // namespace

void FindingList::Add(Finding finding) {
  const std::lock_guard lock(mutex_);
  // The same may be met twice, by the file and by the merge of its slice.
  const bool known = std::ranges::any_of(findings_, [&](const Finding& other) {
    return other.kind == FindingKind::kFileDamaged && other.kind == finding.kind &&
           other.path == finding.path;
  });
  if (known) return;
  if (std::ssize(findings_) < findings_max_) {
    findings_.push_back(std::move(finding));
  } else {
    ++left_out_;
  }
}

void FindingList::MoveTo(VerifyReport* report) {
  const std::lock_guard lock(mutex_);
  std::ranges::sort(findings_, [](const Finding& left, const Finding& right) {
    return std::tie(left.kind, left.path, left.instant, left.key) <
           std::tie(right.kind, right.path, right.instant, right.key);
  });
  report->findings = std::move(findings_);
  report->findings_left_out = left_out_;
}

bool FindingList::empty() const {
  const std::lock_guard lock(mutex_);
  return findings_.empty();
}

bool VerifyReport::sound() const {
  return findings_left_out == 0 &&
         std::ranges::all_of(findings, [](const Finding& finding) { return IsNote(finding.kind); });
}

Result<VerifyReport> VerifyTable(const TableEnvironment& environment, const std::string& base_path,
                                 const VerifyOptions& options) {
  const auto table = Table::Open(environment, base_path);
  if (!table.ok() && KindOf(table.status()) == ErrorKind::kCorrupt) {
    return Unreadable(table.status());
  }
  TAPELAKE_RETURN_NOT_OK(table.status());
  if ((*table)->config().version != kVersion) {
    return MakeError(ErrorKind::kInvalid, "table '" + (*table)->config().name + "' has version " +
                                              std::to_string((*table)->config().version) +
                                              "; tables of version 6 can be verified");
  }
  for (int reading = 1;; ++reading) {
    VerifyReport report;
    std::vector<std::string> names;
    const Status status = Look(environment, **table, options, &report, &names);
    if (status.ok() && report.sound()) return report;
    const bool vanished = !status.ok() && KindOf(status) == ErrorKind::kNotFound;
    if (!status.ok() && !vanished) return status;
    TAPELAKE_ASSIGN_OR_RAISE(const auto now,
                             environment.files.ListNames(io::JoinPath(base_path, kMetadataFolder)));
    const bool again = WasCleaned(names, now);
    if (status.ok() && !again) return report;
    if (!again || reading == kReadingsMax) {
      TAPELAKE_RETURN_NOT_OK(status);
      return report;
    }
  }
}

Result<RepairReport> RepairTable(const TableEnvironment& environment, const std::string& base_path,
                                 const std::vector<Finding>& findings) {
  RepairReport report;
  TAPELAKE_ASSIGN_OR_RAISE(const auto table, Table::Open(environment, base_path));
  TAPELAKE_RETURN_NOT_OK(table->MakeNamesDurable());
  TAPELAKE_RETURN_NOT_OK(FinishPending(environment.files, *table, &report));
  TAPELAKE_ASSIGN_OR_RAISE(const TableEvidence evidence,
                           ReadTableEvidence(environment.files, base_path, table->config()));
  std::vector<std::string> orphans;
  for (const Finding& finding : findings) {
    if (finding.kind == FindingKind::kFileOrphan &&
        StandingOf(evidence, finding.instant) == InstantStanding::kNever) {
      orphans.push_back(finding.path);
      report.done.push_back("deleted '" + finding.path + "', which no reader sees");
    }
    if (finding.kind == FindingKind::kPartitionUnmarked) {
      const auto slashes = static_cast<int>(std::ranges::count(finding.path, '/'));
      TAPELAKE_RETURN_NOT_OK(environment.files.ReplaceFile(
          io::JoinPath(base_path, finding.path),
          FormatPartitionMetadata(evidence.newest_instant(), slashes)));
      report.done.push_back("wrote '" + finding.path + "'");
    }
  }
  TAPELAKE_RETURN_NOT_OK(DeleteDataFiles(environment.files, base_path, orphans));
  return report;
}

}  // namespace tapelake::hudi
