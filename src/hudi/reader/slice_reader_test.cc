#include "hudi/reader/slice_reader.h"

#include <gmock/gmock.h>

#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TestChanges;

constexpr const char* kDay = "2026-11-22";

class SliceReaderTest : public testing::TableFixture {
 protected:
  SliceReaderTest() : table_(CreateMergeOnRead(1)) {}

  void Commit(const TestChanges& changes) {
    clock_.Advance(2'000'000);
    Upsert(*table_, changes);
  }
  void Compact() {
    clock_.Advance(2'000'000);
    const std::string instant = *table_->ScheduleCompaction({.log_files_max = 1});
    ASSERT_TRUE(table_->RunCompaction(instant, 1).ok());
  }

  /// The rows of the only slice, columns joined by a blank, in the order they come.
  Result<std::vector<std::string>> Read(const std::vector<std::string>& columns,
                                        RowGroupFilter row_groups = nullptr,
                                        std::shared_ptr<arrow::Schema> schema = nullptr) {
    const Snapshot snapshot = *table_->LatestSnapshot();
    EXPECT_EQ(snapshot.slices.size(), 1u);
    const SliceSource source{
        .files = files_,
        .base_path = table_->base_path(),
        .timeline = *snapshot.timeline,
        .schema = schema == nullptr ? snapshot.schema : schema,
        .scan = {.as_of = snapshot.instant, .precombine_field = snapshot.precombine_field},
        .row_groups = std::move(row_groups)};
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader,
                             SliceReader::Open(source, snapshot.slices.at(0), columns));
    has_overlay_ = reader->overlay() != nullptr;
    std::vector<std::string> rows;
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) break;
      EXPECT_GT(batch->num_rows(), 0);
      EXPECT_EQ(batch->schema()->field_names(), columns);
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        std::string& row = rows.emplace_back();
        for (int c = 0; c < batch->num_columns(); ++c)
          row += (c > 0 ? " " : "") + (*batch->column(c)->GetScalar(i))->ToString();
      }
    }
    return rows;
  }

  std::unique_ptr<Table> table_;
  bool has_overlay_ = false;
};

TEST_F(SliceReaderTest, GivesBaseRowsThatNoLogNamesThenTheLogs) {
  Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}, {"c", kDay, 1, "z"}}});
  Compact();
  EXPECT_THAT(*Read({"id"}), ElementsAre("a", "b", "c"));
  EXPECT_FALSE(has_overlay_);
  Commit({.rows = {{"a", kDay, 2, "new"}}, .deletes = {{"b", kDay}}});
  EXPECT_THAT(*Read({"text", "_hoodie_record_key", "version"}), ElementsAre("z c 1", "new a 2"));
  EXPECT_TRUE(has_overlay_);
}

TEST_F(SliceReaderTest, GivesNoBatchForASliceOfDeletesOnly) {
  Commit({.rows = {{"a", kDay, 1, "x"}}});
  Compact();
  Commit({.deletes = {{"a", kDay}}});
  EXPECT_THAT(*Read({"id"}), ::testing::IsEmpty());
}

TEST_F(SliceReaderTest, LeavesOutRowGroupsButNoLogs) {
  Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
  Compact();
  Commit({.rows = {{"a", kDay, 2, "new"}}});
  int asked = 0;
  const auto none = [&asked](const BaseFileReader&, int) -> Result<bool> {
    ++asked;
    return false;
  };
  EXPECT_THAT(*Read({"id"}, none), ElementsAre("a"));
  EXPECT_EQ(asked, 1);
}

TEST_F(SliceReaderTest, FillsColumnsThatNeitherFileNorLogHas) {
  Commit({.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
  Compact();
  Commit({.rows = {{"a", kDay, 2, "new"}}});
  auto fields = Schema()->fields();
  fields.push_back(arrow::field("note", arrow::int64()));
  EXPECT_THAT(*Read({"id", "note"}, nullptr, arrow::schema(fields)),
              ElementsAre("b null", "a null"));
}

TEST_F(SliceReaderTest, NamesColumnsThatTheTableLacks) {
  Commit({.rows = {{"a", kDay, 1, "x"}}});
  const auto rows = Read({"id", "nothing"});
  EXPECT_EQ(KindOf(rows.status()), ErrorKind::kInvalid);
  EXPECT_THAT(rows.status().message(), HasSubstr("'nothing'"));
}

TEST_F(SliceReaderTest, FilesThatAreGoneAreAnError) {
  Commit({.rows = {{"a", kDay, 1, "x"}}});
  const Snapshot snapshot = *table_->LatestSnapshot();
  const FileSlice& slice = snapshot.slices.at(0);
  ASSERT_TRUE(files_.DeleteFile(std::string(kPath) + "/" + slice.LogPath(slice.log_files[0])).ok());
  EXPECT_EQ(KindOf(Read({"id"}).status()), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace tapelake::hudi
