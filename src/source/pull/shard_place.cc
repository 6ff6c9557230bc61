#include "source/pull/shard_place.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace tapelake::source {
namespace {

std::optional<int64_t> ParseMillis(std::string_view text) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

bool IsDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const size_t space = text.find(' ');
    words.push_back(text.substr(0, space));
    if (space == std::string_view::npos) return words;
    text.remove_prefix(space + 1);
  }
}

}  // namespace

std::string FormatPlace(const ShardPlace& place) {
  switch (place.kind) {
    case ShardPlace::Kind::kOldest:
      return "oldest";
    case ShardPlace::Kind::kTime:
      return "time " + std::to_string(place.time_millis);
    case ShardPlace::Kind::kAfter:
    case ShardPlace::Kind::kAt:
      break;
  }
  const char* word = place.kind == ShardPlace::Kind::kAt ? "at " : "after ";
  return word + place.sequence + " " + std::to_string(place.next_from_millis);
}

Result<ShardPlace> ParsePlace(std::string_view text) {
  const std::vector<std::string_view> words = Words(text);
  if (text == "oldest") return ShardPlace();
  if (words.size() == 2 && words[0] == "time") {
    const auto millis = ParseMillis(words[1]);
    if (millis) return ShardPlace{.kind = ShardPlace::Kind::kTime, .time_millis = *millis};
  }
  const bool at = words[0] == "at";
  if (words.size() == 3 && (at || words[0] == "after") && IsDigits(words[1])) {
    const auto millis = ParseMillis(words[2]);
    if (millis) {
      return ShardPlace{.kind = at ? ShardPlace::Kind::kAt : ShardPlace::Kind::kAfter,
                        .sequence = std::string(words[1]),
                        .next_from_millis = *millis};
    }
  }
  return MakeError(ErrorKind::kCorrupt, "'" + std::string(text) + "' is no place in a shard");
}

}  // namespace tapelake::source
