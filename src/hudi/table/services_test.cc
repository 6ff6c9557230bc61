// Compaction, cleaning and archival on a table, alone and between commits.

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "hudi/cleaning/cleaning_job.h"
#include "hudi/format/file_name.h"
#include "hudi/format/service_plans.h"
#include "hudi/table/table_view.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using Step = testing::FakeFileSystem::Step;

using testing::TableFixture;
using testing::TestChanges;
using testing::TestRow;

constexpr const char* kDay = "2026-11-22";
constexpr const char* kKey = "tapelake.positions";

/// Every slice with a log is due.
constexpr CompactionPolicy kAtOnce = {.log_files_max = 1};

class ServicesTest : public TableFixture {
 protected:
  /// Upsert two seconds after whatever was before.
  std::string Commit(Table& table, const TestChanges& changes) {
    clock_.Advance(2'000'000);
    return Upsert(table, changes).instant;
  }
  std::string Schedule(Table& table) {
    clock_.Advance(2'000'000);
    const auto instant = table.ScheduleCompaction(kAtOnce);
    EXPECT_TRUE(instant.ok()) << instant.status();
    return instant.ValueOr("");
  }
  CompactionCounts Run(Table& table, const std::string& instant) {
    const auto counts = table.RunCompaction(instant, 2);
    EXPECT_TRUE(counts.ok()) << counts.status();
    return counts.ValueOr(CompactionCounts());
  }
  std::string Compact(Table& table) {
    const std::string instant = Schedule(table);
    Run(table, instant);
    return instant;
  }
  int64_t Clean(Table& table, int64_t retained) {
    const auto deleted = table.Clean({.commits_retained = retained});
    EXPECT_TRUE(deleted.ok()) << deleted.status();
    return deleted.ValueOr(-1);
  }
  int64_t Archive(Table& table, int64_t keep_min, int64_t keep_max) {
    const auto archived =
        table.Archive({.instants_keep_min = keep_min, .instants_keep_max = keep_max}, kKey);
    EXPECT_TRUE(archived.ok()) << archived.status();
    return archived.ValueOr(-1);
  }
  /// As Spark does.
  void MakeMetadataTableLive() {
    const std::string folder = std::string(kPath) + "/.hoodie";
    const std::string path = folder + "/hoodie.properties";
    const std::string content = *files_.ReadFile(path);
    ASSERT_TRUE(
        files_.ReplaceFile(path, content + "hoodie.table.metadata.partitions=files\n").ok());
    ASSERT_TRUE(files_.CreateDirectories(folder + "/metadata").ok());
    ASSERT_TRUE(files_.CreateIfAbsent(folder + "/metadata/stale", "x").ok());
  }
  bool MetadataTableIsLive() {
    const auto config = ReadTableConfig(files_, kPath);
    EXPECT_TRUE(config.ok()) << config.status();
    return *files_.Exists(std::string(kPath) + "/.hoodie/metadata") ||
           (config.ok() && config->metadata_table_live());
  }
  /// Count the base files deleted from now on; none must be while a metadata table names them.
  void WatchDeletions() {
    files_.SetBefore([this](Step step, const std::string& path) {
      if (step != Step::kDelete || !path.ends_with(".parquet")) return Status::OK();
      ++deletions_;
      return MetadataTableIsLive() ? MakeError(ErrorKind::kInternal, "too early: " + path)
                                   : Status::OK();
    });
  }
  CommitMetadata MetadataOf(const std::string& instant, InstantAction action) {
    auto metadata = ReadCommitMetadata(files_, kPath, {instant, action, InstantState::kCompleted});
    EXPECT_TRUE(metadata.ok()) << metadata.status();
    return metadata.ValueOr(CommitMetadata());
  }
  std::vector<std::string> FilesLike(const std::string& part) {
    std::vector<std::string> found;
    for (const std::string& path : files_.Paths()) {
      if (path.find(part) != std::string::npos) found.push_back(path);
    }
    return found;
  }
  std::vector<ArchivedEntry> ArchivedEntries() {
    std::vector<ArchivedEntry> entries;
    for (const std::string& path : FilesLike("/.hoodie/archived/.commits_.archive.")) {
      const auto parsed = ParseArchiveFile(*files_.ReadFile(path));
      EXPECT_TRUE(parsed.ok()) << parsed.status();
      if (parsed.ok()) entries.insert(entries.end(), parsed->begin(), parsed->end());
    }
    return entries;
  }

