// Incremental reads and changes of tables we write ourselves: what is touched, what is in the way,
// and that changes are the difference of snapshots whatever table services did in between.

#include "hudi/table/table_view.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <arrow/util/checked_cast.h>

#include "hudi/format/avro_value.h"
#include "hudi/table/change_reader.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using testing::FakeFileSystem;
using testing::TableFixture;
using testing::TestChanges;
using testing::TestRow;

using VersionMap = std::map<std::pair<std::string, std::string>, int64_t>;  // (day, id) -> version

class TableViewTest : public TableFixture {
 protected:
  std::unique_ptr<TableView> View() { return TableView::Open(files_, kPath).ValueOrDie(); }

  std::vector<TestRow> ReadAll(const IncrementalSnapshot& answer) {
    std::vector<TestRow> rows;
    for (const FileSlice& slice : answer.snapshot.slices)
      std::ranges::move(RowsOf(files_, answer.snapshot, slice), std::back_inserter(rows));
    return rows;
  }

  VersionMap Versions(Table& table) {
    VersionMap rows;
    for (const TestRow& row : TableFixture::Rows(table))
      rows[{row.day, row.id}] = row.version;
    return rows;
  }

  /// Apply the changes of a range. Their images must be what they say.
  Status Fold(TableView& view, const TimeRange& range, VersionMap* rows) {
    using arrow::internal::checked_cast;
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, ChangeReader::Open(view, range));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) return Status::OK();
      const auto image = [&batch](int column, int64_t row) -> std::optional<int64_t> {
        const auto& struct_array = checked_cast<const arrow::StructArray&>(*batch->column(column));
        if (struct_array.IsNull(row)) return std::nullopt;
        const auto version = struct_array.GetFieldByName("version");
        return checked_cast<const arrow::Int64Array&>(*version).Value(row);
      };
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        const auto text = [&](int column) {
          return checked_cast<const arrow::StringArray&>(*batch->column(column)).GetString(i);
        };
        const std::pair key(text(3).substr(std::string("day=").size()), text(2));
        const auto before = image(4, i);
        const auto after = image(5, i);
        const auto known = rows->find(key);
        EXPECT_EQ(before, known == rows->end() ? std::nullopt : std::optional(known->second));
        EXPECT_EQ(text(0), !before ? "i" : !after ? "d" : "u");
        if (after) {
          (*rows)[key] = *after;
        } else {
          rows->erase(key);
        }
      }
    }
  }
};

TEST_F(TableViewTest, IncrementalTouchesOnlyTheFilesOfItsCommits) {
  const auto table = Create(1);
  const std::string first =
      Upsert(*table, {.rows = {{"a", "d1", 1, {}}, {"b", "d2", 1, {}}, {"c", "d3", 1, {}}}})
          .instant;
  const std::string second = Upsert(*table, {.rows = {{"b", "d2", 2, {}}}}).instant;
  std::set<std::string> touched;
  files_.SetBefore([&touched](FakeFileSystem::Step, const std::string& path) {
    if (path.find(".hoodie") == std::string::npos) touched.insert(path.substr(0, 18));
    return Status::OK();
  });
  const auto view = View();
  const auto answer = view->Incremental({.begin = first, .end = ""});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(ReadAll(*answer), ElementsAre(TestRow{"b", "d2", 2, {}}));
  EXPECT_TRUE(answer->Takes(second));
  EXPECT_FALSE(answer->Takes(first));
  EXPECT_THAT(touched, ElementsAre("/lake/table/day=d2"));
}

TEST_F(TableViewTest, IncrementalLeavesOutBaseFilesThatAreOlder) {
  const auto table = CreateMergeOnRead(1);
  Upsert(*table, {.rows = {{"a", "d1", 1, {}}, {"b", "d1", 1, {}}}});
  const std::string compaction = table->ScheduleCompaction({.log_files_max = 1}).ValueOrDie();
  ASSERT_TRUE(table->RunCompaction(compaction, 1).ok());
  Upsert(*table, {.rows = {{"b", "d1", 2, {}}, {"c", "d1", 2, {}}}});
  const auto answer = View()->Incremental({.begin = compaction, .end = ""});
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->snapshot.slices.size(), 1U);
  EXPECT_FALSE(answer->snapshot.slices[0].has_base_file());
  EXPECT_THAT(ReadAll(*answer), ElementsAre(TestRow{"b", "d1", 2, {}}, TestRow{"c", "d1", 2, {}}));
  // A compaction in the range wrote nothing itself, but holds what is in the range.
  const std::string later = table->ScheduleCompaction({.log_files_max = 1}).ValueOrDie();
  ASSERT_TRUE(table->RunCompaction(later, 1).ok());
  const auto compacted = View()->Incremental({.begin = compaction, .end = ""});
  EXPECT_TRUE(compacted->snapshot.slices.at(0).has_base_file());
}

