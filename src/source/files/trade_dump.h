#pragma once

/// Trade dumps of exchanges (CSV) as change records.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "record/change.h"
#include "record/record_block.h"

namespace tapelake::source {

/// Which CSV field holds what; -1: none.
struct TradeDumpForm {
  int trade_id = -1;
  int price = -1;
  int quantity = -1;
  int time = -1;
  int is_buyer_maker = -1;
  int trading_pair = -1;
  int fields = 0;      ///< Fewest fields of a row.
  int fields_max = 0;  ///< Most fields of a row.
  bool has_header = false;
};

/// Recognise a trade dump by its first line: a header naming the fields (`id` or `trade_id`,
/// `price`, `qty` or `quantity`, `time` or `timestamp_ms`, `is_buyer_maker`, perhaps
/// `trading_pair`; others are passed over), or a row of the Binance form
/// `id,price,qty,quote_qty,time,is_buyer_maker[,is_best_match]`. Nothing: it is no trade dump.
std::optional<TradeDumpForm> RecogniseTradeDump(std::string_view first_line);

struct TradeDumpOptions {
  TradeDumpForm form;
  record::RecordShape shape = record::RecordShape::kKinesis;
  std::string exchange;
  std::string pair;  ///< For forms without a trading_pair; overrides it otherwise if not empty.
};

/// Make the lines of a dump to INSERT records of the table CryptoTransactions: transaction_id
/// `<exchange>-<pair without separators>-<trade id>`, timestamp, exchange, trading_pair, order_type
/// (SELL if the buyer is the maker), price and quantity as in the file, trade_status SUCCESS. Times
/// are milliseconds up to 14 digits, else microseconds. Change time is the trade's time; the
/// sequence number of the Streams shape is made of the trade id. A header line (at offset 0) is
/// passed over. A row that is none is handed on as it is, so that it becomes an error object.
std::unique_ptr<record::RecordSource> MakeTradeDumpSource(
    std::unique_ptr<record::RecordSource> lines, const TradeDumpOptions& options);

}  // namespace tapelake::source
