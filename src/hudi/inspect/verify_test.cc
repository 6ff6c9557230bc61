// Every kind of damage is planted once, and exactly that is found.

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "hudi/format/file_name.h"
#include "hudi/inspect/table_files.h"
#include "hudi/inspect/table_history.h"
#include "hudi/inspect/verify.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/table/table_view.h"
#include "hudi/timeline/instant_files.h"
#include "hudi/writer/base_file_writer.h"
#include "hudi/writer/key_summary.h"
#include "io/local_file_system.h"
#include "testing/table_fixture.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {

void PrintTo(const Finding& finding, std::ostream* out) {
  *out << FindingName(finding.kind) << " " << finding.path << " " << finding.instant << " "
       << finding.key << ": " << finding.what;
}

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Matcher;
using ::testing::SizeIs;
using testing::TableFixture;
using testing::TestChanges;

constexpr const char* kDay = "2026-11-22";
constexpr const char* kOtherDay = "2026-11-23";

Matcher<Finding> Is(FindingKind kind, const std::string& path) {
  return AllOf(Field(&Finding::kind, kind), Field(&Finding::path, path));
}

class VerifyTest : public TableFixture {
 protected:
  std::string Commit(Table& table, const TestChanges& changes) {
    clock_.Advance(2'000'000);
    return Upsert(table, changes).instant;
  }
  std::string Compact(Table& table) {
    clock_.Advance(2'000'000);
    const auto instant = table.ScheduleCompaction({.log_files_max = 1});
    EXPECT_TRUE(instant.ok()) << instant.status();
    EXPECT_TRUE(table.RunCompaction(*instant, 2).ok());
    return *instant;
  }
  VerifyReport Verify(const std::string& growing_column = "version") {
    auto report = VerifyTable(World(), kPath, {.threads = 2, .growing_column = growing_column});
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ValueOr(VerifyReport());
  }
  std::vector<Finding> Findings() { return Verify().findings; }

  static std::string Full(const std::string& relative) { return io::JoinPath(kPath, relative); }
  void Replace(const std::string& relative, const std::function<void(std::string*)>& change) {
    std::string bytes = *files_.ReadFile(Full(relative));
    change(&bytes);
    ASSERT_TRUE(files_.ReplaceFile(Full(relative), bytes).ok());
  }
  void FlipBit(const std::string& relative) {
    Replace(relative, [](std::string* bytes) { bytes->at(bytes->size() / 2) ^= 4; });
  }
  void Copy(const std::string& from, const std::string& to) {
    ASSERT_TRUE(files_.ReplaceFile(Full(to), *files_.ReadFile(Full(from))).ok());
  }
  void Delete(const std::string& relative) { ASSERT_TRUE(files_.DeleteFile(Full(relative)).ok()); }
  /// Let a commit say something else.
  void Rewrite(const std::string& instant, InstantAction action,
               const std::function<void(WriteStat*)>& change) {
    const Instant commit{instant, action, InstantState::kCompleted};
    auto metadata = ReadCommitMetadata(files_, kPath, commit);
    ASSERT_TRUE(metadata.ok()) << metadata.status();
    for (auto& [partition, stats] : metadata->write_stats) {
      for (WriteStat& stat : stats)
        change(&stat);
    }
    ASSERT_TRUE(
        files_.ReplaceFile(InstantPath(kPath, commit), FormatCommitMetadata(*metadata)).ok());
  }
  std::string BaseFile(Table& table) { return table.LatestSnapshot()->slices.at(0).RelativePath(); }
  std::string LogFile(Table& table) {
    const FileSlice slice = table.LatestSnapshot()->slices.at(0);
    return slice.LogPath(slice.log_files.back());
  }
  static std::string Renamed(const std::string& path,
                             const std::function<void(BaseFileName*)>& change) {
    BaseFileName name = *ParseBaseFileName(io::FileName(path));
    change(&name);
    return io::JoinPath(io::ParentPath(path), FormatBaseFileName(name));
  }
  /// A merge-on-read table with a base file and a log over it, in one file group.
  std::unique_ptr<Table> BaseAndLog() {
    auto table = CreateMergeOnRead(1);
    Commit(*table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 2, "y"}}});
    Compact(*table);
    Commit(*table, {.rows = {{"a", kDay, 3, "z"}}});
    return table;
  }
  /// Three commits follow `pinned`, all before it is archived, and a restore leaves it alone.
  void LeaveOnly(Table& table, const std::string& pinned) {
    for (int64_t version = 5; version < 8; ++version)
      Commit(table, {.rows = {{"d", kDay, version, {}}}});
    ASSERT_GT(*table.Archive({.instants_keep_min = 4, .instants_keep_max = 5}, ""), 0);
    ASSERT_EQ(Timeline::Load(files_, kPath)->CompletedCommits().front().timestamp, pinned);
    ASSERT_TRUE(table.Savepoint(pinned, {}).ok());
    clock_.Advance(2'000'000);
    ASSERT_TRUE(table.Restore(pinned).ok());
    ASSERT_THAT(Timeline::Load(files_, kPath)->CompletedCommits(), SizeIs(1));
  }
};

