#include "app/aws_server.h"

#include <array>
#include <cstdio>
#include <set>
#include <utility>

#include "app/delivery_plan.h"
#include "app/lake_folder.h"
#include "app/metrics_collector.h"
#include "app/s3_plan.h"
#include "app/stream_plan.h"
#include "base/json.h"
#include "delivery/partition_query.h"
#include "io/local_socket.h"
#include "io/s3/s3_path.h"
#include "serve/aws/kinesis/served_stream.h"
#include "serve/http/listen_address.h"
#include "serve/metrics.h"

namespace tapelake::app {
namespace {

constexpr int kTokenKeyWords = 4;
constexpr size_t kTokenKeyDigits = 16 * kTokenKeyWords;
constexpr size_t kAccountDigits = 12;
constexpr char kBuckets[] = "buckets";

Status CheckAccount(const std::string& account) {
  const bool digits = account.find_first_not_of("0123456789") == std::string::npos;
  if (digits && account.size() == kAccountDigits) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "doors.aws.account '" + account +
                                            "' is no account id\nhint: 12 digits in "
                                            "quotes, for example \"123456789012\"");
}

Status CheckRegion(const std::string& region) {
  const bool plain =
      region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (plain && !region.empty()) return Status::OK();
  return MakeError(ErrorKind::kInvalid,
                   "doors.aws.region '" + region + "' is no region\nhint: for example us-east-1");
}

/// The last name of a path.
std::string LakeName(std::string path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

std::string BucketsOf(const config::Config& config) {
  const std::string& stated = config.doors.aws.buckets;
  return stated.empty() ? io::JoinPath(config.lake.path, kBuckets) : stated;
}

/// The lake's folder holds its tables, one folder a database.
Status CheckBuckets(const config::Config& config) {
  if (!config.doors.aws.buckets.empty()) return Status::OK();
  for (const config::TableConfig& table : config.tables) {
    if (table.database != kBuckets) continue;
    return MakeError(ErrorKind::kInvalid, "doors.aws.buckets would be the folder of database '" +
                                              table.database +
                                              "'\nhint: name another directory, or s3://");
  }
  return Status::OK();
}

Result<serve::DeliveredObjects> DeliveredObjectsOf(const delivery::DeliveryOptions& options,
                                                   const std::string& function) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto layout,
                           delivery::ObjectLayout::Make(options.layout, options.stream));
  const std::string& target = options.layout.target;
  serve::DeliveredObjects objects{
      .bucket = target.empty() ? "" : LakeName(target),
      .prefix = layout->raw_prefix().text(),
      .error_prefix = layout->error_prefix().text(),
      .backup_prefix = options.layout.backup ? layout->backup_prefix().text() : "",
      .compression = options.layout.compression,
      .extension = layout->extension(),
      .time_zone = options.layout.time_zone,
      .partition_query = delivery::FormatPartitionQuery(options.layout.partition_keys),
      .partitioned = layout->partitioned(),
      .function = {.name = function,
                   .retries = options.transform.retries,
                   .buffer_bytes = options.transform.buffer_bytes,
                   .buffer_micros = options.transform.buffer_micros}};
  if (!io::IsS3Path(target)) return objects;
  TAPELAKE_ASSIGN_OR_RAISE(const io::S3Path place, io::ParseS3Path(target));
  objects.bucket = place.bucket;
  for (std::string* prefix : {&objects.prefix, &objects.error_prefix, &objects.backup_prefix}) {
    if (!prefix->empty()) *prefix = io::JoinPath(place.key, *prefix);
  }
  return objects;
}

}  // namespace

Result<std::optional<DoorCertificate>> AwsServer::Check(World& world,
                                                        const config::Config& config) {
  const config::AwsDoorConfig& aws = config.doors.aws;
  TAPELAKE_ASSIGN_OR_RAISE(const serve::ListenAddress address,
                           serve::ParseListenAddress(aws.listen, "doors.aws.listen"));
  TAPELAKE_RETURN_NOT_OK(serve::CheckInsecureLocal(aws.insecure_local, address));
  TAPELAKE_RETURN_NOT_OK(CheckAccount(aws.account));
  TAPELAKE_RETURN_NOT_OK(CheckRegion(aws.region));
  TAPELAKE_RETURN_NOT_OK(CheckBuckets(config));
  return OpenDoorCertificate(world, config, address.loopback);
}

