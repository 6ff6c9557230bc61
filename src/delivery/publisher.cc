#include "delivery/publisher.h"

#include <algorithm>
#include <utility>

#include "delivery/object_name.h"

namespace tapelake::delivery {
namespace {

constexpr size_t kDirectoriesKnownMax = 256;

/// The state after `cut` is announced.
void Announce(const Cut& cut, bool has_lines, DeliveryState* state) {
  for (const SourceRange& range : cut.ranges) {
    uint64_t& position = state->positions[range.source];
    position = std::max(position, range.end);
  }
  if (!has_lines) return;
  state->pending.push_back(cut);
  state->next_id = std::max(state->next_id, cut.id + 1);
}

/// The state after a pending cut has got more partitions.
void Renew(const Cut& cut, DeliveryState* state) {
  for (Cut& pending : state->pending) {
    if (pending.id == cut.id) pending.partitions = cut.partitions;
  }
}

void Finish(const Cut& cut, DeliveryState* state) {
  std::erase_if(state->pending, [&](const Cut& pending) { return pending.id == cut.id; });
}

}  // namespace

std::string StatePath(const std::string& stream) {
  return io::JoinPath(io::JoinPath(".tapelake/delivery", stream), "state");
}

Publisher::Publisher(io::FileSystem& files, io::Clock& clock, const DeliveryOptions& options,
                     DeliveryState state)
    : files_(files),
      lake_path_(options.lake_path),
      stream_(options.stream),
      state_path_(options.state_path),
      state_(std::move(state)) {
  if (options.transform.function == nullptr) return;
  transformer_ = std::make_unique<Transformer>(clock, options.transform, stream_);
}

void Publisher::Enlist(std::shared_ptr<CutJob> job) {
  const std::lock_guard<std::mutex> lock(mutex_);
  jobs_.push_back(std::move(job));
}

std::deque<std::shared_ptr<CutJob>> Publisher::Jobs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return jobs_;
}

Result<bool> Publisher::Step() {
  for (const auto& job : Jobs()) {
    // Before the chunks: no more of them come once it is sealed.
    const bool sealed = job->assembly.sealed();
    if (Compress(job.get()) || Transform(job.get(), sealed)) return true;
    if (!sealed) continue;
    TAPELAKE_RETURN_NOT_OK(Publish(job.get()));
    return true;
  }
  return false;
}

bool Publisher::Compress(CutJob* job) {
  const int64_t before = job->assembly.compressed_bytes();
  const auto size = job->assembly.CompressChunk();
  if (!size) return false;
  released_bytes_ += static_cast<int64_t>(*size) - (job->assembly.compressed_bytes() - before);
  return true;
}

bool Publisher::Transform(CutJob* job, bool sealed) {
  if (transformer_ == nullptr || !job->cut.transformed || job->announced) return false;
  const int64_t taken_before = transformer_->taken_bytes();
  const int64_t held_before = TextBytes(job->answered.texts);
  if (!transformer_->Step(job->queue, sealed, *job->cut.layout, &job->answered)) return false;
  released_bytes_ +=
      transformer_->taken_bytes() - taken_before - (TextBytes(job->answered.texts) - held_before);
  const std::lock_guard<std::mutex> lock(mutex_);
  counts_.transform = transformer_->counts();
  return true;
}

/// Know what a transformed cut holds, and have that durable before the cut is announced.
Status Publisher::Settle(CutJob* job) {
  if (job->settled) return Status::OK();
  if (job->announced) {
    TAPELAKE_RETURN_NOT_OK(ReadContent(job));
  } else if (job->has_lines()) {
    // Emptied by that: a second try after a failure adds nothing.
    CutContent made = std::exchange(job->answered, {});
    job->lines += made.counts.lines;
    job->error_lines += made.counts.error_lines;
    job->held_bytes += TextBytes(made.texts);
    MoveTexts(&made.texts, job->assembly.mutable_texts());
    const std::string path = CutContentPath(state_path_, job->cut.id);
    TAPELAKE_RETURN_NOT_OK(MakeDirectory(lake_path_, io::ParentPath(path)));
    TAPELAKE_RETURN_NOT_OK(files_.ReplaceFile(
        io::JoinPath(lake_path_, path),
        FormatCutContent(job->assembly.texts(),
                         {.lines = job->lines, .error_lines = job->error_lines})));
  }
  job->settled = true;
  return Status::OK();
}

