#include "delivery/partition_query.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"

namespace tapelake::delivery {
namespace {

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Takes a query apart from its front. One thread.
class QueryReader {
 public:
  explicit QueryReader(std::string_view rest) : rest_(rest) {}

  /// Whether the next sign is `sign`; takes it.
  bool Take(char sign) {
    SkipBlanks();
    if (!rest_.starts_with(sign)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// A word, or a text in quotes.
  std::optional<std::string> TakeName() {
    SkipBlanks();
    if (rest_.starts_with('"')) return TakeQuoted();
    size_t size = 0;
    while (size < rest_.size() && IsWordCharacter(rest_[size]))
      ++size;
    if (size == 0) return std::nullopt;
    std::string word(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return word;
  }

  bool AtEnd() {
    SkipBlanks();
    return rest_.empty();
  }

 private:
  void SkipBlanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }

  std::optional<std::string> TakeQuoted() {
    size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"')
      end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) return std::nullopt;
    const auto parsed = base::ParseJson("[" + std::string(rest_.substr(0, end + 1)) + "]");
    if (!parsed.ok() || parsed->items().size() != 1) return std::nullopt;
    rest_.remove_prefix(end + 1);
    return parsed->items()[0].text();
  }

  std::string_view rest_;
};

/// nullopt: the query is none of ours.
std::optional<std::vector<std::pair<std::string, std::string>>> ReadPairs(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  QueryReader reader(query);
  if (!reader.Take('{')) return std::nullopt;
  do {
    auto name = reader.TakeName();
    if (!name || !reader.Take(':') || !reader.Take('.')) return std::nullopt;
    auto member = reader.TakeName();
    if (!member) return std::nullopt;
    pairs.emplace_back(std::move(*name), std::move(*member));
  } while (reader.Take(','));
  if (!reader.Take('}') || !reader.AtEnd()) return std::nullopt;
  return pairs;
}

}  // namespace

Result<std::vector<PartitionKey>> ParsePartitionQuery(std::string_view query) {
  const auto pairs = ReadPairs(query);
  if (!pairs) {
    return MakeError(ErrorKind::kInvalid,
                     "MetadataExtractionQuery '" + std::string(query) +
                         "' is not understood: of jq {key:.member,other:.\"a member\"} is known");
  }
  std::vector<PartitionKey> keys;
  for (const auto& [name, member] : *pairs) {
    TAPELAKE_ASSIGN_OR_RAISE(PartitionKey key, ParsePartitionKey(name + "=" + member));
    keys.push_back(std::move(key));
  }
  return keys;
}

std::string FormatPartitionQuery(const std::vector<PartitionKey>& keys) {
  std::string query;
  for (const PartitionKey& key : keys) {
    query.append(query.empty() ? "{" : ",").append(key.name).append(":.");
    base::JsonWriter(&query).String(key.attribute);
  }
  return query.empty() ? query : query + "}";
}

}  // namespace tapelake::delivery
