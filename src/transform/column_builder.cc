#include "transform/column_builder.h"

#include <charconv>
#include <cmath>

#include <arrow/array/array_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/util/decimal.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/time.h"

namespace tapelake::transform {
namespace {

using record::Attribute;
using record::AttributeType;
using record::ColumnDefinition;
using record::ColumnKind;

constexpr int64_t kTimeMicrosMin = -62'135'596'800'000'000;  // 0001-01-01
constexpr int64_t kTimeMicrosMax = 253'402'300'799'999'999;  // the end of the year 9999

/// Number text * 10^scale, cut to an integer.
std::optional<AttributeTime> ReadScaledTime(std::string_view number, int scale) {
  constexpr int kScaleMax = 18;
  base::Int128 value = 0;
  AttributeTime time;
  if (base::ParseDecimal(number, 38, scale, &value) != base::DecimalOutcome::kOk) {
    if (base::ParseDecimal(number, 38, kScaleMax, &value) != base::DecimalOutcome::kOk) return {};
    for (int i = scale; i < kScaleMax; ++i) {
      // Cut towards the past, as the calendar does for text.
      value = value / 10 - (value % 10 < 0 ? 1 : 0);
    }
    time.exact = false;
  }
  if (value < kTimeMicrosMin || value > kTimeMicrosMax) return {};
  time.micros = static_cast<int64_t>(value);
  return time;
}

std::optional<AttributeTime> ReadIsoTime(std::string_view text) {
  const auto parsed = base::ParseIso8601(text);
  if (!parsed || parsed->micros < kTimeMicrosMin || parsed->micros > kTimeMicrosMax) return {};
  return AttributeTime{.micros = parsed->micros, .exact = parsed->exact};
}

std::unique_ptr<arrow::ArrayBuilder> MakeArrayBuilder(
    const std::shared_ptr<arrow::DataType>& type) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  const Status status = arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder);
  TAPELAKE_ASSERT(status.ok());
  return builder;
}

Status Overflow(const std::string& column, const Status& status) {
  if (status.ok()) return status;
  return MakeError(ErrorKind::kThrottled,
                   "column '" + column + "': " + status.message() + "; commit more often");
}

}  // namespace

std::optional<AttributeTime> ReadTime(ColumnKind kind, const Attribute& attribute) {
  if (kind == ColumnKind::kTimestamp) {
    if (attribute.type != AttributeType::kString) return {};
    return ReadIsoTime(attribute.text);
  }
  if (attribute.type != AttributeType::kNumber) return {};
  switch (kind) {
    case ColumnKind::kTimestampSeconds:
      return ReadScaledTime(attribute.text, 6);
    case ColumnKind::kTimestampMillis:
      return ReadScaledTime(attribute.text, 3);
    case ColumnKind::kTimestampMicros:
      return ReadScaledTime(attribute.text, 0);
    default:
      return {};
  }
}

std::optional<ColumnDefinition> DefinitionOfType(const arrow::DataType& type) {
  ColumnDefinition definition;
  switch (type.id()) {
    case arrow::Type::STRING:
      definition.kind = ColumnKind::kString;
      break;
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
      definition.kind = ColumnKind::kDecimal;
      definition.precision = decimal.precision();
      definition.scale = decimal.scale();
      break;
    }
    case arrow::Type::INT64:
      definition.kind = ColumnKind::kBigint;
      break;
    case arrow::Type::DOUBLE:
      definition.kind = ColumnKind::kDouble;
      break;
    case arrow::Type::BOOL:
      definition.kind = ColumnKind::kBool;
      break;
    case arrow::Type::BINARY:
      definition.kind = ColumnKind::kBinary;
      break;
    case arrow::Type::TIMESTAMP:
      definition.kind = ColumnKind::kTimestamp;
      break;
    case arrow::Type::DATE32:
      definition.kind = ColumnKind::kDate;
      break;
    default:
      return {};
  }
  if (!ArrowTypeOf(definition)->Equals(type)) return {};
  return definition;
}

ColumnBuilder::ColumnBuilder(const ColumnDefinition& definition, bool any_text)
    : definition_(definition),
      any_text_(any_text),
      field_(arrow::field(definition.name, ArrowTypeOf(definition))),
      builder_(MakeArrayBuilder(field_->type())) {}

ColumnBuilder::ColumnBuilder(std::string name, std::shared_ptr<arrow::DataType> type)
    : converts_(false),
      field_(arrow::field(std::move(name), std::move(type))),
      builder_(MakeArrayBuilder(field_->type())) {}

Result<bool> ColumnBuilder::Append(const Attribute& attribute) {
  if (attribute.type == AttributeType::kNull) {
    TAPELAKE_RETURN_NOT_OK(AppendNull());
    return true;
  }
  if (!converts_) return false;
  switch (definition_.kind) {
    case ColumnKind::kString:
      return AppendString(attribute);
    case ColumnKind::kDecimal:
      return AppendDecimal(attribute);
    case ColumnKind::kBigint:
      return AppendBigint(attribute);
    case ColumnKind::kDouble:
      return AppendDouble(attribute);
    case ColumnKind::kBool:
      return AppendBool(attribute);
    case ColumnKind::kBinary:
      return AppendBinary(attribute);
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestampSeconds:
    case ColumnKind::kTimestampMillis:
    case ColumnKind::kTimestampMicros:
      return AppendTime(attribute);
    case ColumnKind::kDate:
      return AppendDate(attribute);
    case ColumnKind::kJson:
      return AppendJson(attribute);
  }
  return false;
}

