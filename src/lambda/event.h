#pragma once

/// The events that Lambda hands over, told apart by their shape.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "transform/parse_context.h"
#include "transform/structural_index.h"

namespace tapelake::lambda {

enum class EventKind : uint8_t {
  kFirehose = 1,  ///< `records` of `recordId`, `data`: each wants an answer.
  kKinesis = 2,   ///< `Records` of `eventSource` `aws:kinesis`: a batch of one shard.
  kDynamodb = 3,  ///< The same of `aws:dynamodb`.
};

/// One record of an event. Views live as long as the event's text and its reader's next Read().
struct EventRecord {
  /// The name by which it is answered (`recordId`, sequence number): a JSON string with its quotes,
  /// as it stands in the event.
  std::string_view id;
  /// The change record, as RecordParser takes it: base64 text, or JSON.
  std::string_view data;
  /// Firehose: `data` as it stands in the event, with its quotes.
  std::string_view data_token;
};

struct Event {
  EventKind kind = EventKind::kKinesis;
  /// ARN of the delivery stream or event source; empty if the event names none.
  std::string_view source;
  std::vector<EventRecord> records;
};

/// Reads events. One thread; it keeps its buffers.
class EventReader {
 public:
  /// Read `text`, after which record::kRecordPaddingBytes must be readable.
  ///
  /// The whole event is checked before it returns, members nobody reads too; the change records
  /// inside are not. A batch without records is of kind kKinesis. On failure `*event` is undefined.
  /// Errors: kInvalid: no JSON, none of the three kinds, or a record without its name; the message
  /// says what was seen, and where.
  Status Read(std::string_view text, Event* event);

 private:
  /// Of one member of `Records`.
  struct StreamRecord {
    std::string_view json;
    transform::StringToken source_kind;  ///< eventSource
    transform::StringToken source;       ///< eventSourceARN
    transform::StringToken kinesis_id;
    transform::StringToken kinesis_data;
    transform::StringToken dynamodb_id;
  };

  bool ReadEvent(Event* event);
  bool ReadMember(const transform::StringToken& name, Event* event);
  template <typename ReadItem>
  bool ReadArray(ReadItem read_item);
  template <typename ReadValue>
  bool ReadObject(const char* what, ReadValue read_value);
  bool ReadFirehoseRecord(Event* event);
  bool ReadStreamRecord(Event* event);
  bool TakeStreamRecord(const char* at, const StreamRecord& record, Event* event);
  bool ReadString(const transform::StringToken& name, transform::StringToken* string);
  bool Refuse(const char* at, std::string_view what);

  transform::ParseContext context_;
  transform::StructuralIndex index_;
  std::string_view delivery_stream_;
  std::string seen_;  // names of members, for the error about an unknown event
  bool has_firehose_records_ = false;
  bool has_stream_records_ = false;
};

}  // namespace tapelake::lambda
