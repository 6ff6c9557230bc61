#pragma once

/// Items of the table CryptoTransactions: how they begin and how they are edited.

#include <cstdint>
#include <string>

#include "io/random.h"
#include "source/simulation/price_process.h"
#include "source/wire/item.h"

namespace tapelake::source {

/// Makes and edits items. One thread; the same calls with the same seed give the same items.
///
/// Edits leave an attribute alone whose value has an unexpected type, so that odd values live on
/// until something overwrites them.
class TradeItems {
 public:
  explicit TradeItems(uint64_t seed);

  /// Draw the exchange and pair of a trade that nothing prompted.
  void DrawVenue(size_t* exchange, size_t* pair) { prices_.DrawVenue(exchange, pair); }

  /// A new trade's item. `pending` decides PENDING or SUCCESS.
  Item NewTrade(int64_t micros, size_t exchange, size_t pair, bool pending);

  /// PENDING becomes SUCCESS or, rarely, FAILED; nothing else changes.
  void Settle(Item* item);
  /// Charge another fee.
  void CorrectFee(Item* item);
  /// Put the trade one to three days earlier or later. Return false (item unchanged) if its
  /// timestamp is no plain microsecond timestamp.
  bool MoveToAnotherDay(Item* item);
  /// Change the wallet, the source or the user's note-like attributes.
  void Annotate(Item* item);
  /// Set some of the first `count` attributes that are added midway.
  void AddAttributes(Item* item, size_t count);
  /// Overwrite one attribute with a value of an unexpected type, size or format, or add an
  /// attribute whose name is no column name. Goes through all kinds in turn.
  void MakeOdd(Item* item);

  /// Kinds that MakeOdd goes through.
  static size_t OddKinds();

 private:
  void SetAdded(Item* item, AttributeName name);
  std::string NewUuid();
  std::string WalletOf(uint64_t user);

  PriceProcess prices_;
  io::SeededRandom random_;
  size_t next_odd_kind_ = 0;
};

}  // namespace tapelake::source
