// Commits of merge-on-read tables.

#include <gmock/gmock.h>

#include <functional>

#include "hudi/format/file_name.h"
#include "hudi/format/log_block.h"
#include "hudi/format/properties.h"
#include "hudi/format/service_plans.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Step = testing::FakeFileSystem::Step;

using testing::TableFixture;
using testing::TestChanges;
using testing::TestRow;

constexpr const char* kDay = "2026-11-22";

class DeltaTest : public TableFixture {
 protected:
  FileSlice OnlySlice(Table& table) {
    const auto slices = table.LatestSnapshot()->slices;
    EXPECT_THAT(slices, SizeIs(1));
    return slices.empty() ? FileSlice() : slices.front();
  }
  CommitMetadata CommitAt(Table& table, const std::string& instant) {
    return *ReadCommitMetadata(files_, table.base_path(),
                               {instant, InstantAction::kDeltaCommit, InstantState::kCompleted});
  }
  std::vector<LogBlock> BlocksOf(const FileSlice& slice, size_t log) {
    bytes_ = *files_.ReadFile(std::string(kPath) + "/" + slice.LogPath(slice.log_files.at(log)));
    return *SplitLogBlocks(bytes_);
  }
  /// What a compaction service does first: a plan over all slices, on the timeline.
  std::string PlanCompactionByHand(Table& table) {
    clock_.Advance(5'000);
    const std::string instant = FormatInstantTime(clock_.WallMicros());
    CompactionPlan plan;
    const Snapshot snapshot = *table.LatestSnapshot();
    for (const FileSlice& slice : snapshot.slices) {
      CompactionOperation operation{.base_instant = slice.base_instant,
                                    .log_files = {},
                                    .base_file = slice.base_file_name,
                                    .file_id = slice.file_id,
                                    .partition_path = slice.partition_path,
                                    .metrics = {}};
      for (const SliceLogFile& log : slice.log_files)
        operation.log_files.push_back(log.name);
      plan.operations.push_back(std::move(operation));
    }
    EXPECT_TRUE(
        TimelineWriter(files_, table.base_path())
            .CreateRequested(instant, InstantAction::kCompaction, FormatCompactionPlan(plan))
            .ok());
    return instant;
  }
  int64_t Listings(const std::function<void()>& work) {
    int64_t listings = 0;
    files_.SetBefore([&](Step step, const std::string&) {
      if (step == Step::kList) ++listings;
      return Status::OK();
    });
    work();
    files_.SetBefore(nullptr);
    return listings;
  }

 private:
  std::string bytes_;
};

TEST_F(DeltaTest, CreateStoresWhatMergeOnReadNeeds) {
  CreateMergeOnRead(8);
  const Properties properties =
      *ParseProperties(*files_.ReadFile(std::string(kPath) + "/.hoodie/hoodie.properties"));
  const std::map<std::string, std::string> expected = {
      {"hoodie.table.type", "MERGE_ON_READ"},
      {"hoodie.compaction.payload.class",
       "org.apache.hudi.common.model.OverwriteWithLatestAvroPayload"},
      {"hoodie.compaction.record.merger.strategy", "eeb8d96f-b1e4-49fd-bbf8-28ac514178e5"},
      {"hoodie.compact.inline.max.delta.commits", "1000000"},
      {"hoodie.datasource.write.recordkey.field", "id"},
      {"hoodie.index.type", "BUCKET"},
      {"hoodie.bucket.index.num.buckets", "8"},
      {"hoodie.bucket.index.hash.field", "id"},
      {"hoodie.metadata.enable", "false"},
      {"hoodie.write.table.version", "6"},
      {"hoodie.write.auto.upgrade", "false"},
  };
  for (const auto& [key, value] : expected) {
    ASSERT_TRUE(properties.contains(key)) << key;
    EXPECT_EQ(properties.at(key), value) << key;
  }
}

TEST_F(DeltaTest, KeepsInsertsUpdatesAndDeletes) {
  const auto table = CreateMergeOnRead();
  Upsert(*table,
         {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}, {"c", kDay, 1, std::nullopt}}});
  const UpsertResult second = Upsert(*table, {.rows = {{"a", kDay, 2, "z"}, {"d", kDay, 3, "new"}},
                                              .deletes = {{"b", kDay}},
                                              .delete_ordering = 4});
  EXPECT_EQ(second.inserted_rows, 2);
  EXPECT_EQ(second.deleted_rows, 1);
  EXPECT_THAT(Rows(*table),
              ElementsAre(TestRow{"a", kDay, 2, "z"}, TestRow{"c", kDay, 1, std::nullopt},
                          TestRow{"d", kDay, 3, "new"}));
}

