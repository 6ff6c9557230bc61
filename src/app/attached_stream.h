#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
#include "serve/local/local_client.h"
#include "stream/stream.h"

namespace tapelake::app {

/// The records of one stream of a lake: through the local door of the pipeline that runs there,
/// else from the files, as the one process that writes to the lake (opening cuts an unfinished
/// write off, as the next pipeline would). One thread; `world` must outlive it.
class AttachedStream {
 public:
  /// Errors: kNotFound (no such stream), kConflict (another process than a pipeline writes to the
  /// lake), those of stream::Stream::Open, StreamOptionsOf and serve::LocalClient::Connect.
  static Result<std::unique_ptr<AttachedStream>> Open(World& world, const std::string& lake_path,
                                                      const config::StreamConfig& config,
                                                      const std::string& name);

  /// As stream::Stream::SequenceAtTime. Errors: also those of serve::LocalClient.
  Result<uint64_t> SequenceAtTime(int64_t arrival_micros);

  /// Durable records from a sequence number on, about a mebibyte at most, with the places before
  /// the oldest and after the newest as in serve::TailRequest; none yet: an empty reply.
  /// Errors: kNotFound (says what is kept), kCorrupt, kUnavailable; those of serve::LocalClient.
  Result<serve::TailReply> Read(uint64_t from_sequence);

 private:
  AttachedStream() = default;

  std::string name_;
  std::unique_ptr<serve::LocalClient> client_;  // nullptr: no pipeline runs
  std::unique_ptr<io::FileLock> lock_;
  std::unique_ptr<stream::Stream> stream_;
};

}  // namespace tapelake::app
