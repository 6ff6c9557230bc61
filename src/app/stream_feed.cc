#include "app/stream_feed.h"

#include <algorithm>

namespace tapelake::app {

std::string StreamSourceId(const std::string& stream_name) {
  return "stream:" + stream_name;
}

Result<std::unique_ptr<StreamFeed>> StreamFeed::Make(stream::Stream& stream,
                                                     const StartOffset& start, size_t block_bytes) {
  std::unique_ptr<StreamFeed> feed(new StreamFeed(stream, block_bytes));
  const stream::StreamFacts facts = stream.facts();
  const uint64_t wanted = start(feed->source_id_);
  feed->next_sequence_ = wanted == 0 ? facts.first_sequence : wanted;
  if (wanted > facts.next_sequence) {
    return MakeError(ErrorKind::kCorrupt,
                     "stream '" + stream.name() + "' ends before record " +
                         std::to_string(facts.next_sequence) + ", but records up to " +
                         std::to_string(wanted) +
                         " were already taken from it\nhint: restore the "
                         "stream's directory as it was, or name a new stream for the table");
  }
  // 0 means that nothing was ever taken; then the stream may begin anywhere.
  if (wanted != 0 && stream.options().drop_untaken) feed->SkipDropped();
  if (wanted != 0 && feed->next_sequence_ < facts.first_sequence) {
    return MakeError(ErrorKind::kCorrupt, "stream '" + stream.name() + "' begins at record " +
                                              std::to_string(facts.first_sequence) +
                                              ", but records from " + std::to_string(wanted) +
                                              " on are still needed\nhint: restore the "
                                              "stream's directory as it was");
  }
  return feed;
}

/// Go on behind what retention dropped.
void StreamFeed::SkipDropped() {
  const uint64_t first = stream_.facts().first_sequence;
  if (next_sequence_ >= first) return;
  lost_records_ += static_cast<int64_t>(first - next_sequence_);
  next_sequence_ = first;
}

Result<bool> StreamFeed::Next(record::RecordBlock* block) {
  Status read = stream_.Read(next_sequence_, block_bytes_, block);
  if (KindOf(read) == ErrorKind::kNotFound && stream_.options().drop_untaken) {
    SkipDropped();
    read = stream_.Read(next_sequence_, block_bytes_, block);
  }
  TAPELAKE_RETURN_NOT_OK(read);
  if (!block->entries.empty()) next_sequence_ = block->end_offset;
  return true;
}

void StreamFeed::Taken(const std::string& consumer, uint64_t offset) {
  // 0: this consumer has taken nothing yet.
  stream_.SetTaken(consumer, std::max<uint64_t>(offset, 1));
}

}  // namespace tapelake::app
