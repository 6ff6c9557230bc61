#include "serve/dashboard/parameters.h"

#include <gtest/gtest.h>

#include "serve/http/target.h"

namespace tapelake::serve {
namespace {

HttpRequest RequestOf(std::string_view query) {
  HttpRequest request;
  EXPECT_TRUE(ParseTarget("/?" + std::string(query), &request).ok());
  return request;
}

TEST(Parameters, HaveDefaults) {
  const BarsRequest bars = *BarsRequestOf(RequestOf("pair=BTC/USD"));
  EXPECT_EQ(bars.series, (SeriesName{"BTC/USD", "*"}));
  EXPECT_EQ(bars.interval, market::Interval::kMinute);
  EXPECT_EQ(bars.from_ms, 0);
  EXPECT_GT(bars.to_ms, 4'000'000'000'000);
  EXPECT_EQ(bars.bars_max, 1'500);
}

TEST(Parameters, AreTakenAsGiven) {
  const BarsRequest bars = *BarsRequestOf(
      RequestOf("pair=A%2FB&exchange=kraken&interval=1d&from_ms=-5&to_ms=7&limit=5000"));
  EXPECT_EQ(bars.series, (SeriesName{"A/B", "kraken"}));
  EXPECT_EQ(bars.interval, market::Interval::kDay);
  EXPECT_EQ(bars.from_ms, -5);
  EXPECT_EQ(bars.to_ms, 7);
  EXPECT_EQ(bars.bars_max, 5'000);
}

TEST(Parameters, OutOfBoundsAreRefusedByName) {
  for (const char* query :
       {"", "pair=", "pair=a&exchange=", "pair=a&interval=2m", "pair=a&limit=0",
        "pair=a&limit=5001", "pair=a&limit=1e3", "pair=a&limit=", "pair=a&from_ms=2&to_ms=1",
        "pair=a&from_ms=99999999999999999999", "pair=a&to_ms=1.5"}) {
    const auto bars = BarsRequestOf(RequestOf(query));
    EXPECT_EQ(KindOf(bars.status()), ErrorKind::kInvalid) << query;
  }
  EXPECT_FALSE(PairOf(RequestOf("pair=" + std::string(257, 'x'))).ok());
  EXPECT_FALSE(SubscriptionOf(RequestOf("pair=a&every_ms=-1")).ok());
  EXPECT_FALSE(SubscriptionOf(RequestOf("pair=a&every_ms=3600001")).ok());
}

TEST(Parameters, OfSqlAreBoundByTheServer) {
  const SqlLimits limits = {.timeout_micros = 5, .rows_max = 100};
  const auto request_of = [&](std::string_view body) {
    return SqlRequestOf(*base::ParseJson(body), limits);
  };
  EXPECT_EQ(request_of(R"({"sql":"SELECT 1"})")->rows_max, 100);
  EXPECT_EQ(request_of(R"({"sql":"SELECT 1","limit":7})")->rows_max, 7);
  EXPECT_EQ(request_of(R"({"sql":"SELECT 1","limit":700})")->rows_max, 100);
  for (const char* body : {"{}", "[]", "1", R"({"sql":1})", R"({"sql":""})",
                           R"({"sql":"x","limit":0})", R"({"sql":"x","limit":"7"})"})
    EXPECT_EQ(KindOf(request_of(body).status()), ErrorKind::kInvalid) << body;
  EXPECT_FALSE(ExportFormatOf(*base::ParseJson(R"({"format":"xlsx"})")).ok());
  EXPECT_EQ(*ExportFormatOf(*base::ParseJson(R"({"format":"csv"})")), ExportFormat::kCsv);
}

}  // namespace
}  // namespace tapelake::serve
