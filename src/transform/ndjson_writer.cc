#include "transform/ndjson_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/base64.h"
#include "base/json.h"
#include "record/record_block.h"
#include "transform/json_text.h"

namespace tapelake::transform {
namespace {

using record::Attribute;
using record::Change;

/// Copies go in steps of this many bytes, and so may read and write that much too far.
constexpr size_t kStepBytes = 32;
static_assert(kStepBytes <= record::kRecordPaddingBytes);

constexpr std::string_view kRescuedMember = "\"_rescued\":{";
constexpr size_t kFixedBytesMax = 256;  // the four own members without the event id, and _rescued
constexpr size_t kReplayFixedBytesMax = 64;    // names and braces of the members of a replay
constexpr size_t kAttributeFixedBytesMax = 8;  // quotes, colon and comma

inline char* Put(std::string_view text, char* to) {
  std::memcpy(to, text.data(), kStepBytes);
  if (text.size() > kStepBytes) [[unlikely]] {
    std::memcpy(to + kStepBytes, text.data() + kStepBytes, text.size() - kStepBytes);
  }
  return to + text.size();
}

/// Put for texts that nothing readable follows.
inline char* PutExactly(std::string_view text, char* to) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

template <size_t N>
char* PutLiteral(const char (&text)[N], char* to) {
  std::memcpy(to, text, N - 1);
  return to + N - 1;
}

char* PutJsonString(std::string_view text, char* to) {
  if (!NeedsEscape(text)) {
    *to++ = '"';
    to = PutExactly(text, to);
    *to++ = '"';
    return to;
  }
  std::string json;
  base::AppendJsonString(text, &json);
  return PutExactly(json, to);
}

/// The member's name and colon. In compact JSON they stand in the record right before the value.
inline char* PutName(const Attribute& attribute, char* to) {
  const std::string_view name = attribute.name;
  const char* behind = name.data() + name.size();
  if (attribute.typed_json.data() == behind + 2 && behind[0] == '"' && behind[1] == ':')
      [[likely]] {
    return Put({name.data() - 1, name.size() + 3}, to);
  }
  to = PutJsonString(name, to);
  *to++ = ':';
  return to;
}

bool IsOwnMember(std::string_view name) {
  switch (name.size()) {
    case 8:
      return name == "event_id" || name == "position" || name == "_rescued";
    case 10:
      return name == "event_name";
    case 11:
      return name == "change_time";
    default:
      return false;
  }
}

bool IsReplayMember(std::string_view name) {
  return name == "_typed" || name == "_keys" || name == "_old_image";
}

/// Whether the plain JSON of a value says less than its DynamoDB JSON.
inline bool NeedsType(const Attribute& attribute) {
  switch (attribute.type) {
    case record::AttributeType::kString:
    case record::AttributeType::kBool:
    case record::AttributeType::kNull:
      return false;
    case record::AttributeType::kNumber:  // the same view unless it had to be mended
      return attribute.json.data() != attribute.text.data();
    default:
      return true;
  }
}

bool HasAttribute(const std::vector<Attribute>& image, std::string_view name) {
  return std::any_of(image.begin(), image.end(),
                     [&](const Attribute& attribute) { return attribute.name == name; });
}

bool KeepsOldImage(const Change& change) {
  return change.shape == record::RecordShape::kKinesis && change.has_old_image &&
         change.event != record::EventName::kRemove;
}

/// Write `,"<member>":{...}` with the attributes that `wanted` picks; nothing if it picks none.
template <size_t N, typename Wanted>
char* PutTypedObject(const char (&head)[N], const std::vector<Attribute>& attributes, Wanted wanted,
                     char* to) {
  bool first = true;
  for (const Attribute& attribute : attributes) {
    if (!wanted(attribute)) continue;
    to = first ? PutLiteral(head, to) : PutLiteral(",", to);
    first = false;
    to = PutName(attribute, to);
    to = CopyOnOneLine(attribute.typed_json, to);
  }
  return first ? to : PutLiteral("}", to);
}

size_t TypedBytesMax(const std::vector<Attribute>& attributes) {
  size_t bytes = 0;
  for (const Attribute& attribute : attributes) {
    bytes += attribute.name.size() * 6 + attribute.typed_json.size() + kAttributeFixedBytesMax;
  }
  return bytes;
}

char* PutPosition(const Change& change, char* to) {
  if (change.shape != record::RecordShape::kStreams) return PutLiteral(",\"position\":null", to);
  to = PutLiteral(",\"position\":\"", to);
  to = PutExactly(change.sequence_number, to);
  *to++ = '"';
  return to;
}

char* PutOwnMembers(const Change& change, bool first, char* to) {
  to = first ? PutLiteral("\"event_name\":\"", to) : PutLiteral(",\"event_name\":\"", to);
  to = PutExactly(EventNameText(change.event), to);
  if (change.event_id.empty()) {
    to = PutLiteral("\",\"event_id\":null", to);
  } else {
    to = PutLiteral("\",\"event_id\":", to);
    to = PutJsonString(change.event_id, to);
  }
  if (change.change_time_micros == 0) {
    to = PutLiteral(",\"change_time\":null", to);
  } else {
    to = PutLiteral(",\"change_time\":", to);
    to = std::to_chars(to, to + 24, change.change_time_micros).ptr;
  }
  return PutPosition(change, to);
}

}  // namespace

NdjsonWriter::NdjsonWriter(const record::TableDefinition& table) {
  for (const record::ColumnDefinition& column : table.columns) {
    if (column.attribute == column.name || column.attribute.find('.') != std::string::npos) {
      continue;
    }
    // An undeclared attribute of the column's name would stand in the line twice.
    mappings_.try_emplace(column.name);
    Mapping& mapping = mappings_[column.attribute];
    if (IsOwnMember(column.name)) continue;
    std::string member;
    base::AppendJsonString(column.name, &member);
    member.push_back(':');
    longest_member_ = std::max(longest_member_, member.size());
    mapping.member = std::move(member);
  }
}

const NdjsonWriter::Mapping* NdjsonWriter::FindMapping(std::string_view name) const {
  if (mappings_.empty()) return nullptr;
  const auto found = mappings_.find(name);
  return found == mappings_.end() ? nullptr : &found->second;
}

bool NdjsonWriter::IsTaken(std::string_view name) const {
  if (const Mapping* mapping = FindMapping(name)) return mapping->member.empty();
  return IsReserved(name);
}

inline bool NdjsonWriter::IsReserved(std::string_view name) const {
  return IsOwnMember(name) || (replayable_ && IsReplayMember(name));
}

size_t NdjsonWriter::BytesMax(const Change& change) const {
  // Any byte of a name or an event id may need six as an escape.
  size_t bytes = kFixedBytesMax + change.event_id.size() * 6 + change.sequence_number.size();
  for (const Attribute& attribute : change.image()) {
    bytes += attribute.name.size() * 6 + attribute.json.size() + attribute.typed_json.size() +
             kAttributeFixedBytesMax;
  }
  if (replayable_) {
    bytes += kReplayFixedBytesMax + TypedBytesMax(change.image()) + TypedBytesMax(change.keys);
    if (KeepsOldImage(change)) bytes += TypedBytesMax(change.old_image);
  }
  return bytes + change.image().size() * longest_member_ + kStepBytes;
}

char* NdjsonWriter::Write(const Change& change, char* to) const {
  *to++ = '{';
  bool first = true;
  bool rescue = false;
  for (const Attribute& attribute : change.image()) {
    const Mapping* mapping = FindMapping(attribute.name);
    if (mapping != nullptr ? mapping->member.empty() : IsReserved(attribute.name)) [[unlikely]] {
      rescue = true;
      continue;
    }
    *to = ',';
    to += first ? 0 : 1;
    first = false;
    to = mapping != nullptr ? PutExactly(mapping->member, to) : PutName(attribute, to);
    to = Put(attribute.json, to);
  }
  to = PutOwnMembers(change, first, to);
  if (replayable_) to = WriteReplayMembers(change, to);
  if (rescue) [[unlikely]]
    to = WriteRescued(change, to);
  return PutLiteral("}\n", to);
}

char* NdjsonWriter::WriteReplayMembers(const Change& change, char* to) const {
  const std::vector<Attribute>& image = change.image();
  to = PutTypedObject(
      ",\"_typed\":{", image,
      [this](const Attribute& attribute) {
        return NeedsType(attribute) && !IsReserved(attribute.name);
      },
      to);
  to = PutTypedObject(
      ",\"_keys\":{", change.keys,
      [&image](const Attribute& key) { return !HasAttribute(image, key.name); }, to);
  if (!KeepsOldImage(change)) return to;
  if (change.old_image.empty()) return PutLiteral(",\"_old_image\":{}", to);
  return PutTypedObject(
      ",\"_old_image\":{", change.old_image, [](const Attribute&) { return true; }, to);
}

char* NdjsonWriter::WriteRescued(const Change& change, char* to) const {
  *to++ = ',';
  to = PutExactly(kRescuedMember, to);
  bool first = true;
  for (const Attribute& attribute : change.image()) {
    if (!IsTaken(attribute.name)) continue;
    if (!first) *to++ = ',';
    first = false;
    to = PutName(attribute, to);
    to = CopyOnOneLine(attribute.typed_json, to);
  }
  *to++ = '}';
  return to;
}

void NdjsonWriter::Append(const Change& change, std::string* out) const {
  const size_t before = out->size();
  out->resize(before + BytesMax(change));
  const char* end = Write(change, out->data() + before);
  out->resize(static_cast<size_t>(end - out->data()));
}

}  // namespace tapelake::transform
