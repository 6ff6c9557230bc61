#include "source/simulation/trade_items.h"

#include <array>
#include <charconv>

#include "base/time.h"
#include "source/simulation/random_draws.h"
#include "source/wire/nested_value.h"

namespace tapelake::source {
namespace {

using record::AttributeType;

constexpr uint64_t kUsers = 20'000;
constexpr size_t kPlainTimestampBytes = 27;  // 2024-05-01T22:00:00.123456Z

void SetString(Item* item, AttributeName name, std::string_view text) {
  item->Set(name, AttributeType::kString, text);
}

void SetNumber(Item* item, AttributeName name, std::string_view text) {
  item->Set(name, AttributeType::kNumber, text);
}

void SetNested(Item* item, AttributeName name, const NestedValue& value) {
  item->Set(name, value.type, StoredNested(value));
}

void AppendDigits(int value, int width, std::string* out) {
  const size_t end = out->size() + static_cast<size_t>(width);
  out->resize(end);
  for (size_t at = end; width > 0; --width, value /= 10) {
    (*out)[--at] = static_cast<char>('0' + value % 10);
  }
}

std::string TimestampText(int64_t micros) {
  const base::CivilTime civil = base::ToCivil(micros);
  std::string text;
  AppendDigits(civil.year, 4, &text);
  text.push_back('-');
  AppendDigits(civil.month, 2, &text);
  text.push_back('-');
  AppendDigits(civil.day, 2, &text);
  text.push_back('T');
  AppendDigits(civil.hour, 2, &text);
  text.push_back(':');
  AppendDigits(civil.minute, 2, &text);
  text.push_back(':');
  AppendDigits(civil.second, 2, &text);
  text.push_back('.');
  AppendDigits(civil.microsecond, 6, &text);
  text.push_back('Z');
  return text;
}

/// Reads back what TimestampText wrote.
int64_t MicrosOf(std::string_view text) {
  const auto number = [text](size_t at, size_t size) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + size, value);
    return value;
  };
  return base::FromCivil({.year = number(0, 4),
                          .month = number(5, 2),
                          .day = number(8, 2),
                          .hour = number(11, 2),
                          .minute = number(14, 2),
                          .second = number(17, 2),
                          .microsecond = number(20, 6)});
}

bool HasPlainTimestamp(const Item& item) {
  return item.Text(AttributeName::kTimestamp).size() == kPlainTimestampBytes;
}

void AppendHex(uint64_t bits, int digits, std::string* out) {
  for (; digits > 0; --digits, bits >>= 4)
    out->push_back("0123456789abcdef"[bits & 15]);
}

size_t ExchangeOf(const Item& item) {
  for (size_t i = 0; i < PriceProcess::kExchanges; ++i) {
    if (PriceProcess::ExchangeName(i) == item.Text(AttributeName::kExchange)) return i;
  }
  return 0;
}

NestedValue OddMap() {
  return NestedMap({{"type", NestedString("multisig")},
                    {"owners", NestedSet(AttributeType::kStringSet, {"zoe", "adam", "mia"})},
                    {"need", NestedNumber("2")},
                    {"path", NestedList({NestedNumber("44"), NestedNull(), NestedBool(true),
                                         NestedString("k\u00e9y \u20bf \"q\" \\ \n")})},
                    {"seal", NestedBinary(std::string("\x00\xff\x10", 3))}});
}