  int deletions_ = 0;
};

TEST_F(ServicesTest, CompactionMakesBaseFilesOfLogsAndKeepsRowsAndTheirCommitTimes) {
  const auto table = CreateMergeOnRead(1);
  const std::string first =
      Commit(*table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}, {"c", kDay, 1, {}}}});
  const std::string second =
      Commit(*table, {.rows = {{"a", kDay, 2, "z"}}, .deletes = {{"b", kDay}}});
  const auto rows = Rows(*table);
  const std::string instant = Schedule(*table);
  const CompactionCounts counts = Run(*table, instant);
  EXPECT_EQ(counts.slices, 1);
  EXPECT_EQ(counts.rows_written, 2);
  EXPECT_EQ(counts.log_records, 4);
  EXPECT_EQ(Rows(*table), rows);
  const auto slices = table->LatestSnapshot()->slices;
  ASSERT_THAT(slices, SizeIs(1));
  EXPECT_THAT(slices[0].log_files, IsEmpty());
  EXPECT_EQ(slices[0].base_instant, instant);
  std::map<std::string, std::string> commit_times;
  const auto keys = Strings(slices[0], "_hoodie_record_key");
  const auto times = Strings(slices[0], "_hoodie_commit_time");
  for (size_t i = 0; i < keys.size(); ++i)
    commit_times[keys[i]] = times.at(i);
  EXPECT_THAT(commit_times, ElementsAre(Pair("a", second), Pair("c", first)));
  EXPECT_THAT(Strings(slices[0], "_hoodie_file_name"), Each(slices[0].base_file_name));
  EXPECT_THAT(Strings(slices[0], "_hoodie_commit_seqno"), Each(Not("\\N")));
}

TEST_F(ServicesTest, CompactionOverABaseFileReplacesDeletesAndKeepsTheRest) {
  const auto table = CreateMergeOnRead(1);
  const std::string first =
      Commit(*table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}, {"c", kDay, 1, "w"}}});
  Compact(*table);
  Commit(*table, {.rows = {{"a", kDay, 2, "z"}, {"d", kDay, 2, "n"}}, .deletes = {{"b", kDay}}});
  Compact(*table);
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 2, "z"}, TestRow{"c", kDay, 1, "w"},
                                        TestRow{"d", kDay, 2, "n"}));
  const FileSlice slice = table->LatestSnapshot()->slices.at(0);
  EXPECT_THAT(Strings(slice, "_hoodie_commit_time"), Contains(first).Times(1));
  EXPECT_THAT(Strings(slice, "_hoodie_file_name"), Each(slice.base_file_name));
}

TEST_F(ServicesTest, CompactionCommitSaysWhatItDidAndCarriesOurKeysOn) {
  const auto table = CreateMergeOnRead(1);
  const std::string first = Commit(
      *table,
      {.rows = {{"a", kDay, 1, "x"}}, .extra_metadata = {{kKey, "p1"}, {"somebody.else", "s"}}});
  Commit(*table, {.rows = {{"a", kDay, 2, "y"}, {"b", kDay, 2, "y"}}});
  const std::string instant = Compact(*table);
  const CommitMetadata metadata = MetadataOf(instant, InstantAction::kCommit);
  EXPECT_EQ(metadata.operation_type, "COMPACT");
  EXPECT_TRUE(metadata.compacted);
  EXPECT_THAT(metadata.extra_metadata, AllOf(Contains(Pair(kKey, "p1")), SizeIs(2)));
  EXPECT_FALSE(metadata.schema().empty());
  ASSERT_THAT(metadata.write_stats, ElementsAre(Pair("day=2026-11-22", SizeIs(1))));
  const WriteStat& stat = metadata.write_stats.begin()->second.front();
  EXPECT_EQ(stat.previous_commit, first);
  EXPECT_EQ(stat.writes, 2);
  EXPECT_EQ(stat.file_size_bytes, files_.GetInfo(std::string(kPath) + "/" + stat.path)->size_bytes);
  EXPECT_EQ(stat.compaction.log_files, 2);
  EXPECT_EQ(stat.compaction.log_blocks, 2);
  EXPECT_EQ(stat.compaction.log_records, 3);
  EXPECT_EQ(stat.compaction.updated_records, 2);
  EXPECT_GT(stat.compaction.log_bytes, 0);
}

