// Table services that die at any step, with and without power, and commits between their steps.

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "hudi/format/file_name.h"
#include "hudi/format/service_plans.h"
#include "testing/sim_file_system.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using testing::DiskAction;
using testing::DiskStep;
using ::testing::IsEmpty;
using testing::SimFileSystem;
using testing::StepFate;
using testing::TableFixture;
using testing::TestChanges;
using testing::TestRow;

constexpr const char* kDay = "2026-11-22";
constexpr const char* kOldDay = "2026-11-21";
constexpr const char* kKey = "tapelake.positions";
constexpr int64_t kStepsMax = 400;

constexpr CompactionPolicy kCompaction = {.log_files_max = 2};
constexpr CleaningPolicy kCleaning = {.commits_retained = 2};
constexpr ArchivalPolicy kArchival = {.instants_keep_min = 3, .instants_keep_max = 4};

/// Counts the changes of the disk; the many writes of one file are one.
class StepCounter {
 public:
  bool IsNew(const DiskStep& step) {
    const bool again = step.action == DiskAction::kWrite && step.path == written_;
    written_ = step.action == DiskAction::kWrite ? step.path : "";
    return !again;
  }

 private:
  std::string written_;
};

/// Lets the `at`-th change of the disk meet a fate; the others are done.
class FateAt : public testing::DiskFaults {
 public:
  FateAt(int64_t at, StepFate fate) : at_(at), fate_(fate) {}
  StepFate OnStep(const DiskStep& step) override {
    return counter_.IsNew(step) && steps_++ == at_ ? fate_ : StepFate::kDone;
  }
  Status OnRead(const std::string&) override { return Status::OK(); }
  bool met() const { return steps_ > at_; }

 private:
  int64_t at_;
  StepFate fate_;
  int64_t steps_ = 0;
  StepCounter counter_;
};

using Rows = std::map<std::pair<std::string, std::string>, TestRow>;

/// A table on a simulated disk and what it must hold.
class ServiceWorld {
 public:
  explicit ServiceWorld(uint64_t seed, IndexKind index = IndexKind::kBucket)
      : random_(seed), files_(clock_, random_) {
    CreateOptions options = TableFixture::MergeOnReadOptions(2);
    options.index = index;
    auto created = Table::Create(environment(), TableFixture::kPath, options);
    EXPECT_TRUE(created.ok()) << created.status();
    table_ = std::move(created).ValueOr(nullptr);
    if (index == IndexKind::kBucket) return;
    // New rows make new file groups.
    const std::string path = io::JoinPath(TableFixture::kPath, ".hoodie/hoodie.properties");
    const std::string stored = *files_.ReadFile(path);
    EXPECT_TRUE(files_.ReplaceFile(path, stored + "hoodie.parquet.small.file.limit=0\n").ok());
    table_ = OpenAnother();
  }

  SimFileSystem& files() { return files_; }
  Table& table() { return *table_; }
  TableEnvironment environment() { return {files_, clock_, random_}; }

  std::unique_ptr<Table> OpenAnother() {
    auto opened = Table::Open(environment(), TableFixture::kPath);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return std::move(opened).ValueOr(nullptr);
  }

  /// A new process, after a power loss or not.
  void Restart(bool power_lost) {
    table_.reset();
    files_.SetFaults(nullptr);
    files_.Restart(power_lost);
    table_ = OpenAnother();
  }

