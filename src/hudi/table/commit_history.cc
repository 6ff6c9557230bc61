#include "hudi/table/commit_history.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <arrow/array.h>

#include "base/json.h"
#include "hudi/format/file_name.h"
#include "hudi/format/service_plans.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/timeline/instant_files.h"

namespace tapelake::hudi {
namespace {

/// Hands on each commit once, whichever of its places is met first.
class Commits {
 public:
  explicit Commits(const std::function<Status(HistoryCommit commit)>& visit) : visit_(visit) {}

  Status Add(HistoryCommit commit) {
    if (!timestamps_.insert(commit.instant.timestamp).second) return Status::OK();
    return visit_(std::move(commit));
  }

 private:
  const std::function<Status(HistoryCommit commit)>& visit_;
  std::set<std::string> timestamps_;
};

std::string PropertyOr(const TableConfig& config, const char* key, const char* otherwise) {
  const auto found = config.properties.find(key);
  return found == config.properties.end() || found->second.empty() ? otherwise : found->second;
}

std::optional<InstantAction> CommitActionOf(std::string_view name) {
  for (const InstantAction action :
       {InstantAction::kCommit, InstantAction::kDeltaCommit, InstantAction::kReplaceCommit}) {
    if (InstantActionName(action) == name) return action;
  }
  return std::nullopt;
}

/// The archive of the flat layout: log files of entries.
Status ReadArchiveLogs(const HistorySource& source, const TimeRange& range, Commits* commits) {
  const std::string folder =
      io::JoinPath(io::JoinPath(source.base_path, kMetadataFolder),
                   PropertyOr(source.config, "hoodie.archivelog.folder", "archived"));
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, source.files.Exists(folder));
  if (!exists) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, source.files.ListNames(folder));
  const auto wanted = [&range](const std::string& timestamp) { return range.Contains(timestamp); };
  for (const std::string& name : names) {
    if (!name.starts_with(".commits_.archive.") || name.ends_with(".crc")) continue;
    const std::string path = io::JoinPath(folder, name);
    TAPELAKE_ASSIGN_OR_RAISE(const std::string content, source.files.ReadFile(path));
    auto archived = ParseArchivedCommits(content, wanted);
    if (!archived.ok()) return WithContext(archived.status(), "'" + path + "'");
    for (ArchivedCommit& entry : *archived) {
      const auto action = CommitActionOf(entry.action);
      if (!action) continue;
      const Instant instant{entry.timestamp, *action, InstantState::kCompleted};
      TAPELAKE_RETURN_NOT_OK(commits->Add(
          {.instant = instant, .archived = true, .metadata = std::move(entry.metadata)}));
    }
  }
  return Status::OK();
}

/// Names of the files that make up the archive of the folder layout: those of its newest manifest.
Result<std::vector<std::string>> ManifestFiles(io::FileSystem& files, const std::string& folder) {
  std::vector<std::string> names;
  const std::string version_path = io::JoinPath(folder, "_version_");
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, files.Exists(version_path));
  if (!exists) return names;
  TAPELAKE_ASSIGN_OR_RAISE(const std::string version, files.ReadFile(version_path));
  const std::string path = io::JoinPath(folder, "manifest_" + version);
  TAPELAKE_ASSIGN_OR_RAISE(const std::string text, files.ReadFile(path));
  const auto manifest = base::ParseJson(text);
  const base::JsonValue* entries = manifest.ok() ? manifest->Find("files") : nullptr;
  if (entries == nullptr || !entries->is_array()) {
    return MakeError(ErrorKind::kCorrupt, "'" + path + "' is no manifest of archived instants");
  }
  for (const base::JsonValue& entry : entries->items()) {
    const base::JsonValue* name = entry.Find("fileName");
    if (name != nullptr && name->is_string()) names.push_back(name->text());
  }
  return names;
}

Status CorruptHistory(const std::string& path, const std::string& why) {
  return MakeError(ErrorKind::kCorrupt, "archive file '" + path + "': " + why);
}

Status AddHistoryRow(const std::string& path, Instant instant, std::string_view container,
                     Commits* commits) {
  auto metadata = ParseCommitContainer(container);
  if (!metadata.ok()) return CorruptHistory(path, metadata.status().message());
  metadata->instant = instant.timestamp;
  return commits->Add(
      {.instant = std::move(instant), .archived = true, .metadata = std::move(*metadata)});
}

