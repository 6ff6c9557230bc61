#include "hudi/inspect/table_evidence.h"

#include <algorithm>
#include <ranges>

#include "hudi/format/file_name.h"
#include "hudi/format/service_plans.h"
#include "hudi/timeline/instant_files.h"

namespace tapelake::hudi {
namespace {

constexpr std::string_view kArchivePrefix = ".commits_.archive.";
constexpr std::string_view kMetadataTablePath = ".hoodie/metadata";

std::string TimelinePath(const Instant& instant) {
  return io::JoinPath(kMetadataFolder, InstantFileName(instant));
}

class EvidenceReader {
 public:
  EvidenceReader(io::FileSystem& files, TableEvidence* evidence)
      : files_(files), evidence_(*evidence) {}

  Status Run() {
    TAPELAKE_ASSIGN_OR_RAISE(evidence_.names, ListInstantNames(files_, evidence_.base_path));
    evidence_.timeline = Timeline::FromFileNames(evidence_.names);
    TAPELAKE_RETURN_NOT_OK(ReadCommits());
    TAPELAKE_RETURN_NOT_OK(ReadCompactions());
    TAPELAKE_RETURN_NOT_OK(ReadCleans());
    TAPELAKE_RETURN_NOT_OK(ReadArchive());
    TAPELAKE_RETURN_NOT_OK(ReadMetadataTable());
    TAPELAKE_ASSIGN_OR_RAISE(evidence_.partitions, ListTableFiles(files_, evidence_.base_path));
    TAPELAKE_RETURN_NOT_OK(ListUnmarkedPartitions());
    return ListOtherFiles();
  }

 private:
  Status Note(const Instant& instant, const Status& status) {
    if (!IsDamage(status)) return status;
    evidence_.findings.push_back({.kind = FindingKind::kInstantUnreadable,
                                  .path = TimelinePath(instant),
                                  .instant = instant.timestamp,
                                  .what = status.message()});
    return Status::OK();
  }

  Status ReadCommits() {
    for (const Instant& instant : evidence_.timeline.CompletedCommits()) {
      auto metadata = ReadCommitMetadata(files_, evidence_.base_path, instant);
      if (!metadata.ok()) {
        TAPELAKE_RETURN_NOT_OK(Note(instant, metadata.status()));
        continue;
      }
      for (const auto& [partition, file_ids] : metadata->replaced_file_ids) {
        for (const std::string& file_id : file_ids)
          evidence_.replaced_at.emplace(FileGroupId(partition, file_id), instant.timestamp);
      }
      evidence_.commits.push_back(std::move(metadata).ValueUnsafe());
    }
    return Status::OK();
  }

  Status ReadCompactions() {
    for (const Instant& instant : evidence_.timeline.PendingInstants()) {
      if (instant.action != InstantAction::kCompaction) continue;
      const Instant requested{instant.timestamp, instant.action, InstantState::kRequested};
      TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes,
                               ReadRequested(files_, evidence_.base_path, instant));
      const auto plan = ParseCompactionPlan(bytes);
      if (!plan.ok()) {
        TAPELAKE_RETURN_NOT_OK(Note(requested, plan.status()));
        continue;
      }
      for (const CompactionOperation& operation : plan->operations) {
        evidence_.compacting.emplace(FileGroupId(operation.partition_path, operation.file_id),
                                     instant.timestamp);
      }
    }
    return Status::OK();
  }

  Status ReadCleans() {
    for (const Instant& instant : evidence_.timeline.instants()) {
      if (instant.action != InstantAction::kClean) continue;
      evidence_.cleaning.cleaned = true;
      const Instant requested{instant.timestamp, instant.action, InstantState::kRequested};
      const auto bytes = ReadRequested(files_, evidence_.base_path, instant);
      if (!bytes.ok() && KindOf(bytes.status()) == ErrorKind::kNotFound) continue;
      TAPELAKE_RETURN_NOT_OK(bytes.status());
      if (bytes->empty() && instant.state != InstantState::kCompleted) continue;
      const auto plan = ParseCleanerPlan(*bytes);
      if (!plan.ok()) {
        TAPELAKE_RETURN_NOT_OK(Note(requested, plan.status()));
        continue;
      }
      evidence_.cleaning.before = plan->earliest_instant_to_retain;
      for (const auto& [partition, paths] : plan->files_by_partition) {
        for (const std::string& path : paths)
          evidence_.cleaning.paths.insert(io::JoinPath(partition, io::FileName(path)));
      }
    }
    return Status::OK();
  }

