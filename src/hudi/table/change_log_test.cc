// Change-data logs of our own commits: what is in them, and that the change feed read from them is
// that of the slices.

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "hudi/format/avro_datum.h"
#include "hudi/format/log_block.h"
#include "hudi/format/properties.h"
#include "hudi/table/change_reader.h"
#include "hudi/table/table_view.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Step = testing::FakeFileSystem::Step;

using testing::TableFixture;
using testing::TestRow;

constexpr const char* kDay = "d1";

/// Versions of rows by key and partition path.
using Versions = std::map<std::pair<std::string, std::string>, std::string>;

/// A table whose change feed is held against its rows.
class ChangeFeedFixture : public TableFixture {
 protected:
  /// Every kind of change, in four commits.
  void UpsertThemAll(Table& table) {
    Upsert(table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}, {"c", "d2", 1, {}}}});
    Upsert(table, {.rows = {{"a", kDay, 2, "x"}, {"c", "d2", 2, {}}}, .deletes = {{"b", kDay}}});
    Upsert(table, {.rows = {{"b", kDay, 3, {}}, {"e", "d3", 3, {}}}});
    Upsert(table, {.deletes = {{"a", kDay}, {"b", kDay}}});
  }
  /// The change feed applied from the first commit on; each change is one that can be.
  Versions FoldedFeed() {
    Versions folded;
    const auto view = TableView::Open(files_, kPath).ValueOrDie();
    const auto reader = ChangeReader::Open(*view, {}).ValueOrDie();
    while (const auto batch = *reader->Next()) {
      for (int64_t row = 0; row < batch->num_rows(); ++row)
        Apply(*batch, row, &folded);
    }
    return folded;
  }
  Versions RowsByKey(Table& table) {
    Versions rows;
    for (const TestRow& row : Rows(table))
      rows[{row.id, "day=" + row.day}] = std::to_string(row.version);
    return rows;
  }
  std::vector<std::string> Logs() {
    std::vector<std::string> paths = files_.Paths();
    std::erase_if(paths, [](const std::string& path) { return !path.ends_with(".cdc"); });
    return paths;
  }

 private:
  static void Apply(const arrow::RecordBatch& batch, int64_t row, Versions* folded) {
    const auto text = [&](int column) {
      return (*batch.column(column)->GetScalar(row))->ToString();
    };
    const std::pair key(text(2), text(3));
    if (text(0) == "d") {
      EXPECT_EQ(folded->erase(key), 1U) << key.first;
      return;
    }
    EXPECT_EQ(folded->contains(key), text(0) == "u") << key.first;
    const auto& after = arrow::internal::checked_cast<const arrow::StructArray&>(*batch.column(5));
    (*folded)[key] = (*after.GetFieldByName("version")->GetScalar(row))->ToString();
  }
};

/// A clean that dies may have taken a slice's base file and left its logs.
TEST_F(ChangeFeedFixture, ASliceThatACleanHasTakenInPartIsAnError) {
  const auto table = CreateMergeOnRead(1);
  const auto compact = [&] {
    clock_.Advance(2'000'000);
    ASSERT_TRUE(table->RunCompaction(*table->ScheduleCompaction({.log_files_max = 1}), 1).ok());
  };
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}});
  compact();
  const std::string begin = Upsert(*table, {.rows = {{"b", kDay, 2, {}}}}).instant;
  const std::string end = Upsert(*table, {.rows = {{"a", kDay, 3, {}}}}).instant;
  compact();
  Upsert(*table, {.rows = {{"a", kDay, 4, {}}}});
  clock_.Advance(2'000'000);
  files_.SetBefore([](Step step, const std::string& path) {
    return step == Step::kDelete && path.find(".log.") != std::string::npos
               ? MakeError(ErrorKind::kUnavailable, "the disk is gone")
               : Status::OK();
  });
  ASSERT_FALSE(table->Clean({.commits_retained = 1}).ok());
  files_.SetBefore(nullptr);
  const auto view = TableView::Open(files_, kPath).ValueOrDie();
  const auto reader = ChangeReader::Open(*view, {.begin = begin, .end = end}).ValueOrDie();
  const auto changes = reader->Next();
  ASSERT_FALSE(changes.ok()) << (*changes)->ToString();
  EXPECT_THAT(changes.status().message(), HasSubstr("files of that time were cleaned"));
}

