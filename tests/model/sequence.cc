#include "tests/model/sequence.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iterator>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "hudi/cleaning/cleaning.h"
#include "hudi/inspect/verify.h"
#include "hudi/table/table.h"
#include "hudi/table/table_view.h"
#include "io/random.h"
#include "testing/fake_clock.h"
#include "testing/sim_file_system.h"
#include "tests/model/oracle.h"
#include "tests/model/readers.h"
#include "tests/sim/keep_table.h"

namespace tapelake::model {
namespace {

using hudi::Table;
using testing::StepFate;

constexpr int64_t kStartMicros = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kHour = 3'600 * kSecond;
constexpr char kPath[] = "/lake/table";
constexpr uint64_t kFaultStepsMax = 60;
constexpr int64_t kFreshKeys = 10'000;  // keys from here on are new each time
constexpr size_t kColumnsMax = 6;

Status Broken(std::string message) {
  return MakeError(ErrorKind::kInternal, std::move(message));
}

/// Lets one step of the disk meet a fate.
class OneFault : public testing::DiskFaults {
 public:
  OneFault(uint64_t at, StepFate fate) : at_(at), fate_(fate) {}
  StepFate OnStep(const testing::DiskStep& /*step*/) override {
    return steps_++ == at_ ? fate_ : StepFate::kDone;
  }
  Status OnRead(const std::string& /*path*/) override { return Status::OK(); }
  bool met() const { return steps_ > at_; }

 private:
  uint64_t at_;
  StepFate fate_;
  uint64_t steps_ = 0;
};

class Sequence {
 public:
  explicit Sequence(const SequenceOptions& options)
      : options_(options),
        random_(options.seed),
        disk_random_(options.seed + 1),
        files_(clock_, disk_random_),
        oracle_(Empty(random_)) {}

  SequenceReport Run();

 private:
  /// Whether a call may be refused (kInvalid, kNotFound, kAlreadyExists), changing nothing.
  enum class Refusal : uint8_t { kWrong, kMayBe };

  /// One commit's rows and deletes, and the state they lead to.
  struct Changes {
    State next = {};
    std::vector<std::string> written = {};
    std::vector<std::string> deleted = {};
    hudi::WriteOperation operation = hudi::WriteOperation::kUpsert;
  };

  static State Empty(io::Random& random);

  hudi::TableEnvironment environment() { return {files_, clock_, random_}; }
  bool Chance(double share) { return random_.NextDouble() < share; }
  uint64_t Below(uint64_t bound) { return random_.Below(bound); }
  std::string PastInstant();
  Result<bool> IsActive(const std::string& instant);
  Result<bool> IsOldestUnpinned(const std::string& instant);
  bool merge_on_read() const { return table_->config().type == hudi::TableType::kMergeOnRead; }

  Status Live();
  Status Create();
  Status Step();
  Status Do(const std::string& name, const Intent& intent, Refusal refusal,
            const std::function<Status()>& act);
  Status Recover(bool died);

  Status Commit();
  Status Insert();
  Status Overwrite();
  Status DeletePartitions();
  Status Cluster();
  Status Schedule();
  Status Compact();
  Status Clean();
  Status Archive();
  Status Pin();
  Status Unpin();
  Status RollBack();
  Status Restore();

  void EvolveSchema(State* next);
  std::string DayOf(const std::string& key) const;
  std::set<std::string> SomeKeys();
  void Put(const std::string& key, Changes* changes);
  Status Apply(const std::string& name, const Changes& changes);
  Status Write(const Changes& changes);
  Status CheckCounts(const hudi::UpsertResult& result, const Changes& changes) const;

  Status Look();
  Status LookAtPast(hudi::TableView& view, const std::string& instant);
  Status LookAtRange(hudi::TableView& view, hudi::TimeRange range);
  Status Allow(const Status& status, bool must_be_readable);
  Status Verify();

