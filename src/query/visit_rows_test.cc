#include "query/visit_rows.h"

#include <gtest/gtest.h>

#include <string>

#include "io/clock.h"
#include "io/local_file_system.h"
#include "io/random.h"
#include "query/hudi_snapshot_provider.h"

namespace tapelake::query {
namespace {

class VisitRowsTest : public ::testing::Test {
 protected:
  io::LocalFileSystem files_;
  io::SystemClock clock_;
  io::SeededRandom random_{1};
  HudiSnapshotProvider provider_{{files_, clock_, random_}};
  std::unique_ptr<Session> session_ =
      Session::Open(provider_, files_, {.thread_count = 1}).MoveValueUnsafe();
};

TEST_F(VisitRowsTest, GivesEachTypeExactly) {
  int rows = 0;
  const Status status =
      VisitRows(*session_,
                "SELECT 'a|b', '\\x00\\xff'::BLOB, 9223372036854775807, 7::INTEGER, "
                "make_timestamptz(-1), -0.000000000000000001::DECIMAL(38,18), 0.5::DOUBLE, NULL",
                [&rows](const RowView& row) {
                  ++rows;
                  EXPECT_EQ(row.Text(0), "a|b");
                  EXPECT_EQ(row.Text(1), std::string("\x00\xff", 2));
                  EXPECT_EQ(row.Integer(2), INT64_MAX);
                  EXPECT_EQ(row.Integer(3), 7);
                  EXPECT_EQ(row.Integer(4), -1);
                  EXPECT_TRUE(row.Decimal(5) == -1);
                  EXPECT_EQ(row.Double(6), 0.5);
                  EXPECT_TRUE(row.IsNull(7));
                  EXPECT_FALSE(row.IsNull(0));
                  return Status::OK();
                });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(rows, 1);
}

TEST_F(VisitRowsTest, AnErrorOfTheVisitEndsTheStatement) {
  int rows = 0;
  const Status status = VisitRows(*session_, "SELECT * FROM range(100000)", [&](const RowView&) {
    return ++rows < 3 ? Status::OK() : MakeError(ErrorKind::kThrottled, "enough");
  });
  EXPECT_EQ(KindOf(status), ErrorKind::kThrottled);
  EXPECT_EQ(rows, 3);
}

}  // namespace
}  // namespace tapelake::query