// Each function below makes one kind of odd value.
using OddMaker = void (*)(Item*);
constexpr OddMaker kOddMakers[] = {
    [](Item* item) { SetString(item, AttributeName::kPrice, "n/a"); },
    [](Item* item) { SetNested(item, AttributeName::kWalletAddress, OddMap()); },
    [](Item* item) {
      SetNumber(item, AttributeName::kQuantity, "1234567890123456789012345678901234567890.5");
    },
    [](Item* item) { SetNumber(item, AttributeName::kQuantity, "0.0000000000000000000000123"); },
    [](Item* item) {
      if (!HasPlainTimestamp(*item)) return;
      std::string text(item->Text(AttributeName::kTimestamp));
      SetString(item, AttributeName::kTimestamp, text.insert(text.size() - 1, "789"));
    },
    [](Item* item) { SetNumber(item, AttributeName::kUserId, "90210"); },
    [](Item* item) { item->Set(AttributeName::kOrderSource, AttributeType::kBool, "true"); },
    [](Item* item) {
      SetNested(item, AttributeName::kWalletAddress,
                NestedSet(AttributeType::kStringSet, {"0xbeef", "0xabad", "0x\u00e9"}));
    },
    [](Item* item) {
      item->Set(AttributeName::kWalletAddress, AttributeType::kBinary,
                std::string_view("\x00\x01\xfe\xff", 4));
    },
    [](Item* item) {
      SetNested(item, AttributeName::kTradeFee,
                NestedSet(AttributeType::kNumberSet, {"10", "9.5", "-1"}));
    },
    [](Item* item) {
      SetNested(item, AttributeName::kWalletAddress,
                NestedSet(AttributeType::kBinarySet, {"one", "other"}));
    },
    [](Item* item) {
      SetNested(item, AttributeName::kOrderSource,
                NestedList({NestedString("Web"), NestedMap({}), NestedList({})}));
    },
    [](Item* item) { item->Set(AttributeName::kPrice, AttributeType::kNull, ""); },
    [](Item* item) { SetNumber(item, AttributeName::kRiskScore, "0.875"); },
    [](Item* item) { SetNumber(item, AttributeName::kCapitalPrice, "1"); },
    // The rest are unusual but fit their columns.
    [](Item* item) { SetNumber(item, AttributeName::kQuantity, "1.25E+1"); },
    [](Item* item) { SetNumber(item, AttributeName::kTradeFee, "-0.5E-3"); },
    [](Item* item) {
      SetString(item, AttributeName::kUserId, "O'Hara, \"Zo\u00eb\"\n\u20bf\t\\N; DROP");
    },
    [](Item* item) { SetString(item, AttributeName::kWalletAddress, ""); },
    [](Item* item) { SetNumber(item, AttributeName::kQuantity, "31.415926535897932384"); },
};

}  // namespace

TradeItems::TradeItems(uint64_t seed) : prices_(seed), random_(seed ^ 0x7261'6e64'6974'656d) {}

size_t TradeItems::OddKinds() {
  return std::size(kOddMakers);
}

std::string TradeItems::NewUuid() {
  std::string text;
  const uint64_t high = random_.Next();
  const uint64_t low = random_.Next();
  AppendHex(high, 8, &text);
  text.push_back('-');
  AppendHex(high >> 32, 4, &text);
  text.append("-4");  // version 4: random
  AppendHex(high >> 48, 3, &text);
  text.push_back('-');
  text.push_back("89ab"[high >> 62]);
  AppendHex(low, 3, &text);
  text.push_back('-');
  AppendHex(low >> 12, 12, &text);
  return text;
}

std::string TradeItems::WalletOf(uint64_t user) {
  std::string text = "0x";
  io::SeededRandom own(user);  // a user keeps the wallet
  AppendHex(own.Next(), 16, &text);
  AppendHex(own.Next(), 16, &text);
  AppendHex(own.Next(), 8, &text);
  return text;
}

Item TradeItems::NewTrade(int64_t micros, size_t exchange, size_t pair, bool pending) {
  const MarketTrade trade = prices_.Trade(micros, exchange, pair);
  const double skew = random_.NextDouble();  // few users trade much
  const uint64_t user = static_cast<uint64_t>(static_cast<double>(kUsers) * skew * skew);
  Item item;
  SetString(&item, AttributeName::kTransactionId, NewUuid());
  SetString(&item, AttributeName::kTradingPair, PriceProcess::PairName(pair));
  SetString(&item, AttributeName::kTradeStatus, pending ? "PENDING" : "SUCCESS");
  SetNumber(&item, AttributeName::kQuantity, FixedNumberText(trade.quantity));
  // The trade happened shortly before the database heard of it.
  const int64_t latency = 2'000 + static_cast<int64_t>(random_.Below(40'000));
  SetString(&item, AttributeName::kTimestamp, TimestampText(micros - latency));
  if (!Chance(random_, 0.01)) {
    static constexpr std::array<std::string_view, 4> kSources = {"Web", "Mobile", "API", "API"};
    SetString(&item, AttributeName::kOrderSource, kSources[random_.Below(kSources.size())]);
  }
  std::string user_id = "user-";
  AppendDigits(static_cast<int>(user), 6, &user_id);
  SetString(&item, AttributeName::kUserId, user_id);
  SetNumber(&item, AttributeName::kPrice, FixedNumberText(trade.price));
  const double wallet = random_.NextDouble();
  if (wallet < 0.90) {
    SetString(&item, AttributeName::kWalletAddress, WalletOf(user));
  } else if (wallet < 0.93) {
    item.Set(AttributeName::kWalletAddress, AttributeType::kNull, "");
  }
  SetString(&item, AttributeName::kExchange, PriceProcess::ExchangeName(exchange));
  SetNumber(&item, AttributeName::kTradeFee, FixedNumberText(trade.fee));
  SetString(&item, AttributeName::kOrderType, trade.buy ? "BUY" : "SELL");
  return item;
}

