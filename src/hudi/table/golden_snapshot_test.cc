// Tables that real Spark wrote, read row by row; and their key filters built again bit by bit.

#include <gtest/gtest.h>

#include <limits>

#include <arrow/array.h>
#include <arrow/util/checked_cast.h>
#include "hudi/format/bloom_filter.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/table/table.h"
#include "io/local_file_system.h"
#include "tests/golden/golden_rows.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using arrow::internal::checked_cast;

struct World {
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SeededRandom random{1};

  std::unique_ptr<Table> Open(const std::string& path) {
    return Table::Open({files, clock, random}, path).ValueOrDie();
  }
};

class GoldenSnapshot : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenSnapshot, EqualsWhatSparkReads) {
  const golden::GoldenTable golden(TAPELAKE_SOURCE_DIR, GetParam());
  World world;
  const auto table = world.Open(golden.path());
  const golden::GoldenCsv expected = golden::ParseGoldenCsv(golden.SideFile("snapshot.csv"));
  ASSERT_FALSE(expected.rows.empty());
  EXPECT_EQ(golden::RowsOf(world.files, golden.path(), *table->LatestSnapshot(), expected.columns),
            expected.rows);
}

TEST_P(GoldenSnapshot, OfNewerVersionsIsNotWritten) {
  const golden::GoldenTable golden(TAPELAKE_SOURCE_DIR, GetParam());
  World world;
  const auto table = world.Open(golden.path());
  if (table->config().version == 6) return;
  const std::string refusal = "hoodie.table.version is " + std::to_string(table->config().version);
  for (const Status& status : {table->Upsert({}).status(), table->CleanUpPendingCommits(),
                               table->ScheduleCompaction({}).status(),
                               table->RunCompaction("20260101000000000", 1).status(),
                               table->Clean({}).status(), table->Archive({}, "").status()}) {
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
    EXPECT_NE(status.message().find(refusal), std::string::npos) << status.message();
  }
}

TEST_P(GoldenSnapshot, KeyFiltersAreBuiltAgainBitByBit) {
  const golden::GoldenTable golden(TAPELAKE_SOURCE_DIR, GetParam());
  World world;
  const auto table = world.Open(golden.path());
  int compared = 0;
  const Snapshot snapshot = *table->LatestSnapshot();
  for (const FileSlice& slice : snapshot.slices) {
    if (!slice.has_base_file()) continue;
    const auto reader =
        BaseFileReader::Open(world.files, io::JoinPath(golden.path(), slice.RelativePath()))
            .ValueOrDie();
    const auto text = reader->FooterValue("org.apache.hudi.bloomfilter");
    if (!text) continue;
    const auto stored = BloomFilter::Parse(*text, std::numeric_limits<int32_t>::max()).ValueOrDie();
    BloomFilter rebuilt({.entries_per_row = stored.entries_per_row(),
                         .false_positive_rate = 1e-9,
                         .entries_max = 100'000});
    for (const int group : reader->AllRowGroups()) {
      const auto batch = *reader->ReadRowGroup(group, {"_hoodie_record_key"});
      const auto& keys = checked_cast<const arrow::StringArray&>(*batch->column(0));
      for (int64_t i = 0; i < keys.length(); ++i)
        rebuilt.Add(keys.GetView(i));
    }
    EXPECT_EQ(rebuilt.Serialize(), *text) << slice.base_file_name;
    ++compared;
  }
  EXPECT_EQ(compared > 0, !GetParam().ends_with("logonly"));
}

INSTANTIATE_TEST_SUITE_P(All, GoldenSnapshot,
                         ::testing::ValuesIn(golden::AllGoldenTables(TAPELAKE_SOURCE_DIR)),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace tapelake::hudi
