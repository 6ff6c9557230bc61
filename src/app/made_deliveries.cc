#include "app/made_deliveries.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "app/delivery_definition.h"
#include "app/lake_folder.h"
#include "app/made_log.h"
#include "app/records_worker.h"

namespace tapelake::app {
namespace {

constexpr int64_t kIdleMicros = 50'000;
constexpr int64_t kTailBytesMax = int64_t{4} << 20;      // delivery is seldom far behind
constexpr int64_t kSegmentBytesMax = int64_t{16} << 20;  // what stays when all is delivered

Status NotFound(const std::string& name) {
  return MakeError(ErrorKind::kNotFound, "no client made a delivery stream '" + name + "'");
}

std::string DefinitionPath(const std::string& folder) {
  return io::JoinPath(folder, "definition");
}

}  // namespace

class MadeDeliveries::Made {
 public:
  /// What feeds it: a log of its own, or somebody else's.
  struct Feed {
    std::unique_ptr<MadeLog> own;
    serve::KinesisStream source;
    std::string consumer;

    stream::Stream& log() const { return own == nullptr ? *source.log : *own->log(); }
  };

  /// Nothing runs yet.
  Made(Feed feed, std::unique_ptr<RecordsWorker> worker, serve::DeliveryStream definition,
       delivery::DeliveryOptions options)
      : definition(std::move(definition)),
        options(std::move(options)),
        feed_(std::move(feed)),
        worker_(std::move(worker)) {
    if (feed_.own == nullptr) return;
    this->definition.writer = feed_.own->writer();
    this->definition.log = feed_.own->log();
  }
  ~Made() { Stop(); }

  RecordsWorker& worker() { return *worker_; }

  void Start() {
    if (feed_.own != nullptr) feed_.own->Start();
    const std::scoped_lock lock(mutex_);
    thread_ = std::thread([this] { Run(); });
  }

  /// Refuse further records and end both threads.
  void Stop() {
    const std::scoped_lock lock(mutex_);
    stop_.store(true);
    worker_->End();
    if (thread_.joinable()) thread_.join();
    if (feed_.own != nullptr) feed_.own->Stop();
  }

  /// Hold back no records any more. After Stop().
  void LetGo() { feed_.log().Forget(feed_.consumer); }

  // Guarded by the mutex of the collection.
  serve::DeliveryStream definition;
  delivery::DeliveryOptions options;
  bool deleted = false;  // its definition is gone, and it is about to be

 private:
  /// Until it is stopped, or delivery cannot go on: then nothing more is taken.
  void Run() {
    while (!stop_.load()) {
      const Result<bool> worked = worker_->Step();
      if (!worked.ok()) {
        if (feed_.own != nullptr) feed_.own->Stop();
        return worker_->End();
      }
      if (!*worked) worker_->WaitForWork(kIdleMicros);
    }
  }

  Feed feed_;
  std::unique_ptr<RecordsWorker> worker_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // guards the next
  std::thread thread_;
};

Result<std::unique_ptr<MadeDeliveries>> MadeDeliveries::Open(Parts parts) {
  std::unique_ptr<MadeDeliveries> all(new MadeDeliveries(std::move(parts)));
  io::FileSystem& files = all->parts_.files;
  const std::string directory = MadeDeliveriesPath(all->parts_.lake_path);
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, files.Exists(directory));
  if (!exists) return all;
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, files.ListNames(directory));
  for (const std::string& name : names) {
    const std::string path = all->PathOf(name);
    TAPELAKE_ASSIGN_OR_RAISE(const bool whole, files.Exists(DefinitionPath(path)));
    if (!whole) {
      TAPELAKE_RETURN_NOT_OK(files.DeleteDirectory(path));
      continue;
    }
    if (all->parts_.declared.contains(name)) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const serve::DeliveryStream definition, all->ReadDefinition(name));
    if (!definition.source.empty() && !all->parts_.find_source(definition.source).ok()) {
      all->waiting_.insert(name);
      continue;
    }
    auto made = all->OpenOne(definition);
    if (!made.ok()) return WithContext(made.status(), "delivery stream '" + name + "'");
    all->made_[name] = std::move(*made);
  }
  for (const auto& [name, made] : all->made_)
    made->Start();
  return all;
}

MadeDeliveries::~MadeDeliveries() {
  for (const auto& [name, made] : made_)
    made->Stop();
}

