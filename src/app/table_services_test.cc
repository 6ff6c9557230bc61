#include "app/table_services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/ingest_job.h"
#include "hudi/inspect/verify.h"
#include "testing/table_fixture.h"

namespace tapelake::app {
namespace {

using ::testing::AllOf;
using ::testing::Gt;
using ::testing::Lt;

constexpr const char* kDay = "2026-11-22";
constexpr int kCommits = 120;

class TableServicesTest : public testing::TableFixture {
 protected:
  /// Commits of a new row each that begin file groups of their own, served as `up` does.
  /// Returns the file groups at the end, and the files merged.
  std::pair<size_t, int64_t> Live(hudi::CreateOptions options) {
    auto table = hudi::Table::Create(World(), kPath, options).ValueOrDie();
    const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
    const std::string stored = *files_.ReadFile(path);
    EXPECT_TRUE(files_.ReplaceFile(path, stored + "hoodie.parquet.small.file.limit=0\n").ok());
    table = Open();
    TableServices services(ServicePoliciesOf(config::Config()), {});
    int64_t merged = 0;
    for (int number = 0; number < kCommits; ++number) {
      clock_.Advance(2'000'000);
      Upsert(*table, {.rows = {{"k" + std::to_string(number), kDay, number, "text"}}});
      clock_.Advance(10'000);
      const auto done = services.Run(*table);
      EXPECT_TRUE(done.ok()) << done.status();
      if (done.ok()) merged += done->merged_files;
    }
    EXPECT_EQ(Rows(*table).size(), size_t{kCommits});
    const auto report = hudi::VerifyTable(World(), kPath, {});
    EXPECT_TRUE(report.ok() && report->sound()) << report.status();
    return {table->LatestSnapshot()->slices.size(), merged};
  }

  /// Commits to one file group, `apart_micros` between them, served as `up` does with this history.
  /// Returns the versions of the file that are left.
  size_t VersionsLeft(const config::HistoryConfig& history, int64_t apart_micros) {
    config::Config config;
    config.history = history;
    auto table = hudi::Table::Create(World(), kPath, Options(1)).ValueOrDie();
    TableServices services(ServicePoliciesOf(config), {});
    for (int number = 0; number < 2 * kCommits; ++number) {
      clock_.Advance(apart_micros);
      Upsert(*table, {.rows = {{"k", kDay, number, "text"}}});
      EXPECT_TRUE(services.Run(*table).ok());
    }
    const auto report = hudi::VerifyTable(World(), kPath, {});
    EXPECT_TRUE(report.ok() && report->sound()) << report.status();
    return static_cast<size_t>(std::ranges::count_if(
        files_.Paths(), [](const std::string& path) { return path.ends_with(".parquet"); }));
  }
  /// Between two looks of the services that many commits come.
  static constexpr size_t kBetween = 20;
};

TEST_F(TableServicesTest, KeepsTheNewestCommits) {
  EXPECT_THAT(VersionsLeft({.commits_retained = 50, .readers = {0}}, 2'000'000),
              AllOf(Gt(49U), Lt(50 + kBetween + 2)));
}

TEST_F(TableServicesTest, KeepsTheLastHours) {
  EXPECT_THAT(VersionsLeft({.policy = "KEEP_LATEST_BY_HOURS", .hours_retained = 3, .readers = {0}},
                           120'000'000),
              AllOf(Gt(89U), Lt(90 + kBetween + 2)));
}

TEST_F(TableServicesTest, KeepsMoreHoursThanThereAreInstants) {
  const config::HistoryConfig history{.policy = "KEEP_LATEST_BY_HOURS",
                                      .commits_retained = 2,
                                      .hours_retained = 3,
                                      .instants_min = 10,
                                      .instants_max = 20,
                                      .readers = {0}};
  EXPECT_THAT(VersionsLeft(history, 120'000'000), AllOf(Gt(89U), Lt(90 + kBetween + 2)));
}

TEST_F(TableServicesTest, KeepsTheNewestVersions) {
  EXPECT_THAT(
      VersionsLeft(
          {.policy = "KEEP_LATEST_FILE_VERSIONS", .file_versions_retained = 5, .readers = {0}},
          2'000'000),
      AllOf(Gt(4U), Lt(5 + kBetween + 2)));
}

TEST_F(TableServicesTest, SmallFilesOfATableWithoutBucketsStayFew) {
  hudi::CreateOptions options = MergeOnReadOptions(2);
  options.index = hudi::IndexKind::kSimple;
  const auto [groups, merged] = Live(options);
  EXPECT_LT(groups, 40U);
  EXPECT_THAT(merged, AllOf(Gt(kCommits - 40), Lt(2 * kCommits)));
}

TEST_F(TableServicesTest, BucketsStayAsTheyAre) {
  const auto [groups, merged] = Live(MergeOnReadOptions(2));
  EXPECT_EQ(groups, 2U);
  EXPECT_EQ(merged, 0);
}

TEST_F(TableServicesTest, FilesWithChangeDataLogsStayAsTheyAre) {
  hudi::CreateOptions options = Options(2);
  options.index = hudi::IndexKind::kBloom;
  options.cdc_logging = hudi::CdcLogging::kBothImages;
  const auto [groups, merged] = Live(options);
  EXPECT_EQ(groups, size_t{kCommits});
  EXPECT_EQ(merged, 0);
}

}  // namespace
}  // namespace tapelake::app
