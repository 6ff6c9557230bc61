#include "query/shell/run_sql.h"

#include <string>

#include <gtest/gtest.h>

#include "io/clock.h"
#include "io/local_file_system.h"
#include "io/random.h"
#include "tests/golden/golden_table.h"

namespace tapelake::query {
namespace {

class RunSqlTest : public testing::Test {
 protected:
  Status Run(const SqlOptions& options) {
    return RunSql({.files = files_,
                   .clock = clock_,
                   .random = random_,
                   .output = Into(&output_),
                   .notes = Into(&notes_)},
                  options);
  }

  static TextSink Into(std::string* text) {
    return [text](std::string_view piece) {
      text->append(piece);
      return Status::OK();
    };
  }

  golden::TemporaryFolder folder_;
  io::LocalFileSystem files_;
  io::SystemClock clock_;
  io::SeededRandom random_{1};
  std::string output_;
  std::string notes_;
};

TEST_F(RunSqlTest, RunsAScriptInOrderInOneSession) {
  ASSERT_TRUE(Run({.format = OutputFormat::kCsv,
                   .script = "CREATE TABLE t AS SELECT 1 AS a; INSERT INTO t VALUES (2);\n"
                             "SELECT sum(a) AS s FROM t;\n.format ndjson\nSELECT * FROM t"})
                  .ok());
  EXPECT_EQ(output_, "s\n3\n{\"a\":1}\n{\"a\":2}\n");
  EXPECT_EQ(notes_, "");
}

TEST_F(RunSqlTest, StopsAtTheFirstErrorAndNamesItsPlace) {
  const Status status = Run({.format = OutputFormat::kCsv,
                             .script = "SELECT 1 AS a;\n\nSELECT\n  nothing;\nSELECT 2",
                             .script_name = "daily.sql"});
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_TRUE(status.message().starts_with("daily.sql:3: Binder Error")) << status.message();
  EXPECT_NE(status.message().find("LINE 4:   nothing"), std::string::npos) << status.message();
  EXPECT_EQ(output_, "a\n1\n");
}

TEST_F(RunSqlTest, RefusesTextWithoutAStatement) {
  EXPECT_EQ(Run({.script = " -- nothing\n;"}).message(), "there is no SQL statement to run");
}

TEST_F(RunSqlTest, QuitEndsAScript) {
  ASSERT_TRUE(Run({.format = OutputFormat::kCsv, .script = ".quit\nSELECT 1"}).ok());
  EXPECT_EQ(output_, "");
}

TEST_F(RunSqlTest, WritesToAFileAndDeletesItOnFailure) {
  const std::string path = folder_.path() + "/out.csv";
  ASSERT_TRUE(
      Run({.format = OutputFormat::kCsv, .output_path = path, .script = "SELECT 1 AS a"}).ok());
  EXPECT_EQ(files_.ReadFile(path).ValueOrDie(), "a\n1\n");
  EXPECT_EQ(output_, "");
  EXPECT_FALSE(
      Run({.format = OutputFormat::kCsv, .output_path = path, .script = "SELECT 1; SELECT x"})
          .ok());
  EXPECT_FALSE(files_.Exists(path).ValueOrDie());
}

TEST_F(RunSqlTest, ParquetHoldsOneResult) {
  const std::string path = folder_.path() + "/out.parquet";
  SqlOptions options{.format = OutputFormat::kParquet, .output_path = path};
  options.script = "CREATE TABLE t AS SELECT 7 AS a; SELECT * FROM t";
  ASSERT_TRUE(Run(options).ok());
  ASSERT_TRUE(Run({.format = OutputFormat::kCsv, .script = "FROM '" + path + "'"}).ok());
  EXPECT_EQ(output_, "a\n7\n");
  options.script = "SELECT 1; SELECT 2";
  EXPECT_NE(Run(options).message().find("holds one result"), std::string::npos);
  options.script = "EXPLAIN SELECT 1";
  EXPECT_NE(Run(options).message().find("choose another format"), std::string::npos);
  options.output_path = "";
  EXPECT_NE(Run(options).message().find("--output"), std::string::npos);
}

TEST_F(RunSqlTest, TableStopsAtTheRowLimitAndSaysSo) {
  ASSERT_TRUE(Run({.script = "SELECT range AS n FROM range(1000000000000)", .rows_max = 2}).ok());
  EXPECT_EQ(output_,
            " n\n---\n 0\n 1\n(first 2 rows; there are more: raise the row limit or choose another "
            "format)\n");
}

TEST_F(RunSqlTest, TableTellsOfChangedRowsAndTiming) {
  ASSERT_TRUE(
      Run({.script = "CREATE TABLE t(a INT); INSERT INTO t VALUES (1), (2)", .timing = true}).ok());
  EXPECT_EQ(output_, "(2 rows changed)\n");
  EXPECT_TRUE(notes_.starts_with("Time: 0.")) << notes_;
}

TEST_F(RunSqlTest, WideRowsAreCutOnlyOnATerminal) {
  const std::string script = "SELECT repeat('x', 50) AS s";
  ASSERT_TRUE(Run({.script = script, .terminal_width = 20, .unicode = true}).ok());
  EXPECT_EQ(output_,
            "┌──────────────────┐\n│ s                │\n├──────────────────┤\n"
            "│ xxxxxxxxxxxxxxx… │\n└──────────────────┘\n(1 row)\n");
  output_.clear();
  ASSERT_TRUE(Run({.script = script}).ok());
  EXPECT_NE(output_.find(std::string(50, 'x')), std::string::npos);
}

}  // namespace
}  // namespace tapelake::query
