#include "query/enriched_view.h"

#include "base/decimal.h"
#include "tests/sql/session_fixture.h"

namespace tapelake::query {
namespace {

std::shared_ptr<arrow::Array> Amounts(const std::vector<std::string>& texts) {
  arrow::Decimal128Builder builder(arrow::decimal128(38, 18));
  for (const std::string& text : texts) {
    base::Int128 value = 0;
    if (text.empty()) {
      EXPECT_TRUE(builder.AppendNull().ok());
    } else {
      EXPECT_EQ(base::ParseDecimal(text, 38, 18, &value), base::DecimalOutcome::kOk) << text;
      const arrow::Decimal128 decimal(static_cast<int64_t>(value >> 64),
                                      static_cast<uint64_t>(value));
      EXPECT_TRUE(builder.Append(decimal).ok());
    }
  }
  return builder.Finish().ValueOrDie();
}

class EnrichedViewTest : public SessionTest {
 protected:
  /// A lake whose crypto.trades has these columns; rows are told apart by their position.
  void OpenTrades(const std::vector<std::string>& prices,
                  const std::vector<std::string>& quantities, const std::vector<std::string>& fees,
                  const std::vector<int64_t>& micros) {
    const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    const auto amount = arrow::decimal128(38, 18);
    const auto schema =
        arrow::schema({arrow::field("timestamp", utc), arrow::field("price", amount),
                       arrow::field("quantity", amount), arrow::field("trade_fee", amount)});
    const std::string file = folder_ + "/trades.parquet";
    WriteParquet(file, schema,
                 {Int64Array(micros)->View(utc).ValueOrDie(), Amounts(prices), Amounts(quantities),
                  Amounts(fees)});
    const std::string path = folder_ + "/lake/crypto/trades";
    ASSERT_TRUE(files_.CreateDirectories(path + "/.hoodie").ok());
    provider_.snapshots[path] = {.instant = "1", .schema = schema, .file_paths = {file}};
    OpenSession(folder_ + "/lake");
  }
};

TEST_F(EnrichedViewTest, BandsHaveOpenLowerEnds) {
  OpenTrades({"500000", "500000.000000000000000001", "100000", "100000.01", "-900000", "", "1"},
             {"1", "1", "1", "1", "1", "1", ""}, {"0", "0", "0", "0", "0", "0", "0"},
             {0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(Csv("SELECT risk_band FROM crypto.trades_enriched"),
            "risk_band\nMEDIUM\nHIGH\nLOW\nMEDIUM\nLOW\n\\N\n\\N\n");
}

TEST_F(EnrichedViewTest, AmountsAreExactAndNullWhereTheyCannotBe) {
  OpenTrades({"0.12345678", "10000000000", "-10000000000", "5"},
             {"0.12345678", "10000000000", "10000000000", "0"},
             {"0.0152415765279684", "1", "1", "1"}, {0, 0, 0, 0});
  EXPECT_EQ(Csv("SELECT notional, fee_rate, risk_band FROM main.trades_enriched"),
            "notional,fee_rate,risk_band\n"
            "0.015241576527968400,1.000000000000000000,LOW\n"
            "\\N,\\N,HIGH\n\\N,\\N,LOW\n0.000000000000000000,\\N,LOW\n");
}

TEST_F(EnrichedViewTest, HoursStartAtTheFullHourBefore1970Too) {
  OpenTrades({"1", "1", "1", "1"}, {"1", "1", "1", "1"}, {"1", "1", "1", "1"},
             {1714525199999999, 1714525200000000, -1, -3600000000});
  EXPECT_EQ(Csv("SELECT hour_bucket, hour_bucket = date_trunc('hour', \"timestamp\") AS same "
                "FROM crypto.trades_enriched"),
            "hour_bucket,same\n2024-05-01T00:00:00.000000,True\n2024-05-01T01:00:00.000000,True\n"
            "1969-12-31T23:00:00.000000,True\n1969-12-31T23:00:00.000000,True\n");
}

}  // namespace
}  // namespace tapelake::query