TEST_F(TableViewTest, RowsBehindAPendingCommitAreNotReadPastIt) {
  const auto table = Create(1);
  const std::string first = Upsert(*table, {.rows = {{"a", "d1", 1, {}}}}).instant;
  const std::string second = Upsert(*table, {.rows = {{"b", "d1", 1, {}}}}).instant;
  const std::string pending = first + "5";  // between the two
  const std::string stem = std::string(kPath) + "/.hoodie/" + pending;
  ASSERT_TRUE(files_.CreateIfAbsent(stem + ".deltacommit.requested", "").ok());
  const auto view = View();
  for (const Status& status :
       {view->Incremental({.begin = first, .end = ""}).status(),
        ChangeReader::Open(*view, {.begin = first, .end = second}).status()}) {
    EXPECT_EQ(KindOf(status), ErrorKind::kUnavailable);
    EXPECT_THAT(status.message(), HasSubstr(pending));
  }
  EXPECT_TRUE(view->Incremental({.begin = "", .end = first}).ok());
  EXPECT_TRUE(view->Incremental({.begin = pending, .end = ""}).ok());
}

TEST_F(TableViewTest, ThePastThatACleanIsTakingIsAnErrorFromItsPlanOn) {
  const auto table = Create(1);
  const std::string first = Upsert(*table, {.rows = {{"a", "2026-11-22", 1, "x"}}}).instant;
  for (int64_t version = 2; version < 5; ++version) {
    clock_.Advance(2'000'000);
    Upsert(*table, {.rows = {{"a", "2026-11-22", version, "y"}}});
  }
  const auto view = View();  // opened before the clean
  clock_.Advance(2'000'000);
  ASSERT_GT(*table->Clean({.commits_retained = 1}), 0);
  for (const bool is_done : {true, false}) {
    // Without its completed file the clean is one that was begun, by a process that is at it.
    for (const std::string& path : files_.Paths()) {
      if (is_done || !path.ends_with(".clean")) continue;
      ASSERT_TRUE(files_.DeleteFile(path).ok());
    }
    const auto later_view = View();
    for (TableView* each : {view.get(), later_view.get()}) {
      const auto past = each->SnapshotAt(first, QueryMode::kSnapshot);
      ASSERT_EQ(KindOf(past.status()), ErrorKind::kInvalid) << past.status();
      EXPECT_THAT(past.status().message(), HasSubstr("were cleaned"));
    }
  }
}

TEST_F(TableViewTest, APendingClusteringIsInNobodysWay) {
  const auto table = Create(1);
  const std::string first = Upsert(*table, {.rows = {{"a", "d1", 1, {}}}}).instant;
  Upsert(*table, {.rows = {{"b", "d1", 1, {}}}});
  const auto type = *ParseAvroType(
      R"({"type":"record","name":"HoodieRequestedReplaceMetadata","fields":[
          {"name":"clusteringPlan","type":["null",{"type":"record","name":"HoodieClusteringPlan",
           "fields":[{"name":"version","type":"int"}]}]}]})");
  const AvroValue plan{AvroValue::Members{
      {"clusteringPlan", {AvroValue::Members{{"version", AvroValue::Long(1)}}}}}};
  const std::string path = std::string(kPath) + "/.hoodie/" + first + "5.replacecommit.requested";
  ASSERT_TRUE(files_.CreateIfAbsent(path, *FormatAvroContainer(*type, plan)).ok());
  EXPECT_TRUE(View()->Incremental({.begin = first, .end = ""}).ok());
}

