#include "serve/aws/wire_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/base64.h"
#include "base/time.h"

namespace tapelake::serve {
namespace {

/// Beyond it a number of seconds is no time of this or the next ten thousand years.
constexpr double kSecondsMax = 253'402'300'800;

std::optional<int64_t> MicrosOfSeconds(double seconds) {
  if (!(std::abs(seconds) < kSecondsMax)) return std::nullopt;
  return static_cast<int64_t>(std::llround(seconds * 1e6));
}

std::optional<int64_t> JsonTimeMicros(const base::JsonView& value) {
  if (value.is_string()) {
    const auto parsed = base::ParseIso8601(value.text());
    return parsed ? std::optional(parsed->micros) : std::nullopt;
  }
  if (!value.is_number()) return std::nullopt;
  const std::string_view text = value.text();
  double seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return MicrosOfSeconds(seconds);
}

std::optional<int64_t> CborTimeMicros(const CborValue& value) {
  if (value.type == CborValue::Type::kDouble) return MicrosOfSeconds(value.number);
  if (value.type != CborValue::Type::kInteger) return std::nullopt;
  if (std::abs(static_cast<double>(value.integer)) >= kSecondsMax * 1e3) return std::nullopt;
  return value.integer * 1'000;
}

size_t CountMarks(std::string_view json) {
  // A block's count fits in a byte, so that the compiler can count in vectors of them.
  constexpr size_t kBlockBytes = 192;
  size_t marks = 0;
  for (size_t at = 0; at < json.size(); at += kBlockBytes) {
    uint8_t count = 0;
    for (const char c : json.substr(at, kBlockBytes))
      count = static_cast<uint8_t>(count + (c == ',' || c == '[' || c == '{' || c == ':' ? 1 : 0));
    marks += count;
  }
  return marks;
}

int64_t FloorMillis(int64_t micros) {
  return micros >= 0 ? micros / 1'000 : -((-micros + 999) / 1'000);
}

}  // namespace

const base::JsonView* WireValue::json() const {
  const auto* json = std::get_if<const base::JsonView*>(&value_);
  return json == nullptr ? nullptr : *json;
}

const CborValue* WireValue::cbor() const {
  const auto* cbor = std::get_if<const CborValue*>(&value_);
  return cbor == nullptr ? nullptr : *cbor;
}

bool WireValue::absent() const {
  if (json() != nullptr) return json()->is_null();
  return cbor() == nullptr || cbor()->type == CborValue::Type::kNull;
}

bool WireValue::IsMap() const {
  if (json() != nullptr) return json()->is_object();
  return cbor() != nullptr && cbor()->type == CborValue::Type::kMap;
}

bool WireValue::IsList() const {
  if (json() != nullptr) return json()->is_array();
  return cbor() != nullptr && cbor()->type == CborValue::Type::kArray;
}

std::optional<std::string_view> WireValue::Text() const {
  if (json() != nullptr && json()->is_string()) return json()->text();
  if (cbor() != nullptr && cbor()->type == CborValue::Type::kText) return cbor()->text;
  return std::nullopt;
}

std::optional<int64_t> WireValue::Integer() const {
  if (cbor() != nullptr && cbor()->type == CborValue::Type::kInteger) return cbor()->integer;
  if (json() == nullptr || !json()->is_number()) return std::nullopt;
  // Whatever is no integer differs from one of two defaults.
  const int64_t value = json()->AsInt(0);
  return value == json()->AsInt(1) ? std::optional(value) : std::nullopt;
}

std::optional<bool> WireValue::Bool() const {
  if (json() != nullptr && json()->type() == base::JsonView::Type::kBool) return json()->boolean();
  if (cbor() != nullptr && cbor()->type == CborValue::Type::kBool) return cbor()->boolean;
  return std::nullopt;
}

std::optional<std::string> WireValue::Blob() const {
  if (cbor() != nullptr && cbor()->type == CborValue::Type::kBytes) return cbor()->text;
  if (json() == nullptr || !json()->is_string()) return std::nullopt;
  const std::string_view text = json()->text();
  std::string bytes(base::Base64DecodedSizeMax(text.size()) + base::kBase64SlackBytes, '\0');
  size_t size = 0;
  if (!base::DecodeBase64(text, bytes.data(), &size)) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

std::optional<int64_t> WireValue::TimeMicros() const {
  if (json() != nullptr) return JsonTimeMicros(*json());
  return cbor() == nullptr ? std::nullopt : CborTimeMicros(*cbor());
}

WireValue WireValue::Find(std::string_view key) const {
  if (json() != nullptr) return WireValue(json()->Find(key));
  return cbor() == nullptr ? WireValue() : WireValue(cbor()->Find(key));
}

size_t WireValue::size() const {
  if (json() != nullptr) return json()->items().size();
  return cbor() == nullptr ? 0 : cbor()->items.size();
}

WireValue WireValue::At(size_t index) const {
  if (json() != nullptr) return WireValue(&json()->items()[index]);
  return cbor() == nullptr ? WireValue() : WireValue(&cbor()->items[index]);
}

Result<WireDocument> WireDocument::Parse(WireFormat format, std::string_view bytes, size_t room) {
  WireDocument document;
  if (format == WireFormat::kCbor) {
    const std::string_view empty = "\xa0";
    TAPELAKE_ASSIGN_OR_RAISE(document.value_, ParseCbor(bytes.empty() ? empty : bytes));
  } else {
    if (CountMarks(bytes) > kJsonMarksMax) {
      return MakeError(ErrorKind::kInvalid,
                       "the request has more than " + std::to_string(kJsonMarksMax) + " values");
    }
    TAPELAKE_ASSIGN_OR_RAISE(document.value_, bytes.empty()
                                                  ? base::JsonDocument::Parse("{}")
                                                  : base::JsonDocument::Parse(bytes, room));
  }
  if (!document.root().IsMap()) {
    return MakeError(ErrorKind::kInvalid, "the request is no map of members");
  }
  return document;
}

WireValue WireDocument::root() const {
  if (const auto* json = std::get_if<base::JsonDocument>(&value_)) {
    return WireValue(&json->root());
  }
  return WireValue(std::get_if<CborValue>(&value_));
}

void JsonAnswerWriter::Blob(std::string_view bytes) {
  std::string text = "\"";
  base::AppendBase64(bytes, &text);
  text.push_back('"');
  writer_.Raw(text);
}

void JsonAnswerWriter::TimeMicros(int64_t micros) {
  const int64_t millis = FloorMillis(micros);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%s%lld.%03lld", millis < 0 ? "-" : "",
                static_cast<long long>(std::abs(millis) / 1'000),
                static_cast<long long>(std::abs(millis) % 1'000));
  writer_.Raw(text.data());
}

void CborAnswerWriter::TimeMicros(int64_t micros) {
  // Milliseconds, without the tag that would make it seconds: what the SDK for Java expects.
  writer_.Integer(FloorMillis(micros));
}

}  // namespace tapelake::serve
