#include "stream/shard_map.h"

#include <openssl/md5.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "stream/frame_format.h"

namespace tapelake::stream {
namespace {

using Hash = base::UInt128;

constexpr Hash kHashMax = ~Hash{0};
constexpr std::string_view kFirstLine = "tapelake-shards 1\n";
constexpr size_t kShardFields = 7;  // of its line
constexpr size_t kChecksumDigits = 16;

std::string Decimal(Hash number) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(number % 10)));
    number /= 10;
  } while (number != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

uint64_t LoadBigEndian(const unsigned char* bytes) {
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i)
    number = number << 8 | bytes[i];
  return number;
}

std::string ChecksumLine(std::string_view lines, uint64_t salt) {
  char digits[kChecksumDigits + 1];
  std::snprintf(digits, sizeof(digits), "%016llx",
                static_cast<unsigned long long>(Checksum(lines, salt)));
  return "checksum " + std::string(digits) + "\n";
}

std::vector<std::string_view> SplitText(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <typename Number>
bool ReadNumber(std::string_view text, Number* number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && stop == text.data() + text.size();
}

Status Corrupt(const std::string& what) {
  return MakeError(ErrorKind::kCorrupt, what);
}

/// `shard 4 START END PARENTS OPENED CLOSED`, where parents are `-`, `1` or `1,2`.
Result<ShardRange> ParseShard(std::string_view line) {
  const auto fields = SplitText(line, ' ');
  ShardRange range;
  const bool numbers = fields.size() == kShardFields && fields[0] == "shard" &&
                       ReadNumber(fields[1], &range.shard) &&
                       ReadNumber(fields[5], &range.opened_at) &&
                       ReadNumber(fields[6], &range.closed_at);
  if (!numbers) return Corrupt("'" + std::string(line) + "' describes no shard");
  range.starting_hash_key = fields[2];
  range.ending_hash_key = fields[3];
  if (fields[4] == "-") return range;
  for (const std::string_view text : SplitText(fields[4], ',')) {
    uint32_t parent = 0;
    if (!ReadNumber(text, &parent) || parent >= range.shard) {
      return Corrupt("'" + std::string(text) + "' is no parent of shard " +
                     std::to_string(range.shard));
    }
    range.parents.push_back(parent);
  }
  return range;
}

/// Where shard `index` of `count` begins.
Hash UniformStart(unsigned count, unsigned index) {
  // floor(2^128 / count) without the number 2^128
  const Hash width = kHashMax / count + (kHashMax % count + 1 == count ? 1 : 0);
  return count == 1 ? 0 : width * index;
}

}  // namespace

ShardMap::ShardMap(int shard_count) {
  const auto count = static_cast<unsigned>(shard_count);
  for (unsigned shard = 0; shard < count; ++shard) {
    const Hash end = shard + 1 == count ? kHashMax : UniformStart(count, shard + 1) - 1;
    open_.push_back(Add(UniformStart(count, shard), end, {}, 1));
  }
}

uint32_t ShardMap::ShardOf(std::string_view partition_key) const {
  unsigned char digest[MD5_DIGEST_LENGTH];
  // The one-shot call is the cheapest: EVP costs as much again for so few bytes.
  MD5(reinterpret_cast<const unsigned char*>(partition_key.data()), partition_key.size(), digest);
  return ShardOfHash(Hash{LoadBigEndian(digest)} << 64 | LoadBigEndian(digest + 8));
}

uint32_t ShardMap::ShardOfHash(Hash hash) const {
  return open_[PlaceOfHash(hash)].shard;
}

Result<size_t> ShardMap::OpenPlace(uint32_t shard) const {
  if (shard >= shards_.size()) {
    return MakeError(ErrorKind::kNotFound, "there is no shard " + std::to_string(shard));
  }
  const auto found = std::ranges::find(open_, shard, &OpenShard::shard);
  if (found != open_.end()) return static_cast<size_t>(found - open_.begin());
  return MakeError(ErrorKind::kConflict,
                   "shard " + std::to_string(shard) + " was split or merged before");
}