TEST_F(VerifyTest, SoundTablesHaveNoFindings) {
  const auto table = CreateMergeOnRead(2);
  EXPECT_THAT(Findings(), IsEmpty());
  for (int64_t n = 0; n < 12; ++n) {
    TestChanges changes{.rows = {{"hot", kDay, 2 * n + 1, "x"},
                                 {"k" + std::to_string(n), kOtherDay, 2 * n + 2, {}}}};
    if (n > 4) changes.deletes.emplace_back("k" + std::to_string(n - 3), kOtherDay);
    Commit(*table, changes);
    if (n % 3 == 2) Compact(*table);
    EXPECT_THAT(Findings(), IsEmpty()) << n;
  }
  ASSERT_GT(*table->Clean({.commits_retained = 3}), 0);
  EXPECT_THAT(Findings(), IsEmpty());
  ASSERT_GT(*table->Archive({.instants_keep_min = 4, .instants_keep_max = 5}, ""), 0);
  const VerifyReport report = Verify();
  EXPECT_TRUE(report.sound());
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.rows, std::ssize(Rows(*table)));
  EXPECT_GT(report.base_files, 0);
}

TEST_F(VerifyTest, SoundCopyOnWriteTablesHaveNoFindings) {
  const auto table = Create(2);
  for (int64_t n = 0; n < 8; ++n) {
    Commit(*table, {.rows = {{"k" + std::to_string(n), kDay, 2 * n, "x"},
                             {"k" + std::to_string(n / 2), kOtherDay, 2 * n + 1, "y"}},
                    .deletes = {{"k" + std::to_string(n - 1), kDay}}});
  }
  EXPECT_THAT(Verify("").findings, ::testing::Each(Field(&Finding::kind, FindingKind::kKeyTwice)));
  ASSERT_GT(*table->Clean({.commits_retained = 2}), 0);
  EXPECT_THAT(Verify("").findings, ::testing::Each(Field(&Finding::kind, FindingKind::kKeyTwice)));
}

TEST_F(VerifyTest, APendingCompactionIsWorthANoteOnly) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, "x"}}});
  clock_.Advance(2'000'000);
  const std::string instant = *table->ScheduleCompaction({.log_files_max = 1});
  Commit(*table, {.rows = {{"a", kDay, 2, "y"}}});
  const VerifyReport report = Verify();
  EXPECT_TRUE(report.sound());
  EXPECT_THAT(report.findings, ElementsAre(Is(FindingKind::kInstantPending,
                                              ".hoodie/" + instant + ".compaction.requested")));
}

TEST_F(VerifyTest, ALogFileThatIsGoneIsMissing) {
  const auto table = BaseAndLog();
  const std::string log = LogFile(*table);
  Delete(log);
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kFileMissing, log)));
}

TEST_F(VerifyTest, ABaseFileThatIsGoneIsMissing) {
  const auto table = BaseAndLog();
  const std::string base = BaseFile(*table);
  Delete(base);
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kFileMissing, base)));
}

