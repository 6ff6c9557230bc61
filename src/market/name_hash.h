#pragma once

/// Hashes that let views look up strings. Internal to MarketBook.

#include <functional>
#include <string_view>
#include <utility>

namespace tapelake::market {

struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  size_t operator()(const std::pair<std::string_view, std::string_view>& names) const {
    // An odd factor keeps (a, b) and (b, a) apart.
    return (*this)(names.first) * 0x9e3779b97f4a7c15 + (*this)(names.second);
  }
};

}  // namespace tapelake::market
