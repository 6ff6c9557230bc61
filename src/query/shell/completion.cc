#include "query/shell/completion.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "query/snapshot_sql.h"

namespace tapelake::query {
namespace {

constexpr size_t kCandidatesMax = 60;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(),
                    [](char a, char b) { return Lower(a) == Lower(b); });
}

size_t CommonLength(std::string_view left, std::string_view right) {
  size_t length = 0;
  const size_t end = std::min(left.size(), right.size());
  while (length < end && Lower(left[length]) == Lower(right[length]))
    ++length;
  return length;
}

Completion Choose(std::string_view word, std::vector<std::string> candidates) {
  Completion completion{.replaced_bytes = word.size(), .insertion = "", .candidates = {}};
  if (candidates.empty()) return completion;
  size_t common = candidates[0].size();
  for (const std::string& candidate : candidates) {
    common = std::min(common, CommonLength(candidates[0], candidate));
  }
  if (common > word.size() || candidates.size() == 1) {
    completion.insertion = candidates[0].substr(0, common);
  }
  completion.candidates = std::move(candidates);
  return completion;
}

Completion CompleteDotCommand(std::string_view text) {
  static constexpr std::array<const char*, 6> kCommands = {".help",   ".tables", ".schema",
                                                           ".timing", ".format", ".quit"};
  std::vector<std::string> candidates;
  for (const char* command : kCommands) {
    if (std::string_view(command).starts_with(text)) candidates.emplace_back(command);
  }
  return Choose(text, std::move(candidates));
}

}  // namespace

Completion Complete(Session& session, std::string_view text) {
  if (text.starts_with('.')) return CompleteDotCommand(text);
  const auto rows = session.FetchText(
      "SELECT suggestion, suggestion_start FROM sql_auto_complete(" + QuoteLiteral(text) + ")");
  if (!rows.ok()) return {};
  std::vector<std::string> candidates;
  std::string_view word;
  for (const auto& row : *rows) {
    size_t start = 0;
    std::from_chars(row[1].data(), row[1].data() + row[1].size(), start);
    if (start > text.size() || candidates.size() == kCandidatesMax) continue;
    // DuckDB also offers what merely resembles the word; a completion must go on from it.
    const std::string_view typed = text.substr(start);
    if (typed.empty() || !StartsWithIgnoringCase(row[0], typed)) continue;
    if (!candidates.empty() && typed.size() != word.size()) continue;
    word = typed;
    if (std::find(candidates.begin(), candidates.end(), row[0]) == candidates.end()) {
      candidates.push_back(row[0]);
    }
  }
  return Choose(word, std::move(candidates));
}

}  // namespace tapelake::query
