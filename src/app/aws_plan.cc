#include "app/aws_plan.h"

#include <utility>

#include "base/time.h"
#include "io/environment.h"
#include "source/dynamodb_streams/streams_api.h"
#include "source/kinesis/kinesis_api.h"
#include "source/pull/shard_log.h"

namespace tapelake::app {
namespace {

constexpr int64_t kMicrosPerMilli = 1'000;

/// The name in `orders` or `arn:aws:kinesis:eu-west-1:123456789012:stream/orders`.
std::string StreamName(const std::string& stream) {
  const size_t slash = stream.rfind('/');
  return stream.starts_with("arn:") && slash != std::string::npos ? stream.substr(slash + 1)
                                                                  : stream;
}

std::string AuthoritiesOf(const std::string& stated) {
  if (!stated.empty()) return stated;
  return io::EnvironmentVariable("AWS_CA_BUNDLE").value_or("");
}

}  // namespace

bool IsPulled(const config::SourceConfig& source) {
  return source.kind == "kinesis" || source.kind == "dynamodb_streams" || source.kind == "kafka";
}

std::string PulledName(const config::SourceConfig& source) {
  if (source.kind == "kafka") return "the Kafka topic " + source.topic + " at " + source.brokers;
  if (source.kind == "kinesis") return "the Kinesis stream " + source.stream;
  return source.table.empty() ? "the DynamoDB stream " + source.stream_arn
                              : "the stream of the DynamoDB table " + source.table;
}

std::optional<source::ShardPlace> ParseStart(const std::string& start, int64_t now_micros) {
  using source::ShardPlace;
  if (start == "oldest") return ShardPlace();
  if (start == "latest" || start == "newest") {
    return ShardPlace{.kind = ShardPlace::Kind::kTime, .time_millis = now_micros / kMicrosPerMilli};
  }
  const auto time = base::ParseIso8601(start);
  if (!time || time->micros < 0) return std::nullopt;
  return ShardPlace{.kind = ShardPlace::Kind::kTime, .time_millis = time->micros / kMicrosPerMilli};
}

AwsWorld::AwsWorld(const std::string& authorities_file, std::string profile)
    : http_(AuthoritiesOf(authorities_file)),
      profile_(std::move(profile)),
      environment_{
          .variable = io::EnvironmentVariable, .files = files_, .http = http_, .clock = clock_},
      credentials_(environment_, profile_) {}

Result<std::unique_ptr<io::aws::JsonClient>> AwsWorld::MakeClient(
    const io::aws::JsonService& service, std::string endpoint, std::string region) {
  io::aws::JsonSettings stated{
      .endpoint = std::move(endpoint), .region = std::move(region), .profile = profile_};
  TAPELAKE_ASSIGN_OR_RAISE(io::aws::JsonSettings settings,
                           io::aws::CompleteJsonSettings(std::move(stated), service, environment_));
  return std::make_unique<io::aws::JsonClient>(
      io::aws::JsonEnvironment{
          .http = http_, .credentials = credentials_, .clock = clock_, .random = random_},
      service, std::move(settings));
}

Result<AwsWorld::DynamodbClients> AwsWorld::MakeDynamodbClients(
    const config::SourceConfig& source) {
  DynamodbClients clients;
  TAPELAKE_ASSIGN_OR_RAISE(clients.streams, MakeClient(source::DynamodbStreamsService(),
                                                       source.endpoint, source.region));
  if (source.table.empty()) return clients;
  TAPELAKE_ASSIGN_OR_RAISE(clients.tables,
                           MakeClient(source::DynamodbService(), source.endpoint, source.region));
  return clients;
}

Result<std::unique_ptr<source::PullLog>> AwsWorld::MakeLog(
    const config::SourceConfig& source, bool patient,
    const std::map<std::string, record::LogMark>& marks) {
  const auto start = ParseStart(source.start, clock_.WallMicros());
  if (!start) return MakeError(ErrorKind::kInvalid, "source.start = '" + source.start + "'");
  if (source.kind == "dynamodb_streams") {
    TAPELAKE_ASSIGN_OR_RAISE(DynamodbClients clients, MakeDynamodbClients(source));
    return std::make_unique<source::DynamodbLog>(
        std::move(clients), clock_, random_,
        source::DynamodbLogOptions{.table = source.table,
                                   .stream_arn = source.stream_arn,
                                   .first_load = source.first_load,
                                   .start = *start,
                                   .patient = patient},
        marks);
  }
  TAPELAKE_ASSIGN_OR_RAISE(auto client,
                           MakeClient(source::KinesisService(), source.endpoint, source.region));
  auto api = std::make_unique<source::KinesisApi>(std::move(client), source.stream);
  source::ShardLogOptions options{.prefix = "kinesis:" + StreamName(source.stream) + "@",
                                  .place = "Kinesis stream " + source.stream,
                                  .start = *start,
                                  .trims_silently = true,
                                  .patient = patient};
  return std::make_unique<source::ShardLog>(std::move(api), clock_, random_, std::move(options),
                                            marks);
}

Result<std::unique_ptr<io::aws::LambdaFunction>> AwsWorld::MakeFunction(
    const config::TransformConfig& transform) {
  const std::string region =
      transform.region.empty() ? io::aws::RegionOfFunction(transform.function) : transform.region;
  TAPELAKE_ASSIGN_OR_RAISE(auto client,
                           MakeClient(io::aws::LambdaService(), transform.endpoint, region));
  return std::make_unique<io::aws::LambdaFunction>(std::move(client), transform.function);
}

Result<std::string> AwsWorld::Describe(const config::SourceConfig& source) {
  std::unique_ptr<source::ShardApi> api;
  if (source.kind == "dynamodb_streams") {
    TAPELAKE_ASSIGN_OR_RAISE(DynamodbClients clients, MakeDynamodbClients(source));
    api = std::make_unique<source::StreamsApi>(clients.streams, clients.tables, source.table,
                                               source.stream_arn);
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(auto client,
                             MakeClient(source::KinesisService(), source.endpoint, source.region));
    api = std::make_unique<source::KinesisApi>(std::move(client), source.stream);
  }
  TAPELAKE_ASSIGN_OR_RAISE(const source::ShardListing listing, api->List());
  const size_t shards = listing.shards.size();
  return std::to_string(shards) + (shards == 1 ? " shard" : " shards") + ", records are kept " +
         std::to_string(listing.retention_micros / 1'000'000 / 3'600) + " hours";
}

}  // namespace tapelake::app
