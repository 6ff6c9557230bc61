#pragma once

/// What the fuzzing programs take: `[--seed N] [--rounds N] REST...`.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace tapelake {

struct FuzzArguments {
  uint64_t seed = 1;
  int64_t rounds = 20'000;
  std::vector<std::string> rest;
};

inline FuzzArguments ParseFuzzArguments(int count, char** arguments) {
  FuzzArguments parsed;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    const bool has_value = i + 1 < count;
    if (word == "--seed" && has_value) {
      parsed.seed = std::strtoull(arguments[++i], nullptr, 10);
    } else if (word == "--rounds" && has_value) {
      parsed.rounds = std::strtoll(arguments[++i], nullptr, 10);
    } else {
      parsed.rest.emplace_back(word);
    }
  }
  return parsed;
}

}  // namespace tapelake