TEST_F(VerifyTest, WhatACleanTookIsNotMissingButWhatItMustKeepIs) {
  const auto table = Create(1);
  const std::string first = Commit(*table, {.rows = {{"a", kDay, 1, "x"}}});
  const std::string pinned = BaseFile(*table);
  for (int64_t n = 2; n < 6; ++n)
    Commit(*table, {.rows = {{"a", kDay, n, "x"}}});
  ASSERT_TRUE(table->Savepoint(first, {}).ok());
  ASSERT_EQ(*table->Clean({.commits_retained = 1}), 2);  // four are old: one pinned, one kept
  EXPECT_THAT(Findings(), IsEmpty());
  Delete(pinned);
  const auto findings = Findings();
  ASSERT_THAT(findings, ElementsAre(Is(FindingKind::kFileMissing, pinned)));
  EXPECT_THAT(findings[0].what, HasSubstr("savepoint " + first));
}

TEST_F(VerifyTest, AFileOfAnotherSizeThanItsCommitSaysIsFound) {
  const auto table = BaseAndLog();
  const std::string log = LogFile(*table);
  Rewrite(table->LatestSnapshot()->instant, InstantAction::kDeltaCommit,
          [](WriteStat* stat) { ++stat->file_size_bytes; });
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kFileSize, log)));
}

TEST_F(VerifyTest, OtherNumbersOfRowsThanTheCommitSaysAreFound) {
  const auto table = BaseAndLog();
  const std::string newest = table->LatestSnapshot()->instant;
  Rewrite(newest, InstantAction::kDeltaCommit, [](WriteStat* stat) { ++stat->deletes; });
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kRowCount, LogFile(*table))));
  Rewrite(newest, InstantAction::kDeltaCommit, [](WriteStat* stat) { --stat->deletes; });
  Rewrite(table->LatestSnapshot()->slices.at(0).base_instant, InstantAction::kCommit,
          [](WriteStat* stat) { ++stat->writes; });
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kRowCount, BaseFile(*table))));
}

TEST_F(VerifyTest, AFlippedBitOfALogOrBaseFileIsDamage) {
  const auto table = BaseAndLog();
  const std::string log = LogFile(*table);
  FlipBit(log);
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kFileDamaged, log)));
  FlipBit(log);
  const std::string base = BaseFile(*table);
  FlipBit(base);
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kFileDamaged, base)));
}

TEST_F(VerifyTest, AChangeLogOfAnotherSizeOrThatIsDamagedIsFound) {
  CreateOptions options = Options(1);
  options.cdc_logging = CdcLogging::kBothImages;
  const auto table = *Table::Create(World(), kPath, options);
  Commit(*table, {.rows = {{"a", kDay, 1, "x"}}});
  const std::string newest = Commit(*table, {.rows = {{"a", kDay, 2, "y"}}});
  EXPECT_THAT(Findings(), IsEmpty());
  std::vector<std::string> paths = files_.Paths();
  std::erase_if(paths, [](const std::string& path) { return !path.ends_with(".cdc"); });
  ASSERT_THAT(paths, SizeIs(1));
  const std::string log = paths[0].substr(std::string(kPath).size() + 1);
  const auto resize = [&](int64_t by) {
    Rewrite(newest, InstantAction::kCommit, [by](WriteStat* stat) {
      for (auto& [path, bytes] : stat->cdc_stats)
        bytes += by;
    });
  };
  resize(1);
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kFileSize, log)));
  resize(-1);
  const std::string sound = *files_.ReadFile(Full(log));
  Replace(log, [](std::string* bytes) { bytes->back() ^= 1; });  // the block's trailing length
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kFileDamaged, log)));
  Replace(log, [&](std::string* bytes) { *bytes = std::string(sound.size(), 'x'); });
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kFileDamaged, log)));
}

TEST_F(VerifyTest, AFlippedBitOfACommitIsItsInstant) {
  const auto table = BaseAndLog();
  const std::string path = ".hoodie/" + table->LatestSnapshot()->instant + ".deltacommit";
  FlipBit(path);
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kInstantUnreadable, path)));
}

TEST_F(VerifyTest, AFileOfNoInstantIsAnOrphan) {
  const auto table = BaseAndLog();
  const std::string never = FormatInstantTime(clock_.WallMicros() - 1'000'000);
  const std::string orphan =
      Renamed(BaseFile(*table), [&](BaseFileName* name) { name->instant = never; });
  Copy(BaseFile(*table), orphan);
  const auto findings = Findings();
  ASSERT_THAT(findings, ElementsAre(Is(FindingKind::kFileOrphan, orphan)));
  EXPECT_EQ(findings[0].instant, never);
}

