#include "delivery/delivery_state.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <utility>

#include <xxhash.h>

#include "base/json.h"

namespace tapelake::delivery {
namespace {

using base::JsonValue;

// First line: this, the XXH64 of everything after the line as 16 hex digits, and the line end.
constexpr std::string_view kHead = "tapelake-delivery 1 ";
constexpr size_t kChecksumBytes = 16;

std::string Checksum(std::string_view body) {
  char text[kChecksumBytes + 1];
  std::snprintf(text, sizeof(text), "%016llx",
                static_cast<unsigned long long>(XXH64(body.data(), body.size(), 0)));
  return text;
}

Status Corrupt(const std::string& what) {
  return MakeError(ErrorKind::kCorrupt, what);
}

void WriteLayout(const LayoutOptions& layout, base::JsonWriter* writer) {
  writer->Key("layout").BeginObject();
  writer->Key("target").String(layout.target);
  writer->Key("prefix").String(layout.prefix);
  writer->Key("error_prefix").String(layout.error_prefix);
  writer->Key("backup_prefix").String(layout.backup_prefix);
  writer->Key("time_zone").String(layout.time_zone);
  writer->Key("compression").String(layout.compression);
  writer->Key("extension").String(layout.extension);
  writer->Key("backup").Bool(layout.backup);
  writer->Key("partition_keys").BeginArray();
  for (const PartitionKey& key : layout.partition_keys)
    writer->BeginArray().String(key.name).String(key.attribute).EndArray();
  writer->EndArray().Key("partitions_max").Int(layout.partitions_max);
  if (layout.as_they_came) {
    writer->Key("as_they_came").Bool(true).Key("delimiter").String(layout.delimiter);
  }
  writer->EndObject();
}

void WriteCut(const Cut& cut, base::JsonWriter* writer) {
  writer->BeginObject().Key("id").Raw(std::to_string(cut.id));
  writer->Key("time").Int(cut.time_micros).Key("raw").Bool(cut.raw);
  writer->Key("raw_object").Bool(cut.has_raw_object).Key("errors").BeginArray();
  for (const std::string& type : cut.error_types)
    writer->String(type);
  writer->EndArray().Key("ranges").BeginArray();
  for (const SourceRange& range : cut.ranges) {
    writer->BeginArray().String(range.source).Raw(std::to_string(range.begin));
    writer->Raw(std::to_string(range.end)).EndArray();
  }
  writer->EndArray();
  if (!cut.partitions.empty()) {
    writer->Key("partitions").BeginArray();
    for (const std::string& partition : cut.partitions)
      writer->String(partition);
    writer->EndArray();
  }
  if (cut.transformed) writer->Key("transformed").Bool(true);
  if (!cut.layout->is_default()) WriteLayout(cut.layout->options(), writer);
  writer->EndObject();
}

std::optional<uint64_t> ReadCount(const JsonValue* value) {
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const std::string& text = value->text();
  uint64_t count = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), count);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return count;
}

Status ReadRanges(const JsonValue& array, Cut* cut) {
  for (const JsonValue& item : array.items()) {
    if (item.items().size() != 3) return Corrupt("a range has not three members");
    const auto begin = ReadCount(&item.items()[1]);
    const auto end = ReadCount(&item.items()[2]);
    if (!begin || !end || *begin > *end) return Corrupt("a range is no range");
    cut->ranges.push_back({.source = item.items()[0].text(), .begin = *begin, .end = *end});
  }
  return Status::OK();
}

/// A cut that says nothing of it is of the default layout.
Result<LayoutOptions> ReadLayout(const JsonValue* object) {
  LayoutOptions layout;
  if (object == nullptr) return layout;
  const JsonValue* keys = object->Find("partition_keys");
  const JsonValue* backup = object->Find("backup");
  const auto partitions_max = ReadCount(object->Find("partitions_max"));
  if (keys == nullptr || backup == nullptr || !partitions_max) {
    return Corrupt("a layout lacks a member");
  }
  layout.backup = backup->boolean();
  layout.partitions_max = static_cast<int64_t>(*partitions_max);
  for (const auto& [name, text] :
       {std::pair("target", &layout.target), std::pair("prefix", &layout.prefix),
        std::pair("error_prefix", &layout.error_prefix),
        std::pair("backup_prefix", &layout.backup_prefix),
        std::pair("time_zone", &layout.time_zone), std::pair("compression", &layout.compression),
        std::pair("extension", &layout.extension)}) {
    const JsonValue* member = object->Find(name);
    if (member == nullptr) return Corrupt("a layout lacks '" + std::string(name) + "'");
    *text = member->text();
  }
  const JsonValue* as_they_came = object->Find("as_they_came");
  layout.as_they_came = as_they_came != nullptr && as_they_came->boolean();
  const JsonValue* delimiter = object->Find("delimiter");
  if (delimiter != nullptr) layout.delimiter = delimiter->text();
  for (const JsonValue& key : keys->items()) {
    if (key.items().size() != 2) return Corrupt("a partition key has not two members");
    layout.partition_keys.push_back(
        {.name = key.items()[0].text(), .attribute = key.items()[1].text()});
  }
  return layout;
}