class ChangeLogTest : public ChangeFeedFixture,
                      public ::testing::WithParamInterface<std::pair<CdcLogging, IndexKind>> {
 protected:
  std::unique_ptr<Table> Create() {
    CreateOptions options = Options(1);
    options.index = GetParam().second;
    options.cdc_logging = GetParam().first;
    auto table = Table::Create(World(), kPath, options);
    EXPECT_TRUE(table.ok()) << table.status();
    return std::move(table).ValueOr(nullptr);
  }
  CommitMetadata CommitAt(Table& table, const std::string& instant) {
    return *ReadCommitMetadata(files_, table.base_path(),
                               {instant, InstantAction::kCommit, InstantState::kCompleted});
  }
  /// `op key` of every record of a log; images are decoded and checked by what the feed says.
  std::multiset<std::string> RecordsOf(const std::string& path) {
    const std::string bytes = *files_.ReadFile(path);
    std::multiset<std::string> records;
    const auto blocks = *SplitLogBlocks(bytes);
    for (const LogBlock& block : blocks) {
      EXPECT_EQ(block.type, LogBlockType::kCdcData);
      auto decoder = *AvroRowDecoder::Make(block.header.at(LogHeaderKey::kSchema));
      for (const auto datum : *SplitAvroBlockContent(block.content))
        EXPECT_TRUE(decoder.Append(datum).ok());
      const auto rows = *decoder.Finish();
      for (int64_t row = 0; row < rows->num_rows(); ++row)
        records.insert(Told(*rows, row));
    }
    return records;
  }
  static std::string Told(const arrow::RecordBatch& rows, int64_t row) {
    std::string text = (*rows.GetColumnByName("op")->GetScalar(row))->ToString();
    if (const auto keys = rows.GetColumnByName("record_key"); keys != nullptr)
      text += " " + (*keys->GetScalar(row))->ToString();
    for (const char* image : {"before", "after"}) {
      const auto column = rows.GetColumnByName(image);
      if (column == nullptr) continue;
      text += std::string(" ") + image;
      if (column->IsNull(row)) {
        text += " -";
        continue;
      }
      const auto& values = arrow::internal::checked_cast<const arrow::StructArray&>(*column);
      text += " " + (*values.GetFieldByName("id")->GetScalar(row))->ToString() +
              (*values.GetFieldByName("version")->GetScalar(row))->ToString();
    }
    return text;
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, ChangeLogTest,
                         ::testing::Values(std::pair(CdcLogging::kKeys, IndexKind::kBucket),
                                           std::pair(CdcLogging::kBefore, IndexKind::kBloom),
                                           std::pair(CdcLogging::kBothImages, IndexKind::kBucket),
                                           std::pair(CdcLogging::kBothImages, IndexKind::kBloom)),
                         [](const auto& kind) {
                           std::string name(CdcLoggingName(kind.param.first));
                           std::erase(name, '_');
                           return name +
                                  (kind.param.second == IndexKind::kBucket ? "Bucket" : "Bloom");
                         });

TEST_P(ChangeLogTest, RowsMayComeWithDictionaries) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}});
  Upsert(*table, {.rows = {{"a", kDay, 2, "x"}, {"c", kDay, 2, {}}},
                  .dictionary_columns = {"id", "day", "text"}});
  ASSERT_THAT(Logs(), SizeIs(1));
  EXPECT_THAT(RecordsOf(Logs()[0]), SizeIs(2));
  EXPECT_EQ(FoldedFeed(), RowsByKey(*table));
}

TEST_P(ChangeLogTest, SaysWhatARewriteChanged) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}, {"c", kDay, 1, {}}}});
  EXPECT_THAT(Logs(), IsEmpty()) << "a new group needs none";
  const auto second = Upsert(*table, {.rows = {{"a", kDay, 2, {}}, {"d", kDay, 2, {}}},
                                      .deletes = {{"b", kDay}, {"absent", kDay}}});
  const auto logs = Logs();
  ASSERT_THAT(logs, SizeIs(1));
  const WriteStat stat = CommitAt(*table, second.instant).write_stats.at("day=d1").at(0);
  ASSERT_THAT(stat.cdc_stats, SizeIs(1));
  EXPECT_EQ(std::string(kPath) + "/" + stat.cdc_stats.begin()->first, logs[0]);
  EXPECT_EQ(stat.cdc_stats.begin()->second, static_cast<int64_t>(files_.ReadFile(logs[0])->size()));
  const auto records = RecordsOf(logs[0]);
  switch (GetParam().first) {
    case CdcLogging::kKeys:
      EXPECT_THAT(records, ElementsAre("d b", "i d", "u a"));
      break;
    case CdcLogging::kBefore:
      EXPECT_THAT(records, ElementsAre("d b before b1", "i d before -", "u a before a1"));
      break;
    case CdcLogging::kBothImages:
      EXPECT_THAT(records, ElementsAre("d before b1 after -", "i before - after d2",
                                       "u before a1 after a2"));
  }
}

TEST_P(ChangeLogTest, TheFeedIsThatOfTheSlices) {
  const auto table = Create();
  UpsertThemAll(*table);
  EXPECT_EQ(FoldedFeed(), RowsByKey(*table));
}

TEST_P(ChangeLogTest, RefusedChangesAreNotTold) {
  class OnlyA : public RecordMerger {
   public:
    bool IncomingWins(const arrow::RecordBatch& stored, int64_t row, size_t) const override {
      return (*stored.GetColumnByName("id")->GetScalar(row))->ToString() == "a";
    }
  };
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}});
  const OnlyA merger;
  Upsert(*table, {.rows = {{"a", kDay, 2, {}}, {"b", kDay, 2, {}}}, .merger = &merger});
  const auto records = RecordsOf(Logs().at(0));
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records.begin()->front(), 'u');
  EXPECT_THAT(*records.begin(), HasSubstr("a"));
}

