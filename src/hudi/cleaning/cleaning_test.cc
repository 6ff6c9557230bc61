#include "hudi/cleaning/cleaning.h"

#include <gmock/gmock.h>

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

/// Instant number `n` of a test.
std::string At(int n) {
  const std::string digits = std::to_string(n);
  return "20261122" + std::string(9 - digits.size(), '0') + digits;
}

Timeline TimelineOf(const std::vector<std::pair<int, std::string>>& files) {
  std::vector<std::string> names;
  for (const auto& [number, suffix] : files)
    names.push_back(At(number) + suffix);
  return Timeline::FromFileNames(names);
}

/// Completed deltacommits `first` to `last`.
std::vector<std::pair<int, std::string>> Deltas(int first, int last) {
  std::vector<std::pair<int, std::string>> files;
  for (int n = first; n <= last; ++n)
    files.emplace_back(n, ".deltacommit");
  return files;
}

std::vector<std::pair<int, std::string>> operator+(
    std::vector<std::pair<int, std::string>> left,
    const std::vector<std::pair<int, std::string>>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::vector<std::string> Timestamps(const std::vector<Instant>& instants) {
  std::vector<std::string> timestamps;
  for (const Instant& instant : instants)
    timestamps.push_back(instant.timestamp);
  return timestamps;
}

std::vector<std::string> AtEach(int first, int last) {
  std::vector<std::string> timestamps;
  for (int n = first; n <= last; ++n)
    timestamps.push_back(At(n));
  return timestamps;
}

TEST(EarliestRetained, IsTheNthNewestCommit) {
  EXPECT_EQ(EarliestRetained(TimelineOf(Deltas(1, 5)), {.commits_retained = 5}, 0), "");
  EXPECT_EQ(EarliestRetained(TimelineOf(Deltas(1, 5)), {.commits_retained = 4}, 0), At(2));
  EXPECT_EQ(EarliestRetained(
                TimelineOf(Deltas(1, 5) + std::vector<std::pair<int, std::string>>{{6, ".clean"}}),
                {.commits_retained = 4}, 0),
            At(2));
}

TEST(EarliestRetained, IsNotAfterTheLastCommitBeforeAPendingOne) {
  const auto timeline = TimelineOf(
      Deltas(1, 2) + std::vector<std::pair<int, std::string>>{{3, ".compaction.requested"}} +
      Deltas(4, 9));
  EXPECT_EQ(EarliestRetained(timeline, {.commits_retained = 7}, 0), At(2));
  EXPECT_EQ(EarliestRetained(timeline, {.commits_retained = 2}, 0), At(2));
  const auto nothing_before = TimelineOf(
      std::vector<std::pair<int, std::string>>{{1, ".compaction.inflight"}} + Deltas(2, 9));
  EXPECT_EQ(EarliestRetained(nothing_before, {.commits_retained = 2}, 0), "");
}

/// Commits at the full hours 1 to 9 of a day; "now" is half past nine.
constexpr int64_t kMicrosPerHour = 3'600'000'000;
constexpr int64_t kDayMicros = 1'795'305'600'000'000;  // 2026-11-22T00:00:00Z
constexpr int64_t kNowMicros = kDayMicros + 9 * kMicrosPerHour + kMicrosPerHour / 2;

std::string AtHour(int hour) {
  return FormatInstantTime(kDayMicros + hour * kMicrosPerHour);
}

Timeline Hourly() {
  std::vector<std::string> names;
  for (int hour = 1; hour <= 9; ++hour)
    names.push_back(AtHour(hour) + ".commit");
  return Timeline::FromFileNames(names);
}

TEST(EarliestRetained, ByHoursIsTheFirstCommitOfTheLastHours) {
  CleaningPolicy policy{.kind = CleaningKind::kLatestByHours, .hours_retained = 3};
  EXPECT_EQ(EarliestRetained(Hourly(), policy, kNowMicros), AtHour(7));
  policy.hours_retained = 100'000;
  EXPECT_EQ(EarliestRetained(Hourly(), policy, kNowMicros), "");
  policy.hours_retained = 1;
  EXPECT_EQ(EarliestRetained(Hourly(), policy, kNowMicros + 50 * kMicrosPerHour), AtHour(9))
      << "the newest stays, however old";
}

TEST(EarliestRetained, IsNotAfterWhatARunningReaderBeganWith) {
  CleaningPolicy policy{.commits_retained = 1, .reader_micros = 3 * kMicrosPerHour};
  EXPECT_EQ(EarliestRetained(Hourly(), policy, kNowMicros), AtHour(6));
  policy.reader_micros = 8 * kMicrosPerHour;
  EXPECT_EQ(EarliestRetained(Hourly(), policy, kNowMicros), AtHour(1));
  policy.reader_micros = 10 * kMicrosPerHour;
  EXPECT_EQ(EarliestRetained(Hourly(), policy, kNowMicros), "")
      << "what it began with is archived, and may have needed what was replaced at 1";
  policy.kind = CleaningKind::kLatestFileVersions;
  policy.reader_micros = 0;
  EXPECT_EQ(EarliestRetained(Hourly(), policy, kNowMicros), AtHour(9));
}

/// The files of one group in one partition.
class GroupFiles {
 public:
  GroupFiles() { files_.partition_path = "day=1"; }
  GroupFiles& Base(int instant) {
    FileSlice slice;
    slice.partition_path = "day=1";
    slice.file_id = "g";
    slice.base_instant = At(instant);
    slice.base_file_name = BaseName(instant);
    files_.base_files.push_back(std::move(slice));
    return *this;
  }
  GroupFiles& Log(int instant, int version) {
    files_.log_files.push_back({.file_id = "g",
                                .base_instant = At(instant),
                                .write_token = "0-0-0",
                                .file = {.name = LogName(instant, version), .version = version}});
    return *this;
  }
  static std::string BaseName(int instant) { return "g_0-0-0_" + At(instant) + ".parquet"; }
  static std::string LogName(int instant, int version) {
    return ".g_" + At(instant) + ".log." + std::to_string(version) + "_0-0-0";
  }

  /// Names of the files to clean.
  std::vector<std::string> Cleaned(const Timeline& timeline, int earliest, int replaced = 0,
                                   int64_t versions = 0) const {
    CleaningInput input{.timeline = timeline,
                        .base_path = "/lake/t",
                        .earliest_retained = At(earliest),
                        .file_versions = versions};
    if (replaced > 0) input.replaced_at[{"day=1", "g"}] = At(replaced);
    const CleanerPlan plan = PlanCleaning({files_}, input);
    if (plan.files_by_partition.empty()) return {};
    EXPECT_EQ(plan.earliest_instant_to_retain, At(earliest));
    std::vector<std::string> names;
    for (const std::string& path : plan.files_by_partition.at("day=1")) {
      EXPECT_TRUE(path.starts_with("/lake/t/day=1/")) << path;
      names.push_back(io::FileName(path));
    }
    return names;
  }

 private:
  PartitionFiles files_;
};

TEST(PlanCleaning, KeepsTheLastSliceBeforeTheEarliestAndAllFromItOn) {
  const auto timeline = TimelineOf(Deltas(1, 9));
  GroupFiles group;
  group.Base(1).Log(1, 1).Log(1, 2).Base(3).Log(3, 1).Base(6).Log(6, 1);
  EXPECT_THAT(group.Cleaned(timeline, 7),
              UnorderedElementsAre(GroupFiles::BaseName(1), GroupFiles::LogName(1, 1),
                                   GroupFiles::LogName(1, 2), GroupFiles::BaseName(3),
                                   GroupFiles::LogName(3, 1)));
  EXPECT_THAT(group.Cleaned(timeline, 6),
              UnorderedElementsAre(GroupFiles::BaseName(1), GroupFiles::LogName(1, 1),
                                   GroupFiles::LogName(1, 2)));
  EXPECT_THAT(group.Cleaned(timeline, 3), IsEmpty());
}

TEST(PlanCleaning, KeepsTheOnlySliceHoweverOld) {
  EXPECT_THAT(GroupFiles().Base(1).Log(1, 1).Cleaned(TimelineOf(Deltas(1, 9)), 9), IsEmpty());
}

TEST(PlanCleaning, CleansLogOnlySlicesToo) {
  EXPECT_THAT(GroupFiles().Log(1, 1).Log(1, 2).Base(3).Cleaned(TimelineOf(Deltas(1, 9)), 5),
              UnorderedElementsAre(GroupFiles::LogName(1, 1), GroupFiles::LogName(1, 2)));
}

TEST(PlanCleaning, CountsWhatWasArchivedAsCommitted) {
  const auto timeline = TimelineOf(Deltas(6, 9));
  EXPECT_THAT(GroupFiles().Base(1).Base(3).Cleaned(timeline, 7),
              ElementsAre(GroupFiles::BaseName(1)));
}

TEST(PlanCleaning, TouchesNoFileOfAnInstantThatIsNotCommitted) {
  const auto timeline = TimelineOf(
      Deltas(1, 4) + std::vector<std::pair<int, std::string>>{{5, ".inflight"}} + Deltas(6, 9));
  EXPECT_THAT(GroupFiles().Base(1).Base(5).Cleaned(timeline, 8), IsEmpty())
      << "5 is no slice, so 1 is the newest";
  EXPECT_THAT(GroupFiles().Base(1).Base(2).Base(5).Cleaned(timeline, 8),
              ElementsAre(GroupFiles::BaseName(1)));
}

TEST(PlanCleaning, KeepsTheSliceThatACompactionReadsAndTheLogsNamedAfterIt) {
  const auto timeline = TimelineOf(
      Deltas(1, 4) + std::vector<std::pair<int, std::string>>{{5, ".compaction.requested"}} +
      Deltas(6, 9));
  EXPECT_THAT(GroupFiles().Base(1).Base(3).Log(3, 1).Log(5, 1).Cleaned(timeline, 4),
              ElementsAre(GroupFiles::BaseName(1)));
}

TEST(PlanCleaning, KeepsWhatASavepointSees) {
  const auto timeline =
      TimelineOf(Deltas(1, 9) + std::vector<std::pair<int, std::string>>{{4, ".savepoint"}});
  EXPECT_THAT(GroupFiles().Base(1).Base(3).Log(3, 1).Base(5).Base(7).Cleaned(timeline, 9),
              UnorderedElementsAre(GroupFiles::BaseName(1), GroupFiles::BaseName(5)));
}

TEST(PlanCleaning, KeepsSoManyVersions) {
  const auto timeline = TimelineOf(Deltas(1, 9));
  const GroupFiles group = GroupFiles().Base(1).Base(3).Log(3, 1).Base(5).Base(7);
  EXPECT_THAT(group.Cleaned(timeline, 9, 0, 1),
              UnorderedElementsAre(GroupFiles::BaseName(1), GroupFiles::BaseName(3),
                                   GroupFiles::LogName(3, 1), GroupFiles::BaseName(5)));
  EXPECT_THAT(group.Cleaned(timeline, 9, 0, 3), ElementsAre(GroupFiles::BaseName(1)));
  EXPECT_THAT(group.Cleaned(timeline, 4, 0, 1), ElementsAre(GroupFiles::BaseName(1)))
      << "a running reader began at 4";
}

TEST(PlanCleaning, CleansReplacedGroupsWholeOnceNobodySeesThem) {
  const auto timeline = TimelineOf(Deltas(1, 9));
  const GroupFiles group = GroupFiles().Base(1).Base(3).Log(3, 1);
  EXPECT_THAT(group.Cleaned(timeline, 6, /*replaced=*/5),
              UnorderedElementsAre(GroupFiles::BaseName(1), GroupFiles::BaseName(3),
                                   GroupFiles::LogName(3, 1)));
  EXPECT_THAT(group.Cleaned(timeline, 5, /*replaced=*/5), ElementsAre(GroupFiles::BaseName(1)));
  const auto savepointed =
      TimelineOf(Deltas(1, 9) + std::vector<std::pair<int, std::string>>{{2, ".savepoint"}});
  EXPECT_THAT(group.Cleaned(savepointed, 6, /*replaced=*/5),
              UnorderedElementsAre(GroupFiles::BaseName(3), GroupFiles::LogName(3, 1)));
}

TEST(PlanCleaning, NamesActionAndLastCommit) {
  const auto timeline = TimelineOf(Deltas(1, 9));
  PartitionFiles files;
  files.partition_path = "day=1";
  for (const int instant : {1, 2}) {
    FileSlice slice;
    slice.file_id = "g";
    slice.base_instant = At(instant);
    slice.base_file_name = GroupFiles::BaseName(instant);
    files.base_files.push_back(slice);
  }
  const CleanerPlan plan = PlanCleaning(
      {files}, {.timeline = timeline, .base_path = "/lake/t", .earliest_retained = At(5)});
  EXPECT_EQ(plan.earliest_instant_action, "deltacommit");
  EXPECT_EQ(plan.last_completed_commit, At(9));
}

constexpr ArchivalPolicy kThreeToFive = {.instants_keep_min = 3, .instants_keep_max = 5};

std::vector<std::string> Archived(const std::vector<std::pair<int, std::string>>& files,
                                  const ArchivalLimits& limits = {}) {
  return Timestamps(PlanArchival(TimelineOf(files), kThreeToFive, limits));
}

TEST(PlanArchival, ArchivesDownToTheLeastOnceThereAreTooMany) {
  EXPECT_THAT(Archived(Deltas(1, 5)), IsEmpty());
  EXPECT_EQ(Archived(Deltas(1, 6)), AtEach(1, 3));
}

TEST(PlanArchival, TakesCleansAndRollbacksAlongButNotTheNewestClean) {
  const auto files =
      Deltas(1, 2) +
      std::vector<std::pair<int, std::string>>{{3, ".clean"}, {4, ".rollback"}, {5, ".clean"}} +
      Deltas(6, 9);
  EXPECT_THAT(Archived(files), ElementsAre(At(1), At(2), At(3), At(4), At(6)));
}

TEST(PlanArchival, BoundsOtherInstantsToo) {
  std::vector<std::pair<int, std::string>> files = Deltas(1, 2);
  for (int n = 3; n <= 9; ++n)
    files.emplace_back(n, ".rollback");
  EXPECT_EQ(Archived(files), AtEach(3, 6)) << "but no commit: there are few";
}

TEST(PlanArchival, StopsAtTheLastCommitBeforeAPendingInstant) {
  for (const char* pending : {".deltacommit.inflight", ".compaction.requested", ".clean.inflight",
                              ".rollback.requested"}) {
    const auto files =
        Deltas(1, 2) + std::vector<std::pair<int, std::string>>{{3, pending}} + Deltas(4, 9);
    EXPECT_EQ(Archived(files), AtEach(1, 1)) << pending;
  }
}

TEST(PlanArchival, StopsAtTheLastCommitBeforeASavepoint) {
  EXPECT_EQ(Archived(Deltas(1, 9) + std::vector<std::pair<int, std::string>>{{3, ".savepoint"}}),
            AtEach(1, 1));
  const std::vector<std::pair<int, std::string>> two = {{3, ".savepoint"}, {4, ".savepoint"}};
  EXPECT_EQ(Archived(Deltas(1, 9) + two), AtEach(1, 1));
}

TEST(PlanArchival, StopsAtTheKeptCommit) {
  EXPECT_EQ(Archived(Deltas(1, 9), {.kept_instant = At(4)}), AtEach(1, 3));
  EXPECT_EQ(Archived(Deltas(1, 9), {.kept_instant = At(9)}), AtEach(1, 6));
}

TEST(PlanArchival, LeavesTheCommitsThatReadersBeganWith) {
  EXPECT_EQ(Archived(Deltas(1, 9), {.readers_began = At(4)}), AtEach(1, 3));
  EXPECT_EQ(Archived(Deltas(1, 9), {.readers_began = At(9)}), AtEach(1, 6)) << "and the least";
  EXPECT_THAT(Archived(Deltas(1, 9), {.readers_began = At(0)}), IsEmpty());
  const auto between = TimelineOf(Deltas(1, 3) + Deltas(6, 12));
  EXPECT_EQ(Timestamps(PlanArchival(between, kThreeToFive, {.readers_began = At(5)})),
            AtEach(1, 2));
}

TEST(PlanArchival, BoundsRollbacksAlsoWhileReadersAreAtWork) {
  std::vector<std::pair<int, std::string>> files = Deltas(1, 2);
  for (int n = 3; n <= 9; ++n)
    files.emplace_back(n, ".rollback");
  EXPECT_EQ(Archived(files, {.readers_began = At(1)}), AtEach(3, 6));
}

TEST(PlanArchival, StopsAtAReplacecommitWhoseFilesAreStillThere) {
  const auto files =
      Deltas(1, 2) + std::vector<std::pair<int, std::string>>{{3, ".replacecommit"}} + Deltas(4, 9);
  EXPECT_EQ(Archived(files, {.first_replacing = At(3)}), AtEach(1, 2));
  EXPECT_EQ(Archived(files), AtEach(1, 6));
}

TEST(PlanArchival, TakesACompletedCompactionAsTheCommitItIs) {
  const auto files =
      std::vector<std::pair<int, std::string>>{
          {1, ".compaction.requested"}, {1, ".compaction.inflight"}, {1, ".commit"}} +
      Deltas(2, 6);
  const auto planned = PlanArchival(TimelineOf(files), kThreeToFive, {});
  ASSERT_EQ(Timestamps(planned), AtEach(1, 3));
  EXPECT_EQ(planned[0].action, InstantAction::kCommit);
}

}  // namespace
}  // namespace tapelake::hudi