TEST_F(VerifyTest, AFileOlderThanTheTimelineAndInNoArchiveIsAnOrphan) {
  const auto table = Create(1);
  for (int64_t n = 1; n < 8; ++n)
    Commit(*table, {.rows = {{"a", kDay, n, "x"}}});
  ASSERT_GT(*table->Archive({.instants_keep_min = 2, .instants_keep_max = 3}, ""), 0);
  EXPECT_THAT(Findings(), IsEmpty());
  const std::string orphan =
      Renamed(BaseFile(*table), [&](BaseFileName* name) { name->instant = "20261122180000555"; });
  Copy(BaseFile(*table), orphan);
  const auto findings = Findings();
  ASSERT_THAT(findings, ElementsAre(Is(FindingKind::kFileOrphan, orphan)));
  EXPECT_THAT(findings[0].what, HasSubstr("archive"));
}

TEST_F(VerifyTest, WhatAPinnedCommitReplacedIsNoOrphanWhereNoOtherCommitIsLeft) {
  const auto table = BaseAndLog();
  const std::string old = LogFile(*table);
  const std::string pinned = Commit(
      *table, {.rows = {{"c", kDay, 4, {}}}, .operation = WriteOperation::kInsertOverwriteTable});
  LeaveOnly(*table, pinned);
  ASSERT_TRUE(files_.Exists(Full(old)).ValueOr(false));
  EXPECT_THAT(Findings(), IsEmpty());
  Copy(old, io::JoinPath(io::ParentPath(old), "." + io::FileName(old).substr(2)));
  EXPECT_FALSE(Findings().empty());  // of another group, which nobody replaced
}

TEST_F(VerifyTest, WhatAPinnedCommitSupersededIsNoOrphanWhereNoOtherCommitIsLeft) {
  CreateOptions options = Options(1);
  options.cdc_logging = CdcLogging::kBothImages;
  const auto table = *Table::Create(World(), kPath, options);
  Commit(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}});  // b stays of this commit
  const std::string archived = Commit(*table, {.rows = {{"a", kDay, 2, {}}}});
  const std::string old = BaseFile(*table);
  LeaveOnly(*table, Commit(*table, {.rows = {{"a", kDay, 3, {}}}}));
  ASSERT_TRUE(files_.Exists(Full(old)).ValueOr(false));
  EXPECT_THAT(Findings(), IsEmpty());
  const std::string lost = Renamed(old, [](BaseFileName* name) { name->file_id[0] ^= 1; });
  Copy(old, lost);  // of another group, in which nothing newer is
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kFileOrphan, lost)));
  Delete(lost);
  // Other commits follow: first it can be read again, then cleaning takes it.
  Commit(*table, {.rows = {{"a", kDay, 8, {}}}});
  const auto past = (*TableView::Open(files_, kPath))->SnapshotAt(archived, QueryMode::kSnapshot);
  ASSERT_TRUE(past.ok()) << past.status();
  EXPECT_EQ(past->slices.at(0).RelativePath(), old);
  Commit(*table, {.rows = {{"a", kDay, 9, {}}}});
  EXPECT_GT(*table->Clean({.commits_retained = 1}), 0);
  EXPECT_FALSE(files_.Exists(Full(old)).ValueOr(true));
}

TEST_F(VerifyTest, ASecondBaseFileOfOneInstantIsFoundTwice) {
  const auto table = BaseAndLog();
  const std::string base = BaseFile(*table);
  const std::string other = Renamed(base, [](BaseFileName* name) { name->write_token = "7-0-0"; });
  Copy(base, other);
  EXPECT_THAT(Findings(),
              ElementsAre(Is(FindingKind::kFileOrphan, other), Is(FindingKind::kFileTwice, other)));
}

TEST_F(VerifyTest, AForeignFileIsWorthANote) {
  const auto table = BaseAndLog();
  const std::string path = io::JoinPath(io::ParentPath(BaseFile(*table)), "_SUCCESS");
  ASSERT_TRUE(files_.ReplaceFile(Full(path), "").ok());
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kFileForeign, path)));
  EXPECT_TRUE(Verify().sound());
}

