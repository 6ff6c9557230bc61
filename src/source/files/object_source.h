#pragma once

/// Raw and error objects of a lake as sources of the wire records they were made of.

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "io/file_system.h"
#include "record/record_block.h"

namespace tapelake::source {

/// Open a raw object (replayable row lines) or an error object (error lines). Offsets are those of
/// the lines. A raw object is checked whole first: nothing of a damaged one is handed out. A line
/// that is none ends the object: kCorrupt, naming object and offset, after the records before it
/// and at every call from then on. Errors: kCorrupt, those of OpenByteStream.
Result<std::unique_ptr<record::RecordSource>> OpenObjectSource(io::FileSystem& files,
                                                               const std::string& path, bool errors,
                                                               uint64_t start_offset);

}  // namespace tapelake::source
