#pragma once

/// Change events as DynamoDB puts them on the wire, member order as in captured records.

#include <cstdint>
#include <string>
#include <string_view>

#include "record/change.h"
#include "source/wire/item.h"

namespace tapelake::source {

/// One event, ready to be written. Views must outlive the call.
struct ChangeEvent {
  record::EventName event = record::EventName::kInsert;
  int64_t change_micros = 0;  ///< Streams records carry only its whole second.
  uint64_t sequence = 0;      ///< Streams records carry SequenceNumberText() of it.
  uint64_t event_id_high = 0;
  uint64_t event_id_low = 0;
  bool expired = false;  ///< Deleted by time-to-live: the service's userIdentity is given.
  const Item* new_image = nullptr;  ///< nullptr: the event has none.
  const Item* old_image = nullptr;
};

/// 26 digits, growing with `sequence`.
std::string SequenceNumberText(uint64_t sequence);

/// Append one record without line end.
void AppendEventJson(record::RecordShape shape, const ChangeEvent& event, std::string* out);

/// Append `{"<type>":...}` of one value, exactly as AppendEventJson writes it.
void AppendWireValue(const ItemValue& value, std::string* out);

}  // namespace tapelake::source