TEST_F(VerifyTest, AnInstantThatOthersFollowedIsDead) {
  const auto table = BaseAndLog();
  const std::string dead = FormatInstantTime(clock_.WallMicros() - 1'000'000);
  ASSERT_TRUE(
      TimelineWriter(files_, kPath).CreateRequested(dead, InstantAction::kDeltaCommit, "").ok());
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kInstantDead,
                                         ".hoodie/" + dead + ".deltacommit.requested")));
}

TEST_F(VerifyTest, AnInstantAheadOfTheClockIsFound) {
  const auto table = BaseAndLog();
  clock_.Advance(-1'000'000);
  EXPECT_THAT(Findings(),
              ElementsAre(Is(FindingKind::kInstantAhead,
                             ".hoodie/" + table->LatestSnapshot()->instant + ".deltacommit")));
}

TEST_F(VerifyTest, TwoCommitsOfOneInstantAreFound) {
  const auto table = BaseAndLog();
  const std::string newest = table->LatestSnapshot()->instant;
  Copy(".hoodie/" + newest + ".deltacommit", ".hoodie/" + newest + ".commit");
  EXPECT_THAT(Findings(),
              ElementsAre(Is(FindingKind::kInstantTwice, ".hoodie/" + newest + ".deltacommit")));
}

TEST_F(VerifyTest, ASavepointWithoutItsCommitIsFound) {
  const auto table = BaseAndLog();
  ASSERT_TRUE(table->Savepoint(table->LatestSnapshot()->instant, {}).ok());
  EXPECT_THAT(Findings(), IsEmpty());
  const std::string newest = table->LatestSnapshot()->instant;
  const std::string other = FormatInstantTime(clock_.WallMicros() - 500'000);
  Copy(".hoodie/" + newest + ".savepoint", ".hoodie/" + other + ".savepoint");
  EXPECT_THAT(Findings(),
              ElementsAre(Is(FindingKind::kSavepointLost, ".hoodie/" + other + ".savepoint")));
}

TEST_F(VerifyTest, APartitionWithoutItsMarkerIsFound) {
  const auto table = BaseAndLog();
  const std::string marker =
      io::JoinPath(io::ParentPath(BaseFile(*table)), kPartitionMetadataFileName);
  Delete(marker);
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kPartitionUnmarked, marker)));
}

TEST_F(VerifyTest, AStatThatContradictsItsFileNameIsFound) {
  const auto table = BaseAndLog();
  Rewrite(table->LatestSnapshot()->instant, InstantAction::kDeltaCommit,
          [](WriteStat* stat) { stat->file_id = "00000007-other-0"; });
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kStatWrong, LogFile(*table))));
}

TEST_F(VerifyTest, AMetadataTableThatMissesCommitsIsFound) {
  const auto table = BaseAndLog();
  TableConfig config = table->config();
  config.metadata_partitions = {"files"};
  ASSERT_TRUE(
      files_.ReplaceFile(Full(".hoodie/hoodie.properties"), FormatTableConfig(config)).ok());
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kMetadataTableStale, ".hoodie/metadata")));
}

TEST_F(VerifyTest, AKeyInTwoPartitionsIsFound) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, "x"}}});
  Commit(*table, {.rows = {{"a", kOtherDay, 2, "x"}, {"b", kOtherDay, 3, "x"}}});
  const auto findings = Findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, FindingKind::kKeyTwice);
  EXPECT_EQ(findings[0].key, "a");
  EXPECT_THAT(findings[0].what, HasSubstr(kDay));
}

TEST_F(VerifyTest, ARowInAnotherBucketThanItsKeysIsFound) {
  const auto table = BaseAndLog();
  TableConfig config = table->config();
  config.bucket_count = 1000;
  ASSERT_TRUE(
      files_.ReplaceFile(Full(".hoodie/hoodie.properties"), FormatTableConfig(config)).ok());
  const auto findings = Findings();
  ASSERT_THAT(findings, ElementsAre(Is(FindingKind::kBucketWrong, BaseFile(*table))));
  EXPECT_THAT(findings[0].what, HasSubstr("and 2 more rows"));
}

