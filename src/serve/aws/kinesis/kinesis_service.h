#pragma once

/// Kinesis Data Streams over the streams of the pipeline: the operations, without HTTP.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "security/token_signer.h"
#include "serve/aws/aws_error.h"
#include "serve/aws/kinesis/served_stream.h"
#include "serve/aws/kinesis/shard_token.h"
#include "serve/aws/member_reader.h"
#include "serve/aws/wire_value.h"

namespace tapelake::serve {

/// Makes and deletes streams that no table declares. Any thread.
class StreamKeeper {
 public:
  virtual ~StreamKeeper() = default;

  /// Make a stream and begin to write what is put. Errors: kAlreadyExists, kInvalid (the name),
  /// kThrottled (there are too many), kUnavailable.
  virtual Result<KinesisStream> Make(const std::string& name, int shard_count) = 0;

  /// Delete one of those, with all its records. Errors: kNotFound (not one of them), kConflict
  /// (something of ours reads it; it stays), kUnavailable.
  virtual Status Delete(const std::string& name) = 0;
};

struct KinesisOptions {
  std::string region;   ///< Of the ARNs.
  std::string account;  ///< Likewise; 12 digits.
  /// Refuse what a shard of Kinesis would not take (ShardLimits).
  bool shard_limits = false;
  /// Of the streams that clients make; nullptr: they can make none. Must outlive the service.
  StreamKeeper* keeper = nullptr;
};

/// The operations. Any thread, several at once; a put blocks until it is durable.
///
/// Streams are those of the tables, which the configuration declares and nobody can delete here,
/// and those that clients made. Shards can be split and merged.
class KinesisService {
 public:
  /// What `X-Amz-Target` begins with.
  static constexpr std::string_view kTargetPrefix = "Kinesis_20131202";

  /// Everything must outlive it; `streams` have different names. Errors: those of
  /// ServedStream::Open.
  static Result<std::unique_ptr<KinesisService>> Open(io::FileSystem& files, io::Clock& clock,
                                                      security::TokenSigner signer,
                                                      KinesisOptions options,
                                                      const std::vector<KinesisStream>& streams);

  /// Whether Serve() knows the operation.
  static bool Knows(std::string_view operation);

  /// Do it, and write the answer (nothing: it has none). After an error nothing is written.
  std::optional<AwsError> Serve(std::string_view operation, WireValue request,
                                AnswerWriter* answer);

 private:
  using Outcome = std::optional<AwsError>;
  using StreamPtr = std::shared_ptr<ServedStream>;
  using Handler = Outcome (KinesisService::*)(WireValue, AnswerWriter*);
  struct Operation {
    std::string_view name;
    Handler handler;
  };
  static const std::vector<Operation>& Operations();

  KinesisService(io::FileSystem& files, io::Clock& clock, security::TokenSigner signer,
                 KinesisOptions options)
      : files_(files), clock_(clock), signer_(std::move(signer)), options_(std::move(options)) {}

  // kinesis_describe.cc
  Outcome ListStreams(WireValue request, AnswerWriter* answer);
  Outcome DescribeStream(WireValue request, AnswerWriter* answer);
  Outcome DescribeStreamSummary(WireValue request, AnswerWriter* answer);
  Outcome ListShards(WireValue request, AnswerWriter* answer);
  Outcome DescribeLimits(WireValue request, AnswerWriter* answer);
  Outcome ListStreamConsumers(WireValue request, AnswerWriter* answer);
  Outcome ListTagsForResource(WireValue request, AnswerWriter* answer);
  Outcome ListTagsForStream(WireValue request, AnswerWriter* answer);
  void WriteCommonDescription(const ServedStream& stream, AnswerWriter* answer) const;
  struct ShardPage;
  Outcome ReadFirstPage(MemberReader* members, Violations* violations, ShardPage* page);
  Outcome ReadNextPage(MemberReader* members, const std::string& token, ShardPage* page);
  Outcome ChooseByTime(const std::string& type, int64_t time_micros, ShardPage* page);