Result<std::unique_ptr<AwsServer>> AwsServer::Open(Parts parts) {
  const config::Config& config = parts.config;
  const config::AwsDoorConfig& aws = config.doors.aws;
  std::unique_ptr<AwsServer> server(new AwsServer(config.lake.path));
  server->insecure_ = aws.insecure_local;
  server->world_.files.StateS3(S3SettingsOf(config.s3));  // where buckets may be
  TAPELAKE_ASSIGN_OR_RAISE(server->certificate_, Check(server->world_, config));
  server->keys_ = std::make_unique<security::KeyRing>(server->world_.files, server->world_.clock,
                                                      KeyFilePath(config.lake.path));
  TAPELAKE_RETURN_NOT_OK(server->OpenKinesis(parts));
  TAPELAKE_RETURN_NOT_OK(server->OpenFirehose(parts));
  metrics::Registry& registry = parts.monitoring.registry();
  serve::AwsDoorOptions options{.listen = aws.listen,
                                .region = aws.region,
                                .account = aws.account,
                                .insecure_local = aws.insecure_local,
                                .connections_max = aws.clients_max,
                                .version = parts.version};
  server->ShowCertificate(config, &options);
  options.on_answered = [&registry](const serve::AwsAnswered& answered) {
    registry
        .GetCounter(serve::kAwsRequests, {answered.service, answered.operation, answered.outcome})
        .Add(1);
    registry.GetHistogram(serve::kAwsDuration, {answered.service, answered.operation})
        .Observe(static_cast<double>(answered.micros) / 1e6);
  };
  server->door_ =
      std::make_unique<serve::AwsDoor>(serve::AwsDoor::Parts{.clock = server->world_.clock,
                                                             .random = server->random_,
                                                             .keys = *server->keys_,
                                                             .kinesis = *server->kinesis_,
                                                             .firehose = *server->firehose_},
                                       std::move(options));
  server->CollectMetrics(registry);
  return server;
}

void AwsServer::CollectMetrics(metrics::Registry& registry) {
  registry.AddCollector([this](metrics::Collection& out) {
    const auto open = static_cast<double>(door_->counters().connections);
    out.Set(serve::kAwsConnections, {}, open);
    if (watch_ == nullptr) return;
    const int64_t left = watch_->end_micros() - world_.clock.WallMicros();
    out.Set(serve::kAwsCertificate, {}, static_cast<double>(left) / 1e6);
  });
  registry.AddCollector([this](metrics::Collection& out) {
    for (const auto& [name, counts] : deliveries_->counts())
      CollectDelivery(name, counts, world_.clock.SteadyMicros(), out);
  });
}

void AwsServer::ShowCertificate(const config::Config& config, serve::AwsDoorOptions* options) {
  if (!certificate_) return;
  watch_ = std::make_unique<CertificateWatch>(world_, config, *certificate_);
  options->tls = certificate_->identity;
  options->renewed_tls = [this] { return watch_->Renewed(); };
}

Status AwsServer::OpenKinesis(const Parts& parts) {
  TAPELAKE_ASSIGN_OR_RAISE(std::string token_key, KeepTokenKey());
  const config::AwsDoorConfig& aws = parts.config.doors.aws;
  std::vector<serve::KinesisStream> streams;
  std::set<std::string> declared;
  for (TableLane* lane : parts.lanes) {
    if (lane->stream() == nullptr) continue;
    declared.insert(lane->table_name());
    streams.push_back({.directory = StreamPath(lake_path_, lane->table_name()),
                       .log = lane->stream(),
                       .writer = lane->stream_writer()});
  }
  TAPELAKE_ASSIGN_OR_RAISE(const stream::StreamOptions made_options,
                           StreamOptionsOf(world_, lake_path_, parts.config.stream));
  TAPELAKE_ASSIGN_OR_RAISE(made_, MadeStreams::Open({.files = world_.files,
                                                     .clock = world_.clock,
                                                     .directory = MadeStreamsPath(lake_path_),
                                                     .options = made_options,
                                                     .declared = std::move(declared)}));
  for (const serve::KinesisStream& stream : made_->streams())
    streams.push_back(stream);
  return serve::KinesisService::Open(world_.files, world_.clock,
                                     security::TokenSigner(std::move(token_key)),
                                     {.region = aws.region,
                                      .account = aws.account,
                                      .shard_limits = aws.shard_limits,
                                      .keeper = made_.get()},
                                     streams)
      .Value(&kinesis_);
}

