#include "app/metrics_collector.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/metrics.h"
#include "delivery/metrics.h"
#include "ingest/metrics.h"
#include "io/host.h"
#include "market/metrics.h"
#include "monitor/host_metrics.h"
#include "monitor/metrics.h"
#include "query/metrics.h"
#include "serve/metrics.h"
#include "source/pull/metrics.h"
#include "stream/metrics.h"

namespace tapelake::app {
namespace {

constexpr int64_t kShardSpanMicros = 1'000'000;
constexpr int64_t kErrorSpanMicros = 10'000'000;
/// A commit older than this says nothing about how fresh changes are now.
constexpr int64_t kFreshCommitMicros = 30'000'000;
/// A market whose newest change came longer ago than this, and for which nothing waits, is quiet.
constexpr int64_t kQuietMarketMicros = 5'000'000;

double Seconds(int64_t micros) {
  return static_cast<double>(micros) / 1e6;
}

void SetIf(const metrics::MetricDef& def, metrics::LabelValues labels,
           const std::optional<double>& value, metrics::Collection& out) {
  if (value) out.Set(def, std::move(labels), *value);
}

void CollectMarket(const MarketFigures& market, metrics::Collection& out) {
  const auto set = [&out](const metrics::MetricDef& def, int64_t value) {
    out.Set(def, {}, static_cast<double>(value));
  };
  set(market::kBarsHeld, market.bars);
  set(market::kTradesHeld, market.trades);
  set(market::kHeldBack, market.held_back);
  set(market::kStaleStretches, market.stale);
  set(market::kRebuiltStretches, market.rebuilt);
  set(market::kRefusedTrades, market.refused);
  for (const MarketFigures::Series& series : market.series) {
    const bool all = series.exchange == "*";  // in a rule, `*` means any
    const metrics::LabelValues labels = {series.pair, all ? "all" : series.exchange};
    SetIf(market::kSpread, labels, series.spread_bp, out);
    SetIf(market::kVolatility, labels, series.volatility, out);
    SetIf(market::kSpreadRatio, labels, series.spread_ratio, out);
    SetIf(market::kVolatilityRatio, labels, series.volatility_ratio, out);
    SetIf(market::kVolumeRatio, labels, series.volume_ratio, out);
    SetIf(market::kGap, {series.pair}, series.gap_bp, out);
    SetIf(market::kGapRatio, {series.pair}, series.gap_ratio, out);
  }
}

}  // namespace

metrics::MetricList AllMetrics() {
  static const std::vector<const metrics::MetricDef*> all = [] {
    std::vector<const metrics::MetricDef*> list;
    const auto add = [&list](metrics::MetricList module) {
      for (const metrics::MetricDef* def : module)
        list.push_back(def);
    };
    add(stream::kStreamMetrics);
    add(source::kPullMetrics);
    add(ingest::kIngestMetrics);
    add(delivery::kDeliveryMetrics);
    add(kAppMetrics);
    add(monitor::kHostMetrics);
    add(query::kQueryMetrics);
    add(serve::kServeMetrics);
    add(market::kMarketMetrics);
    add(monitor::kMonitorMetrics);
    add(metrics::kMetricsMetrics);
    return list;
  }();
  return all;
}

TableFigures FiguresOf(TableLane& lane) {
  TableFigures figures{.progress = lane.progress(),
                       .commit_durations = lane.commit_durations().Read(),
                       .delivery = lane.delivery_counts(),
                       .compactions = lane.compactions_done(),
                       .past_until_micros = lane.past_until_micros(),
                       .stream = std::nullopt};
  if (lane.stream() == nullptr) return figures;
  const stream::WriterFigures& writer = lane.stream_writer()->figures();
  StreamFigures stream{.facts = lane.stream()->facts(),
                       .taken = lane.stream()->taken(),
                       .shards = {},
                       .refused_puts = writer.refused.value(),
                       .put_durations = writer.durations.Read()};
  for (const stream::WriterFigures::Shard& shard : writer.shards())
    stream.shards.push_back({shard.records, shard.bytes});
  figures.stream = std::move(stream);
  return figures;
}

MetricsCollector::MetricsCollector(io::Clock& clock, Sources sources)
    : clock_(clock), sources_(std::move(sources)), begin_micros_(clock.SteadyMicros()) {}

std::optional<RateMeter::Increase> MetricsCollector::Increase(const std::string& what,
                                                              int64_t span_micros, int64_t count) {
  const auto meter = meters_.try_emplace(what, span_micros).first;
  return meter->second.Look(clock_.SteadyMicros(), static_cast<double>(count));
}

void MetricsCollector::Collect(metrics::Collection& out) {
  const std::vector<TableFigures> tables = sources_.tables();
  for (const TableFigures& table : tables)
    CollectTable(table, out);
  const auto market = sources_.market ? sources_.market() : std::nullopt;
  if (market) {
    CollectMarket(*market, out);
    for (const TableFigures& table : tables) {
      if (table.progress.table == market->table) CollectMarketFreshness(*market, table, out);
    }
  }
  CollectHost(out);
}

void MetricsCollector::CollectTable(const TableFigures& table, metrics::Collection& out) {
  const std::string& name = table.progress.table;
  CollectIngest(table, out);
  CollectFreshness(table, out);
  CollectDelivery(table.progress.table, table.delivery, clock_.SteadyMicros(), out);
  if (table.stream) CollectStream(name, *table.stream, out);
  if (table.progress.pull) CollectPull(name, *table.progress.pull, out);
  const auto set = [&](const metrics::MetricDef& def, int64_t value) {
    out.Set(def, {name}, static_cast<double>(value));
  };
  set(kCompactionRuns, table.compactions);
  set(kMergedFiles, table.progress.merged_files);
  set(kCleanedFiles, table.progress.cleaned_files);
  set(kArchivedInstants, table.progress.archived_instants);
}

void MetricsCollector::CollectPull(const std::string& table, const source::PullFigures& pull,
                                   metrics::Collection& out) {
  out.Set(source::kLag, {table}, Seconds(pull.lag_micros));
  out.Set(source::kShards, {table}, static_cast<double>(pull.parts));
  out.Set(source::kGaps, {table}, static_cast<double>(pull.gaps));
  out.Set(source::kThrottledCalls, {table}, static_cast<double>(pull.throttled));
  out.Set(source::kFailedCalls, {table}, static_cast<double>(pull.failures));
}

void MetricsCollector::CollectIngest(const TableFigures& table, metrics::Collection& out) {
  const TableProgress& progress = table.progress;
  const ingest::IngestCounts& counts = progress.counts;
  const auto set = [&](const metrics::MetricDef& def, int64_t value) {
    out.Set(def, {progress.table}, static_cast<double>(value));
  };
  set(ingest::kReceivedRecords, counts.received);
  set(ingest::kAppliedRecords, counts.applied);
  set(ingest::kDuplicateRecords, counts.duplicates);
  set(ingest::kStaleRecords, counts.stale);
  for (const auto& [type, count] : counts.errors_by_type)
    out.Set(ingest::kErrorRecords, {progress.table, type}, static_cast<double>(count));
  set(ingest::kRescuedValues, counts.rescued_values);
  set(ingest::kCommits, counts.commits);
  set(ingest::kRetries, progress.retries);
  set(ingest::kLostRecords, progress.lost_records);
  set(ingest::kRows, progress.rows);
  out.Set(ingest::kCommitDuration, {progress.table}, table.commit_durations);
  const auto received = Increase("received " + progress.table, kErrorSpanMicros, counts.received);
  const auto errors = Increase("errors " + progress.table, kErrorSpanMicros, counts.errors);
  if (received && errors && received->amount > 0) {
    out.Set(ingest::kErrorShare, {progress.table}, errors->amount / received->amount);
  }
}

void MetricsCollector::CollectFreshness(const TableFigures& table, metrics::Collection& out) {
  const TableProgress& progress = table.progress;
  const int64_t now = clock_.WallMicros();
  const int64_t waiting = progress.waiting_since_micros == 0
                              ? 0
                              : std::max<int64_t>(0, now - progress.waiting_since_micros);
  out.Set(ingest::kWaitingAge, {progress.table}, Seconds(waiting));
  const bool in_past = progress.watermark_micros < table.past_until_micros;
  std::optional<int64_t> freshness;
  if (waiting > 0 && !in_past) freshness = waiting;
  if (progress.last_commit_wall_micros != 0) {
    const int64_t age = std::max<int64_t>(0, now - progress.last_commit_wall_micros);
    out.Set(ingest::kCommitAge, {progress.table}, Seconds(age));
    if (age <= kFreshCommitMicros && progress.watermark_micros != 0 && !in_past) {
      freshness = std::max(freshness.value_or(0),
                           progress.last_commit_wall_micros - progress.watermark_micros);
    }
  }
  if ((table.stream || progress.pull) && freshness) {
    out.Set(ingest::kFreshness, {progress.table}, Seconds(*freshness));
  }
}

void CollectDelivery(const std::string& stream, const delivery::DeliveryCounts& counts,
                     int64_t steady_micros, metrics::Collection& out) {
  const auto set = [&](const metrics::MetricDef& def, int64_t value) {
    out.Set(def, {stream}, static_cast<double>(value));
  };
  set(delivery::kRawObjects, counts.raw_objects);
  set(delivery::kRawLines, counts.lines);
  set(delivery::kRawBytes, counts.raw_bytes);
  set(delivery::kErrorObjects, counts.error_objects);
  set(delivery::kErrorLines, counts.error_lines);
  set(delivery::kTransformInvocations, counts.transform.invocations);
  set(delivery::kTransformFailedInvocations, counts.transform.failed_invocations);
  set(delivery::kTransformDroppedRecords, counts.transform.dropped_records);
  set(delivery::kTransformFailedRecords, counts.transform.failed_records);
  const int64_t since = counts.open_since_micros;
  out.Set(delivery::kOpenObjectAge, {stream}, since == 0 ? 0 : Seconds(steady_micros - since));
}

void MetricsCollector::CollectStream(const std::string& table, const StreamFigures& stream,
                                     metrics::Collection& out) {
  const stream::StreamFacts& facts = stream.facts;
  const auto held = static_cast<double>(facts.next_sequence - facts.first_sequence);
  const double record_bytes = held > 0 ? static_cast<double>(facts.stored_bytes) / held : 0;
  const int64_t now = clock_.SteadyMicros();
  ArrivalLog& arrivals = arrivals_[table];
  arrivals.Look(now, facts.next_sequence);
  for (const auto& [consumer, next] : stream.taken) {
    const auto backlog = static_cast<double>(
        facts.next_sequence - std::clamp(next, facts.first_sequence, facts.next_sequence));
    out.Set(stream::kBacklogRecords, {table, consumer}, backlog);
    out.Set(stream::kBacklogBytes, {table, consumer}, backlog * record_bytes);
    out.Set(stream::kBacklogAge, {table, consumer}, Seconds(arrivals.Age(now, next)));
  }
  out.Set(stream::kStoredBytes, {table}, static_cast<double>(facts.stored_bytes));
  out.Set(stream::kStoredSegments, {table}, static_cast<double>(facts.segments));
  out.Set(stream::kRefusedPuts, {table}, static_cast<double>(stream.refused_puts));
  out.Set(stream::kPutDuration, {table}, stream.put_durations);
  for (size_t shard = 0; shard < stream.shards.size(); ++shard)
    CollectShard(table, shard, stream.shards[shard], out);
}

void MetricsCollector::CollectShard(const std::string& table, size_t shard,
                                    const StreamFigures::Shard& figures, metrics::Collection& out) {
  const std::string name = std::to_string(shard);
  const std::string series = table + " " + name;
  out.Set(stream::kShardRecords, {table, name}, static_cast<double>(figures.records));
  out.Set(stream::kShardBytes, {table, name}, static_cast<double>(figures.bytes));
  const auto records = Increase("records " + series, kShardSpanMicros, figures.records);
  const auto bytes = Increase("bytes " + series, kShardSpanMicros, figures.bytes);
  if (records) {
    out.Set(stream::kShardLimitShare, {table, name, "records"},
            records->per_second() / stream::kKinesisShardRecordsPerSecond);
  }
  if (bytes) {
    out.Set(stream::kShardLimitShare, {table, name, "bytes"},
            bytes->per_second() / stream::kKinesisShardBytesPerSecond);
  }
}

/// After the table's stream was looked at. Of the past that a simulator begins with, and of files,
/// it says nothing.
void MetricsCollector::CollectMarketFreshness(const MarketFigures& market,
                                              const TableFigures& table, metrics::Collection& out) {
  if (!table.stream || market.newest_change_micros < table.past_until_micros) return;
  std::optional<int64_t> freshness;
  const int64_t quiet = clock_.WallMicros() - market.newest_taken_micros;
  if (market.newest_change_micros != 0 && quiet <= kQuietMarketMicros) {
    freshness = std::max<int64_t>(0, market.newest_taken_micros - market.newest_change_micros);
  }
  const uint64_t next = std::max(market.next_record, table.stream->facts.first_sequence);
  const int64_t waiting = arrivals_[market.table].Age(clock_.SteadyMicros(), next);
  if (waiting > 0) freshness = std::max(freshness.value_or(0), waiting);
  if (freshness) out.Set(market::kMarketFreshness, {market.table}, Seconds(*freshness));
}

void MetricsCollector::CollectHost(metrics::Collection& out) {
  out.Set(monitor::kUptime, {}, Seconds(clock_.SteadyMicros() - begin_micros_));
  // A figure that cannot be had makes no series: alarms then see missing data.
  const Result<io::ProcessFigures> process = io::ReadProcessFigures();
  if (process.ok()) {
    out.Set(monitor::kResidentBytes, {}, static_cast<double>(process->resident_bytes));
    out.Set(monitor::kCpuSeconds, {}, Seconds(process->cpu_micros));
    out.Set(monitor::kOpenFiles, {}, static_cast<double>(process->open_files));
  }
  const Result<io::DiskFigures> disk = io::ReadDiskFigures(sources_.lake_path);
  if (!disk.ok() || disk->total_bytes == 0) return;
  const auto total = static_cast<double>(disk->total_bytes);
  const auto free = static_cast<double>(disk->free_bytes);
  out.Set(monitor::kDiskFreeBytes, {}, free);
  out.Set(monitor::kDiskUsedBytes, {}, total - free);
  out.Set(monitor::kDiskFreeShare, {}, free / total);
}

}  // namespace tapelake::app