  const SequenceOptions& options_;
  SequenceReport report_;
  testing::FakeClock clock_{kStartMicros};
  io::SeededRandom random_;
  io::SeededRandom disk_random_;
  testing::SimFileSystem files_;
  Oracle oracle_;
  std::unique_ptr<Table> table_;
  int64_t version_ = 0;
  /// Up to it an instant that is active may be archived as well, until something else finishes
  /// that.
  std::string archived_until_;
  int keys_max_ = 1;
  int days_ = 1;
};

State Sequence::Empty(io::Random& random) {
  State state;
  const std::vector<Column> columns = {{"text", CellKind::kText},
                                       {"count", CellKind::kInt},
                                       {"amount", CellKind::kDecimal},
                                       {"at", CellKind::kTimestamp}};
  for (const Column& column : columns) {
    if (random.Below(4) > 0) state.columns.push_back(column);
  }
  return state;
}

Status Sequence::Create() {
  keys_max_ = 1 + static_cast<int>(Below(60));
  days_ = 1 + static_cast<int>(Below(3));
  hudi::CreateOptions create{.database = "model",
                             .name = "table",
                             .schema = SchemaOf(oracle_.now()),
                             .record_key_field = kKeyColumn,
                             .partition_field = kDayColumn,
                             .precombine_field = kVersionColumn,
                             .bucket_count = 1 + static_cast<int>(Below(3))};
  if (Chance(0.6)) create.type = hudi::TableType::kMergeOnRead;
  if (Chance(0.5)) create.index = Chance(0.5) ? hudi::IndexKind::kBloom : hudi::IndexKind::kSimple;
  if (Chance(0.2)) create.cdc_logging = static_cast<hudi::CdcLogging>(1 + Below(3));
  TAPELAKE_ASSIGN_OR_RAISE(table_, Table::Create(environment(), kPath, create));
  return Status::OK();
}

/// One call, perhaps with a fault, and what came of it.
Status Sequence::Do(const std::string& name, const Intent& planned, Refusal refusal,
                    const std::function<Status()>& act) {
  clock_.Advance(static_cast<int64_t>(Below(3) * kSecond + 1'000));
  ++report_.counts[name];
  const auto fate = static_cast<StepFate>(1 + Below(5));
  OneFault fault(Below(kFaultStepsMax), fate);
  const bool armed = Chance(0.3);
  if (armed) files_.SetFaults(&fault);
  const Status status = act();
  files_.SetFaults(nullptr);
  const bool met = armed && fault.met();
  if (options_.trace) {
    std::fprintf(stderr, "%s%s: %s\n", name.c_str(), met ? " (fault)" : "",
                 status.ToString().c_str());
  }
  const ErrorKind kind = status.ok() ? ErrorKind::kInternal : KindOf(status);
  const bool refused = !status.ok() && refusal == Refusal::kMayBe &&
                       (kind == ErrorKind::kInvalid || kind == ErrorKind::kNotFound ||
                        kind == ErrorKind::kAlreadyExists);
  if (!status.ok() && !met && !refused) return status;
  if (refused) ++report_.counts[name + ", refused"];
  if (met) ++report_.counts["faults"];
  const bool died = files_.dead();
  if (met || Chance(0.1)) TAPELAKE_RETURN_NOT_OK(Recover(died));
  Intent intent = planned;
  if (refused && !met) intent = {};
  intent.must_happen = status.ok() && planned.must_happen;
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, table_->LoadTimeline());
  return oracle_.TakeOver(timeline, intent);
}

/// Go on after a failure: with the same table or, if the process died, with a new one.
Status Sequence::Recover(bool died) {
  if (died || Chance(0.5)) {
    table_.reset();
    if (died) {
      const bool power_lost = Chance(0.5);
      files_.Restart(power_lost);
      ++report_.counts[power_lost ? "deaths with power loss" : "deaths"];
    }
    TAPELAKE_ASSIGN_OR_RAISE(table_, Table::Open(environment(), kPath));
    TAPELAKE_RETURN_NOT_OK(table_->MakeNamesDurable());
  }
  return table_->CleanUpPendingCommits();
}

/// An instant of the past, most likely a young one.
std::string Sequence::PastInstant() {
  const auto& states = oracle_.states();
  const uint64_t size = states.size();
  const uint64_t back = Chance(0.7) ? Below(std::min<uint64_t>(size, 5)) : Below(size);
  return std::prev(states.end(), static_cast<int64_t>(back) + 1)->first;
}

/// A new column, or a wider one.
void Sequence::EvolveSchema(State* next) {
  if (next->columns.size() < kColumnsMax && Chance(0.06)) {
    next->columns.push_back(
        {"added" + std::to_string(next->columns.size()), static_cast<CellKind>(Below(6))});
  }
  for (Column& column : next->columns) {
    if (column.kind == CellKind::kInt && Chance(0.03)) column.kind = CellKind::kLong;
  }
}

std::string Sequence::DayOf(const std::string& key) const {
  return "2026-11-2" + std::to_string(std::stoi(key) % days_);
}

void Sequence::Put(const std::string& key, Changes* changes) {
  Row row{.day = DayOf(key), .version = ++version_};
  for (const Column& column : changes->next.columns) {
    if (!Chance(0.2)) row.values[column.name] = ValueFor(column.kind, random_.Next() >> Below(60));
  }
  changes->next.rows[key] = row;
  changes->written.push_back(key);
}

std::set<std::string> Sequence::SomeKeys() {
  std::set<std::string> keys;
  const uint64_t count = 1 + Below(Chance(0.1) ? 60 : 12);
  for (uint64_t i = 0; i < count; ++i)
    keys.insert(std::to_string(1000 + Below(static_cast<uint64_t>(keys_max_))));
  for (const auto& [key, row] : oracle_.now().rows) {
    if (Chance(0.05)) keys.insert(key);
  }
  return keys;
}

Status Sequence::Commit() {
  Changes changes{.next = oracle_.now()};
  EvolveSchema(&changes.next);
  for (const std::string& key : SomeKeys()) {
    if (Chance(0.75)) {
      Put(key, &changes);
    } else {
      ++version_;
      changes.deleted.push_back(key);
      changes.next.rows.erase(key);
    }
  }
  return Apply("upserts", changes);
}

/// Keys that are not there: whoever inserts says so. Where logs delete, a key may linger in a base
/// file, so there they are keys that never were.
Status Sequence::Insert() {
  Changes changes{.next = oracle_.now()};
  changes.operation =
      Chance(0.5) ? hudi::WriteOperation::kInsert : hudi::WriteOperation::kBulkInsert;
  EvolveSchema(&changes.next);
  const bool may_linger =
      merge_on_read() && table_->config().index_kind() != hudi::IndexKind::kBucket;
  for (std::string key : SomeKeys()) {
    if (may_linger) key = std::to_string(kFreshKeys + version_);
    if (!oracle_.now().rows.contains(key)) Put(key, &changes);
  }
  if (changes.written.empty()) return Commit();
  return Apply(changes.operation == hudi::WriteOperation::kInsert ? "inserts" : "bulk inserts",
               changes);
}

/// Rows in place of all that their partitions, or the table, hold.
Status Sequence::Overwrite() {
  Changes changes{.next = oracle_.now()};
  const bool whole = Chance(0.3);
  changes.operation =
      whole ? hudi::WriteOperation::kInsertOverwriteTable : hudi::WriteOperation::kInsertOverwrite;
  EvolveSchema(&changes.next);
  const std::set<std::string> keys = SomeKeys();
  std::set<std::string> days;
  for (const std::string& key : keys)
    days.insert(DayOf(key));
  std::erase_if(changes.next.rows,
                [&](const auto& entry) { return whole || days.contains(entry.second.day); });
  for (const std::string& key : keys)
    Put(key, &changes);
  return Apply(whole ? "table overwrites" : "partition overwrites", changes);
}

Status Sequence::DeletePartitions() {
  State next = oracle_.now();
  std::vector<std::string> partitions;
  std::set<std::string> days;
  for (int day = 0; day < days_; ++day) {
    if (Chance(0.5)) continue;
    days.insert("2026-11-2" + std::to_string(day));
    partitions.push_back("day=2026-11-2" + std::to_string(day));
  }
  if (days.empty()) return Commit();
  const size_t removed =
      std::erase_if(next.rows, [&](const auto& entry) { return days.contains(entry.second.day); });
  const Intent intent{.next = &next, .must_happen = removed > 0};
  return Do("partitions deleted", intent, Refusal::kWrong,
            [&] { return table_->DeletePartitions(partitions).status(); });
}

Status Sequence::Cluster() {
  const hudi::ClusteringPolicy policy{.groups_max = 1 + static_cast<int64_t>(Below(5))};
  // Not over a bucket index or change-data logs.
  return Do("clusterings", {}, Refusal::kMayBe,
            [&] { return table_->Cluster(policy, 1).status(); });
}

Status Sequence::Apply(const std::string& name, const Changes& changes) {
  const Intent intent{.next = &changes.next, .must_happen = true};
  return Do(name, intent, Refusal::kWrong, [&] { return Write(changes); });
}

Status Sequence::Write(const Changes& plan) {
  hudi::UpsertRequest request{
      .schema = SchemaOf(plan.next), .operation = plan.operation, .threads = 1};
  TAPELAKE_ASSIGN_OR_RAISE(request.rows, BatchOf(plan.next, plan.written));
  for (int day = 0; day < days_; ++day)
    request.partition_values.push_back("2026-11-2" + std::to_string(day));
  const auto partition = [&](const std::string& key) {
    return static_cast<uint32_t>(std::stoi(key) % days_);
  };
  std::vector<hudi::RecordChange> changes;
  for (size_t i = 0; i < plan.written.size(); ++i)
    changes.push_back({plan.written[i], partition(plan.written[i]), static_cast<int64_t>(i)});
  for (const std::string& key : plan.deleted) {
    changes.push_back({key, partition(key), hudi::RecordChange::kDelete,
                       Chance(0.5) ? version_ : hudi::RecordChange::kNaturalOrder});
  }
  request.changes = changes;
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::UpsertResult result, table_->Upsert(request));
  if (result.outcome != hudi::CommitOutcome::kDone) return result.reason;
  return CheckCounts(result, plan);
}

Status Sequence::CheckCounts(const hudi::UpsertResult& result, const Changes& changes) const {
  const bool counts = !merge_on_read() && changes.operation == hudi::WriteOperation::kUpsert;
  if (!counts) return Status::OK();  // an append does not know
  const auto& stored = oracle_.now().rows;
  const auto known = [&](const std::string& key) { return stored.contains(key); };
  const int64_t updated = std::ranges::count_if(changes.written, known);
  const int64_t gone = std::ranges::count_if(changes.deleted, known);
  const int64_t inserted = static_cast<int64_t>(changes.written.size()) - updated;
  if (result.inserted_rows == inserted && result.updated_rows == updated &&
      result.deleted_rows == gone) {
    return Status::OK();
  }
  return Broken("counts " + std::to_string(result.inserted_rows) + " inserted, " +
                std::to_string(result.updated_rows) + " updated, " +
                std::to_string(result.deleted_rows) + " deleted; expected " +
                std::to_string(inserted) + ", " + std::to_string(updated) + ", " +
                std::to_string(gone));
}

Status Sequence::Schedule() {
  if (!merge_on_read()) return Commit();
  const hudi::CompactionPolicy policy{.log_files_max = 1 + static_cast<int64_t>(Below(4)),
                                      .slices_max = 1 + static_cast<int64_t>(Below(6))};
  return Do("compactions scheduled", {}, Refusal::kWrong,
            [&] { return table_->ScheduleCompaction(policy).status(); });
}

Status Sequence::Compact() {
  if (!merge_on_read()) return Commit();
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<std::string> pending, table_->PendingCompactions());
  if (pending.empty()) return Schedule();
  return Do("compactions", {}, Refusal::kWrong,
            [&] { return table_->RunCompaction(pending.front(), 1).status(); });
}

Status Sequence::Clean() {
  hudi::CleaningPolicy policy{.kind = static_cast<hudi::CleaningKind>(1 + Below(3)),
                              .commits_retained = 1 + static_cast<int64_t>(Below(6)),
                              .hours_retained = 1 + static_cast<int64_t>(Below(3)),
                              .file_versions_retained = 1 + static_cast<int64_t>(Below(3)),
                              .everywhere = Chance(0.3)};
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, table_->LoadTimeline());
  if (Chance(0.3)) clock_.Advance(static_cast<int64_t>(Below(3)) * kHour);
  oracle_.SetCleanedBefore(
      hudi::EarliestRetained(timeline, policy, clock_.WallMicros() + 3 * kSecond));
  return Do("cleans", {}, Refusal::kWrong, [&] { return table_->Clean(policy).status(); });
}

