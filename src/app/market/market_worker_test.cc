#include "app/market/market_worker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "app/market/market_lane.h"
#include "app/table_worker.h"
#include "delivery/delivery.h"
#include "io/local_file_system.h"
#include "io/random.h"
#include "market/bar_codec.h"
#include "query/hudi_snapshot_provider.h"
#include "source/simulator.h"
#include "testing/fake_clock.h"

namespace tapelake::app {
namespace {

using market::Interval;
using market::Series;

constexpr char kSource[] = "sim";
constexpr int64_t kStartMicros = 1'714'607'400'000'000;  // 2024-05-01T23:50:00Z
constexpr int64_t kMinute = 60'000'000;
constexpr int64_t kForever = 4'000'000'000'000'000;
constexpr size_t kBlockRecords = 40;

/// Records that were made before, from anywhere on.
class ListFeed : public Feed {
 public:
  ListFeed(const std::vector<std::string>& records, size_t next, const size_t* end)
      : records_(records), next_(next), end_(end) {}

  Result<bool> Next(record::RecordBlock* block) override {
    block->Clear();
    for (; next_ < *end_ && block->entries.size() < kBlockRecords; ++next_) {
      block->entries.push_back({block->buffer.size(), records_[next_].size(), next_});
      block->buffer += records_[next_] + "\n";
    }
    block->buffer.append(record::kRecordPaddingBytes, ' ');
    block->end_offset = next_;
    return true;
  }
  const std::string& source_id() const override { return source_; }
  const std::string& place() const override { return source_; }
  void Taken(const std::string& consumer, uint64_t offset) override { taken[consumer] = offset; }

  std::map<std::string, uint64_t> taken;

 private:
  const std::vector<std::string>& records_;
  size_t next_;
  const size_t* end_;
  const std::string source_ = kSource;
};

/// Hands on what a real lake says, and counts.
class CountingLake : public SqlTradeLake {
 public:
  using SqlTradeLake::SqlTradeLake;
  Status VisitStretches(std::span<const market::StaleStretch> stretches,
                        const VisitTrade& visit) override {
    ++statements;
    if (fails) return MakeError(ErrorKind::kUnavailable, "the lake is away");
    return SqlTradeLake::VisitStretches(stretches, visit);
  }
  int statements = 0;
  bool fails = false;
};

class MarketWorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tapelake-mw-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    options_.book.trade_window_micros = 15'000'000;
    options_.measures_micros = 5 * kMinute;
    table_.bucket_count = 1;
  }
  void TearDown() override {
    Kill();
    std::filesystem::remove_all(root_);
  }

  void Simulate(int64_t changes, double per_second) {
    auto simulator = source::Simulator::Make({.seed = 11,
                                              .changes = changes,
                                              .start_micros = kStartMicros,
                                              .changes_per_second = per_second,
                                              .duplicates = 0.1,
                                              .disorder_micros = kMinute,
                                              .disorder_fraction = 0.2})
                         .MoveValueUnsafe();
    record::RecordBlock block;
    while (simulator->ReadBlock(&block).ValueOrDie()) {
      for (const auto& entry : block.entries)
        records_.emplace_back(block.bytes(entry));
    }
    clock_.SetWall(kStartMicros +
                   static_cast<int64_t>(static_cast<double>(changes) / per_second) * 1'000'000);
  }

  void Open(bool with_market = true) {
    delivery_ = delivery::Delivery::Open(files_, clock_, table_,
                                         {.lake_path = root_, .stream = "s", .raw = false})
                    .MoveValueUnsafe();
    if (with_market) OpenMarket();
    TableWorker::Parts parts;
    parts.table = table_.QualifiedName();
    parts.delivery = delivery_.get();
    parts.delivers = true;
    parts.limits.interval_micros = 2'000'000;
    parts.market = feed_.get();
    parts.open_ingest = [this] {
      return ingest::TableIngest::Open(
          Environment(), table_,
          {.lake_path = root_, .horizon_micros = 5 * kMinute, .threads = 1, .hot = &hot_});
    };
    parts.open_feed = [this](const FeedStart& start) -> Result<std::unique_ptr<Feed>> {
      start_ = start.offset(kSource);
      return std::make_unique<ListFeed>(records_, start_, &end_);
    };
    auto worker = TableWorker::Open(clock_, std::move(parts));
    ASSERT_TRUE(worker.ok()) << worker.status();
    table_worker_ = std::move(*worker);
  }

  void OpenMarket() {
    feed_ = std::make_unique<MarketFeed>(TradeLayout::Of(table_).MoveValueUnsafe(),
                                         base::QueueLimits{.items_max = 8, .bytes_max = 1 << 20});
    desk_ = std::make_unique<MarketDesk>(options_.book);
    MarketWorker::Parts parts;
    parts.feed = feed_.get();
    parts.desk = desk_.get();
    auto lake = MakeLake();
    lake_ = lake.get();
    parts.lake = std::move(lake);
    parts.options = options_;
    parts.open_tables = [this] {
      return MarketTables::Open(Environment(),
                                {.database_path = root_ + "/crypto", .database = "crypto"});
    };
    parts.table_positions = [this]() -> Result<MarketWorker::Positions> {
      auto opened = ingest::TableIngest::Open(Environment(), table_,
                                              {.lake_path = root_, .threads = 1, .hot = nullptr});
      TAPELAKE_RETURN_NOT_OK(opened.status());
      return MarketWorker::Positions{{kSource, (*opened)->CommittedOffset(kSource)}};
    };
    parts.can_resume = [](const auto&) { return true; };
    auto worker = MarketWorker::Open(clock_, std::move(parts));
    ASSERT_TRUE(worker.ok()) << worker.status();
    worker_ = std::move(*worker);
  }

