// Merge-on-read tables of our own writer through SQL: commits, compactions, torn and dead blocks,
// hot rows.

#include <gmock/gmock.h>

#include <bit>
#include <filesystem>
#include <fstream>

#include "hot/hot_table.h"
#include "io/local_file_system.h"
#include "query/hudi_snapshot_provider.h"
#include "query/output/row_writer.h"
#include "query/session.h"
#include "testing/table_fixture.h"
#include "tests/golden/golden_table.h"

namespace tapelake::query {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using testing::TestChanges;
using testing::TestRow;

constexpr const char* kDay = "2026-11-22";
constexpr const char* kNextDay = "2026-11-23";
constexpr const char* kPositions = "tapelake.positions";

/// One table's hot rows.
class OneTable : public HotProvider {
 public:
  Result<hot::HotView> View(const std::string&) override { return table.View(); }
  hot::HotTable table;
};

/// The fixture's table, copied to a real folder whenever SQL looks at it: DuckDB opens the base
/// files by itself.
class MergeOnReadSql : public testing::TableFixture {
 protected:
  void SetUp() override {
    auto session =
        Session::Open(provider_, disk_, {.lake_path = "", .thread_count = 2, .hot = &hot_});
    ASSERT_TRUE(session.ok()) << session.status();
    session_ = session.MoveValueUnsafe();
    table_ = CreateMergeOnRead(1);
  }

  std::string Commit(const TestChanges& changes) {
    clock_.Advance(2'000'000);
    return Upsert(*table_, changes).instant;
  }
  std::string Schedule() {
    clock_.Advance(2'000'000);
    return table_->ScheduleCompaction({.log_files_max = 1}).ValueOrDie();
  }
  void Run(const std::string& compaction) {
    const auto counts = table_->RunCompaction(compaction, 1);
    ASSERT_TRUE(counts.ok()) << counts.status();
  }

  void CopyToDisk() {
    std::filesystem::remove_all(path_);
    for (const std::string& path : files_.Paths()) {
      const std::string target = path_ + path.substr(std::string(kPath).size());
      std::filesystem::create_directories(std::filesystem::path(target).parent_path());
      std::ofstream(target, std::ios::binary) << files_.ReadFile(path).ValueOrDie();
    }
  }

  /// The CSV of a statement in which T stands for the table, or "error: MESSAGE".
  std::string SqlOnDisk(std::string sql) {
    const size_t at = sql.find(" T");
    if (at != std::string::npos) sql.replace(at + 1, 1, "hudi('" + path_ + "')");
    std::string out;
    const auto writer = MakeCsvWriter([&out](std::string_view text) {
      out += text;
      return Status::OK();
    });
    const auto outcome = session_->Execute({.sql = sql}, *writer);
    return outcome.ok() ? out : "error: " + outcome.status().message();
  }
  std::string Sql(const std::string& sql) {
    CopyToDisk();
    return SqlOnDisk(sql);
  }
  std::string All() { return Sql("SELECT id, day, version, text FROM T ORDER BY id, day"); }

  /// Publish hot rows after the newest commit.
  void Heat(const std::vector<TestRow>& rows, const std::vector<std::string>& deleted = {}) {
    auto chunk = std::make_shared<hot::HotChunk>();
    chunk->rows = BatchOf(rows);
    for (size_t i = 0; i < rows.size(); ++i)
      chunk->changes.push_back({rows[i].id, static_cast<int64_t>(i)});
    for (const std::string& key : deleted)
      chunk->changes.push_back({key, hot::HotChange::kDelete});
    hot_.table.Publish(std::move(chunk));
  }

  golden::TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/table";
  io::LocalFileSystem disk_;
  HudiSnapshotProvider provider_{{disk_, clock_, random_}};
  OneTable hot_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<hudi::Table> table_;
};

TEST_F(MergeOnReadSql, CommitsShowBeforeWhileAndAfterTheyAreCompacted) {
  Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}, {"c", kNextDay, 1, "z"}}});
  EXPECT_EQ(All(), "id,day,version,text\na,2026-11-22,1,x\nb,2026-11-22,1,y\nc,2026-11-23,1,z\n");
  Run(Schedule());
  EXPECT_EQ(All(), "id,day,version,text\na,2026-11-22,1,x\nb,2026-11-22,1,y\nc,2026-11-23,1,z\n");
  Commit({.rows = {{"a", kDay, 2, {}}, {"d", kDay, 2, "new"}}, .deletes = {{"b", kDay}}});
  const std::string expected =
      "id,day,version,text\na,2026-11-22,2,\\N\nc,2026-11-23,1,z\nd,2026-11-22,2,new\n";
  EXPECT_EQ(All(), expected);
  const std::string compaction = Schedule();
  EXPECT_EQ(All(), expected);
  Commit({.rows = {{"d", kDay, 3, "newer"}}, .deletes = {{"a", kDay}}});
  const std::string after = "id,day,version,text\nc,2026-11-23,1,z\nd,2026-11-22,3,newer\n";
  EXPECT_EQ(All(), after) << "logs named after the pending compaction lie over the old slice";
  Run(compaction);
  EXPECT_EQ(All(), after);
}

