#include "hudi/cleaning/archival_job.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "hudi/format/file_name.h"
#include "hudi/timeline/instant_files.h"

namespace tapelake::hudi {
namespace {

/// The files of one completed instant, in the order in which they appeared.
std::vector<Instant> FilesOf(const Instant& completed, const std::set<std::string>& names) {
  std::vector<InstantAction> actions = {completed.action};
  if (completed.action == InstantAction::kCommit) actions.push_back(InstantAction::kCompaction);
  if (completed.action == InstantAction::kDeltaCommit) {
    actions.push_back(InstantAction::kLogCompaction);
  }
  std::vector<Instant> present;
  for (const InstantState state : {InstantState::kRequested, InstantState::kInflight}) {
    for (const InstantAction action : actions) {
      const Instant file{completed.timestamp, action, state};
      if (names.contains(InstantFileName(file))) present.push_back(file);
    }
  }
  present.push_back(completed);
  return present;
}

std::string UpperCase(std::string_view text) {
  std::string upper;
  for (const char c : text)
    upper.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  return upper;
}

}  // namespace

ArchivalJob::ArchivalJob(io::FileSystem& files, std::string base_path, std::string archive_folder)
    : files_(files), base_path_(std::move(base_path)), archive_folder_(std::move(archive_folder)) {}

Status ArchivalJob::Run(const std::vector<Instant>& instants) {
  const std::string folder = io::JoinPath(base_path_, kMetadataFolder);
  TAPELAKE_ASSIGN_OR_RAISE(const auto listed, files_.ListNames(folder));
  const std::set<std::string> names(listed.begin(), listed.end());
  std::vector<Instant> unfinished;  // requested and inflight files
  std::vector<ArchivedEntry> entries;
  for (const Instant& instant : instants) {
    for (const Instant& file : FilesOf(instant, names)) {
      ArchivedEntry entry;
      entry.timestamp = file.timestamp;
      entry.action = InstantActionName(file.action);
      entry.state = UpperCase(InstantStateName(file.state));
      // What a commit was going to write says nothing once it is known what it wrote.
      if (file.state != InstantState::kInflight || !IsWriteAction(file.action)) {
        TAPELAKE_ASSIGN_OR_RAISE(entry.content, files_.ReadFile(InstantPath(base_path_, file)));
      }
      entries.push_back(std::move(entry));
      if (file.state != InstantState::kCompleted) unfinished.push_back(file);
    }
  }
  TAPELAKE_RETURN_NOT_OK(Store(entries));
  TAPELAKE_RETURN_NOT_OK(TakeOffTimeline(instants, unfinished));
  archive_->Forget();
  return Status::OK();
}

Result<int64_t> ArchivalJob::Finish(const Timeline& timeline) {
  const std::string folder =
      io::JoinPath(io::JoinPath(base_path_, kMetadataFolder), archive_folder_);
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, files_.Exists(folder));
  if (!exists) return 0;
  TAPELAKE_RETURN_NOT_OK(OpenArchive(folder));
  TAPELAKE_ASSIGN_OR_RAISE(const auto listed,
                           files_.ListNames(io::JoinPath(base_path_, kMetadataFolder)));
  const std::set<std::string> names(listed.begin(), listed.end());
  const auto first_pinned =
      std::ranges::find(timeline.instants(), InstantAction::kSavepoint, &Instant::action);
  std::vector<Instant> completed;
  std::vector<Instant> unfinished;
  for (const Instant& instant : timeline.instants()) {
    const bool is_pinned =
        first_pinned != timeline.instants().end() && instant.timestamp >= first_pinned->timestamp;
    if (is_pinned) break;
    if (instant.state != InstantState::kCompleted || !archive_->HoldsCompleted(instant)) continue;
    completed.push_back(instant);
    for (const Instant& file : FilesOf(instant, names)) {
      if (file.state != InstantState::kCompleted) unfinished.push_back(file);
    }
  }
  TAPELAKE_RETURN_NOT_OK(TakeOffTimeline(completed, unfinished));
  return std::ssize(completed);
}

Status ArchivalJob::TakeOffTimeline(const std::vector<Instant>& instants,
                                    const std::vector<Instant>& unfinished) {
  if (instants.empty() && unfinished.empty()) return Status::OK();
  const std::string folder = io::JoinPath(base_path_, kMetadataFolder);
  // Somebody else may have archived them and died before the names were durable.
  TAPELAKE_RETURN_NOT_OK(files_.SyncDirectory(io::JoinPath(folder, archive_folder_)));
  TAPELAKE_RETURN_NOT_OK(files_.SyncDirectory(folder));
  TAPELAKE_RETURN_NOT_OK(Remove(unfinished));
  // Were one of those to come back without its completed file, its instant would look pending.
  if (!unfinished.empty()) TAPELAKE_RETURN_NOT_OK(files_.SyncDirectory(folder));
  for (const Instant& instant : instants) {
    TAPELAKE_RETURN_NOT_OK(Remove({instant}));
    // Were it to come back after its successor is gone, that one would look like no commit.
    TAPELAKE_RETURN_NOT_OK(files_.SyncDirectory(folder));
  }
  return Status::OK();
}

Status ArchivalJob::OpenArchive(const std::string& folder) {
  if (archive_ != nullptr) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(auto opened, ArchiveLog::Open(files_, folder));
  archive_ = std::make_unique<ArchiveLog>(std::move(opened));
  return Status::OK();
}

Status ArchivalJob::Store(const std::vector<ArchivedEntry>& entries) {
  if (archive_ == nullptr) {
    const std::string folder =
        io::JoinPath(io::JoinPath(base_path_, kMetadataFolder), archive_folder_);
    TAPELAKE_RETURN_NOT_OK(files_.CreateDirectories(folder));
    TAPELAKE_RETURN_NOT_OK(OpenArchive(folder));
  }
  const Status stored = archive_->Append(entries);
  if (!stored.ok()) archive_.reset();
  return stored;
}

Status ArchivalJob::Remove(const std::vector<Instant>& instants) {
  for (const Instant& instant : instants) {
    const Status status = files_.DeleteFile(InstantPath(base_path_, instant));
    if (!status.ok() && KindOf(status) != ErrorKind::kNotFound) return status;
  }
  return Status::OK();
}

}  // namespace tapelake::hudi
