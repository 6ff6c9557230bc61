#include "market/trade.h"

#include <gtest/gtest.h>

namespace tapelake::market {
namespace {

TEST(Trade, StatusIsTheWholeWordInAnyCase) {
  EXPECT_EQ(TradeStatusOf("SUCCESS"), TradeStatus::kSuccess);
  EXPECT_EQ(TradeStatusOf("success"), TradeStatus::kSuccess);
  EXPECT_EQ(TradeStatusOf("Pending"), TradeStatus::kPending);
  EXPECT_EQ(TradeStatusOf("FAILED"), TradeStatus::kFailed);
  EXPECT_EQ(TradeStatusOf("FAILED_LATE"), TradeStatus::kOther);
  EXPECT_EQ(TradeStatusOf("SUCCES"), TradeStatus::kOther);
  EXPECT_EQ(TradeStatusOf(""), TradeStatus::kOther);
}

TEST(Trade, SideIsTheFirstWord) {
  EXPECT_EQ(TradeSideOf("BUY"), TradeSide::kBuy);
  EXPECT_EQ(TradeSideOf("buy_limit"), TradeSide::kBuy);
  EXPECT_EQ(TradeSideOf("Sell-Market"), TradeSide::kSell);
  EXPECT_EQ(TradeSideOf("SELL STOP"), TradeSide::kSell);
  EXPECT_EQ(TradeSideOf("BUYER"), TradeSide::kUnknown);
  EXPECT_EQ(TradeSideOf("BUY2"), TradeSide::kUnknown);
  EXPECT_EQ(TradeSideOf("BUY\xc3\xa9"), TradeSide::kUnknown);
  EXPECT_EQ(TradeSideOf("MARKET_BUY"), TradeSide::kUnknown);
  EXPECT_EQ(TradeSideOf(""), TradeSide::kUnknown);
}

TEST(Trade, QuoteCurrencyIsBehindTheLastSeparator) {
  EXPECT_EQ(QuoteCurrencyOf("BTC/USD"), "USD");
  EXPECT_EQ(QuoteCurrencyOf("BTC-PERP_USDT"), "USDT");
  EXPECT_EQ(QuoteCurrencyOf("BTCUSD"), "");
  EXPECT_EQ(QuoteCurrencyOf("BTC/"), "");
}

TEST(Trade, CountsOnlyWithPriceAndQuantity) {
  Trade trade{.status = TradeStatus::kSuccess, .has_amounts = true, .price = 1, .quantity = 1};
  EXPECT_TRUE(trade.Counts());
  trade.quantity = 0;
  EXPECT_FALSE(trade.Counts());
  trade.quantity = 1;
  trade.price = -1;
  EXPECT_FALSE(trade.Counts());
  trade.price = 1;
  trade.has_amounts = false;
  EXPECT_FALSE(trade.Counts());
  trade.has_amounts = true;
  trade.status = TradeStatus::kPending;
  EXPECT_FALSE(trade.Counts());
}

}  // namespace
}  // namespace tapelake::market
