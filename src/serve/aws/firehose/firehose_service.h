#pragma once

/// Amazon Data Firehose over the streams of the pipeline: the operations, without HTTP.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/aws/aws_error.h"
#include "serve/aws/member_reader.h"
#include "serve/aws/wire_value.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"

namespace tapelake::serve {

/// The Lambda function that makes the lines of objects.
struct DeliveryFunction {
  std::string name;  ///< Or ARN, as it is configured; empty: there is none.
  int64_t retries = 0;
  int64_t buffer_bytes = 0;
  int64_t buffer_micros = 0;
};

/// Where the objects of a delivery stream lie and what they are, in Firehose's words. Of a stream
/// that a client made: as it was asked for.
struct DeliveredObjects {
  std::string bucket;  ///< Empty: FirehoseOptions::bucket.
  std::string role;    ///< An ARN that is told and not used; empty: one of ours.
  std::string prefix;  ///< With expressions, as the two others.
  std::string error_prefix;
  std::string backup_prefix;  ///< Empty: source records are not kept.
  std::string compression;
  std::string extension;
  std::string time_zone;  ///< Empty: UTC.
  /// Dynamic partitioning, as the query of a MetadataExtraction processor; empty: none.
  std::string partition_query;
  /// What an AppendDelimiterToRecord processor puts behind each record, escaped (`\n`); empty:
  /// there is none.
  std::string delimiter;
  bool partitioned = false;  ///< Also without a query: by keys of a function.
  DeliveryFunction function = {};
};

/// What is put into a delivery stream, and what becomes of that.
struct DeliveryStream {
  std::string name;
  stream::StreamWriter* writer = nullptr;  ///< nullptr: it has a source.
  stream::Stream* log = nullptr;           ///< Of the writer.
  int64_t created_micros = 0;              ///< Wall time.
  bool raw = true;                         ///< Whether its changes become raw objects.
  int64_t buffer_bytes = 0;                ///< At which size an object is cut, and at which age.
  int64_t buffer_micros = 0;
  DeliveredObjects objects = {};

  // Of one that a client made:

  /// Keeps the writer alive as long as somebody uses it. Of a table's stream nullptr: its writer
  /// outlives the service.
  std::shared_ptr<void> keeper = nullptr;
  std::string source = {};       ///< The Kinesis stream that feeds it; empty: direct puts.
  std::string source_role = {};  ///< An ARN that is told and not used.
  int64_t source_start = 0;      ///< The first record of the source that it delivers; the keeper's.
  std::string encryption_key = {};  ///< Of one that is to be made: under which it begins.
  int64_t version = 1;              ///< Grows with every UpdateDestination.
  int64_t updated_micros = 0;       ///< Wall time of the last one; 0: none yet.
  std::map<std::string, std::string> tags = {};
};

/// Makes, changes and deletes delivery streams that no table declares. Any thread.
class DeliveryKeeper {
 public:
  virtual ~DeliveryKeeper() = default;

  /// Make one as `wanted` says, durably, and begin to deliver; of a source, what comes from now on.
  /// Return it with its writer, its keeper and its time. Errors: kAlreadyExists, kInvalid (what
  /// cannot be delivered so, or there is no such source), kThrottled (there are too many),
  /// kUnavailable (after a restart it may be there).
  virtual Result<DeliveryStream> Make(DeliveryStream wanted) = 0;

  /// Let one of those be as `wanted` says, durably; what is in no object yet is delivered so.
  /// Return it with the time of its last update. After an error it is as before; kUnavailable: or,
  /// after a restart, as wanted. Errors: kNotFound (not one of them), kInvalid, kUnavailable.
  virtual Result<DeliveryStream> Change(DeliveryStream wanted) = 0;

  /// Delete one of those, after all that was put before was delivered (`force`: also if it cannot
  /// be; then it is lost). What is put meanwhile may be lost. After an error it is as before.
  /// Errors: kNotFound (not one of them), kUnavailable (records cannot be delivered; says why).
  virtual Status Delete(const std::string& name, bool force) = 0;
};

struct FirehoseOptions {
  std::string region;   ///< Of the ARNs.
  std::string account;  ///< Likewise; 12 digits.
  std::string bucket;   ///< What stands for the lake's folder where AWS has a bucket's name.
  /// Of the streams that clients make; nullptr: they can make none. Must outlive the service.
  DeliveryKeeper* keeper = nullptr;
};

/// The operations. Any thread, several at once; a put blocks until it is durable.
///
/// Delivery streams are those of the tables, which the configuration declares and nobody can change
/// or delete here, and those that clients made. All are fed by direct puts but those of clients
/// that have a Kinesis stream as source.
class FirehoseService {
 public:
  /// What `X-Amz-Target` begins with.
  static constexpr std::string_view kTargetPrefix = "Firehose_20150804";

  /// Those of `streams` that clients made have keepers; all have different names. A stream whose
  /// name is longer than Firehose allows cannot be named in a request, and is left out.
  FirehoseService(FirehoseOptions options, std::vector<DeliveryStream> streams);

  /// Whether Serve() knows the operation.
  static bool Knows(std::string_view operation);

