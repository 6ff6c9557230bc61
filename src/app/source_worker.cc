#include "app/source_worker.h"

#include <utility>

namespace tapelake::app {
namespace {

/// Of records that cannot be read: they become error objects, and any shard will do.
constexpr std::string_view kNoKey = "-";

}  // namespace

Result<std::unique_ptr<record::RecordSource>> MakeLiveSimulator(source::SimulatorOptions options,
                                                                io::Clock& clock) {
  options.seed ^= static_cast<uint64_t>(clock.WallMicros()) << 1;
  options.changes = 0;
  TAPELAKE_ASSIGN_OR_RAISE(auto simulator, source::Simulator::MakeLive(options, clock));
  return simulator;
}

SourceWorker::SourceWorker(std::string name, std::unique_ptr<record::RecordSource> source,
                           stream::StreamWriter& writer)
    : name_(std::move(name)), source_(std::move(source)), writer_(writer) {}

std::string_view SourceWorker::PartitionKeyOf(std::string_view record) {
  if (parser_.Parse(record) != transform::ParseError::kNone) return kNoKey;
  const auto& keys = parser_.change().keys;
  const bool usable = !keys.empty() && !keys.front().text.empty() &&
                      keys.front().text.size() <= stream::kPartitionKeyCharsMax;
  return usable ? keys.front().text : kNoKey;
}

Result<bool> SourceWorker::Step() {
  if (block_.entries.empty()) {
    TAPELAKE_RETURN_NOT_OK(source_->ReadBlock(&block_).status());
    partition_keys_.clear();
    for (const record::RecordBlock::Entry& entry : block_.entries)
      partition_keys_.emplace_back(PartitionKeyOf(block_.bytes(entry)));
  }
  if (block_.entries.empty()) return false;
  std::vector<stream::PutEntry> entries;
  for (size_t i = 0; i < block_.entries.size(); ++i) {
    entries.push_back(
        {.partition_key = partition_keys_[i], .data = block_.bytes(block_.entries[i])});
  }
  const auto places = writer_.Put(entries);
  if (places.ok()) {
    block_.Clear();
    return true;
  }
  const ErrorKind kind = KindOf(places.status());
  const bool may_pass = kind == ErrorKind::kUnavailable || kind == ErrorKind::kThrottled;
  if (may_pass || kind == ErrorKind::kShuttingDown) return false;
  return places.status();
}

}  // namespace tapelake::app
