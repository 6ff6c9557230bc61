#include "app/co_writer_advice.h"

#include <gmock/gmock.h>

namespace tapelake::app {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CoWriterAdvice, NamesTheTimeZoneInWhichSparkNamesItsCommits) {
  hudi::TableConfig config;
  config.timezone = "LOCAL";
  EXPECT_THAT(CoWriterAdvice(config, ""),
              Contains(AllOf(HasSubstr("hoodie.table.timeline.timezone is LOCAL"),
                             HasSubstr("-Duser.timezone=UTC"))));
  config.timezone = "UTC";
  EXPECT_THAT(CoWriterAdvice(config, ""), Not(Contains(HasSubstr("timezone"))));
}

}  // namespace
}  // namespace tapelake::app
