#pragma once

/// "Did you mean ...?" for keys, verbs and flags.

#include <span>
#include <string>
#include <string_view>

namespace tapelake::config {

/// Return the known word with the smallest edit distance to `word` (case does not count, a swap of
/// neighbours is one edit); empty if even the nearest differs in more than a third of its letters.
/// Words beyond 64 bytes have no neighbour. Pure; any thread.
std::string Nearest(std::string_view word, std::span<const std::string> known);

}  // namespace tapelake::config
