#include "app/market/market_feed.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "record/record_block.h"
#include "transform/record_parser.h"

namespace tapelake::app {
namespace {

using ingest::Verdict;

/// A change record whose images have these prices and times; empty: no such image.
std::string Record(const std::string& key, const std::string& old_time, const std::string& new_time,
                   const std::string& price = "64000.5") {
  const auto image = [&](const std::string& time) {
    return R"({"transaction_id":{"S":")" + key + R"("},"trading_pair":{"S":"BTC/USD"},)" +
           R"("exchange":{"S":"kraken"},"timestamp":{"S":")" + time +
           R"("},"trade_status":{"S":"SUCCESS"},"order_type":{"S":"BUY_LIMIT"},)" +
           R"("price":{"N":")" + price + R"("},"quantity":{"N":"0.5"}})";
  };
  const char* event = old_time.empty() ? "INSERT" : new_time.empty() ? "REMOVE" : "MODIFY";
  std::string record = R"({"eventID":"e","eventName":")" + std::string(event) +
                       R"(","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"r",)" +
                       R"("dynamodb":{"ApproximateCreationDateTime":1714557600.0,)" +
                       R"("Keys":{"transaction_id":{"S":")" + key + R"("}},)";
  if (!new_time.empty()) record += R"("NewImage":)" + image(new_time) + ",";
  if (!old_time.empty()) record += R"("OldImage":)" + image(old_time) + ",";
  return record + R"("SequenceNumber":"111","SizeBytes":9,"StreamViewType":"NEW_AND_OLD_IMAGES"}})";
}

/// Writes down what it is told.
class Told : public MarketBatch::Reader {
 public:
  void OnChange(const MarketChange& change) override {
    std::string line = change.news == MarketNews::kRow     ? "row "
                       : change.news == MarketNews::kPlace ? "place "
                                                           : "late ";
    line += change.key;
    if (change.has_after) {
      line += " " + std::string(change.after.pair) + "@" + std::string(change.after.exchange) +
              "@" + std::to_string(change.after.time_micros / 1'000'000 % 60);
    }
    if (change.after.has_amounts) line += " " + base::FormatDecimal(change.after.price, 18);
    if (change.has_before) {
      line += " was " + std::string(change.before.pair) + "@" +
              std::string(change.before.exchange) + "@" +
              std::to_string(change.before.time_micros / 1'000'000 % 60);
    }
    lines.push_back(line);
  }
  void OnPosition(const std::string& source, uint64_t end_offset) override {
    lines.push_back(source + ":" + std::to_string(end_offset));
  }
  void OnCommitted() override { lines.push_back("committed"); }

  std::vector<std::string> lines;
};

class MarketFeedTest : public ::testing::Test {
 protected:
  MarketFeedTest()
      : feed_(TradeLayout::Of(record::CryptoTransactionsTable()).MoveValueUnsafe(),
              {.items_max = 2, .bytes_max = 1 << 20}) {}

  void Add(const std::string& record, std::optional<Verdict> verdict) {
    const std::string padded = record + std::string(record::kRecordPaddingBytes, ' ');
    ASSERT_EQ(parser_.Parse(std::string_view(padded).substr(0, record.size())),
              transform::ParseError::kNone)
        << parser_.reason();
    feed_.Add(parser_.change(), verdict);
  }
  /// Everything that waits, `at_once` changes at a time.
  std::vector<std::string> TakeAll(size_t at_once = 1'000) {
    Told told;
    while (const auto batch = feed_.Take()) {
      MarketBatch::Place place;
      while (batch->Replay(&told, at_once, &place)) {
      }
    }
    return told.lines;
  }

  MarketFeed feed_;
  transform::RecordParser parser_;
};

constexpr char kSecond1[] = "2024-05-01T10:00:01Z";
constexpr char kSecond2[] = "2024-05-01T10:00:02Z";

using Lines = std::vector<std::string>;