TEST_F(DeltaTest, ADeletedKeyMayComeBack) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, "x"}}});
  Upsert(*table, {.deletes = {{"a", kDay}}, .delete_ordering = 2});
  EXPECT_THAT(Rows(*table), IsEmpty());
  Upsert(*table, {.rows = {{"a", kDay, 3, "back"}}});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 3, "back"}));
}

TEST_F(DeltaTest, ADeleteLosesAgainstARowOfAGreaterOrder) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", kDay, 5, "x"}, {"b", kDay, 5, "x"}}});
  Upsert(*table, {.deletes = {{"a", kDay}}, .delete_ordering = 4});
  Upsert(*table, {.deletes = {{"b", kDay}}});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 5, "x"}));
}

TEST_F(DeltaTest, ARowMovesBetweenPartitions) {
  const auto table = CreateMergeOnRead();
  Upsert(*table, {.rows = {{"a", "d1", 1, "x"}, {"b", "d1", 1, "y"}}});
  Upsert(*table, {.rows = {{"a", "d2", 2, "x"}}, .deletes = {{"a", "d1"}}, .delete_ordering = 2});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", "d2", 2, "x"}, TestRow{"b", "d1", 1, "y"}));
}

TEST_F(DeltaTest, EveryCommitAddsOneLogFileOfTheNextVersion) {
  const auto table = CreateMergeOnRead(1);
  const std::string first = Upsert(*table, {.rows = {{"a", kDay, 1, {}}}}).instant;
  Upsert(*table, {.rows = {{"b", kDay, 2, {}}}, .deletes = {{"a", kDay}}, .delete_ordering = 2});
  const FileSlice slice = OnlySlice(*table);
  EXPECT_FALSE(slice.has_base_file());
  EXPECT_EQ(slice.base_instant, first);
  ASSERT_THAT(slice.log_files, SizeIs(2));
  for (size_t i = 0; i < 2; ++i) {
    const auto name = ParseLogFileName(slice.log_files[i].name);
    ASSERT_TRUE(name);
    EXPECT_EQ(name->version, static_cast<int64_t>(i) + 1);
    EXPECT_EQ(name->base_instant, first);
  }
  const auto blocks = BlocksOf(slice, 1);
  ASSERT_THAT(blocks, SizeIs(2));
  EXPECT_EQ(blocks[0].type, LogBlockType::kAvroData);
  EXPECT_EQ(blocks[1].type, LogBlockType::kDelete);
  EXPECT_EQ(*Open()->LatestSnapshot()->slices.begin(), slice) << "memory and disk must agree";
}

TEST_F(DeltaTest, NoLogFileHasTheNameOfOneThatWasRolledBack) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  std::string dead;
  files_.SetBefore([&](Step step, const std::string& path) {
    if (step == Step::kWrite && path.find(".log.2") != std::string::npos) dead = path;
    return step == Step::kCreate && path.ends_with(".deltacommit")
               ? MakeError(ErrorKind::kUnavailable, "disk full")
               : Status::OK();
  });
  EXPECT_EQ(TryUpsert(*table, {.rows = {{"a", kDay, 2, {}}}})->outcome, CommitOutcome::kNotDone);
  files_.SetBefore(nullptr);
  clock_.Advance(1'000);
  Upsert(*table, {.rows = {{"a", kDay, 3, {}}}});
  const FileSlice slice = OnlySlice(*table);
  ASSERT_THAT(slice.log_files, SizeIs(2));
  EXPECT_EQ(slice.log_files[1].version, 2);
  EXPECT_FALSE(dead.empty());
  EXPECT_FALSE(dead.ends_with(slice.log_files[1].name)) << dead;
}

