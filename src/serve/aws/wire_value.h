#pragma once

/// Requests and answers in the encodings of AWS's protocols: JSON and CBOR say the same.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "base/status.h"
#include "serve/aws/cbor.h"

namespace tapelake::serve {

enum class WireFormat : uint8_t { kJson = 1, kCbor = 2 };

/// More commas and brackets than this make no request of ours, and would fill the memory.
inline constexpr size_t kJsonMarksMax = 200'000;

/// One value of a request, seen without its encoding. A view, cheap to copy; its WireDocument
/// outlives it.
class WireValue {
 public:
  WireValue() = default;
  explicit WireValue(const base::JsonView* json) : value_(json) {}
  explicit WireValue(const CborValue* cbor) : value_(cbor) {}

  /// Not there, or null: the same for AWS.
  bool absent() const;
  bool IsMap() const;
  bool IsList() const;

  // What it is; nullopt: something else.

  std::optional<std::string_view> Text() const;
  std::optional<int64_t> Integer() const;
  std::optional<bool> Bool() const;
  /// Bytes: base64 in JSON.
  std::optional<std::string> Blob() const;
  /// A moment, microseconds since 1970 UTC. JSON: seconds as a number, or ISO-8601 text. CBOR:
  /// milliseconds as an integer, seconds as a float.
  std::optional<int64_t> TimeMicros() const;

  WireValue Find(std::string_view key) const;
  size_t size() const;  ///< Of a list.
  WireValue At(size_t index) const;

 private:
  const base::JsonView* json() const;
  const CborValue* cbor() const;

  std::variant<const base::JsonView*, const CborValue*> value_;
};

/// A request's body, parsed.
class WireDocument {
 public:
  /// No bytes are an empty map. `room` and how long `bytes` must live: see JsonDocument. Errors:
  /// kInvalid (no value, no map, too many values).
  static Result<WireDocument> Parse(WireFormat format, std::string_view bytes, size_t room = 0);

  /// The map. Valid as long as the document stays where it is.
  WireValue root() const;

 private:
  std::variant<CborValue, base::JsonDocument> value_;
};

/// Writes an answer. One thread; the caller sees to it that what is begun is ended.
class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;

  virtual void BeginMap() = 0;
  virtual void EndMap() = 0;
  virtual void BeginList() = 0;
  virtual void EndList() = 0;
  virtual void Key(std::string_view key) = 0;
  virtual void Text(std::string_view text) = 0;
  virtual void Integer(int64_t value) = 0;
  virtual void Bool(bool value) = 0;
  virtual void Blob(std::string_view bytes) = 0;
  virtual void TimeMicros(int64_t micros) = 0;  ///< To the millisecond, as AWS does.

  // Members of a map.

  void Text(std::string_view key, std::string_view text) {
    Key(key);
    Text(text);
  }
  void Integer(std::string_view key, int64_t value) {
    Key(key);
    Integer(value);
  }
  void Bool(std::string_view key, bool value) {
    Key(key);
    Bool(value);
  }
};

class JsonAnswerWriter : public AnswerWriter {
 public:
  explicit JsonAnswerWriter(std::string* out) : writer_(out) {}
  using AnswerWriter::Bool;
  using AnswerWriter::Integer;
  using AnswerWriter::Text;
  void BeginMap() override { writer_.BeginObject(); }
  void EndMap() override { writer_.EndObject(); }
  void BeginList() override { writer_.BeginArray(); }
  void EndList() override { writer_.EndArray(); }
  void Key(std::string_view key) override { writer_.Key(key); }
  void Text(std::string_view text) override { writer_.String(text); }
  void Integer(int64_t value) override { writer_.Int(value); }
  void Bool(bool value) override { writer_.Bool(value); }
  void Blob(std::string_view bytes) override;
  void TimeMicros(int64_t micros) override;

 private:
  base::JsonWriter writer_;
};

class CborAnswerWriter : public AnswerWriter {
 public:
  explicit CborAnswerWriter(std::string* out) : writer_(out) {}
  using AnswerWriter::Bool;
  using AnswerWriter::Integer;
  using AnswerWriter::Text;
  void BeginMap() override { writer_.BeginMap(); }
  void EndMap() override { writer_.End(); }
  void BeginList() override { writer_.BeginArray(); }
  void EndList() override { writer_.End(); }
  void Key(std::string_view key) override { writer_.Text(key); }
  void Text(std::string_view text) override { writer_.Text(text); }
  void Integer(int64_t value) override { writer_.Integer(value); }
  void Bool(bool value) override { writer_.Bool(value); }
  void Blob(std::string_view bytes) override { writer_.Bytes(bytes); }
  void TimeMicros(int64_t micros) override;

 private:
  CborWriter writer_;
};

}  // namespace tapelake::serve
