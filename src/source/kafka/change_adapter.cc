#include "source/kafka/change_adapter.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <utility>

#include "base/decimal.h"
#include "base/json.h"
#include "base/time.h"
#include "record/change.h"

namespace tapelake::source {
namespace {

using base::JsonValue;
using base::JsonWriter;
using record::EventName;

constexpr size_t kOffsetDigits = 19;  // of the largest one
/// With the offset, 40: what transform takes.
constexpr size_t kOrderDigitsMax = 21;
constexpr size_t kLogPositionDigits = 10;
constexpr size_t kTimeDigitsMax = 16;

bool IsDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string Padded(std::string_view digits, size_t size) {
  return std::string(size - std::min(size, digits.size()), '0').append(digits);
}

/// `source.lsn` in `{"source": {"lsn": 1}}`; nullptr: it is not there, or null.
const JsonValue* FindPath(const JsonValue& root, std::string_view path) {
  const JsonValue* value = &root;
  while (value != nullptr) {
    const size_t dot = path.find('.');
    value = value->Find(path.substr(0, dot));
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  return value == nullptr || value->is_null() ? nullptr : value;
}

/// An order as digits: a whole number, its text, or a time as microseconds. Empty: it is none.
std::string OrderDigits(const JsonValue* value) {
  if (value == nullptr || !(value->is_number() || value->is_string())) return {};
  std::string_view text = value->text();
  if (IsDigits(text)) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
    return text.size() <= kOrderDigitsMax ? std::string(text) : std::string();
  }
  if (!value->is_string()) return {};
  const auto time = base::ParseIso8601(text);
  return time && time->micros >= 0 ? std::to_string(time->micros) : std::string();
}

/// Digits of `mysql-bin.000042` and a position in it, as one number.
std::string BinlogOrder(const JsonValue& source) {
  const JsonValue* file = source.Find("file");
  const JsonValue* position = source.Find("pos");
  if (file == nullptr || position == nullptr || !IsDigits(position->text())) return {};
  const std::string_view name = file->text();
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || !IsDigits(name.substr(dot + 1))) return {};
  const std::string_view number = name.substr(dot + 1);
  if (number.size() > kLogPositionDigits || position->text().size() > kLogPositionDigits) return {};
  std::string order = std::string(number) + Padded(position->text(), kLogPositionDigits);
  order.erase(0, std::min(order.find_first_not_of('0'), order.size() - 1));
  return order;
}

/// What a connector's own log orders changes by; a time only where there is nothing better, as
/// clocks go back.
std::string ConnectorOrder(const JsonValue& envelope) {
  const JsonValue* source = envelope.Find("source");
  if (source != nullptr && source->is_object()) {
    const JsonValue* connector = source->Find("connector");
    const std::string_view name = connector == nullptr ? "" : std::string_view(connector->text());
    if (name == "postgresql") return OrderDigits(source->Find("lsn"));
    if (name == "mysql" || name == "mariadb") return BinlogOrder(*source);
    if (name == "oracle") return OrderDigits(source->Find("scn"));
    const JsonValue* millis = FindPath(*source, "ts_ms");
    if (millis != nullptr) return OrderDigits(millis);
  }
  return OrderDigits(FindPath(envelope, "ts_ms"));
}

/// Also Debezium's letters.
std::optional<EventName> EventOfWord(std::string_view word) {
  std::string lower(word);
  for (char& c : lower)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto is_one_of = [&lower](std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, std::string_view(lower)) != words.end();
  };
  if (is_one_of({"c", "r", "i", "insert", "create", "read"})) return EventName::kInsert;
  if (is_one_of({"u", "update", "modify", "upsert"})) return EventName::kModify;
  if (is_one_of({"d", "delete", "remove"})) return EventName::kRemove;
  return std::nullopt;
}

