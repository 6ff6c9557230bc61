#pragma once

#include <cstdint>

#include "base/status.h"
#include "record/record_block.h"
#include "stream/stream.h"

namespace tapelake::serve {

/// Read about a mebibyte of durable records from a place of TailRequest on into `*block`, and
/// return where to go on. Any thread. Errors: those of stream::Stream::Read.
Result<uint64_t> ReadTail(stream::Stream& log, uint64_t from_sequence, record::RecordBlock* block);

}  // namespace tapelake::serve
