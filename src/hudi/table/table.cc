#include "hudi/table/table.h"

#include <ranges>

#include "hudi/log/buffer_pool.h"
#include "hudi/reader/base_file_check.h"
#include "hudi/table/table_rules.h"
#include "hudi/table/table_state.h"
#include "hudi/table/table_view.h"
#include "io/s3/s3_path.h"

namespace tapelake::hudi {
namespace {

constexpr const char* kFolders[] = {".hoodie/archived", ".hoodie/.temp", ".hoodie/.schema",
                                    ".hoodie/.aux/.bootstrap/.partitions",
                                    ".hoodie/.aux/.bootstrap/.fileids"};
constexpr int kLoadsMax = 5;
constexpr size_t kBufferBytesMax = size_t{64} << 20;

std::string PropertiesPath(const std::string& base_path) {
  return io::JoinPath(base_path, ".hoodie/hoodie.properties");
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
  TAPELAKE_ASSIGN_OR_RAISE(auto table, Open(environment, base_path));
  TAPELAKE_RETURN_NOT_OK(table->MakeNamesDurable());
  return table;
}

Result<std::unique_ptr<Table>> Table::Open(const TableEnvironment& environment,
                                           const std::string& base_path) {
  TAPELAKE_ASSIGN_OR_RAISE(TableConfig config, ReadTableConfig(environment.files, base_path));
  return std::unique_ptr<Table>(new Table(environment, base_path, std::move(config)));
}

Table::Table(const TableEnvironment& environment, std::string base_path, TableConfig config)
    : environment_(environment),
      base_path_(std::move(base_path)),
      config_(std::move(config)),
      buffers_(std::make_unique<BufferPool>(kBufferBytesMax)),
      checked_(std::make_unique<CheckedBaseFiles>()) {}

Table::~Table() = default;

Status Table::MakeNamesDurable() {
  if (io::IsS3Path(base_path_)) return Status::OK();  // what can be seen there stays
  std::string directory = io::JoinPath(base_path_, ".hoodie/.aux");
  while (true) {
    const Status synced = environment_.files.SyncDirectory(directory);
    const ErrorKind kind = KindOf(synced);
    // What we may not open was given to us by others. A foreign table may lack a folder.
    if (!synced.ok() && kind != ErrorKind::kUnauthorized && kind != ErrorKind::kNotFound) {
      return synced;
    }
    std::string above = io::ParentPath(directory);
    if (above == directory) return Status::OK();
    directory = std::move(above);
  }
}

Status Table::ReloadConfig() {
  return ReadTableConfig(environment_.files, base_path_).Value(&config_);
}

Result<Timeline> Table::LoadTimeline() {
  TAPELAKE_RETURN_NOT_OK(Refresh());
  return *state_->timeline();
}

Status Table::Refresh() {
  io::FileSystem& files = environment_.files;
  Status status;
  // While we read, archival and cleaning on another thread or machine may take files away.
  for (int attempt = 0; attempt < kLoadsMax; ++attempt) {
    TAPELAKE_ASSIGN_OR_RAISE(auto names,
                             TableState::ListNames(files, base_path_, config_.layout()));
    if (state_ != nullptr && state_->names() == names) return Status::OK();
    TAPELAKE_RETURN_NOT_OK(ReloadConfig());
    const TableSource source{files, base_path_, config_};
    if (state_ != nullptr) {
      const auto followed = state_->Follow(source, names);
      if (followed.ok() && *followed) return Status::OK();
      state_.reset();
    }
    auto state = TableState::Load(source, std::move(names));
    if (state.ok()) {
      state_ = std::move(state).ValueUnsafe();
      return Status::OK();
    }
    status = state.status();
    if (KindOf(status) != ErrorKind::kNotFound) return status;
  }
  return status;
}

Result<Snapshot> Table::LatestSnapshot() {
  TAPELAKE_RETURN_NOT_OK(Refresh());
  Snapshot snapshot;
  const auto newest = state_->timeline()->NewestCompletedCommit();
  if (newest) snapshot.instant = newest->timestamp;
  snapshot.schema = state_->schema();
  snapshot.slices = state_->Slices();
  snapshot.timeline = state_->timeline();
  snapshot.precombine_field = config_.precombine_field;
  snapshot.merge = config_.merge_rule();
  return snapshot;
}

Result<CommitMetadata> Table::NewestCommitWith(const std::string& key) {
  TAPELAKE_RETURN_NOT_OK(Refresh());
  const std::vector<Instant> commits = state_->timeline()->CompletedCommits();
  for (const Instant& instant : commits | std::views::reverse) {
    TAPELAKE_ASSIGN_OR_RAISE(CommitMetadata metadata,
                             ReadCommitMetadata(environment_.files, base_path_, instant));
    if (metadata.extra_metadata.contains(key)) return metadata;
  }
  return MakeError(ErrorKind::kNotFound,
                   "no commit of table '" + config_.name + "' carries '" + key + "'");
}

}  // namespace tapelake::hudi
