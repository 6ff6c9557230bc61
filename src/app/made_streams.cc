#include "app/made_streams.h"

#include <utility>

#include "stream/stream_metadata.h"

namespace tapelake::app {
Result<std::unique_ptr<MadeStreams>> MadeStreams::Open(Parts parts) {
  std::unique_ptr<MadeStreams> streams(new MadeStreams(std::move(parts)));
  io::FileSystem& files = streams->parts_.files;
  const std::string& directory = streams->parts_.directory;
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, files.Exists(directory));
  if (!exists) return streams;
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, files.ListNames(directory));
  for (const std::string& name : names) {
    const std::string path = streams->PathOf(name);
    TAPELAKE_ASSIGN_OR_RAISE(const bool whole, files.Exists(stream::StreamMetadataPath(path)));
    if (!whole) {
      TAPELAKE_RETURN_NOT_OK(files.DeleteDirectory(path));
      continue;
    }
    if (streams->parts_.declared.contains(name)) continue;
    TAPELAKE_ASSIGN_OR_RAISE(streams->made_[name], streams->OpenOne(name, 1));
  }
  return streams;
}

MadeStreams::~MadeStreams() {
  for (const auto& [name, made] : made_)
    made->Stop();
}

void MadeStreams::Start() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, made] : made_)
    made->Start();
}

std::string MadeStreams::PathOf(const std::string& name) const {
  return io::JoinPath(parts_.directory, name);
}

Result<std::shared_ptr<MadeLog>> MadeStreams::OpenOne(const std::string& name,
                                                      int shard_count) const {
  stream::StreamOptions options = parts_.options;
  options.shard_count = shard_count;
  TAPELAKE_ASSIGN_OR_RAISE(auto log, stream::Stream::Open(parts_.files, parts_.clock, PathOf(name),
                                                          name, options, nullptr));
  return std::make_shared<MadeLog>(std::move(log), parts_.clock);
}

serve::KinesisStream MadeStreams::Served(const std::string& path,
                                         const std::shared_ptr<MadeLog>& made) {
  return {.directory = path, .log = made->log(), .writer = made->writer(), .keeper = made};
}

std::vector<serve::KinesisStream> MadeStreams::streams() const {
  const std::scoped_lock lock(mutex_);
  std::vector<serve::KinesisStream> all;
  for (const auto& [name, made] : made_)
    all.push_back(Served(PathOf(name), made));
  return all;
}

Result<serve::KinesisStream> MadeStreams::Make(const std::string& name, int shard_count) {
  const std::scoped_lock lock(mutex_);
  if (made_.contains(name) || parts_.declared.contains(name)) {
    return MakeError(ErrorKind::kAlreadyExists, "there is a stream '" + name + "'");
  }
  if (made_.size() >= kStreamsMax) {
    return MakeError(ErrorKind::kThrottled, "clients have made " + std::to_string(kStreamsMax) +
                                                " streams, which is the limit");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto made, OpenOne(name, shard_count));
  made->Start();
  made_[name] = made;
  return Served(PathOf(name), made);
}

Status MadeStreams::Delete(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  const auto found = made_.find(name);
  if (found == made_.end()) {
    return MakeError(ErrorKind::kNotFound, "no client made a stream '" + name + "'");
  }
  const auto readers = found->second->log()->taken();
  if (!readers.empty()) {
    return MakeError(ErrorKind::kConflict,
                     "stream '" + name + "' is read by " + readers.begin()->first);
  }
  found->second->Stop();
  made_.erase(found);
  // Without this file it is none any more: what a crash leaves behind is cleared away later.
  const std::string path = PathOf(name);
  TAPELAKE_RETURN_NOT_OK(parts_.files.DeleteFile(stream::StreamMetadataPath(path)));
  TAPELAKE_RETURN_NOT_OK(parts_.files.SyncDirectory(path));
  return parts_.files.DeleteDirectory(path);
}

}  // namespace tapelake::app
