// The base files we write, read back: footers, encodings, key filters over many rewrites.

#include <gmock/gmock.h>

#include <arrow/array.h>
#include "hudi/format/bloom_filter.h"
#include "hudi/reader/base_file_check.h"
#include "hudi/writer/file_group_merge.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using testing::TableFixture;
using testing::TestChanges;
using testing::TestRow;

constexpr const char* kDay = "2026-11-22";

class FileLayoutTest : public TableFixture {
 protected:
  static std::vector<TestRow> ManyRows(int count, int64_t version) {
    std::vector<TestRow> rows;
    rows.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      rows.push_back({"key-" + std::to_string(i), kDay, version, i % 2 == 0 ? "even" : "odd"});
    }
    return rows;
  }
  FileSlice OnlySlice(Table& table) { return table.LatestSnapshot()->slices.at(0); }
};

TEST_F(FileLayoutTest, FooterHoldsSchemaFilterAndKeyRange) {
  const auto table = Create(1);
  Upsert(*table, {.rows = {{"b", kDay, 1, {}}, {"a", kDay, 1, {}}, {"c", kDay, 1, {}}}});
  const auto reader = OpenSlice(OnlySlice(*table));
  EXPECT_EQ(reader->FooterValue("hoodie_min_record_key"), "a");
  EXPECT_EQ(reader->FooterValue("hoodie_max_record_key"), "c");
  EXPECT_EQ(reader->FooterValue("writer.model.name"), "avro");
  EXPECT_THAT(*reader->FooterValue("parquet.avro.schema"),
              ::testing::HasSubstr("_hoodie_commit_time"));
  EXPECT_EQ(reader->FooterValue("ARROW:schema"), std::nullopt);
}

// docs/internals/seal.md, S7
TEST_F(FileLayoutTest, NoFlippedBitOfABaseFileGoesUnnoticed) {
  const auto table = Create(1);
  Upsert(*table, {.rows = ManyRows(300, 1)});
  const std::string path = std::string(kPath) + "/" + OnlySlice(*table).RelativePath();
  ASSERT_TRUE(CheckBaseFile(files_, path).ok());
  const std::string whole = *files_.ReadFile(path);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
    ASSERT_TRUE(files_.ReplaceFile(path, changed).ok());
    const Status status = CheckBaseFile(files_, path);
    ASSERT_EQ(KindOf(status), ErrorKind::kCorrupt) << at;
    ASSERT_THAT(status.message(), ::testing::HasSubstr(path));
  }
  for (const size_t kept : {size_t{0}, size_t{3}, whole.size() / 2, whole.size() - 1}) {
    ASSERT_TRUE(files_.ReplaceFile(path, whole.substr(0, kept)).ok());
    EXPECT_EQ(KindOf(CheckBaseFile(files_, path)), ErrorKind::kCorrupt) << kept;
  }
}

TEST_F(FileLayoutTest, ABaseFileIsCheckedOnceUntilItChanges) {
  const auto table = Create(1);
  Upsert(*table, {.rows = ManyRows(300, 1)});
  const std::string path = std::string(kPath) + "/" + OnlySlice(*table).RelativePath();
  CheckedBaseFiles checked;
  EXPECT_TRUE(checked.Check(files_, path).ok());
  EXPECT_TRUE(checked.Check(files_, path).ok());
  EXPECT_EQ(checked.files_read(), 1);
  std::string bytes = *files_.ReadFile(path);
  bytes.insert(4, "x");
  ASSERT_TRUE(files_.ReplaceFile(path, bytes).ok());
  EXPECT_EQ(KindOf(checked.Check(files_, path)), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(checked.Check(files_, path)), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(checked.Check(files_, "/nowhere")), ErrorKind::kNotFound);
}