TEST_F(DeltaTest, StatesTheLogFilesInTheCommit) {
  const auto table = CreateMergeOnRead(1);
  const std::string first =
      Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}}).instant;
  const std::string second = Upsert(*table, {.rows = {{"a", kDay, 2, {}}},
                                             .deletes = {{"b", kDay}},
                                             .delete_ordering = 2,
                                             .extra_metadata = {{"k", "v"}}})
                                 .instant;
  const FileSlice slice = OnlySlice(*table);
  const WriteStat start = CommitAt(*table, first).write_stats.at("day=2026-11-22").at(0);
  EXPECT_EQ(start.previous_commit, first) << "a log-only group names its own start";
  EXPECT_EQ(start.inserts, 2);
  ASSERT_TRUE(start.log);
  EXPECT_THAT(start.log->log_files, ElementsAre(slice.log_files[0].name));
  const CommitMetadata commit = CommitAt(*table, second);
  EXPECT_EQ(commit.extra_metadata.at("k"), "v");
  EXPECT_FALSE(commit.schema().empty());
  const WriteStat stat = commit.write_stats.at("day=2026-11-22").at(0);
  EXPECT_EQ(stat.previous_commit, first);
  EXPECT_EQ(stat.path, slice.LogPath(slice.log_files[1]));
  EXPECT_EQ(stat.file_size_bytes, slice.log_files[1].size_bytes);
  EXPECT_EQ(stat.writes, 1);
  EXPECT_EQ(stat.deletes, 1);
  EXPECT_EQ(stat.update_writes, 1);
  EXPECT_EQ(stat.inserts, 0);
  ASSERT_TRUE(stat.log);
  EXPECT_EQ(stat.log->log_version, 2);
  EXPECT_EQ(stat.log->base_file, "");
  EXPECT_THAT(stat.log->log_files, ElementsAre(slice.log_files[0].name, slice.log_files[1].name));
}

TEST_F(DeltaTest, TheInflightFileNamesEveryPlannedFile) {
  const auto table = CreateMergeOnRead(2);
  const std::string instant =
      Upsert(*table, {.rows = {{"a", "d1", 1, {}}, {"b", "d2", 1, {}}}}).instant;
  const CommitMetadata planned = *ParseCommitMetadata(
      *files_.ReadFile(std::string(kPath) + "/.hoodie/" + instant + ".deltacommit.inflight"));
  const CommitMetadata written = CommitAt(*table, instant);
  ASSERT_EQ(planned.write_stats.size(), written.write_stats.size());
  for (const auto& [partition, stats] : written.write_stats) {
    ASSERT_EQ(planned.write_stats.at(partition).size(), stats.size());
    for (size_t i = 0; i < stats.size(); ++i)
      EXPECT_EQ(planned.write_stats.at(partition)[i].path, stats[i].path);
  }
}