TEST_F(ServicesTest, LateCompactionNeverWinsOverTheKeysOfLaterCommits) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, {}}}, .extra_metadata = {{kKey, "p1"}}});
  const std::string instant = Schedule(*table);
  Commit(*table, {.rows = {{"a", kDay, 2, {}}}, .extra_metadata = {{kKey, "p2"}}});
  Run(*Open(), instant);
  EXPECT_EQ(MetadataOf(instant, InstantAction::kCommit).extra_metadata.at(kKey), "p1");
  EXPECT_EQ(table->NewestCommitWith(kKey)->extra_metadata.at(kKey), "p2");
}

TEST_F(ServicesTest, GroupWhoseRowsAreAllDeletedBecomesAnEmptyBaseFile) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, {}}}});
  Commit(*table, {.deletes = {{"a", kDay}}});
  Compact(*table);
  EXPECT_THAT(Rows(*table), IsEmpty());
  EXPECT_TRUE(table->LatestSnapshot()->slices.at(0).has_base_file());
  Commit(*table, {.rows = {{"a", kDay, 3, {}}}});
  Compact(*table);
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 3, {}}));
}

TEST_F(ServicesTest, NothingIsScheduledWithoutNeedOrBesideAnotherPlan) {
  const auto table = CreateMergeOnRead(1);
  EXPECT_EQ(Schedule(*table), "") << "no commit yet";
  Commit(*table, {.rows = {{"a", kDay, 1, {}}}});
  EXPECT_EQ(*table->ScheduleCompaction({}), "") << "one small log is nothing";
  const std::string instant = Schedule(*table);
  EXPECT_NE(instant, "");
  EXPECT_THAT(*table->PendingCompactions(), ElementsAre(instant));
  EXPECT_EQ(Schedule(*table), "") << "one is pending";
  Run(*table, instant);
  EXPECT_THAT(*table->PendingCompactions(), IsEmpty());
  EXPECT_EQ(KindOf(table->RunCompaction(instant, 1).status()), ErrorKind::kNotFound);
  EXPECT_EQ(Schedule(*table), "") << "no log is left";
}

TEST_F(ServicesTest, CopyOnWriteTablesHaveNothingToCompact) {
  const auto table = Create(1);
  const auto status = table->ScheduleCompaction(kAtOnce).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("copy-on-write"));
}

TEST_F(ServicesTest, LogsWrittenBesideACompactionLieOverWhatItMade) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "x"}}});
  const std::string instant = Schedule(*table);
  Commit(*table, {.rows = {{"a", kDay, 2, "y"}, {"c", kDay, 2, "y"}}});
  const std::vector<TestRow> rows = {{"a", kDay, 2, "y"}, {"b", kDay, 1, "x"}, {"c", kDay, 2, "y"}};
  EXPECT_EQ(Rows(*table), rows);
  EXPECT_EQ(Rows(*Open()), rows);
  EXPECT_THAT(FilesLike(instant + ".log.1_"), SizeIs(1)) << "named after the compaction";
  Run(*Open(), instant);
  EXPECT_EQ(Rows(*table), rows);
  EXPECT_EQ(Rows(*Open()), rows);
  const FileSlice slice = table->LatestSnapshot()->slices.at(0);
  EXPECT_EQ(slice.base_instant, instant);
  EXPECT_THAT(slice.log_files, SizeIs(1));
}

