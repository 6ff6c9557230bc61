#include "query/session.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "tests/sql/session_fixture.h"

namespace tapelake::query {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(SessionTest, ReadsATableByItsPath) {
  AddTable("/t", {2, 1});
  OpenSession();
  EXPECT_EQ(Csv("SELECT k, v FROM hudi('/t') ORDER BY k"), "k,v\n1,v1\n2,v2\n");
  EXPECT_EQ(Csv("SELECT column_name FROM (DESCRIBE FROM hudi('/t'))"),
            "column_name\n_hoodie_commit_time\n_hoodie_commit_seqno\n_hoodie_record_key\n"
            "_hoodie_partition_path\n_hoodie_file_name\nk\nv\n");
}

TEST_F(SessionTest, FindsHudiWhateverSchemaIsInUse) {
  AddTable("/t", {1});
  OpenSession();
  EXPECT_EQ(Csv("CREATE SCHEMA other"), "");
  EXPECT_EQ(Csv("USE other"), "");
  EXPECT_EQ(Csv("SELECT k FROM hudi('/t')"), "k\n1\n");
}

TEST_F(SessionTest, GivesRowsAsTextWithTheirTypes) {
  AddTable("/t", {2, 1, 3});
  OpenSession();
  const auto rows = session_->FetchRows(
      {.sql = "SELECT k, CASE WHEN k > 1 THEN 1.5::DECIMAL(9,2) END AS d FROM hudi('/t') "
              "ORDER BY k -- all"},
      2);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->columns.size(), 2U);
  EXPECT_EQ(rows->columns[0].type, "BIGINT");
  EXPECT_EQ(rows->columns[1].name, "d");
  EXPECT_EQ(rows->columns[1].type, "DECIMAL(9,2)");
  ASSERT_EQ(rows->rows.size(), 2U);
  EXPECT_EQ(rows->rows[0][0], "1");
  EXPECT_EQ(rows->rows[0][1], std::nullopt);
  EXPECT_EQ(rows->rows[1][1], "1.50");
  EXPECT_TRUE(rows->truncated);
  const auto whole = session_->FetchRows({.sql = "SELECT k FROM hudi('/t')"}, 3);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_FALSE(whole->truncated);
  EXPECT_EQ(KindOf(session_->FetchRows({.sql = "CREATE TABLE x (a INT)"}, 1).status()),
            ErrorKind::kInvalid);
}

TEST_F(SessionTest, GivesColumnsOfTheSchemaAndNotOfTheFiles) {
  const std::string old_file = folder_ + "/old.parquet";
  const std::string new_file = folder_ + "/new.parquet";
  arrow::Int32Builder narrow;
  ASSERT_TRUE(narrow.AppendValues({7, 8}).ok());
  WriteParquet(old_file, arrow::schema({arrow::field("n", arrow::int32())}),
               {narrow.Finish().ValueOrDie()});
  const auto schema =
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("note", arrow::utf8()),
                     arrow::field("tags", arrow::list(arrow::utf8())),
                     arrow::field("fee", arrow::decimal128(38, 18))});
  WriteParquet(new_file, arrow::schema({schema->field(1), schema->field(0)}),
               {TextArray({"x"}), Int64Array({5000000000})});
  provider_.snapshots["/t"] = {
      .instant = "1", .schema = schema, .file_paths = {old_file, new_file}};
  OpenSession();
  EXPECT_EQ(Csv("SELECT * EXCLUDE (_hoodie_commit_time, _hoodie_commit_seqno, _hoodie_record_key,"
                " _hoodie_partition_path, _hoodie_file_name) FROM hudi('/t') ORDER BY n"),
            "n,note,tags,fee\n7,\\N,\\N,\\N\n8,\\N,\\N,\\N\n5000000000,x,\\N,\\N\n");
  EXPECT_EQ(Csv("SELECT DISTINCT typeof(n), typeof(tags), typeof(fee) FROM hudi('/t')"),
            "typeof(n),typeof(tags),typeof(fee)\nBIGINT,VARCHAR[],\"DECIMAL(38,18)\"\n");
}