Status Sequence::Archive() {
  hudi::ArchivalPolicy policy{.instants_keep_min = 2 + static_cast<int64_t>(Below(6))};
  policy.instants_keep_max = policy.instants_keep_min + 1 + static_cast<int64_t>(Below(3));
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, table_->LoadTimeline());
  for (const hudi::Instant& instant : hudi::PlanArchival(timeline, policy, {}))
    archived_until_ = std::max(archived_until_, instant.timestamp);
  return Do("archivals", {}, Refusal::kWrong, [&] { return table_->Archive(policy, "").status(); });
}

Status Sequence::Pin() {
  if (oracle_.states().empty()) return Commit();
  const std::string instant = PastInstant();
  TAPELAKE_ASSIGN_OR_RAISE(const bool active, IsActive(instant));
  TAPELAKE_ASSIGN_OR_RAISE(const bool is_oldest, IsOldestUnpinned(instant));
  const bool can_be = active && !is_oldest && oracle_.MustBeReadable(instant) &&
                      !oracle_.savepoints.contains(instant);
  return Do("savepoints", {}, can_be ? Refusal::kWrong : Refusal::kMayBe,
            [&] { return table_->Savepoint(instant, {}); });
}

Status Sequence::Unpin() {
  if (oracle_.savepoints.empty()) return Pin();
  const std::string instant = *oracle_.savepoints.begin();
  return Do("savepoints deleted", {}, Refusal::kWrong,
            [&] { return table_->DeleteSavepoint(instant); });
}

