#include "stream/stream_writer.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "stream/metrics.h"

namespace tapelake::stream {
namespace {

/// One frame: what a reader must decompress at once, and what one sync makes wait.
constexpr size_t kGroupBytesMax = size_t{4} << 20;
constexpr size_t kEntryOverheadBytes = 32;

struct Request {
  std::span<const PutEntry> entries;
  size_t bytes = 0;
  int64_t since_micros = 0;  // steady, when it was queued
  StreamWriter::Done done;
};

/// Other shards, for which somebody waits.
struct WantedChange {
  ShardChange change;
  std::function<void(Status)> done;
};

/// A request of the group being written.
struct Written {
  Request request;
  Result<StreamWriter::Places> places;
};

size_t BytesOf(std::span<const PutEntry> entries) {
  size_t bytes = 0;
  for (const PutEntry& entry : entries)
    bytes += entry.partition_key.size() + entry.data.size() + kEntryOverheadBytes;
  return bytes;
}

Status ShuttingDown() {
  return MakeError(ErrorKind::kShuttingDown, "the stream takes no more records");
}

}  // namespace

WriterFigures::WriterFigures() : durations(kPutDuration) {}

std::vector<WriterFigures::Shard> WriterFigures::shards() const {
  const std::scoped_lock lock(mutex_);
  return shards_;
}

void WriterFigures::Grow(size_t count) {
  const std::scoped_lock lock(mutex_);
  if (shards_.size() < count) shards_.resize(count);
}

void WriterFigures::Count(std::span<const PutEntry> entries, std::span<const RecordPlace> places) {
  const std::scoped_lock lock(mutex_);
  for (size_t i = 0; i < entries.size(); ++i) {
    const uint32_t shard = places[i].shard;
    if (shards_.size() <= shard) shards_.resize(size_t{shard} + 1);
    shards_[shard].records += 1;
    shards_[shard].bytes +=
        static_cast<int64_t>(entries[i].partition_key.size() + entries[i].data.size());
  }
}

class StreamWriter::Impl {
 public:
  explicit Impl(Stream& stream)
      : stream_(stream), queue_bytes_max_(static_cast<size_t>(stream.options().pending_bytes_max)) {
    figures_.Grow(stream.shards()->shards().size());
  }

  Result<Places> Put(std::span<const PutEntry> entries);
  Status Offer(std::span<const PutEntry> entries, Done done);
  Status Reshard(const ShardChange& change);
  Result<bool> Step(int64_t wait_micros);
  void Close();
  const WriterFigures& figures() const { return figures_; }

 private:
  bool HasRoom(size_t bytes) const {
    return queue_.empty() || queued_bytes_ + bytes <= queue_bytes_max_;
  }
  void Push(std::span<const PutEntry> entries, size_t bytes, Done done);
  void WaitForWork(int64_t wait_micros);
  Result<bool> ChangeShards();
  std::vector<Written> TakeGroup();
  Status WriteGroup(std::vector<Written>& group);
  void Count(const Written& written);

  Stream& stream_;
  const size_t queue_bytes_max_;
  WriterFigures figures_;

  std::mutex mutex_;  // guards all below
  std::condition_variable filled_;
  std::condition_variable drained_;
  std::deque<Request> queue_;
  std::deque<WantedChange> changes_;
  size_t queued_bytes_ = 0;
  bool closed_ = false;
};

void StreamWriter::Impl::Push(std::span<const PutEntry> entries, size_t bytes, Done done) {
  queue_.push_back({entries, bytes, stream_.clock().SteadyMicros(), std::move(done)});
  queued_bytes_ += bytes;
  filled_.notify_one();
}

Status StreamWriter::Impl::Offer(std::span<const PutEntry> entries, Done done) {
  const size_t bytes = BytesOf(entries);
  const std::scoped_lock lock(mutex_);
  if (closed_) return ShuttingDown();
  if (!HasRoom(bytes)) {
    return MakeError(ErrorKind::kThrottled, "stream '" + stream_.name() +
                                                "': " + std::to_string(queued_bytes_) +
                                                " bytes wait to be written");
  }
  Push(entries, bytes, std::move(done));
  return Status::OK();
}

Result<StreamWriter::Places> StreamWriter::Impl::Put(std::span<const PutEntry> entries) {
  const size_t bytes = BytesOf(entries);
  std::mutex outcome_mutex;
  std::condition_variable outcome_known;
  std::optional<Result<Places>> outcome;
  {
    std::unique_lock lock(mutex_);
    drained_.wait(lock, [&] { return closed_ || HasRoom(bytes); });
    if (closed_) return ShuttingDown();
    Push(entries, bytes, [&](Result<Places> places) {
      // Notified under the lock: the waiting thread destroys all three once it has it.
      const std::scoped_lock outcome_lock(outcome_mutex);
      outcome = std::move(places);
      outcome_known.notify_one();
    });
  }
  std::unique_lock outcome_lock(outcome_mutex);
  outcome_known.wait(outcome_lock, [&] { return outcome.has_value(); });
  return std::move(*outcome);
}

Status StreamWriter::Impl::Reshard(const ShardChange& change) {
  std::mutex outcome_mutex;
  std::condition_variable outcome_known;
  std::optional<Status> outcome;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return ShuttingDown();
    changes_.push_back({change, [&](Status status) {
                          // As in Put().
                          const std::scoped_lock outcome_lock(outcome_mutex);
                          outcome = std::move(status);
                          outcome_known.notify_one();
                        }});
    filled_.notify_one();
  }
  std::unique_lock outcome_lock(outcome_mutex);
  outcome_known.wait(outcome_lock, [&] { return outcome.has_value(); });
  return std::move(*outcome);
}