std::string MadeDeliveries::PathOf(const std::string& name) const {
  return io::JoinPath(MadeDeliveriesPath(parts_.lake_path), name);
}

Result<delivery::DeliveryOptions> MadeDeliveries::OptionsOf(
    const serve::DeliveryStream& stream) const {
  return OptionsOfDefinition(stream, {.lake_path = parts_.lake_path,
                                      .buckets = parts_.buckets,
                                      .folder = MadeDeliveryFolder(stream.name)});
}

Result<serve::DeliveryStream> MadeDeliveries::ReadDefinition(const std::string& name) const {
  const std::string path = DefinitionPath(PathOf(name));
  TAPELAKE_ASSIGN_OR_RAISE(const std::string text, parts_.files.ReadFile(path));
  auto definition = ParseDefinition(text);
  if (!definition.ok()) return WithContext(definition.status(), "file '" + path + "' is damaged");
  if (definition->name == name) return definition;
  return MakeError(ErrorKind::kCorrupt,
                   "file '" + path + "' is that of delivery stream '" + definition->name + "'");
}

Status MadeDeliveries::WriteDefinition(const serve::DeliveryStream& stream) const {
  return parts_.files.ReplaceFile(DefinitionPath(PathOf(stream.name)), DefinitionText(stream));
}

/// An empty folder whose name is durable.
Status MadeDeliveries::MakeFolder(const std::string& name) const {
  const std::string path = PathOf(name);
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, parts_.files.Exists(path));
  if (exists) TAPELAKE_RETURN_NOT_OK(parts_.files.DeleteDirectory(path));
  TAPELAKE_RETURN_NOT_OK(parts_.files.CreateDirectories(path));
  const std::string directory = io::ParentPath(path);
  TAPELAKE_RETURN_NOT_OK(parts_.files.SyncDirectory(directory));
  return parts_.files.SyncDirectory(io::ParentPath(directory));
}

Result<std::unique_ptr<stream::Stream>> MadeDeliveries::OpenLog(const std::string& name) const {
  stream::StreamOptions options = parts_.log;
  options.shard_count = 1;
  options.retention_micros = 1;  // what is delivered is needed by nobody
  options.drop_untaken = false;
  options.tail_bytes_max = std::min(options.tail_bytes_max, kTailBytesMax);
  options.segment_bytes_max = std::min(options.segment_bytes_max, kSegmentBytesMax);
  return stream::Stream::Open(parts_.files, parts_.clock, io::JoinPath(PathOf(name), "log"), name,
                              options, nullptr);
}

/// Nothing runs yet.
Result<std::shared_ptr<MadeDeliveries::Made>> MadeDeliveries::OpenOne(
    const serve::DeliveryStream& stream) const {
  TAPELAKE_ASSIGN_OR_RAISE(delivery::DeliveryOptions options, OptionsOf(stream));
  Made::Feed feed;
  feed.consumer = "firehose " + stream.name;
  if (stream.source.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto log, OpenLog(stream.name));
    feed.own = std::make_unique<MadeLog>(std::move(log), parts_.clock);
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(feed.source, parts_.find_source(stream.source));
  }
  TAPELAKE_ASSIGN_OR_RAISE(
      auto worker, RecordsWorker::Open(
                       {.files = parts_.files,
                        .clock = parts_.clock,
                        .log = feed.log(),
                        .consumer = feed.consumer,
                        .from = static_cast<uint64_t>(std::max<int64_t>(1, stream.source_start))},
                       options));
  return std::make_shared<Made>(std::move(feed), std::move(worker), stream, std::move(options));
}

std::vector<serve::DeliveryStream> MadeDeliveries::streams() const {
  const std::scoped_lock lock(mutex_);
  std::vector<serve::DeliveryStream> all;
  for (const auto& [name, made] : made_) {
    if (made->deleted) continue;
    all.push_back(made->definition);
    all.back().keeper = made;
  }
  return all;
}

