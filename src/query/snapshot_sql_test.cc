#include "query/snapshot_sql.h"

#include <gtest/gtest.h>

#include "query/enriched_view.h"

namespace tapelake::query {
namespace {

std::string TypeName(const std::shared_ptr<arrow::DataType>& type) {
  return DuckTypeName(*type).ValueOr("error");
}

TEST(Quoting, DoublesTheQuoteItself) {
  EXPECT_EQ(QuoteIdentifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteLiteral("it's \\ \""), "'it''s \\ \"'");
}

TEST(DuckTypeName, KeepsEveryValue) {
  EXPECT_EQ(TypeName(arrow::int32()), "INTEGER");
  EXPECT_EQ(TypeName(arrow::decimal128(38, 18)), "DECIMAL(38,18)");
  EXPECT_EQ(TypeName(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")), "TIMESTAMP WITH TIME ZONE");
  EXPECT_EQ(TypeName(arrow::timestamp(arrow::TimeUnit::MICRO)), "TIMESTAMP");
  EXPECT_EQ(TypeName(arrow::fixed_size_binary(4)), "BLOB");
  EXPECT_EQ(TypeName(arrow::list(arrow::utf8())), "VARCHAR[]");
  EXPECT_EQ(TypeName(arrow::map(arrow::utf8(), arrow::int64())), "MAP(VARCHAR, BIGINT)");
  EXPECT_EQ(TypeName(arrow::struct_({arrow::field("a b", arrow::int32()),
                                     arrow::field("c", arrow::list(arrow::boolean()))})),
            "STRUCT(\"a b\" INTEGER, \"c\" BOOLEAN[])");
  const auto refused = DuckTypeName(*arrow::decimal256(60, 2));
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
}

TEST(ColumnsOf, NamesTheColumnItCannotShow) {
  const auto columns = ColumnsOf(*arrow::schema({arrow::field("odd", arrow::month_interval())}));
  ASSERT_FALSE(columns.ok());
  EXPECT_NE(columns.status().message().find("column 'odd'"), std::string::npos);
}

TEST(SnapshotSelect, NamesFilesAndWhatIsKnownOfTheirPartitions) {
  TableSnapshot snapshot{.instant = "1",
                         .schema = arrow::schema({arrow::field("k", arrow::utf8())}),
                         .file_paths = {"/l/it's/a[1]*?.parquet", "/l/b.parquet"}};
  std::string sql = SnapshotSelect(snapshot, nullptr, 0).ValueOrDie();
  EXPECT_NE(sql.find("['/l/it''s/a[1]*?.parquet', '/l/b.parquet']"), std::string::npos) << sql;
  EXPECT_EQ(sql.find("partition_field"), std::string::npos) << sql;
  snapshot.keys.partition_field = "k";
  snapshot.partition_values["/l/b.parquet"] = "it's";
  sql = SnapshotSelect(snapshot, nullptr, 0).ValueOrDie();
  EXPECT_NE(sql.find("partition_field = 'k', partition_values = [NULL, 'it''s']"),
            std::string::npos)
      << sql;
}

std::vector<SnapshotColumn> TradeColumns() {
  return {{"timestamp", "TIMESTAMP WITH TIME ZONE"},
          {"price", "DECIMAL(38,18)"},
          {"quantity", "DECIMAL(38,18)"},
          {"trade_fee", "DECIMAL(38,18)"}};
}

TEST(EnrichedSelect, NeedsExactAmountsAndFreeNames) {
  EXPECT_TRUE(EnrichedSelect("t", TradeColumns()).has_value());
  for (size_t i = 0; i < TradeColumns().size(); ++i) {
    auto columns = TradeColumns();
    columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(EnrichedSelect("t", columns).has_value()) << i;
  }
  auto inexact = TradeColumns();
  inexact[1].type = "DOUBLE";
  EXPECT_FALSE(EnrichedSelect("t", inexact).has_value());
  auto taken = TradeColumns();
  taken.push_back({"notional", "VARCHAR"});
  EXPECT_FALSE(EnrichedSelect("t", taken).has_value());
}

}  // namespace
}  // namespace tapelake::query
