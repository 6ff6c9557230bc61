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

}  // namespace
}  // namespace tapelake::app
