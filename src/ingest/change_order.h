#pragma once

/// Which of two changes of one key is the later one (architecture, decision 3).

#include <cstdint>
#include <string>
#include <string_view>

#include "record/change.h"

namespace tapelake::ingest {

/// What orders a change among the changes of its key.
struct ChangeOrder {
  int64_t time_micros = 0;
  std::string sequence;  ///< Streams: SequenceNumber without leading zeros; Kinesis: empty.
};

/// Fingerprints that settle a tie and recognise a repeated delivery. 0 = not known.
struct ChangeIdentity {
  uint64_t event_hash = 0;  ///< Of the event id.
  uint64_t old_hash = 0;    ///< Of the image before; kAbsentImage for an INSERT.
  uint64_t new_hash = 0;    ///< Of the image after; kAbsentImage for a REMOVE.
};
inline constexpr uint64_t kAbsentImage = 1;

enum class OrderVerdict : uint8_t { kNewer = 1, kDuplicate = 2, kStale = 3 };

/// `text` without leading zeros ("0" stays).
std::string_view StripLeadingZeros(std::string_view text);

/// Compare two digit strings without leading zeros as numbers: negative, zero or positive.
int CompareSequence(std::string_view left, std::string_view right);

/// The order of a change.
ChangeOrder OrderOf(const record::Change& change);

/// The fingerprints of a change; image hashes only for the Kinesis shape, whose ties need them.
/// Equal images hash alike whatever the order of their attributes.
ChangeIdentity IdentityOf(const record::Change& change);

/// Place an incoming change against the newest one known of its key.
///
/// Streams: by sequence number. Kinesis: by creation time; at equal times the same event is a
/// duplicate, a change whose old image is the known new image is newer, one whose new image is the
/// known old image is stale, and anything else is newer (later in the Kinesis sequence).
OrderVerdict PlaceChange(record::RecordShape shape, const ChangeOrder& known,
                         const ChangeIdentity& known_identity, const ChangeOrder& incoming,
                         const ChangeIdentity& incoming_identity);

}  // namespace tapelake::ingest
