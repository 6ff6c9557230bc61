#include "query/hudi_snapshot_provider.h"

namespace tapelake::query {
namespace {

void AppendNames(const std::vector<io::FileInfo>& entries, std::string* out) {
  for (const io::FileInfo& entry : entries)
    out->append(entry.name).push_back('\n');
}

Status NamePath(const Status& status, const std::string& path) {
  const bool named = status.message().find(path) != std::string::npos;
  return named ? status : WithContext(status, path);
}

}  // namespace

Result<std::string> HudiSnapshotProvider::TimelineVersion(const std::string& path) {
  const std::string timeline = io::JoinPath(path, ".hoodie");
  const auto entries = environment_.files.List(timeline);
  if (!entries.ok()) {
    if (KindOf(entries.status()) != ErrorKind::kNotFound) return NamePath(entries.status(), path);
    return MakeError(ErrorKind::kNotFound, "no Hudi table at '" + path + "': it has no .hoodie");
  }
  std::string version;
  AppendNames(*entries, &version);
  const auto newer = environment_.files.List(io::JoinPath(timeline, "timeline"));
  if (newer.ok()) AppendNames(*newer, &version);
  return version;
}

Result<TableSnapshot> HudiSnapshotProvider::Resolve(const std::string& path) {
  auto table = hudi::Table::Open(environment_, path);
  if (!table.ok()) return NamePath(table.status(), path);
  auto snapshot = (*table)->LatestSnapshot();
  if (!snapshot.ok()) return NamePath(snapshot.status(), path);
  TableSnapshot out{.instant = snapshot->instant, .schema = snapshot->schema, .file_paths = {}};
  out.file_paths.reserve(snapshot->slices.size());
  for (const hudi::FileSlice& slice : snapshot->slices) {
    out.file_paths.push_back(io::JoinPath(path, slice.RelativePath()));
  }
  return out;
}

}  // namespace tapelake::query
