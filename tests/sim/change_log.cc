#include "tests/sim/change_log.h"

#include <algorithm>

#include "base/time.h"

namespace tapelake::sim {
namespace {

constexpr size_t kReadBytes = 1 << 20;

/// The text between `before` and the next one of `ends`.
std::string_view Between(std::string_view text, std::string_view before, std::string_view ends) {
  const size_t begin = text.find(before);
  if (begin == text.npos) return {};
  text.remove_prefix(begin + before.size());
  return text.substr(0, text.find_first_of(ends));
}

/// Take from a simulated event what the oracle needs. Shares no code with the parser under test.
SimRecord RecordOf(std::string_view bytes, record::RecordShape shape) {
  SimRecord record{.bytes = std::string(bytes)};
  record.key = Between(bytes, R"("Keys":{"transaction_id":{"S":")", "\"");
  record.event_id = Between(bytes, R"("eventID":")", "\"");
  record.removes = Between(bytes, R"("eventName":")", "\"") == "REMOVE";
  if (shape == record::RecordShape::kStreams) {
    record.version = Between(bytes, R"("SequenceNumber":")", "\"");
  } else {
    const std::string micros(Between(bytes, R"("ApproximateCreationDateTime":)", ",}"));
    record.version = base::FormatIso8601Micros(std::stoll(micros));
  }
  return record;
}

SimRecord Garbage(io::Random& random, const SimRecord& neighbour) {
  SimRecord record{.key = "garbage-" + std::to_string(random.Below(1000)), .is_garbage = true};
  switch (random.Below(4)) {
    case 0:
      record.bytes = "no json at all, \"at\": " + std::to_string(random.Next());
      break;
    case 1:
      record.bytes = neighbour.bytes.substr(0, 1 + random.Below(neighbour.bytes.size() - 1));
      break;
    case 2:
      record.bytes = R"({"number":)" + std::to_string(random.Next()) + "}";
      break;
    default:
      record.bytes = neighbour.bytes;
      record.bytes.replace(record.bytes.find("\"eventName\":\"") + 13, 1, "X");
  }
  return record;
}

}  // namespace

Result<std::unique_ptr<ChangeLog>> ChangeLog::Make(const source::SimulatorOptions& options,
                                                   double garbage, uint64_t seed) {
  std::unique_ptr<ChangeLog> log(new ChangeLog());
  TAPELAKE_ASSIGN_OR_RAISE(log->simulator_, source::Simulator::Make(options));
  io::SeededRandom random(seed);
  record::RecordBlock block;
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool more, log->simulator_->ReadBlock(&block));
    if (!more) return log;
    for (const record::RecordBlock::Entry& entry : block.entries) {
      log->records_.push_back(RecordOf(block.bytes(entry), options.shape));
      if (random.NextDouble() < garbage) {
        log->records_.push_back(Garbage(random, log->records_.back()));
      }
    }
  }
}

bool ChangeLog::Offer(stream::StreamWriter& writer, int64_t records_max) {
  const size_t end = std::min(records_.size(), next_ + static_cast<size_t>(records_max));
  if (under_way_ || end == next_) return false;
  entries_.clear();
  for (size_t i = next_; i < end; ++i)
    entries_.push_back({.partition_key = records_[i].key, .data = records_[i].bytes});
  under_way_ = true;
  const size_t count = end - next_;
  // A failed put may come back with the power, if its removal was not durable.
  in_doubt_.insert(count);
  const Status offered =
      writer.Offer(entries_, [this, count](const Result<stream::StreamWriter::Places>& places) {
        Acknowledge(count, places);
      });
  if (!offered.ok()) under_way_ = false;
  return offered.ok();
}

void ChangeLog::Acknowledge(size_t records, const Result<stream::StreamWriter::Places>& places) {
  under_way_ = false;
  if (!places.ok()) return;
  in_doubt_.clear();
  for (size_t i = 0; i < records; ++i) {
    stored_.push_back(records_[next_ + i]);
    const uint64_t sequence = (*places)[i].sequence;
    if (sequence != stored_.size() && status_.ok()) {
      status_ = MakeError(ErrorKind::kInternal, "record " + std::to_string(stored_.size()) +
                                                    " of the stream got the sequence number " +
                                                    std::to_string(sequence));
    }
  }
  next_ += records;
}

Status ChangeLog::Recover(stream::Stream& stream) {
  const stream::StreamFacts facts = stream.facts();
  const size_t found = facts.next_sequence - 1;
  if (found < stored_.size()) {
    return MakeError(ErrorKind::kInternal, "the stream lost acknowledged records: it ends before " +
                                               std::to_string(facts.next_sequence) +
                                               ", acknowledged were " +
                                               std::to_string(stored_.size()));
  }
  const size_t surplus = found - stored_.size();
  if (surplus > 0 && !in_doubt_.contains(surplus)) {
    return MakeError(ErrorKind::kInternal, "of a put that was not acknowledged " +
                                               std::to_string(surplus) +
                                               " records are in the stream, which is not all");
  }
  put_twice_ += static_cast<int64_t>(surplus);
  for (size_t i = 0; i < surplus; ++i)
    stored_.push_back(records_[next_ + i]);
  in_doubt_.clear();
  record::RecordBlock block;
  for (uint64_t next = facts.first_sequence; next < facts.next_sequence; next = block.end_offset) {
    TAPELAKE_RETURN_NOT_OK(stream.Read(next, kReadBytes, &block));
    for (const record::RecordBlock::Entry& entry : block.entries) {
      if (entry.offset == next++ && block.bytes(entry) == stored_[entry.offset - 1].bytes) continue;
      return MakeError(ErrorKind::kInternal,
                       "record " + std::to_string(entry.offset) + " is not what was put");
    }
  }
  return Status::OK();
}

const std::map<std::string, TableOracle::Row>& TableOracle::At(uint64_t next_sequence) {
  if (next_sequence - 1 < applied_) {
    rows_.clear();
    applied_ = 0;
  }
  for (; applied_ + 1 < next_sequence; ++applied_) {
    const SimRecord& record = records_[applied_];
    if (record.is_garbage) continue;
    Row& row = rows_[record.key];
    if (row.version < record.version) row = {.version = record.version, .removed = record.removes};
  }
  return rows_;
}

}  // namespace tapelake::sim