  /// Do it, and write the answer (nothing: it has none). After an error nothing is written.
  std::optional<AwsError> Serve(std::string_view operation, WireValue request,
                                AnswerWriter* answer);

 private:
  using Outcome = std::optional<AwsError>;
  using StreamPtr = std::shared_ptr<const DeliveryStream>;
  using Handler = Outcome (FirehoseService::*)(WireValue, AnswerWriter*);
  struct Operation {
    std::string_view name;
    Handler handler;
  };
  static const std::vector<Operation>& Operations();

  // firehose_encryption.cc
  Outcome StartEncryption(WireValue request, AnswerWriter* answer);
  Outcome StopEncryption(WireValue request, AnswerWriter* answer);
  /// The key that a request wants. Returns what is wrong beside violations.
  static Outcome ReadEncryption(MemberReader* members, Violations* violations, std::string* key_id);
  static Outcome SetEncryption(const DeliveryStream& stream, const std::string& key_id);
  static bool IsEncrypted(const DeliveryStream& stream);
  static void WriteEncryption(const DeliveryStream& stream, AnswerWriter* answer);

  // firehose_describe.cc
  Outcome ListDeliveryStreams(WireValue request, AnswerWriter* answer);
  Outcome DescribeDeliveryStream(WireValue request, AnswerWriter* answer);
  void WriteDestination(const DeliveryStream& stream, AnswerWriter* answer) const;
  void WriteSource(const DeliveryStream& stream, AnswerWriter* answer) const;
  void WriteObjects(const DeliveryStream& stream, std::string_view prefix,
                    AnswerWriter* answer) const;

  // firehose_put.cc
  Outcome PutRecord(WireValue request, AnswerWriter* answer);
  Outcome PutRecordBatch(WireValue request, AnswerWriter* answer);
  Result<stream::StreamWriter::Places> PutDurably(const DeliveryStream& stream,
                                                  const std::vector<std::string>& records);

  // firehose_change.cc
  Outcome CreateDeliveryStream(WireValue request, AnswerWriter* answer);
  Outcome UpdateDestination(WireValue request, AnswerWriter* answer);
  Outcome DeleteDeliveryStream(WireValue request, AnswerWriter* answer);

  // firehose_tags.cc
  Outcome TagDeliveryStream(WireValue request, AnswerWriter* answer);
  Outcome UntagDeliveryStream(WireValue request, AnswerWriter* answer);
  Outcome ListTags(WireValue request, AnswerWriter* answer);

  Outcome ReadSource(MemberReader* members, Violations* violations, DeliveryStream* wanted) const;
  std::string KinesisArnOf(std::string_view name) const;
  std::string ArnOf(std::string_view name) const;
  /// The stream that `DeliveryStreamName` names; call after all other members were taken.
  Outcome FindStream(MemberReader* members, const Violations& violations, StreamPtr* stream) const;
  /// The same, if records can be put into it.
  Outcome FindTaker(MemberReader* members, const Violations& violations, StreamPtr* stream) const;
  /// nullptr: there is none.
  StreamPtr Find(std::string_view name) const;
  /// All of now, by name.
  std::vector<StreamPtr> Streams() const;
  /// Let a stream be as `wanted`, at the keeper's and here. Under changing_.
  Outcome Change(DeliveryStream wanted);
  void Keep(DeliveryStream stream);  ///< In place of the one of its name.
  AwsError NotFound(std::string_view name) const;

  const FirehoseOptions options_;
  std::atomic<uint64_t> puts_{0};
  std::mutex changing_;             // held while a stream is made or changed; before mutex_
  mutable std::mutex mutex_;        // guards the next
  std::vector<StreamPtr> streams_;  // by name
};

/// What Firehose's model says of names.
inline constexpr size_t kDeliveryStreamNameCharactersMax = 64;
inline constexpr MemberReader::TextRule kDeliveryStreamNameRule = {
    .need = MemberReader::Need::kRequired,
    .characters_max = kDeliveryStreamNameCharactersMax,
    .alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-",
    .pattern = "[a-zA-Z0-9_.-]+"};

/// The member of requests that says how records are encrypted.
inline constexpr const char* kEncryptionInput = "DeliveryStreamEncryptionConfigurationInput";

/// Firehose's name of a stream's only destination.
inline constexpr std::string_view kDestinationId = "destinationId-000000000001";

/// What a stream takes its records from, as requests name it.
inline constexpr std::string_view kDirectPut = "DirectPut";
inline constexpr std::string_view kKinesisAsSource = "KinesisStreamAsSource";
inline const std::vector<std::string_view> kDeliveryStreamTypes = {
    kDirectPut, kKinesisAsSource, "MSKAsSource", "DatabaseAsSource"};

/// What is said of a request that would change a table's stream.
AwsError DeclaredDeliveryStream(const DeliveryStream& stream);

/// The tags of a request, which must have some. Returns what is wrong beside violations.
std::optional<AwsError> ReadTags(MemberReader* members, Violations* violations,
                                 std::map<std::string, std::string>* tags);
inline constexpr size_t kTagsMax = 50;

}  // namespace tapelake::serve
