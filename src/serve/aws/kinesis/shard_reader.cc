#include "serve/aws/kinesis/shard_reader.h"

#include <algorithm>
#include <utility>

namespace tapelake::serve {
namespace {

/// Add the records of `shard` that stand in a frame from a sequence number on. Return the first one
/// that was not looked at.
uint64_t TakeRecords(const stream::Frame& frame, uint32_t shard, uint64_t from,
                     const ShardReader::Limits& limits, size_t* data_bytes, ShardRecords* out) {
  uint64_t sequence = from;
  for (; sequence < frame.next_sequence(); ++sequence) {
    const stream::Frame::Record record = frame.At(sequence - frame.first_sequence);
    if (record.shard != shard) continue;
    const size_t bytes = record.key.size() + record.data.size();
    const bool full =
        out->records.size() >= limits.records_max || *data_bytes + bytes > limits.data_bytes_max;
    if (full && !out->records.empty()) break;
    *data_bytes += bytes;
    out->records.push_back({.sequence = sequence,
                            .arrival_micros = frame.arrival_micros,
                            .encrypted = frame.encrypted,
                            .partition_key = record.key,
                            .data = record.data});
  }
  return sequence;
}

}  // namespace

Result<ShardRecords> ShardReader::Read(uint32_t shard, const ReadPosition& from,
                                       const Limits& limits) {
  ShardRecords out;
  out.next = from;
  size_t data_bytes = 0;
  size_t scanned_bytes = 0;
  while (true) {
    const stream::StreamFacts facts = log_.facts();
    if (out.next.sequence < facts.first_sequence) out.next = {.sequence = facts.first_sequence};
    const bool is_over = limits.end_sequence != 0 && out.next.sequence >= limits.end_sequence;
    out.at_end = is_over || out.next.sequence >= facts.next_sequence;
    if (out.at_end || scanned_bytes >= limits.scanned_bytes_max) return out;
    const auto placed = FrameHolding(out.next);
    if (!placed.ok()) {
      // Retention may have dropped it just now; then the next round goes on behind it.
      if (log_.facts().first_sequence > out.next.sequence) continue;
      return placed.status();
    }
    const stream::Frame& frame = *placed->frame;
    const size_t before = out.records.size();
    const uint64_t next = TakeRecords(frame, shard, out.next.sequence, limits, &data_bytes, &out);
    if (out.records.size() > before) out.frames.push_back(placed->frame);
    if (next > out.next.sequence) out.passed_arrival_micros = frame.arrival_micros;
    const bool whole = next == frame.next_sequence();
    out.next = {.sequence = next,
                .segment = placed->segment,
                .offset = whole ? placed->end_offset : placed->offset};
    if (!whole) return out;
    scanned_bytes += frame.memory_bytes();
  }
}

Result<ShardReader::PlacedFrame> ShardReader::FrameHolding(const ReadPosition& position) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(frames_, [&position](const PlacedFrame& placed) {
      return placed.frame->first_sequence <= position.sequence &&
             position.sequence < placed.frame->next_sequence();
    });
    if (found != frames_.end()) {
      std::rotate(frames_.begin(), found, std::next(found));
      return frames_.front();
    }
  }
  TAPELAKE_ASSIGN_OR_RAISE(PlacedFrame placed, LoadFrame(position));
  const std::lock_guard lock(mutex_);
  frames_.push_front(placed);
  if (frames_.size() > kFramesMax) frames_.pop_back();
  return placed;
}

Result<uint64_t> ShardReader::SegmentOf(uint64_t sequence) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, files_.ListNames(directory_));
  uint64_t segment = 0;
  for (const std::string& name : names) {
    const auto first = stream::ParseSegmentFileName(name);
    if (first && *first <= sequence) segment = std::max(segment, *first);
  }
  if (segment != 0) return segment;
  return MakeError(
      ErrorKind::kNotFound,
      "stream '" + log_.name() + "' has no segment with record " + std::to_string(sequence));
}

Result<ShardReader::PlacedFrame> ShardReader::LoadFrame(const ReadPosition& position) {
  TAPELAKE_ASSIGN_OR_RAISE(const uint64_t segment, SegmentOf(position.sequence));
  TAPELAKE_ASSIGN_OR_RAISE(
      const auto file,
      stream::SegmentFile::Open(files_, io::JoinPath(directory_, stream::SegmentFileName(segment)),
                                salt_));
  uint64_t offset = stream::kSegmentHeaderBytes;
  if (position.segment == segment && position.offset > offset) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto hinted, file.FindFrame(position.offset));
    if (hinted && hinted->first_sequence <= position.sequence) offset = position.offset;
  }
  TAPELAKE_ASSIGN_OR_RAISE(stream::FrameHeader header, file.ReadHeader(offset));
  while (header.next_sequence() <= position.sequence) {
    TAPELAKE_ASSIGN_OR_RAISE(header, file.ReadHeader(header.end_offset()));
  }
  if (header.first_sequence > position.sequence) {
    return file.Damaged(header.offset,
                        "record " + std::to_string(position.sequence) + " is not there");
  }
  TAPELAKE_ASSIGN_OR_RAISE(auto frame, file.ReadFrame(header, log_.decryptor()));
  return PlacedFrame{.frame = std::move(frame),
                     .segment = segment,
                     .offset = header.offset,
                     .end_offset = header.end_offset()};
}

}  // namespace tapelake::serve