// docs/internals/hudi-reading.md, section 3
TEST_F(MergeOnReadSql, ABaseRowThatMayWinIsComparedWithAllLogsTogether) {
  Commit({.rows = {{"a", kDay, 10, "base"}}});
  Run(Schedule());
  Commit({.deletes = {{"a", kDay}}});
  Commit({.rows = {{"b", kDay, 1, "x"}}});
  Commit({.rows = {{"a", kDay, 5, "late"}}});
  EXPECT_EQ(All(), "id,day,version,text\na,2026-11-22,5,late\nb,2026-11-22,1,x\n");
  const std::string properties = path_ + "/.hoodie/hoodie.properties";
  std::string text = disk_.ReadFile(properties).ValueOrDie();
  const std::string payload = "OverwriteWithLatestAvroPayload";
  text.replace(text.find(payload), payload.size(), "DefaultHoodieRecordPayload");
  ASSERT_TRUE(disk_.ReplaceFile(properties, text).ok());
  HudiSnapshotProvider fresh({disk_, clock_, random_});
  session_ = Session::Open(fresh, disk_, {.thread_count = 1}).ValueOrDie();
  // The late row made the delete forgotten, then lost against the base row.
  EXPECT_EQ(SqlOnDisk("SELECT id, day, version, text FROM T ORDER BY id, day"),
            "id,day,version,text\na,2026-11-22,10,base\nb,2026-11-22,1,x\n");
  session_.reset();
}

// docs/internals/seal.md, S7
TEST_F(MergeOnReadSql, ADamagedBaseFileIsAnErrorUnlessItIsNotChecked) {
  Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
  Run(Schedule());
  Commit({.rows = {{"b", kDay, 2, "z"}}});
  CopyToDisk();
  const auto files = std::filesystem::directory_iterator(path_ + "/day=2026-11-22");
  const auto base = std::ranges::find_if(
      files, [](const auto& entry) { return entry.path().extension() == ".parquet"; });
  const std::string path = base->path().string();
  std::string bytes = disk_.ReadFile(path).ValueOrDie();
  bytes[bytes.rfind("parquet-cpp")] = 'P';  // the writer's name: DuckDB reads on
  ASSERT_TRUE(disk_.ReplaceFile(path, bytes).ok());
  const std::string sql = "SELECT id, day, version, text FROM T ORDER BY id, day";
  const std::string error = SqlOnDisk(sql);
  EXPECT_THAT(error, HasSubstr("error: "));
  EXPECT_THAT(error, HasSubstr(path + "': its checksum is wrong"));

  HudiSnapshotProvider trusting({disk_, clock_, random_}, {.check_files = false});
  session_ = Session::Open(trusting, disk_, {.thread_count = 1}).ValueOrDie();
  EXPECT_EQ(SqlOnDisk(sql), "id,day,version,text\na,2026-11-22,1,x\nb,2026-11-22,2,z\n");
  session_.reset();
}

TEST_F(MergeOnReadSql, RowsOfLogsShowTheirCommit) {
  const std::string first = Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
  Run(Schedule());
  const std::string second = Commit({.rows = {{"a", kDay, 2, "x"}}});
  EXPECT_EQ(Sql("SELECT _hoodie_record_key k, _hoodie_commit_time t, _hoodie_partition_path p "
                "FROM T ORDER BY k"),
            "k,t,p\na," + second + ",day=2026-11-22\nb," + first + ",day=2026-11-22\n");
}

TEST_F(MergeOnReadSql, FiltersAndProjectionsReachTheScan) {
  Commit({.rows = {{"a", kDay, 1, "x"}}});
  Run(Schedule());
  Commit({.rows = {{"b", kDay, 2, "y"}}});
  const std::string plan = Sql("EXPLAIN SELECT version FROM T WHERE text = 'x' AND version > 0");
  EXPECT_THAT(plan,
              AllOf(HasSubstr("TAPELAKE_PARQUET"), HasSubstr("Filters:"), HasSubstr("text='x'"),
                    HasSubstr("version>0"), HasSubstr("tapelake_hidden"),
                    HasSubstr("TAPELAKE_OVERLAY"), Not(HasSubstr("JOIN"))));
}

