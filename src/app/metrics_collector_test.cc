#include "app/metrics_collector.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "app/metrics.h"
#include "testing/fake_clock.h"

namespace tapelake::app {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kWall = 1'795'370'400 * kSecond;

class Collector : public ::testing::Test {
 protected:
  Collector()
      : collector_(clock_, {.tables = [this] { return std::vector{table_}; },
                            .market = [this] { return market_; },
                            .lake_path = "."}) {
    registry_.AddCollector([this](metrics::Collection& out) { collector_.Collect(out); });
    table_.progress.table = "t";
    table_.commit_durations.buckets.resize(metrics::kDurationBuckets.size() + 1);
    table_.stream.emplace();
    table_.stream->put_durations.buckets.resize(metrics::kDurationBuckets.size() + 1);
    table_.stream->shards.resize(2);
  }

  /// The value of a series; nullopt without one.
  std::optional<double> Value(std::string_view metric, const metrics::LabelValues& labels) {
    for (const metrics::Family& family : registry_.Collect()) {
      if (family.def->name != metric) continue;
      for (const metrics::Sample& sample : family.samples) {
        if (sample.labels == labels) return sample.value;
      }
    }
    return std::nullopt;
  }
  std::optional<double> Freshness() { return Value("tapelake_ingest_freshness_seconds", {"t"}); }
  std::optional<double> MarketFreshness() {
    return Value("tapelake_market_freshness_seconds", {"t"});
  }