Result<bool> ColumnBuilder::AppendDecimal(const Attribute& attribute) {
  base::Int128 value = 0;
  if (attribute.type != AttributeType::kNumber ||
      base::ParseDecimal(attribute.text, definition_.precision, definition_.scale, &value) !=
          base::DecimalOutcome::kOk) {
    return false;
  }
  const arrow::Decimal128 decimal(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value));
  TAPELAKE_RETURN_NOT_OK(static_cast<arrow::Decimal128Builder&>(*builder_).Append(decimal));
  bytes_ += 16;
  return true;
}

Result<bool> ColumnBuilder::AppendBigint(const Attribute& attribute) {
  base::Int128 value = 0;
  if (attribute.type != AttributeType::kNumber ||
      base::ParseDecimal(attribute.text, 19, 0, &value) != base::DecimalOutcome::kOk ||
      value < INT64_MIN || value > INT64_MAX) {
    return false;
  }
  TAPELAKE_RETURN_NOT_OK(AppendInteger(static_cast<int64_t>(value)));
  return true;
}

Result<bool> ColumnBuilder::AppendDouble(const Attribute& attribute) {
  if (attribute.type != AttributeType::kNumber) return false;
  std::string_view text = attribute.text;
  if (text.front() == '+') text.remove_prefix(1);  // from_chars takes no plus
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || !std::isfinite(value)) return false;
  TAPELAKE_RETURN_NOT_OK(static_cast<arrow::DoubleBuilder&>(*builder_).Append(value));
  bytes_ += 8;
  return true;
}

Result<bool> ColumnBuilder::AppendBool(const Attribute& attribute) {
  if (attribute.type != AttributeType::kBool) return false;
  const bool value = attribute.text == "true";
  TAPELAKE_RETURN_NOT_OK(static_cast<arrow::BooleanBuilder&>(*builder_).Append(value));
  bytes_ += 1;
  return true;
}

Result<bool> ColumnBuilder::AppendBinary(const Attribute& attribute) {
  if (attribute.type != AttributeType::kBinary) return false;
  scratch_.resize(base::Base64DecodedSizeMax(attribute.text.size()) + base::kBase64SlackBytes);
  size_t size = 0;
  if (!base::DecodeBase64(attribute.text, scratch_.data(), &size)) return false;
  auto& builder = static_cast<arrow::BinaryBuilder&>(*builder_);
  TAPELAKE_RETURN_NOT_OK(
      Overflow(field_->name(), builder.Append(scratch_.data(), static_cast<int32_t>(size))));
  bytes_ += static_cast<int64_t>(size) + 4;
  return true;
}

Result<bool> ColumnBuilder::AppendTime(const Attribute& attribute) {
  const auto time = ReadTime(definition_.kind, attribute);
  if (!time || !time->exact) return false;
  TAPELAKE_RETURN_NOT_OK(AppendInteger(time->micros));
  return true;
}

Result<bool> ColumnBuilder::AppendDate(const Attribute& attribute) {
  constexpr size_t kDateBytes = 10;
  if (attribute.type != AttributeType::kString || attribute.text.size() != kDateBytes) return false;
  const auto time = ReadIsoTime(attribute.text);
  if (!time) return false;
  // The text has no time of day, so the division leaves no rest.
  const auto days = static_cast<int32_t>(time->micros / base::kMicrosPerDay);
  TAPELAKE_RETURN_NOT_OK(static_cast<arrow::Date32Builder&>(*builder_).Append(days));
  bytes_ += 4;
  return true;
}

Result<bool> ColumnBuilder::AppendString(const Attribute& attribute) {
  const bool nested = attribute.type >= AttributeType::kMap;
  if (attribute.type != AttributeType::kString && !(nested && any_text_)) return false;
  TAPELAKE_RETURN_NOT_OK(AppendText(attribute.text));
  return true;
}

Result<bool> ColumnBuilder::AppendJson(const Attribute& attribute) {
  if (attribute.type != AttributeType::kString && attribute.type != AttributeType::kBinary) {
    TAPELAKE_RETURN_NOT_OK(AppendText(attribute.json));
    return true;
  }
  scratch_.clear();
  base::AppendJsonString(attribute.text, &scratch_);
  TAPELAKE_RETURN_NOT_OK(AppendText(scratch_));
  return true;
}

Status ColumnBuilder::AppendText(std::string_view text) {
  TAPELAKE_RETURN_NOT_OK(
      Overflow(field_->name(), static_cast<arrow::StringBuilder&>(*builder_).Append(text)));
  bytes_ += static_cast<int64_t>(text.size()) + 4;
  return Status::OK();
}

Status ColumnBuilder::AppendInteger(int64_t value) {
  bytes_ += 8;
  if (field_->type()->id() == arrow::Type::TIMESTAMP) {
    return static_cast<arrow::TimestampBuilder&>(*builder_).Append(value);
  }
  return static_cast<arrow::Int64Builder&>(*builder_).Append(value);
}

Status ColumnBuilder::AppendNull() {
  bytes_ += 4;
  return builder_->AppendNull();
}

Status ColumnBuilder::FillTo(int64_t rows) {
  const int64_t missing = rows - builder_->length();
  bytes_ += missing * 4;
  return builder_->AppendNulls(missing);
}

Result<std::shared_ptr<arrow::Array>> ColumnBuilder::Finish() {
  bytes_ = 0;
  return builder_->Finish();
}

}  // namespace tapelake::transform