  std::unique_ptr<CountingLake> MakeLake() {
    return std::make_unique<CountingLake>(
        provider_, files_, table_,
        SqlTradeLake::Options{.trades_path = root_ + "/crypto/transactions",
                              .bars_path = root_ + "/crypto/market_bars",
                              .hot = &hot_});
  }

  /// Let both workers go until the first `count` records are read, or for `rounds`.
  void Run(size_t count, int rounds) {
    end_ = std::min(count, records_.size());
    for (int i = 0; i < rounds; ++i) {
      const auto read = table_worker_->Step();
      ASSERT_TRUE(read.ok()) << read.status();
      if (worker_ != nullptr) {
        for (int step = 0; step < 3; ++step)
          ASSERT_TRUE(worker_->Step().ok());
      }
      clock_.Advance(100'000);
    }
  }

  /// The process dies.
  void Kill() {
    table_worker_.reset();
    worker_.reset();
    desk_.reset();
    feed_.reset();
    delivery_.reset();
    hot_.Committed("");
  }

  void Drain() {
    ASSERT_TRUE(table_worker_->Drain().ok());
    const Status drained = worker_->Drain();
    ASSERT_TRUE(drained.ok()) << drained;
    EXPECT_EQ(desk_->facts().last_failure, "");
    EXPECT_EQ(desk_->facts().stale_count, 0u);
  }

  /// Every bar in memory, and every stored one, equals that of a book that was told the table's
  /// rows and nothing else.
  void ExpectBarsOfTheTable() {
    market::MarketBookOptions options = options_.book;
    options.trade_window_micros = kForever;
    options.retention_micros.fill(kForever);
    market::MarketBook fresh(options);
    const auto lake = MakeLake();
    const Status read = lake->VisitRange({0, kForever}, [&](const market::Trade& trade) {
      fresh.Apply(trade.key, trade, clock_.WallMicros());
      return Status::OK();
    });
    ASSERT_TRUE(read.ok()) << read;
    const int64_t newest = desk_->facts().newest_trade_micros;
    size_t compared = 0;
    size_t of_exchanges = 0;
    for (const std::string& pair : fresh.Pairs()) {
      std::vector<std::string> exchanges = fresh.ExchangesOf(pair);
      exchanges.push_back(market::kAllExchanges);
      for (const std::string& exchange : exchanges) {
        for (const Interval interval : market::kAllIntervals) {
          const Series series{pair, exchange};
          compared += Compare(fresh, series, interval, newest);
          if (exchange == market::kAllExchanges || interval == Interval::kSecond) continue;
          of_exchanges += fresh.Bars(series, interval, 0, kForever).size();
        }
      }
    }
    EXPECT_GT(compared, 300u);
    EXPECT_EQ(CompareStored(fresh), of_exchanges) << "no bar is missing, none is left over";
  }

  size_t Compare(const market::MarketBook& fresh, const Series& series, Interval interval,
                 int64_t newest) {
    const int64_t kept = options_.book.retention_micros[static_cast<size_t>(interval)];
    const int64_t from =
        market::BarStart(interval, newest - kept) + market::IntervalMicros(interval);
    const auto expected = fresh.Bars(series, interval, from, newest + kMinute);
    const DeskBars actual = desk_->Bars(series, interval, from, newest + kMinute, 100'000);
    const std::string place =
        series.pair + " " + series.exchange + " " + std::string(market::IntervalText(interval));
    EXPECT_EQ(actual.bars.size(), expected.size()) << place;
    for (size_t i = 0; i < std::min(actual.bars.size(), expected.size()); ++i) {
      EXPECT_TRUE(actual.bars[i].bar == expected[i]->bar)
          << place << " " << expected[i]->bar.start_micros << " has " << actual.bars[i].bar.rows()
          << " rows, expected " << expected[i]->bar.rows();
      EXPECT_FALSE(actual.bars[i].stale) << place;
    }
    return expected.size();
  }

  size_t CompareStored(const market::MarketBook& fresh) {
    const auto lake = MakeLake();
    size_t stored = 0;
    for (const Interval interval : market::kAllIntervals) {
      const auto visit = [&](const Series& series, std::string_view sums) -> Status {
        TAPELAKE_ASSIGN_OR_RAISE(const market::Bar bar, market::DecodeBar(sums));
        const auto expected = fresh.Bars(series, interval, bar.start_micros, bar.start_micros + 1);
        EXPECT_TRUE(expected.size() == 1 && expected[0]->bar == bar)
            << series.pair << " " << series.exchange << " " << market::IntervalText(interval) << " "
            << bar.start_micros;
        ++stored;
        return Status::OK();
      };
      EXPECT_TRUE(lake->VisitBars(interval, {0, kForever}, visit).ok());
    }
    return stored;
  }

  hudi::TableEnvironment Environment() { return {files_, clock_, random_}; }

  std::string root_;
  io::LocalFileSystem files_;
  testing::FakeClock clock_{kStartMicros};
  io::SeededRandom random_{5};
  record::TableDefinition table_ = record::CryptoTransactionsTable();
  MarketWorkerOptions options_;
  std::vector<std::string> records_;
  size_t end_ = 0;
  uint64_t start_ = 0;
  hot::HotTable hot_;
  query::HudiSnapshotProvider provider_{Environment()};
  std::unique_ptr<delivery::Delivery> delivery_;
  std::unique_ptr<MarketFeed> feed_;
  std::unique_ptr<MarketDesk> desk_;
  CountingLake* lake_ = nullptr;
  std::unique_ptr<MarketWorker> worker_;
  std::unique_ptr<TableWorker> table_worker_;
};

TEST_F(MarketWorkerTest, BarsAreThoseOfTheTableWhateverCame) {
  Simulate(2'000, 2);
  Open();
  Run(records_.size(), 300);
  Drain();
  EXPECT_GT(lake_->statements, 0) << "some rows changed behind the window";
  ExpectBarsOfTheTable();
}

TEST_F(MarketWorkerTest, AfterCrashesTheBarsAreThoseOfTheTable) {
  Simulate(2'000, 2);
  for (const size_t count : {500, 501, 1'000, 1'700}) {
    Open();
    Run(count, static_cast<int>(count) / 15);
    Kill();
  }
  Open();
  EXPECT_GT(feed_->StoredOffset(kSource), 500u) << "the market does not begin anew";
  Run(records_.size(), 300);
  Drain();
  ExpectBarsOfTheTable();
}

TEST_F(MarketWorkerTest, ARestartKnowsTheBarsAtOnce) {
  Simulate(1'000, 2);
  Open();
  Run(records_.size(), 200);
  Drain();
  Kill();
  Open();
  EXPECT_EQ(start_, records_.size());
  ExpectBarsOfTheTable();
  EXPECT_EQ(lake_->statements, 0);
}

TEST_F(MarketWorkerTest, AnOldLakeGetsItsBarsWithoutReadingTheSourceAgain) {
  Simulate(2'000, 0.2);  // some hours
  Open(/*with_market=*/false);
  Run(records_.size(), 300);
  ASSERT_TRUE(table_worker_->Drain().ok());
  Kill();
  Open();
  EXPECT_EQ(start_, records_.size());
  EXPECT_TRUE(desk_->facts().backfill_before_micros.has_value());
  Run(records_.size(), 20);
  EXPECT_FALSE(desk_->facts().backfill_before_micros.has_value());
  Drain();
  ExpectBarsOfTheTable();
}

TEST_F(MarketWorkerTest, NothingStaysStaleWhileNoCommitComes) {
  for (const Interval interval : {Interval::kMinute, Interval::kFiveMinutes})
    options_.book.retention_micros[static_cast<size_t>(interval)] = 20 * kMinute;
  Simulate(2'000, 0.2);  // some hours: what changes late has left the memory
  Open();
  Run(records_.size(), 600);
  EXPECT_EQ(desk_->Read([](const market::MarketBook& book) { return book.stale_count(); }), 0U);
}

TEST_F(MarketWorkerTest, WhileTheLakeIsAwayThePositionStaysAndNothingIsLost) {
  Simulate(1'000, 2);
  Open();
  lake_->fails = true;
  Run(records_.size(), 150);
  EXPECT_NE(desk_->facts().last_failure, "");
  EXPECT_GT(desk_->facts().stale_count, 0u);
  EXPECT_LT(feed_->StoredOffset(kSource), records_.size());
  Kill();
  Open();
  EXPECT_LT(start_, records_.size());
  Run(records_.size(), 100);
  Drain();
  EXPECT_EQ(feed_->StoredOffset(kSource), records_.size());
  ExpectBarsOfTheTable();
}

TEST_F(MarketWorkerTest, KeepsMeasuresForThePageAndAsRows) {
  Simulate(1'000, 2);
  Open();
  Run(records_.size(), 100);
  const std::string pair = desk_->Pairs().at(0);
  const SeriesMeasures measures = desk_->Measures({pair, market::kAllExchanges});
  EXPECT_EQ(measures.values.size(), market::MeasureCatalog().size());
  EXPECT_GT(desk_->Overview().at(0).trades_24h, 0);
  Drain();
  auto session = query::Session::Open(provider_, files_, {.lake_path = root_, .thread_count = 1})
                     .MoveValueUnsafe();
  const auto rows = session->FetchText(
      "SELECT count(DISTINCT measure), count(DISTINCT slot) FROM crypto.market_measures");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->at(0).at(0), std::to_string(market::MeasureCatalog().size()));
  EXPECT_NE(rows->at(0).at(1), "0");
}

}  // namespace
}  // namespace tapelake::app