  Status ReadArchive() {
    const auto configured = evidence_.config.properties.find("hoodie.archivelog.folder");
    const std::string folder = io::JoinPath(
        io::JoinPath(evidence_.base_path, kMetadataFolder),
        configured == evidence_.config.properties.end() ? "archived" : configured->second);
    TAPELAKE_ASSIGN_OR_RAISE(const bool present, files_.Exists(folder));
    if (!present) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const auto names, files_.ListNames(folder));
    for (const std::string& name : names) {
      if (!name.starts_with(kArchivePrefix)) continue;
      TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes,
                               files_.ReadFile(io::JoinPath(folder, name)));
      const auto entries = ParseArchiveFile(bytes);
      if (!entries.ok()) {
        if (!IsDamage(entries.status())) return entries.status();
        evidence_.archive.readable = false;
        evidence_.findings.push_back(
            {.kind = FindingKind::kInstantUnreadable,
             .path = io::JoinPath(folder.substr(evidence_.base_path.size() + 1), name),
             .what = entries.status().message()});
        continue;
      }
      for (const ArchivedEntry& entry : *entries)
        AddArchived(entry);
    }
    return Status::OK();
  }

  void AddArchived(const ArchivedEntry& entry) {
    if (entry.action == "clean") evidence_.archive.has_clean = true;
    const bool writes = entry.action.ends_with("commit") || entry.action.ends_with("compaction");
    if (writes && entry.state == "COMPLETED") evidence_.archive.completed.insert(entry.timestamp);
  }

  Status ReadMetadataTable() {
    if (!evidence_.config.metadata_table_live()) return Status::OK();
    evidence_.metadata_table.emplace();
    const std::string path = io::JoinPath(evidence_.base_path, kMetadataTablePath);
    TAPELAKE_ASSIGN_OR_RAISE(const bool present,
                             files_.Exists(io::JoinPath(path, kMetadataFolder)));
    if (!present) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const Timeline timeline, Timeline::Load(files_, path));
    for (const Instant& instant : timeline.CompletedCommits())
      evidence_.metadata_table->insert(instant.timestamp);
    return Status::OK();
  }

  /// Partitions that commits name and the walk did not find: they lack their marker file.
  Status ListUnmarkedPartitions() {
    std::set<std::string> known;
    for (const PartitionFiles& partition : evidence_.partitions)
      known.insert(partition.partition_path);
    for (const CommitMetadata& commit : evidence_.commits) {
      for (const auto& [path, stats] : commit.write_stats) {
        if (stats.empty() || !known.insert(path).second) continue;
        const std::string directory = io::JoinPath(evidence_.base_path, path);
        TAPELAKE_ASSIGN_OR_RAISE(const bool present, files_.Exists(directory));
        if (!present) continue;
        TAPELAKE_ASSIGN_OR_RAISE(auto listed,
                                 ListPartitionFiles(files_, evidence_.base_path, path));
        if (listed.base_files.empty() && listed.log_files.empty()) continue;
        evidence_.unmarked_partitions.insert(path);
        evidence_.partitions.push_back(std::move(listed));
      }
    }
    std::ranges::sort(evidence_.partitions, {}, &PartitionFiles::partition_path);
    return Status::OK();
  }

  Status ListOtherFiles() {
    for (const PartitionFiles& partition : evidence_.partitions) {
      const std::string& path = partition.partition_path;
      TAPELAKE_ASSIGN_OR_RAISE(const auto entries,
                               files_.List(io::JoinPath(evidence_.base_path, path)));
      for (const io::FileInfo& entry : entries) {
        if (const auto log = ParseLogFileName(entry.name); log && log->is_cdc) {
          evidence_.cdc_sizes[io::JoinPath(path, entry.name)] = entry.size_bytes;
        }
        if (entry.is_directory || entry.name.starts_with(kPartitionMetadataFileName) ||
            entry.name.ends_with(".crc") || entry.name.starts_with(".tmp-") ||
            ParseBaseFileName(entry.name) || ParseLogFileName(entry.name)) {
          continue;
        }
        evidence_.foreign_files[path].push_back(entry.name);
      }
    }
    return Status::OK();
  }

  io::FileSystem& files_;
  TableEvidence& evidence_;
};

}  // namespace

bool IsDamage(const Status& status) {
  const ErrorKind kind = KindOf(status);
  return !status.ok() && (kind == ErrorKind::kCorrupt || kind == ErrorKind::kInvalid);
}

std::string TableEvidence::newest_instant() const {
  return timeline.instants().empty() ? std::string() : timeline.instants().back().timestamp;
}

bool TableEvidence::IsPendingWrite(const std::string& timestamp) const {
  return std::ranges::any_of(timeline.instants(), [&](const Instant& instant) {
    return instant.timestamp == timestamp && instant.state != InstantState::kCompleted &&
           IsWriteAction(instant.action);
  });
}

bool TableEvidence::HasCommit(const std::string& timestamp) const {
  return std::ranges::binary_search(commits, timestamp, {}, &CommitMetadata::instant);
}

Result<TableEvidence> ReadTableEvidence(io::FileSystem& files, const std::string& base_path,
                                        const TableConfig& config) {
  TableEvidence evidence;
  evidence.base_path = base_path;
  evidence.config = config;
  TAPELAKE_RETURN_NOT_OK(EvidenceReader(files, &evidence).Run());
  return evidence;
}

}  // namespace tapelake::hudi
