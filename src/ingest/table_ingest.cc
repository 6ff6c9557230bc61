#include "ingest/table_ingest.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <arrow/array/concatenate.h>

#include "base/assert.h"
#include "hudi/format/bucket_hash.h"
#include "hudi/format/projection.h"
#include "ingest/change_book.h"
#include "ingest/ingest_state.h"
#include "ingest/recent_changes.h"
#include "ingest/stored_rows.h"
#include "transform/row_builder.h"

namespace tapelake::ingest {
namespace {

using transform::ParseError;

std::string TablePath(const record::TableDefinition& table, const IngestOptions& options) {
  return io::JoinPath(io::JoinPath(options.lake_path, table.database), table.name);
}

Status Conflict(const record::TableDefinition& table, const std::string& what) {
  return MakeError(ErrorKind::kConflict, "table " + table.QualifiedName() + ": " + what);
}

/// Where a key's file group follows from the key.
bool HasBuckets(const hudi::TableConfig& stored) {
  return stored.index_kind() == hudi::IndexKind::kBucket;
}

Status CheckStoredIndex(const record::TableDefinition& table, const hudi::TableConfig& stored,
                        const IngestOptions& options) {
  const auto index = stored.index_kind();
  if (!index || (HasBuckets(stored) && stored.bucket_count == 0)) {
    return Conflict(table, "has an index by which keys cannot be found (hoodie.index.type is '" +
                               stored.index_type + "')");
  }
  if (options.index_stated && *index != options.index) {
    return Conflict(table, "is stored with the index " + std::string(hudi::IndexKindName(*index)) +
                               ", asked for is " + std::string(hudi::IndexKindName(options.index)) +
                               "; a table keeps the index it was made with");
  }
  if (HasBuckets(stored) && options.buckets_stated && stored.bucket_count != table.bucket_count) {
    return Conflict(table, "is stored with " + std::to_string(stored.bucket_count) +
                               " buckets, asked for are " + std::to_string(table.bucket_count) +
                               "; a table keeps the count it was made with");
  }
  return Status::OK();
}

/// How a message calls what a table's change-data logs hold.
std::string ChangeDataWords(const std::optional<hudi::CdcLogging>& logging) {
  if (!logging) return "without change-data logs";
  return "with change-data logs of the kind " + std::string(hudi::CdcLoggingName(*logging));
}

Status CheckStoredChangeData(const record::TableDefinition& table, const hudi::TableConfig& stored,
                             const IngestOptions& options) {
  if (!options.change_data_stated) return Status::OK();
  // A kind that nobody knows is refused when it is written.
  const auto logging = stored.cdc_enabled ? stored.cdc_logging() : std::nullopt;
  if (logging == options.change_data) return Status::OK();
  return Conflict(table, "is stored " + ChangeDataWords(logging) + ", asked for is one " +
                             ChangeDataWords(options.change_data) +
                             "; a table keeps the logs it was made with");
}

/// The stored table must be keyed, partitioned and indexed as the definition says.
Status CheckStored(const record::TableDefinition& table, const hudi::TableConfig& stored,
                   const IngestOptions& options) {
  if (stored.record_key_fields != std::vector<std::string>{table.key_column}) {
    const std::string key =
        stored.record_key_fields.empty() ? "none" : stored.record_key_fields.front();
    return Conflict(
        table, "is stored with record key '" + key + "', declared is '" + table.key_column + "'");
  }
  if (stored.partition_fields != std::vector<std::string>{record::kPartitionColumn}) {
    return Conflict(table, std::string("is not partitioned by '") + record::kPartitionColumn + "'");
  }
  TAPELAKE_RETURN_NOT_OK(CheckStoredIndex(table, stored, options));
  TAPELAKE_RETURN_NOT_OK(CheckStoredChangeData(table, stored, options));
  if (options.type_stated && stored.type != options.type) {
    return Conflict(table, "is stored as " + std::string(hudi::TableTypeName(stored.type)) +
                               ", asked for is " + std::string(hudi::TableTypeName(options.type)) +
                               "; a table keeps the type it was made with");
  }
  return Status::OK();
}

/// The value in `event_date=2026-11-22`.
std::string_view PartitionValueOf(std::string_view partition_path) {
  const size_t equals = partition_path.find('=');
  return equals == std::string_view::npos ? partition_path : partition_path.substr(equals + 1);
}

}  // namespace

void IngestCounts::Add(const IngestCounts& other) {
  received += other.received;
  applied += other.applied;
  duplicates += other.duplicates;
  stale += other.stale;
  errors += other.errors;
  rescued_values += other.rescued_values;
  inserted_rows += other.inserted_rows;
  updated_rows += other.updated_rows;
  deleted_rows += other.deleted_rows;
  commits += other.commits;
  for (const auto& [type, count] : other.errors_by_type)
    errors_by_type[type] += count;
}

class TableIngest::Impl {
 public:
  Impl(const hudi::TableEnvironment& environment, const record::TableDefinition& table,
       const IngestOptions& options)
      : environment_(environment),
        definition_(table),
        options_(options),
        path_(TablePath(table, options)),
        recent_(options.horizon_micros, options.index_bytes_max) {}

