#include "transform/typed_value.h"

#include <string>

#include "base/base64.h"
#include "transform/json_text.h"

namespace tapelake::transform {
namespace {

using record::AttributeType;

bool ParseAttributeType(std::string_view text, record::AttributeType* type) {
  if (text.size() == 1) {
    switch (text[0]) {
      case 'S':
        *type = AttributeType::kString;
        return true;
      case 'N':
        *type = AttributeType::kNumber;
        return true;
      case 'B':
        *type = AttributeType::kBinary;
        return true;
      case 'M':
        *type = AttributeType::kMap;
        return true;
      case 'L':
        *type = AttributeType::kList;
        return true;
      default:
        return false;
    }
  }
  for (const AttributeType longer :
       {AttributeType::kBool, AttributeType::kNull, AttributeType::kStringSet,
        AttributeType::kNumberSet, AttributeType::kBinarySet}) {
    if (text == record::AttributeTypeText(longer)) {
      *type = longer;
      return true;
    }
  }
  return false;
}

[[gnu::cold, gnu::noinline]] bool Refuse(ParseContext& context, const char* at,
                                         std::string_view what) {
  return context.Fail(ParseError::kInvalidAttribute, at, what);
}

bool ReadStringValue(ParseContext& context, AttributeType type, StringToken* string) {
  const char* quote = context.Take();
  if (*quote == '"') [[likely]]
    return context.ReadString(quote, string);
  return Refuse(context, quote,
                "the value of " + std::string(AttributeTypeText(type)) + " is no string");
}

bool ReadNumber(ParseContext& context, ScalarValue* value) {
  StringToken string;
  if (!ReadStringValue(context, AttributeType::kNumber, &string)) return false;
  value->text = string.text;
  value->json = string.text;
  const NumberForm form = ClassifyNumber(string.text);
  if (form == NumberForm::kJson) [[likely]]
    return true;
  if (form == NumberForm::kNone) {
    return Refuse(context, string.token.data(), "the value of N is no decimal number");
  }
  std::string json;
  AppendAsJsonNumber(string.text, &json);
  value->json = context.arena().Copy(json);
  return true;
}

/// Every text of a change has readable bytes behind it; a literal of the program has none.
constexpr char kPaddedNull[4 + record::kRecordPaddingBytes + 1] = "null";
constexpr std::string_view kNullText(kPaddedNull, 4);

bool ReadLiteral(ParseContext& context, AttributeType type, ScalarValue* value) {
  const char* start = context.Take();
  const bool null = type == AttributeType::kNull;
  if (*start == 't' || (*start == 'f' && !null)) {
    value->text = context.TokenFrom(start);
    value->json = value->text;
    if (null && value->text == "true") {
      value->text = kNullText;
      value->json = kNullText;
      return true;
    }
    if (!null && (value->text == "true" || value->text == "false")) return true;
  }
  return Refuse(
      context, start,
      null ? "the value of NULL is not true" : "the value of BOOL is neither true nor false");
}

}  // namespace

bool TypedValueReader::Open(AttributeType* type) {
  start_ = context_.Take();
  if (*start_ != '{') [[unlikely]]
    return Refuse(context_, start_, "the value is no object");
  if (*context_.Peek() == '}') [[unlikely]]
    return Refuse(context_, start_, "the value is empty");
  StringToken name;
  if (!context_.ReadName(&name)) [[unlikely]]
    return false;
  if (ParseAttributeType(name.text, type)) [[likely]]
    return true;
  return Refuse(context_, name.token.data(), "there is no such attribute type");
}

bool TypedValueReader::Close() {
  const char* close = context_.Take();
  end_ = close + 1;
  if (*close == '}') [[likely]]
    return true;
  if (*close != ',') return context_.FailJson(close, "'}' is missing after a value");
  return Refuse(context_, close, "the value has more than one type member");
}

bool ReadScalar(ParseContext& context, AttributeType type, ScalarValue* value) {
  switch (type) {
    case AttributeType::kNumber:
      return ReadNumber(context, value);
    case AttributeType::kBool:
    case AttributeType::kNull:
      return ReadLiteral(context, type, value);
    default:
      break;
  }
  StringToken string;
  if (!ReadStringValue(context, type, &string)) return false;
  value->text = string.text;
  value->json = string.token;
  if (type == AttributeType::kBinary && !base::IsBase64(string.text)) {
    return Refuse(context, string.token.data(), "the value of B is no base64");
  }
  return true;
}

}  // namespace tapelake::transform