Status ReadObjects(const JsonValue& object, const std::string& stream, Cut* cut) {
  TAPELAKE_ASSIGN_OR_RAISE(const LayoutOptions options, ReadLayout(object.Find("layout")));
  auto layout = ObjectLayout::Make(options, stream);
  if (!layout.ok()) return Corrupt("a layout is none: " + layout.status().message());
  cut->layout = std::move(*layout);
  const JsonValue* partitions = object.Find("partitions");
  if (partitions == nullptr) return Status::OK();
  const auto slashes = static_cast<std::ptrdiff_t>(cut->layout->key_count()) - 1;
  for (const JsonValue& item : partitions->items()) {
    const std::string& partition = item.text();
    if (std::count(partition.begin(), partition.end(), '/') != slashes) {
      return Corrupt("'" + partition + "' is no partition of its layout");
    }
    cut->partitions.push_back(partition);
  }
  return Status::OK();
}

Result<Cut> ReadCut(const JsonValue& object, const std::string& stream) {
  Cut cut;
  const auto id = ReadCount(object.Find("id"));
  const JsonValue* time = object.Find("time");
  const JsonValue* raw = object.Find("raw");
  const JsonValue* raw_object = object.Find("raw_object");
  const JsonValue* errors = object.Find("errors");
  const JsonValue* ranges = object.Find("ranges");
  if (!id || time == nullptr || raw == nullptr || raw_object == nullptr || errors == nullptr ||
      ranges == nullptr) {
    return Corrupt("a cut lacks a member");
  }
  cut.id = *id;
  cut.time_micros = time->AsInt(0);
  cut.raw = raw->boolean();
  cut.has_raw_object = raw_object->boolean();
  const JsonValue* transformed = object.Find("transformed");
  cut.transformed = transformed != nullptr && transformed->boolean();
  for (const JsonValue& type : errors->items())
    cut.error_types.push_back(type.text());
  TAPELAKE_RETURN_NOT_OK(ReadRanges(*ranges, &cut));
  TAPELAKE_RETURN_NOT_OK(ReadObjects(object, stream, &cut));
  return cut;
}

}  // namespace

uint64_t DeliveryState::DeliveredOffset(const std::string& source) const {
  const auto found = positions.find(source);
  uint64_t offset = found == positions.end() ? 0 : found->second;
  for (const Cut& cut : pending) {
    for (const SourceRange& range : cut.ranges) {
      if (range.source == source) offset = std::min(offset, range.begin);
    }
  }
  return offset;
}

std::string FormatState(const DeliveryState& state) {
  std::string body;
  base::JsonWriter writer(&body);
  writer.BeginObject().Key("next_id").Raw(std::to_string(state.next_id));
  writer.Key("positions").BeginObject();
  for (const auto& [source, offset] : state.positions)
    writer.Key(source).Raw(std::to_string(offset));
  writer.EndObject().Key("pending").BeginArray();
  for (const Cut& cut : state.pending)
    WriteCut(cut, &writer);
  writer.EndArray().EndObject();
  body.push_back('\n');
  return std::string(kHead) + Checksum(body) + "\n" + body;
}

Result<DeliveryState> ParseState(std::string_view content, const std::string& stream) {
  const size_t head_bytes = kHead.size() + kChecksumBytes + 1;
  if (content.size() < head_bytes || !content.starts_with(kHead) ||
      content[head_bytes - 1] != '\n') {
    return Corrupt("it does not start with '" + std::string(kHead) + "' and a checksum");
  }
  const std::string_view stored = content.substr(kHead.size(), kChecksumBytes);
  const std::string_view body = content.substr(head_bytes);
  if (stored != Checksum(body)) {
    return Corrupt("its checksum is " + Checksum(body) + ", it says " + std::string(stored));
  }
  const Result<JsonValue> document = base::ParseJson(body);
  if (!document.ok()) return Corrupt(document.status().message());
  DeliveryState state;
  const auto next_id = ReadCount(document->Find("next_id"));
  const JsonValue* positions = document->Find("positions");
  const JsonValue* pending = document->Find("pending");
  if (!next_id || positions == nullptr || pending == nullptr) return Corrupt("it lacks a member");
  state.next_id = *next_id;
  for (const auto& [source, offset] : positions->members()) {
    const auto count = ReadCount(&offset);
    if (!count) return Corrupt("the position of '" + source + "' is no count");
    state.positions[source] = *count;
  }
  for (const JsonValue& item : pending->items()) {
    TAPELAKE_ASSIGN_OR_RAISE(Cut cut, ReadCut(item, stream));
    state.pending.push_back(std::move(cut));
  }
  return state;
}

}  // namespace tapelake::delivery