Status Publisher::ReadContent(CutJob* job) {
  const std::string path = io::JoinPath(lake_path_, CutContentPath(state_path_, job->cut.id));
  const Result<std::string> file = files_.ReadFile(path);
  if (!file.ok()) return WithContext(file.status(), "the content of an announced cut");
  Result<CutContent> content = ParseCutContent(*file);
  if (!content.ok()) {
    return WithContext(content.status(), "the content '" + path + "' of a cut is damaged");
  }
  job->lines = content->counts.lines;
  job->error_lines = content->counts.error_lines;
  job->held_bytes = TextBytes(content->texts);
  released_bytes_ -= job->held_bytes;
  *job->assembly.mutable_texts() = std::move(content->texts);
  return Status::OK();
}

CutJob* Publisher::NextToAnnounce(const CutJob* before) const {
  bool behind = false;
  for (const auto& job : Jobs()) {
    if (behind && job->assembly.sealed() && !job->announced) {
      // The content of a transformed one must be durable first.
      return job->cut.transformed ? nullptr : job.get();
    }
    behind |= job.get() == before;
  }
  return nullptr;
}

Status Publisher::Publish(CutJob* job) {
  if (job->cut.transformed) TAPELAKE_RETURN_NOT_OK(Settle(job));
  if (!job->announced && job->has_lines()) {
    DeliveryState announced = state_;
    Announce(job->cut, true, &announced);
    TAPELAKE_RETURN_NOT_OK(Store(std::move(announced)));
    job->announced = true;
  } else if (job->outgrown) {
    DeliveryState announced = state_;
    Renew(job->cut, &announced);
    TAPELAKE_RETURN_NOT_OK(Store(std::move(announced)));
    job->outgrown = false;
  }
  DeliveryCounts written;
  const int64_t held_before = job->assembly.compressed_bytes();
  TAPELAKE_RETURN_NOT_OK(WriteObjects(job, &written));
  DeliveryState finished = state_;
  if (!job->announced) Announce(job->cut, false, &finished);
  Finish(job->cut, &finished);
  CutJob* next = NextToAnnounce(job);
  if (next != nullptr) Announce(next->cut, next->has_lines(), &finished);
  TAPELAKE_RETURN_NOT_OK(Store(std::move(finished)));
  if (next != nullptr) next->announced = true;
  // What stays of it by a failure goes when delivery is opened the next time.
  if (job->cut.transformed) {
    (void)files_.DeleteFile(io::JoinPath(lake_path_, CutContentPath(state_path_, job->cut.id)));
  }
  released_bytes_ += held_before + job->held_bytes;
  const std::lock_guard<std::mutex> lock(mutex_);
  counts_.lines += written.lines;
  counts_.raw_objects += written.raw_objects;
  counts_.raw_bytes += written.raw_bytes;
  counts_.error_lines += written.error_lines;
  counts_.error_objects += written.error_objects;
  std::erase_if(jobs_, [job](const auto& listed) { return listed.get() == job; });
  return Status::OK();
}

