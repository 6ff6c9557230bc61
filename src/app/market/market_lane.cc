#include "app/market/market_lane.h"

#include <algorithm>
#include <utility>

#include "app/ingest_job.h"
#include "app/stream_feed.h"
#include "ingest/ingest_state.h"

namespace tapelake::app {
namespace {

constexpr base::QueueLimits kQueueLimits = {.items_max = 256, .bytes_max = size_t{16} << 20};
constexpr int64_t kLogBytesMax = int64_t{64} << 20;

market::MarketBookOptions BookOptionsOf(const config::MarketConfig& config) {
  market::MarketBookOptions options;
  options.trade_window_micros = config.trade_window.micros;
  options.series_max = static_cast<size_t>(config.series_max);
  options.trades_max = static_cast<size_t>(config.trades_max);
  return options;
}

/// What ingest left in the table's newest commit; nothing if there is none.
Result<ingest::IngestState> TableState(World& world, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, world.files.Exists(io::JoinPath(path, ".hoodie")));
  if (!exists) return ingest::IngestState();
  TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open(world.table_environment(), path));
  const auto commit = table->NewestCommitWith(ingest::kPositionsKey);
  if (KindOf(commit.status()) == ErrorKind::kNotFound) return ingest::IngestState();
  TAPELAKE_RETURN_NOT_OK(commit.status());
  return ingest::LoadState(world.files, path, commit->extra_metadata);
}

/// Where ingest stands in the table's sources, as its newest commit says.
Result<MarketWorker::Positions> TablePositions(World& world, const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(ingest::IngestState state, TableState(world, path));
  return std::move(state.positions);
}

/// Whether sources that are read on from marks begin with all that the market lacks. Not so if the
/// table went on for a while without a market.
bool MarksReach(World& world, const std::string& path, const MarketWorker::Positions& positions) {
  const auto state = TableState(world, path);
  return state.ok() && std::ranges::all_of(state->marks, [&positions](const auto& mark) {
           const auto found = positions.find(mark.first);
           return mark.second.offset <= (found == positions.end() ? 0 : found->second);
         });
}

/// Whether a stream still has every record from the market's position on.
bool StreamReaches(const stream::Stream& stream, const MarketWorker::Positions& positions) {
  const auto found = positions.find(StreamSourceId(stream.name()));
  const uint64_t wanted = found == positions.end() ? 1 : std::max<uint64_t>(found->second, 1);
  const stream::StreamFacts facts = stream.facts();
  return wanted >= facts.first_sequence && wanted <= facts.next_sequence;
}

}  // namespace

Result<const TablePlan*> FindMarketTable(const config::Config& config,
                                         const std::vector<TablePlan>& plans) {
  if (!config.market.enabled) return nullptr;
  const std::string& wanted = config.market.table;
  for (const TablePlan& plan : plans) {
    const bool named = !wanted.empty() && plan.definition.QualifiedName() == wanted;
    if (!wanted.empty() && !named) continue;
    const Status trades = TradeLayout::Of(plan.definition).status();
    const bool has_source = plan.source.kind != "none";
    if (trades.ok() && has_source) return &plan;
    if (!named) continue;
    if (!trades.ok()) return WithContext(trades, "market.table");
    return MakeError(ErrorKind::kInvalid, "market.table: " + wanted +
                                              " has no source, so no trades come\nhint: give it "
                                              "one, or set market.enabled: false");
  }
  if (wanted.empty()) return nullptr;
  return MakeError(ErrorKind::kInvalid, "market.table: there is no table '" + wanted +
                                            "'\nhint: declare it under tables");
}

Result<std::unique_ptr<MarketLane>> MarketLane::Open(const config::Config& config,
                                                     const TablePlan& plan, hot::HotTable* hot,
                                                     stream::Stream* stream) {
  std::unique_ptr<MarketLane> lane(new MarketLane());
  TAPELAKE_ASSIGN_OR_RAISE(TradeLayout layout, TradeLayout::Of(plan.definition));
  lane->feed_ = std::make_unique<MarketFeed>(std::move(layout), kQueueLimits);
  lane->desk_ = std::make_unique<MarketDesk>(BookOptionsOf(config.market));
  lane->provider_ = std::make_unique<query::HudiSnapshotProvider>(
      lane->world_.table_environment(),
      query::HudiProviderOptions{.log_bytes_max = kLogBytesMax,
                                 .check_files = config.query.check_files});
  TAPELAKE_ASSIGN_OR_RAISE(
      lane->worker_,
      MarketWorker::Open(lane->world_.clock, lane->PartsOf(config, plan, hot, stream)));
  return lane;
}

MarketWorker::Parts MarketLane::PartsOf(const config::Config& config, const TablePlan& plan,
                                        hot::HotTable* hot, stream::Stream* stream) {
  const std::string trades_path = TablePath(config.lake.path, plan.definition);
  const std::string database_path = io::ParentPath(trades_path);
  const std::string bars_path = io::JoinPath(database_path, kBarsTable);
  bars_compaction_ =
      std::make_unique<CompactionWorker>(bars_world_.table_environment(), bars_path, 1);
  measures_compaction_ = std::make_unique<CompactionWorker>(
      measures_world_.table_environment(), io::JoinPath(database_path, kMeasuresTable), 1);
  MarketWorker::Parts parts;
  parts.feed = feed_.get();
  parts.desk = desk_.get();
  parts.lake = std::make_unique<SqlTradeLake>(
      *provider_, world_.files, plan.definition,
      SqlTradeLake::Options{.trades_path = trades_path, .bars_path = bars_path, .hot = hot});
  parts.open_tables = [this, database_path, database = plan.definition.database,
                       services = ServicePoliciesOf(config)] {
    return MarketTables::Open(
        world_.table_environment(),
        {.database_path = database_path,
         .database = database,
         .services = services,
         .on_bars_compaction = [this](const auto& instant) { bars_compaction_->Add(instant); },
         .on_measures_compaction =
             [this](const auto& instant) { measures_compaction_->Add(instant); }});
  };
  parts.table_positions = [this, trades_path] { return TablePositions(world_, trades_path); };
  parts.can_resume = [this, stream, trades_path](const MarketWorker::Positions& positions) {
    if (stream != nullptr) return StreamReaches(*stream, positions);
    return MarksReach(world_, trades_path, positions);
  };
  parts.options.book = BookOptionsOf(config.market);
  parts.options.commit_micros = config.market.commit_interval.micros;
  parts.options.measures_micros = config.market.measures_interval.micros;
  return parts;
}

std::vector<Worker*> MarketLane::workers() {
  return {worker_.get(), bars_compaction_.get(), measures_compaction_.get()};
}

}  // namespace tapelake::app