TEST_F(MergeOnReadSql, OtherDaysAreNotScanned) {
  Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kNextDay, 1, "y"}}});
  Run(Schedule());
  const std::string statement = "SELECT id FROM T WHERE day = '2026-11-23'";
  EXPECT_THAT(Sql("EXPLAIN " + statement), HasSubstr("Scanning Files: 1/2"));
  EXPECT_EQ(Sql(statement), "id\nb\n");
  Commit({.rows = {{"c", kNextDay, 2, "z"}}});
  EXPECT_EQ(Sql(statement + " ORDER BY id"), "id\nb\nc\n")
      << "logs over one file, none over the other";
}

TEST_F(MergeOnReadSql, EveryDayIsScannedWhereRowsMayLieInAnotherPartition) {
  Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kNextDay, 1, "y"}}});
  Run(Schedule());
  CopyToDisk();
  const std::string properties = path_ + "/.hoodie/hoodie.properties";
  std::string text = disk_.ReadFile(properties).ValueOrDie();
  const std::string statement = "EXPLAIN SELECT id FROM T WHERE day = '2026-11-23'";
  EXPECT_THAT(SqlOnDisk(statement), HasSubstr("Scanning Files: 1/2"));
  for (const std::string index : {"hoodie.index.type=GLOBAL_BLOOM", "my.index.type=BUCKET"}) {
    const size_t at = text.find("hoodie.index.type=BUCKET");
    ASSERT_NE(at, std::string::npos);
    std::string other = text;
    other.replace(at, std::string("hoodie.index.type=BUCKET").size(), index);
    std::ofstream(properties, std::ios::binary) << other;
    HudiSnapshotProvider provider({disk_, clock_, random_});
    session_ = Session::Open(provider, disk_, {}).MoveValueUnsafe();
    EXPECT_THAT(SqlOnDisk(statement), Not(HasSubstr("Scanning Files"))) << index;
    session_.reset();
  }
}

TEST_F(MergeOnReadSql, BlocksOfAnInstantThatIsNotCommittedAreInvisible) {
  Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
  const std::string before = All();
  const std::string second = Commit({.rows = {{"a", kDay, 2, "new"}}, .deletes = {{"b", kDay}}});
  const std::string after = All();
  EXPECT_NE(before, after);
  CopyToDisk();
  ASSERT_TRUE(std::filesystem::remove(path_ + "/.hoodie/" + second + ".deltacommit"));
  EXPECT_EQ(SqlOnDisk("SELECT id, day, version, text FROM T ORDER BY id, day"), before);
  EXPECT_EQ(All(), after) << "what was merged without the instant is not taken for the whole";
}

TEST_F(MergeOnReadSql, TornLastBlockIsLeftOutUnlessItWasCommitted) {
  Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
  const std::string before = All();
  const std::string torn = Commit({.rows = {{"a", kDay, 2, "new"}}});
  CopyToDisk();
  const hudi::Snapshot snapshot = *table_->LatestSnapshot();
  const hudi::FileSlice& slice = snapshot.slices.at(0);
  const std::string log = path_ + "/" + slice.LogPath(slice.log_files.back());
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 3);
  const std::string sql = "SELECT id, day, version, text FROM T ORDER BY id, day";
  EXPECT_THAT(SqlOnDisk(sql), HasSubstr("it is cut, though its commit is complete"));
  std::filesystem::remove(path_ + "/.hoodie/" + torn + ".deltacommit");
  EXPECT_EQ(SqlOnDisk(sql), before);
}

TEST_F(MergeOnReadSql, EachLogIsDecodedAFewTimesHoweverManyCommitsFollow) {
  constexpr int kCommits = 32;
  for (int i = 1; i <= kCommits; ++i) {
    Commit({.rows = {{"a", kDay, i, "x"}, {"k" + std::to_string(i), kDay, i, "y"}}});
    EXPECT_EQ(Sql("SELECT count(*) n, max(version) v FROM T"),
              "n,v\n" + std::to_string(i + 1) + "," + std::to_string(i) + "\n");
    const int64_t read = provider_.logs().log_files_read();
    EXPECT_LE(read, i * std::bit_width(static_cast<unsigned>(i)));
    EXPECT_EQ(SqlOnDisk("SELECT count(*) n FROM T"), "n\n" + std::to_string(i + 1) + "\n");
    EXPECT_EQ(provider_.logs().log_files_read(), read) << "nothing changed";
  }
}

TEST_F(MergeOnReadSql, LessThanAnEarlierOrderingValueLosesAlsoAcrossRunsOfLogs) {
  Commit({.rows = {{"a", kDay, 9, "greatest"}, {"b", kDay, 1, "x"}}});
  Commit({.rows = {{"b", kDay, 2, "y"}}});
  Commit({.rows = {{"a", kDay, 3, "late"}}, .deletes = {{"b", kDay}}, .delete_ordering = 1});
  EXPECT_EQ(All(), "id,day,version,text\na,2026-11-22,9,greatest\nb,2026-11-22,2,y\n");
}