TEST_F(VerifyTest, ASequenceThatDoesNotGrowFromCommitToCommitIsFound) {
  const auto table = CreateMergeOnRead(1);
  const std::string first = Commit(*table, {.rows = {{"a", kDay, 5, "x"}}});
  const std::string second = Commit(*table, {.rows = {{"b", kDay, 5, "x"}}});
  const auto findings = Findings();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, FindingKind::kSequenceWrong);
  EXPECT_EQ(findings[0].instant, second);
  EXPECT_THAT(findings[0].what, HasSubstr(first));
  EXPECT_THAT(Verify("").findings, IsEmpty());
}

TEST_F(VerifyTest, RowsThatNameAnotherFileAreFound) {
  const auto table = BaseAndLog();
  const std::string base = BaseFile(*table);
  const std::string compaction = table->LatestSnapshot()->slices.at(0).base_instant;
  const std::string newest = table->LatestSnapshot()->instant;
  const std::string moved = Renamed(base, [](BaseFileName* name) { name->write_token = "7-0-0"; });
  Copy(base, moved);
  Delete(base);
  Rewrite(compaction, InstantAction::kCommit, [&](WriteStat* stat) { stat->path = moved; });
  Rewrite(newest, InstantAction::kDeltaCommit,
          [&](WriteStat* stat) { stat->log->base_file = io::FileName(moved); });
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kMetaColumnWrong, moved)));
}

TEST_F(VerifyTest, AKeyRangeThatLeavesAKeyOutIsFound) {
  const auto table = Create(1);
  const std::string instant = Commit(*table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 2, "y"}}});
  const std::string base = BaseFile(*table);
  const auto reader = *BaseFileReader::Open(files_, Full(base));
  const auto batch = *reader->ReadRowGroup(0, reader->schema()->field_names());
  const auto writer = *BaseFileWriter::Open(files_, Full(base), batch->schema());
  ASSERT_TRUE(writer->WriteRowGroup(**arrow::Table::FromRecordBatches({batch})).ok());
  const int64_t bytes =
      *writer->Close({{std::string(kMinRecordKeyKey), "b"}, {std::string(kMaxRecordKeyKey), "b"}});
  Rewrite(instant, InstantAction::kCommit,
          [bytes](WriteStat* stat) { stat->file_size_bytes = bytes; });
  const auto findings = Findings();
  ASSERT_THAT(findings, ElementsAre(Is(FindingKind::kFooterWrong, base)));
  EXPECT_EQ(findings[0].key, "a");
}

TEST_F(VerifyTest, PropertiesThatDoNotParseAreFound) {
  const auto table = BaseAndLog();
  Replace(".hoodie/hoodie.properties",
          [](std::string* text) { text->replace(text->find("checksum=") + 9, 1, "x"); });
  EXPECT_THAT(Findings(), ElementsAre(Is(FindingKind::kTableUnreadable, ".hoodie")));
}

/// A late row whose sequence does not grow counts only where a query sees it.
TEST_F(VerifyTest, RowsAreMergedByTheRuleOfTheTable) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 5, "x"}, {"c", kDay, 4, "x"}}});
  Compact(*table);
  Commit(*table, {.rows = {{"a", kDay, 3, "late"}, {"b", kDay, 6, "y"}}});
  EXPECT_THAT(Findings(), ElementsAre(Field(&Finding::kind, FindingKind::kSequenceWrong)));
  ReopenWithDefaultPayload();
  const VerifyReport report = Verify();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.rows, 3);
}

TEST_F(VerifyTest, FindingsBeyondTheLimitAreCounted) {
  const auto table = CreateMergeOnRead(4);
  for (const char* day : {kDay, kOtherDay})
    Commit(*table, {.rows = {{"a", day, 1, {}}, {"b", day, 1, {}}, {"c", day, 1, {}}}});
  const VerifyReport report = *VerifyTable(World(), kPath, {.findings_max = 2});
  EXPECT_THAT(report.findings, SizeIs(2));
  EXPECT_EQ(report.findings_left_out, 1);
  EXPECT_FALSE(report.sound());
}

