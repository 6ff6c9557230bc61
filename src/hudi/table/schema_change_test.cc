// What a table's columns may become, and what does not change with them.

#include <gmock/gmock.h>

#include <algorithm>

#include <arrow/array/util.h>
#include <arrow/compute/cast.h>

#include "hudi/table/table_rules.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::HasSubstr;
using testing::TableFixture;

constexpr const char* kDay = "2026-11-22";

TableConfig ConfigFor(TableType type) {
  TableConfig config;
  config.type = type;
  config.record_key_fields = {"key"};
  config.partition_fields = {"part"};
  config.precombine_field = "order";
  return config;
}

Status Change(const std::shared_ptr<arrow::DataType>& from,
              const std::shared_ptr<arrow::DataType>& to, const std::string& column = "x",
              TableType type = TableType::kCopyOnWrite) {
  return CheckSchemaChange(ConfigFor(type), *arrow::schema({arrow::field(column, from)}),
                           *arrow::schema({arrow::field(column, to)}));
}

TEST(SchemaChange, ColumnsWidenAsHudiAllows) {
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::shared_ptr<arrow::DataType>>>
      allowed = {{arrow::int32(), arrow::int64()},   {arrow::int32(), arrow::float32()},
                 {arrow::int32(), arrow::float64()}, {arrow::int64(), arrow::float32()},
                 {arrow::int64(), arrow::float64()}, {arrow::float32(), arrow::float64()},
                 {arrow::utf8(), arrow::binary()},   {arrow::binary(), arrow::utf8()},
                 {arrow::date32(), arrow::date32()}};
  for (const auto& [from, to] : allowed)
    EXPECT_TRUE(Change(from, to).ok()) << from->ToString() << " to " << to->ToString();
}

TEST(SchemaChange, NothingElseChangesAndTheReasonIsSaid) {
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::shared_ptr<arrow::DataType>>>
      refused = {{arrow::int64(), arrow::int32()},
                 {arrow::float64(), arrow::float32()},
                 {arrow::int32(), arrow::utf8()},
                 {arrow::utf8(), arrow::int64()},
                 {arrow::int32(), arrow::decimal128(10, 0)},
                 {arrow::decimal128(9, 2), arrow::decimal128(18, 2)},
                 {arrow::date32(), arrow::int32()},
                 {arrow::boolean(), arrow::int32()}};
  for (const auto& [from, to] : refused) {
    const Status status = Change(from, to);
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << from->ToString() << " to " << to->ToString();
    EXPECT_THAT(status.message(), HasSubstr("'x' is " + from->ToString()));
    EXPECT_THAT(status.message(), HasSubstr("cannot become " + to->ToString()));
    EXPECT_THAT(status.message(), HasSubstr("Hudi widens"));
  }
}

TEST(SchemaChange, WhatRecordsAreFoundAndOrderedByStays) {
  EXPECT_THAT(Change(arrow::utf8(), arrow::binary(), "key").message(), HasSubstr("found by it"));
  EXPECT_THAT(Change(arrow::utf8(), arrow::binary(), "part").message(), HasSubstr("found by it"));
  EXPECT_THAT(Change(arrow::int32(), arrow::int64(), "order", TableType::kMergeOnRead).message(),
              HasSubstr("ordered by it"));
  EXPECT_TRUE(Change(arrow::int32(), arrow::int64(), "order").ok());
}

TEST(SchemaChange, ANullableColumnStaysNullableAndANewOneIs) {
  const TableConfig config = ConfigFor(TableType::kCopyOnWrite);
  const auto nullable = arrow::schema({arrow::field("x", arrow::int32())});
  const auto required = arrow::schema({arrow::field("x", arrow::int32(), /*nullable=*/false)});
  EXPECT_TRUE(CheckSchemaChange(config, *required, *nullable).ok());
  EXPECT_THAT(CheckSchemaChange(config, *nullable, *required).message(), HasSubstr("may be null"));
  const auto wider = *nullable->AddField(1, arrow::field("y", arrow::int32(), false));
  EXPECT_THAT(CheckSchemaChange(config, *nullable, *wider).message(),
              HasSubstr("must be nullable"));
}