Status Publisher::WriteObjects(CutJob* job, DeliveryCounts* written) {
  const ObjectName name{.stream = stream_, .cut_micros = job->cut.time_micros, .id = job->cut.id};
  const ObjectLayout& layout = *job->cut.layout;
  const auto& errors = job->assembly.texts().errors;
  for (const auto& [type, content] : errors) {
    TAPELAKE_RETURN_NOT_OK(WriteObject(layout, layout.ErrorPath(type, name), content));
  }
  // What an earlier run wrote of this cut, but is no more since the table was declared anew.
  for (const std::string& type : job->cut.error_types) {
    if (errors.contains(type)) continue;
    TAPELAKE_RETURN_NOT_OK(DeleteObject(layout, layout.ErrorPath(type, name)));
  }
  if (!job->assembly.texts().backup.empty()) {
    const std::string object = CompressText(layout.compression(), job->assembly.texts().backup);
    TAPELAKE_RETURN_NOT_OK(WriteObject(layout, layout.BackupPath(name), object));
  }
  if (layout.partitioned() || job->cut.transformed) {
    TAPELAKE_RETURN_NOT_OK(WritePartitions(job, name, written));
  } else if (job->lines > 0) {
    const std::string& object = job->assembly.RawObject();
    TAPELAKE_RETURN_NOT_OK(WriteObject(layout, layout.RawPath(name, ""), object));
    written->raw_objects = 1;
    written->raw_bytes = static_cast<int64_t>(object.size());
  } else if (job->cut.has_raw_object) {
    TAPELAKE_RETURN_NOT_OK(DeleteObject(layout, layout.RawPath(name, "")));
  }
  written->lines = job->lines;
  written->error_lines = job->error_lines;
  written->error_objects = static_cast<int64_t>(errors.size());
  return Status::OK();
}

Status Publisher::WritePartitions(CutJob* job, const ObjectName& name, DeliveryCounts* written) {
  const ObjectLayout& layout = *job->cut.layout;
  const auto& partitions = job->assembly.texts().partitions;
  for (const auto& [partition, text] : partitions) {
    const std::string object = CompressText(layout.compression(), text);
    TAPELAKE_RETURN_NOT_OK(WriteObject(layout, layout.RawPath(name, partition), object));
    ++written->raw_objects;
    written->raw_bytes += static_cast<int64_t>(object.size());
  }
  // Announced by an earlier run, and now without lines.
  for (const std::string& partition : job->cut.partitions) {
    if (partitions.contains(partition)) continue;
    TAPELAKE_RETURN_NOT_OK(DeleteObject(layout, layout.RawPath(name, partition)));
  }
  return Status::OK();
}

Status Publisher::WriteObject(const ObjectLayout& layout, const std::string& path,
                              std::string_view content) {
  const std::string& root = layout.Root(lake_path_);
  TAPELAKE_RETURN_NOT_OK(MakeDirectory(root, io::ParentPath(path)));
  return files_.ReplaceFile(io::JoinPath(root, path), content);
}

Status Publisher::DeleteObject(const ObjectLayout& layout, const std::string& path) {
  const std::string full = io::JoinPath(layout.Root(lake_path_), path);
  const Status deleted = files_.DeleteFile(full);
  if (!deleted.ok()) return KindOf(deleted) == ErrorKind::kNotFound ? Status::OK() : deleted;
  return files_.SyncDirectory(io::ParentPath(full));
}

Status Publisher::Store(DeliveryState state) {
  TAPELAKE_RETURN_NOT_OK(MakeDirectory(lake_path_, io::ParentPath(state_path_)));
  TAPELAKE_RETURN_NOT_OK(
      files_.ReplaceFile(io::JoinPath(lake_path_, state_path_), FormatState(state)));
  const std::lock_guard<std::mutex> lock(mutex_);
  state_ = std::move(state);
  return Status::OK();
}

/// A file is as durable as the names of all directories above it.
Status Publisher::MakeDirectory(const std::string& root, const std::string& relative) {
  const std::string full = io::JoinPath(root, relative);
  TAPELAKE_RETURN_NOT_OK(files_.CreateDirectories(full));
  if (durable_directories_.contains(full)) return Status::OK();
  std::string child = relative;
  while (child.find('/') != std::string::npos) {
    child = io::ParentPath(child);
    TAPELAKE_RETURN_NOT_OK(files_.SyncDirectory(io::JoinPath(root, child)));
  }
  TAPELAKE_RETURN_NOT_OK(files_.SyncDirectory(root));
  if (durable_directories_.size() >= kDirectoriesKnownMax) durable_directories_.clear();
  durable_directories_.insert(full);
  return Status::OK();
}

uint64_t Publisher::DeliveredOffset(const std::string& source) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return state_.DeliveredOffset(source);
}

DeliveryCounts Publisher::counts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

bool Publisher::idle() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::none_of(jobs_.begin(), jobs_.end(),
                      [](const auto& job) { return job->assembly.sealed(); });
}

}  // namespace tapelake::delivery
