#include "app/market/own_history.h"

#include <algorithm>
#include <vector>

namespace tapelake::app {

void OwnHistory::Add(int64_t micros, const Values& values) {
  present_ = values;
  if (sampled_micros_ != 0 && micros - sampled_micros_ < kPaceMicros) return;
  sampled_micros_ = micros;
  for (size_t i = 0; i < kOwnQuantities; ++i) {
    if (!values[i]) continue;
    samples_[i].push_back(*values[i]);
    if (samples_[i].size() > kSamplesMax) samples_[i].pop_front();
  }
}

std::optional<double> OwnHistory::Ratio(OwnQuantity quantity) const {
  const auto index = static_cast<size_t>(quantity);
  const std::deque<double>& samples = samples_[index];
  if (!present_[index] || samples.size() < kSamplesMin) return std::nullopt;
  std::vector<double> sorted(samples.begin(), samples.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  double median = *middle;
  if (sorted.size() % 2 == 0) median = (median + *std::max_element(sorted.begin(), middle)) / 2;
  if (!(median > 0)) return std::nullopt;
  return *present_[index] / median;
}

}  // namespace tapelake::app
