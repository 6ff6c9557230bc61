#include "source/wire/event_json.h"

#include <charconv>

#include "base/time.h"
#include "source/wire/nested_value.h"

namespace tapelake::source {
namespace {

using record::AttributeType;

bool IsNested(AttributeType type) {
  return type >= AttributeType::kMap;
}

void AppendInteger(uint64_t value, std::string* out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out->append(digits, static_cast<size_t>(end - digits));
}

void AppendHex(uint64_t value, int digits, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
    out->push_back(kHex[value >> shift & 15]);
}

void AppendEventId(const ChangeEvent& event, bool dashes, std::string* out) {
  if (!dashes) {
    AppendHex(event.event_id_high, 16, out);
    AppendHex(event.event_id_low, 16, out);
    return;
  }
  AppendHex(event.event_id_high >> 32, 8, out);
  out->push_back('-');
  AppendHex(event.event_id_high >> 16, 4, out);
  out->push_back('-');
  AppendHex((event.event_id_high & 0x0fff) | 0x4000, 4, out);  // version 4
  out->push_back('-');
  AppendHex((event.event_id_low >> 48 & 0x3fff) | 0x8000, 4, out);  // RFC variant
  out->push_back('-');
  AppendHex(event.event_id_low, 12, out);
}

void AppendImage(const Item& item, std::string* out) {
  out->push_back('{');
  bool first = true;
  item.ForEach([&](AttributeName name, ItemValue value) {
    out->append(first ? "\"" : ",\"").append(AttributeNameText(name)).append("\":");
    first = false;
    AppendWireValue(value, out);
  });
  out->push_back('}');
}

void AppendImages(const ChangeEvent& event, std::string* out) {
  const Item& keyed = event.new_image != nullptr ? *event.new_image : *event.old_image;
  out->append(",\"Keys\":{\"transaction_id\":");
  AppendWireValue(*keyed.Find(AttributeName::kTransactionId), out);
  out->push_back('}');
  if (event.new_image != nullptr) {
    out->append(",\"NewImage\":");
    AppendImage(*event.new_image, out);
  }
  if (event.old_image != nullptr) {
    out->append(",\"OldImage\":");
    AppendImage(*event.old_image, out);
  }
}

uint64_t SizeBytes(const Item& item) {
  uint64_t bytes = 0;
  item.ForEach([&bytes](AttributeName name, ItemValue value) {
    bytes += AttributeNameText(name).size();
    switch (value.type) {
      case AttributeType::kNumber:
        bytes += value.text.size() / 2 + 1;
        break;
      case AttributeType::kBool:
      case AttributeType::kNull:
        bytes += 1;
        break;
      default:
        bytes += IsNested(value.type) ? WireJsonOf(value.text).size() / 2 : value.text.size();
    }
  });
  return bytes;
}

uint64_t SizeBytes(const ChangeEvent& event) {
  constexpr uint64_t kKeyBytes = sizeof("transaction_id") - 1 + 36;
  return kKeyBytes + (event.new_image ? SizeBytes(*event.new_image) : 0) +
         (event.old_image ? SizeBytes(*event.old_image) : 0);
}

void AppendStreamsJson(const ChangeEvent& event, std::string* out) {
  out->append("{\"eventID\":\"");
  AppendEventId(event, false, out);
  out->append("\",\"eventName\":\"").append(record::EventNameText(event.event));
  out->append(
      "\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\",\"awsRegion\":\"us-east-1\","
      "\"dynamodb\":{\"ApproximateCreationDateTime\":");
  AppendInteger(static_cast<uint64_t>(event.change_micros / base::kMicrosPerSecond), out);
  out->append(".0");
  AppendImages(event, out);
  out->append(",\"SequenceNumber\":\"").append(SequenceNumberText(event.sequence));
  out->append("\",\"SizeBytes\":");
  AppendInteger(SizeBytes(event), out);
  out->append(",\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}");
  if (event.expired) {
    out->append(
        ",\"userIdentity\":{\"PrincipalId\":\"dynamodb.amazonaws.com\",\"Type\":\"Service\"}");
  }
  out->push_back('}');
}

void AppendKinesisJson(const ChangeEvent& event, std::string* out) {
  out->append("{\"awsRegion\":\"us-east-1\",\"eventID\":\"");
  AppendEventId(event, true, out);
  out->append("\",\"eventName\":\"").append(record::EventNameText(event.event));
  out->append("\",\"userIdentity\":");
  out->append(event.expired ? "{\"principalId\":\"dynamodb.amazonaws.com\",\"type\":\"Service\"}"
                            : "null");
  out->append(
      ",\"recordFormat\":\"application/json\",\"tableName\":\"CryptoTransactions\","
      "\"dynamodb\":{\"ApproximateCreationDateTime\":");
  AppendInteger(static_cast<uint64_t>(event.change_micros), out);
  AppendImages(event, out);
  out->append(",\"SizeBytes\":");
  AppendInteger(SizeBytes(event), out);
  out->append(
      ",\"ApproximateCreationDateTimePrecision\":\"MICROSECOND\"},"
      "\"eventSource\":\"aws:dynamodb\"}");
}

}  // namespace

std::string SequenceNumberText(uint64_t sequence) {
  const std::string digits = std::to_string(sequence);
  return "175100" + std::string(20 - digits.size(), '0') + digits;
}

void AppendWireValue(const ItemValue& value, std::string* out) {
  if (IsNested(value.type)) {
    out->append(WireJsonOf(value.text));
  } else {
    AppendWireScalar(value.type, value.text, out);
  }
}

void AppendEventJson(record::RecordShape shape, const ChangeEvent& event, std::string* out) {
  if (shape == record::RecordShape::kStreams) {
    AppendStreamsJson(event, out);
  } else {
    AppendKinesisJson(event, out);
  }
}

}  // namespace tapelake::source
