#pragma once

/// One change of a DynamoDB item, as views into the wire record it was parsed from.
///
/// Source of the shapes: DynamoDB Streams GetRecords and the DynamoDB-to-Kinesis destination record
/// (docs/reference/record-shapes.md). transform fills these; ingest and delivery read them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tapelake::record {

/// Which real record shape a change came in. Decides how changes of one key are ordered.
/// Stored in commits: values are never reused.
enum class RecordShape : uint8_t {
  kStreams = 1,  ///< DynamoDB Streams: has a SequenceNumber, which orders the changes of an item.
  kKinesis = 2,  ///< DynamoDB to Kinesis: ordered by creation time (microseconds), then old image.
};

enum class EventName : uint8_t { kInsert = 1, kModify = 2, kRemove = 3 };

/// `INSERT`, `MODIFY` or `REMOVE`.
std::string_view EventNameText(EventName name);

/// `streams` or `kinesis`, as in options and commit metadata.
std::string_view RecordShapeText(RecordShape shape);

/// The ten attribute types of DynamoDB.
enum class AttributeType : uint8_t {
  kString = 1,
  kNumber = 2,
  kBinary = 3,
  kBool = 4,
  kNull = 5,
  kMap = 6,
  kList = 7,
  kStringSet = 8,
  kNumberSet = 9,
  kBinarySet = 10,
};

/// DynamoDB's own type descriptor: `S N B BOOL NULL M L SS NS BS`.
std::string_view AttributeTypeText(AttributeType type);

/// One attribute of an image. Views live as long as the record's bytes and its parser's scratch.
struct Attribute {
  std::string_view name;  ///< Unescaped UTF-8.
  AttributeType type = AttributeType::kNull;

  /// The value, validated against its type:
  /// S unescaped UTF-8; N number text as sent; B base64 text as sent; BOOL `true`/`false`;
  /// NULL `null`; M, L, SS, NS, BS canonical plain JSON (see transform/README.md).
  std::string_view text;

  /// Plain JSON for the NDJSON line, ready to append: the raw string token with quotes, the number
  /// in JSON grammar, the base64 string with quotes, true/false/null, or the canonical JSON.
  std::string_view json;

  /// The DynamoDB JSON of the value as received, for example `{"N":"12"}`; whitespace is as sent.
  std::string_view typed_json;

  /// Column of the table this attribute is declared for; -1 if it is not declared.
  int32_t column = -1;
};

/// One change. Which images exist depends on the event: INSERT new; MODIFY new and (usually) old;
/// REMOVE old.
struct Change {
  RecordShape shape = RecordShape::kStreams;
  EventName event = EventName::kInsert;
  std::string_view event_id;         ///< Empty if the record has none.
  std::string_view sequence_number;  ///< Streams only: digits.
  int64_t change_time_micros = 0;    ///< ApproximateCreationDateTime; 0 if absent (Streams only).
  bool has_new_image = false;
  bool has_old_image = false;
  std::vector<Attribute> keys;
  std::vector<Attribute> new_image;
  std::vector<Attribute> old_image;

  /// The image a row is made of: the new one for INSERT and MODIFY, the old one for REMOVE.
  const std::vector<Attribute>& image() const {
    return event == EventName::kRemove ? old_image : new_image;
  }
};

}  // namespace tapelake::record
