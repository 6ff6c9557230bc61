#include "hudi/format/partition_value.h"

#include <charconv>

namespace tapelake::hudi {
namespace {

/// Undo EscapePathPart().
std::string Unescape(std::string_view text) {
  constexpr size_t kEscapeLength = 3;  // %XX
  std::string out;
  while (!text.empty()) {
    unsigned char byte = 0;
    const char* const end = text.data() + std::min(text.size(), kEscapeLength);
    const bool escaped = text.size() >= kEscapeLength && text.front() == '%' &&
                         std::from_chars(text.data() + 1, end, byte, 16).ptr == end;
    out.push_back(escaped ? static_cast<char>(byte) : text.front());
    text.remove_prefix(escaped ? kEscapeLength : 1);
  }
  return out;
}

}  // namespace

std::optional<std::string> PartitionValueOf(std::string_view path, std::string_view field,
                                            const PartitionPathStyle& style) {
  std::string_view part = path;
  if (style.hive_style && part.starts_with(field)) part.remove_prefix(field.size());
  if (style.hive_style && part.starts_with('=')) part.remove_prefix(1);
  std::string value = style.urlencode ? Unescape(part) : std::string(part);
  if (value.empty() || value == kDefaultPartitionValue) return std::nullopt;
  const auto made = PartitionPathPart(field, value, style);
  if (!made.ok() || *made != path) return std::nullopt;
  return value;
}

}  // namespace tapelake::hudi
