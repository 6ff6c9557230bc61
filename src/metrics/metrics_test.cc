#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "metrics/registry.h"

namespace tapelake::metrics {
namespace {

constexpr MetricDef kSeen{.name = "tapelake_test_seen_records_total",
                          .kind = MetricKind::kCounter,
                          .unit = "records",
                          .help = "Records seen.",
                          .labels = {"table"}};
constexpr MetricDef kDepth{
    .name = "tapelake_test_depth_records", .unit = "records", .help = "Records that wait."};
constexpr std::array<double, 2> kBounds = {0.5, 2};
constexpr MetricDef kTook{.name = "tapelake_test_took_seconds",
                          .kind = MetricKind::kHistogram,
                          .unit = "seconds",
                          .help = "How long it took.",
                          .labels = {"route"},
                          .buckets = kBounds};

MetricDef With(MetricDef def, void (*change)(MetricDef&)) {
  change(def);
  return def;
}

TEST(MetricDef, SoundOnesHaveNoProblem) {
  for (const MetricDef* def : {&kSeen, &kDepth, &kTook, &kRefusedSeries})
    EXPECT_EQ(DefProblem(*def), "") << def->name;
}

TEST(MetricDef, EachRuleIsHeldTo) {
  const auto problem = [](const MetricDef& def, void (*change)(MetricDef&)) {
    return DefProblem(With(def, change));
  };
  EXPECT_EQ(problem(kDepth, [](MetricDef& d) { d.unit = "bytes"; }),
            "the name does not end in the unit");
  EXPECT_EQ(problem(kDepth, [](MetricDef& d) { d.unit = "cords"; }),
            "the name does not end in the unit");
  EXPECT_EQ(problem(kDepth, [](MetricDef& d) { d.help = "Records"; }),
            "the help does not end with a period");
  EXPECT_EQ(problem(kSeen, [](MetricDef& d) { d.kind = MetricKind::kGauge; }),
            "counters, and no others, end in '_total'");
  EXPECT_EQ(problem(kDepth, [](MetricDef& d) { d.name = "depth_records"; }),
            "the name does not begin with 'tapelake_'");
  EXPECT_EQ(problem(kTook, [](MetricDef& d) { d.buckets = {}; }),
            "histograms, and no others, have buckets");
  EXPECT_EQ(problem(kSeen, [](MetricDef& d) { d.labels = {"le"}; }),
            "a label has a name that Prometheus keeps");
  EXPECT_EQ(problem(kSeen, [](MetricDef& d) { d.labels = {"a", "a"}; }), "a label comes twice");
}

TEST(Registry, WritesWhatPrometheusReads) {
  Registry registry;
  registry.GetCounter(kSeen, {"crypto.transactions"}).Add(3);
  registry.GetCounter(kSeen, {"a\\\"b\nc"}).Add();
  registry.GetGauge(kDepth).Set(1.5);
  Histogram& took = registry.GetHistogram(kTook, {"/api"});
  for (const double seconds : {0.1, 0.5, 1.0, 9.0})
    took.Observe(seconds);
  EXPECT_EQ(PrometheusText(registry.Collect()),
            "# HELP tapelake_test_depth_records Records that wait.\n"
            "# TYPE tapelake_test_depth_records gauge\n"
            "tapelake_test_depth_records 1.5\n"
            "# HELP tapelake_test_seen_records_total Records seen.\n"
            "# TYPE tapelake_test_seen_records_total counter\n"
            "tapelake_test_seen_records_total{table=\"a\\\\\\\"b\\nc\"} 1\n"
            "tapelake_test_seen_records_total{table=\"crypto.transactions\"} 3\n"
            "# HELP tapelake_test_took_seconds How long it took.\n"
            "# TYPE tapelake_test_took_seconds histogram\n"
            "tapelake_test_took_seconds_bucket{route=\"/api\",le=\"0.5\"} 2\n"
            "tapelake_test_took_seconds_bucket{route=\"/api\",le=\"2\"} 3\n"
            "tapelake_test_took_seconds_bucket{route=\"/api\",le=\"+Inf\"} 4\n"
            "tapelake_test_took_seconds_sum{route=\"/api\"} 10.6\n"
            "tapelake_test_took_seconds_count{route=\"/api\"} 4\n");
}

TEST(Registry, CollectorsAreAskedAtEachRead) {
  Registry registry;
  int asked = 0;
  registry.AddCollector([&asked](Collection& collection) {
    collection.Set(kDepth, {}, ++asked);
    collection.Set(kSeen, {"none"}, std::numeric_limits<double>::quiet_NaN());
  });
  registry.Collect();
  const std::vector<Family> families = registry.Collect();
  ASSERT_EQ(families.size(), 1u) << "a NaN is no value";
  EXPECT_EQ(families[0].samples[0].value, 2);
}

TEST(Registry, OneSeriesTwiceIsShownOnce) {
  Registry registry;
  registry.AddCollector([](Collection& collection) {
    collection.Set(kDepth, {}, 1);
    collection.Set(kDepth, {}, 2);
  });
  EXPECT_EQ(registry.Collect()[0].samples.size(), 1u);
}

TEST(Registry, TheSameLabelsAreTheSameCounter) {
  Registry registry;
  EXPECT_EQ(&registry.GetCounter(kSeen, {"a"}), &registry.GetCounter(kSeen, {"a"}));
  EXPECT_NE(&registry.GetCounter(kSeen, {"a"}), &registry.GetCounter(kSeen, {"b"}));
}

TEST(Registry, SeriesBeyondTheLimitAreCountedNotShown) {
  Registry registry(2);
  for (const char* table : {"a", "b", "c", "d"})
    registry.GetCounter(kSeen, {table}).Add();
  registry.AddCollector([](Collection& collection) {
    for (const char* table : {"x", "y", "z"})
      collection.Set(kSeen, {table}, 1);
  });
  const std::vector<Family> families = registry.Collect();
  ASSERT_EQ(families.size(), 2u);
  EXPECT_EQ(families[0].def, &kRefusedSeries);
  EXPECT_EQ(families[0].samples[0].labels, LabelValues{"tapelake_test_seen_records_total"});
  EXPECT_EQ(families[0].samples[0].value, 5) << "two counters and three of the collector";
  EXPECT_EQ(families[1].samples.size(), 2u);
}

TEST(Registry, ManyThreadsCountEverything) {
  Registry registry;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&registry] {
      for (int n = 0; n < 1'000; ++n)
        registry.GetCounter(kSeen, {"t"}).Add();
    });
  }
  for (int i = 0; i < 50; ++i)
    registry.Collect();
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(registry.GetCounter(kSeen, {"t"}).value(), 4'000);
}

TEST(Histogram, QuantilesLieWithinTheirBuckets) {
  Histogram took(kTook);
  for (int i = 0; i < 50; ++i)
    took.Observe(0.2);
  for (int i = 0; i < 50; ++i)
    took.Observe(1.0);
  const HistogramCounts counts = took.Read();
  EXPECT_DOUBLE_EQ(Quantile(counts, kBounds, 0.25), 0.25);
  EXPECT_DOUBLE_EQ(Quantile(counts, kBounds, 0.75), 1.25);
  EXPECT_TRUE(std::isnan(Quantile({.buckets = {0, 0, 0}}, kBounds, 0.5)));
  EXPECT_EQ(Quantile({.buckets = {0, 0, 4}}, kBounds, 0.5), 2) << "above all bounds: the last";
}

TEST(Histogram, SinceTakesAwayWhatWasThere) {
  const HistogramCounts before{.buckets = {1, 2, 0}, .sum = 3};
  const HistogramCounts after{.buckets = {1, 5, 1}, .sum = 10};
  EXPECT_EQ(after.Since(before).buckets, (std::vector<uint64_t>{0, 3, 1}));
  EXPECT_EQ(after.Since(before).sum, 7);
  EXPECT_EQ(before.Since(after).buckets, before.buckets) << "it began anew: all of it is new";
}

TEST(MetricsMarkdown, GroupsByModule) {
  constexpr std::array kList = {&kSeen, &kRefusedSeries};
  const std::string page = MetricsMarkdown(kList);
  EXPECT_NE(page.find("\n## test\n"), std::string::npos);
  EXPECT_NE(page.find("\n## metrics\n"), std::string::npos);
  EXPECT_NE(page.find("| `tapelake_test_seen_records_total` | counter | records | `table` | "
                      "Records seen. |"),
            std::string::npos);
}

}  // namespace
}  // namespace tapelake::metrics
