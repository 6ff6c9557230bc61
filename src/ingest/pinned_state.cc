#include "ingest/pinned_state.h"

#include "ingest/ingest_state.h"

namespace tapelake::ingest {
namespace {

/// Beside the side files, which DropOldStateFiles() deletes; it takes no folders away.
std::string PinFolder(const std::string& table_path, const std::string& instant) {
  return io::JoinPath(StateDirectory(table_path), "savepoint-" + instant);
}

std::string StateFileOf(const std::map<std::string, std::string>& extra_metadata) {
  const auto found = extra_metadata.find(kStateFileKey);
  return found == extra_metadata.end() ? std::string() : found->second;
}

}  // namespace

Status PinState(io::FileSystem& files, const std::string& table_path, const std::string& instant,
                const std::map<std::string, std::string>& extra_metadata) {
  const std::string name = StateFileOf(extra_metadata);
  if (name.empty()) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const std::string content,
                           files.ReadFile(io::JoinPath(StateDirectory(table_path), name)));
  const std::string folder = PinFolder(table_path, instant);
  TAPELAKE_RETURN_NOT_OK(files.CreateDirectories(folder));
  return files.ReplaceFile(io::JoinPath(folder, name), content);
}

Status UnpinState(io::FileSystem& files, const std::string& table_path,
                  const std::string& instant) {
  return files.DeleteDirectory(PinFolder(table_path, instant));
}

Status BringBackState(io::FileSystem& files, const std::string& table_path,
                      const std::string& instant,
                      const std::map<std::string, std::string>& extra_metadata) {
  const std::string name = StateFileOf(extra_metadata);
  if (name.empty()) return Status::OK();
  const std::string place = io::JoinPath(StateDirectory(table_path), name);
  TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(place));
  if (present) return Status::OK();
  const auto kept = files.ReadFile(io::JoinPath(PinFolder(table_path, instant), name));
  if (kept.ok()) return files.ReplaceFile(place, *kept);
  if (KindOf(kept.status()) != ErrorKind::kNotFound) return kept.status();
  return MakeError(
      ErrorKind::kConflict,
      "ingest could not go on from commit '" + instant + "': its record of removed keys ('" + name +
          "') is gone, and late changes could bring removed rows back\nhint: 'tapelake table "
          "savepoint' keeps it; without a savepoint only the newest commit has it");
}

}  // namespace tapelake::ingest
