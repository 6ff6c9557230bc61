#pragma once

/// simdjson's first stage: where the tokens of a JSON document start.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace tapelake::transform {

/// The places of all tokens of one document after the other. One thread; it keeps its buffers.
///
/// Build() proves that the text is UTF-8, that strings are closed and hold no control characters.
/// It does not prove the grammar between the tokens, escapes, numbers or literals: the walk does.
class StructuralIndex {
 public:
  StructuralIndex();
  ~StructuralIndex();
  StructuralIndex(const StructuralIndex&) = delete;
  StructuralIndex& operator=(const StructuralIndex&) = delete;

  /// Index `json`, which starts with `{` and is under 4 GiB. On failure return why, for people;
  /// nullptr is success.
  ///
  /// Afterwards tokens()[0..size()) ascend, the last token is a `}`, and a few more entries at the
  /// end point back to the first `{`: a walk that runs off the end of cut or unbalanced JSON meets
  /// an impossible token at once and need not check bounds.
  const char* Build(std::string_view json);

  const uint32_t* tokens() const { return tokens_; }
  size_t size() const { return size_; }

 private:
  std::unique_ptr<simdjson::internal::dom_parser_implementation> implementation_;
  const uint32_t* tokens_ = nullptr;
  size_t size_ = 0;
};

}  // namespace tapelake::transform