TEST_F(ServicesTest, FailureOfOneGroupLeavesTheCompactionPendingAndNamesIt) {
  const auto table = CreateMergeOnRead(4);
  const std::vector<TestRow> rows = {{"tx000000", kDay, 1, {}}, {"tx000001", kDay, 1, {}}};
  Commit(*table, {.rows = rows});
  const std::string instant = Schedule(*table);
  files_.SetBefore([&](Step step, const std::string& path) {
    return step == Step::kWrite && path.ends_with(instant + ".parquet") &&
                   path.find("/00000003-") != std::string::npos
               ? MakeError(ErrorKind::kUnavailable, "disk full")
               : Status::OK();
  });
  const Status failed = table->RunCompaction(instant, 1).status();
  files_.SetBefore(nullptr);
  EXPECT_EQ(KindOf(failed), ErrorKind::kUnavailable);
  EXPECT_THAT(failed.message(), AllOf(HasSubstr("file group '00000003-"), HasSubstr("disk full")));
  EXPECT_THAT(*table->PendingCompactions(), ElementsAre(instant));
  EXPECT_EQ(Rows(*table), rows) << "what was written does not count";
  Commit(*table, {.rows = {{"tx000001", kDay, 2, "later"}}});
  Run(*table, instant);
  EXPECT_THAT(Rows(*table), ElementsAre(rows[0], TestRow{"tx000001", kDay, 2, "later"}));
}

TEST_F(ServicesTest, BaseFilesOfAnEarlierTryAreRemovedWhateverTheirWriteToken) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, {}}}});
  const std::string instant = Schedule(*table);
  const std::string file_id = table->LatestSnapshot()->slices.at(0).file_id;
  ASSERT_TRUE(files_
                  .CreateIfAbsent(std::string(kPath) + "/day=2026-11-22/" + file_id + "_7-8-9_" +
                                      instant + ".parquet",
                                  "half")
                  .ok());
  EXPECT_THAT(Rows(*table), SizeIs(1));
  Run(*table, instant);
  EXPECT_THAT(FilesLike("_" + instant + ".parquet"), SizeIs(1));
  EXPECT_THAT(Rows(*Open()), SizeIs(1));
}

TEST_F(ServicesTest, RowsOfAPendingCommitInAPlannedLogStopTheCompaction) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, {}}}});
  const std::string dead = Commit(*table, {.rows = {{"a", kDay, 2, {}}}});
  const std::string instant = Schedule(*table);
  const std::string completed = std::string(kPath) + "/.hoodie/" + dead + ".deltacommit";
  ASSERT_TRUE(files_.DeleteFile(completed).ok());
  const Status status = Open()->RunCompaction(instant, 1).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kConflict);
  EXPECT_THAT(status.message(), HasSubstr(dead));
}

TEST_F(ServicesTest, CleanDeletesWhatLaterSlicesReplaced) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, "x"}}});
  Commit(*table, {.rows = {{"b", kDay, 1, "x"}}});
  const std::string first = Compact(*table);
  Commit(*table, {.rows = {{"a", kDay, 2, "y"}}});
  const std::string second = Compact(*table);
  EXPECT_EQ(Clean(*table, 5), 0) << "all commits are retained";
  EXPECT_EQ(Clean(*table, 2), 2) << "the two logs; the first base file is the newest before E";
  EXPECT_THAT(FilesLike("_" + first + ".parquet"), SizeIs(1));
  Commit(*table, {.rows = {{"c", kDay, 3, "z"}}});
  EXPECT_EQ(Clean(*table, 1), 2) << "the first base file and its log";
  EXPECT_THAT(FilesLike(".parquet"), ElementsAre(HasSubstr(second)));
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 2, "y"}, TestRow{"b", kDay, 1, "x"},
                                        TestRow{"c", kDay, 3, "z"}));
  EXPECT_THAT(Rows(*Open()), SizeIs(3));
}

TEST_F(ServicesTest, CleanRetiresAForeignMetadataTableBeforeItDeletes) {
  const auto table = Create(1);
  for (int version = 1; version <= 5; ++version)
    Commit(*table, {.rows = {{"a", kDay, version, {}}}});
  MakeMetadataTableLive();
  EXPECT_EQ(Clean(*table, 5), 0);
  EXPECT_TRUE(MetadataTableIsLive()) << "nothing was changed that it would have to know";
  WatchDeletions();
  EXPECT_EQ(Clean(*table, 2), 2);
  EXPECT_EQ(deletions_, 2);
}