  Status Open();
  Refusal Check(const record::Change& change) const;
  Result<Verdict> Take(const record::Change& change);
  void CountError(ParseError error);
  void Advance(const std::string& source, uint64_t end_offset);
  void SetMark(const std::string& source, record::LogMark mark);
  void Forget(const std::string& source);
  Status PublishHot();
  Result<CommitReport> Commit();

  hudi::Table& table() { return *table_; }
  const IngestState& state() const { return state_; }
  const IngestCounts& totals() const { return totals_; }
  int64_t pending_records() const { return counts_.received; }
  int64_t pending_bytes() const { return chunk_bytes_ + builder_->memory_bytes(); }

 private:
  Status OpenTable();
  Status RestoreState();
  Status RestoreRecentChanges(const hudi::Snapshot& snapshot);
  Result<Verdict> TakeNewer(const record::Change& change, std::string_view key, ChangeOrder order,
                            const ChangeIdentity& identity, ChangeBook::Entry* known);
  uint32_t PartitionId(std::string_view value);
  uint32_t OldPartition(const record::Change& change);
  Status AskStoredRows();
  void MeetStoredRow(ChangeBook::Entry* entry, const StoredRow& stored);
  std::vector<Tombstone> Tombstones() const;
  /// The days these writes touch; the writes then name them by their place in the answer.
  std::vector<std::string> NamePartitions(std::vector<hudi::RecordChange>* writes) const;
  /// End the chunk that the builder fills.
  Status FinishChunk();
  /// All rows since the last commit as one batch; row numbers of the book count through it.
  Result<std::shared_ptr<arrow::RecordBatch>> TakeChunks();
  Result<hudi::UpsertResult> Write();
  void CountRows(const hudi::UpsertResult& result);

