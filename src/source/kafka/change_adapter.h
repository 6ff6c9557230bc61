#pragma once

/// What producers write to a topic, turned into the wire records that transform parses.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace tapelake::source {

enum class KafkaFormat : uint8_t {
  /// Change records of DynamoDB, in both shapes: handed on as they are.
  kDynamodbJson = 1,
  /// The row as a flat or nested JSON object.
  kJson = 2,
  /// Envelopes of Debezium, with or without their schema.
  kDebezium = 3,
};

struct ChangeAdapterOptions {
  KafkaFormat format = KafkaFormat::kDynamodbJson;
  /// kJson: the member that says what happened, dots step into objects. Empty: every record is the
  /// row as it is now.
  std::string operation_field = {};
  /// Member whose value grows with every change of a row, dots step into objects. Empty: kJson is
  /// ordered by the record's offset, kDebezium by what its connector has.
  std::string order_field = {};
  /// The attribute that identifies a row. Numbers in it become texts, as record keys are texts.
  std::string key_attribute = {};
  /// Attributes of columns that hold numbers: texts in them that are numbers become numbers.
  std::set<std::string, std::less<>> number_attributes = {};
};

/// A record of a topic. nullopt: it has no key, or no value (a tombstone).
struct KafkaRecord {
  std::optional<std::string_view> key = {};
  std::optional<std::string_view> value = {};
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_millis = -1;  ///< Below 0: it has none.
};

/// Turns one record after the other. One thread.
///
/// The rows of kJson and kDebezium become records of the DynamoDB Streams shape: numbers as the
/// very text they came in, objects as maps, arrays as lists. The sequence number is the order, then
/// 19 digits of the record's offset: changes that have the same order stay as the partition has
/// them. The same record gives the same bytes in every life of the process.
class ChangeAdapter {
 public:
  /// `topic` goes into the event ids.
  ChangeAdapter(std::string topic, ChangeAdapterOptions options);

  /// Append the wire record to `*out`. A record that makes no sense in the format is appended as it
  /// came, for transform to refuse. Return false, with nothing appended, if the record says
  /// nothing: the tombstone that follows a deletion which was told already.
  bool Append(const KafkaRecord& record, std::string* out);

  /// Whether changes are ordered by their offsets, so that a key must stay in its partition.
  bool orders_by_offset() const {
    return options_.format == KafkaFormat::kJson && options_.order_field.empty();
  }

 private:
  struct Row;

  bool ReadJson(const KafkaRecord& record, Row* row) const;
  bool ReadDebezium(const KafkaRecord& record, Row* row) const;
  bool ReadTombstone(const KafkaRecord& record, Row* row) const;
  void Write(const KafkaRecord& record, const Row& row, std::string* out) const;

  std::string topic_;
  ChangeAdapterOptions options_;
};

}  // namespace tapelake::source
