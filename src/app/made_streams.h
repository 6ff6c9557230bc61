#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "app/made_log.h"
#include "base/status.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "serve/aws/kinesis/kinesis_service.h"
#include "stream/stream.h"

namespace tapelake::app {

/// The streams that clients of the AWS-compatible door made (`<lake>/.tapelake/made-streams/NAME`),
/// each with a thread that writes what is put. Clients read them, and delivery streams that clients
/// made. Any thread.
class MadeStreams : public serve::StreamKeeper {
 public:
  static constexpr size_t kStreamsMax = 64;

  struct Parts {
    io::FileSystem& files;  ///< Must outlive the streams, as all references.
    io::Clock& clock;
    std::string directory;
    stream::StreamOptions options;   ///< Of every one, but for the number of shards.
    std::set<std::string> declared;  ///< Names that are others'; what was made under one waits.
  };

  /// Open those that are there, and clear away what is left of deleted ones. The caller holds the
  /// lake's lock. Errors: those of stream::Stream::Open, kUnavailable.
  static Result<std::unique_ptr<MadeStreams>> Open(Parts parts);
  /// Ends the threads; what was acknowledged is durable.
  ~MadeStreams() override;

  /// Let the threads of those that were opened run: whoever holds their records back has declared
  /// it (stream::Stream::SetTaken). Until then a put waits. Once.
  void Start();

  std::vector<serve::KinesisStream> streams() const;

  Result<serve::KinesisStream> Make(const std::string& name, int shard_count) override;
  /// The stream is gone, also after power loss, when this returns OK. Errors: kConflict too (a
  /// delivery stream reads it).
  Status Delete(const std::string& name) override;

 private:
  explicit MadeStreams(Parts parts) : parts_(std::move(parts)) {}
  std::string PathOf(const std::string& name) const;
  Result<std::shared_ptr<MadeLog>> OpenOne(const std::string& name, int shard_count) const;
  static serve::KinesisStream Served(const std::string& path, const std::shared_ptr<MadeLog>& made);

  const Parts parts_;
  mutable std::mutex mutex_;  // guards the next
  std::map<std::string, std::shared_ptr<MadeLog>> made_;
};

}  // namespace tapelake::app