  hudi::TableEnvironment environment_;
  record::TableDefinition definition_;
  IngestOptions options_;
  std::string path_;
  std::unique_ptr<hudi::Table> table_;
  std::unique_ptr<transform::RowBuilder> builder_;
  RecentChanges recent_;
  hudi::CheckedBaseFiles checked_;
  ChangeBook book_;
  arrow::RecordBatchVector chunks_;          // rows since the last commit, before the builder's
  int64_t chunk_rows_ = 0;                   // of all chunks_
  int64_t chunk_bytes_ = 0;                  // about what they hold
  std::vector<ChangeBook::Entry*> unshown_;  // accepted since the last PublishHot()
  bool advanced_ = false;                    // positions or marks moved since the last commit
  IngestState state_;
  std::vector<std::string> partition_values_;
  std::map<std::string, uint32_t, std::less<>> partition_ids_;
  std::vector<std::string> refused_keys_;  // to forget once the commit is over
  std::string restored_instant_;           // of the commit that carried state_
  int64_t rescued_before_ = 0;
  IngestCounts counts_;  // since the last commit
  IngestCounts totals_;
};

Status TableIngest::Impl::Open() {
  TAPELAKE_RETURN_NOT_OK(record::ValidateTable(definition_));
  TAPELAKE_RETURN_NOT_OK(OpenTable());
  TAPELAKE_RETURN_NOT_OK(table_->CleanUpPendingCommits());
  TAPELAKE_RETURN_NOT_OK(RestoreState());
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table_->LatestSnapshot());
  if (options_.hot != nullptr) options_.hot->Committed(snapshot.instant);
  const auto stored_schema = snapshot.instant.empty() ? nullptr : snapshot.schema;
  TAPELAKE_ASSIGN_OR_RAISE(builder_, transform::RowBuilder::Make(definition_, stored_schema));
  if (snapshot.instant != restored_instant_) {  // another writer committed since
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t stored_seq,
                             GreatestStoredChangeSeq(environment_.files, path_, snapshot));
    state_.change_seq = std::max(state_.change_seq, stored_seq);
  }
  if (options_.hand_over) {
    state_.shape.reset();
    state_.tombstones.clear();
    recent_.Clear(state_.watermark_micros);
    return Status::OK();
  }
  return RestoreRecentChanges(snapshot);
}

Status TableIngest::Impl::OpenTable() {
  const std::string properties = io::JoinPath(path_, ".hoodie/hoodie.properties");
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, environment_.files.Exists(properties));
  if (exists) {
    TAPELAKE_ASSIGN_OR_RAISE(table_, hudi::Table::Open(environment_, path_));
    TAPELAKE_RETURN_NOT_OK(table_->MakeNamesDurable());
    return CheckStored(definition_, table_->config(), options_);
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto empty, transform::RowBuilder::Make(definition_, nullptr));
  hudi::CreateOptions create;
  create.database = definition_.database;
  create.name = definition_.name;
  create.schema = empty->schema();
  create.record_key_field = definition_.key_column;
  create.partition_field = record::kPartitionColumn;
  create.precombine_field = record::kChangeSeqColumn;
  create.index = options_.index;
  create.bucket_count = definition_.bucket_count;
  create.type = options_.type;
  create.cdc_logging = options_.change_data;
  TAPELAKE_ASSIGN_OR_RAISE(table_, hudi::Table::Create(environment_, path_, create));
  return Status::OK();
}

Status TableIngest::Impl::RestoreState() {
  const auto commit = table_->NewestCommitWith(kPositionsKey);
  if (commit.ok()) {
    auto loaded = LoadState(environment_.files, path_, commit->extra_metadata);
    if (!loaded.ok()) return WithContext(loaded.status(), "commit " + commit->instant);
    state_ = std::move(*loaded);
    restored_instant_ = commit->instant;
    return Status::OK();
  }
  return KindOf(commit.status()) == ErrorKind::kNotFound ? Status::OK() : commit.status();
}

Status TableIngest::Impl::RestoreRecentChanges(const hudi::Snapshot& snapshot) {
  if (snapshot.instant.empty()) return Status::OK();
  if (!state_.shape) {
    // Rows of another writer only: nothing is known of any key.
    recent_.set_floor_micros(std::numeric_limits<int64_t>::max());
    return Status::OK();
  }
  const int64_t from = state_.watermark_micros - options_.horizon_micros;
  recent_.set_floor_micros(from - 1);
  for (const Tombstone& tombstone : state_.tombstones) {
    RecentChange& recent = recent_.FindOrAdd(tombstone.key)->second;
    recent.order = tombstone.order;
    recent.arrival_micros = tombstone.arrival_micros;
  }
  return VisitStoredRows(environment_.files, path_, snapshot,
                         {.change_time_from_micros = from, .checked = &checked_},
                         [this](const StoredRow& row) {
                           RecentChange& recent = recent_.FindOrAdd(row.key)->second;
                           recent.order.time_micros = row.change_time_micros;
                           recent.order.sequence = std::string(row.change_sequence);
                           recent.partition = PartitionId(PartitionValueOf(row.partition_path));
                         });
}