std::function<Result<serve::KinesisStream>(const std::string&)> AwsServer::SourceFinder(
    const Parts& parts) const {
  return [lanes = parts.lanes,
          made = made_.get()](const std::string& name) -> Result<serve::KinesisStream> {
    for (TableLane* lane : lanes) {
      if (lane->table_name() == name && lane->stream() != nullptr) {
        return serve::KinesisStream{.log = lane->stream(), .writer = lane->stream_writer()};
      }
    }
    for (const serve::KinesisStream& stream : made->streams()) {
      if (stream.log->name() == name) return stream;
    }
    return MakeError(ErrorKind::kNotFound, "there is no Kinesis stream '" + name + "'");
  };
}

Status AwsServer::OpenFirehose(const Parts& parts) {
  const config::AwsDoorConfig& aws = parts.config.doors.aws;
  std::vector<serve::DeliveryStream> streams;
  for (TableLane* lane : parts.lanes) {
    if (lane->stream() == nullptr) continue;
    TAPELAKE_ASSIGN_OR_RAISE(
        const int64_t created_micros,
        serve::StreamBirthMicros(world_.files, StreamPath(lake_path_, lane->table_name())));
    TAPELAKE_ASSIGN_OR_RAISE(const delivery::DeliveryOptions options,
                             DeliveryOptionsOf(parts.config, lane->table_name()));
    TAPELAKE_ASSIGN_OR_RAISE(
        serve::DeliveredObjects objects,
        DeliveredObjectsOf(options, TransformOf(parts.config, lane->table_name()).function));
    streams.push_back({.name = lane->table_name(),
                       .writer = lane->stream_writer(),
                       .log = lane->stream(),
                       .created_micros = created_micros,
                       .raw = options.raw,
                       .buffer_bytes = options.buffer_bytes,
                       .buffer_micros = options.buffer_micros,
                       .objects = std::move(objects)});
  }
  std::set<std::string> declared;
  for (const serve::DeliveryStream& stream : streams)
    declared.insert(stream.name);
  TAPELAKE_ASSIGN_OR_RAISE(const stream::StreamOptions log,
                           StreamOptionsOf(world_, lake_path_, parts.config.stream));
  TAPELAKE_ASSIGN_OR_RAISE(deliveries_, MadeDeliveries::Open({.files = world_.files,
                                                              .clock = world_.clock,
                                                              .lake_path = lake_path_,
                                                              .buckets = BucketsOf(parts.config),
                                                              .log = log,
                                                              .declared = std::move(declared),
                                                              .find_source = SourceFinder(parts)}));
  made_->Start();  // what delivery needs of their records is declared
  for (serve::DeliveryStream& stream : deliveries_->streams())
    streams.push_back(std::move(stream));
  serve::FirehoseOptions options{.region = aws.region,
                                 .account = aws.account,
                                 .bucket = LakeName(lake_path_),
                                 .keeper = deliveries_.get()};
  firehose_ = std::make_unique<serve::FirehoseService>(std::move(options), std::move(streams));
  return Status::OK();
}

/// Tokens outlive a restart, so their key does.
Result<std::string> AwsServer::KeepTokenKey() {
  const std::string path = TokenKeyPath(lake_path_);
  auto kept = world_.files.ReadFile(path);
  if (kept.ok() && kept->size() == kTokenKeyDigits) return kept;
  std::string key;
  for (int i = 0; i < kTokenKeyWords; ++i) {
    std::array<char, 17> word = {};
    std::snprintf(word.data(), word.size(), "%016llx",
                  static_cast<unsigned long long>(world_.random.Next()));
    key += word.data();
  }
  TAPELAKE_RETURN_NOT_OK(world_.files.local().ReplacePrivateFile(path, key));
  return key;
}

AwsServer::~AwsServer() {
  Stop();
}

Status AwsServer::Start() {
  TAPELAKE_RETURN_NOT_OK(door_->Start());
  serving_ = true;
  std::string json;
  base::JsonWriter(&json)
      .BeginObject()
      .Key("url")
      .String(url())
      .Key("process_id")
      .Int(io::ProcessId())
      .EndObject();
  return world_.files.ReplaceFile(AwsPlacePath(lake_path_), json + "\n");
}

void AwsServer::Stop() {
  if (!serving_) return;
  serving_ = false;
  door_->Stop();
  const Status deleted = world_.files.DeleteFile(AwsPlacePath(lake_path_));
  (void)deleted.ok();  // the next start replaces it
}

Result<bool> AwsServer::HasKeys() {
  TAPELAKE_ASSIGN_OR_RAISE(const auto keys, keys_->Newest());
  return !keys->keys().empty();
}

}  // namespace tapelake::app
