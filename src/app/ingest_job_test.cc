#include "app/ingest_job.h"

#include <gtest/gtest.h>

namespace tapelake::app {
namespace {

TEST(ServicePoliciesOf, RespectsQueriesThatAreStillReading) {
  config::Config config;
  ServicePolicies policies = ServicePoliciesOf(config);
  EXPECT_EQ(policies.cleaning.reader_micros, 600'000'000);
  EXPECT_EQ(policies.archival.reader_micros, 600'000'000) << "cleaning knows active commits only";
  config.history.readers.micros = 0;
  policies = ServicePoliciesOf(config);
  EXPECT_EQ(policies.cleaning.reader_micros, 0);
  EXPECT_EQ(policies.archival.reader_micros, 0);
}

TEST(ServicePoliciesOf, KeepsWhatThePolicySays) {
  config::Config config;
  EXPECT_EQ(ServicePoliciesOf(config).cleaning.kind, hudi::CleaningKind::kLatestCommits);
  config.history.policy = "KEEP_LATEST_FILE_VERSIONS";
  config.history.file_versions_retained = 5;
  ServicePolicies policies = ServicePoliciesOf(config);
  EXPECT_EQ(policies.cleaning.kind, hudi::CleaningKind::kLatestFileVersions);
  EXPECT_EQ(policies.cleaning.file_versions_retained, 5);
  config.history.policy = "KEEP_LATEST_BY_HOURS";
  config.history.hours_retained = 6;
  policies = ServicePoliciesOf(config);
  EXPECT_EQ(policies.cleaning.kind, hudi::CleaningKind::kLatestByHours);
  EXPECT_EQ(policies.cleaning.hours_retained, 6);
  EXPECT_EQ(policies.archival.reader_micros, int64_t{6} * 3'600'000'000)
      << "cleaning knows active commits only";
}

TEST(ServicePoliciesOf, BoundsWhatACommitWaitsFor) {
  config::Config config;
  const ServicePolicies policies = ServicePoliciesOf(config);
  ASSERT_TRUE(policies.clustering.has_value());
  EXPECT_EQ(policies.clustering->bytes_max, 16 << 20);
  EXPECT_EQ(policies.clustering->files_max, 64);
  EXPECT_EQ(policies.clustering->files_min, 4);
  EXPECT_EQ(policies.clustering->largest_share_max, 0.5);
  config.clustering.files_min = 100;
  EXPECT_EQ(ServicePoliciesOf(config).clustering->files_max, 100);
  config.clustering.enabled = false;
  EXPECT_FALSE(ServicePoliciesOf(config).clustering.has_value());
}

}  // namespace
}  // namespace tapelake::app