Status ReadHistoryFile(io::FileSystem& files, const std::string& path, const TimeRange& range,
                       Commits* commits) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto reader, BaseFileReader::Open(files, path));
  TAPELAKE_ASSIGN_OR_RAISE(const auto stream,
                           reader->Stream(reader->AllRowGroups(),
                                          {"instantTime", "completionTime", "action", "metadata"}));
  while (true) {
    std::shared_ptr<arrow::RecordBatch> rows;
    TAPELAKE_RETURN_NOT_OK(stream->ReadNext(&rows));
    if (rows == nullptr) return Status::OK();
    const arrow::BinaryArray* columns[4] = {};
    for (size_t i = 0; const char* name : {"instantTime", "completionTime", "action", "metadata"}) {
      columns[i] = dynamic_cast<const arrow::BinaryArray*>(rows->GetColumnByName(name).get());
      if (columns[i++] == nullptr) return CorruptHistory(path, std::string("no column ") + name);
    }
    for (int64_t row = 0; row < rows->num_rows(); ++row) {
      const auto action = CommitActionOf(columns[2]->GetView(row));
      if (!action || columns[3]->IsNull(row)) continue;
      Instant instant{.timestamp = columns[0]->GetString(row),
                      .action = *action,
                      .state = InstantState::kCompleted,
                      .completion_time = columns[1]->GetString(row),
                      .layout = TimelineLayout::kFolder};
      if (!range.Contains(OrderTime(instant))) continue;
      TAPELAKE_RETURN_NOT_OK(
          AddHistoryRow(path, std::move(instant), columns[3]->GetView(row), commits));
    }
  }
}

/// The archive of the folder layout: Parquet files named by the instants they hold.
Status ReadHistoryFiles(const HistorySource& source, const TimeRange& range, Commits* commits) {
  const std::string folder =
      io::JoinPath(TimelineFolder(source.base_path, TimelineLayout::kFolder),
                   PropertyOr(source.config, "hoodie.timeline.history.path", "history"));
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, ManifestFiles(source.files, folder));
  for (const std::string& name : names) {
    // What began after the end of the range also completed after it.
    const std::string first = name.substr(0, name.find('_'));
    if (!range.end.empty() && first > range.end) continue;
    TAPELAKE_RETURN_NOT_OK(
        ReadHistoryFile(source.files, io::JoinPath(folder, name), range, commits));
  }
  return Status::OK();
}

/// Whether something in the range may be archived. A savepoint may keep an instant active that is
/// older than archived ones, so the newest of the others decides.
bool ReachesArchive(const Timeline& timeline, const TimeRange& range) {
  for (const Instant& instant : timeline.CompletedCommits()) {
    const bool is_pinned = std::ranges::any_of(timeline.instants(), [&](const Instant& other) {
      return other.action == InstantAction::kSavepoint && other.timestamp == instant.timestamp;
    });
    if (!is_pinned) return range.begin < OrderTime(instant);
  }
  return true;
}

}  // namespace

Status VisitHistory(const HistorySource& source, const TimeRange& range,
                    const std::function<Status(HistoryCommit commit)>& visit) {
  Commits commits(visit);
  for (const Instant& instant : source.timeline.CompletedCommits()) {
    if (!range.Contains(OrderTime(instant))) continue;
    TAPELAKE_ASSIGN_OR_RAISE(auto metadata,
                             ReadCommitMetadata(source.files, source.base_path, instant));
    TAPELAKE_RETURN_NOT_OK(commits.Add({.instant = instant, .metadata = std::move(metadata)}));
  }
  if (!ReachesArchive(source.timeline, range)) return Status::OK();
  return source.timeline.layout() == TimelineLayout::kFlat
             ? ReadArchiveLogs(source, range, &commits)
             : ReadHistoryFiles(source, range, &commits);
}

Result<std::vector<HistoryCommit>> ReadHistory(const HistorySource& source,
                                               const TimeRange& range) {
  std::vector<HistoryCommit> ordered;
  TAPELAKE_RETURN_NOT_OK(VisitHistory(source, range, [&ordered](HistoryCommit commit) {
    ordered.push_back(std::move(commit));
    return Status::OK();
  }));
  std::ranges::sort(ordered, {}, [](const HistoryCommit& commit) {
    return std::pair(OrderTime(commit.instant), commit.instant.timestamp);
  });
  return ordered;
}

}  // namespace tapelake::hudi