void TableIngest::Impl::CountError(ParseError error) {
  ++counts_.received;
  ++counts_.errors;
  ++counts_.errors_by_type[std::string(transform::ParseErrorText(error))];
}

void TableIngest::Impl::Advance(const std::string& source, uint64_t end_offset) {
  uint64_t& position = state_.positions[source];
  advanced_ = advanced_ || position != end_offset;
  position = end_offset;
}

void TableIngest::Impl::SetMark(const std::string& source, record::LogMark mark) {
  const auto position = state_.positions.find(source);
  TAPELAKE_ASSERT(mark.offset <= (position == state_.positions.end() ? 0 : position->second));
  record::LogMark& known = state_.marks[source];
  advanced_ = advanced_ || known != mark;
  known = std::move(mark);
}

void TableIngest::Impl::Forget(const std::string& source) {
  state_.positions.erase(source);
  state_.marks.erase(source);
}

Refusal TableIngest::Impl::Check(const record::Change& change) const {
  if (state_.shape && change.shape != *state_.shape) {
    return {ParseError::kWrongShape,
            "a " + std::string(record::RecordShapeText(change.shape)) +
                " record in a table ordered by " +
                std::string(record::RecordShapeText(*state_.shape)) +
                " records; change the source of a table with an explicit hand-over"};
  }
  if (builder_->KeyOf(change).empty()) {
    return {ParseError::kNoKey,
            "key attribute of '" + definition_.key_column + "' is absent, empty or no string"};
  }
  if (change.event != record::EventName::kRemove &&
      builder_->PartitionOf(change.new_image).empty()) {
    return {ParseError::kNoPartition, "attribute of '" + definition_.time_column +
                                          "' is absent or no time, so the row has no day"};
  }
  return {};
}

Result<Verdict> TableIngest::Impl::Take(const record::Change& change) {
  ++counts_.received;
  if (!state_.shape) state_.shape = change.shape;
  const std::string_view key = builder_->KeyOf(change);
  ChangeOrder order = OrderOf(change);
  const ChangeIdentity identity = IdentityOf(change);
  ChangeBook::Entry* known = recent_.Find(key);
  if (known == nullptr) return TakeNewer(change, key, std::move(order), identity, nullptr);
  switch (
      PlaceChange(*state_.shape, known->second.order, known->second.identity, order, identity)) {
    case OrderVerdict::kDuplicate:
      ++counts_.duplicates;
      return Verdict::kDuplicate;
    case OrderVerdict::kStale:
      ++counts_.stale;
      // Its row is outdated, but it proves that the key has left the partition of its old image.
      book_.Leave(known, OldPartition(change));
      return Verdict::kStale;
    case OrderVerdict::kNewer:
      break;
  }
  return TakeNewer(change, key, std::move(order), identity, known);
}

Result<Verdict> TableIngest::Impl::TakeNewer(const record::Change& change, std::string_view key,
                                             ChangeOrder order, const ChangeIdentity& identity,
                                             ChangeBook::Entry* known) {
  const bool removes = change.event == record::EventName::kRemove;
  const uint32_t left = OldPartition(change);
  // Without an entry and below the floor, or not knowing where the row was, only the table can say.
  const bool where_unknown =
      known == nullptr && change.event != record::EventName::kInsert && left == kNoPartition;
  const bool late =
      where_unknown || (known == nullptr && order.time_micros <= recent_.floor_micros());
  int64_t row = hudi::RecordChange::kDelete;
  uint32_t partition = kNoPartition;
  if (!removes) {
    partition = PartitionId(builder_->PartitionOf(change.new_image));
    TAPELAKE_ASSIGN_OR_RAISE(row, builder_->Append(change, ++state_.change_seq));
    row += chunk_rows_;
  }
  ChangeBook::Entry* entry = known != nullptr ? known : recent_.FindOrAdd(key);
  const uint32_t before = entry->second.partition;
  state_.watermark_micros = std::max(state_.watermark_micros, order.time_micros);
  entry->second.order = std::move(order);
  entry->second.identity = identity;
  entry->second.partition = partition;
  entry->second.arrival_micros = state_.watermark_micros;
  book_.Accept(entry,
               {.row = row, .late = late, .is_insert = change.event == record::EventName::kInsert});
  book_.Leave(entry, before);
  book_.Leave(entry, left);
  if (options_.hot != nullptr) unshown_.push_back(entry);
  ++counts_.applied;
  return book_.IsLate(entry) ? Verdict::kLate : Verdict::kApplied;
}

