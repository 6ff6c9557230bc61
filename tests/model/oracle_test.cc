#include "tests/model/oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace tapelake::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kFirst = "20261122180000001";
const std::string kSecond = "20261122180000002";
const std::string kThird = "20261122180000003";
const std::string kFourth = "20261122180000004";
const Intent kBackToFirst{.back_to = kFirst, .goes_back = true};

hudi::Timeline Active(const std::vector<std::string>& commits) {
  std::vector<std::string> names;
  for (const std::string& commit : commits)
    names.push_back(commit + ".commit");
  return hudi::Timeline::FromFileNames(names);
}

class OracleTest : public ::testing::Test {
 protected:
  /// Four commits, each of another state.
  void SetUp() override {
    std::vector<std::string> there;
    for (const std::string& commit : {kFirst, kSecond, kThird, kFourth}) {
      State next = oracle_.now();
      next.rows[commit] = {};
      there.push_back(commit);
      ASSERT_TRUE(oracle_.TakeOver(Active(there), {.next = &next, .must_happen = true}).ok());
    }
  }
  std::vector<std::string> Instants() const {
    std::vector<std::string> instants;
    for (const auto& [instant, state] : oracle_.states())
      instants.push_back(instant);
    return instants;
  }

  Oracle oracle_{State{}};
};

TEST_F(OracleTest, ACallThatGoesBackTakesAllOrNothing) {
  ASSERT_TRUE(oracle_.TakeOver(Active({kFirst, kSecond, kThird, kFourth}), kBackToFirst).ok());
  EXPECT_THAT(Instants(), ElementsAre(kFirst, kSecond, kThird, kFourth));
  const Status half = oracle_.TakeOver(Active({kFirst, kSecond}), kBackToFirst);
  EXPECT_THAT(half.message(), HasSubstr("half way: gone " + kThird + " " + kFourth));
  ASSERT_TRUE(oracle_.TakeOver(Active({kFirst}), kBackToFirst).ok());
  EXPECT_THAT(Instants(), ElementsAre(kFirst));
}

TEST_F(OracleTest, WhatWasArchivedInsteadOfTakenBackStays) {
  const Status status = oracle_.TakeOver(Active({kThird, kFourth}), kBackToFirst);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(Instants(), ElementsAre(kFirst, kSecond, kThird, kFourth));
}

TEST_F(OracleTest, ACallThatSaysItWentBackDid) {
  Intent done = kBackToFirst;
  done.must_happen = true;
  const Status status = oracle_.TakeOver(Active({kThird, kFourth}), done);
  EXPECT_THAT(status.message(), HasSubstr("did not go back to " + kFirst));
}

TEST_F(OracleTest, OnlyGoingBackTakesActiveCommits) {
  EXPECT_THAT(oracle_.TakeOver(Active({kFirst, kSecond, kFourth}), {}).message(),
              HasSubstr("lost commit " + kThird));
  EXPECT_THAT(oracle_.TakeOver(Active({}), kBackToFirst).message(),
              HasSubstr("lost commit " + kFirst));
}

}  // namespace
}  // namespace tapelake::model
