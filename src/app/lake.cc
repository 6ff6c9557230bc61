#include "app/lake.h"

#include <set>

#include "hudi/format/instant.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/table/snapshot_source.h"

namespace tapelake::app {
namespace {

constexpr char kRecordKeyColumn[] = "_hoodie_record_key";
constexpr char kErrorsDirectory[] = "errors";
constexpr int kErrorLevels = 5;  // type/YYYY/MM/DD/HH

/// Count the files below `directory` whose name starts with `prefix`. `levels` bounds the depth.
Result<int64_t> CountFiles(io::FileSystem& files, const std::string& directory,
                           const std::string& prefix, int levels) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<io::FileInfo> entries, files.List(directory));
  int64_t count = 0;
  for (const io::FileInfo& entry : entries) {
    if (!entry.is_directory) {
      if (entry.name.starts_with(prefix)) ++count;
    } else if (levels > 0) {
      TAPELAKE_ASSIGN_OR_RAISE(
          const int64_t below,
          CountFiles(files, io::JoinPath(directory, entry.name), prefix, levels - 1));
      count += below;
    }
  }
  return count;
}

/// The names of subdirectories that do not start with a dot.
Result<std::vector<std::string>> Subdirectories(io::FileSystem& files, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<io::FileInfo> entries, files.List(path));
  std::vector<std::string> names;
  for (const io::FileInfo& entry : entries) {
    if (entry.is_directory && !entry.name.starts_with('.')) names.push_back(entry.name);
  }
  return names;
}

}  // namespace

Result<std::vector<TableName>> ListTables(io::FileSystem& files, const std::string& lake_path) {
  std::vector<TableName> tables;
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, files.Exists(lake_path));
  if (!exists) return tables;
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<std::string> databases,
                           Subdirectories(files, lake_path));
  for (const std::string& database : databases) {
    const std::string database_path = io::JoinPath(lake_path, database);
    TAPELAKE_ASSIGN_OR_RAISE(const std::vector<std::string> names,
                             Subdirectories(files, database_path));
    for (const std::string& name : names) {
      const std::string path = io::JoinPath(database_path, name);
      TAPELAKE_ASSIGN_OR_RAISE(const bool is_table, files.Exists(io::JoinPath(path, ".hoodie")));
      if (is_table) tables.push_back({.database = database, .name = name, .path = path});
    }
  }
  return tables;
}

Result<TableName> FindTable(io::FileSystem& files, const std::string& lake_path,
                            const std::string& qualified_name) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<TableName> tables, ListTables(files, lake_path));
  std::string known;
  for (const TableName& table : tables) {
    if (table.QualifiedName() == qualified_name) return table;
    known += (known.empty() ? "" : ", ") + table.QualifiedName();
  }
  return MakeError(ErrorKind::kNotFound,
                   "no table '" + qualified_name + "' in the lake " + lake_path + "\nhint: " +
                       (known.empty() ? "there is no table yet; 'tapelake up' or 'tapelake ingest' "
                                        "makes one, --lake names another lake"
                                      : "there is: " + known));
}

Result<std::unique_ptr<hudi::SliceReader>> OpenSliceKeys(io::FileSystem& files,
                                                         const std::string& table_path,
                                                         const hudi::Snapshot& snapshot,
                                                         const hudi::FileSlice& slice) {
  return hudi::SliceReader::Open(hudi::SourceOf(files, table_path, snapshot), slice,
                                 {kRecordKeyColumn});
}

Result<int64_t> CountRows(io::FileSystem& files, const std::string& table_path,
                          const hudi::Snapshot& snapshot) {
  int64_t rows = 0;
  for (const hudi::FileSlice& slice : snapshot.slices) {
    if (slice.log_files.empty()) {
      TAPELAKE_ASSIGN_OR_RAISE(
          const auto reader,
          hudi::BaseFileReader::Open(files, io::JoinPath(table_path, slice.RelativePath())));
      rows += reader->row_count();
      continue;
    }
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, OpenSliceKeys(files, table_path, snapshot, slice));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) break;
      rows += batch->num_rows();
    }
  }
  return rows;
}

Result<TableFacts> ReadTableFacts(World& world, const std::string& lake_path,
                                  const TableName& name) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto table,
                           hudi::Table::Open(world.table_environment(), name.path));
  TableFacts facts;
  facts.name = name;
  facts.config = table->config();
  TAPELAKE_ASSIGN_OR_RAISE(facts.snapshot, table->LatestSnapshot());
  TAPELAKE_ASSIGN_OR_RAISE(facts.rows, CountRows(world.files, name.path, facts.snapshot));
  std::set<std::string> partitions;
  for (const hudi::FileSlice& slice : facts.snapshot.slices) {
    partitions.insert(slice.partition_path);
    facts.bytes += slice.size_bytes;
    for (const hudi::SliceLogFile& log : slice.log_files) {
      ++facts.log_files;
      facts.bytes += log.size_bytes;
    }
  }
  facts.partitions = static_cast<int64_t>(partitions.size());
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, table->LoadTimeline());
  facts.commits = static_cast<int64_t>(timeline.CompletedCommits().size());

  const Result<hudi::CommitMetadata> ours = table->NewestCommitWith(ingest::kPositionsKey);
  if (ours.ok()) {
    TAPELAKE_ASSIGN_OR_RAISE(facts.state,
                             ingest::LoadState(world.files, name.path, ours->extra_metadata));
    facts.state_instant = ours->instant;
  } else if (KindOf(ours.status()) != ErrorKind::kNotFound) {
    return ours.status();
  }
  const std::string errors_path = io::JoinPath(lake_path, kErrorsDirectory);
  TAPELAKE_ASSIGN_OR_RAISE(const bool has_errors, world.files.Exists(errors_path));
  if (has_errors) {
    TAPELAKE_ASSIGN_OR_RAISE(
        facts.error_objects,
        CountFiles(world.files, errors_path, name.QualifiedName() + "-", kErrorLevels));
  }
  return facts;
}

std::optional<int64_t> InstantMicros(const std::string& instant) {
  return hudi::ParseInstantTime(instant);
}

}  // namespace tapelake::app
