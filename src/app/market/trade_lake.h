#pragma once

/// What the market reads of the lake: rows of the table of trades, and bars that it stored itself.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "hot/hot_table.h"
#include "io/file_system.h"
#include "market/interval.h"
#include "market/market_book.h"
#include "market/trade.h"
#include "query/hot_provider.h"
#include "query/session.h"
#include "query/snapshot_provider.h"
#include "record/table_definition.h"

namespace tapelake::app {

/// Event times [from, to).
struct TimeRange {
  int64_t from_micros = 0;
  int64_t to_micros = 0;
};

/// Reads rows as they are now: at least what was committed before the call. One thread.
class TradeLake {
 public:
  using VisitTrade = std::function<Status(const market::Trade&)>;
  /// `sums` is what market::EncodeBar made.
  using VisitBar = std::function<Status(const market::Series& series, std::string_view sums)>;

  virtual ~TradeLake() = default;

  /// Visit all rows of the stretches, which lie on one day and have one interval, in the order of
  /// pair, then exchange.
  /// Errors everywhere: those of query::Session::Execute, the visit's.
  virtual Status VisitStretches(std::span<const market::StaleStretch> stretches,
                                const VisitTrade& visit) = 0;
  /// Visit the rows of these keys whose event time is at or after `from_micros`.
  virtual Status VisitKeys(std::span<const std::string> keys, int64_t from_micros,
                           const VisitTrade& visit) = 0;
  /// Visit all rows of a range in the order of pair, then exchange.
  virtual Status VisitRange(const TimeRange& range, const VisitTrade& visit) = 0;
  /// The greatest event time below `before_micros` that a row has; nullopt if there is none.
  virtual Result<std::optional<int64_t>> NewestBefore(int64_t before_micros) = 0;

  /// The latest start of a stored bar below `before_micros`; nullopt if there is none.
  virtual Result<std::optional<int64_t>> NewestBarBefore(int64_t before_micros) = 0;
  /// Visit the stored bars of single exchanges of one interval that start in the range, in the
  /// order of their starts.
  virtual Status VisitBars(market::Interval interval, const TimeRange& range,
                           const VisitBar& visit) = 0;
};

/// TradeLake by SQL, hot rows included. Opens its DuckDB session when it is first asked.
class SqlTradeLake : public TradeLake {
 public:
  struct Options {
    std::string trades_path;
    std::string bars_path;
    hot::HotTable* hot = nullptr;  ///< Of the trades; must outlive the object. May be nullptr.
    int64_t memory_bytes_max = int64_t{512} << 20;
  };

  /// `provider` and `files` must outlive the object. `table` is one that TradeLayout understands.
  SqlTradeLake(query::SnapshotProvider& provider, io::FileSystem& files,
               const record::TableDefinition& table, const Options& options);

  Status VisitStretches(std::span<const market::StaleStretch> stretches,
                        const VisitTrade& visit) override;
  Status VisitKeys(std::span<const std::string> keys, int64_t from_micros,
                   const VisitTrade& visit) override;
  Status VisitRange(const TimeRange& range, const VisitTrade& visit) override;
  Result<std::optional<int64_t>> NewestBefore(int64_t before_micros) override;
  Result<std::optional<int64_t>> NewestBarBefore(int64_t before_micros) override;
  Status VisitBars(market::Interval interval, const TimeRange& range,
                   const VisitBar& visit) override;

 private:
  /// The hot rows of the trades, and of no other table.
  class Hot : public query::HotProvider {
   public:
    Hot(std::string path, hot::HotTable* table) : path_(std::move(path)), table_(table) {}
    Result<hot::HotView> View(const std::string& path) override {
      return table_ == nullptr || path != path_ ? hot::HotView{} : table_->View();
    }

   private:
    std::string path_;
    hot::HotTable* table_;
  };

  Result<query::Session*> OpenSession();
  Status VisitTrades(const std::string& where, const VisitTrade& visit);
  Result<std::optional<int64_t>> Newest(const std::string& path, const std::string& column,
                                        int64_t before_micros);

  query::SnapshotProvider& provider_;
  io::FileSystem& files_;
  Options options_;
  Hot hot_;
  std::string select_;      // of all columns of a trade, up to FROM
  std::string key_column_;  // quoted, as the next
  std::string time_column_;
  std::unique_ptr<query::Session> session_;
};

}  // namespace tapelake::app
