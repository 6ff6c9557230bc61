#include "market/bar_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "market/trade.h"

namespace tapelake::market {
namespace {

Trade At(int64_t time_micros, const std::string& key, base::Int128 price, base::Int128 quantity) {
  Trade trade;
  trade.key = key;
  trade.time_micros = time_micros;
  trade.status = TradeStatus::kSuccess;
  trade.side = TradeSide::kBuy;
  trade.has_amounts = true;
  trade.price = price;
  trade.quantity = quantity;
  trade.fee = -3;
  return trade;
}

base::Int128 Scaled(const char* text) {
  base::Int128 value = 0;
  EXPECT_EQ(base::ParseDecimal(text, 38, kAmountScale, &value), base::DecimalOutcome::kOk);
  return value;
}

Bar Example() {
  Bar bar;
  bar.start_micros = -60'000'000;
  AddTrade(At(-59'000'000, "a", Scaled("0.000000000000000001"), Scaled("99999999999999999999")),
           &bar);
  AddTrade(At(-58'000'000, std::string(36, 'b'), Scaled("99999999999999999999"),
              Scaled("99999999999999999999")),
           &bar);
  AddTrade(At(-57'000'000, std::string(500, 'c'), Scaled("64000.5"), Scaled("2")), &bar);
  bar.pending = 7;
  bar.failed = 1;
  bar.other_status = 300;
  bar.unpriced = 2;
  return bar;
}

TEST(BarCodec, GivesEveryBitBack) {
  const Bar bar = Example();
  const auto read = DecodeBar(EncodeBar(bar));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == bar);
  EXPECT_GT(bar.tick_returns, 0);
}

TEST(BarCodec, ABarWithoutTradesIsAFewBytes) {
  Bar bar;
  bar.start_micros = 1'795'370'400'000'000;
  bar.failed = 3;
  const std::string bytes = EncodeBar(bar);
  EXPECT_LT(bytes.size(), 20u);
  const auto read = DecodeBar(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == bar);
}

TEST(BarCodec, RefusesEveryCutAndWhatFollows) {
  const std::string bytes = EncodeBar(Example());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(KindOf(DecodeBar(std::string_view(bytes).substr(0, size)).status()),
              ErrorKind::kCorrupt)
        << size;
  }
  EXPECT_FALSE(DecodeBar(bytes + "x").ok());
  EXPECT_FALSE(DecodeBar("\x02" + bytes.substr(1)).ok()) << "another version";
}

}  // namespace
}  // namespace tapelake::market