/// The newest commit, which may be a compaction's.
Status Sequence::RollBack() {
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, table_->LoadTimeline());
  const auto newest = timeline.NewestCompletedCommit();
  if (!newest) return Commit();
  const std::string& instant = newest->timestamp;
  const auto& states = oracle_.states();
  const auto at = states.lower_bound(instant);
  const std::string before = at == states.begin() ? "" : std::prev(at)->first;
  // The commit that is seen then; a compaction is none of the oracle's states.
  const auto commits = timeline.CompletedCommits();
  const bool is_last = commits.size() == 1;
  const auto stays = [&](const std::string& before_it) {
    return before_it > archived_until_ && oracle_.MustBeReadable(before_it);
  };
  const bool can_be = !oracle_.savepoints.contains(instant) && !is_last &&
                      stays(commits[commits.size() - 2].timestamp);
  const Intent intent{.back_to = before, .goes_back = true, .must_happen = true};
  return Do("rollbacks", intent, can_be ? Refusal::kWrong : Refusal::kMayBe,
            [&] { return table_->RollBackCommit(instant).status(); });
}

Status Sequence::Restore() {
  if (oracle_.states().empty()) return Commit();
  const std::string instant =
      Chance(0.5) && !oracle_.savepoints.empty() ? *oracle_.savepoints.rbegin() : PastInstant();
  TAPELAKE_ASSIGN_OR_RAISE(const bool active, IsActive(instant));
  const bool pinned_later = oracle_.savepoints.upper_bound(instant) != oracle_.savepoints.end();
  const bool can_be = active && !pinned_later && oracle_.MustBeReadable(instant);
  const Intent intent{.back_to = instant, .goes_back = true, .must_happen = true};
  return Do("restores", intent, can_be ? Refusal::kWrong : Refusal::kMayBe,
            [&] { return table_->Restore(instant).status(); });
}

