#include "app/page/page_lake.h"

#include <set>
#include <utility>

#include "hudi/format/avro_schema.h"

namespace tapelake::app {
namespace {

constexpr int64_t kMicrosPerMilli = 1'000;

serve::LakeCommit CommitOf(const hudi::Instant& instant, const hudi::CommitMetadata* metadata) {
  serve::LakeCommit commit{.instant = instant.timestamp,
                           .action = std::string(hudi::InstantActionName(instant.action)),
                           .state = std::string(hudi::InstantStateName(instant.state))};
  commit.at_ms = InstantMicros(instant.timestamp).value_or(0) / kMicrosPerMilli;
  if (metadata == nullptr) return commit;
  if (metadata->compacted) commit.action = "compaction";
  const bool moves_rows = metadata->operation_type == "CLUSTER";
  if (moves_rows) commit.action = "clustering";
  for (const auto& [partition, stats] : metadata->write_stats) {
    for (const hudi::WriteStat& stat : stats) {
      ++commit.files;
      commit.bytes += stat.write_bytes;
      if (moves_rows) continue;  // all of them count as inserted
      commit.inserts += stat.inserts;
      commit.updates += stat.update_writes;
      commit.deletes += stat.deletes;
    }
  }
  return commit;
}

serve::LakeTable TableOf(const TableName& name, const hudi::Table& table,
                         const hudi::Snapshot& snapshot) {
  serve::LakeTable row{.table = name.QualifiedName(),
                       .type = std::string(hudi::TableTypeName(table.config().type)),
                       .instant = snapshot.instant};
  std::set<std::string> partitions;
  for (const hudi::FileSlice& slice : snapshot.slices) {
    partitions.insert(slice.partition_path);
    row.bytes += slice.size_bytes;
    for (const hudi::SliceLogFile& log : slice.log_files)
      row.bytes += log.size_bytes;
    row.log_files += std::ssize(slice.log_files);
  }
  row.partitions = std::ssize(partitions);
  row.commits = std::ssize(snapshot.timeline->CompletedCommits());
  return row;
}

}  // namespace

Result<PageLake::Known*> PageLake::Open(const TableName& name) {
  Known& known = known_[name.path];
  if (known.table == nullptr) {
    auto table = hudi::Table::Open(world_.table_environment(), name.path);
    if (!table.ok()) {
      known_.erase(name.path);
      return table.status();
    }
    known.table = std::move(*table);
  }
  return &known;
}

Result<PageLake::Known*> PageLake::Find(const std::string& qualified_name) {
  TAPELAKE_ASSIGN_OR_RAISE(const TableName name,
                           FindTable(world_.files, lake_path_, qualified_name));
  return Open(name);
}

Result<std::vector<serve::LakeTable>> PageLake::Tables() {
  const std::scoped_lock lock(mutex_);
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, ListTables(world_.files, lake_path_));
  std::vector<serve::LakeTable> tables;
  for (const TableName& name : names) {
    TAPELAKE_ASSIGN_OR_RAISE(const Known* known, Open(name));
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, known->table->LatestSnapshot());
    tables.push_back(TableOf(name, *known->table, snapshot));
  }
  return tables;
}

Result<hudi::Timeline> PageLake::ReadCommits(Known* known) {
  TAPELAKE_ASSIGN_OR_RAISE(hudi::Timeline timeline, known->table->LoadTimeline());
  std::map<std::string, hudi::CommitMetadata> commits;
  for (const hudi::Instant& instant : timeline.CompletedCommits()) {
    auto read = known->commits.extract(instant.timestamp);
    if (!read.empty()) {
      commits.insert(std::move(read));
      continue;
    }
    auto metadata = hudi::ReadCommitMetadata(world_.files, known->table->base_path(), instant);
    // Archived since the timeline was listed.
    if (KindOf(metadata.status()) == ErrorKind::kNotFound) continue;
    if (!metadata.ok()) return metadata.status();
    commits.emplace(instant.timestamp, std::move(*metadata));
  }
  known->commits = std::move(commits);
  return timeline;
}

Result<std::vector<serve::LakeCommit>> PageLake::Commits(const std::string& table) {
  const std::scoped_lock lock(mutex_);
  TAPELAKE_ASSIGN_OR_RAISE(Known* const known, Find(table));
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, ReadCommits(known));
  std::vector<serve::LakeCommit> commits;
  for (auto instant = timeline.instants().rbegin(); instant != timeline.instants().rend();
       ++instant) {
    const auto metadata = known->commits.find(instant->timestamp);
    const bool described = instant->state == hudi::InstantState::kCompleted &&
                           hudi::IsWriteAction(instant->action) && metadata != known->commits.end();
    commits.push_back(CommitOf(*instant, described ? &metadata->second : nullptr));
  }
  return commits;
}

Result<std::vector<serve::LakeFile>> PageLake::Files(const std::string& table) {
  const std::scoped_lock lock(mutex_);
  TAPELAKE_ASSIGN_OR_RAISE(const Known* known, Find(table));
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, known->table->LatestSnapshot());
  std::vector<serve::LakeFile> files;
  for (const hudi::FileSlice& slice : snapshot.slices) {
    serve::LakeFile file{.partition = slice.partition_path,
                         .file_group = slice.file_id,
                         .base_file = slice.base_file_name,
                         .base_bytes = slice.size_bytes,
                         .log_files = std::ssize(slice.log_files)};
    for (const hudi::SliceLogFile& log : slice.log_files)
      file.log_bytes += log.size_bytes;
    files.push_back(std::move(file));
  }
  return files;
}

Result<std::vector<serve::LakeSchema>> PageLake::Schemas(const std::string& table) {
  const std::scoped_lock lock(mutex_);
  TAPELAKE_ASSIGN_OR_RAISE(Known* const known, Find(table));
  TAPELAKE_RETURN_NOT_OK(ReadCommits(known).status());
  std::vector<serve::LakeSchema> schemas;
  std::string newest;
  for (const auto& [instant, metadata] : known->commits) {
    if (metadata.schema().empty() || metadata.schema() == newest) continue;
    newest = metadata.schema();
    TAPELAKE_ASSIGN_OR_RAISE(const auto schema, hudi::ParseAvroSchema(newest));
    serve::LakeSchema version{.instant = instant, .columns = {}};
    for (const auto& field : schema->fields())
      version.columns.push_back({.name = field->name(), .type = field->type()->ToString()});
    schemas.insert(schemas.begin(), std::move(version));
  }
  return schemas;
}

}  // namespace tapelake::app