TEST_P(ChangeLogTest, AFailedAndADeadCommitLeaveNone) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  bool deletes_fail = false;
  const auto fail = [&deletes_fail](Step step, const std::string& path) {
    const bool ends = step == Step::kCreate && path.ends_with(".commit");
    return ends || (deletes_fail && step == Step::kDelete)
               ? MakeError(ErrorKind::kUnavailable, "the disk is gone")
               : Status::OK();
  };
  for (deletes_fail = false;; deletes_fail = true) {
    files_.SetBefore(fail);
    const auto result = TryUpsert(*table, {.rows = {{"a", kDay, 2, {}}}});
    files_.SetBefore(nullptr);
    EXPECT_EQ(result->outcome, CommitOutcome::kNotDone);
    EXPECT_EQ(Logs().size(), deletes_fail ? 1U : 0U);
    if (deletes_fail) break;
    EXPECT_EQ(files_.Paths(), paths);
  }
  ASSERT_TRUE(Open()->CleanUpPendingCommits().ok());
  EXPECT_THAT(Logs(), IsEmpty());
}

TEST_P(ChangeLogTest, CleaningTakesThemAlong) {
  const auto table = Create();
  for (int64_t version = 1; version < 6; ++version)
    Upsert(*table, {.rows = {{"a", kDay, version, {}}}});
  EXPECT_THAT(Logs(), SizeIs(4));
  ASSERT_TRUE(table->Clean({.commits_retained = 1}).ok());
  EXPECT_LT(Logs().size(), 4U);
}

class MergeOnReadChangeDataTest : public ChangeFeedFixture,
                                  public ::testing::WithParamInterface<IndexKind> {
 protected:
  std::unique_ptr<Table> Create() {
    CreateOptions options = MergeOnReadOptions(1);
    options.index = GetParam();
    options.cdc_logging = CdcLogging::kBothImages;
    return Table::Create(World(), kPath, options).ValueOrDie();
  }
  void CompactAll(Table& table) {
    clock_.Advance(2'000'000);
    const std::string instant = table.ScheduleCompaction({.log_files_max = 1}).ValueOrDie();
    ASSERT_TRUE(table.RunCompaction(instant, 1).ok());
  }
};

INSTANTIATE_TEST_SUITE_P(Indexes, MergeOnReadChangeDataTest,
                         ::testing::Values(IndexKind::kBucket, IndexKind::kBloom,
                                           IndexKind::kSimple),
                         [](const auto& kind) { return std::string(IndexKindName(kind.param)); });

TEST_P(MergeOnReadChangeDataTest, TheFeedIsThatOfTheSlicesBeforeAndAfterCompaction) {
  const auto table = Create();
  UpsertThemAll(*table);
  EXPECT_EQ(FoldedFeed(), RowsByKey(*table));
  CompactAll(*table);
  EXPECT_EQ(FoldedFeed(), RowsByKey(*table));
  Upsert(*table, {.rows = {{"c", "d2", 5, {}}, {"f", kDay, 5, {}}}, .deletes = {{"e", "d3"}}});
  EXPECT_EQ(FoldedFeed(), RowsByKey(*table));
}

TEST_P(MergeOnReadChangeDataTest, LogFilesNeedNone) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}});
  Upsert(*table, {.rows = {{"a", kDay, 2, {}}}, .deletes = {{"b", kDay}}});
  CompactAll(*table);
  EXPECT_THAT(Logs(), IsEmpty());
}

/// An index that looks into base files adds new rows to a small one: a rewrite like others.
TEST_P(MergeOnReadChangeDataTest, NewRowsInASmallBaseFileAreLogged) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  Upsert(*table, {.rows = {{"b", kDay, 1, {}}}});
  // Those of a bucket go to log files.
  EXPECT_THAT(Logs(), SizeIs(GetParam() == IndexKind::kBucket ? 0 : 1));
  Upsert(*table, {.rows = {{"a", kDay, 2, {}}}});
  EXPECT_THAT(Rows(*table), SizeIs(2)) << "the change-data log is none of the slice's log files";
  EXPECT_EQ(FoldedFeed(), RowsByKey(*table));
}

TEST_F(TableFixture, AnUnknownLoggingModeIsNamed) {
  CreateOptions options = Options(1);
  options.cdc_logging = CdcLogging::kKeys;
  ASSERT_TRUE(Table::Create(World(), kPath, options).ok());
  const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
  Properties properties = *ParseProperties(*files_.ReadFile(path));
  properties["hoodie.table.cdc.supplemental.logging.mode"] = "SOME";
  ASSERT_TRUE(files_.ReplaceFile(path, FormatProperties(properties, "")).ok());
  const auto result = TryUpsert(*Open(), {.rows = {{"a", kDay, 1, {}}}});
  EXPECT_THAT(result.status().message(), HasSubstr("logging.mode is SOME"));
}

}  // namespace
}  // namespace tapelake::hudi