TEST_F(ServicesTest, ACleanThatADeadProcessBeganRetiresAForeignMetadataTableToo) {
  const auto table = Create(1);
  for (int version = 1; version <= 5; ++version)
    Commit(*table, {.rows = {{"a", kDay, version, {}}}});
  files_.SetBefore([](Step step, const std::string& path) {
    return step == Step::kDelete && path.ends_with(".parquet")
               ? MakeError(ErrorKind::kUnavailable, "power is gone")
               : Status::OK();
  });
  EXPECT_FALSE(table->Clean({.commits_retained = 2}).ok());
  files_.SetBefore(nullptr);
  MakeMetadataTableLive();
  WatchDeletions();
  const auto again = Open();
  EXPECT_EQ(Clean(*again, 5), 2);
  EXPECT_EQ(deletions_, 2);
}

TEST_F(ServicesTest, RollbackOfADeadCommitRetiresAForeignMetadataTableFirst) {
  const auto table = Create(1);
  Commit(*table, {.rows = {{"a", kDay, 1, {}}}});
  clock_.Advance(2'000'000);
  files_.SetBefore([](Step step, const std::string& path) {
    const bool ends = step == Step::kCreate && path.ends_with(".commit");
    return ends || step == Step::kDelete ? MakeError(ErrorKind::kUnavailable, "power is gone")
                                         : Status::OK();
  });
  const auto dead = TryUpsert(*table, {.rows = {{"a", kDay, 2, {}}}});
  files_.SetBefore(nullptr);
  ASSERT_TRUE(dead.ok() && dead->outcome != CommitOutcome::kDone);
  ASSERT_THAT(FilesLike(".parquet"), SizeIs(2));
  MakeMetadataTableLive();
  WatchDeletions();
  EXPECT_TRUE(Open()->CleanUpPendingCommits().ok());
  EXPECT_EQ(deletions_, 1);
  EXPECT_THAT(FilesLike(".parquet"), SizeIs(1));
}

TEST_F(ServicesTest, CleanWorksOnCopyOnWriteTables) {
  const auto table = Create(1);
  for (int version = 1; version <= 5; ++version)
    Commit(*table, {.rows = {{"a", kDay, version, {}}}});
  EXPECT_EQ(Clean(*table, 2), 2);
  EXPECT_THAT(FilesLike(".parquet"), SizeIs(3));
  EXPECT_THAT(Rows(*Open()), ElementsAre(TestRow{"a", kDay, 5, {}}));
}

TEST_F(ServicesTest, CleanLooksOnlyIntoPartitionsWithSomethingNew) {
  const auto table = CreateMergeOnRead(1);
  const auto write = [&](const std::string& day, int64_t version) {
    Commit(*table, {.rows = {{"a", day, version, {}}}});
  };
  for (const char* day : {"d1", "d2", "d3"})
    write(day, 1);
  Compact(*table);
  write("d2", 2);
  Compact(*table);
  write("d2", 3);
  Clean(*table, 1);
  write("d2", 4);
  write("d1", 4);
  Compact(*table);
  write("d2", 5);
  std::set<std::string> listed;
  files_.SetBefore([&](Step step, const std::string& path) {
    if (step == Step::kList && path.find(".hoodie") == std::string::npos) {
      listed.insert(io::FileName(path));
    }
    return Status::OK();
  });
  EXPECT_GT(Clean(*table, 1), 0);
  EXPECT_THAT(listed, ElementsAre("day=d1", "day=d2"));
  listed.clear();
  EXPECT_EQ(Clean(*table, 1), 0);
  EXPECT_THAT(listed, IsEmpty());
  CleaningJob other_process(files_, clock_, kPath);
  EXPECT_TRUE(other_process.Plan(*Timeline::Load(files_, kPath), {.commits_retained = 1}).ok());
  files_.SetBefore(nullptr);
  EXPECT_THAT(listed, IsEmpty()) << "the last clean says how far it looked";
}

