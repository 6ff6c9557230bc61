#include "transform/attribute_parser.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "transform/typed_value.h"

namespace tapelake::transform {
namespace {

using record::Attribute;
using record::AttributeType;

uint64_t HashName(std::string_view name) {
  uint64_t first = 0;
  uint64_t last = 0;
  if (name.size() >= 8) {
    std::memcpy(&first, name.data(), 8);
    std::memcpy(&last, name.data() + name.size() - 8, 8);
  } else {
    for (const char c : name)
      first = first << 8 | static_cast<unsigned char>(c);
  }
  return (first ^ (last << 3 | last >> 61) ^ name.size()) * 0x9E3779B97F4A7C15u;
}

}  // namespace

bool AttributeParser::ReadImage(std::string_view image_name, std::vector<Attribute>* image,
                                bool* present) {
  image->clear();
  *present = false;
  context_.SetPlace(image_name, {});
  const char* open = context_.Take();
  if (*open != '{') [[unlikely]] {
    const bool null = *open == 'n' && context_.TokenFrom(open) == "null";
    context_.SetPlace({}, {});
    if (null) return true;
    return context_.Fail(ParseError::kUnknownShape, open,
                         std::string(image_name) + " is no object");
  }
  *present = true;
  if (*context_.Peek() == '}') [[unlikely]] {
    context_.Take();
  } else {
    for (bool more = true; more;) {
      if (!ReadAttribute(&image->emplace_back())) [[unlikely]]
        return false;
      if (!context_.ReadSeparator('}', &more)) [[unlikely]]
        return false;
    }
  }
  context_.SetPlace(image_name, {});
  if (!CheckNames(*image)) [[unlikely]]
    return false;
  context_.SetPlace({}, {});
  return true;
}

bool AttributeParser::ReadAttribute(Attribute* attribute) {
  StringToken name;
  if (!context_.ReadName(&name)) [[unlikely]]
    return false;
  attribute->name = name.text;
  context_.SetAttribute(name.text);
  TypedValueReader typed(context_);
  if (!typed.Open(&attribute->type)) [[unlikely]]
    return false;
  if (attribute->type < AttributeType::kMap) [[likely]] {
    ScalarValue value;
    if (!ReadScalar(context_, attribute->type, &value)) [[unlikely]]
      return false;
    attribute->text = value.text;
    attribute->json = value.json;
  } else {
    if (!canonical_.Write(attribute->type, &attribute->json)) return false;
    attribute->text = attribute->json;
  }
  if (!typed.Close()) [[unlikely]]
    return false;
  attribute->typed_json = typed.text();
  return true;
}

bool AttributeParser::CheckNames(const std::vector<Attribute>& image) {
  const Attribute* repeated = FindRepeatedName(image);
  if (repeated == nullptr) [[likely]]
    return true;
  return context_.Fail(ParseError::kDuplicateKey, repeated->typed_json.data(),
                       "the attribute '" + std::string(Excerpt(repeated->name)) + "' stands twice");
}

const Attribute* AttributeParser::FindRepeatedName(const std::vector<Attribute>& image) {
  constexpr size_t kTableSize = 128;
  constexpr size_t kTableNamesMax = 64;  // a hostile choice of names costs 64 * 64 steps at most
  if (image.size() <= kTableNamesMax) [[likely]] {
    uint8_t table[kTableSize] = {};  // 1 + index into image; 0 is free
    for (size_t i = 0; i < image.size(); ++i) {
      size_t slot = HashName(image[i].name) >> 57;
      for (; table[slot] != 0; slot = (slot + 1) % kTableSize) {
        if (image[table[slot] - 1u].name == image[i].name) return &image[i];
      }
      table[slot] = static_cast<uint8_t>(i + 1);
    }
    return nullptr;
  }
  names_.clear();
  for (const Attribute& attribute : image)
    names_.push_back(attribute.name);
  std::sort(names_.begin(), names_.end());
  const auto twice = std::adjacent_find(names_.begin(), names_.end());
  if (twice == names_.end()) return nullptr;
  const auto last = std::find_if(image.rbegin(), image.rend(),
                                 [&](const Attribute& a) { return a.name == *twice; });
  return &*last;
}

}  // namespace tapelake::transform