TEST_F(SessionTest, ShowsTheColumnsOfATableWithoutFiles) {
  provider_.snapshots["/t"] = {
      .instant = "",
      .schema =
          arrow::schema({arrow::field("a", arrow::decimal128(9, 2)),
                         arrow::field("moment", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))}),
      .file_paths = {}};
  OpenSession();
  EXPECT_EQ(Csv("SELECT a, moment, _hoodie_record_key FROM hudi('/t')"),
            "a,moment,_hoodie_record_key\n");
  EXPECT_EQ(Csv("SELECT column_type FROM (DESCRIBE SELECT a, moment FROM hudi('/t'))"),
            "column_type\n\"DECIMAL(9,2)\"\nTIMESTAMP WITH TIME ZONE\n");
}

TEST_F(SessionTest, ReadsExactlyTheNamedFileWhateverItsName) {
  const std::string directory = folder_ + "/it's [x]*";
  ASSERT_TRUE(files_.CreateDirectories(directory).ok());
  const auto schema = arrow::schema({arrow::field("k", arrow::int64())});
  WriteParquet(directory + "/a?.parquet", schema, {Int64Array({1})});
  WriteParquet(directory + "/ab.parquet", schema, {Int64Array({2})});
  provider_.snapshots["/it's"] = {
      .instant = "1", .schema = schema, .file_paths = {directory + "/a?.parquet"}};
  OpenSession();
  EXPECT_EQ(Csv("SELECT k FROM hudi('/it''s')"), "k\n1\n");
}

TEST_F(SessionTest, QuotesHostileColumnNames) {
  const std::string file = folder_ + "/h.parquet";
  const std::string name = "a\"b'c; DROP";
  const auto schema = arrow::schema({arrow::field(name, arrow::int64())});
  WriteParquet(file, schema, {Int64Array({3})});
  provider_.snapshots["/t"] = {.instant = "1", .schema = schema, .file_paths = {file}};
  OpenSession();
  EXPECT_EQ(Csv("SELECT \"a\"\"b'c; DROP\" FROM hudi('/t')"), "\"a\"\"b'c; DROP\"\n3\n");
}

TEST_F(SessionTest, ReadsOnlyTheRowGroupsThatAFilterNeeds) {
  AddTable("/t", {});
  const std::string file = folder_ + "/groups.parquet";
  WriteParquet(file, provider_.snapshots["/t"].schema,
               {Int64Array({1, 2, 11, 12}), TextArray({"a", "b", "c", "d"})}, 2);
  provider_.snapshots["/t"].file_paths = {file};
  SpoilColumnChunk(file, 1, 0);
  SpoilColumnChunk(file, 1, 1);
  OpenSession();
  EXPECT_EQ(Csv("SELECT v FROM hudi('/t') WHERE k < 10"), "v\na\nb\n");
  EXPECT_TRUE(Csv("SELECT v FROM hudi('/t') WHERE k > 10").starts_with("error: "));
}