  // kinesis_put.cc
  Outcome PutRecord(WireValue request, AnswerWriter* answer);
  Outcome PutRecords(WireValue request, AnswerWriter* answer);
  struct Put;
  static void ReadEntry(MemberReader* members, Violations* violations, Put* put);
  static Outcome ReadEntries(MemberReader* members, Violations* violations, std::vector<Put>* puts);
  static Outcome TakeApart(std::vector<Put>* puts);
  static Outcome CheckEntry(const Put& put);
  static void AddEntries(const Put& put, std::vector<stream::PutEntry>* entries);
  std::string_view PutDurably(ServedStream& stream, std::vector<Put>* puts);
  Outcome Limit(ServedStream& stream, const Put& put);

  // kinesis_get.cc
  Outcome GetShardIterator(WireValue request, AnswerWriter* answer);
  Outcome GetRecords(WireValue request, AnswerWriter* answer);
  struct IteratorWish;
  Outcome FindPosition(ServedStream& stream, const IteratorWish& wish, ReadPosition* position);
  Outcome FindNumber(const ServedStream& stream, const IteratorWish& wish,
                     const stream::StreamFacts& facts, ReadPosition* position);
  Outcome OpenIterator(const std::string& token, ShardIterator* iterator, StreamPtr* stream) const;

  // kinesis_reshard.cc
  Outcome SplitShard(WireValue request, AnswerWriter* answer);
  Outcome MergeShards(WireValue request, AnswerWriter* answer);
  Outcome UpdateShardCount(WireValue request, AnswerWriter* answer);
  Outcome FindShard(const ServedStream& stream, const std::string& shard_id, uint32_t* shard) const;
  Outcome Reshard(ServedStream& stream, const stream::ShardChange& change);

  // kinesis_create.cc
  Outcome CreateStream(WireValue request, AnswerWriter* answer);
  Outcome DeleteStream(WireValue request, AnswerWriter* answer);

  // kinesis_retention.cc
  Outcome IncreaseRetention(WireValue request, AnswerWriter* answer);
  Outcome DecreaseRetention(WireValue request, AnswerWriter* answer);
  Outcome ChangeRetention(WireValue request, bool increase);

  // kinesis_encryption.cc
  Outcome StartEncryption(WireValue request, AnswerWriter* answer);
  Outcome StopEncryption(WireValue request, AnswerWriter* answer);
  Outcome ReadEncryption(WireValue request, StreamPtr* stream);
  static Outcome SetEncryption(ServedStream& stream, const std::string& key_id);
  Outcome UpdateStreamMode(WireValue request, AnswerWriter* answer);

  std::string ArnOf(std::string_view name) const;
  /// The stream that `StreamName` or `StreamARN` names; call after all other members were taken.
  Outcome FindStream(MemberReader* members, const Violations& violations, StreamPtr* stream);
  /// One of the two is given at least.
  Outcome FindNamed(const std::optional<std::string>& arn, const std::optional<std::string>& name,
                    StreamPtr* stream);
  AwsError StreamNotFound(std::string_view name) const;
  AwsError ShardNotFound(std::string_view shard_id, const ServedStream& stream) const;
  StreamPtr StreamOfSalt(uint64_t salt) const;
  /// All of now, by name.
  std::vector<StreamPtr> Streams() const;
  void Keep(StreamPtr stream);

  io::FileSystem& files_;
  io::Clock& clock_;
  const security::TokenSigner signer_;
  const KinesisOptions options_;

  std::mutex retention_mutex_;      // held while a retention is changed
  mutable std::mutex mutex_;        // guards the next
  std::vector<StreamPtr> streams_;  // by name
};

// What the service's model says of members that several operations have.

inline constexpr std::string_view kStreamNameAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
inline constexpr MemberReader::TextRule kStreamNameRule = {
    .characters_max = 128, .alphabet = kStreamNameAlphabet, .pattern = "[a-zA-Z0-9_.-]+"};
inline constexpr MemberReader::TextRule kStreamArnRule = {.characters_max = 2'048};
inline constexpr MemberReader::TextRule kShardIdRule = {
    .characters_max = 128, .alphabet = kStreamNameAlphabet, .pattern = "[a-zA-Z0-9_.-]+"};

/// The error that stands for one of ours.
AwsError ErrorOf(const Status& status);

/// What a request with DryRun is answered that would have succeeded.
AwsError DryRunDone();

}  // namespace tapelake::serve
