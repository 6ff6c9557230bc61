#include "query/snapshot_provider.h"

namespace tapelake::query {
namespace {

Status OnlyTheNewest(const std::string& path) {
  return MakeError(ErrorKind::kInvalid, path + ": only its newest snapshot can be read");
}

}  // namespace

Result<TableSnapshot> SnapshotProvider::ResolvePast(const std::string& path, const PastQuery&) {
  return OnlyTheNewest(path);
}

Result<std::unique_ptr<hudi::TableView>> SnapshotProvider::View(const std::string& path) {
  return OnlyTheNewest(path);
}

}  // namespace tapelake::query