TEST_F(ServicesTest, ArchiveKeepsTheTimelineShortAndLosesNothing) {
  const auto table = CreateMergeOnRead(1);
  std::vector<std::string> instants;
  for (int version = 1; version <= 9; ++version) {
    instants.push_back(Commit(*table, {.rows = {{"a", kDay, version, {}}},
                                       .extra_metadata = {{kKey, std::to_string(version)}}}));
  }
  const std::string compaction = Compact(*table);
  Commit(*table, {.rows = {{"b", kDay, 1, {}}}, .extra_metadata = {{kKey, "10"}}});
  const auto rows = Rows(*table);
  EXPECT_EQ(Archive(*table, 3, 11), 0);
  EXPECT_EQ(Archive(*table, 3, 10), 8);
  EXPECT_THAT(table->LoadTimeline()->instants(), SizeIs(3));
  EXPECT_EQ(Rows(*table), rows);
  EXPECT_EQ(Rows(*Open()), rows);
  EXPECT_EQ(table->NewestCommitWith(kKey)->extra_metadata.at(kKey), "10");
  std::map<std::string, std::vector<std::string>> states;
  for (const ArchivedEntry& entry : ArchivedEntries()) {
    EXPECT_EQ(entry.action, "deltacommit");
    states[entry.timestamp].push_back(entry.state);
  }
  ASSERT_THAT(states, SizeIs(8));
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_THAT(states[instants[i]], ElementsAre("REQUESTED", "INFLIGHT", "COMPLETED"));
    EXPECT_THAT(FilesLike("/.hoodie/" + instants[i]), IsEmpty());
  }
  Commit(*table, {.rows = {{"c", kDay, 1, {}}}});
  Commit(*table, {.rows = {{"d", kDay, 1, {}}}});
  EXPECT_EQ(Archive(*table, 1, 2), 2) << "as far as the newest commit with our key";
  EXPECT_THAT(FilesLike(".commits_.archive."), SizeIs(1)) << "one file grows";
  std::vector<std::string> of_compaction;
  for (const ArchivedEntry& entry : ArchivedEntries()) {
    if (entry.timestamp == compaction) of_compaction.push_back(entry.action + entry.state);
  }
  EXPECT_THAT(of_compaction,
              ElementsAre("compactionREQUESTED", "compactionINFLIGHT", "commitCOMPLETED"));
  EXPECT_THAT(Rows(*Open()), SizeIs(4));
}

/// As `up` runs them, for longer than both keep by number.
TEST_F(ServicesTest, WhatALongQueryReadsStaysThroughCleaningAndArchival) {
  constexpr int64_t kReaderMicros = 60'000'000;
  const CleaningPolicy cleaning{.commits_retained = 2, .reader_micros = kReaderMicros};
  const ArchivalPolicy archival{
      .instants_keep_min = 3, .instants_keep_max = 4, .reader_micros = kReaderMicros};
  const auto table = CreateMergeOnRead(1);
  const auto step = [&](int version) {
    Commit(*table, {.rows = {{"a", kDay, version, {}}}});
    Compact(*table);  // so that the slice before is needed by those alone that are reading it
    ASSERT_TRUE(table->Clean(cleaning).ok());
    ASSERT_TRUE(table->Archive(archival, kKey).ok());
  };
  int version = 0;
  while (version < 20)
    step(++version);
  const Snapshot query = *table->LatestSnapshot();
  const auto is_there = [&] {
    return *files_.Exists(std::string(kPath) + "/" + query.slices.at(0).RelativePath());
  };
  const int64_t begun = clock_.WallMicros();
  while (clock_.WallMicros() + 5'000'000 < begun + kReaderMicros) {
    step(++version);
    ASSERT_TRUE(is_there()) << (clock_.WallMicros() - begun) / 1'000'000 << " seconds after";
  }
  for (int last = version + 10; version < last;)
    step(++version);
  EXPECT_FALSE(is_there()) << "the query is done long since";
  EXPECT_THAT(FilesLike(".commits_.archive."), Not(IsEmpty()));
  // A commit and a compaction in four seconds.
  EXPECT_LE(table->LoadTimeline()->CompletedCommits().size(), 2U * 60 / 4 + 4);
}

