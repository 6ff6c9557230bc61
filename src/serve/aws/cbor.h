#pragma once

/// CBOR (RFC 8949) as far as AWS clients speak it (`application/x-amz-cbor-1.1`), with a bound on
/// depth and number of values: what comes is hostile until proved otherwise.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace tapelake::serve {

inline constexpr int kCborDepthMax = 32;
/// A PutRecords of 500 records has about 2,000.
inline constexpr size_t kCborValuesMax = 200'000;

/// One value. Immutable once parsed.
struct CborValue {
  enum class Type : uint8_t {
    kNull = 1,  ///< Also `undefined`.
    kBool = 2,
    kInteger = 3,
    kDouble = 4,  ///< Floats of any size, and integers beyond 64 bits.
    kText = 5,    ///< Valid UTF-8.
    kBytes = 6,
    kArray = 7,
    kMap = 8,  ///< With keys of text.
  };
  struct Member;

  Type type = Type::kNull;
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;
  std::string text;  ///< Or bytes.
  std::vector<CborValue> items;
  std::vector<Member> members;

  /// The first member named `key`, or nullptr.
  const CborValue* Find(std::string_view key) const;
};

struct CborValue::Member {
  std::string key;
  CborValue value;
};

/// Parse one value that is all of `bytes`; definite and indefinite lengths, tags are passed over.
/// Errors: kInvalid, naming the offset and what is wrong. Pure; any thread.
Result<CborValue> ParseCbor(std::string_view bytes);

/// Writes one value; maps and arrays of indefinite length, as AWS does. One thread; the caller
/// sees to it that what is begun is ended.
class CborWriter {
 public:
  explicit CborWriter(std::string* out) : out_(out) {}

  void BeginMap() { out_->push_back('\xbf'); }
  void BeginArray() { out_->push_back('\x9f'); }
  void End() { out_->push_back('\xff'); }
  void Text(std::string_view text);
  void Bytes(std::string_view bytes);
  void Integer(int64_t value);
  void Bool(bool value) { out_->push_back(value ? '\xf5' : '\xf4'); }

 private:
  void Head(unsigned major, uint64_t argument);

  std::string* out_;
};

}  // namespace tapelake::serve