TEST_F(SessionTest, OpensOnlyFilesOfPartitionsThatAConditionAllows) {
  const auto schema =
      arrow::schema({arrow::field("k", arrow::int64()), arrow::field("day", arrow::utf8())});
  TableSnapshot& snapshot = provider_.snapshots["/t"];
  snapshot = {.instant = "1", .schema = schema, .file_paths = {}};
  snapshot.keys.partition_field = "day";
  for (const std::string day : {"2026-11-21", "2026-11-22", "it's"}) {
    const std::string path = folder_ + "/" + std::to_string(++file_count_) + ".parquet";
    WriteParquet(path, schema, {Int64Array({file_count_}), TextArray({day})});
    snapshot.file_paths.push_back(path);
    snapshot.partition_values[path] = day;
  }
  snapshot.file_paths.push_back(folder_ + "/gone.parquet");
  snapshot.partition_values[snapshot.file_paths.back()] = "gone";
  OpenSession();
  const auto keys = [this](const std::string& condition) {
    return Csv("SELECT k FROM hudi('/t') WHERE " + condition + " ORDER BY k");
  };
  EXPECT_THAT(keys("true"), AllOf(HasSubstr("error: "), HasSubstr("gone.parquet")));
  EXPECT_EQ(keys("day = '2026-11-22'"), "k\n2\n");
  EXPECT_EQ(keys("day = '2026-11-22' AND k > 1"), "k\n2\n");
  EXPECT_EQ(keys("day < 'g'"), "k\n1\n2\n");
  EXPECT_EQ(keys("day BETWEEN '2026-11-22' AND '2026-12-01'"), "k\n2\n");
  EXPECT_EQ(keys("day IN ('2026-11-21', 'it''s')"), "k\n1\n3\n");
  EXPECT_EQ(keys("day LIKE '2026%'"), "k\n1\n2\n");
  EXPECT_EQ(keys("day = 'it''s' OR day::DATE = DATE '2026-11-21'").substr(0, 6), "error:")
      << "what fails for a value says nothing of it";
  EXPECT_EQ(keys("day = 'it''s' OR day LIKE '%21'"), "k\n1\n3\n");
  EXPECT_EQ(keys("day = 'none'"), "k\n");
  EXPECT_EQ(keys("day IS NULL"), "k\n");
  EXPECT_THAT(keys("day = 'none' OR k = 1"), HasSubstr("gone.parquet"));
  EXPECT_THAT(keys("day = 'gone'"), HasSubstr("gone.parquet"));
  EXPECT_EQ(Csv("SELECT count(*) AS n FROM hudi('/t') l JOIN hudi('/t') r USING (day) WHERE day = "
                "'2026-11-22'"),
            "n\n1\n");
  EXPECT_EQ(Csv("WITH t AS (SELECT * FROM hudi('/t')) SELECT l.k FROM t l, t r WHERE l.day = "
                "'2026-11-21' AND r.day = 'it''s'"),
            "k\n1\n");
  EXPECT_EQ(Csv("PREPARE q AS SELECT k FROM hudi('/t') WHERE day = $1"), "");
  EXPECT_EQ(Csv("EXECUTE q('2026-11-22')"), "k\n2\n");
  EXPECT_EQ(Csv("EXECUTE q('it''s')"), "k\n3\n");
  EXPECT_THAT(Csv("EXPLAIN SELECT k FROM hudi('/t') WHERE day = '2026-11-22'"), HasSubstr("1/4"));
}

TEST_F(SessionTest, FilesOfUnknownPartitionsAreAlwaysRead) {
  const auto schema = arrow::schema({arrow::field("day", arrow::utf8())});
  TableSnapshot& snapshot = provider_.snapshots["/t"];
  snapshot = {.instant = "1", .schema = schema, .file_paths = {}};
  snapshot.keys.partition_field = "day";
  for (const std::string day : {"a", "b"}) {
    const std::string path = folder_ + "/" + day + ".parquet";
    WriteParquet(path, schema, {TextArray({day})});
    snapshot.file_paths.push_back(path);
  }
  snapshot.partition_values[snapshot.file_paths[0]] = "a";
  OpenSession();
  EXPECT_EQ(Csv("SELECT day FROM hudi('/t') WHERE day = 'b'"), "day\nb\n");
  EXPECT_EQ(Csv("SELECT day FROM hudi('/t') WHERE day = 'a'"), "day\na\n");
}

TEST_F(SessionTest, StrangersReachNoFileOutsideTheLakeByTheFunctionOfTables) {
  AddTable("/t", {1});
  const std::string file = provider_.snapshots["/t"].file_paths[0];
  ASSERT_TRUE(files_.CreateDirectories(folder_ + "/lake").ok());
  auto session = Session::Open(
      provider_, files_, {.lake_path = folder_ + "/lake", .thread_count = 1, .lake_only = true});
  ASSERT_TRUE(session.ok()) << session.status();
  session_ = session.MoveValueUnsafe();
  for (const std::string function : {"read_parquet", "tapelake_parquet"}) {
    EXPECT_THAT(Csv("SELECT * FROM " + function + "(['" + file + "'])"),
                AllOf(HasSubstr("error: "), HasSubstr("ermission")))
        << function;
    EXPECT_THAT(Csv("SELECT * FROM " + function +
                    "(['/none'], schema = MAP {'k': {name: 'k', type: "
                    "'BIGINT', default_value: NULL}})"),
                AllOf(HasSubstr("error: "), HasSubstr("ermission")))
        << function;
  }
}

