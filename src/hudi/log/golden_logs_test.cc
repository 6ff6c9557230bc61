/// Every log file of the merge-on-read tables Spark wrote: read, merged, and written again byte by
/// byte.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <sstream>

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/util/checked_cast.h>

#include "base/time.h"
#include "hudi/format/avro_schema.h"
#include "hudi/log/log_overlay.h"
#include "hudi/log/log_records.h"
#include "io/local_file_system.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using arrow::internal::checked_cast;
using Row = std::map<std::string, std::string>;  // column -> text

struct Expectation {
  const char* table;
  int data_blocks;
  int delete_blocks;
  bool log_only = false;
};

void PrintTo(const Expectation& expectation, std::ostream* out) {
  *out << expectation.table;
}

std::string Text(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return "\\N";
  switch (column.type_id()) {
    case arrow::Type::TIMESTAMP:
      return base::FormatIso8601Micros(
          checked_cast<const arrow::TimestampArray&>(column).Value(row));
    case arrow::Type::DECIMAL128:
      return checked_cast<const arrow::Decimal128Array&>(column).FormatValue(row);
    default:
      return (*column.GetScalar(row))->ToString();
  }
}

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');)
    cells.push_back(cell);
  return cells;
}

/// The rows of a golden CSV file by their first column, the key.
std::map<std::string, Row> RowsOfCsv(const std::string& csv) {
  std::map<std::string, Row> rows;
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  const auto columns = Cells(line);
  while (std::getline(lines, line)) {
    const auto cells = Cells(line);
    for (size_t i = 0; i < columns.size(); ++i)
      rows[cells[0]][columns[i]] = cells[i];
  }
  return rows;
}

class GoldenLogs : public ::testing::TestWithParam<Expectation> {
 protected:
  std::vector<std::string> LogFiles() {
    std::vector<std::string> paths;
    for (const std::string& partition : *ListPartitions(files_, table_.path())) {
      for (const io::FileInfo& entry : *files_.List(io::JoinPath(table_.path(), partition))) {
        if (entry.name.find(".log.") == std::string::npos) continue;
        paths.push_back(io::JoinPath(io::JoinPath(table_.path(), partition), entry.name));
      }
    }
    return paths;
  }

  std::shared_ptr<arrow::Schema> TableSchema(const Timeline& timeline) {
    const auto metadata =
        ReadCommitMetadata(files_, table_.path(), *timeline.NewestCompletedCommit());
    return *ParseAvroSchema(metadata->schema());
  }

  golden::GoldenTable table_{TAPELAKE_SOURCE_DIR, GetParam().table};
  io::LocalFileSystem files_;
};

/// Write an Avro data block again from the rows that were read of it.
std::string Rewritten(const LogBlock& block) {
  const std::string& json = block.header.at(LogHeaderKey::kSchema);
  AvroRowDecoder decoder = *AvroRowDecoder::Make(json);
  for (const std::string_view datum : *SplitAvroBlockContent(block.content)) {
    EXPECT_EQ(decoder.Append(datum).ToString(), "OK");
  }
  const auto batch = *decoder.Finish();
  EXPECT_TRUE(batch->ValidateFull().ok());
  std::vector<int64_t> rows(static_cast<size_t>(batch->num_rows()));
  std::iota(rows.begin(), rows.end(), 0);
  std::string records;
  EXPECT_TRUE(AvroRowEncoder::Make(batch->schema())->Append(*batch, rows, &records).ok());
  return FormatAvroBlockContent(static_cast<int32_t>(rows.size()), records);
}

TEST_P(GoldenLogs, EveryBlockIsWrittenAgainByteByByte) {
  int data_blocks = 0;
  int delete_blocks = 0;
  for (const std::string& path : LogFiles()) {
    const std::string file = *files_.ReadFile(path);
    constexpr size_t kSealBytes = 35;  // Spark writes none
    std::string again;
    size_t seals = 0;
    for (const LogBlock& block : *SplitLogBlocks(file)) {
      std::string content(block.content);
      if (block.type == LogBlockType::kAvroData) content = Rewritten(block);
      if (block.type == LogBlockType::kDelete) {
        content = FormatDeleteBlockContent(*ParseDeleteBlockContent(block.content));
        ++delete_blocks;
      } else {
        ++data_blocks;
      }
      EXPECT_EQ(content, block.content) << path;
      // Spark orders the entries of the header as its hash map does.
      AppendLogBlock(block.type, block.header, content, &again);
      seals += kSealBytes;
    }
    EXPECT_EQ(again.size(), file.size() + seals) << path;
  }
  EXPECT_EQ(data_blocks, GetParam().data_blocks);
  EXPECT_EQ(delete_blocks, GetParam().delete_blocks);
}

