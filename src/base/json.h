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
/// `Text` is how texts are held: std::string or std::string_view.
template <typename Text>
class BasicJsonValue {
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
  const Text& text() const { return text_; }
  /// The boolean; false for other types.
  bool boolean() const { return boolean_; }
  /// The integer value of a number that is a 64-bit integer; `otherwise` in any other case.
  int64_t AsInt(int64_t otherwise) const;
  const std::vector<BasicJsonValue>& items() const { return items_; }
  const std::vector<Member>& members() const { return members_; }
  /// The member named `key`, or nullptr.
  const BasicJsonValue* Find(std::string_view key) const;

 private:
  friend class JsonReader;
  Type type_ = Type::kNull;
  bool boolean_ = false;
  Text text_;
  std::vector<BasicJsonValue> items_;
  std::vector<Member> members_;
};

template <typename Text>
struct BasicJsonValue<Text>::Member {
  Text key;
  BasicJsonValue value;
};

/// A value that holds its texts.
using JsonValue = BasicJsonValue<std::string>;
/// A value whose texts are in a JsonDocument.
using JsonView = BasicJsonValue<std::string_view>;

/// Parse one strict JSON document. Errors: kInvalid, naming the reason.
Result<JsonValue> ParseJson(std::string_view text);

/// What a parser may read behind a text.
inline constexpr size_t kJsonRoomBytes = 64;

/// A parsed document and the memory of its texts: cheaper than a JsonValue where texts are long.
class JsonDocument {
 public:
  /// As ParseJson(). `text` is not needed any more then, unless `room` says that so many bytes
  /// behind it may be read (whatever they are): with kJsonRoomBytes it is not copied, and must
  /// outlive the document.
  static Result<JsonDocument> Parse(std::string_view text, size_t room = 0);
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  /// Valid as long as the document stays where it is; its texts as long as there is one.
  const JsonView& root() const { return root_; }

 private:
  struct Memory;
  explicit JsonDocument(std::unique_ptr<Memory> memory);

  std::unique_ptr<Memory> memory_;
  JsonView root_;
};

}  // namespace tapelake::base