TEST_F(ServicesTest, ArchiveWaitsForAPendingCompaction) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, {}}}, .extra_metadata = {{kKey, "1"}}});
  Commit(*table, {.rows = {{"a", kDay, 2, {}}}});
  const std::string instant = Schedule(*table);
  for (int version = 3; version <= 9; ++version) {
    Commit(*table, {.rows = {{"a", kDay, version, {}}}, .extra_metadata = {{kKey, "9"}}});
  }
  EXPECT_EQ(Archive(*table, 1, 2), 1) << "but the last commit before the compaction";
  Run(*Open(), instant);
  EXPECT_EQ(Archive(*table, 1, 2), 8);
  EXPECT_THAT(Rows(*Open()), ElementsAre(TestRow{"a", kDay, 9, {}}));
}

TEST_F(ServicesTest, ArchiveFinishesWhatAnotherProcessBeganWithoutStoringItTwice) {
  const auto table = CreateMergeOnRead(1);
  for (int version = 1; version <= 6; ++version)
    Commit(*table, {.rows = {{"a", kDay, version, {}}}});
  files_.SetBefore([](Step step, const std::string&) {
    return step == Step::kDelete ? MakeError(ErrorKind::kUnavailable, "read-only") : Status::OK();
  });
  const auto refused =
      table->Archive({.instants_keep_min = 2, .instants_keep_max = 3}, "").status();
  files_.SetBefore(nullptr);
  EXPECT_EQ(KindOf(refused), ErrorKind::kUnavailable);
  EXPECT_THAT(ArchivedEntries(), SizeIs(12));
  EXPECT_EQ(Archive(*Open(), 2, 3), 4);
  EXPECT_THAT(ArchivedEntries(), SizeIs(12));
  EXPECT_THAT(Rows(*Open()), ElementsAre(TestRow{"a", kDay, 6, {}}));
}

class HalfArchivedTest : public ServicesTest {
 protected:
  /// A process stores commits in the archive and dies. Returns what the next one does: 'A' and 's'
  /// sync the folder of the archive and another one, 'd' deletes.
  std::string StepsOf(const std::function<void(Table&)>& next) {
    const auto table = CreateMergeOnRead(1);
    for (int version = 1; version <= 6; ++version)
      Commit(*table, {.rows = {{"a", kDay, version, {}}}});
    files_.SetBefore([](Step step, const std::string&) {
      return step == Step::kDelete ? MakeError(ErrorKind::kUnavailable, "dead") : Status::OK();
    });
    EXPECT_FALSE(table->Archive({.instants_keep_min = 2, .instants_keep_max = 3}, "").ok());
    std::string steps;
    files_.SetBefore([&steps](Step step, const std::string& path) {
      if (step == Step::kSync) steps += path.ends_with("/archived") ? "A" : "s";
      if (step == Step::kDelete) steps += "d";
      return Status::OK();
    });
    next(*Open());
    files_.SetBefore(nullptr);
    return steps;
  }
};

TEST_F(HalfArchivedTest, TheArchiveIsDurableBeforeArchivalTakesTheRestAway) {
  const std::string steps = StepsOf([&](Table& table) { EXPECT_EQ(Archive(table, 2, 3), 4); });
  EXPECT_LT(steps.find("As"), steps.find('d')) << steps;
}

TEST_F(HalfArchivedTest, TheArchiveIsDurableBeforeASavepointTakesTheRestAway) {
  const std::string steps = StepsOf(
      [](Table& table) { EXPECT_TRUE(table.Savepoint(table.LatestSnapshot()->instant, {}).ok()); });
  EXPECT_NE(steps.find('d'), steps.npos);
  EXPECT_LT(steps.find("As"), steps.find('d')) << steps;
}

TEST_F(ServicesTest, ArchiveCutsWhatADeadWriterLeftHalfWritten) {
  const auto table = CreateMergeOnRead(1);
  for (int version = 1; version <= 4; ++version)
    Commit(*table, {.rows = {{"a", kDay, version, {}}}});
  EXPECT_EQ(Archive(*table, 1, 2), 3);
  const std::string path = FilesLike(".commits_.archive.").at(0);
  const std::string whole = *files_.ReadFile(path);
  ASSERT_TRUE(files_.ReplaceFile(path, whole + whole.substr(0, whole.size() / 2)).ok());
  for (int version = 5; version <= 7; ++version)
    Commit(*table, {.rows = {{"a", kDay, version, {}}}});
  EXPECT_EQ(Archive(*Open(), 1, 2), 3);
  EXPECT_TRUE(files_.ReadFile(path)->starts_with(whole));
  EXPECT_THAT(ArchivedEntries(), SizeIs(18));
}

