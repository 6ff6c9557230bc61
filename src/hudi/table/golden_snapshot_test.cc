// Tables that real Spark wrote, read row by row; and their key filters built again bit by bit.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <sstream>

#include <arrow/array.h>
#include <arrow/util/checked_cast.h>
#include <arrow/util/decimal.h>
#include "base/time.h"
#include "hudi/format/bloom_filter.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/table.h"
#include "io/local_file_system.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using arrow::internal::checked_cast;
using Row = std::vector<std::string>;

struct World {
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SeededRandom random{1};

  std::unique_ptr<Table> Open(const std::string& path) {
    return Table::Open({files, clock, random}, path).ValueOrDie();
  }
};

/// The text of a value as in the golden CSV files.
std::string Text(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return "\\N";
  switch (column.type_id()) {
    case arrow::Type::STRING:
      return checked_cast<const arrow::StringArray&>(column).GetString(row);
    case arrow::Type::TIMESTAMP:
      return base::FormatIso8601Micros(
          checked_cast<const arrow::TimestampArray&>(column).Value(row));
    case arrow::Type::DECIMAL128:
      return checked_cast<const arrow::Decimal128Array&>(column).FormatValue(row);
    default:
      return (*column.GetScalar(row))->ToString();
  }
}

std::vector<Row> ReadSnapshot(World& world, Table& table, const std::vector<std::string>& columns) {
  std::vector<Row> rows;
  const Snapshot snapshot = *table.LatestSnapshot();
  const SliceSource source{
      .files = world.files,
      .base_path = table.base_path(),
      .timeline = *snapshot.timeline,
      .schema = snapshot.schema,
      .scan = {.as_of = snapshot.instant, .precombine_field = snapshot.precombine_field}};
  for (const FileSlice& slice : snapshot.slices) {
    const auto reader = SliceReader::Open(source, slice, columns).ValueOrDie();
    while (const auto batch = reader->Next().ValueOrDie()) {
      EXPECT_GT(batch->num_rows(), 0);
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        Row row;
        for (int c = 0; c < batch->num_columns(); ++c)
          row.push_back(Text(*batch->column(c), i));
        rows.push_back(std::move(row));
      }
    }
  }
  std::ranges::sort(rows);
  return rows;
}

/// The golden rows hold neither quotes nor commas nor line ends.
std::vector<Row> ParseCsv(const std::string& text) {
  std::vector<Row> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    Row row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');)
      row.push_back(cell);
    rows.push_back(std::move(row));
  }
  return rows;
}

class GoldenSnapshot : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenSnapshot, EqualsWhatSparkReads) {
  const golden::GoldenTable golden(TAPELAKE_SOURCE_DIR, GetParam());
  World world;
  const auto table = world.Open(golden.path());
  std::vector<Row> expected = ParseCsv(golden.SideFile("snapshot.csv"));
  const Row columns = expected.front();
  expected.erase(expected.begin());
  std::ranges::sort(expected);
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(ReadSnapshot(world, *table, columns), expected);
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
  EXPECT_EQ(compared > 0, !std::string(GetParam()).ends_with("logonly"));
}

INSTANTIATE_TEST_SUITE_P(CopyOnWrite, GoldenSnapshot,
                         ::testing::Values("v6_cow_bucket", "v6_cow_upsert_delete",
                                           "v6_cow_hive_metadata", "v6_cow_spark_defaults",
                                           "v6_cow_replace_evolve_clean",
                                           "v6_cow_archive_savepoint_rollback", "v6_cow_cdc",
                                           "v6_cow_cdc_op_key_only"));

INSTANTIATE_TEST_SUITE_P(MergeOnRead, GoldenSnapshot,
                         ::testing::Values("v6_mor_avro_logs", "v6_mor_bucket",
                                           "v6_mor_bucket_logonly", "v6_mor_compacted_then_logs",
                                           "v6_mor_inmemory_logonly", "v6_mor_parquet_logs"));

}  // namespace
}  // namespace tapelake::hudi
