#include "transform/attribute_parser.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <string>

#include "transform/json_text.h"
#include "transform/typed_value.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace tapelake::transform {
namespace {

using record::Attribute;
using record::AttributeType;

/// A hash of a name's first 16 and, if it is longer, last 8 bytes. Reads 16 bytes of it whatever
/// its size.
uint32_t HashName(std::string_view name) {
#if defined(__AVX2__)
  // The mask that keeps `size` bytes stands `size` bytes before the end of the ones.
  alignas(32) static constexpr std::array<uint8_t, 32> kMasks = [] {
    std::array<uint8_t, 32> masks{};
    for (size_t i = 0; i < 16; ++i)
      masks[i] = 0xFF;
    return masks;
  }();
  const size_t size = std::min<size_t>(name.size(), 16);
  const __m128i mask = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&kMasks[16 - size]));
  const __m128i bytes =
      _mm_and_si128(mask, _mm_loadu_si128(reinterpret_cast<const __m128i*>(name.data())));
  uint64_t hash = _mm_crc32_u64(name.size(), static_cast<uint64_t>(_mm_cvtsi128_si64(bytes)));
  hash = _mm_crc32_u64(hash, static_cast<uint64_t>(_mm_extract_epi64(bytes, 1)));
  if (name.size() > 16) {
    uint64_t last = 0;
    std::memcpy(&last, name.data() + name.size() - sizeof(last), sizeof(last));
    hash = _mm_crc32_u64(hash, last);
  }
  return static_cast<uint32_t>(hash);
#else
  return static_cast<uint32_t>(std::hash<std::string_view>()(name));
#endif
}

/// Bits of those of the next eight `hashes` that equal `hash`; only the first `count` matter.
uint32_t EqualHashes(const uint32_t* hashes, size_t count, uint32_t hash) {
#if defined(__AVX2__)
  const __m256i same =
      _mm256_cmpeq_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(hashes)),
                         _mm256_set1_epi32(static_cast<int>(hash)));
  return _bzhi_u32(static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(same))),
                   static_cast<uint32_t>(count));
#else
  uint32_t same = 0;
  for (size_t i = 0; i < std::min<size_t>(count, 8); ++i)
    same |= uint32_t{hashes[i] == hash} << i;
  return same;
#endif
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
      Attribute& attribute = image->emplace_back();
      if (!ReadPlainAttribute(&attribute) && !ReadAttribute(&attribute)) [[unlikely]]
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

/// Read `"name":{"S":"value"}` (or N) without white space and escapes: nearly every attribute there
/// is. Return false, with nothing read, for everything else.
bool AttributeParser::ReadPlainAttribute(Attribute* attribute) {
  // Eight bytes from the colon on: `:{"S":"` and one of the value, which do not count.
  constexpr uint64_t kHead = 0x00'22'3A'22'00'22'7B'3A;
  constexpr uint64_t kHeadMask = 0x00'FF'FF'FF'00'FF'FF'FF;
  static_assert(std::endian::native == std::endian::little);
  const uint32_t* tokens = context_.position();
  const char* name = context_.text() + tokens[0];
  if (*name != '"') return false;
  const char* colon = context_.text() + tokens[1];
  uint64_t head = 0;
  std::memcpy(&head, colon, sizeof(head));
  if ((head & kHeadMask) != kHead || colon[-1] != '"') return false;
  // What the bytes say is what the tokens say: { " : " follow the colon, each outside a string. The
  // type is one letter, or the next tokens would not be where the bytes are.
  const char type = colon[3];
  const char* value = colon + 7;
  const char* close = context_.text() + tokens[6];
  if (type == '\\' || type == '"' || *close != '}' || close[-1] != '"') return false;
  const auto span = [](const char* begin, const char* end) {
    return std::string_view(begin, static_cast<size_t>(end - begin));
  };
  if (context_.has_escapes() && HasBackslash(span(name, close))) return false;
  attribute->text = span(value, close - 1);
  if (type == 'S') {
    attribute->type = AttributeType::kString;
    attribute->json = span(value - 1, close);
  } else if (type == 'N' && IsPlainNumber(attribute->text)) {
    attribute->type = AttributeType::kNumber;
    attribute->json = attribute->text;
  } else {
    return false;
  }
  attribute->name = span(name + 1, colon - 1);
  attribute->typed_json = span(colon + 1, close + 1);
  context_.Advance(7);
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

/// Whether the hashes prove that no name stands twice. A hostile choice of names only costs the
/// slow way.
bool AttributeParser::NamesDiffer(const std::vector<Attribute>& image) {
  constexpr size_t kNamesMax = 128;  // pairs are compared, if many at once
  constexpr size_t kStep = 8;
  const size_t count = image.size();
  if (count > kNamesMax) return false;
  uint32_t hashes[kNamesMax + kStep];
  for (size_t i = 0; i < count; ++i)
    hashes[i] = HashName(image[i].name);
  uint32_t equal = 0;
  for (size_t i = 1; i < count; ++i) {
    for (size_t j = 0; j < i; j += kStep)
      equal |= EqualHashes(hashes + j, i - j, hashes[i]);
  }
  return equal == 0;
}

const Attribute* AttributeParser::FindRepeatedName(const std::vector<Attribute>& image) {
  if (NamesDiffer(image)) [[likely]]
    return nullptr;
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
