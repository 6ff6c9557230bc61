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
  const std::string from = " " + std::to_string(place.next_from_millis);
  const std::string known_from = place.next_from_millis == 0 ? "" : from;
  switch (place.kind) {
    case ShardPlace::Kind::kOldest:
      return "oldest" + known_from;
    case ShardPlace::Kind::kTime:
      return "time " + std::to_string(place.time_millis) + known_from;
    case ShardPlace::Kind::kAfter:
      return "after " + place.sequence + from;
    case ShardPlace::Kind::kAt:
      return "at " + place.sequence + from;
  }
  return "";  // not reached
}

Result<ShardPlace> ParsePlace(std::string_view text) {
  const Status wrong =
      MakeError(ErrorKind::kCorrupt, "'" + std::string(text) + "' is no place in a shard");
  const std::vector<std::string_view> words = Words(text);
  const std::string_view word = words.front();
  const bool named = word == "after" || word == "at";  // by a record
  const size_t known = word == "oldest" ? 1 : 2;       // words without the last time
  if (words.size() != known + 1 && (named || words.size() != known)) return wrong;
  ShardPlace place;
  if (words.size() == known + 1) {
    const auto from = ParseMillis(words.back());
    if (!from) return wrong;
    place.next_from_millis = *from;
  }
  if (word == "oldest") return place;
  if (word == "time") {
    const auto time = ParseMillis(words[1]);
    if (!time) return wrong;
    place.kind = ShardPlace::Kind::kTime;
    place.time_millis = *time;
    return place;
  }
  if (!named || !IsDigits(words[1])) return wrong;
  place.kind = word == "at" ? ShardPlace::Kind::kAt : ShardPlace::Kind::kAfter;
  place.sequence = std::string(words[1]);
  return place;
}

}  // namespace tapelake::source
