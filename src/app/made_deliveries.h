#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "delivery/delivery.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "serve/aws/firehose/firehose_service.h"
#include "serve/aws/kinesis/served_stream.h"
#include "stream/stream.h"

namespace tapelake::app {

/// The delivery streams that clients of the AWS-compatible door made. Each has a folder
/// `<lake>/.tapelake/made-deliveries/NAME`: `definition` (without it there is no stream), `log`
/// (what was put, until it is delivered; none of a stream that has a source) and `state`
/// (delivery's); a thread writes the log, another one delivers. Any thread.
class MadeDeliveries : public serve::DeliveryKeeper {
 public:
  static constexpr size_t kStreamsMax = 64;

  struct Parts {
    io::FileSystem& files;  ///< Of the lake and the buckets. Must outlive it, as all references.
    io::Clock& clock;
    std::string lake_path;
    std::string buckets;             ///< As DefinitionPlaces has it.
    stream::StreamOptions log;       ///< Of every log, but for shards and retention.
    std::set<std::string> declared;  ///< Names that are others'; what was made under one waits.
    /// The Kinesis stream of a name; kNotFound: there is none. Its log outlives the threads, or has
    /// a keeper.
    std::function<Result<serve::KinesisStream>(const std::string& name)> find_source;
  };

  /// Open those that are there, and clear away what is left of deleted ones. One whose source is
  /// not there waits until it is. No source may have dropped records since its start. The caller
  /// holds the lake's lock. Errors: kCorrupt (names the file), those of stream::Stream::Open and
  /// delivery::Delivery::Open.
  static Result<std::unique_ptr<MadeDeliveries>> Open(Parts parts);
  /// Ends the threads. What was acknowledged is durable; what is in no object yet stays in its log.
  ~MadeDeliveries() override;

  std::vector<serve::DeliveryStream> streams() const;

  Result<serve::DeliveryStream> Make(serve::DeliveryStream wanted) override;
  Result<serve::DeliveryStream> Change(serve::DeliveryStream wanted) override;
  Status Delete(const std::string& name, bool force) override;

  /// What was delivered since the start, by name.
  std::map<std::string, delivery::DeliveryCounts> counts() const;

 private:
  /// One stream and its threads.
  class Made;

  explicit MadeDeliveries(Parts parts) : parts_(std::move(parts)) {}
  std::string PathOf(const std::string& name) const;
  Result<delivery::DeliveryOptions> OptionsOf(const serve::DeliveryStream& stream) const;
  Result<serve::DeliveryStream> ReadDefinition(const std::string& name) const;
  Status WriteDefinition(const serve::DeliveryStream& stream) const;
  Status MakeFolder(const std::string& name) const;
  Result<std::shared_ptr<Made>> OpenOne(const serve::DeliveryStream& stream) const;
  Result<std::unique_ptr<stream::Stream>> OpenLog(const std::string& name) const;
  Result<std::shared_ptr<Made>> Find(const std::string& name) const;

  const Parts parts_;
  mutable std::mutex mutex_;  // guards the next
  std::map<std::string, std::shared_ptr<Made>> made_;
  std::set<std::string> waiting_;  // names of those whose source is not there
};

}  // namespace tapelake::app
