// Compiled without Arrow (see CMakeLists.txt): the Status and Result of the Lambda bootstrap.

#include <memory>

#include <gtest/gtest.h>

#include "base/status.h"

namespace tapelake {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) {
    return MakeError(ErrorKind::kInvalid, std::to_string(number) + " is odd");
  }
  return number / 2;
}

Result<int> Quarter(int number) {
  TAPELAKE_ASSIGN_OR_RAISE(const int half, Half(number));
  TAPELAKE_ASSIGN_OR_RAISE(int quarter, Half(half));
  return quarter;
}

Status Check(int number) {
  TAPELAKE_RETURN_NOT_OK(Half(number).status());
  return Status::OK();
}

TEST(PlainStatus, KeepsKindAndMessage) {
  const Status failed = MakeError(ErrorKind::kConflict, "it was taken");
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(KindOf(failed), ErrorKind::kConflict);
  EXPECT_EQ(failed.message(), "it was taken");
  EXPECT_EQ(failed.ToString(), "conflict: it was taken");
  const Status copy = failed;
  EXPECT_EQ(copy.message(), "it was taken");
}

TEST(PlainStatus, SucceedsWithoutAMessage) {
  EXPECT_TRUE(Status::OK().ok());
  EXPECT_EQ(Status::OK().message(), "");
  EXPECT_EQ(Status::OK().ToString(), "OK");
}

TEST(PlainStatus, TakesContextAndKeepsItsKind) {
  const Status failed = WithContext(MakeError(ErrorKind::kThrottled, "full"), "queue");
  EXPECT_EQ(KindOf(failed), ErrorKind::kThrottled);
  EXPECT_EQ(failed.message(), "queue: full");
  EXPECT_TRUE(WithContext(Status::OK(), "queue").ok());
}

TEST(PlainStatus, PassesErrorsThroughTheMacros) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(3).status().message(), "3 is odd");
  EXPECT_EQ(Quarter(6).status().message(), "3 is odd");
  EXPECT_TRUE(Check(2).ok());
  EXPECT_EQ(KindOf(Check(7)), ErrorKind::kInvalid);
}

TEST(PlainResult, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(7);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(**made, 7);
  const std::unique_ptr<int> taken = *std::move(made);
  EXPECT_EQ(*taken, 7);
}

TEST(PlainResultDeathTest, RefusesToGiveWhatIsNotThere) {
  Result<int> failed = Half(1);
  EXPECT_DEATH((void)*failed, "value_.has_value");
}

}  // namespace
}  // namespace tapelake
