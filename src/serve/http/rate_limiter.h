#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tapelake::serve {

struct RateLimiterOptions {
  double per_second = 200;       ///< What a bucket gains.
  double burst = 200;            ///< What it holds at most, and at first.
  size_t addresses_max = 4'096;  ///< Remembered; beyond, the one not seen for longest is forgotten.
};

/// Token buckets by address. Any thread; times are of a steady clock.
class RateLimiter {
 public:
  explicit RateLimiter(const RateLimiterOptions& options) : options_(options) {}

  /// Take one token of `address`. Returns 0, or after how many microseconds there will be one.
  int64_t Take(std::string_view address, int64_t now_micros);

  /// The same question without taking.
  int64_t Ask(std::string_view address, int64_t now_micros);

 private:
  struct Bucket {
    std::string address;
    double tokens;
    int64_t at_micros;
  };
  int64_t Visit(std::string_view address, int64_t now_micros, bool take);

  const RateLimiterOptions options_;
  std::mutex mutex_;
  std::list<Bucket> buckets_;  // the one seen last first
  std::unordered_map<std::string, std::list<Bucket>::iterator> by_address_;
};

}  // namespace tapelake::serve
