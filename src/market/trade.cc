#include "market/trade.h"

#include <algorithm>

namespace tapelake::market {
namespace {

bool IsLetter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool StartsWithWord(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  const bool same = std::equal(word.begin(), word.end(), text.begin(),
                               [](char a, char b) { return a == Upper(b); });
  if (!same) return false;
  const char next = text.size() == word.size() ? '_' : text[word.size()];
  // A byte of a letter that is not ASCII does not separate either.
  return !IsLetter(next) && !IsDigit(next) && static_cast<unsigned char>(next) < 0x80;
}

bool IsWord(std::string_view text, std::string_view word) {
  return text.size() == word.size() && StartsWithWord(text, word);
}

}  // namespace

TradeStatus TradeStatusOf(std::string_view text) {
  if (IsWord(text, "SUCCESS")) return TradeStatus::kSuccess;
  if (IsWord(text, "PENDING")) return TradeStatus::kPending;
  if (IsWord(text, "FAILED")) return TradeStatus::kFailed;
  return TradeStatus::kOther;
}

TradeSide TradeSideOf(std::string_view text) {
  if (StartsWithWord(text, "BUY")) return TradeSide::kBuy;
  if (StartsWithWord(text, "SELL")) return TradeSide::kSell;
  return TradeSide::kUnknown;
}

std::string_view QuoteCurrencyOf(std::string_view pair) {
  const size_t at = pair.find_last_of("/-_");
  return at == std::string_view::npos ? std::string_view() : pair.substr(at + 1);
}

}  // namespace tapelake::market
