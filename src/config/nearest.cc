#include "config/nearest.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace tapelake::config {
namespace {

constexpr size_t kWordBytesMax = 64;

char Lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> previous(b.size() + 1);
  std::vector<size_t> current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = Lower(a[i - 1]) == Lower(b[j - 1]) ? 0 : 1;
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + substitution});
      if (i > 1 && j > 1 && Lower(a[i - 1]) == Lower(b[j - 2]) &&
          Lower(a[i - 2]) == Lower(b[j - 1])) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[b.size()];
}

}  // namespace

std::string Nearest(std::string_view word, std::span<const std::string> known) {
  if (word.empty() || word.size() > kWordBytesMax) return "";
  std::string best;
  size_t best_distance = kWordBytesMax;
  for (const std::string& candidate : known) {
    if (candidate.size() > kWordBytesMax) continue;
    const size_t distance = EditDistance(word, candidate);
    const size_t allowed = std::max<size_t>(1, (std::max(word.size(), candidate.size()) + 1) / 3);
    if (distance < best_distance && distance <= allowed) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace tapelake::config