TEST_F(ServicesTest, ArchiveMakesEachCompletedInstantsEndDurableBeforeTheNext) {
  const auto table = CreateMergeOnRead(1);
  for (int version = 1; version <= 4; ++version)
    Commit(*table, {.rows = {{"a", kDay, version, {}}}});
  std::string order;
  files_.SetBefore([&](Step step, const std::string& path) {
    const bool in_archive = path.find("/archived") != std::string::npos;
    if (step == Step::kReplace && in_archive) order += "R";
    if (step == Step::kSync) order += in_archive ? "S" : "s";
    if (step == Step::kDelete) order += path.ends_with(".deltacommit") ? "C" : "d";
    return Status::OK();
  });
  EXPECT_EQ(Archive(*table, 2, 3), 2);
  files_.SetBefore(nullptr);
  // The file of the archive is put in place, durably, as is what others put there; then requested
  // and inflight files go, then each completed file by itself.
  EXPECT_EQ(order, "RSsddddsCsCs");
}

TEST_F(ServicesTest, CompactionRunsOnAThreadOfItsOwn) {
  const auto table = CreateMergeOnRead(2);
  std::map<std::string, TestRow> expected;
  int64_t version = 0;
  for (int round = 0; round < 6; ++round) {
    const auto commit = [&] {
      ++version;
      const std::string id = "k" + std::to_string(version % 7);
      expected[id] = {id, kDay, version, {}};
      Commit(*table, {.rows = {expected[id]}, .extra_metadata = {{kKey, std::to_string(version)}}});
    };
    commit();
    const std::string instant = Schedule(*table);
    {
      const std::jthread compactor([&, worker = Open()] { Run(*worker, instant); });
      for (int i = 0; i < 4; ++i)
        commit();
    }
    Clean(*table, 2);
    Archive(*table, 3, 4);
    std::vector<TestRow> rows;
    for (const auto& [id, row] : expected)
      rows.push_back(row);
    ASSERT_EQ(Rows(*table), rows) << "round " << round;
    ASSERT_EQ(Rows(*Open()), rows) << "round " << round;
    EXPECT_THAT(*table->PendingCompactions(), IsEmpty());
  }
}

TEST_F(ServicesTest, ListingBesideArchivalIsRepeated) {
  const auto table = CreateMergeOnRead(1);
  for (int version = 1; version <= 6; ++version)
    Commit(*table, {.rows = {{"k" + std::to_string(version), kDay, version, {}}}});
  auto names = *files_.ListNames(std::string(kPath) + "/.hoodie");
  std::erase_if(names, [](const std::string& name) { return !ParseInstantFileName(name); });
  ASSERT_EQ(Archive(*table, 2, 3), 4);
  // What a slow listing could have seen: the first instant as it was, the second one's completed
  // file gone.
  const std::string first = names.at(0).substr(0, 17);
  const std::string second = names.at(3).substr(0, 17);
  const std::string folder = std::string(kPath) + "/.hoodie/";
  for (const std::string& name : names) {
    if (name.starts_with(first) || (name.starts_with(second) && !name.ends_with("commit"))) {
      ASSERT_TRUE(files_.CreateIfAbsent(folder + name, "{}").ok());
    }
  }
  bool finished = false;
  files_.SetBefore([&](Step step, const std::string& path) {
    if (finished || step != Step::kRead || path.find("/.hoodie/" + first) == std::string::npos) {
      return Status::OK();
    }
    finished = true;
    for (const std::string& name : names) {
      if (name.starts_with(first) || name.starts_with(second)) {
        (void)files_.DeleteFile(folder + name);
      }
    }
    return Status::OK();
  });
  EXPECT_THAT(Rows(*Open()), SizeIs(6));
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace tapelake::hudi