  void Commit(Table& table, const TestChanges& changes) {
    clock_.Advance(2'000'000);
    const auto result = TableFixture::TryUpsert(table, changes);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->outcome, CommitOutcome::kDone) << result->reason;
    committed_.insert(result->instant);
    for (const TestRow& row : changes.rows)
      rows_[{row.id, row.day}] = row;
    for (const auto& key : changes.deletes)
      rows_.erase(key);
  }
  /// The next commit of a fixed history: an update, a new row, now and then a delete.
  void CommitNext() { CommitNext(*table_); }
  void CommitNext(Table& table) {
    const int64_t n = ++commits_;
    TestChanges changes{.rows = {{"hot", kDay, n, "v" + std::to_string(n)},
                                 {"new" + std::to_string(n), n % 2 == 0 ? kDay : kOldDay, n, {}}},
                        .extra_metadata = {{kKey, std::to_string(n)}},
                        .threads = 1};
    if (n > 3 && n % 3 == 0) {
      changes.deletes.emplace_back("new" + std::to_string(n - 3),
                                   (n - 3) % 2 == 0 ? kDay : kOldDay);
    }
    Commit(table, changes);
  }

  std::string Schedule() {
    clock_.Advance(2'000'000);
    const auto instant = table_->ScheduleCompaction(kCompaction);
    EXPECT_TRUE(instant.ok()) << instant.status();
    return instant.ValueOr("");
  }

  /// Whoever opens the table sees exactly the rows committed.
  void ExpectRows(const std::string& when) {
    std::vector<TestRow> expected;
    for (const auto& [key, row] : rows_)
      expected.push_back(row);
    const auto table = OpenAnother();
    EXPECT_EQ(TableFixture::RowsIn(files_, *table), expected) << when;
    EXPECT_EQ(TableFixture::RowsIn(files_, *table_), expected) << when << ", the writer's own view";
    const auto newest = table->NewestCommitWith(kKey);
    ASSERT_TRUE(newest.ok()) << newest.status() << ", " << when;
    EXPECT_EQ(newest->extra_metadata.at(kKey), std::to_string(commits_)) << when;
  }

  /// Every commit is on the timeline or in the archive, and none twice in the archive.
  void ExpectNoInstantLost(const std::string& when) {
    std::set<std::string> known;
    for (const Instant& instant : table_->LoadTimeline()->CompletedCommits())
      known.insert(instant.timestamp);
    std::map<std::string, int> archived;
    for (const std::string& path : files_.disk().Paths()) {
      if (path.find(".commits_.archive.") == std::string::npos) continue;
      const auto entries = ParseArchiveFile(*files_.ReadFile(path));
      ASSERT_TRUE(entries.ok()) << entries.status() << ", " << when;
      for (const ArchivedEntry& entry : *entries) {
        if (entry.state == "COMPLETED") ++archived[entry.timestamp];
      }
    }
    for (const auto& [timestamp, count] : archived) {
      EXPECT_EQ(count, 1) << timestamp << " is archived more than once, " << when;
      known.insert(timestamp);
    }
    for (const std::string& timestamp : committed_)
      EXPECT_TRUE(known.contains(timestamp)) << timestamp << " is lost, " << when;
  }

  /// No file group has two base files of one instant.
  void ExpectNoTwins(const std::string& when) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const std::string& path : files_.disk().Paths()) {
      const auto name = ParseBaseFileName(io::FileName(path));
      if (!name) continue;
      EXPECT_TRUE(seen.emplace(io::ParentPath(path) + name->file_id, name->instant).second)
          << path << ", " << when;
    }
  }

 private:
  testing::FakeClock clock_{TableFixture::kStartMicros};
  io::SeededRandom random_;
  SimFileSystem files_;
  std::unique_ptr<Table> table_;
  Rows rows_;
  std::set<std::string> committed_;
  int64_t commits_ = 0;
};

/// What dies, and what it needs to have something to do.
struct Service {
  const char* name;
  std::function<void(ServiceWorld&)> prepare;
  std::function<Status(Table&)> run;
  IndexKind index = IndexKind::kBucket;
};

Status RunPendingCompactions(Table& table) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto instants, table.PendingCompactions());
  for (const std::string& instant : instants)
    TAPELAKE_RETURN_NOT_OK(table.RunCompaction(instant, 1).status());
  return Status::OK();
}

void MakeHistory(ServiceWorld& world) {
  for (int round = 0; round < 2; ++round) {
    for (int n = 0; n < 3; ++n)
      world.CommitNext();
    EXPECT_NE(world.Schedule(), "");
    world.CommitNext();
    EXPECT_TRUE(RunPendingCompactions(world.table()).ok());
  }
}