void TradeItems::Settle(Item* item) {
  if (item->Text(AttributeName::kTradeStatus) != "PENDING") return;
  SetString(item, AttributeName::kTradeStatus, Chance(random_, 0.93) ? "SUCCESS" : "FAILED");
}

void TradeItems::CorrectFee(Item* item) {
  const std::optional<ItemValue> fee = item->Find(AttributeName::kTradeFee);
  if (!fee || fee->type != AttributeType::kNumber) return;
  // The correction charges the fee of an order that a user would have placed at the same venue.
  const FixedNumber notional{static_cast<int64_t>(6'000 * HeavyTail(random_)), 2};
  SetNumber(item, AttributeName::kTradeFee,
            FixedNumberText(prices_.DrawFee(ExchangeOf(*item), notional, {1, 0})));
}

bool TradeItems::MoveToAnotherDay(Item* item) {
  if (!HasPlainTimestamp(*item)) return false;
  int64_t days = 1 + static_cast<int64_t>(random_.Below(10) / 8) +
                 static_cast<int64_t>(random_.Below(20) / 19);
  if (Chance(random_, 0.6)) days = -days;
  const int64_t micros = MicrosOf(item->Text(AttributeName::kTimestamp));
  SetString(item, AttributeName::kTimestamp, TimestampText(micros + days * base::kMicrosPerDay));
  return true;
}

void TradeItems::Annotate(Item* item) {
  const double what = random_.NextDouble();
  if (what < 0.4) {
    SetString(item, AttributeName::kWalletAddress, WalletOf(kUsers + random_.Below(kUsers)));
  } else if (what < 0.55) {
    item->Set(AttributeName::kWalletAddress, AttributeType::kNull, "");
  } else if (what < 0.7) {
    item->Remove(AttributeName::kWalletAddress);
  } else {
    SetString(item, AttributeName::kOrderSource, Chance(random_, 0.5) ? "API" : "Mobile");
  }
}

void TradeItems::SetAdded(Item* item, AttributeName name) {
  const auto small = [this] { return std::to_string(1 + random_.Below(500)); };
  switch (name) {
    case AttributeName::kSlippage:
      return SetNumber(item, name,
                       FixedNumberText({static_cast<int64_t>(random_.Below(80'000)) - 20'000, 7}));
    case AttributeName::kSettlementNetwork: {
      static constexpr std::array<std::string_view, 5> kNetworks = {"ethereum", "bitcoin", "solana",
                                                                    "tron", "lightning \u26a1"};
      return SetString(item, name, kNetworks[random_.Below(kNetworks.size())]);
    }
    case AttributeName::kIsMargin:
      return item->Set(name, AttributeType::kBool, Chance(random_, 0.3) ? "true" : "false");
    case AttributeName::kLabels:
      return SetNested(item, name,
                       NestedSet(AttributeType::kStringSet, {"spot", "maker-" + small(), "algo"}));
    case AttributeName::kFillSizes:
      return SetNested(item, name,
                       NestedSet(AttributeType::kNumberSet, {"1" + small(), small() + ".5", "-2"}));
    case AttributeName::kRouting:
      return SetNested(item, name,
                       NestedMap({{"venue", NestedString("dark")},
                                  {"hops", NestedNumber(small())},
                                  {"direct", NestedBool(Chance(random_, 0.5))}}));
    case AttributeName::kLegs:
      return SetNested(
          item, name,
          NestedList({NestedString("a"), NestedNumber(small()), NestedList({NestedNull()})}));
    case AttributeName::kClientTag:
      return item->Set(name, AttributeType::kBinary, std::string("\x01\xff", 2) + small());
    case AttributeName::kProofs:
      return SetNested(item, name,
                       NestedSet(AttributeType::kBinarySet, {"proof-" + small(), "zero"}));
    default:
      return;
  }
}

void TradeItems::AddAttributes(Item* item, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (Chance(random_, 0.7)) SetAdded(item, AddedAttribute(i));
  }
}

void TradeItems::MakeOdd(Item* item) {
  kOddMakers[next_odd_kind_](item);
  next_odd_kind_ = (next_odd_kind_ + 1) % OddKinds();
}

}  // namespace tapelake::source