TEST_F(DeltaTest, UnderAPendingCompactionNewLogsAreNamedAfterIt) {
  const auto table = CreateMergeOnRead(1);
  const std::string first = Upsert(*table, {.rows = {{"a", kDay, 1, "x"}}}).instant;
  Upsert(*table, {.rows = {{"a", kDay, 2, "y"}}});
  const std::string compaction = PlanCompactionByHand(*table);
  for (int64_t version = 1; version <= 2; ++version) {
    clock_.Advance(1'000);
    const std::string instant = Upsert(*table, {.rows = {{"b", kDay, 10 + version, "z"}}}).instant;
    const WriteStat stat = CommitAt(*table, instant).write_stats.at("day=2026-11-22").at(0);
    EXPECT_EQ(stat.previous_commit, compaction);
    EXPECT_EQ(stat.log->log_version, version);
    EXPECT_EQ(stat.log->base_file, "");
    EXPECT_THAT(stat.log->log_files, SizeIs(version));
    EXPECT_EQ(ParseLogFileName(stat.log->log_files.back())->base_instant, compaction);
  }
  const FileSlice slice = OnlySlice(*table);
  EXPECT_EQ(slice.base_instant, first);
  EXPECT_EQ(slice.pending_compaction, compaction);
  EXPECT_THAT(slice.log_files, SizeIs(4));
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 2, "y"}, TestRow{"b", kDay, 12, "z"}));
  EXPECT_EQ(*Open()->LatestSnapshot()->slices.begin(), slice) << "memory and disk must agree";
}

TEST_F(DeltaTest, APendingCompactionIsNoDeadInstant) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, "x"}}});
  const std::string compaction = PlanCompactionByHand(*table);
  const auto paths = files_.Paths();
  ASSERT_TRUE(table->CleanUpPendingCommits().ok());
  EXPECT_EQ(files_.Paths(), paths);
}

TEST_F(DeltaTest, AddsNullableColumns) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
  const auto wider = *Schema()->AddField(4, arrow::field("fee", arrow::decimal128(18, 8)));
  arrow::Decimal128Builder fees(arrow::decimal128(18, 8));
  ASSERT_TRUE(fees.Append(arrow::Decimal128(250)).ok());
  auto columns = BatchOf({{"a", kDay, 2, "z"}})->columns();
  columns.push_back(*fees.Finish());
  const std::vector<RecordChange> changes = {{"a", 0, 0}};
  const auto result = *table->Upsert({.schema = wider,
                                      .rows = arrow::RecordBatch::Make(wider, 1, columns),
                                      .partition_values = {kDay},
                                      .changes = changes});
  ASSERT_EQ(result.outcome, CommitOutcome::kDone) << result.reason;
  EXPECT_TRUE(table->LatestSnapshot()->schema->Equals(*wider));
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 2, "z"}, TestRow{"b", kDay, 1, "y"}));
  const auto narrower = TryUpsert(*table, {.rows = {{"a", kDay, 3, {}}}});
  EXPECT_THAT(narrower.status().message(), HasSubstr("'fee'"));
}