TEST_F(FileLayoutTest, KeyFilterKnowsEveryKeyAfterManyRewrites) {
  const auto table = Create(1);
  int keys = 0;
  for (int commit = 0; commit < 8; ++commit) {
    TestChanges changes;
    for (int i = 0; i < 400; ++i)
      changes.rows.push_back({"k" + std::to_string(keys++), kDay, 1, {}});
    Upsert(*table, changes);
    clock_.Advance(1'000'000);
  }
  const auto reader = OpenSlice(OnlySlice(*table));
  const auto filter = BloomFilter::Parse(*reader->FooterValue("org.apache.hudi.bloomfilter"), 1);
  ASSERT_TRUE(filter.ok()) << filter.status();
  for (int i = 0; i < keys; ++i)
    ASSERT_TRUE(filter->MayContain("k" + std::to_string(i))) << i;
  EXPECT_EQ(reader->FooterValue("hoodie_max_record_key"), "k999");
  EXPECT_LT(reader->FooterValue("org.apache.hudi.bloomfilter")->size(), 20'000U);
}

TEST_F(FileLayoutTest, RepeatingStringsAreDictionariesAndStaySo) {
  const auto table = Create(1);
  Upsert(*table, {.rows = ManyRows(2000, 1)});
  Upsert(*table, {.rows = {{"key-5", kDay, 2, "third"}, {"fresh", kDay, 2, {}}}});
  const std::string path = std::string(kPath) + "/" + OnlySlice(*table).RelativePath();
  const auto reader = BaseFileReader::Open(files_, path, {.keep_dictionaries = true}).ValueOrDie();
  const auto is_dictionary = [&](const char* column) {
    return reader->schema()->GetFieldByName(column)->type()->id() == arrow::Type::DICTIONARY;
  };
  EXPECT_TRUE(is_dictionary("text"));
  EXPECT_TRUE(is_dictionary("day"));
  EXPECT_TRUE(is_dictionary("_hoodie_file_name"));
  EXPECT_FALSE(is_dictionary("id"));
  const auto rows = Rows(*table);
  ASSERT_EQ(rows.size(), 2001U);
  EXPECT_EQ(rows.front(), (TestRow{"fresh", kDay, 2, std::nullopt}));
  const auto changed = std::ranges::find(rows, "key-5", &TestRow::id);
  EXPECT_EQ(*changed, (TestRow{"key-5", kDay, 2, "third"}));
}

TEST_F(FileLayoutTest, StringsThatNoLongerRepeatAreWrittenWhole) {
  const auto table = Create(1);
  Upsert(*table, {.rows = ManyRows(100, 1)});
  TestChanges changes;
  const std::string long_text(500, 'x');
  for (int i = 0; i < 4000; ++i) {  // two megabytes of distinct values: no dictionary holds them
    changes.rows.push_back({"n" + std::to_string(i), kDay, 2, long_text + std::to_string(i)});
  }
  Upsert(*table, changes);
  Upsert(*table, {.rows = {{"key-1", kDay, 3, "last"}}});
  const auto rows = Rows(*table);
  ASSERT_EQ(rows.size(), 4100U);
  EXPECT_EQ(std::ranges::find(rows, "n3999", &TestRow::id)->text, long_text + "3999");
  EXPECT_EQ(std::ranges::find(rows, "key-2", &TestRow::id)->text, "even");
  EXPECT_EQ(std::ranges::find(rows, "key-1", &TestRow::id)->text, "last");
}

TEST_F(FileLayoutTest, ADictionaryForgetsValuesThatNoRowHas) {
  const auto table = Create(1);
  Upsert(*table, {.rows = ManyRows(100, 1)});
  for (int64_t version = 2; version <= 30; ++version) {
    clock_.Advance(1'000'000);
    std::vector<TestRow> rows = ManyRows(100, version);
    rows.erase(rows.begin() + version % 2);  // one stays for a while
    for (TestRow& row : rows)
      row.text = "version " + std::to_string(version);
    Upsert(*table, {.rows = rows});
  }
  const std::string path = std::string(kPath) + "/" + OnlySlice(*table).RelativePath();
  const auto reader = BaseFileReader::Open(files_, path, {.keep_dictionaries = true}).ValueOrDie();
  for (const char* name : {"_hoodie_commit_time", "text"}) {
    const auto stream = reader->Stream({0}, {name}).ValueOrDie();
    const auto batch = stream->Next().ValueOrDie();
    const auto& column = dynamic_cast<const arrow::DictionaryArray&>(*batch->column(0));
    EXPECT_EQ(column.dictionary()->length(), 2) << name;  // of the last two commits
  }
  EXPECT_EQ(Rows(*table).size(), 100U);
}

TEST_F(FileLayoutTest, LargeGroupsHaveSeveralRowGroups) {
  const auto table = Create(1);
  const int count = static_cast<int>(FileGroupMerge::kRowGroupRows) + 1000;
  Upsert(*table, {.rows = ManyRows(count, 1)});
  EXPECT_EQ(OpenSlice(OnlySlice(*table))->row_group_count(), 2);
  Upsert(*table, {.rows = {{"key-7", kDay, 2, "seven"}, {"more", kDay, 2, {}}}});
  const auto reader = OpenSlice(OnlySlice(*table));
  EXPECT_EQ(reader->row_count(), count + 1);
  const auto rows = Rows(*table);
  ASSERT_EQ(rows.size(), static_cast<size_t>(count) + 1);
  EXPECT_EQ(std::ranges::find(rows, "key-7", &TestRow::id)->version, 2);
}

TEST_F(FileLayoutTest, StatisticsTellTheRangeOfAColumn) {
  const auto table = Create(1);
  Upsert(*table, {.rows = {{"a", kDay, 5, {}}, {"b", kDay, 9, {}}, {"c", kDay, 7, {}}}});
  const auto reader = OpenSlice(OnlySlice(*table));
  const ColumnStatistics statistics = *reader->Statistics(0, "version");
  EXPECT_TRUE(statistics.min->Equals(arrow::Int64Scalar(5)));
  EXPECT_TRUE(statistics.max->Equals(arrow::Int64Scalar(9)));
  EXPECT_EQ(statistics.null_count, 0);
  const ColumnStatistics nulls = *reader->Statistics(0, "text");
  EXPECT_EQ(nulls.min, nullptr);
  EXPECT_EQ(nulls.null_count, 3);
  EXPECT_EQ(KindOf(reader->Statistics(0, "none").status()), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::hudi
