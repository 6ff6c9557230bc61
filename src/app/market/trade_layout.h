#pragma once

/// Which attributes of a table's changes are a trade.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/status.h"
#include "market/trade.h"
#include "record/change.h"
#include "record/table_definition.h"
#include "transform/map_path.h"

namespace tapelake::app {

/// A trade as views into a change: what its row in the table says. `has_time` is false if the row
/// has no time (the value did not fit the column): then it is in no bar.
struct TradeView {
  std::string_view pair;
  std::string_view exchange;
  bool has_time = false;
  int64_t time_micros = 0;
  market::TradeStatus status = market::TradeStatus::kOther;
  market::TradeSide side = market::TradeSide::kUnknown;
  bool has_amounts = false;
  base::Int128 price = 0;
  base::Int128 quantity = 0;
  base::Int128 fee = 0;
};

/// Reads trades from images by the declared columns of a table of trades: `trading_pair`,
/// `exchange`, `price`, `quantity`, `trade_fee` (may be absent), `order_type`, `trade_status` and
/// the table's time column. A value counts exactly if its column holds it. One thread.
class TradeLayout {
 public:
  /// Errors: kInvalid, naming the column that is absent or has another type than a table of trades
  /// needs: texts are `string`, amounts `decimal(p,s)` with s <= 18.
  static Result<TradeLayout> Of(const record::TableDefinition& table);

  /// Everything of an image.
  TradeView Read(std::span<const record::Attribute> image);
  /// Pair, exchange and time only.
  TradeView ReadPlace(std::span<const record::Attribute> image);
  /// The record key of a change that ingest accepted. Valid while the change is.
  std::string_view KeyOf(const record::Change& change) const;

 private:
  /// One column and where its attribute stood last time.
  struct Field {
    std::vector<std::string> steps;  // of the attribute's path; empty: no such column
    record::ColumnKind kind = record::ColumnKind::kString;
    int precision = 38;
    int scale = 18;
    size_t place = 0;
  };

  const record::Attribute* Find(std::span<const record::Attribute> image, Field* field);
  std::string_view Text(std::span<const record::Attribute> image, Field* field);
  std::optional<base::Int128> Amount(std::span<const record::Attribute> image, Field* field);
  void ReadPlace(std::span<const record::Attribute> image, TradeView* view);

  Field pair_, exchange_, time_, price_, quantity_, fee_, side_, status_;
  std::string key_attribute_;
  // Behind a pointer, so that layouts can be moved.
  std::unique_ptr<transform::MapPathReader> paths_;
};

}  // namespace tapelake::app
