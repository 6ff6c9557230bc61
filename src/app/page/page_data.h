#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/market/market_desk.h"
#include "app/monitoring.h"
#include "app/page/guarded_sql.h"
#include "app/page/page_lake.h"
#include "app/rate_meter.h"
#include "app/table_lane.h"
#include "io/clock.h"
#include "market/market_book.h"
#include "serve/dashboard/dashboard_data.h"

namespace tapelake::app {

/// The running pipeline as the page sees it: market desk, lanes, alarms, lake and SQL behind one
/// interface. Any thread. Everything in Parts must outlive it.
class PageData : public serve::DashboardData {
 public:
  struct Parts {
    io::Clock& clock;
    std::string version;
    std::string lake_path;
    std::vector<TableLane*> lanes;
    MarketDesk* market = nullptr;    ///< nullptr: there is none.
    std::string market_table;        ///< `database.table` of its trades; empty: none.
    market::MarketBookOptions book;  ///< As the desk's book has them.
    Monitoring& monitoring;
    GuardedSqlOptions sql;
    query::HotProvider* hot = nullptr;
    int64_t bars_timeout_micros = 10'000'000;  ///< For bars that memory has no more.
  };
  explicit PageData(Parts parts);

  serve::ProgramInfo Program() override;
  std::vector<serve::PairInfo> Markets() override;
  Result<serve::BarList> Bars(const serve::BarsRequest& request) override;
  serve::MarketState Market() override;
  serve::BarsChange BarsSince(const serve::SeriesName& series, market::Interval interval,
                              uint64_t version) override;
  Result<serve::MeasureList> Measures(const serve::SeriesName& series) override;
  std::vector<serve::OverviewRow> Overview() override;
  Result<std::vector<serve::ExchangeRow>> Exchanges(const std::string& pair) override;
  serve::Tape LargeTrades(const std::string& pair, int64_t trades_max) override;
  Result<serve::Correlation> Correlate(const serve::CorrelationRequest& request) override;
  Result<std::vector<serve::ConeRow>> Cone(const serve::SeriesName& series) override;
  Result<serve::SizeCounts> Sizes(const serve::SeriesName& series, int64_t hours) override;

  serve::PipelineStatus Pipeline() override;
  serve::AlarmStatus Alarms() override { return parts_.monitoring.Alarms(); }

  Result<std::vector<serve::LakeTable>> Tables() override;
  Result<std::vector<serve::LakeCommit>> Commits(const std::string& table) override;
  Result<std::vector<serve::LakeFile>> Files(const std::string& table) override;
  Result<std::vector<serve::LakeSchema>> Schemas(const std::string& table) override;

  Result<serve::SqlAnswer> RunSql(const serve::SqlRequest& request) override;
  Status ExportSql(const serve::SqlRequest& request, serve::ExportFormat format,
                   io::ByteOutput& out) override;
  void InterruptSql() override;

 private:
  Result<MarketDesk*> Desk(const serve::SeriesName& series) const;
  Result<std::vector<serve::BarRow>> StoredBars(const serve::BarsRequest& request, int64_t to_ms,
                                                int64_t bars_max);
  serve::TableStatus StatusOf(TableLane& lane, int64_t wall_micros);

  const Parts parts_;
  const int64_t started_micros_;
  const std::vector<serve::MeasureInfo> catalog_;
  PageLake lake_;
  GuardedSql sql_;

  std::mutex mutex_;
  std::map<std::string, RateMeter> rates_;  // by table; guarded by mutex_
};

}  // namespace tapelake::app
