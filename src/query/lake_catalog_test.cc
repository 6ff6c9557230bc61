#include "query/lake_catalog.h"

#include "query/shell/completion.h"
#include "tests/sql/session_fixture.h"

namespace tapelake::query {
namespace {

class LakeTest : public SessionTest {
 protected:
  std::string lake() const { return folder_ + "/lake"; }

  std::string AddLakeTable(const std::string& database, const std::string& name,
                           const std::vector<int64_t>& keys) {
    std::string path = lake() + "/" + database + "/" + name;
    EXPECT_TRUE(files_.CreateDirectories(path + "/.hoodie").ok());
    AddTable(path, keys);
    return path;
  }
};

TEST_F(LakeTest, AMissingLakeHasNoTables) {
  OpenSession(lake());
  EXPECT_EQ(Csv("SELECT 1 AS a"), "a\n1\n");
  EXPECT_NE(Csv("SELECT * FROM t").find("There are no tables"), std::string::npos);
}

TEST_F(LakeTest, ShowsEveryTableUnderItsDatabase) {
  AddLakeTable("crypto", "trades", {1, 2});
  AddLakeTable("Other \"db\"", "it's", {3});
  ASSERT_TRUE(files_.CreateDirectories(lake() + "/raw/no_table").ok());
  ASSERT_TRUE(files_.CreateDirectories(lake() + "/.hidden/t/.hoodie").ok());
  OpenSession(lake());
  EXPECT_EQ(Csv("SELECT count(*) AS n FROM crypto.trades"), "n\n2\n");
  EXPECT_EQ(Csv("SELECT k FROM \"Other \"\"db\"\"\".\"it's\""), "k\n3\n");
  EXPECT_EQ(Csv("SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY 2"),
            "schema_name,view_name\n\"Other \"\"db\"\"\",it's\ncrypto,trades\n");
}

TEST_F(LakeTest, SeesNewCommitsTablesAndColumns) {
  const std::string path = AddLakeTable("crypto", "trades", {1});
  OpenSession(lake());
  EXPECT_EQ(Csv("SELECT k FROM crypto.trades"), "k\n1\n");
  AddTable(path, {4});
  EXPECT_EQ(Csv("SELECT k FROM crypto.trades"), "k\n4\n");
  AddLakeTable("crypto", "more", {9});
  EXPECT_EQ(Csv("SELECT k FROM crypto.more"), "k\n9\n");
  auto& snapshot = provider_.snapshots[path];
  snapshot.instant = "later";
  snapshot.schema = snapshot.schema->AddField(2, arrow::field("note", arrow::utf8())).ValueOrDie();
  EXPECT_EQ(Csv("SELECT k, note FROM crypto.trades"), "k,note\n4,\\N\n");
}

TEST_F(LakeTest, ForgetsDeletedTables) {
  const std::string path = AddLakeTable("crypto", "trades", {1});
  OpenSession(lake());
  ASSERT_TRUE(files_.DeleteDirectory(path).ok());
  provider_.snapshots.erase(path);
  EXPECT_TRUE(Csv("SELECT k FROM crypto.trades").starts_with("error: Catalog Error"));
}

TEST_F(LakeTest, ABrokenTableDoesNotStopTheOthersAndSaysWhy) {
  AddLakeTable("crypto", "good", {1});
  const std::string path = AddLakeTable("crypto", "bad", {1});
  provider_.failures[path] = MakeError(ErrorKind::kInvalid, path + ": version 99");
  OpenSession(lake());
  EXPECT_EQ(Csv("SELECT k FROM crypto.good"), "k\n1\n");
  const std::string message = Csv("SELECT k FROM crypto.bad");
  EXPECT_NE(message.find("not readable: crypto.bad: " + path + ": version 99"), std::string::npos)
      << message;
  provider_.failures.clear();
  EXPECT_EQ(Csv("SELECT k FROM crypto.bad"), "k\n1\n");
}

TEST_F(LakeTest, ReportsNamesThatSqlCannotTellApart) {
  AddLakeTable("crypto", "Trades", {1});
  AddLakeTable("crypto", "trades", {2});
  OpenSession(lake());
  EXPECT_EQ(Csv("SELECT k FROM crypto.trades"), "k\n1\n");
  EXPECT_NE(Csv("SELECT k FROM nothing").find("only in case"), std::string::npos);
}

TEST_F(LakeTest, KeepsWorkingInsideAUsersTransaction) {
  const std::string path = AddLakeTable("crypto", "trades", {1});
  OpenSession(lake());
  EXPECT_EQ(Csv("BEGIN"), "");
  EXPECT_EQ(Csv("SELECT k FROM crypto.trades"), "k\n1\n");
  AddTable(path, {2});
  EXPECT_EQ(Csv("SELECT k FROM crypto.trades"), "k\n2\n");
  EXPECT_TRUE(Csv("SELECT 1/'x'").starts_with("error: "));
  EXPECT_TRUE(Csv("SELECT 1").starts_with("error: "));
  EXPECT_EQ(Csv("ROLLBACK"), "");
  EXPECT_EQ(Csv("SELECT k FROM crypto.trades"), "k\n2\n");
}

TEST_F(LakeTest, CompletesWhatTheSessionKnows) {
  AddLakeTable("crypto", "trades", {1});
  OpenSession(lake());
  EXPECT_EQ(Complete(*session_, "SEL").insertion, "SELECT ");
  const Completion schema = Complete(*session_, "SELECT * FROM cryp");
  EXPECT_EQ(schema.insertion, "crypto.");
  EXPECT_EQ(schema.replaced_bytes, 4U);
  EXPECT_EQ(Complete(*session_, "SELECT * FROM crypto.tra").insertion, "trades");
  EXPECT_EQ(Complete(*session_, "SELECT _hoodie_rec").insertion, "_hoodie_record_key");
  EXPECT_EQ(Complete(*session_, ".he").insertion, ".help");
  const Completion several = Complete(*session_, ".t");
  EXPECT_EQ(several.candidates, (std::vector<std::string>{".tables", ".timing"}));
  EXPECT_EQ(several.insertion, "");
  EXPECT_TRUE(Complete(*session_, "SELECT 'it''s").candidates.empty());
  EXPECT_TRUE(Complete(*session_, "qqqqzzzz").candidates.empty());
}

}  // namespace
}  // namespace tapelake::query