TEST_F(MarketFeedTest, TellsRowsOnlyOfWhatIngestApplied) {
  Add(Record("a", "", kSecond1), Verdict::kApplied);
  Add(Record("a", kSecond1, kSecond2), Verdict::kApplied);
  Add(Record("a", kSecond2, ""), Verdict::kApplied);
  Add(Record("b", kSecond1, kSecond2), Verdict::kStale);
  Add(Record("c", kSecond1, kSecond2), Verdict::kDuplicate);
  Add(Record("d", kSecond1, kSecond2), Verdict::kLate);
  Add(Record("e", kSecond1, kSecond2), std::nullopt);
  feed_.HandOver(false);
  const Lines expected = {"row a BTC/USD@kraken@1 64000.500000000000000000",
                          "row a BTC/USD@kraken@2 64000.500000000000000000 was BTC/USD@kraken@1",
                          "row a was BTC/USD@kraken@2",
                          "place  BTC/USD@kraken@2 was BTC/USD@kraken@1",
                          "place  BTC/USD@kraken@2 was BTC/USD@kraken@1",
                          "late d BTC/USD@kraken@2 was BTC/USD@kraken@1",
                          "place  BTC/USD@kraken@2 was BTC/USD@kraken@1"};
  EXPECT_EQ(TakeAll(), expected);
}

TEST_F(MarketFeedTest, KeepsNotesBetweenTheirChangesHoweverItIsReplayed) {
  const auto fill = [this] {
    feed_.Advance("s", 1);
    Add(Record("a", kSecond1, ""), Verdict::kApplied);
    Add(Record("b", kSecond1, ""), Verdict::kApplied);
    feed_.Advance("s", 3);
    feed_.Advance("s", 4);
    feed_.HandOver(true);
  };
  const Lines expected = {"row a was BTC/USD@kraken@1", "row b was BTC/USD@kraken@1", "s:4",
                          "committed"};
  fill();
  EXPECT_EQ(TakeAll(1), expected);
  fill();
  EXPECT_EQ(TakeAll(), expected);
}

TEST_F(MarketFeedTest, ValuesThatDoNotFitTheirColumnCountAsNull) {
  Add(Record("a", "", kSecond1, "1e30"), Verdict::kApplied);
  Add(Record("b", "", "2024-05-01T10:00:01.0000001Z"), Verdict::kApplied);
  feed_.HandOver(false);
  const Lines expected = {"row a BTC/USD@kraken@1", "row b 64000.500000000000000000"};
  EXPECT_EQ(TakeAll(), expected) << "a row without amounts; a row without time";
}

TEST_F(MarketFeedTest, AFullQueueHoldsBackAndLosesNothing) {
  Lines expected;
  for (int i = 0; i < 5; ++i) {
    const std::string key = std::to_string(i);
    Add(Record(key, kSecond1, ""), Verdict::kApplied);
    expected.push_back("row " + key + " was BTC/USD@kraken@1");
    feed_.HandOver(false);
  }
  Lines told = TakeAll();
  EXPECT_EQ(told.size(), 2u) << "the queue holds two batches";
  feed_.HandOver(false);
  for (std::string& line : TakeAll())
    told.push_back(line);
  EXPECT_EQ(told, expected);
}

TEST_F(MarketFeedTest, SaysWhenThereIsNoRoomUntilItsConsumerHasGone) {
  const std::string long_key(100'000, 'k');
  int added = 0;
  for (; feed_.CanAdd() && added < 10'000; ++added) {
    Add(Record(long_key, kSecond1, ""), Verdict::kApplied);
    feed_.HandOver(false);
  }
  EXPECT_LT(added, 200);
  feed_.Close();
  EXPECT_TRUE(feed_.CanAdd());
  feed_.HandOver(false);
  EXPECT_TRUE(feed_.empty());
}

TEST_F(MarketFeedTest, KnowsWhatWasHandedOverAndWhatIsStored) {
  feed_.SetStored({{"s", 7}});
  EXPECT_EQ(feed_.TakenOffset("s"), 7u);
  feed_.Advance("s", 9);
  EXPECT_EQ(feed_.TakenOffset("s"), 9u);
  EXPECT_EQ(feed_.StoredOffset("s"), 7u);
  EXPECT_EQ(feed_.TakenOffset("other"), 0u);
}

TEST(TradeLayout, NamesWhatATableOfTradesLacks) {
  record::TableDefinition table = record::CryptoTransactionsTable();
  std::erase_if(table.columns, [](const auto& column) { return column.name == "price"; });
  const Status status = TradeLayout::Of(table).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_NE(status.message().find("'price'"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace tapelake::app
