#include <algorithm>
#include <utility>

#include "app/feed.h"
#include "app/table_plan.h"
#include "source/paced_source.h"

namespace tapelake::app {
namespace {

constexpr int64_t kRoundMicros = 1'000'000;
constexpr size_t kFailuresMax = 100;

}  // namespace

source::FileSourceOptions FileOptionsOf(const config::SourceConfig& source) {
  source::FileSourceOptions options;
  options.shape = ShapeOf(source.shape);
  if (!source.exchange.empty()) options.exchange = source.exchange;
  options.pair = source.pair;
  return options;
}

Result<std::unique_ptr<FilesFeed>> FilesFeed::Make(World& world, std::vector<std::string> paths,
                                                   const FilesFeedOptions& options,
                                                   StartOffset start) {
  std::unique_ptr<FilesFeed> feed(
      new FilesFeed(world, std::move(paths), options, std::move(start)));
  TAPELAKE_RETURN_NOT_OK(feed->ListFiles());
  return feed;
}

Status FilesFeed::ListFiles() {
  files_.clear();
  next_file_ = 0;
  for (const std::string& path : paths_) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::vector<std::string> files,
                             source::ListInputFiles(world_.files, path));
    for (const std::string& file : files) {
      if (std::find(files_.begin(), files_.end(), file) == files_.end()) files_.push_back(file);
    }
  }
  return Status::OK();
}

Status FilesFeed::OpenFile(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const io::FileInfo info, world_.files.GetInfo(path));
  const auto seen = sizes_.find(path);
  if (seen != sizes_.end() && seen->second == info.size_bytes) return Status::OK();
  sizes_[path] = info.size_bytes;
  if (info.size_bytes == 0 && !source::HoldsObjects(options_.format.format)) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(source_id_, source::FileSourceId(world_.files, path));
  const auto read = offsets_.find(source_id_);
  const uint64_t offset = read == offsets_.end() ? start_(source_id_) : read->second;
  TAPELAKE_ASSIGN_OR_RAISE(current_,
                           source::OpenFileSource(world_.files, path, options_.format, offset));
  offsets_[source_id_] = offset;
  place_ = path;
  if (options_.speed > 0) {
    TAPELAKE_ASSIGN_OR_RAISE(
        current_,
        source::PacedSource::Make(std::move(current_), {.speed = options_.speed}, world_.clock));
  }
  return Status::OK();
}

Result<bool> FilesFeed::NextRound() {
  if (!options_.follow) return false;
  const int64_t now = world_.clock.SteadyMicros();
  if (now - round_micros_ < kRoundMicros) return true;
  round_micros_ = now;
  const Status listed = ListFiles();
  // A directory that is empty or absent for a moment is no end of following it.
  if (!listed.ok() && KindOf(listed) != ErrorKind::kNotFound) return listed;
  return true;
}

Result<bool> FilesFeed::Next(record::RecordBlock* block) {
  block->Clear();
  while (true) {
    if (current_ == nullptr) {
      if (next_file_ == files_.size()) return NextRound();
      const Status opened = OpenFile(files_[next_file_]);
      if (!opened.ok() && failures_.size() < kFailuresMax) failures_.push_back(opened);
      if (!opened.ok()) current_.reset();
      if (current_ == nullptr) {
        ++next_file_;
        continue;
      }
    }
    const Result<bool> more = current_->ReadBlock(block);
    if (more.ok() && *more) {
      offsets_[source_id_] = block->end_offset;
      return true;
    }
    if (!more.ok() && failures_.size() < kFailuresMax) failures_.push_back(more.status());
    current_.reset();
    ++next_file_;
  }
}

}  // namespace tapelake::app
