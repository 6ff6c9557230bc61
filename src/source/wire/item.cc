#include "source/wire/item.h"

#include "base/assert.h"

namespace tapelake::source {
namespace {

constexpr std::array<std::string_view, kAttributeNames> kNames = {
    "transaction_id", "timestamp",
    "exchange",       "trading_pair",
    "order_type",     "price",
    "quantity",       "trade_fee",
    "trade_status",   "user_id",
    "wallet_address", "order_source",
    "slippage",       "settlement_network",
    "is_margin",      "labels",
    "fill_sizes",     "routing",
    "legs",           "client_tag",
    "proofs",         "risk-score",
    "Price"};

}  // namespace

std::string_view AttributeNameText(AttributeName name) {
  return kNames[static_cast<size_t>(name)];
}

AttributeName AddedAttribute(size_t index) {
  TAPELAKE_ASSERT(index < kAddedAttributesMax);
  return static_cast<AttributeName>(kDeclaredAttributes + index);
}

size_t Item::PlaceOf(AttributeName name) const {
  for (size_t at = 0; at < packed_.size(); at += kHeaderBytes + SizeAt(at)) {
    if (static_cast<AttributeName>(packed_[at]) == name) return at;
  }
  return kAbsent;
}

void Item::Set(AttributeName name, record::AttributeType type, std::string_view text) {
  TAPELAKE_ASSERT(text.size() <= UINT16_MAX);
  const uint16_t size = static_cast<uint16_t>(text.size());
  char header[kHeaderBytes] = {static_cast<char>(name), static_cast<char>(type), 0, 0};
  std::memcpy(header + 2, &size, sizeof(size));
  const size_t at = PlaceOf(name);
  if (at == kAbsent) {
    packed_.append(header, kHeaderBytes);
    packed_.append(text);
    return;
  }
  std::string value(header, kHeaderBytes);
  value.append(text);
  packed_.replace(at, kHeaderBytes + SizeAt(at), value);
}

void Item::Remove(AttributeName name) {
  const size_t at = PlaceOf(name);
  if (at != kAbsent) packed_.erase(at, kHeaderBytes + SizeAt(at));
}

std::optional<ItemValue> Item::Find(AttributeName name) const {
  const size_t at = PlaceOf(name);
  if (at == kAbsent) return std::nullopt;
  return ValueAt(at);
}

std::string_view Item::Text(AttributeName name) const {
  const std::optional<ItemValue> value = Find(name);
  if (!value || value->type != record::AttributeType::kString) return {};
  return value->text;
}

}  // namespace tapelake::source
