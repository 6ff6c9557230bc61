#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/arrival_log.h"
#include "app/rate_meter.h"
#include "app/table_lane.h"
#include "io/clock.h"
#include "metrics/registry.h"

namespace tapelake::app {

/// What the metrics of a table's stream are made from.
struct StreamFigures {
  stream::StreamFacts facts;
  std::map<std::string, uint64_t> taken;  ///< Consumer -> first record it still needs.
  struct Shard {
    int64_t records = 0;
    int64_t bytes = 0;
  };
  std::vector<Shard> shards;
  int64_t refused_puts = 0;
  metrics::HistogramCounts put_durations;
};

/// What the metrics of one table are made from.
struct TableFigures {
  TableProgress progress;
  metrics::HistogramCounts commit_durations;
  delivery::DeliveryCounts delivery;
  int64_t compactions = 0;
  /// The source began with changes of a simulated past, up to this moment: how late those come says
  /// nothing. 0: it did not.
  int64_t past_until_micros = 0;
  std::optional<StreamFigures> stream;  ///< Absent if it has no stream of ours.
};

/// The metrics of what is delivered of a stream: a table's, or one that a client made.
void CollectDelivery(const std::string& stream, const delivery::DeliveryCounts& counts,
                     int64_t steady_micros, metrics::Collection& out);

/// The figures of a running lane. Any thread.
TableFigures FiguresOf(TableLane& lane);

/// What the metrics of the market are made from.
struct MarketFigures {
  std::string table;
  int64_t bars = 0;
  int64_t trades = 0;
  int64_t held_back = 0;
  int64_t stale = 0;
  int64_t rebuilt = 0;
  int64_t refused = 0;
  int64_t newest_change_micros = 0;  ///< Change time of the newest change in the book; 0: none.
  int64_t newest_taken_micros = 0;   ///< Wall time when the book took it.
  uint64_t next_record = 0;          ///< The first of the table's stream that the book lacks.

  /// One pair on one exchange, `*`: across exchanges. Absent numbers make no series.
  struct Series {
    std::string pair;
    std::string exchange;
    std::optional<double> spread_bp;
    std::optional<double> volatility;  ///< Annualised.
    std::optional<double> gap_bp;      ///< Of `*` only.
    // Over the median of the series' own recent values:
    std::optional<double> spread_ratio;
    std::optional<double> volatility_ratio;
    std::optional<double> gap_ratio;  ///< Of `*` only.
    std::optional<double> volume_ratio;
  };
  std::vector<Series> series;
};

/// Turns what the pipeline knows anyway into metrics, when somebody reads them.
///
/// Collect() may be called from any thread, one at a time: metrics::Registry sees to it.
class MetricsCollector {
 public:
  struct Sources {
    std::function<std::vector<TableFigures>()> tables;
    std::function<std::optional<MarketFigures>()> market;  ///< May be empty: no market.
    std::string lake_path;
  };

  /// `clock` must outlive it.
  MetricsCollector(io::Clock& clock, Sources sources);

  void Collect(metrics::Collection& out);

 private:
  void CollectTable(const TableFigures& table, metrics::Collection& out);
  static void CollectPull(const std::string& table, const source::PullFigures& pull,
                          metrics::Collection& out);
  void CollectIngest(const TableFigures& table, metrics::Collection& out);
  void CollectFreshness(const TableFigures& table, metrics::Collection& out);
  void CollectStream(const std::string& table, const StreamFigures& stream,
                     metrics::Collection& out);
  void CollectShard(const std::string& table, size_t shard, const StreamFigures::Shard& figures,
                    metrics::Collection& out);
  void CollectMarketFreshness(const MarketFigures& market, const TableFigures& table,
                              metrics::Collection& out);
  void CollectHost(metrics::Collection& out);
  std::optional<RateMeter::Increase> Increase(const std::string& what, int64_t span_micros,
                                              int64_t count);

  io::Clock& clock_;
  Sources sources_;
  const int64_t begin_micros_;                  // steady
  std::map<std::string, RateMeter> meters_;     // one per series that is a rate
  std::map<std::string, ArrivalLog> arrivals_;  // by table
};

}  // namespace tapelake::app
