#include "serve/http/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace tapelake::serve {
namespace {

// A token, but for the rounding of sums.
constexpr double kWhole = 1 - 1e-9;

}  // namespace

int64_t RateLimiter::Take(std::string_view address, int64_t now_micros) {
  return Visit(address, now_micros, true);
}

int64_t RateLimiter::Ask(std::string_view address, int64_t now_micros) {
  return Visit(address, now_micros, false);
}

int64_t RateLimiter::Visit(std::string_view address, int64_t now_micros, bool take) {
  const std::lock_guard lock(mutex_);
  const std::string key(address);
  const auto found = by_address_.find(key);
  if (found == by_address_.end()) {
    if (!take) return 0;
    buckets_.push_front({.address = key, .tokens = options_.burst, .at_micros = now_micros});
    by_address_[key] = buckets_.begin();
    if (buckets_.size() > options_.addresses_max) {
      by_address_.erase(buckets_.back().address);
      buckets_.pop_back();
    }
  } else {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  }
  Bucket& bucket = buckets_.front();
  const double passed_seconds = static_cast<double>(now_micros - bucket.at_micros) * 1e-6;
  bucket.tokens = std::min(options_.burst, bucket.tokens + passed_seconds * options_.per_second);
  bucket.at_micros = now_micros;
  if (bucket.tokens >= kWhole) {
    if (take) bucket.tokens -= 1;
    return 0;
  }
  return static_cast<int64_t>(std::ceil((1 - bucket.tokens) / options_.per_second * 1e6));
}

}  // namespace tapelake::serve