TEST_F(VerifyTest, RepairDoesWhatIsSafeAndNothingElse) {
  const auto table = BaseAndLog();
  const std::string never = FormatInstantTime(clock_.WallMicros() - 1'000'000);
  const std::string base = BaseFile(*table);
  const std::string orphan = Renamed(base, [&](BaseFileName* name) { name->instant = never; });
  const std::string twin = Renamed(base, [](BaseFileName* name) { name->write_token = "7-0-0"; });
  const std::string dead = FormatInstantTime(clock_.WallMicros() - 1'500'000);
  Copy(base, orphan);
  ASSERT_TRUE(
      TimelineWriter(files_, kPath).CreateRequested(dead, InstantAction::kDeltaCommit, "").ok());
  Delete(io::JoinPath(io::ParentPath(base), kPartitionMetadataFileName));
  const auto rows = Rows(*table);
  ASSERT_THAT(Findings(), SizeIs(3));
  clock_.Advance(2'000'000);
  const auto repaired = RepairTable(World(), kPath, Findings());
  ASSERT_TRUE(repaired.ok()) << repaired.status();
  EXPECT_THAT(repaired->done, SizeIs(3));
  EXPECT_THAT(Findings(), IsEmpty());
  Copy(base, twin);
  const auto findings = Findings();
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_THAT(RepairTable(World(), kPath, findings)->done, IsEmpty());
  EXPECT_TRUE(*files_.Exists(Full(twin)));
}

TEST_F(VerifyTest, FilesTellWhatEachIsGoodFor) {
  const auto table = BaseAndLog();
  const std::string pinned = table->LatestSnapshot()->instant;
  ASSERT_TRUE(table->Savepoint(pinned, {}).ok());
  Compact(*table);
  const auto evidence = ReadTableEvidence(files_, kPath, table->config());
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  std::vector<std::string> uses;
  for (const TableFile& file : DescribeFiles(*evidence)) {
    uses.push_back(file.kind + " " + std::string(FileUseName(file.use)) +
                   (file.savepoints.empty() ? "" : " pinned"));
  }
  EXPECT_THAT(uses, ElementsAre("log superseded", "base superseded pinned", "log superseded pinned",
                                "base latest"));
}

TEST_F(VerifyTest, HistoryTellsWhatHappenedTheNewestFirst) {
  const auto table = BaseAndLog();
  const std::string pinned = table->LatestSnapshot()->instant;
  ASSERT_TRUE(table->Savepoint(pinned, {.comments = "before the trial"}).ok());
  Commit(*table, {.rows = {{"c", kDay, 4, {}}}, .deletes = {{"a", kDay}}});
  clock_.Advance(2'000'000);
  ASSERT_TRUE(table->Restore(pinned).ok());
  const auto history = ReadHistory(files_, kPath, {});
  ASSERT_TRUE(history.ok()) << history.status();
  std::vector<std::string> told;
  for (const HistoryEntry& entry : *history) {
    told.push_back(std::string(InstantActionName(entry.instant.action)) + " " + entry.operation +
                   " " + std::to_string(entry.rows) + " " + entry.note);
  }
  EXPECT_THAT(told, ElementsAre("restore  0 to " + pinned + ", took back 1 instants",
                                "savepoint  0 before the trial", "deltacommit UPSERT 1 ",
                                "commit COMPACT 2 ", "deltacommit UPSERT 2 "));
  EXPECT_THAT(*ReadHistory(files_, kPath, {.entries_max = 2}), SizeIs(2));
}

class GoldenVerify : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenVerify, TablesOfSparkAreSound) {
  const golden::GoldenTable golden(TAPELAKE_SOURCE_DIR, GetParam());
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SeededRandom random{1};
  const auto report = VerifyTable({files, clock, random}, golden.path(), {.threads = 2});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->findings, IsEmpty());
  EXPECT_GT(report->rows, 0);
}

INSTANTIATE_TEST_SUITE_P(AllOfVersion6, GoldenVerify,
                         ::testing::Values("v6_cow_archive_savepoint_rollback", "v6_cow_bucket",
                                           "v6_cow_cdc", "v6_cow_cdc_op_key_only",
                                           "v6_cow_hive_metadata", "v6_cow_replace_evolve_clean",
                                           "v6_cow_spark_defaults", "v6_cow_upsert_delete",
                                           "v6_mor_avro_logs", "v6_mor_bucket",
                                           "v6_mor_bucket_logonly", "v6_mor_compacted_then_logs",
                                           "v6_mor_inmemory_logonly", "v6_mor_parquet_logs"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace tapelake::hudi
