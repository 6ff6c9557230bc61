#include "app/market/market_tables.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/time.h"
#include "ingest/ingest_state.h"
#include "io/file_system.h"
#include "record/table_definition.h"

namespace tapelake::app {
namespace {

constexpr int kBuckets = 2;

Result<std::unique_ptr<hudi::Table>> OpenOrCreate(const hudi::TableEnvironment& environment,
                                                  const std::string& path,
                                                  const hudi::CreateOptions& create) {
  const std::string properties = io::JoinPath(path, ".hoodie/hoodie.properties");
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, environment.files.Exists(properties));
  if (!exists) return hudi::Table::Create(environment, path, create);
  TAPELAKE_ASSIGN_OR_RAISE(auto table, hudi::Table::Open(environment, path));
  const hudi::TableConfig& stored = table->config();
  if (stored.record_key_fields != std::vector<std::string>{create.record_key_field} ||
      stored.partition_fields != std::vector<std::string>{create.partition_field} ||
      stored.bucket_count == 0 || stored.type != create.type) {
    return MakeError(ErrorKind::kConflict,
                     "there is a table " + create.database + "." + create.name +
                         " that the market did not make (" + path +
                         ")\nhint: move it away, or set market.enabled: false");
  }
  TAPELAKE_RETURN_NOT_OK(table->MakeNamesDurable());
  TAPELAKE_RETURN_NOT_OK(table->CleanUpPendingCommits());
  return table;
}

/// Gives each day its index in a request.
class Days {
 public:
  explicit Days(hudi::UpsertRequest* request) : request_(request) {}

  uint32_t IndexOf(int64_t micros) {
    const std::string day = base::FormatDate(micros);
    const auto next = static_cast<uint32_t>(request_->partition_values.size());
    const auto [known, added] = indices_.emplace(day, next);
    if (added) request_->partition_values.push_back(day);
    return known->second;
  }

 private:
  hudi::UpsertRequest* request_;
  std::map<std::string, uint32_t> indices_;
};

}  // namespace

MarketTables::MarketTables(const hudi::TableEnvironment& environment, const Options& options)
    : environment_(environment),
      options_(options),
      bar_services_(options.services, options.on_bars_compaction),
      measure_services_(options.services, options.on_measures_compaction) {}

Result<std::unique_ptr<MarketTables>> MarketTables::Open(const hudi::TableEnvironment& environment,
                                                         const Options& options) {
  std::unique_ptr<MarketTables> tables(new MarketTables(environment, options));
  const Status opened = tables->OpenAll();
  if (!opened.ok()) return WithContext(opened, "cannot open the market's tables");
  return tables;
}

Status MarketTables::OpenAll() {
  hudi::CreateOptions create;
  create.database = options_.database;
  create.name = kBarsTable;
  create.schema = BarSchema();
  create.record_key_field = kBarIdColumn;
  create.partition_field = record::kPartitionColumn;
  create.precombine_field = record::kChangeSeqColumn;
  create.bucket_count = kBuckets;
  create.type = hudi::TableType::kMergeOnRead;
  TAPELAKE_ASSIGN_OR_RAISE(
      bars_, OpenOrCreate(environment_, io::JoinPath(options_.database_path, kBarsTable), create));
  create.name = kMeasuresTable;
  create.schema = MeasureSchema();
  create.record_key_field = kMeasureIdColumn;
  TAPELAKE_ASSIGN_OR_RAISE(
      measures_,
      OpenOrCreate(environment_, io::JoinPath(options_.database_path, kMeasuresTable), create));
  TAPELAKE_RETURN_NOT_OK(LoadPosition());
  TAPELAKE_RETURN_NOT_OK(bar_services_.Begin(*bars_));
  return measure_services_.Begin(*measures_);
}

Status MarketTables::LoadPosition() {
  for (hudi::Table* table : {measures_.get(), bars_.get()}) {
    const auto commit = table->NewestCommitWith(ingest::kPositionsKey);
    if (KindOf(commit.status()) == ErrorKind::kNotFound) continue;
    TAPELAKE_RETURN_NOT_OK(commit.status());
    TAPELAKE_ASSIGN_OR_RAISE(
        ingest::IngestState state,
        ingest::LoadState(environment_.files, table->base_path(), commit->extra_metadata));
    change_seq_ = std::max(change_seq_, state.change_seq);
    if (table != bars_.get()) continue;
    position_.emplace();
    position_->positions = std::move(state.positions);
    const auto backfill = commit->extra_metadata.find(kBackfillKey);
    if (backfill == commit->extra_metadata.end()) continue;
    const std::string& text = backfill->second;
    int64_t micros = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), micros);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
      return MakeError(ErrorKind::kCorrupt, "commit " + commit->instant + ": " + kBackfillKey +
                                                " is '" + text + "', not a number");
    }
    position_->backfill_before_micros = micros;
  }
  return Status::OK();
}