  testing::FakeClock clock_{kWall};
  TableFigures table_;
  std::optional<MarketFigures> market_;
  metrics::Registry registry_;
  MetricsCollector collector_;
};

TEST(AllMetrics, AreSoundAndNamedOnce) {
  std::set<std::string_view> names;
  for (const metrics::MetricDef* def : AllMetrics()) {
    EXPECT_EQ(metrics::DefProblem(*def), "") << def->name;
    EXPECT_TRUE(names.insert(def->name).second) << def->name << " is declared twice";
  }
  EXPECT_GT(names.size(), 50u);
}

/// Every metric with a series of hostile labels, as Prometheus gets them.
std::string TextOfAllMetrics() {
  metrics::Registry registry;
  for (const metrics::MetricDef* def : AllMetrics()) {
    const metrics::LabelValues labels(def->label_count(), "a\\b\"c\nd}{=,\xC3\xA4");
    switch (def->kind) {
      case metrics::MetricKind::kCounter:
        registry.GetCounter(*def, labels).Add(1'234'567'890'123);
        break;
      case metrics::MetricKind::kGauge:
        registry.GetGauge(*def, labels).Set(-1.25e-7);
        break;
      case metrics::MetricKind::kHistogram:
        registry.GetHistogram(*def, labels).Observe(0.3);
        break;
    }
  }
  return metrics::PrometheusText(registry.Collect());
}

TEST(AllMetrics, PromtoolIsContent) {
  // Its findings go to stderr, which shows above a failure.
  FILE* promtool = ::popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  const std::string text = TextOfAllMetrics();
  EXPECT_EQ(::fwrite(text.data(), 1, text.size(), promtool), text.size());
  EXPECT_EQ(::pclose(promtool), 0) << "Debian's package 'prometheus' has promtool; text:\n" << text;
}

TEST_F(Collector, EverythingItShowsIsInTheList) {
  market_ = MarketFigures{
      .table = "t", .newest_change_micros = 1, .newest_taken_micros = kWall, .series = {{}}};
  std::set<const metrics::MetricDef*> known(AllMetrics().begin(), AllMetrics().end());
  for (const metrics::Family& family : registry_.Collect())
    EXPECT_TRUE(known.contains(family.def)) << family.def->name;
}

TEST_F(Collector, FreshnessIsThatOfTheLastCommit) {
  EXPECT_EQ(Freshness(), std::nullopt);
  table_.progress.last_commit_wall_micros = kWall - 1 * kSecond;
  table_.progress.watermark_micros = kWall - 4 * kSecond;
  EXPECT_EQ(Freshness(), 3);
  EXPECT_EQ(Value("tapelake_ingest_commit_age_seconds", {"t"}), 1);
  clock_.Advance(60 * kSecond);
  EXPECT_EQ(Freshness(), std::nullopt) << "a quiet table is neither fresh nor stale";
}

TEST_F(Collector, FreshnessGrowsWhileRecordsWaitForACommitThatDoesNotCome) {
  table_.progress.last_commit_wall_micros = kWall;
  table_.progress.watermark_micros = kWall - kSecond;
  table_.progress.waiting_since_micros = kWall;
  clock_.Advance(20 * kSecond);
  EXPECT_EQ(Freshness(), 20);
  clock_.Advance(100 * kSecond);
  EXPECT_EQ(Freshness(), 120);
}

TEST_F(Collector, ATableFedFromFilesHasNoFreshness) {
  table_.stream.reset();
  table_.progress.last_commit_wall_micros = kWall;
  table_.progress.watermark_micros = kWall - 86'400 * kSecond;
  EXPECT_EQ(Freshness(), std::nullopt);
}

TEST_F(Collector, BacklogIsCountedFromWhatTheStreamHolds) {
  table_.stream->facts = {.first_sequence = 11, .next_sequence = 111, .stored_bytes = 5'000};
  table_.stream->taken = {{"ingest", 101}, {"delivery", 1}};
  EXPECT_EQ(Value("tapelake_stream_backlog_records", {"t", "ingest"}), 10);
  EXPECT_EQ(Value("tapelake_stream_backlog_bytes", {"t", "ingest"}), 500);
  EXPECT_EQ(Value("tapelake_stream_backlog_records", {"t", "delivery"}), 100);
}

TEST_F(Collector, BacklogAgeIsThatOfTheOldestRecordNotTaken) {
  const auto age = [this] { return Value("tapelake_stream_backlog_age_seconds", {"t", "ingest"}); };
  StreamFigures& stream = *table_.stream;
  stream.taken = {{"ingest", 1}};
  EXPECT_EQ(age(), 0);
  for (uint64_t second = 1; second <= 10; ++second) {
    clock_.Advance(kSecond);
    stream.facts.next_sequence = 1 + second * 100;
    registry_.Collect();
  }
  EXPECT_EQ(age(), 9) << "record 1 was seen nine seconds ago";
  stream.taken["ingest"] = 501;
  EXPECT_EQ(age(), 4);
  stream.taken["ingest"] = 1'001;
  EXPECT_EQ(age(), 0);
}

TEST_F(Collector, ShardShareIsTheRateOverKinesisLimits) {
  const auto share = [this](const char* limit) {
    return Value("tapelake_stream_shard_limit_ratio", {"t", "1", limit});
  };
  EXPECT_EQ(share("records"), std::nullopt) << "no second has passed yet";
  table_.stream->shards[1] = {.records = 450, .bytes = 1'800'000};
  clock_.Advance(kSecond / 2);
  EXPECT_EQ(share("records"), std::nullopt);
  clock_.Advance(kSecond / 2);
  EXPECT_EQ(share("records"), 0.45);
  EXPECT_EQ(share("bytes"), 1.8);
  EXPECT_EQ(share("records"), 0.45) << "another reader sees the same";
  clock_.Advance(2 * kSecond);
  EXPECT_EQ(share("records"), 0);
}

TEST_F(Collector, ErrorShareIsOfWhatCameLately) {
  const auto share = [this] { return Value("tapelake_ingest_error_ratio", {"t"}); };
  table_.progress.counts = {.received = 1'000, .errors = 900};
  EXPECT_EQ(share(), std::nullopt);
  table_.progress.counts = {.received = 1'200, .errors = 950};
  clock_.Advance(10 * kSecond);
  EXPECT_EQ(share(), 0.25);
  clock_.Advance(10 * kSecond);
  EXPECT_EQ(share(), std::nullopt) << "nothing came";
}

TEST_F(Collector, MarketNumbersThatDoNotExistMakeNoSeries) {
  market_ = MarketFigures{.table = "t",
                          .series = {{.pair = "BTC/USD", .exchange = "*", .spread_ratio = 2.5}}};
  EXPECT_EQ(Value("tapelake_market_spread_ratio", {"BTC/USD", "all"}), 2.5);
  EXPECT_EQ(Value("tapelake_market_volume_ratio", {"BTC/USD", "all"}), std::nullopt);
}

TEST_F(Collector, MarketFreshnessIsHowLateTheNewestChangeCame) {
  market_ = MarketFigures{.table = "t"};
  registry_.Collect();
  clock_.Advance(20 * kSecond);
  EXPECT_EQ(MarketFreshness(), std::nullopt) << "nothing came yet";
  market_->newest_change_micros = clock_.WallMicros() - 2 * kSecond;
  market_->newest_taken_micros = clock_.WallMicros();
  EXPECT_EQ(MarketFreshness(), 2);
  clock_.Advance(3 * kSecond);
  EXPECT_EQ(MarketFreshness(), 2) << "it is not later because nothing newer came";
  clock_.Advance(3 * kSecond);
  EXPECT_EQ(MarketFreshness(), std::nullopt) << "a quiet market is neither fresh nor late";
  market_->newest_change_micros = clock_.WallMicros() - 20 * kSecond;
  market_->newest_taken_micros = clock_.WallMicros();
  EXPECT_EQ(MarketFreshness(), 20) << "what comes is old";
}

TEST_F(Collector, MarketFreshnessGrowsWhileRecordsWaitForTheMarket) {
  market_ = MarketFigures{.table = "t", .next_record = 1};
  table_.stream->facts = {.first_sequence = 1, .next_sequence = 11};
  registry_.Collect();
  clock_.Advance(20 * kSecond);
  EXPECT_EQ(MarketFreshness(), 20);
  market_->next_record = 11;
  EXPECT_EQ(MarketFreshness(), std::nullopt) << "it has all there is";
}

TEST_F(Collector, ASimulatedPastAndFilesHaveNoMarketFreshness) {
  market_ = MarketFigures{
      .table = "t", .newest_change_micros = kWall - 86'400 * kSecond, .newest_taken_micros = kWall};
  table_.past_until_micros = kWall;
  EXPECT_EQ(MarketFreshness(), std::nullopt);
  market_->newest_change_micros = kWall;
  EXPECT_EQ(MarketFreshness(), 0) << "the past is over";
  table_.stream.reset();
  EXPECT_EQ(MarketFreshness(), std::nullopt);
}

TEST(ArrivalLog, StaysBoundedAndNearlyRight) {
  ArrivalLog log;
  for (int64_t second = 0; second < 20'000; ++second)
    log.Look(second * kSecond, static_cast<uint64_t>(second + 1) * 10);
  EXPECT_NEAR(static_cast<double>(log.Age(20'000 * kSecond, 10'001)) / 1e6, 19'000, 32)
      << "marks so far back are 32 seconds apart";
  EXPECT_EQ(log.Age(20'000 * kSecond, 199'999), kSecond);
}

}  // namespace
}  // namespace tapelake::app