TEST_F(DeltaTest, ChangesMayNameRowsInAnyOrder) {
  const auto table = CreateMergeOnRead(2);
  std::vector<TestRow> rows;
  std::vector<RecordChange> changes;
  for (int64_t i = 0; i < 5000; ++i)
    rows.push_back({"k" + std::to_string(10'000 + i), kDay, i, {}});
  for (int64_t i = 0; i < 5000; ++i) {
    const int64_t row = i * 2003 % 5000;
    if (row % 10 != 0) changes.push_back({rows[static_cast<size_t>(row)].id, 0, row});
  }
  const auto result = *table->Upsert(
      {.schema = Schema(), .rows = BatchOf(rows), .partition_values = {kDay}, .changes = changes});
  ASSERT_EQ(result.outcome, CommitOutcome::kDone) << result.reason;
  std::erase_if(rows, [](const TestRow& row) { return row.version % 10 == 0; });
  EXPECT_EQ(Rows(*table), rows);
}

TEST_F(DeltaTest, RefusesWhatItCannotDo) {
  const auto table = CreateMergeOnRead(1);
  class Never : public RecordMerger {
    bool IncomingWins(const arrow::RecordBatch&, int64_t, size_t) const override { return false; }
  };
  const Never merger;
  const auto merged = TryUpsert(*table, {.rows = {{"a", kDay, 1, {}}}, .merger = &merger});
  EXPECT_EQ(KindOf(merged.status()), ErrorKind::kInvalid);
  const std::vector<RecordChange> changes = {{"b", 0, 0}};
  const auto other_key = table->Upsert({.schema = Schema(),
                                        .rows = BatchOf({{"a", kDay, 1, {}}}),
                                        .partition_values = {kDay},
                                        .changes = changes});
  ASSERT_TRUE(other_key.ok());
  EXPECT_EQ(other_key->outcome, CommitOutcome::kNotDone);
  EXPECT_THAT(other_key->reason.message(), HasSubstr("'b' names row 0"));
  EXPECT_THAT(table->LoadTimeline()->instants(), IsEmpty());
}

TEST_F(DeltaTest, RefusesToReadOtherPayloads) {
  CreateMergeOnRead(1);
  const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
  Properties properties = *ParseProperties(*files_.ReadFile(path));
  properties["hoodie.compaction.payload.class"] = "org.example.MyPayload";
  ASSERT_TRUE(files_.ReplaceFile(path, FormatProperties(properties, "")).ok());
  const auto opened = Table::Open(World(), kPath);
  EXPECT_EQ(KindOf(opened.status()), ErrorKind::kInvalid);
  EXPECT_THAT(opened.status().message(), HasSubstr("org.example.MyPayload"));
}

TEST_F(DeltaTest, ACommitListsTheTimelineOnceAndNothingElse) {
  const auto table = CreateMergeOnRead(2);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}});
  std::vector<std::string> read;
  files_.SetBefore([&](Step step, const std::string& path) {
    if (step == Step::kList) read.push_back(path);
    if (step == Step::kRead && path.find("/.hoodie/2") == path.npos) read.push_back(path);
    return Status::OK();
  });
  clock_.Advance(1'000);
  Upsert(*table, {.rows = {{"a", kDay, 2, {}}, {"c", kDay, 2, {}}}});
  files_.SetBefore(nullptr);
  EXPECT_THAT(read, ElementsAre(std::string(kPath) + "/.hoodie"));
}

TEST_F(DeltaTest, SeesWhatAnotherWriterCommitted) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto other = Open();
  Upsert(*other, {.rows = {{"b", kDay, 2, {}}}});
  Upsert(*other, {.rows = {{"c", "d2", 3, {}}}});
  Upsert(*table, {.rows = {{"d", kDay, 4, {}}}});
  const auto slices = table->LatestSnapshot()->slices;
  ASSERT_THAT(slices, SizeIs(2));
  EXPECT_THAT(slices[0].log_files, SizeIs(3));
  EXPECT_EQ(slices, Open()->LatestSnapshot()->slices);
  EXPECT_THAT(Rows(*table), SizeIs(4));
}

TEST_F(DeltaTest, NoticesThatItsCommitWasTakenAway) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  clock_.Advance(1'000);
  const std::string gone = Upsert(*table, {.rows = {{"b", kDay, 2, {}}}}).instant;
  const FileSlice slice = OnlySlice(*table);
  ASSERT_TRUE(files_.DeleteFile(std::string(kPath) + "/" + slice.LogPath(slice.log_files[1])).ok());
  for (const char* suffix : {".deltacommit", ".deltacommit.inflight", ".deltacommit.requested"})
    ASSERT_TRUE(files_.DeleteFile(std::string(kPath) + "/.hoodie/" + gone + suffix).ok());
  Upsert(*table, {.rows = {{"c", kDay, 3, {}}}});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, {}}, TestRow{"c", kDay, 3, {}}));
}

