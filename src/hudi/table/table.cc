#include "hudi/table/table.h"

#include <ranges>

#include "hudi/format/avro_schema.h"
#include "hudi/format/file_name.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/table/table_rules.h"

namespace tapelake::hudi {
namespace {

constexpr const char* kFolders[] = {".hoodie/archived", ".hoodie/.temp", ".hoodie/.schema",
                                    ".hoodie/.aux/.bootstrap/.partitions",
                                    ".hoodie/.aux/.bootstrap/.fileids"};
constexpr std::string_view kCreateSchemaKey = "hoodie.table.create.schema";

std::string PropertiesPath(const std::string& base_path) {
  return io::JoinPath(base_path, ".hoodie/hoodie.properties");
}

/// Hudi replaces the file by way of a backup; whoever finds the file missing or cut reads that.
Result<TableConfig> ReadConfig(io::FileSystem& files, const std::string& base_path) {
  const std::string path = PropertiesPath(base_path);
  auto text = files.ReadFile(path);
  auto config = text.ok() ? ParseTableConfig(*text) : Result<TableConfig>(text.status());
  if (config.ok()) return config;
  if (auto backup = files.ReadFile(path + ".backup"); backup.ok()) {
    if (auto from_backup = ParseTableConfig(*backup); from_backup.ok()) return from_backup;
  }
  if (KindOf(config.status()) == ErrorKind::kNotFound) {
    return MakeError(ErrorKind::kNotFound,
                     "'" + base_path + "' is no Hudi table: it has no .hoodie/hoodie.properties");
  }
  return WithContext(config.status(), "'" + path + "'");
}

/// The schema of a table none of whose commits says it: that of creation, else that of a file.
Result<std::shared_ptr<arrow::Schema>> FallbackSchema(io::FileSystem& files,
                                                      const std::string& base_path,
                                                      const TableConfig& config,
                                                      const std::vector<FileSlice>& slices) {
  const auto created = config.properties.find(std::string(kCreateSchemaKey));
  if (created != config.properties.end() && !created->second.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto schema, ParseAvroSchema(created->second));
    return WithoutMetaColumns(schema);
  }
  if (slices.empty()) return arrow::schema(arrow::FieldVector());
  TAPELAKE_ASSIGN_OR_RAISE(
      auto reader,
      BaseFileReader::Open(files, io::JoinPath(base_path, slices.back().RelativePath())));
  return WithoutMetaColumns(reader->schema());
}

}  // namespace

Result<std::unique_ptr<Table>> Table::Create(const TableEnvironment& environment,
                                             const std::string& base_path,
                                             const CreateOptions& options) {
  TAPELAKE_ASSIGN_OR_RAISE(const TableConfig config, ConfigOf(options));
  io::FileSystem& files = environment.files;
  for (const char* folder : kFolders) {
    TAPELAKE_RETURN_NOT_OK(files.CreateDirectories(io::JoinPath(base_path, folder)));
  }
  // Last, because a folder with this file is a table.
  const Status written = files.CreateIfAbsent(PropertiesPath(base_path), FormatTableConfig(config));
  if (!written.ok()) return WithContext(written, "create table '" + config.name + "'");
  TAPELAKE_RETURN_NOT_OK(files.SyncDirectory(base_path));
  return Open(environment, base_path);
}

Result<std::unique_ptr<Table>> Table::Open(const TableEnvironment& environment,
                                           const std::string& base_path) {
  TAPELAKE_ASSIGN_OR_RAISE(TableConfig config, ReadConfig(environment.files, base_path));
  TAPELAKE_RETURN_NOT_OK(CheckReadable(config));
  return std::unique_ptr<Table>(new Table(environment, base_path, std::move(config)));
}

Status Table::ReloadConfig() {
  TAPELAKE_ASSIGN_OR_RAISE(config_, ReadConfig(environment_.files, base_path_));
  return CheckReadable(config_);
}

Result<Timeline> Table::LoadTimeline() {
  return Timeline::Load(environment_.files, base_path_);
}

Result<Snapshot> Table::LatestSnapshot() {
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline timeline, LoadTimeline());
  return SnapshotAt(timeline);
}

Result<Snapshot> Table::SnapshotAt(const Timeline& timeline) {
  Snapshot snapshot;
  if (const auto newest = timeline.NewestCompletedCommit()) snapshot.instant = newest->timestamp;
  TAPELAKE_ASSIGN_OR_RAISE(
      snapshot.slices, LatestSlices(environment_.files, base_path_, timeline, snapshot.instant));
  for (const FileSlice& slice : snapshot.slices) {
    if (config_.type == TableType::kMergeOnRead || slice.log_files.empty()) continue;
    return MakeError(ErrorKind::kInvalid, "table '" + config_.name +
                                              "' is copy-on-write, but has the log file '" +
                                              slice.LogPath(slice.log_files.front()) + "'");
  }
  const std::vector<Instant> commits = timeline.CompletedCommits();
  for (const Instant& instant : commits | std::views::reverse) {
    TAPELAKE_ASSIGN_OR_RAISE(const CommitMetadata metadata,
                             ReadCommitMetadata(environment_.files, base_path_, instant));
    if (metadata.schema().empty()) continue;
    TAPELAKE_ASSIGN_OR_RAISE(auto schema, ParseAvroSchema(metadata.schema()));
    snapshot.schema = WithoutMetaColumns(schema);
    return snapshot;
  }
  TAPELAKE_ASSIGN_OR_RAISE(
      snapshot.schema, FallbackSchema(environment_.files, base_path_, config_, snapshot.slices));
  return snapshot;
}

Result<CommitMetadata> Table::NewestCommitWith(const std::string& key) {
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline timeline, LoadTimeline());
  const std::vector<Instant> commits = timeline.CompletedCommits();
  for (const Instant& instant : commits | std::views::reverse) {
    TAPELAKE_ASSIGN_OR_RAISE(CommitMetadata metadata,
                             ReadCommitMetadata(environment_.files, base_path_, instant));
    if (metadata.extra_metadata.contains(key)) return metadata;
  }
  return MakeError(ErrorKind::kNotFound,
                   "no commit of table '" + config_.name + "' carries '" + key + "'");
}

}  // namespace tapelake::hudi