Status ShardMap::CheckRoom(size_t opened, size_t closed) const {
  if (open_.size() + opened - closed > kOpenMax) {
    return MakeError(ErrorKind::kThrottled,
                     "a stream has at most " + std::to_string(kOpenMax) + " open shards");
  }
  if (shards_.size() + opened <= kShardsMax) return Status::OK();
  return MakeError(ErrorKind::kThrottled,
                   "a stream has at most " + std::to_string(kShardsMax) + " shards in its life");
}

ShardMap::OpenShard ShardMap::Add(Hash start, Hash end, std::vector<uint32_t> parents,
                                  uint64_t at_sequence) {
  for (const uint32_t parent : parents)
    shards_[parent].closed_at = at_sequence;
  const auto shard = static_cast<uint32_t>(shards_.size());
  shards_.push_back({.shard = shard,
                     .starting_hash_key = Decimal(start),
                     .ending_hash_key = Decimal(end),
                     .parents = std::move(parents),
                     .opened_at = at_sequence});
  return {.start = start, .end = end, .shard = shard};
}

Result<ShardMap> ShardMap::Split(uint32_t shard, Hash start, uint64_t at_sequence) const {
  TAPELAKE_ASSIGN_OR_RAISE(const size_t place, OpenPlace(shard));
  TAPELAKE_RETURN_NOT_OK(CheckRoom(2, 1));
  const OpenShard old = open_[place];
  if (start <= old.start || start > old.end) {
    return MakeError(ErrorKind::kInvalid, "hash key " + Decimal(start) + " splits no range from " +
                                              Decimal(old.start) + " to " + Decimal(old.end));
  }
  ShardMap map = *this;
  map.SplitAt(place, start, at_sequence);
  return map;
}

void ShardMap::SplitAt(size_t place, Hash start, uint64_t at_sequence) {
  const OpenShard old = open_[place];
  open_[place] = Add(old.start, start - 1, {old.shard}, at_sequence);
  open_.insert(open_.begin() + static_cast<ptrdiff_t>(place) + 1,
               Add(start, old.end, {old.shard}, at_sequence));
}

/// The one at `place` and the next one.
void ShardMap::MergeAt(size_t place, uint64_t at_sequence) {
  const OpenShard left = open_[place];
  const OpenShard right = open_[place + 1];
  open_[place] = Add(left.start, right.end, {left.shard, right.shard}, at_sequence);
  open_.erase(open_.begin() + static_cast<ptrdiff_t>(place) + 1);
}

size_t ShardMap::PlaceOfHash(Hash hash) const {
  const auto after =
      std::upper_bound(open_.begin(), open_.end(), hash,
                       [](Hash wanted, const OpenShard& it) { return wanted < it.start; });
  return static_cast<size_t>(after - open_.begin()) - 1;
}

Result<ShardMap> ShardMap::Merge(uint32_t shard, uint32_t adjacent, uint64_t at_sequence) const {
  TAPELAKE_ASSIGN_OR_RAISE(const size_t first, OpenPlace(shard));
  TAPELAKE_ASSIGN_OR_RAISE(const size_t second, OpenPlace(adjacent));
  if (std::max(first, second) - std::min(first, second) != 1) {
    return MakeError(ErrorKind::kInvalid, "shards " + std::to_string(shard) + " and " +
                                              std::to_string(adjacent) + " do not touch");
  }
  TAPELAKE_RETURN_NOT_OK(CheckRoom(1, 2));
  ShardMap map = *this;
  map.MergeAt(std::min(first, second), at_sequence);
  return map;
}

