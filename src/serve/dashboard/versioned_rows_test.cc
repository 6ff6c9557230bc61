#include "serve/dashboard/versioned_rows.h"

#include <gtest/gtest.h>

namespace tapelake::serve {
namespace {

using Texts = std::vector<std::string>;

Texts Copy(const std::vector<const std::string*>& texts) {
  Texts out;
  for (const std::string* text : texts)
    out.push_back(*text);
  return out;
}

TEST(VersionedRows, KnowWhatChangedAfterAVersion) {
  VersionedRows rows;
  EXPECT_TRUE(rows.Update({{"b", "1"}, {"a", "1"}}, 1));
  EXPECT_TRUE(rows.Update({{"b", "2"}, {"a", "1"}}, 2));
  EXPECT_EQ(Copy(rows.ChangedAfter(0)), (Texts{"2", "1"}));
  EXPECT_EQ(Copy(rows.ChangedAfter(1)), Texts{"2"});
  EXPECT_EQ(Copy(rows.ChangedAfter(2)), Texts{});
}

TEST(VersionedRows, AreTheSameWhenNothingDiffers) {
  VersionedRows rows;
  EXPECT_TRUE(rows.Update({{"a", "1"}}, 1));
  EXPECT_FALSE(rows.Update({{"a", "1"}}, 2));
  EXPECT_FALSE(rows.Update({{"a", "1"}}, 2));
  EXPECT_TRUE(rows.Update({}, 2));
}

TEST(VersionedRows, KnowWhatWentUnlessItCameBack) {
  VersionedRows rows;
  rows.Update({{"a", "1"}, {"b", "1"}}, 1);
  rows.Update({{"b", "1"}}, 2);
  EXPECT_EQ(Copy(rows.RemovedAfter(1)), Texts{"a"});
  EXPECT_EQ(Copy(rows.RemovedAfter(2)), Texts{});
  EXPECT_EQ(Copy(rows.RemovedAfter(0)), Texts{});
  rows.Update({{"a", "1"}, {"b", "1"}}, 3);
  EXPECT_EQ(Copy(rows.RemovedAfter(1)), Texts{});
  EXPECT_EQ(Copy(rows.ChangedAfter(2)), Texts{"1"});
}

TEST(VersionedRows, SayWhenTooMuchWent) {
  VersionedRows rows;
  for (uint64_t version = 1; version < 6'000; ++version)
    rows.Update({{std::to_string(version), "1"}}, version);
  EXPECT_TRUE(rows.Remembers(0));
  EXPECT_FALSE(rows.Remembers(1));
  EXPECT_TRUE(rows.Remembers(5'900));
}

}  // namespace
}  // namespace tapelake::serve
