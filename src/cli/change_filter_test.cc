#include "cli/change_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tapelake::cli {
namespace {

using ::testing::HasSubstr;

record::Change TradeOf(std::string_view pair, std::string_view price) {
  record::Change change;
  change.event = record::EventName::kInsert;
  change.has_new_image = true;
  record::Attribute attribute;
  attribute.name = "trading_pair";
  attribute.type = record::AttributeType::kString;
  attribute.text = pair;
  change.new_image.push_back(attribute);
  attribute.name = "price";
  attribute.type = record::AttributeType::kNumber;
  attribute.text = price;
  change.new_image.push_back(attribute);
  return change;
}

bool Matches(const std::vector<std::string>& conditions, const record::Change& change) {
  const auto filter = ChangeFilter::Make(conditions);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return filter.ok() && filter->Matches(change);
}

TEST(ChangeFilter, ComparesNumbersAsNumbersAndTextsAsTexts) {
  const record::Change change = TradeOf("BTC/USD", "900.50");
  EXPECT_TRUE(Matches({"price < 1000"}, change));
  EXPECT_TRUE(Matches({"price = 900.5"}, change));
  EXPECT_TRUE(Matches({"price>=900.500000000000000000"}, change));
  EXPECT_FALSE(Matches({"price != 900.5"}, change));
  EXPECT_FALSE(Matches({"price > 900.500000000000000001"}, change));
  EXPECT_TRUE(Matches({"trading_pair = BTC/USD"}, change));
  EXPECT_TRUE(Matches({"trading_pair ~ /USD"}, change));
  EXPECT_FALSE(Matches({"trading_pair ~ EUR"}, change));
}

TEST(ChangeFilter, WantsAllConditionsToHold) {
  const record::Change change = TradeOf("BTC/USD", "900");
  EXPECT_TRUE(Matches({}, change));
  EXPECT_TRUE(Matches({"price <= 900", "event = INSERT"}, change));
  EXPECT_FALSE(Matches({"price <= 900", "event = REMOVE"}, change));
}

TEST(ChangeFilter, FindsNothingInAnAttributeThatIsNotThere) {
  const record::Change change = TradeOf("BTC/USD", "900");
  EXPECT_FALSE(Matches({"exchange = kraken"}, change));
  EXPECT_TRUE(Matches({"exchange != kraken"}, change));
}

TEST(ChangeFilter, NamesWhatIsNoCondition) {
  for (const char* text : {"price", "= 5", "", "!5"}) {
    const auto filter = ChangeFilter::Make({text});
    ASSERT_FALSE(filter.ok()) << text;
    EXPECT_EQ(KindOf(filter.status()), ErrorKind::kInvalid);
    EXPECT_THAT(filter.status().message(), HasSubstr("'" + std::string(text) + "'"));
  }
}

}  // namespace
}  // namespace tapelake::cli