TEST_F(SessionTest, ReadsOnlyTheColumnsThatAQueryNames) {
  AddTable("/t", {1, 2});
  SpoilColumnChunk(provider_.snapshots["/t"].file_paths[0], 0, 1);
  OpenSession();
  EXPECT_EQ(Csv("SELECT sum(k) AS s FROM hudi('/t')"), "s\n3\n");
  EXPECT_TRUE(Csv("SELECT v FROM hudi('/t')").starts_with("error: "));
}

TEST_F(SessionTest, SeesOneSnapshotPerStatementAndTheNewestInTheNext) {
  AddTable("/t", {1});
  OpenSession();
  EXPECT_EQ(Csv("SELECT count(*) AS n FROM hudi('/t') a JOIN hudi('/t') b USING (k)"), "n\n1\n");
  EXPECT_EQ(provider_.resolved_count, 1);
  EXPECT_EQ(Csv("SELECT k FROM hudi('/t')"), "k\n1\n");
  EXPECT_EQ(provider_.resolved_count, 1) << "the timeline stood still";
  AddTable("/t", {5, 6});
  EXPECT_EQ(Csv("SELECT k FROM hudi('/t') ORDER BY k"), "k\n5\n6\n");
  EXPECT_EQ(provider_.resolved_count, 2);
}

TEST_F(SessionTest, PassesOnTheProvidersErrorWithItsKind) {
  AddTable("/t", {1});
  provider_.failures["/t"] = MakeError(ErrorKind::kCorrupt, "/t: the timeline is torn");
  OpenSession();
  std::string out;
  const auto writer = MakeCsvWriter([](std::string_view) { return Status::OK(); });
  const auto outcome = session_->Execute({.sql = "SELECT * FROM hudi('/t')"}, *writer);
  EXPECT_EQ(KindOf(outcome.status()), ErrorKind::kCorrupt);
  EXPECT_TRUE(outcome.status().message().starts_with("/t: the timeline is torn"))
      << outcome.status().message();
  const auto missing = session_->Execute({.sql = "SELECT * FROM hudi('/none')"}, *writer);
  EXPECT_EQ(KindOf(missing.status()), ErrorKind::kNotFound);
}

TEST_F(SessionTest, StopsWhenTheSinkFails) {
  OpenSession();
  const auto writer = MakeCsvWriter(
      [](std::string_view) { return MakeError(ErrorKind::kUnavailable, "the pipe is closed"); });
  const auto outcome = session_->Execute({.sql = "SELECT * FROM range(1000000000000)"}, *writer);
  EXPECT_EQ(outcome.status().message(), "the pipe is closed");
  EXPECT_EQ(Csv("SELECT 1 AS a"), "a\n1\n");
}

TEST_F(SessionTest, IsInterruptedFromAnotherThread) {
  OpenSession();
  std::atomic<bool> done = false;
  std::thread interrupter([this, &done] {
    while (!done) {
      session_->Interrupt();
      std::this_thread::yield();
    }
  });
  const std::string result =
      Csv("SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b");
  done = true;
  interrupter.join();
  EXPECT_EQ(result, "error: the query was interrupted");
  EXPECT_EQ(Csv("SELECT 1 AS a"), "a\n1\n");
}

TEST_F(SessionTest, NeitherLoadsNorInstallsExtensions) {
  OpenSession();
  EXPECT_EQ(Csv("SELECT current_setting('autoload_known_extensions') AS l, "
                "current_setting('autoinstall_known_extensions') AS i, "
                "current_setting('TimeZone') AS z"),
            "l,i,z\nFalse,False,UTC\n");
}

TEST_F(SessionTest, ExportsParquetThatReadsBackEqual) {
  AddTable("/t", {3, 4});
  OpenSession();
  const std::string path = folder_ + "/it's out.parquet";
  const auto status = session_->ExportParquet(
      {.sql = "SELECT k, 1.50::DECIMAL(4,2) AS d FROM hudi('/t') -- comment"}, path);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Csv("SELECT k, d, typeof(d) AS t FROM '" + folder_ + "/it''s out.parquet' ORDER BY k"),
            "k,d,t\n3,1.50,\"DECIMAL(4,2)\"\n4,1.50,\"DECIMAL(4,2)\"\n");
  EXPECT_EQ(KindOf(session_->ExportParquet({.sql = "CREATE TABLE x(a INT)"}, path)),
            ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::query
