#include "base/json.h"

#include <charconv>
#include <cmath>

#include <simdjson.h>

#include "base/assert.h"

namespace tapelake::base {

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  size_t clean_from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text, clean_from, i - clean_from);
    clean_from = i + 1;
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\b':
        out->append("\\b");
        break;
      case '\f':
        out->append("\\f");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        out->append("\\u00");
        out->push_back(kHex[c >> 4]);
        out->push_back(kHex[c & 15]);
    }
  }
  out->append(text, clean_from, text.size() - clean_from);
  out->push_back('"');
}

void JsonWriter::Indent() {
  if (!pretty_) return;
  out_->push_back('\n');
  out_->append(filled_.size() * 2, ' ');
}

void JsonWriter::BeforeValue() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (filled_.empty()) return;
  if (filled_.back()) out_->push_back(',');
  filled_.back() = true;
  Indent();
}

void JsonWriter::Close(char bracket) {
  TAPELAKE_ASSERT(!filled_.empty() && !after_key_);
  const bool had_values = filled_.back();
  filled_.pop_back();
  if (had_values) Indent();
  out_->push_back(bracket);
}

JsonWriter& JsonWriter::BeginObject() {
  BeforeValue();
  out_->push_back('{');
  filled_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  Close('}');
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  BeforeValue();
  out_->push_back('[');
  filled_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  Close(']');
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  TAPELAKE_ASSERT(!after_key_);
  BeforeValue();
  AppendJsonString(key, out_);
  out_->append(pretty_ ? ": " : ":");
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  BeforeValue();
  AppendJsonString(value, out_);
  return *this;
}

JsonWriter& JsonWriter::Int(int64_t value) {
  return Raw(std::to_string(value));
}

JsonWriter& JsonWriter::Double(double value) {
  if (!std::isfinite(value)) return Null();  // JSON has no infinities
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return Raw(std::string_view(buffer, static_cast<size_t>(end.ptr - buffer)));
}

JsonWriter& JsonWriter::Bool(bool value) {
  return Raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::Null() {
  return Raw("null");
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  BeforeValue();
  out_->append(json);
  return *this;
}

int64_t JsonValue::AsInt(int64_t otherwise) const {
  if (type_ != Type::kNumber) return otherwise;
  int64_t value = 0;
  const char* end = text_.data() + text_.size();
  const auto parsed = std::from_chars(text_.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end ? value : otherwise;
}

const JsonValue* JsonValue::Find(std::string_view key) const {
  for (const Member& member : members_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

/// Converts simdjson's On-Demand view, which dies with its buffer, to values of our own.
class JsonParser {
 public:
  Result<JsonValue> Parse(std::string_view text) {
    const simdjson::padded_string padded(text);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    JsonValue out;
    simdjson::error_code error = parser.iterate(padded).get(document);
    if (!error) error = ConvertDocument(document, &out);
    if (!error && !document.at_end()) error = simdjson::TRAILING_CONTENT;
    if (error) {
      return MakeError(ErrorKind::kInvalid,
                       std::string("not valid JSON: ") + simdjson::error_message(error));
    }
    return out;
  }

 private:
  static constexpr int kDepthMax = 256;

  simdjson::error_code ConvertDocument(simdjson::ondemand::document& document, JsonValue* out) {
    bool scalar = false;
    if (auto error = document.is_scalar().get(scalar)) return error;
    if (scalar) return ConvertScalar(document, out);
    simdjson::ondemand::value value;
    if (auto error = document.get_value().get(value)) return error;
    return Convert(value, 0, out);
  }

  template <typename Source>
  simdjson::error_code ConvertScalar(Source& source, JsonValue* out) {
    simdjson::ondemand::json_type type;
    if (auto error = source.type().get(type)) return error;
    switch (type) {
      case simdjson::ondemand::json_type::null: {
        out->type_ = JsonValue::Type::kNull;
        bool null = false;
        if (auto error = source.is_null().get(null)) return error;
        return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
      }
      case simdjson::ondemand::json_type::boolean:
        out->type_ = JsonValue::Type::kBool;
        return source.get_bool().get(out->boolean_);
      case simdjson::ondemand::json_type::number: {
        out->type_ = JsonValue::Type::kNumber;
        std::string_view token;
        if constexpr (std::is_same_v<Source, simdjson::ondemand::document>) {
          if (auto error = source.raw_json_token().get(token)) return error;
        } else {
          token = source.raw_json_token();
        }
        simdjson::ondemand::number number;
        if (auto error = source.get_number().get(number);
            error && error != simdjson::BIGINT_ERROR) {
          return error;
        }
        while (!token.empty() && static_cast<unsigned char>(token.back()) <= 0x20) {
          token.remove_suffix(1);
        }
        out->text_ = std::string(token);
        return simdjson::SUCCESS;
      }
      default: {
        out->type_ = JsonValue::Type::kString;
        std::string_view text;
        if (auto error = source.get_string().get(text)) return error;
        out->text_ = std::string(text);
        return simdjson::SUCCESS;
      }
    }
  }

  simdjson::error_code Convert(simdjson::ondemand::value& value, int depth, JsonValue* out) {
    if (depth > kDepthMax) return simdjson::DEPTH_ERROR;
    simdjson::ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::array) {
      out->type_ = JsonValue::Type::kArray;
      simdjson::ondemand::array array;
      if (auto error = value.get_array().get(array)) return error;
      for (auto item : array) {
        simdjson::ondemand::value inner;
        if (auto error = item.get(inner)) return error;
        out->items_.emplace_back();
        if (auto error = Convert(inner, depth + 1, &out->items_.back())) return error;
      }
      return simdjson::SUCCESS;
    }
    if (type != simdjson::ondemand::json_type::object) return ConvertScalar(value, out);
    out->type_ = JsonValue::Type::kObject;
    simdjson::ondemand::object object;
    if (auto error = value.get_object().get(object)) return error;
    for (auto field : object) {
      std::string_view key;
      if (auto error = field.unescaped_key().get(key)) return error;
      simdjson::ondemand::value inner;
      out->members_.emplace_back();
      out->members_.back().key = std::string(key);
      if (auto error = field.value().get(inner)) return error;
      if (auto error = Convert(inner, depth + 1, &out->members_.back().value)) return error;
    }
    return simdjson::SUCCESS;
  }
};

Result<JsonValue> ParseJson(std::string_view text) {
  return JsonParser().Parse(text);
}

}  // namespace tapelake::base