Result<bool> Sequence::IsActive(const std::string& instant) {
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, table_->LoadTimeline());
  return instant > archived_until_ &&
         std::ranges::any_of(timeline.CompletedCommits(), [&](const hudi::Instant& commit) {
           return commit.timestamp == instant;
         });
}

/// The beginning of the active timeline cannot be pinned if it needs files of archived commits.
Result<bool> Sequence::IsOldestUnpinned(const std::string& instant) {
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, table_->LoadTimeline());
  return std::ranges::none_of(timeline.CompletedCommits(), [&](const hudi::Instant& commit) {
    return commit.timestamp < instant && commit.timestamp > archived_until_ &&
           !oracle_.savepoints.contains(commit.timestamp);
  });
}

/// A reader may find that its time was cleaned, but only if it may have been.
Status Sequence::Allow(const Status& status, bool must_be_readable) {
  if (status.ok() || must_be_readable) return status;
  if (KindOf(status) != ErrorKind::kInvalid) return status;
  ++report_.counts["looks too late"];
  return Status::OK();
}

Status Sequence::LookAtPast(hudi::TableView& view, const std::string& instant) {
  ++report_.counts["looks at the past"];
  // Where savepoints are all that is active, archived commits count no more.
  const bool counts = view.timeline().IsCommitted(instant);
  const Status status =
      Allow(CheckTimeTravel(view, oracle_, instant), counts && oracle_.MustBeReadable(instant));
  return status.ok() ? status : Broken("as of " + instant + ": " + status.ToString());
}

