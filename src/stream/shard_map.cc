#include "stream/shard_map.h"

#include <openssl/md5.h>

#include <algorithm>
#include <string>

namespace tapelake::stream {
namespace {

__extension__ using Hash = unsigned __int128;

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

}  // namespace

ShardMap::ShardMap(int shard_count) {
  constexpr Hash kHashMax = ~Hash{0};
  const auto count = static_cast<unsigned>(shard_count);
  // floor(2^128 / count) without the number 2^128
  const Hash width = kHashMax / count + (kHashMax % count + 1 == count ? 1 : 0);
  for (unsigned shard = 0; shard < count; ++shard) {
    const Hash start = count == 1 ? 0 : width * shard;
    const Hash end = shard + 1 == count ? kHashMax : width * (shard + 1) - 1;
    starts_.push_back(start);
    ranges_.push_back({shard, Decimal(start), Decimal(end)});
  }
}

uint32_t ShardMap::ShardOf(std::string_view partition_key) const {
  unsigned char digest[MD5_DIGEST_LENGTH];
  // The one-shot call is the cheapest: EVP costs as much again for so few bytes.
  MD5(reinterpret_cast<const unsigned char*>(partition_key.data()), partition_key.size(), digest);
  const Hash hash = Hash{LoadBigEndian(digest)} << 64 | LoadBigEndian(digest + 8);
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), hash);
  return static_cast<uint32_t>(after - starts_.begin() - 1);
}

}  // namespace tapelake::stream