/// The value as DynamoDB types it, depth bounded by base::ParseJson.
void WriteTyped(const JsonValue& value, JsonWriter* writer) {
  writer->BeginObject();
  switch (value.type()) {
    case JsonValue::Type::kNull:
      writer->Key("NULL").Bool(true);
      break;
    case JsonValue::Type::kBool:
      writer->Key("BOOL").Bool(value.boolean());
      break;
    case JsonValue::Type::kNumber:
      writer->Key("N").String(value.text());
      break;
    case JsonValue::Type::kString:
      writer->Key("S").String(value.text());
      break;
    case JsonValue::Type::kArray:
      writer->Key("L").BeginArray();
      for (const JsonValue& item : value.items())
        WriteTyped(item, writer);
      writer->EndArray();
      break;
    case JsonValue::Type::kObject:
      writer->Key("M").BeginObject();
      for (const JsonValue::Member& member : value.members()) {
        writer->Key(member.key);
        WriteTyped(member.value, writer);
      }
      writer->EndObject();
      break;
  }
  writer->EndObject();
}

void WriteAttribute(const ChangeAdapterOptions& options, std::string_view name,
                    const JsonValue& value, JsonWriter* writer) {
  writer->Key(name);
  const bool key_of_digits = value.is_number() && name == options.key_attribute;
  const bool quoted_number = value.is_string() && options.number_attributes.contains(name) &&
                             base::IsDecimalNumber(value.text());
  if (key_of_digits || quoted_number) {
    writer->BeginObject().Key(key_of_digits ? "S" : "N").String(value.text()).EndObject();
    return;
  }
  WriteTyped(value, writer);
}

/// Milliseconds as seconds with a fraction, without ever being a double.
std::string SecondsText(std::string_view millis) {
  const std::string digits = Padded(millis, 4);
  return digits.substr(0, digits.size() - 3) + "." + digits.substr(digits.size() - 3);
}

/// The envelope in `{"schema": ..., "payload": {...}}`, or the value itself.
const JsonValue& Unwrapped(const JsonValue& value) {
  const JsonValue* payload = value.Find("payload");
  const bool wrapped = payload != nullptr && value.Find("schema") != nullptr;
  return wrapped ? *payload : value;
}

}  // namespace

/// A change, read and not yet written.
struct ChangeAdapter::Row {
  EventName event = EventName::kInsert;
  std::string order = {};   ///< Digits; empty: by the offset alone.
  std::string millis = {};  ///< When it happened, digits; empty: not known.
  JsonValue document = {};  ///< What the images point into.
  JsonValue key_document = {};
  const JsonValue* new_image = nullptr;
  const JsonValue* old_image = nullptr;
  std::string key_text = {};  ///< If there is no image: the key attribute's value.
};

ChangeAdapter::ChangeAdapter(std::string topic, ChangeAdapterOptions options)
    : topic_(std::move(topic)), options_(std::move(options)) {}

bool ChangeAdapter::Append(const KafkaRecord& record, std::string* out) {
  const std::string_view value = record.value.value_or("");
  if (options_.format == KafkaFormat::kDynamodbJson) {
    out->append(value);
    return true;
  }
  if (!record.value && !orders_by_offset()) return false;
  Row row;
  bool read = false;
  if (!record.value) {
    read = ReadTombstone(record, &row);
  } else {
    auto document = base::ParseJson(value);
    if (document.ok()) row.document = std::move(*document);
    read =
        options_.format == KafkaFormat::kJson ? ReadJson(record, &row) : ReadDebezium(record, &row);
  }
  if (read) {
    Write(record, row, out);
  } else {
    out->append(value);
  }
  return true;
}

bool ChangeAdapter::ReadJson(const KafkaRecord& record, Row* row) const {
  if (!row->document.is_object()) return false;
  // Whether the row is there already the record alone does not say: ingest looks.
  row->event = EventName::kModify;
  if (!options_.operation_field.empty()) {
    const JsonValue* word = FindPath(row->document, options_.operation_field);
    const auto event =
        word != nullptr && word->is_string() ? EventOfWord(word->text()) : std::nullopt;
    if (!event) return false;
    row->event = *event;
  }
  if (!options_.order_field.empty()) {
    row->order = OrderDigits(FindPath(row->document, options_.order_field));
    if (row->order.empty()) return false;
  }
  if (record.timestamp_millis >= 0) row->millis = std::to_string(record.timestamp_millis);
  const bool removes = row->event == EventName::kRemove;
  (removes ? row->old_image : row->new_image) = &row->document;
  return true;
}