TEST_F(TableViewTest, WithoutMetaColumnsThereAreSnapshotsOnly) {
  const auto table = Create(1);
  Upsert(*table, {.rows = {{"a", "d1", 1, {}}}});
  const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
  std::string text = *files_.ReadFile(path);
  const std::string line = "hoodie.populate.meta.fields=true";
  text.replace(text.find(line), line.size(), "hoodie.populate.meta.fields=false");
  ASSERT_TRUE(files_.ReplaceFile(path, text).ok());
  const auto view = View();
  EXPECT_TRUE(view->SnapshotAt("", QueryMode::kSnapshot).ok());
  EXPECT_THAT(view->Incremental({}).status().message(), HasSubstr("hoodie.populate.meta.fields"));
}

/// Random changes to a table, with compactions where it has logs; what stood after each commit.
class RandomHistory : public TableViewTest, public ::testing::WithParamInterface<TableType> {
 protected:
  static constexpr int kCommits = 14;

  void Make() {
    const bool logs = GetParam() == TableType::kMergeOnRead;
    table_ = logs ? CreateMergeOnRead() : Create();
    std::mt19937 random(7);
    const auto below = [&random](int limit) { return static_cast<int>(random() % limit); };
    for (int i = 0; i < kCommits; ++i) {
      TestChanges changes;
      std::set<std::pair<std::string, std::string>> keys;
      for (int j = 1 + below(6); j > 0; --j) {
        const std::pair key("k" + std::to_string(below(12)), "d" + std::to_string(below(3)));
        if (!keys.insert(key).second) continue;
        if (below(3) == 0) {
          changes.deletes.push_back(key);
        } else {
          changes.rows.push_back({key.first, key.second, i + 1, {}});
        }
      }
      const std::string instant = Upsert(*table_, changes).instant;
      states_.emplace_back(instant, Versions(*table_));
      if (!logs || i % 4 != 3) continue;
      const auto compaction = table_->ScheduleCompaction({.log_files_max = 1});
      ASSERT_TRUE(compaction.ok()) << compaction.status();
      ASSERT_TRUE(table_->RunCompaction(*compaction, 1).ok());
    }
  }

  /// Check every interval; returns how many could be read.
  int FoldAll() {
    const auto view = View();
    int readable = 0;
    for (size_t from = 0; from < states_.size(); ++from) {
      for (size_t to = from; to < states_.size(); ++to) {
        SCOPED_TRACE(std::to_string(from) + " to " + std::to_string(to));
        VersionMap rows = states_[from].second;
        const Status folded =
            Fold(*view, {.begin = states_[from].first, .end = states_[to].first}, &rows);
        if (!folded.ok()) {
          EXPECT_THAT(folded.message(), HasSubstr("the first instant still available is 2"));
          continue;
        }
        ++readable;
        EXPECT_EQ(rows, states_[to].second);
      }
    }
    return readable;
  }

  std::unique_ptr<Table> table_;
  std::vector<std::pair<std::string, VersionMap>> states_;
};

TEST_P(RandomHistory, ChangesAreTheDifferenceOfAnyTwoSnapshots) {
  Make();
  EXPECT_EQ(FoldAll(), kCommits * (kCommits + 1) / 2);
}

TEST_P(RandomHistory, ArchivedCommitsGiveTheSameChanges) {
  Make();
  const auto archived =
      table_->Archive({.instants_keep_min = 3, .instants_keep_max = 4}, /*kept_key=*/"");
  ASSERT_TRUE(archived.ok()) << archived.status();
  EXPECT_GT(*archived, 5);
  EXPECT_EQ(FoldAll(), kCommits * (kCommits + 1) / 2);
}

TEST_P(RandomHistory, WhatWasCleanedIsAnErrorAndTheRestIsRight) {
  Make();
  const auto cleaned = table_->Clean({.commits_retained = 5});
  ASSERT_TRUE(cleaned.ok()) << cleaned.status();
  EXPECT_GT(*cleaned, 0);
  const int readable = FoldAll();
  EXPECT_LT(readable, kCommits * (kCommits + 1) / 2);
  EXPECT_GE(readable, 5 * 6 / 2);
}

INSTANTIATE_TEST_SUITE_P(BothTypes, RandomHistory,
                         ::testing::Values(TableType::kCopyOnWrite, TableType::kMergeOnRead),
                         [](const auto& info) {
                           return info.param == TableType::kCopyOnWrite ? "CopyOnWrite"
                                                                        : "MergeOnRead";
                         });

}  // namespace
}  // namespace tapelake::hudi
