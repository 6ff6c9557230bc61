#include "app/page/guarded_sql.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/builder.h>

#include "query/metrics.h"

namespace tapelake::app {
namespace {

using ::testing::HasSubstr;

const StatementBounds kMinute = {.timeout_micros = 60'000'000};

/// A real lake with one table of three rows.
class GuardedSqlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tapelake-sql-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    MakeTable(root_ + "/lake/crypto/trades");
    MakeTable(root_ + "/other/crypto/trades");
    std::ofstream(root_ + "/secret.csv") << "a\n1\n";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void MakeTable(const std::string& path) {
    const auto schema =
        arrow::schema({arrow::field("id", arrow::utf8()), arrow::field("day", arrow::utf8())});
    auto table = hudi::Table::Create(world_.table_environment(), path,
                                     {.database = "crypto",
                                      .name = "trades",
                                      .schema = schema,
                                      .record_key_field = "id",
                                      .partition_field = "day",
                                      .precombine_field = "id"});
    ASSERT_TRUE(table.ok()) << table.status();
    arrow::StringBuilder ids;
    arrow::StringBuilder days;
    hudi::UpsertRequest request;
    for (const char* id : {"a", "b", "c"}) {
      ASSERT_TRUE(ids.Append(id).ok());
      ASSERT_TRUE(days.Append("2026-11-26").ok());
    }
    request.rows = arrow::RecordBatch::Make(schema, 3, {*ids.Finish(), *days.Finish()});
    request.schema = schema;
    request.partition_values = {"2026-11-26"};
    const std::vector<hudi::RecordChange> changes = {{.record_key = "a", .row = 0},
                                                     {.record_key = "b", .row = 1},
                                                     {.record_key = "c", .row = 2}};
    request.changes = changes;
    const auto done = (*table)->Upsert(request);
    ASSERT_TRUE(done.ok()) << done.status();
  }

  GuardedSqlOptions Options() const { return {.lake_path = root_ + "/lake"}; }

  static Status Refusal(GuardedSql& sql, const std::string& text) {
    return sql.Run(text, 10, kMinute).status();
  }

  std::string root_;
  World world_;
};

class StringOutput : public io::ByteOutput {
 public:
  Status Write(std::string_view bytes) override {
    text.append(bytes);
    return Status::OK();
  }
  std::string text;
};

TEST_F(GuardedSqlTest, ReadsTheLake) {
  GuardedSql sql(Options(), nullptr);
  const auto rows = sql.Run("SELECT id FROM crypto.trades ORDER BY id;", 2, kMinute);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->rows.size(), 2U);
  EXPECT_EQ(rows->rows[1][0], "b");
  EXPECT_TRUE(rows->truncated);
}

TEST_F(GuardedSqlTest, RefusesWhatIsNotOneQuery) {
  GuardedSql sql(Options(), nullptr);
  const std::string target = "'" + root_ + "/lake/out.csv'";
  for (const std::string& text :
       {std::string(""), std::string("SELECT 1; SELECT 2"), std::string("CREATE TABLE t (a INT)"),
        "COPY (SELECT 1) TO " + target, std::string("ATTACH 'x.db'"),
        std::string("SET memory_limit = '1TB'"), std::string("INSTALL httpfs"),
        std::string(".tables")}) {
    EXPECT_EQ(KindOf(Refusal(sql, text)), ErrorKind::kInvalid) << text;
  }
  EXPECT_FALSE(std::filesystem::exists(root_ + "/lake/out.csv"));
}

TEST_F(GuardedSqlTest, ReachesNothingBeyondTheLake) {
  GuardedSql sql(Options(), nullptr);
  for (const std::string& source :
       {std::string("read_text('/etc/passwd')"), "read_csv('" + root_ + "/secret.csv')",
        "'" + root_ + "/secret.csv'", "glob('" + root_ + "/*')",
        "read_csv('" + root_ + "/lake/../secret.csv')", "hudi('" + root_ + "/other/crypto/trades')",
        "hudi('" + root_ + "/lake/../other/crypto/trades')",
        "hudi('" + root_ + "/other/crypto/trades', mode => 'read_optimized')",
        "hudi_incremental('" + root_ + "/other/crypto/trades', NULL)",
        "hudi_changes('" + root_ + "/other/crypto/trades', NULL)",
        "hudi_commits('" + root_ + "/other/crypto/trades')",
        "hudi_files('" + root_ + "/other/crypto/trades')",
        "hudi_partitions('" + root_ + "/other/crypto/trades')"}) {
    const auto rows = sql.Run("SELECT * FROM " + source, 10, kMinute);
    EXPECT_FALSE(rows.ok()) << source << " gave " << rows->rows.size() << " rows";
  }
}