std::vector<Service> Services() {
  return {
      {"schedule",
       [](ServiceWorld& world) {
         for (int n = 0; n < 3; ++n)
           world.CommitNext();
       },
       [](Table& table) { return table.ScheduleCompaction(kCompaction).status(); }},
      {"compaction",
       [](ServiceWorld& world) {
         MakeHistory(world);
         for (int n = 0; n < 3; ++n)
           world.CommitNext();
         EXPECT_NE(world.Schedule(), "");
         world.CommitNext();
       },
       RunPendingCompactions},
      {"clean",
       [](ServiceWorld& world) {
         MakeHistory(world);
         world.CommitNext();
       },
       [](Table& table) { return table.Clean(kCleaning).status(); }},
      {"archive",  // of commits whose rows still lie in logs: they vanish with their commit
       [](ServiceWorld& world) {
         for (int n = 0; n < 9; ++n)
           world.CommitNext();
       },
       [](Table& table) { return table.Archive(kArchival, kKey).status(); }},
      {"clustering",  // of groups with and without logs, beside one that is being compacted
       [](ServiceWorld& world) {
         for (int n = 0; n < 4; ++n)
           world.CommitNext();
         EXPECT_NE(world.Schedule(), "");
         for (int n = 0; n < 4; ++n)
           world.CommitNext();
       },
       [](Table& table) { return table.Cluster({}, 1).status(); }, IndexKind::kSimple},
  };
}

struct Case {
  size_t service = 0;
  StepFate fate = StepFate::kDieBefore;
  bool power_lost = false;
};

class ServicesCrashTest : public ::testing::TestWithParam<Case> {};

TEST(TableOnFoldersOfADeadProcess, IsThereAfterAPowerLoss) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    testing::FakeClock clock(1'795'000'000'000'000);
    io::SeededRandom random(seed);
    SimFileSystem files(clock, random);
    // It made them, and did not come to make their names durable.
    files.disk().MakeDirectories(io::JoinPath(TableFixture::kPath, ".hoodie"));
    const TableEnvironment environment{files, clock, random};
    ASSERT_TRUE(
        Table::Create(environment, TableFixture::kPath, TableFixture::MergeOnReadOptions(2)).ok());
    files.Restart(/*power_lost=*/true);
    EXPECT_TRUE(Table::Open(environment, TableFixture::kPath).ok()) << seed;
  }
}

TEST_P(ServicesCrashTest, LeavesTheTableAsItWasAndCanBeRepeated) {
  const Case& parameters = GetParam();
  const Service service = Services().at(parameters.service);
  int64_t steps = 0;
  for (bool met = true; met; ++steps) {
    ASSERT_LT(steps, kStepsMax) << "the service never ends";
    ServiceWorld world(static_cast<uint64_t>(steps) + 1, service.index);
    service.prepare(world);
    FateAt fate(steps, parameters.fate);
    world.files().SetFaults(&fate);
    const Status status = service.run(world.table());
    world.files().SetFaults(nullptr);
    met = fate.met();
    EXPECT_TRUE(met || status.ok()) << status;
    const std::string when = std::string(service.name) + " stopped at step " +
                             std::to_string(steps) + ": " + status.ToString();
    if (world.files().dead()) world.Restart(parameters.power_lost);
    world.ExpectRows(when);
    world.CommitNext();
    world.ExpectRows(when + ", then a commit");
    const Status again = service.run(world.table());
    EXPECT_TRUE(again.ok()) << again << ", " << when;
    EXPECT_TRUE(RunPendingCompactions(world.table()).ok()) << when;
    EXPECT_TRUE(world.table().Clean(kCleaning).ok()) << when;
    EXPECT_TRUE(world.table().Archive(kArchival, kKey).ok()) << when;
    world.ExpectRows(when + ", then all services");
    world.ExpectNoTwins(when);
    world.ExpectNoInstantLost(when);
    EXPECT_THAT(world.table().LoadTimeline()->PendingInstants(), IsEmpty()) << when;
    if (HasFailure()) return;
  }
  EXPECT_GT(steps, 1) << "nothing was done";
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (size_t service = 0; service < Services().size(); ++service) {
    for (const StepFate fate : {StepFate::kFail, StepFate::kLostReply}) {
      cases.push_back({service, fate, false});
    }
    for (const StepFate fate : {StepFate::kDieTorn, StepFate::kDieAfter}) {
      cases.push_back({service, fate, false});
      cases.push_back({service, fate, true});
    }
  }
  return cases;
}