Result<serve::DeliveryStream> MadeDeliveries::Make(serve::DeliveryStream wanted) {
  const std::scoped_lock lock(mutex_);
  const std::string name = wanted.name;
  if (made_.contains(name) || parts_.declared.contains(name) || waiting_.contains(name)) {
    return MakeError(ErrorKind::kAlreadyExists, "there is a delivery stream '" + name + "'");
  }
  if (made_.size() >= kStreamsMax) {
    return MakeError(ErrorKind::kThrottled, "clients have made " + std::to_string(kStreamsMax) +
                                                " delivery streams, which is the limit");
  }
  wanted.created_micros = parts_.clock.WallMicros();
  TAPELAKE_RETURN_NOT_OK(OptionsOf(wanted).status());
  if (!wanted.source.empty()) {
    const auto source = parts_.find_source(wanted.source);
    if (!source.ok()) return MakeError(ErrorKind::kInvalid, source.status().message());
    wanted.source_start = static_cast<int64_t>(source->log->facts().next_sequence);
  }
  TAPELAKE_RETURN_NOT_OK(MakeFolder(name));
  TAPELAKE_ASSIGN_OR_RAISE(auto made, OpenOne(wanted));
  if (!wanted.encryption_key.empty()) {
    TAPELAKE_RETURN_NOT_OK(made->definition.log->SetEncryption(wanted.encryption_key));
  }
  const Status written = WriteDefinition(wanted);
  if (!written.ok()) {
    made->LetGo();
    return written;
  }
  made->Start();
  made_[name] = made;
  wanted = made->definition;
  wanted.keeper = std::move(made);
  return wanted;
}

Result<serve::DeliveryStream> MadeDeliveries::Change(serve::DeliveryStream wanted) {
  const std::scoped_lock lock(mutex_);
  TAPELAKE_ASSIGN_OR_RAISE(const std::shared_ptr<Made> found, Find(wanted.name));
  Made& made = *found;
  wanted.keeper = nullptr;
  if (wanted.version != made.definition.version) {
    wanted.updated_micros = parts_.clock.WallMicros();
  }
  TAPELAKE_ASSIGN_OR_RAISE(delivery::DeliveryOptions options, OptionsOf(wanted));
  TAPELAKE_RETURN_NOT_OK(WriteDefinition(wanted));
  const bool delivers_otherwise = options.layout != made.options.layout ||
                                  options.buffer_bytes != made.options.buffer_bytes ||
                                  options.buffer_micros != made.options.buffer_micros;
  if (delivers_otherwise) made.worker().Change(options);
  made.options = std::move(options);
  made.definition = wanted;
  wanted.keeper = found;
  return wanted;
}

/// Under mutex_.
Result<std::shared_ptr<MadeDeliveries::Made>> MadeDeliveries::Find(const std::string& name) const {
  const auto found = made_.find(name);
  if (found != made_.end() && !found->second->deleted) return found->second;
  return NotFound(name);
}

/// Others go on while it is delivered and its threads end.
Status MadeDeliveries::Delete(const std::string& name, bool force) {
  std::shared_ptr<Made> made;
  {
    const std::scoped_lock lock(mutex_);
    TAPELAKE_ASSIGN_OR_RAISE(made, Find(name));
  }
  const Status flushed = made->worker().Flush();
  if (!flushed.ok() && !force) {
    // Whatever it is, a bucket that is not there among others: the stream is.
    return MakeError(ErrorKind::kUnavailable, flushed.message());
  }
  const std::string path = PathOf(name);
  {
    const std::scoped_lock lock(mutex_);
    TAPELAKE_ASSIGN_OR_RAISE(const std::shared_ptr<Made> still, Find(name));
    if (still != made) return NotFound(name);  // it was deleted meanwhile, and made again
    // Without this file it is none any more: what a crash leaves behind is cleared away later.
    const Status removed = parts_.files.DeleteFile(DefinitionPath(path));
    if (!removed.ok() && KindOf(removed) != ErrorKind::kNotFound) return removed;
    TAPELAKE_RETURN_NOT_OK(parts_.files.SyncDirectory(path));
    made->deleted = true;
  }
  made->Stop();
  made->LetGo();
  const Status cleared = parts_.files.DeleteDirectory(path);
  (void)cleared.ok();  // the next start does it, or who makes one of that name
  const std::scoped_lock lock(mutex_);
  made_.erase(name);
  return Status::OK();
}

std::map<std::string, delivery::DeliveryCounts> MadeDeliveries::counts() const {
  const std::scoped_lock lock(mutex_);
  std::map<std::string, delivery::DeliveryCounts> counts;
  for (const auto& [name, made] : made_)
    counts[name] = made->worker().counts();
  return counts;
}

}  // namespace tapelake::app
