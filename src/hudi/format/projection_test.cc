#include "hudi/format/projection.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tapelake::hudi {
namespace {

std::shared_ptr<arrow::Array> Ints() {
  arrow::Int32Builder builder;
  EXPECT_TRUE(builder.AppendValues({1, -2}).ok());
  return *builder.Finish();
}

std::shared_ptr<arrow::RecordBatch> BatchOf(const std::string& name,
                                            const std::shared_ptr<arrow::Array>& column) {
  return arrow::RecordBatch::Make(arrow::schema({arrow::field(name, column->type())}),
                                  column->length(), {column});
}

TEST(Projection, FillsAbsentColumnsWithNullsOfTheirType) {
  const auto schema = arrow::schema(
      {arrow::field("d", arrow::decimal128(18, 8)), arrow::field("a", arrow::int32())});
  const auto projected = ProjectBatch(*BatchOf("a", Ints()), schema).ValueOrDie();
  EXPECT_TRUE(projected->schema()->Equals(*schema));
  EXPECT_EQ(projected->column(0)->null_count(), 2);
  EXPECT_TRUE(projected->column(1)->Equals(*Ints()));
}

TEST(Projection, WidensNumbersAsAvroDoes) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  const auto projected = ProjectBatch(*BatchOf("a", Ints()), schema).ValueOrDie();
  EXPECT_TRUE((*projected->column(0)->GetScalar(1))->Equals(arrow::Int64Scalar(-2)));
}

TEST(Projection, WidensDecimalsAtTheSameScaleOnly) {
  EXPECT_TRUE(Widens(*arrow::decimal128(10, 2), *arrow::decimal128(18, 2)));
  EXPECT_FALSE(Widens(*arrow::decimal128(10, 2), *arrow::decimal128(18, 4)));
  EXPECT_FALSE(Widens(*arrow::decimal128(18, 2), *arrow::decimal128(10, 2)));
  arrow::Decimal128Builder builder(arrow::decimal128(10, 2));
  ASSERT_TRUE(builder.Append(arrow::Decimal128(-12345)).ok());
  const auto schema = arrow::schema({arrow::field("a", arrow::decimal128(38, 2))});
  const auto projected = ProjectBatch(*BatchOf("a", *builder.Finish()), schema).ValueOrDie();
  EXPECT_EQ((*projected->column(0)->GetScalar(0))->ToString(), "-123.45");
}

TEST(Projection, DecodesDictionaries) {
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  arrow::StringBuilder values;
  ASSERT_TRUE(values.AppendValues({"x", "y"}).ok());
  arrow::Int32Builder indices;
  ASSERT_TRUE(indices.AppendValues({1, 0, 1}).ok());
  const auto array = *arrow::DictionaryArray::FromArrays(type, *indices.Finish(), *values.Finish());
  const auto schema = arrow::schema({arrow::field("a", arrow::utf8())});
  const auto projected = ProjectBatch(*BatchOf("a", array), schema).ValueOrDie();
  EXPECT_EQ((*projected->column(0)->GetScalar(2))->ToString(), "y");
  const auto kept = ProjectColumn(*BatchOf("a", array), *schema->field(0), DictionaryUse::kKeep);
  EXPECT_TRUE((*kept)->type()->Equals(*type));
}

TEST(Projection, NamesColumnAndTypesItCannotRead) {
  const auto schema = arrow::schema({arrow::field("a", arrow::boolean())});
  const auto projected = ProjectBatch(*BatchOf("a", Ints()), schema);
  EXPECT_EQ(KindOf(projected.status()), ErrorKind::kInvalid);
  EXPECT_THAT(projected.status().message(), ::testing::HasSubstr("'a' is stored as int32"));
  EXPECT_THAT(projected.status().message(), ::testing::HasSubstr("bool"));
}

}  // namespace
}  // namespace tapelake::hudi
