#include "ingest/change_order.h"

#include <xxhash.h>

namespace tapelake::ingest {
namespace {

uint64_t HashText(std::string_view text, uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

/// A sum does not depend on the order of attributes, which DynamoDB does not keep.
uint64_t HashImage(const std::vector<record::Attribute>& image) {
  uint64_t sum = 0;
  for (const record::Attribute& attribute : image) {
    const uint64_t name = HashText(attribute.name, static_cast<uint64_t>(attribute.type));
    sum += HashText(attribute.text, name);
  }
  return sum | 2;  // never 0 (unknown) or kAbsentImage
}

}  // namespace

std::string_view StripLeadingZeros(std::string_view text) {
  while (text.size() > 1 && text.front() == '0')
    text.remove_prefix(1);
  return text;
}

int CompareSequence(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  return left.compare(right);
}

ChangeOrder OrderOf(const record::Change& change) {
  ChangeOrder order;
  order.time_micros = change.change_time_micros;
  if (change.shape == record::RecordShape::kStreams) {
    order.sequence = std::string(StripLeadingZeros(change.sequence_number));
  }
  return order;
}

ChangeIdentity IdentityOf(const record::Change& change) {
  ChangeIdentity identity;
  if (change.shape != record::RecordShape::kKinesis) return identity;
  if (!change.event_id.empty()) identity.event_hash = HashText(change.event_id, 0) | 1;
  if (change.event == record::EventName::kInsert) {
    identity.old_hash = kAbsentImage;
  } else if (change.has_old_image) {
    identity.old_hash = HashImage(change.old_image);
  }
  if (change.event == record::EventName::kRemove) {
    identity.new_hash = kAbsentImage;
  } else if (change.has_new_image) {
    identity.new_hash = HashImage(change.new_image);
  }
  return identity;
}

OrderVerdict PlaceChange(record::RecordShape shape, const ChangeOrder& known,
                         const ChangeIdentity& known_identity, const ChangeOrder& incoming,
                         const ChangeIdentity& incoming_identity) {
  if (shape == record::RecordShape::kStreams) {
    const int compared = CompareSequence(incoming.sequence, known.sequence);
    if (compared == 0) return OrderVerdict::kDuplicate;
    return compared > 0 ? OrderVerdict::kNewer : OrderVerdict::kStale;
  }
  if (incoming.time_micros != known.time_micros) {
    return incoming.time_micros > known.time_micros ? OrderVerdict::kNewer : OrderVerdict::kStale;
  }
  const bool same_event = incoming_identity.event_hash != 0 &&
                          incoming_identity.event_hash == known_identity.event_hash;
  if (same_event) return OrderVerdict::kDuplicate;
  if (known_identity.new_hash != 0 && incoming_identity.old_hash == known_identity.new_hash) {
    return OrderVerdict::kNewer;
  }
  if (known_identity.old_hash != 0 && incoming_identity.new_hash == known_identity.old_hash) {
    return OrderVerdict::kStale;
  }
  return OrderVerdict::kNewer;
}

}  // namespace tapelake::ingest
