#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "app/feed.h"
#include "app/table_plan.h"
#include "io/s3/s3_path.h"
#include "source/paced_source.h"

namespace tapelake::app {
namespace {

constexpr int64_t kRoundMicros = 1'000'000;
/// Each look lists all objects below the prefix, a thousand a request.
constexpr int64_t kS3RoundMicros = 10'000'000;
constexpr size_t kFailuresMax = 100;

}  // namespace

std::optional<source::FileFormat> ParseContent(const std::string& text) {
  if (text == "auto") return source::FileFormat::kAuto;
  if (text == "ndjson") return source::FileFormat::kNdjson;
  if (text == "trades") return source::FileFormat::kTrades;
  if (text == "raw") return source::FileFormat::kRawObject;
  return std::nullopt;
}

source::FileSourceOptions FileOptionsOf(const config::SourceConfig& source) {
  source::FileSourceOptions options;
  options.format = ParseContent(source.content).value_or(source::FileFormat::kAuto);
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
    TAPELAKE_ASSIGN_OR_RAISE(std::vector<source::InputFile> inputs,
                             source::ListInputs(world_.files, path));
    std::ranges::move(inputs, std::back_inserter(files_));
  }
  std::set<std::string> named;  // several paths may hold the same file
  std::erase_if(
      files_, [&named](const source::InputFile& file) { return !named.insert(file.path).second; });
  return Status::OK();
}

Status FilesFeed::OpenFile(const source::InputFile& file) {
  const std::string& path = file.path;
  const auto seen = sizes_.find(path);
  const bool grown = seen == sizes_.end() || seen->second != file.size_bytes;
  // Somebody may be writing it: its last line counts without an end once a look found it no bigger.
  if (!grown && unsettled_.erase(path) == 0) return Status::OK();
  source::FileSourceOptions format = options_.format;
  format.hold_last_line = grown && options_.follow && !io::IsS3Path(path);
  if (format.hold_last_line) unsettled_.insert(path);
  sizes_[path] = file.size_bytes;
  if (file.size_bytes == 0 && !source::HoldsObjects(options_.format.format)) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(source_id_, source::FileSourceId(world_.files, path));
  const auto read = offsets_.find(source_id_);
  const uint64_t offset = read == offsets_.end() ? start_(source_id_) : read->second;
  TAPELAKE_ASSIGN_OR_RAISE(current_, source::OpenFileSource(world_.files, path, format, offset));
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
  const bool on_s3 = std::ranges::any_of(paths_, io::IsS3Path);
  if (now - round_micros_ < (on_s3 ? kS3RoundMicros : kRoundMicros)) return true;
  round_micros_ = now;
  const Status listed = ListFiles();
  // A directory that is empty or absent for a moment is no end of following it, nor is a server.
  if (!listed.ok() && KindOf(listed) != ErrorKind::kNotFound &&
      KindOf(listed) != ErrorKind::kUnavailable && KindOf(listed) != ErrorKind::kThrottled) {
    return listed;
  }
  return true;
}

/// Of the file whose turn it is.
void FilesFeed::NoteFailure(const Status& failure) {
  const ErrorKind kind = KindOf(failure);
  const bool passes = kind == ErrorKind::kUnavailable || kind == ErrorKind::kThrottled;
  if (passes) sizes_.erase(files_[next_file_].path);  // the next look tries it again
  if (failures_.size() < kFailuresMax) failures_.push_back(failure);
}

Result<bool> FilesFeed::Next(record::RecordBlock* block) {
  block->Clear();
  while (true) {
    if (current_ == nullptr) {
      if (next_file_ == files_.size()) return NextRound();
      const Status opened = OpenFile(files_[next_file_]);
      if (!opened.ok()) {
        NoteFailure(opened);
        current_.reset();
      }
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
    if (!more.ok()) NoteFailure(more.status());
    current_.reset();
    ++next_file_;
  }
}

}  // namespace tapelake::app
