#pragma once

/// Amazon Data Firehose over the streams of the pipeline: the operations, without HTTP.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/aws/aws_error.h"
#include "serve/aws/member_reader.h"
#include "serve/aws/wire_value.h"
#include "stream/stream_writer.h"

namespace tapelake::serve {

/// The Lambda function that makes the lines of objects.
struct DeliveryFunction {
  std::string name;  ///< Or ARN, as it is configured; empty: there is none.
  int64_t retries = 0;
  int64_t buffer_bytes = 0;
  int64_t buffer_micros = 0;
};

/// Where the objects of a delivery stream lie and what they are, in Firehose's words.
struct DeliveredObjects {
  std::string bucket;  ///< Empty: FirehoseOptions::bucket.
  std::string prefix;  ///< With expressions, as the two others.
  std::string error_prefix;
  std::string backup_prefix;  ///< Empty: source records are not kept.
  std::string compression;
  std::string extension;
  std::string time_zone;  ///< Empty: UTC.
  /// Dynamic partitioning, as the query of a MetadataExtraction processor; empty: none.
  std::string partition_query;
  bool partitioned = false;  ///< By a query, a function or both.
  DeliveryFunction function = {};
};

/// A stream of the pipeline as a delivery stream: what is put into it, and what becomes of that.
struct DeliveryStream {
  std::string name;
  stream::StreamWriter* writer = nullptr;
  int64_t created_micros = 0;  ///< Wall time.
  bool raw = true;             ///< Whether its changes become raw objects.
  int64_t buffer_bytes = 0;    ///< At which size an object is cut, and at which age.
  int64_t buffer_micros = 0;
  DeliveredObjects objects = {};
};

struct FirehoseOptions {
  std::string region;   ///< Of the ARNs.
  std::string account;  ///< Likewise; 12 digits.
  std::string bucket;   ///< What stands for the lake's folder where AWS has a bucket's name.
};

/// The operations. Any thread, several at once; a put blocks until it is durable.
///
/// Delivery streams are the streams of the tables, fed by direct puts. They are declared in the
/// configuration; what would make, change or delete one says so.
class FirehoseService {
 public:
  /// What `X-Amz-Target` begins with.
  static constexpr std::string_view kTargetPrefix = "Firehose_20150804";

  /// The writers must outlive it; `streams` have different names. A stream whose name is longer
  /// than Firehose allows cannot be named in a request, and is left out.
  FirehoseService(FirehoseOptions options, std::vector<DeliveryStream> streams);

  /// Whether Serve() knows the operation.
  static bool Knows(std::string_view operation);

  /// Do it, and write the answer (nothing: it has none). After an error nothing is written.
  std::optional<AwsError> Serve(std::string_view operation, WireValue request,
                                AnswerWriter* answer);

 private:
  using Outcome = std::optional<AwsError>;
  using Handler = Outcome (FirehoseService::*)(WireValue, AnswerWriter*);
  struct Operation {
    std::string_view name;
    Handler handler;
  };
  static const std::vector<Operation>& Operations();

  // firehose_describe.cc
  Outcome ListDeliveryStreams(WireValue request, AnswerWriter* answer);
  Outcome DescribeDeliveryStream(WireValue request, AnswerWriter* answer);
  Outcome ListTags(WireValue request, AnswerWriter* answer);
  void WriteDestination(const DeliveryStream& stream, AnswerWriter* answer) const;
  void WriteObjects(const DeliveryStream& stream, std::string_view prefix,
                    AnswerWriter* answer) const;

  // firehose_put.cc
  Outcome PutRecord(WireValue request, AnswerWriter* answer);
  Outcome PutRecordBatch(WireValue request, AnswerWriter* answer);
  Result<stream::StreamWriter::Places> PutDurably(const DeliveryStream& stream,
                                                  const std::vector<std::string>& records);

  // What only the configuration can do.
  Outcome CreateDeliveryStream(WireValue request, AnswerWriter* answer);
  Outcome DeleteDeliveryStream(WireValue request, AnswerWriter* answer);
  Outcome ChangeDeliveryStream(WireValue request, AnswerWriter* answer);

  /// The stream that `DeliveryStreamName` names; call after all other members were taken.
  Outcome FindStream(MemberReader* members, const Violations& violations,
                     const DeliveryStream** stream) const;

  const FirehoseOptions options_;
  std::vector<DeliveryStream> streams_;  // by name
  std::atomic<uint64_t> puts_{0};
};

/// What Firehose's model says of names.
inline constexpr size_t kDeliveryStreamNameCharactersMax = 64;
inline constexpr MemberReader::TextRule kDeliveryStreamNameRule = {
    .need = MemberReader::Need::kRequired,
    .characters_max = kDeliveryStreamNameCharactersMax,
    .alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-",
    .pattern = "[a-zA-Z0-9_.-]+"};

}  // namespace tapelake::serve
