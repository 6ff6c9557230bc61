#include "cli/stream_put.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "app/interrupt.h"
#include "base/json.h"

namespace tapelake::cli {
namespace {

constexpr size_t kBatchBytesMax = size_t{1} << 20;
constexpr int64_t kRetryPauseMicros = 50'000;
constexpr int64_t kRetryMicrosMax = 60'000'000;
constexpr size_t kBlockBytes = size_t{1} << 20;

class LineSource : public record::RecordSource {
 public:
  explicit LineSource(io::ByteInput& input) : lines_(input, stream::kRecordBytesMax) {}

  Result<bool> ReadBlock(record::RecordBlock* block) override {
    block->Clear();
    while (block->entries.empty()) {
      Take(block);
      if (!block->entries.empty()) break;
      TAPELAKE_ASSIGN_OR_RAISE(const bool more, lines_.Fill());
      if (!more) return false;
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

  transform::LineReader lines_;
  bool line_begins_ = true;
};

/// One batch and when it is due.
struct Batch {
  std::vector<std::string> keys;
  std::vector<stream::PutEntry> entries;
  size_t bytes = 0;
};

/// Put one batch, again while the pipeline throttles.
Result<std::vector<stream::RecordPlace>> PutBatch(const PutOptions& options, const Batch& batch,
                                                  serve::LocalClient& client, io::Clock& clock,
                                                  PutCounts* counts) {
  const int64_t give_up = clock.SteadyMicros() + kRetryMicrosMax;
  while (true) {
    auto places = client.Put(options.stream, batch.entries);
    if (places.ok() || KindOf(places.status()) != ErrorKind::kThrottled) return places;
    if (app::Interrupted() || clock.SteadyMicros() > give_up) return places;
    ++counts->throttled;
    clock.Sleep(kRetryPauseMicros);
  }
}

/// Take records of a block from `*next` on. A key is a copy: the next one replaces it.
Batch TakeBatch(const PutOptions& options, const record::RecordBlock& block, size_t* next,
                PartitionKeyFinder* keys, PutCounts* counts) {
  Batch batch;
  const size_t first = *next;
  const size_t end =
      std::min(block.entries.size(), first + static_cast<size_t>(options.batch_records_max));
  for (; *next < end && batch.bytes < kBatchBytesMax; ++*next) {
    const std::string_view data = block.bytes(block.entries[*next]);
    batch.keys.emplace_back(keys->Find(data));
    batch.bytes += data.size();
    if (batch.keys.back() == PartitionKeyFinder::kNone) ++counts->without_key;
  }
  for (size_t i = 0; i < batch.keys.size(); ++i)
    batch.entries.push_back({batch.keys[i], block.bytes(block.entries[first + i])});
  return batch;
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

std::unique_ptr<record::RecordSource> MakeLineSource(io::ByteInput& input) {
  return std::make_unique<LineSource>(input);
}

Status PutAll(const PutOptions& options, record::RecordSource& records, serve::LocalClient& client,
              io::Clock& clock, PutCounts* counts, const std::function<void()>& progress) {
  PartitionKeyFinder keys(options.partition_key_field);
  const int64_t begin = clock.SteadyMicros();
  record::RecordBlock block;
  while (!app::Interrupted()) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool more, records.ReadBlock(&block));
    if (!more) break;
    for (size_t next = 0; next < block.entries.size() && !app::Interrupted();) {
      const Batch batch = TakeBatch(options, block, &next, &keys, counts);
      int64_t sent = clock.SteadyMicros();
      if (options.records_per_second > 0) {
        const auto due = begin + counts->records * 1'000'000 / options.records_per_second;
        clock.Sleep(due - sent);
        sent = due;
      }
      TAPELAKE_ASSIGN_OR_RAISE(const auto places, PutBatch(options, batch, client, clock, counts));
      counts->latencies.Add(clock.SteadyMicros() - sent);
      if (counts->first_sequence == 0) counts->first_sequence = places.front().sequence;
      counts->last_sequence = places.back().sequence;
      counts->records += static_cast<int64_t>(places.size());
      counts->bytes += static_cast<int64_t>(batch.bytes);
      ++counts->batches;
      progress();
    }
  }
  return Status::OK();
}

}  // namespace tapelake::cli
