#pragma once

/// Which bucket a record key belongs to, as Hudi's simple bucket index decides it
/// (docs/internals/hudi-v6.md, section 24.1). Pure; any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tapelake::hudi {

/// Java's String.hashCode of UTF-8 text: over UTF-16 code units, 32 bits, wrapping. A byte that is
/// no UTF-8 counts as U+FFFD, which is what Java would have stored.
uint32_t JavaStringHash(std::string_view text);

/// The bucket hash of a key made of one field: the whole key is hashed, also if it holds ':' or ','
/// (the rule of Hudi 1.x; 0.15 differs for keys with ':').
uint32_t BucketHash(std::string_view record_key);

/// The bucket hash of a key made of several fields, `f1:v1,f2:v2`: the values of `hash_fields`, in
/// the order of the key. `__null__` counts as null and `__empty__` as an empty value. If none of
/// the fields is there, the whole key is hashed.
uint32_t CompositeBucketHash(std::string_view record_key, std::span<const std::string> hash_fields);

/// The bucket of a hash; `bucket_count` > 0. The sign bit is masked off, so no value is negative.
inline uint32_t BucketOfHash(uint32_t hash, uint32_t bucket_count) {
  return (hash & 0x7fffffffU) % bucket_count;
}

}  // namespace tapelake::hudi
