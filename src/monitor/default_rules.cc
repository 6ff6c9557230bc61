/// The rules that hold if the configuration says nothing.

#include <algorithm>

#include "ingest/metrics.h"
#include "market/metrics.h"
#include "monitor/alarm_plan.h"
#include "monitor/host_metrics.h"
#include "monitor/metrics.h"
#include "source/pull/metrics.h"
#include "stream/metrics.h"

namespace tapelake::monitor {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr double kFreshnessSeconds = 10;
constexpr double kBacklogSeconds = 60;

double Seconds(int64_t micros) {
  return static_cast<double>(micros) / 1e6;
}

/// How late the pipeline may be. While no changes come there are no samples, and that is fine.
void AddFreshness(const config::Config& config, std::vector<AlarmRule>* rules) {
  const double commits = Seconds(config.commit.interval.micros);
  const AlarmRule late{.statistic = {.kind = Statistic::Kind::kAverage},
                       .period_micros = 10 * kSecond,
                       .evaluation_periods = 3,
                       .datapoints_to_alarm = 2,
                       .threshold = kFreshnessSeconds,
                       .missing_data = MissingData::kNotBreaching};
  AlarmRule rule = late;
  rule.name = "freshness";
  rule.metric = &ingest::kFreshness;
  rule.threshold = std::max(kFreshnessSeconds, 3 * commits);
  rules->push_back(rule);

  rule = late;
  rule.name = "market-freshness";
  rule.metric = &market::kMarketFreshness;
  rules->push_back(rule);

  // The age of what waits in the stream, as of Kinesis' IteratorAge.
  rule = late;
  rule.name = "ingest-backlog";
  rule.metric = &stream::kBacklogAge;
  rule.labels = {std::nullopt, "ingest"};
  rule.statistic = {.kind = Statistic::Kind::kMinimum};
  rule.period_micros = 30 * kSecond;
  rule.threshold = std::max(kBacklogSeconds, 5 * commits);
  rule.datapoints_to_alarm = 2;
  rule.evaluation_periods = 2;
  rules->push_back(rule);

  rule.metric = &source::kLag;
  rule.labels = {};
  rule.name = "source-lag";
  rules->push_back(rule);

  rule.metric = &stream::kBacklogAge;
  rule.name = "delivery-backlog";
  rule.labels = {std::nullopt, "delivery"};
  rule.threshold = kBacklogSeconds + 2 * Seconds(config.delivery.buffer_interval.micros);
  rules->push_back(rule);
}

/// Anything of these that happens within a minute.
void AddFailures(std::vector<AlarmRule>* rules) {
  const AlarmRule any{.statistic = {.kind = Statistic::Kind::kSum},
                      .period_micros = kMinute,
                      .threshold = 0,
                      .missing_data = MissingData::kNotBreaching};
  AlarmRule rule = any;
  rule.name = "commit-failures";
  rule.metric = &ingest::kRetries;
  rules->push_back(rule);

  rule = any;
  rule.name = "refused-puts";
  rule.metric = &stream::kRefusedPuts;
  rules->push_back(rule);

  rule = any;
  rule.name = "source-gaps";
  rule.metric = &source::kGaps;
  rules->push_back(rule);

  rule = any;
  rule.name = "webhook-failures";
  rule.metric = &kWebhookFailures;
  rule.actions.webhook = false;  // it could not be told of itself
  rules->push_back(rule);

  rule = any;
  rule.name = "errors";
  rule.metric = &ingest::kErrorShare;
  rule.statistic = {.kind = Statistic::Kind::kAverage};
  rule.threshold = 0.01;
  rules->push_back(rule);
}

void AddLimits(std::vector<AlarmRule>* rules) {
  rules->push_back({.name = "shard-throughput",
                    .metric = &stream::kShardLimitShare,
                    .statistic = {.kind = Statistic::Kind::kAverage},
                    .period_micros = kMinute,
                    .evaluation_periods = 3,
                    .datapoints_to_alarm = 2,
                    .threshold = 0.8,
                    .missing_data = MissingData::kNotBreaching});
  AlarmRule disk{.name = "disk-space",
                 .metric = &kDiskFreeBytes,
                 .statistic = {.kind = Statistic::Kind::kMinimum},
                 .period_micros = 30 * kSecond,
                 .threshold = 2.0 * (int64_t{1} << 30),
                 .comparison = Comparison::kLess};
  rules->push_back(disk);
  disk.name = "disk-share";
  disk.metric = &kDiskFreeShare;
  disk.threshold = 0.05;
  rules->push_back(disk);
}

/// Each series against its own history; those of single exchanges are many and thin.
void AddMarket(std::vector<AlarmRule>* rules) {
  AlarmRule rule{.statistic = {.kind = Statistic::Kind::kAverage},
                 .period_micros = kMinute,
                 .evaluation_periods = 3,
                 .datapoints_to_alarm = 2,
                 .threshold = 3,
                 .missing_data = MissingData::kNotBreaching};
  rule.labels = {std::nullopt, "all"};
  rule.name = "market-volatility";
  rule.metric = &market::kVolatilityRatio;
  rules->push_back(rule);
  rule.name = "market-spread";
  rule.metric = &market::kSpreadRatio;
  rules->push_back(rule);
  rule.name = "market-volume";
  rule.metric = &market::kVolumeRatio;
  rule.threshold = 10;
  rules->push_back(rule);
  rule.name = "market-gap";
  rule.metric = &market::kGapRatio;
  rule.labels = {};
  rule.threshold = 5;
  rules->push_back(rule);
}

}  // namespace

std::vector<AlarmRule> DefaultRules(const config::Config& config) {
  std::vector<AlarmRule> rules;
  AddFreshness(config, &rules);
  AddFailures(&rules);
  AddLimits(&rules);
  AddMarket(&rules);
  return rules;
}

}  // namespace tapelake::monitor
