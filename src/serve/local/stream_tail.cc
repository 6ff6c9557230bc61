#include "serve/local/stream_tail.h"

#include "serve/local/protocol.h"

namespace tapelake::serve {
namespace {

constexpr size_t kTailBytes = size_t{1} << 20;

}  // namespace

Result<uint64_t> ReadTail(stream::Stream& log, uint64_t from_sequence, record::RecordBlock* block) {
  const stream::StreamFacts facts = log.facts();
  uint64_t from = from_sequence;
  if (from == TailRequest::kNewest) from = facts.next_sequence;
  if (from == TailRequest::kOldest) from = facts.first_sequence;
  TAPELAKE_RETURN_NOT_OK(log.Read(from, kTailBytes, block));
  return block->entries.empty() ? from : block->end_offset;
}

}  // namespace tapelake::serve
