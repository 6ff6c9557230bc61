#pragma once

/// JSON outside the hot path: a streaming writer and a reader for small documents.
/// (transform parses change records itself; see transform/README.md.)

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tapelake::base {

/// Append `text` as a JSON string with quotes and the fewest escapes: `"`, `\` and bytes below
/// 0x20. UTF-8 passes as it is. The same text always gives the same bytes.
void AppendJsonString(std::string_view text, std::string* out);

/// Write one JSON value to a string, commas and colons included. One thread; no validation of
/// nesting beyond assertions. Pretty mode indents by two spaces.
class JsonWriter {
 public:
  explicit JsonWriter(std::string* out, bool pretty = false) : out_(out), pretty_(pretty) {}

  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value);
  JsonWriter& Int(int64_t value);
  JsonWriter& Double(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  /// Append `json`, which must be one complete JSON value.
  JsonWriter& Raw(std::string_view json);

 private:
  void BeforeValue();
  void Indent();
  void Close(char bracket);

  std::string* out_;
  bool pretty_;
  bool after_key_ = false;
  std::vector<bool> filled_;  // per open bracket: holds a value already
};

/// An immutable JSON value. Objects keep the order of their members; numbers keep their text.
class JsonValue {
 public:
  enum class Type : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
  struct Member;

  Type type() const { return type_; }
  bool is_null() const { return type_ == Type::kNull; }
  bool is_object() const { return type_ == Type::kObject; }
  bool is_array() const { return type_ == Type::kArray; }
  bool is_string() const { return type_ == Type::kString; }
  bool is_number() const { return type_ == Type::kNumber; }
  /// The text of a string (unescaped) or number (as written); empty for other types.
  const std::string& text() const { return text_; }
  /// The boolean; false for other types.
  bool boolean() const { return boolean_; }
  /// The integer value of a number that is a 64-bit integer; `otherwise` in any other case.
  int64_t AsInt(int64_t otherwise) const;
  const std::vector<JsonValue>& items() const { return items_; }
  const std::vector<Member>& members() const { return members_; }
  /// The member named `key`, or nullptr.
  const JsonValue* Find(std::string_view key) const;

 private:
  friend class JsonParser;
  Type type_ = Type::kNull;
  bool boolean_ = false;
  std::string text_;
  std::vector<JsonValue> items_;
  std::vector<Member> members_;
};

struct JsonValue::Member {
  std::string key;
  JsonValue value;
};

/// Parse one strict JSON document. Errors: kInvalid, naming the reason.
Result<JsonValue> ParseJson(std::string_view text);

}  // namespace tapelake::base