TEST_P(GoldenLogs, MergedRowsAreThoseOfTheSnapshot) {
  const Timeline timeline = *Timeline::Load(files_, table_.path());
  const auto schema = TableSchema(timeline);
  auto expected = RowsOfCsv(table_.SideFile("snapshot.csv"));
  const auto listing = LatestSlices(files_, table_.path(), timeline, "");
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  int64_t rows = 0;
  for (const FileSlice& slice : *listing) {
    const auto overlay =
        ReadLogOverlay(files_, table_.path(), slice, timeline, schema, {"", "event_seq"});
    ASSERT_TRUE(overlay.ok()) << overlay.status().ToString();
    const arrow::RecordBatch& merged = *(*overlay)->rows;
    rows += merged.num_rows();
    EXPECT_EQ((*overlay)->corrupt_blocks, 0);
    std::map<std::string, bool> surviving;
    for (int64_t i = 0; i < merged.num_rows(); ++i) {
      const std::string key = Text(*merged.GetColumnByName("_hoodie_record_key"), i);
      surviving[key] = true;
      ASSERT_TRUE(expected.contains(key)) << key;
      for (const auto& [column, text] : expected[key])
        EXPECT_EQ(Text(*merged.GetColumnByName(column), i), text) << key << " " << column;
    }
    for (const std::string_view key : (*overlay)->keys) {
      if (surviving.contains(std::string(key))) continue;
      EXPECT_FALSE(expected.contains(std::string(key))) << key << " was deleted";
    }
  }
  EXPECT_GT(rows, 0);
  if (GetParam().log_only) {
    EXPECT_EQ(rows, static_cast<int64_t>(expected.size()));
  }
}

TEST_P(GoldenLogs, SurviveBeingCutAnywhere) {
  const Timeline timeline = *Timeline::Load(files_, table_.path());
  const auto schema = TableSchema(timeline);
  const std::string path = LogFiles().front();
  const std::string file = *files_.ReadFile(path);
  const FileSlice slice = {.file_id = "f", .log_files = {{io::FileName(path), 1, 0}}};
  for (size_t size = 0; size < file.size(); size += 61) {
    ASSERT_TRUE(files_.ReplaceFile(path, file.substr(0, size)).ok());
    const auto overlay =
        ReadLogOverlay(files_, io::ParentPath(path), slice, timeline, schema, {"", "event_seq"});
    ASSERT_TRUE(overlay.ok()) << overlay.status().ToString();
    EXPECT_LE((*overlay)->corrupt_blocks, 1);
  }
}

TEST_P(GoldenLogs, ContentsSurviveFlippedBits) {
  const std::vector<std::string> columns = {"_hoodie_record_key", "price", "event_seq"};
  const std::string file = *files_.ReadFile(LogFiles().front());
  for (const LogBlock& block : *SplitLogBlocks(file)) {
    for (size_t bit = 0; bit < 8 * block.content.size(); bit += 101) {
      std::string changed(block.content);
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
      LogBlock damaged = block;
      damaged.content = changed;
      if (block.type == LogBlockType::kDelete) {
        (void)ParseDeleteBlockContent(changed);
        continue;
      }
      const auto batch = LogRecordReader(columns).Read(damaged);
      if (batch.ok()) {
        EXPECT_TRUE((*batch)->ValidateFull().ok()) << bit;
      } else {
        EXPECT_NE(KindOf(batch.status()), ErrorKind::kInternal) << batch.status().ToString();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(MergeOnRead, GoldenLogs,
                         ::testing::Values(Expectation{"v6_mor_avro_logs", 3, 3},
                                           Expectation{"v6_mor_parquet_logs", 3, 3},
                                           Expectation{"v6_mor_bucket", 25, 6},
                                           Expectation{"v6_mor_bucket_logonly", 28, 6, true},
                                           Expectation{"v6_mor_inmemory_logonly", 6, 0, true},
                                           Expectation{"v6_mor_compacted_then_logs", 9, 5}),
                         [](const auto& info) { return std::string(info.param.table); });

}  // namespace
}  // namespace tapelake::hudi