Result<ShardMap> ShardMap::Uniform(int shard_count, uint64_t at_sequence) const {
  if (shard_count < 1 || shard_count > static_cast<int>(kOpenMax)) {
    return MakeError(
        ErrorKind::kInvalid,
        std::to_string(shard_count) + " shards: a stream has 1 to " + std::to_string(kOpenMax));
  }
  const auto count = static_cast<unsigned>(shard_count);
  ShardMap map = *this;
  for (unsigned index = 0; index < count; ++index) {
    const Hash start = UniformStart(count, index);
    const Hash end = index + 1 == count ? kHashMax : UniformStart(count, index + 1) - 1;
    for (const Hash cut : {start, end + 1}) {  // behind the last one: 0, where a shard begins
      const size_t place = map.PlaceOfHash(cut);
      if (map.open_[place].start != cut) map.SplitAt(place, cut, at_sequence);
    }
    const size_t place = map.PlaceOfHash(start);
    while (map.open_[place].end != end)
      map.MergeAt(place, at_sequence);
  }
  TAPELAKE_RETURN_NOT_OK(map.CheckRoom(0, 0));
  return map;
}

std::string ShardMap::ToText(uint64_t salt) const {
  std::string text(kFirstLine);
  for (const ShardRange& range : shards_) {
    text += "shard " + std::to_string(range.shard) + " " + range.starting_hash_key + " " +
            range.ending_hash_key + " ";
    for (size_t i = 0; i < range.parents.size(); ++i)
      text += (i == 0 ? "" : ",") + std::to_string(range.parents[i]);
    if (range.parents.empty()) text += "-";
    text += " " + std::to_string(range.opened_at) + " " + std::to_string(range.closed_at) + "\n";
  }
  return text + ChecksumLine(text, salt);
}

Result<ShardMap> ShardMap::Parse(std::string_view text, uint64_t salt) {
  if (!text.starts_with(kFirstLine)) return Corrupt("its first line is not that of version 1");
  const size_t end = text.rfind("checksum ");
  if (end == std::string_view::npos ||
      text.substr(end) != ChecksumLine(text.substr(0, end), salt)) {
    return Corrupt("its checksum does not fit");
  }
  std::string_view lines = text.substr(kFirstLine.size(), end - kFirstLine.size());
  ShardMap map;
  while (!lines.empty()) {
    const size_t line_end = lines.find('\n');
    if (line_end == std::string_view::npos) return Corrupt("its last line has no end");
    TAPELAKE_ASSIGN_OR_RAISE(ShardRange range, ParseShard(lines.substr(0, line_end)));
    if (range.shard != map.shards_.size() || map.shards_.size() == kShardsMax) {
      return Corrupt("shard " + std::to_string(range.shard) + " stands at a wrong place");
    }
    map.shards_.push_back(std::move(range));
    lines.remove_prefix(line_end + 1);
  }
  TAPELAKE_RETURN_NOT_OK(map.FindOpen());
  return map;
}

/// Fill `open_`; every hash must belong to one open shard.
Status ShardMap::FindOpen() {
  for (const ShardRange& range : shards_) {
    if (!range.is_open()) continue;
    const auto start = ParseHashKey(range.starting_hash_key);
    const auto end = ParseHashKey(range.ending_hash_key);
    if (!start || !end) return Corrupt("shard " + std::to_string(range.shard) + " has no range");
    open_.push_back({.start = *start, .end = *end, .shard = range.shard});
  }
  std::ranges::sort(open_, {}, &OpenShard::start);
  bool whole = !open_.empty() && open_.size() <= kOpenMax && open_.front().start == 0 &&
               open_.back().end == kHashMax;
  for (size_t i = 0; whole && i + 1 < open_.size(); ++i)
    whole = open_[i].end != kHashMax && open_[i].end + 1 == open_[i + 1].start;
  return whole ? Status::OK() : Corrupt("its open shards do not cover all hash keys once");
}

std::optional<Hash> ParseHashKey(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  Hash number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<unsigned>(c - '0');
    if (number > (kHashMax - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

}  // namespace tapelake::stream