Status Sequence::LookAtRange(hudi::TableView& view, hudi::TimeRange range) {
  if (range.begin > range.end) std::swap(range.begin, range.end);
  if (Chance(0.1)) range.begin = "";
  ++report_.counts["looks at ranges"];
  const std::string first = range.begin.empty() ? oracle_.states().begin()->first : range.begin;
  Status status =
      Allow(CheckIncremental(view, oracle_, range),
            view.timeline().IsCommitted(range.end) && oracle_.NothingCleanedFrom(range.end));
  if (status.ok()) {
    status = Allow(CheckChanges(view, oracle_, range),
                   view.timeline().IsCommitted(first) && oracle_.NothingCleanedFrom(first));
  }
  if (status.ok()) return status;
  return Broken("from " + range.begin + " to " + range.end + ": " + status.ToString());
}

/// What readers see now, and something of the past.
Status Sequence::Look() {
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table_->LatestSnapshot());
  const Status now = CheckRows(files_, kPath, snapshot, oracle_.now());
  if (!now.ok()) return Broken("now: " + now.ToString());
  if (oracle_.states().empty() || Chance(0.5)) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const auto view, hudi::TableView::Open(files_, kPath));
  TAPELAKE_RETURN_NOT_OK(LookAtPast(*view, PastInstant()));
  return LookAtRange(*view, {.begin = PastInstant(), .end = PastInstant()});
}

Status Sequence::Step() {
  struct Choice {
    int weight;
    Status (Sequence::*act)();
  };
  static const std::vector<Choice> choices = {
      {40, &Sequence::Commit},          {5, &Sequence::Insert},  {4, &Sequence::Overwrite},
      {3, &Sequence::DeletePartitions}, {4, &Sequence::Cluster}, {8, &Sequence::Clean},
      {8, &Sequence::Archive},          {6, &Sequence::Pin},     {3, &Sequence::Unpin},
      {6, &Sequence::RollBack},         {4, &Sequence::Restore}, {10, &Sequence::Compact},
      {5, &Sequence::Schedule}};
  int total = 0;
  for (const Choice& choice : choices)
    total += choice.weight;
  auto drawn = static_cast<int>(Below(static_cast<uint64_t>(total)));
  for (const Choice& choice : choices) {
    drawn -= choice.weight;
    if (drawn < 0) return (this->*choice.act)();
  }
  return Status::OK();
}

Status Sequence::Live() {
  TAPELAKE_RETURN_NOT_OK(Create());
  for (int step = 1; step <= options_.steps; ++step) {
    Status status = Step();
    if (status.ok()) status = Look();
    if (!status.ok()) return Broken("step " + std::to_string(step) + ": " + status.ToString());
  }
  TAPELAKE_RETURN_NOT_OK(table_->CleanUpPendingCommits());
  TAPELAKE_RETURN_NOT_OK(Verify());
  TAPELAKE_ASSIGN_OR_RAISE(const auto view, hudi::TableView::Open(files_, kPath));
  for (const auto& [instant, state] : oracle_.states())
    TAPELAKE_RETURN_NOT_OK(LookAtPast(*view, instant));
  return Status::OK();
}

Status Sequence::Verify() {
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::VerifyReport report,
                           hudi::VerifyTable(environment(), kPath, {}));
  if (report.sound()) return Status::OK();
  std::string text = "verify:";
  for (const hudi::Finding& finding : report.findings)
    text += " " + std::string(FindingName(finding.kind)) + " " + finding.path + ": " + finding.what;
  return Broken(text);
}

SequenceReport Sequence::Run() {
  report_.status = Live();
  if (!options_.keep_directory.empty()) {
    const Status kept =
        sim::KeepTable(files_.disk(), kPath, options_.keep_directory, CsvOf(oracle_.now()));
    if (report_.status.ok()) report_.status = kept;
  }
  return std::move(report_);
}

}  // namespace

SequenceReport RunSequence(const SequenceOptions& options) {
  return Sequence(options).Run();
}

}  // namespace tapelake::model
