#include "cli/stream_put.h"

#include <algorithm>
#include <bit>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "app/interrupt.h"
#include "base/json.h"

namespace tapelake::cli {
namespace {

constexpr size_t kBatchBytesMax = size_t{1} << 20;
constexpr int64_t kRetryPauseMicros = 50'000;
constexpr int64_t kRetryMicrosMax = 60'000'000;
constexpr int64_t kWaitMicros = 100'000;
constexpr size_t kBlockBytes = size_t{1} << 20;

class LineSource : public record::RecordSource {
 public:
  LineSource(io::ByteInput& input, std::function<bool()> gives_up)
      : input_(input), lines_(input, stream::kRecordBytesMax), gives_up_(std::move(gives_up)) {}

  Result<bool> ReadBlock(record::RecordBlock* block) override {
    block->Clear();
    // Whole batches if the lines are there; what is there at once if they come slowly.
    Take(block);
    while (block->entries.empty() || (block->buffer.size() < kBlockBytes && input_.Ready(0))) {
      while (!input_.Ready(kWaitMicros)) {
        if (gives_up_()) return false;
      }
      TAPELAKE_ASSIGN_OR_RAISE(const bool more, lines_.Fill());
      if (!more && block->entries.empty()) return false;
      if (!more) break;
      Take(block);
    }
    block->buffer.append(record::kRecordPaddingBytes, '\0');
    return true;
  }

 private:
  /// Take the lines that are in memory.
  void Take(record::RecordBlock* block) {
    transform::LineReader::Line line;
    while (block->buffer.size() < kBlockBytes && lines_.Next(&line)) {
      const bool is_begin = line_begins_;
      line_begins_ = line.complete;
      if (!is_begin || line.text.empty()) continue;
      block->entries.push_back({block->buffer.size(), line.text.size(), line.offset});
      block->buffer.append(line.text);
      block->end_offset = line.offset + line.text.size() + 1;
    }
  }

  io::ByteInput& input_;
  transform::LineReader lines_;
  std::function<bool()> gives_up_;
  bool line_begins_ = true;
};

/// Records to put at once.
class Batch {
 public:
  size_t records() const { return spans_.size(); }
  size_t bytes() const { return text_.size(); }  ///< Keys and data.
  int64_t data_bytes() const { return data_bytes_; }
  int64_t without_key() const { return without_key_; }

  void Add(std::string_view key, std::string_view data) {
    spans_.push_back({key.size(), data.size()});
    text_.append(key).append(data);
    data_bytes_ += static_cast<int64_t>(data.size());
    if (key == PartitionKeyFinder::kNone) ++without_key_;
  }

  /// What to put; lives as long as the batch is not changed.
  std::vector<stream::PutEntry> Entries() const {
    std::vector<stream::PutEntry> entries;
    entries.reserve(spans_.size());
    std::string_view left = text_;
    const auto take = [&left](size_t size) {
      const std::string_view taken = left.substr(0, size);
      left.remove_prefix(size);
      return taken;
    };
    for (const Span& span : spans_) {
      const std::string_view key = take(span.key);
      entries.push_back({key, take(span.data)});
    }
    return entries;
  }

 private:
  struct Span {
    size_t key;
    size_t data;
  };

  std::string text_;  // key, data, key, data, ...
  std::vector<Span> spans_;
  int64_t data_bytes_ = 0;
  int64_t without_key_ = 0;
};

/// Gathers the next batch while the last one is put: what arrives during an acknowledgement shares
/// the next one. All but the thread's own work belongs to one thread.
class BatchReader {
 public:
  /// Both must outlive the reader.
  BatchReader(const PutOptions& options, record::RecordSource& records)
      : options_(options), records_(records), keys_(options.partition_key_field) {
    thread_ = std::thread([this] { Run(); });
  }
  ~BatchReader() {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    if (options_.over != nullptr) *options_.over = true;
    changed_.notify_all();
    thread_.join();
  }