uint32_t TableIngest::Impl::PartitionId(std::string_view value) {
  if (const auto found = partition_ids_.find(value); found != partition_ids_.end()) {
    return found->second;
  }
  const uint32_t id = static_cast<uint32_t>(partition_values_.size());
  partition_values_.emplace_back(value);
  partition_ids_.emplace(std::string(value), id);
  return id;
}

uint32_t TableIngest::Impl::OldPartition(const record::Change& change) {
  if (!change.has_old_image) return kNoPartition;
  const std::string_view value = builder_->PartitionOf(change.old_image);
  return value.empty() ? kNoPartition : PartitionId(value);
}

Status TableIngest::Impl::AskStoredRows() {
  const std::vector<ChangeBook::Entry*> late = book_.LateEntries();
  if (late.empty()) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table_->LatestSnapshot());
  std::unordered_map<std::string_view, ChangeBook::Entry*> by_key;
  StoredRowFilter filter{.checked = &checked_};
  const bool has_buckets = HasBuckets(table_->config());
  const auto bucket_count = static_cast<uint32_t>(table_->config().bucket_count);
  for (ChangeBook::Entry* entry : late) {
    by_key.emplace(entry->first, entry);
    if (!has_buckets) continue;
    filter.buckets.insert(hudi::BucketOfHash(hudi::BucketHash(entry->first), bucket_count));
  }
  return VisitStoredRows(environment_.files, path_, snapshot, filter, [&](const StoredRow& stored) {
    const auto found = by_key.find(stored.key);
    if (found != by_key.end()) MeetStoredRow(found->second, stored);
  });
}

void TableIngest::Impl::MeetStoredRow(ChangeBook::Entry* entry, const StoredRow& stored) {
  const ChangeOrder& incoming = entry->second.order;
  int compared = 0;  // of incoming with stored
  if (*state_.shape == record::RecordShape::kStreams) {
    compared = stored.change_sequence.empty()
                   ? 1
                   : CompareSequence(incoming.sequence, stored.change_sequence);
  } else if (incoming.time_micros != stored.change_time_micros) {
    compared = incoming.time_micros > stored.change_time_micros ? 1 : -1;
  }
  const uint32_t partition = PartitionId(PartitionValueOf(stored.partition_path));
  if (compared > 0) {
    book_.Leave(entry, partition);
    return;
  }
  // The row is there, whatever the refused changes say: a removal among them is no tombstone.
  const int64_t refused = book_.Refuse(entry, partition);
  counts_.applied -= refused;
  (compared == 0 ? counts_.duplicates : counts_.stale) += refused;
  refused_keys_.push_back(entry->first);
}

std::vector<Tombstone> TableIngest::Impl::Tombstones() const {
  std::vector<Tombstone> tombstones;
  for (const auto& [key, recent] : recent_.entries()) {
    if (recent.partition == kNoPartition && recent_.Remembers(recent, state_.watermark_micros)) {
      tombstones.push_back({key, recent.order, recent.arrival_micros});
    }
  }
  std::sort(tombstones.begin(), tombstones.end(),
            [](const Tombstone& a, const Tombstone& b) { return a.key < b.key; });
  return tombstones;
}

