#pragma once

#include <memory>
#include <string>

#include "app/feed.h"
#include "stream/stream.h"

namespace tapelake::app {

/// The source id of a stream in positions: `stream:<name>`. Stored in commits: never change it.
std::string StreamSourceId(const std::string& stream_name);

/// The records of an embedded stream, from a sequence number on and then as they come.
class StreamFeed : public Feed {
 public:
  /// `stream` must outlive the feed. Begins at `start`, or at the stream's first record if that is
  /// 0. `block_bytes` is the aimed size of a block. Errors: kCorrupt if the start lies after the
  /// stream's end (the stream lost records that were already taken) or before its first record
  /// (records that nobody took are gone); both are named. A stream that may drop such records
  /// (StreamOptions::drop_untaken) is read from its first one on instead, also later, and what was
  /// dropped is counted as lost.
  static Result<std::unique_ptr<StreamFeed>> Make(stream::Stream& stream, const StartOffset& start,
                                                  size_t block_bytes);

  Result<bool> Next(record::RecordBlock* block) override;
  const std::string& source_id() const override { return source_id_; }
  const std::string& place() const override { return source_id_; }
  void Taken(const std::string& consumer, uint64_t offset) override;
  int64_t lost_records() const override { return lost_records_; }

 private:
  StreamFeed(stream::Stream& stream, size_t block_bytes)
      : stream_(stream), block_bytes_(block_bytes), source_id_(StreamSourceId(stream.name())) {}

  void SkipDropped();

  stream::Stream& stream_;
  size_t block_bytes_;
  std::string source_id_;
  uint64_t next_sequence_ = 1;
  int64_t lost_records_ = 0;
};

}  // namespace tapelake::app