TEST_F(DeltaTest, ArchivedInstantsAndCleansCostNoListingOfPartitions) {
  const auto table = CreateMergeOnRead(1);
  const std::string oldest = Upsert(*table, {.rows = {{"a", kDay, 1, {}}}}).instant;
  clock_.Advance(1'000);
  Upsert(*table, {.rows = {{"b", kDay, 2, {}}}});
  const std::string folder = std::string(kPath) + "/.hoodie/";
  for (const char* suffix : {".deltacommit.requested", ".deltacommit.inflight", ".deltacommit"})
    ASSERT_TRUE(files_.DeleteFile(folder + oldest + suffix).ok());
  ASSERT_TRUE(
      files_
          .CreateIfAbsent(
              folder + FormatInstantTime(clock_.WallMicros() + 1'000) + ".clean.requested", "x")
          .ok());
  clock_.Advance(5'000);
  const int64_t listings = Listings([&] {
    Upsert(*table, {.rows = {{"c", kDay, 3, {}}}});
    EXPECT_EQ(*table->ScheduleCompaction({}), "");  // nothing is due
  });
  EXPECT_EQ(listings, 1);
  EXPECT_THAT(Rows(*table), SizeIs(3));
}

TEST_F(DeltaTest, WritesIntoATableWithoutPartitions) {
  CreateOptions options = MergeOnReadOptions(2);
  options.partition_field.clear();
  const auto table = Table::Create(World(), kPath, options).ValueOrDie();
  Upsert(*table, {.rows = {{"a", "any", 1, {}}}});
  Upsert(*table, {.rows = {{"a", "other", 2, {}}, {"b", "other", 2, {}}}});
  EXPECT_THAT(Rows(*table),
              ElementsAre(TestRow{"a", "other", 2, {}}, TestRow{"b", "other", 2, {}}));
}

TEST_F(DeltaTest, PublishesCommitsWithoutChanges) {
  const auto table = CreateMergeOnRead();
  const UpsertResult result = Upsert(*table, {.extra_metadata = {{"position", "17"}}});
  const CommitMetadata commit = *table->NewestCommitWith("position");
  EXPECT_EQ(commit.instant, result.instant);
  EXPECT_THAT(commit.write_stats, IsEmpty());
}

TEST_F(DeltaTest, WaitsWhenTheClockJumpedBack) {
  const auto table = CreateMergeOnRead();
  const std::string first = Upsert(*table, {.rows = {{"a", kDay, 1, {}}}}).instant;
  clock_.SetWall(kStartMicros - 3'000'000);
  const std::string second = Upsert(*table, {.rows = {{"b", kDay, 1, {}}}}).instant;
  EXPECT_GT(second, first);
  EXPECT_LE(second, FormatInstantTime(clock_.WallMicros()));
  clock_.SetWall(kStartMicros - 3'600'000'000);
  const auto far = TryUpsert(*table, {.rows = {{"b", kDay, 1, {}}}});
  EXPECT_EQ(KindOf(far.status()), ErrorKind::kUnavailable);
}

/// What a dead Spark writer leaves: an inflight file without paths.
class ForeignDeltaTest : public DeltaTest {
 protected:
  void BeginForeign(const std::string& instant, const FileSlice& slice) {
    const std::string prefix = std::string(kPath) + "/.hoodie/" + instant + ".deltacommit";
    CommitMetadata profile;
    WriteStat stat;
    stat.file_id = slice.file_id;
    stat.previous_commit = slice.base_instant;
    profile.write_stats[slice.partition_path] = {stat};
    ASSERT_TRUE(files_.CreateIfAbsent(prefix + ".requested", "").ok());
    ASSERT_TRUE(files_.CreateIfAbsent(prefix + ".inflight", FormatInflightMetadata(profile)).ok());
  }
  std::string DeadInstant() {
    clock_.Advance(5'000);
    const std::string instant = FormatInstantTime(clock_.WallMicros());
    clock_.Advance(5'000);
    return instant;
  }
  /// The bytes of a log with the rows of commit `index`, as if `instant` had written them.
  std::string BytesOfCommit(const FileSlice& slice, size_t index, const std::string& instant) {
    const std::string bytes =
        *files_.ReadFile(std::string(kPath) + "/" + slice.LogPath(slice.log_files.at(index)));
    std::string out;
    for (const LogBlock& block : *SplitLogBlocks(bytes)) {
      auto header = block.header;
      header[LogHeaderKey::kInstantTime] = instant;
      AppendLogBlock(block.type, header, block.content, &out);
    }
    return out;
  }
};

TEST_F(ForeignDeltaTest, ALogOfTheDeadInstantAloneIsDeleted) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  const FileSlice slice = OnlySlice(*table);
  const std::string dead = DeadInstant();
  BeginForeign(dead, slice);
  const std::string log = std::string(kPath) + "/day=2026-11-22/." + slice.file_id + "_" +
                          slice.base_instant + ".log.2_3-4-5";
  ASSERT_TRUE(files_.CreateIfAbsent(log, BytesOfCommit(slice, 0, dead)).ok());
  ASSERT_TRUE(table->CleanUpPendingCommits().ok());
  auto left = files_.Paths();
  std::erase_if(left, [](const std::string& path) { return path.find(".rollback") != path.npos; });
  EXPECT_EQ(left, paths);
}

TEST_F(ForeignDeltaTest, ALogThatOthersShareGetsOneRollbackBlock) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, "kept"}}});
  const FileSlice slice = OnlySlice(*table);
  const std::string dead = DeadInstant();
  const std::string path = std::string(kPath) + "/" + slice.LogPath(slice.log_files[0]);
  std::string bytes = *files_.ReadFile(path);
  AppendLogBlock(
      LogBlockType::kDelete, {{LogHeaderKey::kInstantTime, dead}},
      FormatDeleteBlockContent({{.record_key = "a", .partition_path = "day=2026-11-22"}}), &bytes);
  ASSERT_TRUE(files_.ReplaceFile(path, bytes).ok());
  BeginForeign(dead, slice);
  files_.SetBefore([](Step step, const std::string& file) {
    return step == Step::kCreate && file.ends_with(".rollback")
               ? MakeError(ErrorKind::kUnavailable, "disk full")
               : Status::OK();
  });
  EXPECT_FALSE(table->CleanUpPendingCommits().ok());
  files_.SetBefore(nullptr);
  ASSERT_TRUE(table->CleanUpPendingCommits().ok());
  const FileSlice after = OnlySlice(*table);
  ASSERT_THAT(after.log_files, SizeIs(2));
  EXPECT_EQ(after.log_files[1].version, 2);
  const auto blocks = BlocksOf(after, 1);
  ASSERT_THAT(blocks, SizeIs(1));
  EXPECT_EQ(blocks[0].type, LogBlockType::kCommand);
  EXPECT_EQ(blocks[0].header.at(LogHeaderKey::kTargetInstantTime), dead);
  EXPECT_EQ(blocks[0].header.at(LogHeaderKey::kCommandBlockType), "0");
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, "kept"}));
  clock_.Advance(1'000);
  Upsert(*table, {.rows = {{"b", kDay, 2, {}}}});
  EXPECT_EQ(OnlySlice(*table).log_files.back().version, 3);
}

TEST_F(ForeignDeltaTest, GarbageThatOurInflightFileNamesIsDeleted) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  std::string log;
  files_.SetBefore([&](Step step, const std::string& path) {
    if (step == Step::kWrite && path.find(".log.2") != path.npos) log = path;
    const bool ends = step == Step::kCreate && path.ends_with(".deltacommit");
    return ends || step == Step::kDelete ? MakeError(ErrorKind::kUnavailable, "gone")
                                         : Status::OK();
  });
  ASSERT_EQ(TryUpsert(*table, {.rows = {{"a", kDay, 2, {}}}})->outcome, CommitOutcome::kNotDone);
  files_.SetBefore(nullptr);
  const std::string half = files_.ReadFile(log)->substr(0, 40);
  for (const std::string& garbage : {std::string(4096, '\0'), std::string("#HUDI#"), half}) {
    ASSERT_TRUE(files_.ReplaceFile(log, garbage).ok());
    EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, {}}));
  }
  ASSERT_TRUE(table->CleanUpPendingCommits().ok());
  auto left = files_.Paths();
  std::erase_if(left, [](const std::string& path) { return path.find(".rollback") != path.npos; });
  EXPECT_EQ(left, paths);
}

}  // namespace
}  // namespace tapelake::hudi
