#pragma once

/// The tables `market_bars` and `market_measures` on disk.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/market/market_rows.h"
#include "app/table_services.h"
#include "base/status.h"
#include "hudi/table/table.h"

namespace tapelake::app {

inline constexpr char kBarsTable[] = "market_bars";
inline constexpr char kMeasuresTable[] = "market_measures";

/// Key of extraMetadata: event times before this (microseconds) are still to be made from the
/// table. Written on disk: never rename it.
inline constexpr char kBackfillKey[] = "tapelake.market_backfill";

/// Up to where the stored bars are right.
struct MarketPosition {
  std::map<std::string, uint64_t> positions;  ///< Source id -> offset: all before it is in them.
  /// Bars that lie before this event time are not made yet; none: all are.
  std::optional<int64_t> backfill_before_micros;
};

/// Writes both tables. Each commit of `market_bars` carries the position. One thread.
class MarketTables {
 public:
  struct Options {
    std::string database_path;  ///< `<lake>/<database>`
    std::string database;
    ServicePolicies services;
    TableServices::OnCompaction on_bars_compaction;      ///< Empty: they run within Store().
    TableServices::OnCompaction on_measures_compaction;  ///< As above.
    int threads = 1;
  };

  /// Open or make the tables, clean up after dead writers. `environment`'s members must outlive the
  /// object. Errors: kConflict (a table of that name has other columns), those of hudi::Table.
  static Result<std::unique_ptr<MarketTables>> Open(const hudi::TableEnvironment& environment,
                                                    const Options& options);

  /// Of the newest commit; nullopt if there is none.
  const std::optional<MarketPosition>& position() const { return position_; }

  /// Write bars (empty ones are deleted) and measures, and run the tables' services. After
  /// an error the object must be closed and opened again; rows may then be stored a second time.
  /// Errors: those of hudi::Table::Upsert; kUnknownOutcome.
  Status Store(const BarsByPlace& bars, const std::vector<MeasureSlot>& slots,
               const MarketPosition& position);

  const std::string& bars_path() const { return bars_->base_path(); }
  int64_t commits() const { return commits_; }

 private:
  explicit MarketTables(const hudi::TableEnvironment& environment, const Options& options);
  Status OpenAll();
  Status LoadPosition();
  Status Commit(hudi::Table* table, const hudi::UpsertRequest& request);
  Status StoreBars(const BarsByPlace& bars, const MarketPosition& position);
  Status StoreMeasures(const std::vector<MeasureSlot>& slots);
  Result<std::map<std::string, std::string>> Metadata(const hudi::Table& table,
                                                      const MarketPosition& position) const;

  hudi::TableEnvironment environment_;
  Options options_;
  std::unique_ptr<hudi::Table> bars_;
  std::unique_ptr<hudi::Table> measures_;
  TableServices bar_services_;
  TableServices measure_services_;
  std::optional<MarketPosition> position_;
  int64_t change_seq_ = 0;  // last one used, in both tables
  int64_t commits_ = 0;
};

}  // namespace tapelake::app
