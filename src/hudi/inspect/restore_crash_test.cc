// Savepoint, rollback and restore that die at any step, with and without power.

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <set>

#include "hudi/inspect/verify.h"
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
constexpr int64_t kStepsMax = 400;

/// Lets the `at`-th change of the disk meet a fate; the many writes of one file are one change.
class FateAt : public testing::DiskFaults {
 public:
  FateAt(int64_t at, StepFate fate) : at_(at), fate_(fate) {}
  StepFate OnStep(const DiskStep& step) override {
    const bool again = step.action == DiskAction::kWrite && step.path == written_;
    written_ = step.action == DiskAction::kWrite ? step.path : "";
    return !again && steps_++ == at_ ? fate_ : StepFate::kDone;
  }
  Status OnRead(const std::string&) override { return Status::OK(); }
  bool met() const { return steps_ > at_; }

 private:
  int64_t at_;
  StepFate fate_;
  int64_t steps_ = 0;
  std::string written_;
};

/// A table with a past: logs, a compaction, a savepoint, and what came after it.
class RestoreWorld {
 public:
  RestoreWorld(uint64_t seed, TableType type) : random_(seed), files_(clock_, random_) {
    auto options = TableFixture::Options(2);
    options.type = type;
    table_ = std::move(Table::Create(environment(), TableFixture::kPath, options)).ValueOrDie();
    Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
    if (type == TableType::kMergeOnRead) Compact();
    pinned_ = Commit({.rows = {{"a", kDay, 2, "z"}, {"c", "2026-11-23", 2, {}}}});
    pinned_rows_ = Rows();
    last_ = Commit(
        {.rows = {{"a", kDay, 3, "w"}, {"d", "2026-11-24", 3, {}}}, .deletes = {{"b", kDay}}});
  }

  void AddMore() {
    EXPECT_TRUE(table_->Savepoint(pinned_, {}).ok());
    if (table_->config().type == TableType::kMergeOnRead) Compact();
    last_ = Commit({.rows = {{"c", "2026-11-23", 4, "n"}}});
  }

  std::string Commit(const TestChanges& changes) {
    clock_.Advance(2'000'000);
    TestChanges alone = changes;
    alone.threads = 1;
    const auto result = TableFixture::TryUpsert(*table_, alone);
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->outcome, CommitOutcome::kDone) << result->reason;
    return result->instant;
  }
  void Compact() {
    clock_.Advance(2'000'000);
    const std::string instant = *table_->ScheduleCompaction({.log_files_max = 1});
    EXPECT_TRUE(table_->RunCompaction(instant, 1).ok());
  }
  void Restart(bool power_lost) {
    table_.reset();
    files_.Restart(power_lost);
    table_ = std::move(Table::Open(environment(), TableFixture::kPath)).ValueOrDie();
  }
  std::vector<TestRow> Rows() {
    const auto table = std::move(Table::Open(environment(), TableFixture::kPath)).ValueOrDie();
    return TableFixture::RowsIn(files_, *table);
  }
  void ExpectSound(const std::string& when) {
    const auto report = VerifyTable(environment(), TableFixture::kPath, {});
    ASSERT_TRUE(report.ok()) << report.status() << ", " << when;
    for (const Finding& finding : report->findings) {
      ADD_FAILURE() << FindingName(finding.kind) << " " << finding.path << ": " << finding.what
                    << ", " << when;
    }
  }
  void Wait() { clock_.Advance(2'000'000); }

  TableEnvironment environment() { return {files_, clock_, random_}; }
  SimFileSystem& files() { return files_; }
  Table& table() { return *table_; }
  const std::string& pinned() const { return pinned_; }
  const std::string& last() const { return last_; }
  const std::vector<TestRow>& pinned_rows() const { return pinned_rows_; }

 private:
  testing::FakeClock clock_{TableFixture::kStartMicros};
  io::SeededRandom random_;
  SimFileSystem files_;
  std::unique_ptr<Table> table_;
  std::string pinned_;
  std::string last_;
  std::vector<TestRow> pinned_rows_;
};

