#include "base/json.h"

#include <charconv>
#include <cmath>
#include <utility>

#include <simdjson.h>

#include "base/assert.h"

namespace tapelake::base {

namespace {

bool NeedsEscape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

/// Whether any character does. Looks at all of them: the compiler makes vectors of it.
bool AnyNeedsEscape(std::string_view text) {
  bool any = false;
  for (const char c : text)
    any |= NeedsEscape(c);
  return any;
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  if (!AnyNeedsEscape(text)) {
    out->append(text).push_back('"');
    return;
  }
  size_t clean_from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!NeedsEscape(text[i])) continue;
    const auto c = static_cast<unsigned char>(text[i]);
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

template <typename Text>
int64_t BasicJsonValue<Text>::AsInt(int64_t otherwise) const {
  if (type_ != Type::kNumber) return otherwise;
  int64_t value = 0;
  const char* end = text_.data() + text_.size();
  const auto parsed = std::from_chars(text_.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end ? value : otherwise;
}

template <typename Text>
const BasicJsonValue<Text>* BasicJsonValue<Text>::Find(std::string_view key) const {
  for (const Member& member : members_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

template class BasicJsonValue<std::string>;
template class BasicJsonValue<std::string_view>;

/// What views point into: the text, and its strings without escapes.
struct JsonDocument::Memory {
  simdjson::padded_string copy;  // of the text, where it has no room behind it
  simdjson::ondemand::parser parser;
};

/// Converts simdjson's On-Demand view, which can be walked once, to values that stay.
class JsonReader {
 public:
  template <typename Value>
  static Status Read(simdjson::padded_string_view text, simdjson::ondemand::parser* parser,
                     Value* out) {
    simdjson::ondemand::document document;
    simdjson::error_code error = parser->iterate(text).get(document);
    if (!error) error = ConvertDocument(document, out);
    if (!error && !document.at_end()) error = simdjson::TRAILING_CONTENT;
    if (!error) return Status::OK();
    return MakeError(ErrorKind::kInvalid,
                     std::string("not valid JSON: ") + simdjson::error_message(error));
  }

 private:
  static constexpr int kDepthMax = 256;
  static constexpr size_t kMembersUsual = 2;  // at least

  template <typename Value>
  static simdjson::error_code ConvertDocument(simdjson::ondemand::document& document, Value* out) {
    bool scalar = false;
    if (auto error = document.is_scalar().get(scalar)) return error;
    if (scalar) return ConvertScalar(document, out);
    simdjson::ondemand::value value;
    if (auto error = document.get_value().get(value)) return error;
    return Convert(value, 0, out);
  }

  template <typename Source, typename Text>
  static simdjson::error_code ConvertScalar(Source& source, BasicJsonValue<Text>* out) {
    using Type = typename BasicJsonValue<Text>::Type;
    simdjson::ondemand::json_type type;
    if (auto error = source.type().get(type)) return error;
    switch (type) {
      case simdjson::ondemand::json_type::null: {
        out->type_ = Type::kNull;
        bool null = false;
        if (auto error = source.is_null().get(null)) return error;
        return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
      }
      case simdjson::ondemand::json_type::boolean:
        out->type_ = Type::kBool;
        return source.get_bool().get(out->boolean_);
      case simdjson::ondemand::json_type::number: {
        out->type_ = Type::kNumber;
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
        out->text_ = Text(token);
        return simdjson::SUCCESS;
      }
      default: {
        out->type_ = Type::kString;
        std::string_view text;
        if (auto error = source.get_string().get(text)) return error;
        out->text_ = Text(text);
        return simdjson::SUCCESS;
      }
    }
  }

  template <typename Text>
  static simdjson::error_code Convert(simdjson::ondemand::value& value, int depth,
                                      BasicJsonValue<Text>* out) {
    using Type = typename BasicJsonValue<Text>::Type;
    if (depth > kDepthMax) return simdjson::DEPTH_ERROR;
    simdjson::ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::array) {
      out->type_ = Type::kArray;
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
    out->type_ = Type::kObject;
    simdjson::ondemand::object object;
    if (auto error = value.get_object().get(object)) return error;
    for (auto field : object) {
      if (out->members_.empty()) out->members_.reserve(kMembersUsual);
      std::string_view key;
      if (auto error = field.unescaped_key().get(key)) return error;
      simdjson::ondemand::value inner;
      out->members_.emplace_back();
      out->members_.back().key = Text(key);
      if (auto error = field.value().get(inner)) return error;
      if (auto error = Convert(inner, depth + 1, &out->members_.back().value)) return error;
    }
    return simdjson::SUCCESS;
  }
};

Result<JsonValue> ParseJson(std::string_view text) {
  const simdjson::padded_string padded(text);
  simdjson::ondemand::parser parser;
  JsonValue value;
  TAPELAKE_RETURN_NOT_OK(JsonReader::Read(padded, &parser, &value));
  return value;
}

JsonDocument::JsonDocument(std::unique_ptr<Memory> memory) : memory_(std::move(memory)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

Result<JsonDocument> JsonDocument::Parse(std::string_view text, size_t room) {
  static_assert(kJsonRoomBytes >= simdjson::SIMDJSON_PADDING);
  JsonDocument document(std::make_unique<Memory>());
  Memory& memory = *document.memory_;
  if (room < kJsonRoomBytes) memory.copy = simdjson::padded_string(text);
  const simdjson::padded_string_view padded =
      room < kJsonRoomBytes ? simdjson::padded_string_view(memory.copy)
                            : simdjson::padded_string_view(text, text.size() + room);
  TAPELAKE_RETURN_NOT_OK(JsonReader::Read(padded, &memory.parser, &document.root_));
  return document;
}

}  // namespace tapelake::base