  /// The records gathered since the last call, of which there is at least one; nullopt at the end.
  /// Errors: those of the source, after the records before.
  Result<std::optional<Batch>> Next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return next_.records() > 0 || ended_; });
    if (next_.records() == 0) {
      TAPELAKE_RETURN_NOT_OK(status_);
      return std::nullopt;
    }
    Batch batch = std::exchange(next_, {});
    changed_.notify_all();
    return batch;
  }

 private:
  void Run() {
    Status status;
    record::RecordBlock block;
    while (true) {
      const Result<bool> more = records_.ReadBlock(&block);
      status = more.status();
      if (!more.ok() || !*more || !Gather(block)) break;
    }
    const std::scoped_lock lock(mutex_);
    status_ = status;
    ended_ = true;
    changed_.notify_all();
  }

  /// Returns false if the reader is going away.
  bool Gather(const record::RecordBlock& block) {
    for (const auto& entry : block.entries) {
      const std::string_view data = block.bytes(entry);
      const std::string_view key = keys_.Find(data);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !Full() || stop_; });
      if (stop_) return false;
      next_.Add(key, data);
      if (next_.records() == 1) changed_.notify_all();
    }
    return true;
  }

  bool Full() const {
    return next_.records() >= static_cast<size_t>(options_.batch_records_max) ||
           next_.bytes() >= kBatchBytesMax;
  }

  const PutOptions& options_;
  record::RecordSource& records_;
  PartitionKeyFinder keys_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  Batch next_;
  Status status_;
  bool ended_ = false;
  bool stop_ = false;
  std::thread thread_;
};

/// Put one batch, again while the pipeline throttles.
Result<std::vector<stream::RecordPlace>> PutBatch(const PutOptions& options, const Batch& batch,
                                                  serve::LocalClient& client, io::Clock& clock,
                                                  PutCounts* counts) {
  const std::vector<stream::PutEntry> entries = batch.Entries();
  const int64_t give_up = clock.SteadyMicros() + kRetryMicrosMax;
  while (true) {
    auto places = client.Put(options.stream, entries);
    if (places.ok() || KindOf(places.status()) != ErrorKind::kThrottled) return places;
    if (app::Interrupted() || clock.SteadyMicros() > give_up) return places;
    ++counts->throttled;
    clock.Sleep(kRetryPauseMicros);
  }
}

}  // namespace

void LatencyHistogram::Add(int64_t micros) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(micros, 0));
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kStepBits - 1);
  const size_t slot = (static_cast<size_t>(shift) << kStepBits) + (value >> shift);
  ++counts_[std::min(slot, counts_.size() - 1)];
  ++count_;
  max_micros_ = std::max(max_micros_, micros);
}

int64_t LatencyHistogram::MicrosAt(double share) const {
  int64_t left = static_cast<int64_t>(share * static_cast<double>(count_));
  for (size_t slot = 0; slot < counts_.size(); ++slot) {
    if (counts_[slot] == 0) continue;
    left -= counts_[slot];
    if (left > 0) continue;
    constexpr size_t kSteps = size_t{1} << kStepBits;
    const size_t shift = slot < 2 * kSteps ? 0 : slot / kSteps - 1;
    const size_t begin = (slot - (shift << kStepBits)) << shift;
    const auto last = static_cast<int64_t>(begin + (size_t{1} << shift) - 1);
    return std::min(last, max_micros_);
  }
  return max_micros_;
}

std::string_view PartitionKeyFinder::Find(std::string_view record) {
  std::string_view key;
  if (field_.empty()) {
    if (parser_.Parse(record) != transform::ParseError::kNone) return kNone;
    const auto& keys = parser_.change().keys;
    if (!keys.empty()) key = keys.front().text;
  } else {
    const auto document = base::ParseJson(record);
    if (!document.ok()) return kNone;
    const base::JsonValue* value = document->Find(field_);
    found_ = value == nullptr ? "" : value->text();
    key = found_;
  }
  return key.empty() || key.size() > stream::kPartitionKeyCharsMax ? kNone : key;
}

std::unique_ptr<record::RecordSource> MakeLineSource(io::ByteInput& input,
                                                     std::function<bool()> gives_up) {
  return std::make_unique<LineSource>(input, std::move(gives_up));
}

Status PutAll(const PutOptions& options, record::RecordSource& records, serve::LocalClient& client,
              io::Clock& clock, PutCounts* counts, const std::function<void()>& progress) {
  BatchReader batches(options, records);
  const int64_t begin = clock.SteadyMicros();
  while (!app::Interrupted()) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::optional<Batch> batch, batches.Next());
    if (!batch) break;
    int64_t sent = clock.SteadyMicros();
    if (options.records_per_second > 0) {
      const auto due = begin + counts->records * 1'000'000 / options.records_per_second;
      clock.Sleep(due - sent);
      sent = due;
    }
    TAPELAKE_ASSIGN_OR_RAISE(const auto places, PutBatch(options, *batch, client, clock, counts));
    counts->latencies.Add(clock.SteadyMicros() - sent);
    if (counts->first_sequence == 0) counts->first_sequence = places.front().sequence;
    counts->last_sequence = places.back().sequence;
    counts->records += static_cast<int64_t>(places.size());
    counts->bytes += batch->data_bytes();
    counts->without_key += batch->without_key();
    ++counts->batches;
    progress();
  }
  return Status::OK();
}

}  // namespace tapelake::cli
