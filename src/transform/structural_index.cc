#include "transform/structural_index.h"

#include <algorithm>
#include <bit>

#include <simdjson.h>

#include "base/assert.h"

namespace tapelake::transform {

StructuralIndex::StructuralIndex() {
  const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
      1 << 16, 1, implementation_);
  TAPELAKE_ASSERT(error == simdjson::SUCCESS);
}

StructuralIndex::~StructuralIndex() = default;

const char* StructuralIndex::Build(std::string_view json) {
  size_ = 0;
  if (json.size() > implementation_->capacity()) {
    const size_t capacity = std::bit_ceil(json.size());
    if (implementation_->set_capacity(capacity) != simdjson::SUCCESS) return "out of memory";
  }
  const auto error = implementation_->stage1(reinterpret_cast<const uint8_t*>(json.data()),
                                             json.size(), simdjson::stage1_mode::regular);
  switch (error) {
    case simdjson::SUCCESS:
      break;
    case simdjson::UTF8_ERROR:
      return "not valid UTF-8";
    case simdjson::UNESCAPED_CHARS:
      return "a control character stands unescaped in a string";
    case simdjson::UNCLOSED_STRING:
      return "a string is not closed";
    default:
      return simdjson::error_message(error);
  }
  uint32_t* tokens = implementation_->structural_indexes.get();
  const size_t size = implementation_->n_structural_indexes;
  if (json[tokens[size - 1]] != '}') return "the text does not end with }";
  for (size_t i = 0; i < 3; ++i)
    tokens[size + i] = 0;
  tokens_ = tokens;
  size_ = size;
  return nullptr;
}

}  // namespace tapelake::transform