TEST_F(GuardedSqlTest, StopsWhatTakesTooLong) {
  GuardedSql sql(Options(), nullptr);
  const Status status =
      sql.Run("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", 1,
              {.timeout_micros = 100'000})
          .status();
  EXPECT_EQ(KindOf(status), ErrorKind::kThrottled) << status;
  EXPECT_THAT(status.message(), HasSubstr("took too long"));
}

TEST_F(GuardedSqlTest, StopsWhatNobodyWaitsForAnyMore) {
  metrics::Registry registry;
  GuardedSqlOptions options = Options();
  options.metrics = &registry;
  GuardedSql sql(options, nullptr);
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  StatementBounds bounds = kMinute;
  bounds.abandoned = gone;
  const std::string endless =
      "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b";
  EXPECT_TRUE(sql.Run("SELECT count(*) FROM crypto.trades", 10, bounds).ok()) << "it still waits";
  std::thread client([&] { *gone = true; });
  const Status status = sql.Run(endless, 1, bounds).status();
  client.join();
  EXPECT_EQ(KindOf(status), ErrorKind::kUnavailable) << status;
  StringOutput out;
  EXPECT_EQ(KindOf(sql.ExportCsv(endless, bounds, out)), ErrorKind::kUnavailable);
  EXPECT_EQ(out.text, "");
  EXPECT_EQ(registry.GetCounter(query::kStatements, {"abandoned"}).value(), 2);
}

TEST_F(GuardedSqlTest, CountsStatementsByHowTheyEnded) {
  metrics::Registry registry;
  GuardedSqlOptions options = Options();
  options.metrics = &registry;
  GuardedSql sql(options, nullptr);
  const auto count = [&registry](const char* outcome) {
    return registry.GetCounter(query::kStatements, {outcome}).value();
  };
  EXPECT_TRUE(sql.Run("SELECT count(*) FROM crypto.trades", 10, kMinute).ok());
  EXPECT_FALSE(sql.Run("SELECT absent FROM crypto.trades", 10, kMinute).ok());
  EXPECT_FALSE(sql.Run("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", 1,
                       {.timeout_micros = 100'000})
                   .ok());
  EXPECT_FALSE(sql.Run("SELECT 1; SELECT 2", 10, kMinute).ok()) << "refused, so it never ran";
  EXPECT_EQ(count("ok"), 1);
  EXPECT_EQ(count("error"), 1);
  EXPECT_EQ(count("timeout"), 1);
  EXPECT_EQ(registry.GetHistogram(query::kStatementDuration).Read().count(), 3);
}

TEST_F(GuardedSqlTest, EndsStatementsWhenItStops) {
  GuardedSql sql(Options(), nullptr);
  Status status;
  std::thread asker([&] {
    status =
        sql.Run("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b", 1, kMinute)
            .status();
  });
  sql.Stop();
  asker.join();
  EXPECT_EQ(KindOf(status), ErrorKind::kShuttingDown) << status;
  EXPECT_EQ(KindOf(Refusal(sql, "SELECT 1")), ErrorKind::kShuttingDown);
}

TEST_F(GuardedSqlTest, WritesCsvAndParquet) {
  GuardedSql sql(Options(), nullptr);
  StringOutput csv;
  ASSERT_TRUE(sql.ExportCsv("SELECT id FROM crypto.trades ORDER BY id", kMinute, csv).ok());
  EXPECT_EQ(csv.text, "id\na\nb\nc\n");
  StringOutput parquet;
  const Status exported =
      sql.ExportParquet("SELECT id FROM crypto.trades -- all", kMinute, parquet);
  ASSERT_TRUE(exported.ok()) << exported;
  EXPECT_TRUE(parquet.text.starts_with("PAR1"));
  EXPECT_TRUE(parquet.text.ends_with("PAR1"));
  EXPECT_TRUE(std::filesystem::is_empty(root_ + "/lake/.tapelake/exports"));
  EXPECT_EQ(KindOf(sql.ExportCsv("CREATE TABLE t (a INT)", kMinute, csv)), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::app