bool ChangeAdapter::ReadDebezium(const KafkaRecord& record, Row* row) const {
  const JsonValue& envelope = Unwrapped(row->document);
  const JsonValue* operation = envelope.Find("op");
  if (operation == nullptr || operation->text().size() != 1) return false;
  // Not `t` (a truncated table) and `m` (a message): they are refused, and so seen.
  if (std::string_view("crud").find(operation->text()) == std::string_view::npos) return false;
  const std::optional<EventName> event = EventOfWord(operation->text());
  if (!event) return false;
  row->event = *event;
  row->order = options_.order_field.empty() ? ConnectorOrder(envelope)
                                            : OrderDigits(FindPath(envelope, options_.order_field));
  if (row->order.empty()) return false;
  const JsonValue* millis = FindPath(envelope, "source.ts_ms");
  if (millis == nullptr) millis = FindPath(envelope, "ts_ms");
  if (millis != nullptr && millis->is_number() && IsDigits(millis->text()) &&
      millis->text().size() <= kTimeDigitsMax) {
    row->millis = millis->text();
  }
  const auto image = [&envelope](std::string_view name) -> const JsonValue* {
    const JsonValue* found = envelope.Find(name);
    return found != nullptr && found->is_object() ? found : nullptr;
  };
  row->old_image = image("before");
  if (row->event != EventName::kRemove) {
    row->new_image = image("after");
    return row->new_image != nullptr;
  }
  // A table without a replica identity says only in the key what was deleted.
  return row->old_image != nullptr || ReadTombstone(record, row);
}

/// A deletion of what the record's key names: an object, or the key attribute's bare value.
bool ChangeAdapter::ReadTombstone(const KafkaRecord& record, Row* row) const {
  if (!record.key || record.key->empty()) return false;
  row->event = EventName::kRemove;
  if (row->millis.empty() && record.timestamp_millis >= 0) {
    row->millis = std::to_string(record.timestamp_millis);
  }
  auto document = base::ParseJson(*record.key);
  if (document.ok()) row->key_document = std::move(*document);
  const JsonValue& key = Unwrapped(row->key_document);
  if (key.is_object()) {
    row->old_image = &key;
    return true;
  }
  const bool bare = document.ok() && (key.is_string() || key.is_number());
  if (document.ok() && !bare) return false;
  row->key_text = bare ? key.text() : std::string(*record.key);
  return true;
}

void ChangeAdapter::Write(const KafkaRecord& record, const Row& row, std::string* out) const {
  const std::string offset = std::to_string(record.offset);
  JsonWriter writer(out);
  writer.BeginObject().Key("eventID");
  writer.String(topic_ + "-" + std::to_string(record.partition) + "-" + offset);
  writer.Key("eventName").String(record::EventNameText(row.event));
  writer.Key("eventSource").String("kafka").Key("dynamodb").BeginObject();
  if (!row.millis.empty()) {
    writer.Key("ApproximateCreationDateTime").Raw(SecondsText(row.millis));
  }
  writer.Key("SequenceNumber");
  writer.String(row.order.empty() ? offset : row.order + Padded(offset, kOffsetDigits));
  const auto write_image = [&](const char* name, const JsonValue& image) {
    writer.Key(name).BeginObject();
    for (const JsonValue::Member& member : image.members()) {
      if (options_.format == KafkaFormat::kJson && member.key == options_.operation_field) continue;
      WriteAttribute(options_, member.key, member.value, &writer);
    }
    writer.EndObject();
  };
  if (row.new_image != nullptr) write_image("NewImage", *row.new_image);
  if (row.old_image != nullptr) write_image("OldImage", *row.old_image);
  if (row.new_image == nullptr && row.old_image == nullptr) {
    writer.Key("OldImage").BeginObject().Key(options_.key_attribute);
    writer.BeginObject().Key("S").String(row.key_text).EndObject().EndObject();
  }
  writer.EndObject().EndObject();
}

}  // namespace tapelake::source