std::string CaseName(const ::testing::TestParamInfo<Case>& info) {
  static const std::map<StepFate, std::string> kFates = {{StepFate::kFail, "Fails"},
                                                         {StepFate::kLostReply, "LosesItsReply"},
                                                         {StepFate::kDieTorn, "DiesTorn"},
                                                         {StepFate::kDieAfter, "DiesAfter"}};
  return std::string(Services().at(info.param.service).name) + kFates.at(info.param.fate) +
         (info.param.power_lost ? "WithoutPower" : "");
}

INSTANTIATE_TEST_SUITE_P(Services, ServicesCrashTest, ::testing::ValuesIn(Cases()), CaseName);

/// Does something before the `at`-th step, reads included.
class InBetween : public testing::DiskFaults {
 public:
  InBetween(int64_t at, std::function<void()> work) : at_(at), work_(std::move(work)) {}
  StepFate OnStep(const DiskStep& step) override {
    if (counter_.IsNew(step)) Count();
    return StepFate::kDone;
  }
  Status OnRead(const std::string&) override {
    Count();
    return Status::OK();
  }
  bool done() const { return done_; }

 private:
  void Count() {
    if (done_ || steps_++ != at_) return;
    done_ = true;  // first: the work takes steps of its own
    work_();
  }
  int64_t at_;
  std::function<void()> work_;
  int64_t steps_ = 0;
  bool done_ = false;
  StepCounter counter_;
};

TEST(ServicesBesideCommits, CompactionBearsEverythingBetweenAnyTwoOfItsSteps) {
  bool done = true;
  for (int64_t steps = 0; done; ++steps) {
    ASSERT_LT(steps, kStepsMax);
    ServiceWorld world(7);
    MakeHistory(world);
    world.CommitNext();
    world.CommitNext();
    const std::string instant = world.Schedule();
    ASSERT_NE(instant, "");
    const auto compactor = world.OpenAnother();
    const std::string when = "at step " + std::to_string(steps);
    InBetween work(steps, [&] {
      world.CommitNext();
      world.ExpectRows(when + ", after a commit");
      EXPECT_TRUE(world.table().Clean({.commits_retained = 1}).ok()) << when;
      EXPECT_TRUE(
          world.table().Archive({.instants_keep_min = 1, .instants_keep_max = 2}, kKey).ok())
          << when;
      world.ExpectRows(when + ", after all services");
      world.CommitNext();
    });
    world.files().SetFaults(&work);
    const auto counts = compactor->RunCompaction(instant, 1);
    world.files().SetFaults(nullptr);
    EXPECT_TRUE(counts.ok()) << counts.status() << ", " << when;
    done = work.done();
    world.ExpectRows(when + ", after the compaction");
    world.CommitNext();
    EXPECT_TRUE(world.table().Clean({.commits_retained = 1}).ok()) << when;
    EXPECT_TRUE(world.table().Archive({.instants_keep_min = 1, .instants_keep_max = 2}, kKey).ok());
    world.ExpectRows(when + ", in the end");
    world.ExpectNoInstantLost(when);
    if (::testing::Test::HasFailure()) return;
  }
}

/// A reader that takes its time: the table changes between any two of its steps.
TEST(ServicesBesideCommits, ReadersSeeOneMomentWhateverHappensBetweenTheirSteps) {
  bool done = true;
  for (int64_t steps = 0; done; ++steps) {
    ASSERT_LT(steps, kStepsMax);
    ServiceWorld world(7);
    MakeHistory(world);
    world.CommitNext();
    world.CommitNext();
    const std::string instant = world.Schedule();
    const auto reader = world.OpenAnother();
    const auto rows_before = TableFixture::RowsIn(world.files(), world.table());
    const std::string when = "at step " + std::to_string(steps);
    InBetween work(steps, [&] {
      EXPECT_TRUE(world.table().RunCompaction(instant, 1).ok()) << when;
      EXPECT_TRUE(world.table().Clean({.commits_retained = 60}).ok()) << when;
      EXPECT_TRUE(
          world.table().Archive({.instants_keep_min = 1, .instants_keep_max = 2}, kKey).ok())
          << when;
    });
    world.files().SetFaults(&work);
    const auto rows = TableFixture::RowsIn(world.files(), *reader);
    world.files().SetFaults(nullptr);
    done = work.done();
    EXPECT_EQ(rows, rows_before) << when;
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace tapelake::hudi