std::vector<std::string> TableIngest::Impl::NamePartitions(
    std::vector<hudi::RecordChange>* writes) const {
  std::vector<std::string> touched;
  std::unordered_map<uint32_t, uint32_t> place;
  for (hudi::RecordChange& write : *writes) {
    const auto [known, added] =
        place.emplace(write.partition, static_cast<uint32_t>(touched.size()));
    if (added) touched.push_back(partition_values_[write.partition]);
    write.partition = known->second;
  }
  return touched;
}

Status TableIngest::Impl::FinishChunk() {
  if (builder_->row_count() == 0 && !chunks_.empty()) return Status::OK();
  chunk_bytes_ += builder_->memory_bytes();
  TAPELAKE_ASSIGN_OR_RAISE(auto rows, builder_->Finish());
  chunk_rows_ += rows->num_rows();
  chunks_.push_back(std::move(rows));
  return Status::OK();
}

Status TableIngest::Impl::PublishHot() {
  if (unshown_.empty()) return Status::OK();
  const int64_t first_row = chunk_rows_;
  const size_t chunks_before = chunks_.size();
  TAPELAKE_RETURN_NOT_OK(FinishChunk());
  auto chunk = std::make_shared<hot::HotChunk>();
  chunk->rows = chunks_.size() == chunks_before ? chunks_.back()->Slice(0, 0) : chunks_.back();
  for (ChangeBook::Entry* entry : unshown_) {
    if (book_.IsLate(entry)) continue;
    const int64_t row = book_.RowOf(entry);
    const int64_t shown = row < 0 ? hot::HotChange::kDelete : row - first_row;
    // An entry accepted twice in this chunk is listed twice, with its newest row.
    chunk->changes.push_back({.key = entry->first, .row = shown});
  }
  unshown_.clear();
  if (!chunk->changes.empty()) options_.hot->Publish(std::move(chunk));
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> TableIngest::Impl::TakeChunks() {
  TAPELAKE_RETURN_NOT_OK(FinishChunk());
  const auto schema = chunks_.back()->schema();  // columns are only ever added
  arrow::RecordBatchVector chunks = std::exchange(chunks_, {});
  const int64_t rows = std::exchange(chunk_rows_, 0);
  chunk_bytes_ = 0;
  if (chunks.size() == 1) return chunks.front();
  for (auto& chunk : chunks) {
    TAPELAKE_ASSIGN_OR_RAISE(chunk, hudi::ProjectBatch(*chunk, schema));
  }
  arrow::ArrayVector columns;
  for (int i = 0; i < schema->num_fields(); ++i) {
    arrow::ArrayVector pieces;
    for (const auto& chunk : chunks)
      pieces.push_back(chunk->column(i));
    TAPELAKE_ASSIGN_OR_RAISE(auto column, arrow::Concatenate(pieces));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

Result<hudi::UpsertResult> TableIngest::Impl::Write() {
  state_.tombstones = Tombstones();
  hudi::UpsertRequest request;
  TAPELAKE_ASSIGN_OR_RAISE(request.rows, TakeChunks());
  request.schema = request.rows->schema();
  std::vector<hudi::RecordChange> writes = book_.MakeWrites(state_.change_seq);
  request.partition_values = NamePartitions(&writes);
  request.changes = writes;
  TAPELAKE_ASSIGN_OR_RAISE(request.extra_metadata,
                           StoreState(environment_.files, path_, "tapelake", state_));
  request.threads = options_.threads;
  TAPELAKE_ASSIGN_OR_RAISE(hudi::UpsertResult result, table_->Upsert(request));
  if (result.outcome == hudi::CommitOutcome::kUnknown) {
    return MakeError(ErrorKind::kUnknownOutcome,
                     "commit " + result.instant + " of " + definition_.QualifiedName() +
                         " may have happened: " + result.reason.message());
  }
  if (result.outcome == hudi::CommitOutcome::kNotDone) {
    return WithContext(result.reason, "commit of " + definition_.QualifiedName());
  }
  if (options_.hot != nullptr) options_.hot->Committed(result.instant);
  DropOldStateFiles(environment_.files, path_, request.extra_metadata);
  return result;
}

void TableIngest::Impl::CountRows(const hudi::UpsertResult& result) {
  if (table_->config().type == hudi::TableType::kCopyOnWrite) {
    counts_.inserted_rows = result.inserted_rows;
    counts_.updated_rows = result.updated_rows;
    counts_.deleted_rows = result.deleted_rows;
    return;
  }
  const ChangeBook::RowCounts rows = book_.CountRows();
  counts_.inserted_rows = rows.inserted;
  counts_.updated_rows = rows.updated;
  counts_.deleted_rows = rows.deleted;
}

Result<CommitReport> TableIngest::Impl::Commit() {
  CommitReport report;
  if (counts_.received == 0 && !advanced_) return report;
  const int64_t started = environment_.clock.SteadyMicros();
  TAPELAKE_RETURN_NOT_OK(AskStoredRows());
  // One number above all rows of this commit: a delete wins over every row before it.
  ++state_.change_seq;
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::UpsertResult result, Write());
  CountRows(result);
  counts_.rescued_values = builder_->rescued_values() - rescued_before_;
  counts_.commits = 1;
  rescued_before_ = builder_->rescued_values();
  book_.Clear();
  unshown_.clear();
  advanced_ = false;
  for (const std::string& key : refused_keys_)
    recent_.Forget(key);
  refused_keys_.clear();
  recent_.Evict(state_.watermark_micros);
  TAPELAKE_ASSERT(counts_.received ==
                  counts_.applied + counts_.duplicates + counts_.stale + counts_.errors);
  totals_.Add(counts_);
  report.instant = result.instant;
  report.counts = std::exchange(counts_, {});
  report.watermark_micros = state_.watermark_micros;
  report.duration_micros = environment_.clock.SteadyMicros() - started;
  report.table_rows_written = result.inserted_rows + result.updated_rows;
  return report;
}

TableIngest::TableIngest() = default;
TableIngest::~TableIngest() = default;

Result<std::unique_ptr<TableIngest>> TableIngest::Open(const hudi::TableEnvironment& environment,
                                                       const record::TableDefinition& table,
                                                       const IngestOptions& options) {
  std::unique_ptr<TableIngest> ingest(new TableIngest());
  ingest->impl_ = std::make_unique<Impl>(environment, table, options);
  TAPELAKE_RETURN_NOT_OK(ingest->impl_->Open());
  return ingest;
}

uint64_t TableIngest::CommittedOffset(const std::string& source) const {
  const auto& positions = impl_->state().positions;
  const auto found = positions.find(source);
  return found == positions.end() ? 0 : found->second;
}

Refusal TableIngest::Check(const record::Change& change) const {
  return impl_->Check(change);
}
Result<Verdict> TableIngest::Take(const record::Change& change) {
  return impl_->Take(change);
}
void TableIngest::CountError(transform::ParseError error) {
  impl_->CountError(error);
}
void TableIngest::Advance(const std::string& source, uint64_t end_offset) {
  impl_->Advance(source, end_offset);
}
const std::map<std::string, record::LogMark>& TableIngest::marks() const {
  return impl_->state().marks;
}
void TableIngest::SetMark(const std::string& source, record::LogMark mark) {
  impl_->SetMark(source, std::move(mark));
}
void TableIngest::Forget(const std::string& source) {
  impl_->Forget(source);
}
Status TableIngest::PublishHot() {
  return impl_->PublishHot();
}
hudi::Table& TableIngest::table() {
  return impl_->table();
}

int64_t TableIngest::pending_records() const {
  return impl_->pending_records();
}
int64_t TableIngest::pending_bytes() const {
  return impl_->pending_bytes();
}
Result<CommitReport> TableIngest::Commit() {
  return impl_->Commit();
}
const IngestCounts& TableIngest::totals() const {
  return impl_->totals();
}

}  // namespace tapelake::ingest
