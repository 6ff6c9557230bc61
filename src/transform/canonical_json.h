#pragma once

/// Nested DynamoDB values (M, L, SS, NS, BS) -> canonical plain JSON (see README.md).

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "record/change.h"
#include "transform/parse_context.h"

namespace tapelake::transform {

/// Levels of M and L an attribute may have.
inline constexpr int kNestingMax = 32;

/// Reads typed values off the tokens and writes them without their type tags. One thread; it keeps
/// its buffers. On failure the context tells why and the output is lost.
class CanonicalWriter {
 public:
  explicit CanonicalWriter(ParseContext& context) : context_(context) {}

  /// The cursor stands on the value of a nested `type`, inside its typed object. Read it whole.
  /// `*json` is valid until the context's arena is reset.
  bool Write(record::AttributeType type, std::string_view* json);

 private:
  struct Member {
    std::string_view key;
    size_t begin = 0;  ///< Into out_; `"key":value`.
    size_t end = 0;
  };

  bool WriteNested(record::AttributeType type, int level);
  bool WriteTyped(int level);
  bool WriteMap(int level);
  bool WriteList(int level);
  bool WriteScalar(record::AttributeType type);
  bool ReadSet(record::AttributeType type);
  bool WriteSet(record::AttributeType type);
  bool SortMembers(size_t first, const char* map);
  void AppendString(const StringToken& string);

  ParseContext& context_;
  std::string out_;
  std::string sorted_;
  std::vector<Member> members_;  ///< Of all open maps, innermost last.
  std::vector<StringToken> elements_;
};

}  // namespace tapelake::transform
