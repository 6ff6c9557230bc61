#pragma once

/// An item as the simulated DynamoDB table holds it: attribute name -> typed value.

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "record/change.h"

namespace tapelake::source {

/// Attributes the simulator writes. The first twelve are the declared columns of
/// CryptoTransactions.
enum class AttributeName : uint8_t {
  kTransactionId,
  kTimestamp,
  kExchange,
  kTradingPair,
  kOrderType,
  kPrice,
  kQuantity,
  kTradeFee,
  kTradeStatus,
  kUserId,
  kWalletAddress,
  kOrderSource,
  // Added midway, in this order (SimulatorOptions::added_attributes says how many).
  kSlippage,
  kSettlementNetwork,
  kIsMargin,
  kLabels,
  kFillSizes,
  kRouting,
  kLegs,
  kClientTag,
  kProofs,
  // No legal or free column name: kept in `_rescued`.
  kRiskScore,
  kCapitalPrice,
};
inline constexpr size_t kAttributeNames = 23;
inline constexpr size_t kDeclaredAttributes = 12;
inline constexpr size_t kAddedAttributesMax = 9;

/// The attribute's name on the wire.
std::string_view AttributeNameText(AttributeName name);

/// The `index`-th attribute added midway, 0 <= index < kAddedAttributesMax.
AttributeName AddedAttribute(size_t index);

/// A typed value, viewing its item. `text` is: S UTF-8; N number text; B raw bytes; BOOL
/// `true`/`false`; NULL empty; M L SS NS BS as StoredNested() writes them.
struct ItemValue {
  record::AttributeType type = record::AttributeType::kNull;
  std::string_view text;
};

/// An attribute map packed into one string, because the table keeps hundreds of thousands of them.
/// Value type; keeps the order in which attributes were first set. At most 65,535 bytes a value.
class Item {
 public:
  /// Set or replace one attribute.
  void Set(AttributeName name, record::AttributeType type, std::string_view text);
  /// Remove one attribute; fine if absent.
  void Remove(AttributeName name);
  std::optional<ItemValue> Find(AttributeName name) const;
  /// The text of an attribute of type S, else empty.
  std::string_view Text(AttributeName name) const;
  bool empty() const { return packed_.empty(); }
  bool operator==(const Item&) const = default;

  /// Call `visit(AttributeName, ItemValue)` for each attribute in order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (size_t at = 0; at < packed_.size(); at += kHeaderBytes + SizeAt(at)) {
      visit(static_cast<AttributeName>(packed_[at]), ValueAt(at));
    }
  }

 private:
  static constexpr size_t kHeaderBytes = 4;  // name, type, size (two bytes)
  static constexpr size_t kAbsent = static_cast<size_t>(-1);

  size_t SizeAt(size_t at) const {
    uint16_t size = 0;
    std::memcpy(&size, packed_.data() + at + 2, sizeof(size));
    return size;
  }
  ItemValue ValueAt(size_t at) const {
    return {static_cast<record::AttributeType>(packed_[at + 1]),
            std::string_view(packed_).substr(at + kHeaderBytes, SizeAt(at))};
  }
  size_t PlaceOf(AttributeName name) const;

  std::string packed_;
};

}  // namespace tapelake::source