/// A table with a 32-bit column and a text whose types widen later.
class WideningTest : public TableFixture, public ::testing::WithParamInterface<TableType> {
 protected:
  static std::shared_ptr<arrow::Schema> SchemaWith(const std::shared_ptr<arrow::DataType>& number,
                                                   const std::shared_ptr<arrow::DataType>& text) {
    return arrow::schema({arrow::field("id", arrow::utf8()), arrow::field("day", arrow::utf8()),
                          arrow::field("version", arrow::int64()), arrow::field("number", number),
                          arrow::field("text", text)});
  }
  static std::shared_ptr<arrow::RecordBatch> OneRow(const std::string& id, int64_t version,
                                                    const std::shared_ptr<arrow::Schema>& schema) {
    auto batch =
        *TableFixture::BatchOf({{id, kDay, version, "text"}})
             ->AddColumn(3, "number", *arrow::MakeArrayFromScalar(arrow::Int64Scalar(version), 1));
    arrow::ArrayVector columns;
    for (int i = 0; i < batch->num_columns(); ++i)
      columns.push_back(*arrow::compute::Cast(*batch->column(i), schema->field(i)->type()));
    return arrow::RecordBatch::Make(schema, 1, std::move(columns));
  }
  void Write(Table& table, const std::string& id, int64_t version,
             const std::shared_ptr<arrow::Schema>& schema) {
    const std::vector<RecordChange> changes = {{id, 0, 0}};
    const auto result = table.Upsert({.schema = schema,
                                      .rows = OneRow(id, version, schema),
                                      .partition_values = {kDay},
                                      .changes = changes});
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->outcome, CommitOutcome::kDone) << result->reason;
  }
  /// `id number text` of every row, sorted.
  std::vector<std::string> Texts(Table& table) {
    const Snapshot snapshot = *table.LatestSnapshot();
    const std::string base_path = kPath;
    const SliceSource source{.files = files_,
                             .base_path = base_path,
                             .timeline = *snapshot.timeline,
                             .schema = snapshot.schema,
                             .scan = {.as_of = snapshot.instant, .precombine_field = "version"}};
    std::vector<std::string> rows;
    for (const FileSlice& slice : snapshot.slices) {
      const auto reader = *SliceReader::Open(source, slice, {"id", "number", "text"});
      while (const auto batch = *reader->Next()) {
        for (int64_t row = 0; row < batch->num_rows(); ++row) {
          std::string text;
          for (const auto& column : batch->columns())
            text += (*column->GetScalar(row))->ToString() + " ";
          rows.push_back(text);
        }
      }
    }
    std::ranges::sort(rows);
    return rows;
  }
};

INSTANTIATE_TEST_SUITE_P(TableTypes, WideningTest,
                         ::testing::Values(TableType::kCopyOnWrite, TableType::kMergeOnRead),
                         [](const auto& type) {
                           return type.param == TableType::kMergeOnRead ? "MergeOnRead"
                                                                        : "CopyOnWrite";
                         });

TEST_P(WideningTest, OldRowsAreReadAndRewrittenInTheNewTypes) {
  const auto narrow = SchemaWith(arrow::int32(), arrow::utf8());
  const auto wide = SchemaWith(arrow::float64(), arrow::binary());
  CreateOptions options = Options(1);
  options.type = GetParam();
  options.schema = narrow;
  auto table = *Table::Create(World(), kPath, options);
  Write(*table, "a", 1, narrow);
  Write(*table, "b", 2, narrow);
  Write(*table, "b", 3, wide);
  const auto rows = Texts(*table);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_TRUE(rows[0].starts_with("a 1 ")) << rows[0];
  EXPECT_TRUE(rows[1].starts_with("b 3 ")) << rows[1];
  EXPECT_TRUE(table->LatestSnapshot()->schema->Equals(*wide));
  if (GetParam() == TableType::kMergeOnRead) {
    const auto compaction = table->ScheduleCompaction({.log_files_max = 1});
    ASSERT_TRUE(table->RunCompaction(*compaction, 1).ok());
  }
  EXPECT_EQ(Texts(*table), rows);
  const auto reader = OpenSlice(table->LatestSnapshot()->slices.at(0));
  EXPECT_EQ(reader->schema()->GetFieldByName("number")->type()->id(), arrow::Type::DOUBLE);
  EXPECT_EQ(reader->schema()->GetFieldByName("text")->type()->id(), arrow::Type::BINARY);
  const std::vector<RecordChange> changes = {{"c", 0, 0}};
  const auto back = table->Upsert({.schema = narrow,
                                   .rows = OneRow("c", 4, narrow),
                                   .partition_values = {kDay},
                                   .changes = changes});
  EXPECT_THAT(back.status().message(), HasSubstr("'number' is double"));
}

}  // namespace
}  // namespace tapelake::hudi
