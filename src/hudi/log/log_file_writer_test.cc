#include "hudi/log/log_file_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include <arrow/builder.h>

#include "testing/fake_file_system.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;

constexpr const char* kInstant = "20261122125800001";
constexpr const char* kPath = "/lake/log";

class LogFileWriterTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.CreateDirectories("/lake").ok()); }

  static std::shared_ptr<arrow::RecordBatch> Numbers(int64_t count) {
    arrow::Int64Builder builder;
    for (int64_t i = 0; i < count; ++i)
      EXPECT_TRUE(builder.Append(i).ok());
    return arrow::RecordBatch::Make(
        arrow::schema({arrow::field("number", arrow::int64(), /*nullable=*/false)}), count,
        {*builder.Finish()});
  }

  /// Rows in each data block of the file; other blocks as -1.
  std::vector<int64_t> RowsOfBlocks() {
    const std::string bytes = *files_.ReadFile(kPath);
    std::vector<int64_t> rows;
    for (const LogBlock& block : *SplitLogBlocks(bytes)) {
      rows.push_back(block.type == LogBlockType::kAvroData
                         ? static_cast<int64_t>(SplitAvroBlockContent(block.content)->size())
                         : -1);
    }
    return rows;
  }

  testing::FakeFileSystem files_;
  BufferPool buffers_{1 << 20};
  LogFileHeader header_{.instant = kInstant, .schema_json = "{}"};
};

TEST_F(LogFileWriterTest, PiecesOfRowsMakeOneBlock) {
  const auto batch = Numbers(100);
  auto encoder = *AvroRowEncoder::Make(batch->schema());
  LogFileWriter writer(files_, buffers_, kPath, header_, {.rows = 100, .block_bytes = 1 << 20});
  std::vector<int64_t> rows(100);
  std::iota(rows.begin(), rows.end(), 0);
  for (size_t first = 0; first < rows.size(); first += 7) {
    const auto piece = std::span(rows).subspan(first, std::min<size_t>(7, rows.size() - first));
    ASSERT_TRUE(writer.AddRows(*batch, piece, &encoder).ok());
  }
  EXPECT_FALSE(*files_.Exists(kPath)) << "nothing is written before a block is full";
  const auto size = writer.Finish({{.record_key = "k", .partition_path = "p"}});
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_EQ(*size, files_.GetInfo(kPath)->size_bytes);
  EXPECT_THAT(RowsOfBlocks(), ElementsAre(100, -1));
}

TEST_F(LogFileWriterTest, ABlockEndsWithTheRowThatFillsIt) {
  const auto batch = Numbers(30);
  auto encoder = *AvroRowEncoder::Make(batch->schema());
  size_t header_bytes = 0;
  {
    std::string empty;
    BeginLogBlock(LogBlockType::kAvroData,
                  {{LogHeaderKey::kInstantTime, kInstant}, {LogHeaderKey::kSchema, "{}"}}, &empty);
    header_bytes = empty.size() + 8;  // version and count
  }
  // Every row takes five bytes: its length, and one for a number below 64.
  LogFileWriter writer(files_, buffers_, kPath, header_,
                       {.rows = 30, .block_bytes = header_bytes + 12 * 5});
  std::vector<int64_t> rows(30);
  std::iota(rows.begin(), rows.end(), 0);
  ASSERT_TRUE(writer.AddRows(*batch, rows, &encoder).ok());
  ASSERT_TRUE(writer.Finish({}).ok());
  EXPECT_THAT(RowsOfBlocks(), ElementsAre(12, 12, 6));
}

TEST(BufferPool, KeepsMemoryUpToItsBound) {
  BufferPool pool(5000);
  std::string big(4000, 'x');
  const char* memory = big.data();
  pool.Give(std::move(big));
  pool.Give(std::string(4000, 'y'));  // too much: freed
  std::string again = pool.Take();
  EXPECT_TRUE(again.empty());
  EXPECT_EQ(again.data(), memory);
  EXPECT_LT(pool.Take().capacity(), 4000u);
}

}  // namespace
}  // namespace tapelake::hudi
