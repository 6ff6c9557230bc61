#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/door_certificate.h"
#include "app/made_deliveries.h"
#include "app/made_streams.h"
#include "app/monitoring.h"
#include "app/table_lane.h"
#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
#include "io/random.h"
#include "security/key_ring.h"
#include "serve/aws/aws_door.h"

namespace tapelake::app {

/// The AWS-compatible port of a running pipeline: Kinesis and Firehose over the streams of the
/// lanes and those that clients made, STS.
///
/// All public functions belong to one thread.
class AwsServer {
 public:
  struct Parts {
    const config::Config& config;   ///< Used by Open() only.
    std::vector<TableLane*> lanes;  ///< Must outlive the server, as all references.
    Monitoring& monitoring;
    std::string version;  ///< Of the program.
  };

  /// Look at what the configuration says of the door, and return the certificate that it will show
  /// (nullopt: it speaks no TLS). Leaves no trace. Errors: kInvalid (address, account, region or
  /// buckets),
  /// those of OpenDoorCertificate.
  static Result<std::optional<DoorCertificate>> Check(World& world, const config::Config& config);

  /// Make everything; of what clients made the threads run, else nothing. The caller holds the
  /// lake's lock. Errors: those of Check(), serve::KinesisService::Open, MadeStreams::Open and
  /// MadeDeliveries::Open, kUnavailable (the key of its tokens cannot be kept).
  static Result<std::unique_ptr<AwsServer>> Open(Parts parts);
  /// Stops.
  ~AwsServer();

  /// Begin to serve; `<lake>/.tapelake/aws.json` then says where. Errors: those of
  /// serve::AwsDoor::Start; then nothing runs.
  Status Start();

  /// Answer what is under way, close. The streams' writers must still be stepped.
  void Stop();

  /// Where it is, after Start(): `http://127.0.0.1:4566`.
  std::string url() const { return door_->url(); }
  /// What it showed to clients at its start; nullopt: it speaks no TLS.
  const std::optional<DoorCertificate>& certificate() const { return certificate_; }
  bool insecure() const { return insecure_; }
  /// Whether there is a key that a client could use. Errors: those of security::ReadKeyFile.
  Result<bool> HasKeys();

 private:
  explicit AwsServer(std::string lake_path)
      : lake_path_(std::move(lake_path)), random_(world_.random.Next()) {}
  Result<std::string> KeepTokenKey();
  void ShowCertificate(const config::Config& config, serve::AwsDoorOptions* options);
  Status OpenKinesis(const Parts& parts);
  Status OpenFirehose(const Parts& parts);
  std::function<Result<serve::KinesisStream>(const std::string& name)> SourceFinder(
      const Parts& parts) const;
  void CollectMetrics(metrics::Registry& registry);

  World world_;
  const std::string lake_path_;
  bool insecure_ = false;
  std::optional<DoorCertificate> certificate_;
  std::unique_ptr<CertificateWatch> watch_;  // nullptr: no certificate
  io::SeededRandom random_;                  // of the door
  std::unique_ptr<security::KeyRing> keys_;
  std::unique_ptr<MadeStreams> made_;
  std::unique_ptr<MadeDeliveries> deliveries_;
  std::unique_ptr<serve::KinesisService> kinesis_;
  std::unique_ptr<serve::FirehoseService> firehose_;
  std::unique_ptr<serve::AwsDoor> door_;
  bool serving_ = false;
};

}  // namespace tapelake::app