Result<std::map<std::string, std::string>> MarketTables::Metadata(
    const hudi::Table& table, const MarketPosition& position) const {
  ingest::IngestState state;
  state.positions = position.positions;
  state.change_seq = change_seq_;
  TAPELAKE_ASSIGN_OR_RAISE(
      auto metadata, ingest::StoreState(environment_.files, table.base_path(), "tapelake", state));
  if (position.backfill_before_micros) {
    metadata[kBackfillKey] = std::to_string(*position.backfill_before_micros);
  }
  return metadata;
}

Status MarketTables::Commit(hudi::Table* table, const hudi::UpsertRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::UpsertResult result, table->Upsert(request));
  if (result.outcome == hudi::CommitOutcome::kUnknown) {
    return MakeError(ErrorKind::kUnknownOutcome,
                     "commit " + result.instant + " of " + table->base_path() +
                         " may have happened: " + result.reason.message());
  }
  if (result.outcome == hudi::CommitOutcome::kNotDone) {
    return WithContext(result.reason, "commit of " + table->base_path());
  }
  ingest::DropOldStateFiles(environment_.files, table->base_path(), request.extra_metadata);
  ++commits_;
  return Status::OK();
}

Status MarketTables::StoreBars(const BarsByPlace& bars, const MarketPosition& position) {
  hudi::UpsertRequest request;
  TAPELAKE_ASSIGN_OR_RAISE(request.rows, BarRows(bars, change_seq_ + 1));
  change_seq_ += static_cast<int64_t>(bars.size()) + 1;
  std::vector<std::string> keys;
  keys.reserve(bars.size());
  std::vector<hudi::RecordChange> changes;
  changes.reserve(bars.size());
  Days days(&request);
  int64_t row = 0;
  for (const auto& [place, sums] : bars) {
    const auto& [series, interval, start_micros] = place;
    keys.push_back(BarKey(series, interval, start_micros));
    changes.push_back({.record_key = keys.back(),
                       .partition = days.IndexOf(start_micros),
                       .row = sums.empty() ? hudi::RecordChange::kDelete : row++,
                       .delete_ordering = change_seq_});
  }
  request.schema = request.rows->schema();
  request.changes = changes;
  request.threads = options_.threads;
  TAPELAKE_ASSIGN_OR_RAISE(request.extra_metadata, Metadata(*bars_, position));
  TAPELAKE_RETURN_NOT_OK(Commit(bars_.get(), request));
  position_ = position;
  return bar_services_.Run(*bars_).status();
}

Status MarketTables::StoreMeasures(const std::vector<MeasureSlot>& slots) {
  hudi::UpsertRequest request;
  TAPELAKE_ASSIGN_OR_RAISE(request.rows, MeasureRows(slots, change_seq_ + 1));
  change_seq_ += request.rows->num_rows();
  const auto catalog = market::MeasureCatalog();
  std::vector<std::string> keys;
  keys.reserve(static_cast<size_t>(request.rows->num_rows()));
  std::vector<hudi::RecordChange> changes;
  changes.reserve(keys.capacity());
  Days days(&request);
  for (const MeasureSlot& slot : slots) {
    for (size_t i = 0; i < std::min(catalog.size(), slot.values.size()); ++i) {
      keys.push_back(MeasureKey(slot.series, catalog[i].name, slot.at_micros));
      changes.push_back({.record_key = keys.back(),
                         .partition = days.IndexOf(slot.at_micros),
                         .row = static_cast<int64_t>(changes.size())});
    }
  }
  request.schema = request.rows->schema();
  request.changes = changes;
  request.threads = options_.threads;
  TAPELAKE_ASSIGN_OR_RAISE(request.extra_metadata, Metadata(*measures_, {}));
  TAPELAKE_RETURN_NOT_OK(Commit(measures_.get(), request));
  return measure_services_.Run(*measures_).status();
}

Status MarketTables::Store(const BarsByPlace& bars, const std::vector<MeasureSlot>& slots,
                           const MarketPosition& position) {
  if (!slots.empty()) TAPELAKE_RETURN_NOT_OK(StoreMeasures(slots));
  return StoreBars(bars, position);
}

}  // namespace tapelake::app