void StreamWriter::Impl::WaitForWork(int64_t wait_micros) {
  if (wait_micros <= 0) return;
  std::unique_lock lock(mutex_);
  filled_.wait_for(lock, std::chrono::microseconds(wait_micros),
                   [&] { return closed_ || !queue_.empty() || !changes_.empty(); });
}

/// Do what is wanted of the shards. False: nothing was.
Result<bool> StreamWriter::Impl::ChangeShards() {
  std::deque<WantedChange> changes;
  {
    const std::scoped_lock lock(mutex_);
    changes.swap(changes_);
  }
  Status closed;
  for (const WantedChange& wanted : changes) {
    const Status status = stream_.Reshard(wanted.change);
    if (!status.ok() && KindOf(status) == ErrorKind::kUnknownOutcome) closed = status;
    figures_.Grow(stream_.shards()->shards().size());
    wanted.done(status);
  }
  TAPELAKE_RETURN_NOT_OK(closed);
  return !changes.empty();
}

std::vector<Written> StreamWriter::Impl::TakeGroup() {
  std::vector<Written> group;
  const std::scoped_lock lock(mutex_);
  size_t bytes = 0;
  while (!queue_.empty() && (group.empty() || bytes + queue_.front().bytes <= kGroupBytesMax)) {
    bytes += queue_.front().bytes;
    group.push_back({std::move(queue_.front()), Places()});
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  if (!group.empty()) drained_.notify_all();
  return group;
}

Status StreamWriter::Impl::WriteGroup(std::vector<Written>& group) {
  bool has_places = false;
  for (Written& written : group) {
    written.places = stream_.Append(written.request.entries);
    has_places = has_places || written.places.ok();
  }
  return has_places ? stream_.Sync() : Status::OK();
}

void StreamWriter::Impl::Count(const Written& written) {
  if (!written.places.ok()) {
    figures_.refused.Add();
    return;
  }
  figures_.Count(written.request.entries, *written.places);
  const int64_t took_micros = stream_.clock().SteadyMicros() - written.request.since_micros;
  figures_.durations.Observe(static_cast<double>(took_micros) / 1e6);
}

Result<bool> StreamWriter::Impl::Step(int64_t wait_micros) {
  WaitForWork(wait_micros);
  TAPELAKE_ASSIGN_OR_RAISE(const bool changed, ChangeShards());
  std::vector<Written> group = TakeGroup();
  Status ended;
  if (group.empty()) {
    ended = stream_.Seal();
  } else {
    const Status synced = WriteGroup(group);
    for (Written& written : group) {
      if (written.places.ok() && !synced.ok()) written.places = synced;
      ended = written.places.ok() ? synced : written.places.status();
      Count(written);
      written.request.done(std::move(written.places));
    }
  }
  if (!ended.ok() && KindOf(ended) == ErrorKind::kUnknownOutcome) return ended;
  return changed || !group.empty();
}

void StreamWriter::Impl::Close() {
  std::deque<Request> refused;
  std::deque<WantedChange> unchanged;
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    refused.swap(queue_);
    unchanged.swap(changes_);
    queued_bytes_ = 0;
  }
  filled_.notify_all();
  drained_.notify_all();
  for (Request& request : refused)
    request.done(ShuttingDown());
  for (const WantedChange& wanted : unchanged)
    wanted.done(ShuttingDown());
}

StreamWriter::StreamWriter(Stream& stream) : impl_(std::make_unique<Impl>(stream)) {}
StreamWriter::~StreamWriter() {
  Close();
}

Result<StreamWriter::Places> StreamWriter::Put(std::span<const PutEntry> entries) {
  return impl_->Put(entries);
}
Status StreamWriter::Offer(std::span<const PutEntry> entries, Done done) {
  return impl_->Offer(entries, std::move(done));
}
Status StreamWriter::Reshard(const ShardChange& change) {
  return impl_->Reshard(change);
}
Result<bool> StreamWriter::Step(int64_t wait_micros) {
  return impl_->Step(wait_micros);
}
void StreamWriter::Close() {
  impl_->Close();
}
const WriterFigures& StreamWriter::figures() const {
  return impl_->figures();
}

}  // namespace tapelake::stream