TEST_F(MergeOnReadSql, RolledBackBlocksStayAwayAlsoAcrossRunsOfLogs) {
  Commit({.rows = {{"a", kDay, 1, "x"}}});
  Commit({.rows = {{"a", kDay, 2, "kept"}}});
  const std::string kept = All();
  const std::string dead = Commit({.rows = {{"a", kDay, 3, "dead"}}});
  EXPECT_NE(All(), kept);
  ASSERT_TRUE(files_.DeleteFile(std::string(kPath) + "/.hoodie/" + dead + ".deltacommit").ok());
  table_ = Open();
  clock_.Advance(2'000'000);
  ASSERT_TRUE(table_->CleanUpPendingCommits().ok());
  EXPECT_EQ(All(), kept);
  Commit({.rows = {{"b", kDay, 4, "more"}}});
  EXPECT_EQ(All(), kept + "b,2026-11-22,4,more\n");
}

TEST_F(MergeOnReadSql, HotRowsLieOverBaseFilesAndLogs) {
  Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}, {"c", kDay, 1, "z"}}});
  Run(Schedule());
  hot_.table.Committed(Commit({.rows = {{"b", kDay, 2, "log"}, {"d", kDay, 2, "log"}}}));
  Heat({{"a", kNextDay, 3, "moved"}, {"d", kDay, 3, "hot"}}, {"c"});
  EXPECT_EQ(All(),
            "id,day,version,text\na,2026-11-23,3,moved\nb,2026-11-22,2,log\nd,2026-11-22,3,hot\n");
  EXPECT_EQ(Sql("SELECT count(*) n FROM T WHERE day = '2026-11-22'"), "n\n2\n");
  EXPECT_EQ(Sql("SELECT _hoodie_partition_path p, _hoodie_commit_time t FROM T WHERE id = 'a'"),
            "p,t\nday=2026-11-23,\\N\n");
  Heat({{"e", kDay, 4, "hotter"}}, {"b"});
  EXPECT_EQ(All(),
            "id,day,version,text\na,2026-11-23,3,moved\nd,2026-11-22,3,hot\n"
            "e,2026-11-22,4,hotter\n");
}

TEST_F(MergeOnReadSql, HotRowsLieOverATableWithoutCommits) {
  Heat({{"a", kDay, 1, "hot"}});
  EXPECT_EQ(All(), "id,day,version,text\na,2026-11-22,1,hot\n");
}

TEST_F(MergeOnReadSql, NoRowIsSeenTwiceWhileACommitTakesTheHotRows) {
  hot_.table.Committed(Commit(
      {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}, .extra_metadata = {{kPositions, "1"}}}));
  Heat({{"a", kDay, 2, "hot"}}, {"b"});
  const std::string expected = "id,day,version,text\na,2026-11-22,2,hot\n";
  EXPECT_EQ(All(), expected);
  // Committed, and a later change of another key too, but the view is still the old one.
  Commit({.rows = {{"a", kDay, 2, "hot"}},
          .deletes = {{"b", kDay}},
          .extra_metadata = {{kPositions, "2"}}});
  Commit({.rows = {{"a", kDay, 9, "later"}, {"c", kDay, 9, "later"}},
          .extra_metadata = {{kPositions, "3"}}});
  EXPECT_EQ(All(), expected) << "hot rows hide what is newer than they: read the commit before";
  const std::string newest = table_->LatestSnapshot()->instant;
  hot_.table.Committed(newest);
  EXPECT_EQ(All(), "id,day,version,text\na,2026-11-22,9,later\nc,2026-11-22,9,later\n");
}

TEST_F(MergeOnReadSql, CommitsOfOtherWritersShowUnderHotRows) {
  hot_.table.Committed(
      Commit({.rows = {{"a", kDay, 1, "x"}}, .extra_metadata = {{kPositions, "1"}}}));
  Heat({{"b", kDay, 2, "hot"}});
  Commit({.rows = {{"c", kDay, 3, "foreign"}}});
  Run(Schedule());
  EXPECT_EQ(All(),
            "id,day,version,text\na,2026-11-22,1,x\nb,2026-11-22,2,hot\n"
            "c,2026-11-22,3,foreign\n");
}

TEST_F(MergeOnReadSql, FirstCommitOfOursIsNotSeenUnderRowsThatWereHotBeforeIt) {
  Heat({{"a", kDay, 1, "hot"}});
  Commit({.rows = {{"a", kDay, 1, "hot"}, {"b", kDay, 1, "y"}},
          .extra_metadata = {{kPositions, "1"}}});
  EXPECT_EQ(All(), "id,day,version,text\na,2026-11-22,1,hot\n");
}

}  // namespace
}  // namespace tapelake::query
