#pragma once

/// Where the objects of a stream lie, how they are compressed, and which of them a change goes to.
/// Pure.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "delivery/compressor.h"
#include "delivery/object_name.h"
#include "delivery/prefix_expression.h"
#include "record/change.h"

namespace tapelake::delivery {

/// A key of dynamic partitioning: what `!{partitionKeyFromQuery:<name>}` stands for.
struct PartitionKey {
  std::string name;
  /// Of the item: of type S, N or BOOL. Of a record as it came: a member of its JSON object.
  std::string attribute;
  bool operator==(const PartitionKey&) const = default;
};

inline constexpr int64_t kPartitionsMax = 500;

/// A layout as it is configured. The default is that of docs/internals/delivery.md.
/// Stored in the state of delivery, with every cut that is not of the default layout.
struct LayoutOptions {
  std::string target = {};           ///< Directory or `s3://bucket/...`; empty: the lake.
  std::string prefix = {};           ///< Empty: `raw/<stream>/` and the hour.
  std::string error_prefix = {};     ///< Empty: `errors/<type>/` and the hour.
  std::string backup_prefix = {};    ///< Empty: `source/<stream>/` and the hour.
  std::string time_zone = {};        ///< Of timestamps; empty: UTC.
  std::string compression = "GZIP";  ///< See CompressionText.
  /// Empty: `.ndjson` (none of records as they came) and what the compression adds.
  std::string extension = {};
  bool backup = false;                            ///< Source records go into objects of their own.
  std::vector<PartitionKey> partition_keys = {};  ///< None: one raw object a cut.
  int64_t partitions_max = kPartitionsMax;        ///< Of one cut.
  /// Raw objects hold records as they came, end to end, and not lines of changes.
  bool as_they_came = false;
  std::string delimiter = {};  ///< Behind each of those records.
  bool operator==(const LayoutOptions&) const = default;
};

/// A partition key as it is written: `name` (of an attribute of that name) or `name=attribute`.
/// Errors: kInvalid.
Result<PartitionKey> ParsePartitionKey(const std::string& text);

/// The `error-output-type` of changes that dynamic partitioning cannot place, and its error codes,
/// in Firehose's words.
inline constexpr std::string_view kProcessingFailed = "processing-failed";
inline constexpr std::string_view kNoPartitionKey = "DynamicPartitioning.MetadataExtractionFailed";
inline constexpr std::string_view kTooManyPartitions =
    "DynamicPartitioning.ActivePartitionsLimitExceeded";
inline constexpr std::string_view kTooManyPartitionsReason =
    "The number of active partitions has exceeded the configured limit";

/// A layout that was found right. Immutable; any thread.
///
/// A partition is the values of all keys (those of a function last), each path-safe (what is not a
/// letter, a digit, one of
/// `-_+@,`, a dot behind the first character or no ASCII is percent-encoded), with `/` between.
class ObjectLayout {
 public:
  /// Rules are Firehose's: a prefix with expressions needs an error prefix; that one holds the
  /// error type if it holds any expression; a prefix without a timestamp, an error prefix without
  /// any expression is followed by the hour (UTC or the zone's); all partition keys are used.
  /// Errors: kInvalid, naming the option.
  static Result<std::shared_ptr<const ObjectLayout>> Make(const LayoutOptions& options,
                                                          const std::string& stream);

  const LayoutOptions& options() const { return options_; }
  bool is_default() const { return options_ == LayoutOptions(); }
  Compression compression() const { return compression_; }
  const std::string& extension() const { return extension_; }
  /// The keys of partitions that a Lambda function gives.
  const std::vector<std::string>& function_keys() const { return raw_.function_keys(); }
  size_t key_count() const { return options_.partition_keys.size() + function_keys().size(); }
  bool partitioned() const { return key_count() > 0; }

  /// Whether objects are named by when their first record came, as Firehose does, and not by when
  /// they were cut, as the default layout does.
  bool names_by_arrival() const {
    return !options_.prefix.empty() || !options_.error_prefix.empty() ||
           !options_.backup_prefix.empty() || !options_.time_zone.empty();
  }

  /// What all paths are below: the target, or the lake.
  const std::string& Root(const std::string& lake_path) const {
    return options_.target.empty() ? lake_path : options_.target;
  }

  /// Below the root. `partition` is empty if the layout has none.
  std::string RawPath(const ObjectName& name, std::string_view partition) const;
  std::string ErrorPath(std::string_view type, const ObjectName& name) const;
  std::string BackupPath(const ObjectName& name) const;

  /// Find the partition of a change, as far as its attributes say it. False: `*reason` says which
  /// key has no value that a path can hold.
  bool PartitionOf(const record::Change& change, std::string* partition, std::string* reason) const;

  /// The same of a record as it came, which must be one JSON object.
  bool PartitionOf(std::string_view record, std::string* partition, std::string* reason) const;

  /// Append what a function gave (name -> value) to that. False: likewise.
  bool AddFunctionKeys(const std::map<std::string, std::string>& given, std::string* partition,
                       std::string* reason) const;

  const PrefixExpression& raw_prefix() const { return raw_; }
  const PrefixExpression& error_prefix() const { return error_; }
  const PrefixExpression& backup_prefix() const { return backup_; }

 private:
  ObjectLayout(LayoutOptions options, PrefixExpression raw, PrefixExpression error,
               PrefixExpression backup)
      : options_(std::move(options)),
        raw_(std::move(raw)),
        error_(std::move(error)),
        backup_(std::move(backup)) {}

  const LayoutOptions options_;
  const PrefixExpression raw_;
  const PrefixExpression error_;
  const PrefixExpression backup_;
  Compression compression_ = Compression::kGzip;
  std::string extension_;
};

}  // namespace tapelake::delivery