struct Case {
  std::string name;
  TableType type = TableType::kMergeOnRead;
  bool restore = false;  // else a rollback of the newest commit
  StepFate fate = StepFate::kFail;
  bool power_lost = false;
};

void PrintTo(const Case& tested, std::ostream* out) {
  *out << tested.name;
}

Status TakeBack(RestoreWorld& world, const Case& tested) {
  world.Wait();
  if (tested.restore) return world.table().Restore(world.pinned()).status();
  return world.table().RollBackCommit(world.last()).status();
}

class RestoreCrashTest : public ::testing::TestWithParam<Case> {};

TEST_P(RestoreCrashTest, EitherHappensOrDoesNotAndCanBeRepeated) {
  const Case& tested = GetParam();
  int64_t steps = 0;
  for (bool met = true; met; ++steps) {
    ASSERT_LT(steps, kStepsMax) << "it never ends";
    RestoreWorld world(static_cast<uint64_t>(steps) + 1, tested.type);
    if (tested.restore) world.AddMore();
    const auto before = world.Rows();
    FateAt fate(steps, tested.fate);
    world.files().SetFaults(&fate);
    const Status status = TakeBack(world, tested);
    world.files().SetFaults(nullptr);
    met = fate.met();
    EXPECT_TRUE(met || status.ok()) << status;
    const std::string when =
        tested.name + " stopped at step " + std::to_string(steps) + ": " + status.ToString();
    if (world.files().dead()) world.Restart(tested.power_lost);
    world.Wait();
    const Status cleaned = world.table().CleanUpPendingCommits();
    EXPECT_TRUE(cleaned.ok()) << cleaned << ", " << when;
    const auto rows = world.Rows();
    EXPECT_TRUE(rows == before || rows == world.pinned_rows()) << when;
    EXPECT_TRUE(!status.ok() || rows == world.pinned_rows()) << when;
    world.ExpectSound(when);
    if (rows == before) {
      const Status again = TakeBack(world, tested);
      EXPECT_TRUE(again.ok()) << again << ", " << when;
    }
    EXPECT_EQ(world.Rows(), world.pinned_rows()) << when;
    EXPECT_THAT(world.table().LoadTimeline()->PendingInstants(), IsEmpty()) << when;
    world.Commit({.rows = {{"e", kDay, 9, {}}}});
    EXPECT_EQ(world.Rows().size(), world.pinned_rows().size() + 1) << when;
    world.ExpectSound(when + ", then a commit");
    if (HasFailure()) return;
  }
  EXPECT_GT(steps, 5) << "nothing was done";
}

std::vector<Case> Cases() {
  static const std::map<StepFate, std::string> kFates = {{StepFate::kFail, "Fails"},
                                                         {StepFate::kLostReply, "LosesItsReply"},
                                                         {StepFate::kDieTorn, "DiesTorn"},
                                                         {StepFate::kDieAfter, "DiesAfter"}};
  std::vector<Case> cases;
  for (const TableType type : {TableType::kMergeOnRead, TableType::kCopyOnWrite}) {
    for (const bool restore : {true, false}) {
      for (const auto& [fate, name] : kFates) {
        const bool dies = fate == StepFate::kDieTorn || fate == StepFate::kDieAfter;
        for (const bool power_lost : {false, true}) {
          if (power_lost && !dies) continue;
          cases.push_back({.name = std::string(type == TableType::kMergeOnRead ? "Mor" : "Cow") +
                                   (restore ? "Restore" : "Rollback") + name +
                                   (power_lost ? "WithoutPower" : ""),
                           .type = type,
                           .restore = restore,
                           .fate = fate,
                           .power_lost = power_lost});
        }
      }
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Restores, RestoreCrashTest, ::testing::ValuesIn(Cases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tapelake::hudi
