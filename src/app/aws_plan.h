#pragma once

/// From the configuration to logs that AWS's services keep, and to Lambda functions.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "config/config.h"
#include "io/aws/credential_chain.h"
#include "io/aws/json_client.h"
#include "io/aws/lambda_function.h"
#include "io/clock.h"
#include "io/curl_http_client.h"
#include "io/local_file_system.h"
#include "io/random.h"
#include "record/log_mark.h"
#include "source/dynamodb_streams/dynamodb_log.h"
#include "source/pull/pull_log.h"
#include "source/pull/shard_place.h"

namespace tapelake::app {

/// Whether records of this kind of source are asked for, at an AWS service or at Kafka's brokers.
bool IsPulled(const config::SourceConfig& source);

/// Its name for people: `the Kinesis stream orders`.
std::string PulledName(const config::SourceConfig& source);

/// Everything that calls of AWS need, wired: connections, credentials, time, randomness. What is
/// made here must not outlive it, and belongs to one thread.
class AwsWorld {
 public:
  /// `authorities_file` and `profile` as config::S3Config has them.
  AwsWorld(const std::string& authorities_file, std::string profile);

  /// The log of a configured source, read on from `marks`. `patient`: whatever fails may pass.
  /// Errors: kInvalid (a setting; names it).
  Result<std::unique_ptr<source::PullLog>> MakeLog(
      const config::SourceConfig& source, bool patient,
      const std::map<std::string, record::LogMark>& marks);

  /// The function of a transform that has one. Nothing is called yet. Errors: kInvalid (a setting;
  /// names it).
  Result<std::unique_ptr<io::aws::LambdaFunction>> MakeFunction(
      const config::TransformConfig& transform);

  /// What the service says of a configured source, in words: `2 shards`. Errors: those of the
  /// service.
  Result<std::string> Describe(const config::SourceConfig& source);

 private:
  using DynamodbClients = source::DynamodbLog::Clients;

  Result<DynamodbClients> MakeDynamodbClients(const config::SourceConfig& source);
  Result<std::unique_ptr<io::aws::JsonClient>> MakeClient(const io::aws::JsonService& service,
                                                          std::string endpoint, std::string region);

  io::SystemClock clock_;
  io::SystemRandom random_;
  io::LocalFileSystem files_;
  io::CurlHttpClient http_;
  std::string profile_;
  io::aws::AwsEnvironment environment_;
  io::aws::CredentialChain credentials_;
};

/// Where `start` of a source says to begin: `oldest`, `latest` or `newest` (from `now_micros` on)
/// or a time; nullopt for anything else.
std::optional<source::ShardPlace> ParseStart(const std::string& start, int64_t now_micros);

}  // namespace tapelake::app
