#include "hudi/writer/key_table.h"

#include <string>

#include <gtest/gtest.h>

namespace tapelake::hudi {
namespace {

std::vector<RecordChange> ChangesOf(const std::vector<std::string>& keys) {
  std::vector<RecordChange> changes;
  for (const std::string& key : keys)
    changes.push_back({.record_key = key});
  return changes;
}

TEST(KeyTable, FindsEachKeyAndNoOther) {
  std::vector<std::string> keys;
  for (int i = 0; i < 10'000; ++i)
    keys.push_back("key-" + std::to_string(i));
  const std::vector<RecordChange> changes = ChangesOf(keys);
  KeyTable table;
  ASSERT_EQ(table.Fill(changes), std::nullopt);
  for (uint32_t i = 0; i < changes.size(); ++i)
    ASSERT_EQ(table.Find(keys[i]), i);
  for (int i = 10'000; i < 30'000; ++i)
    ASSERT_EQ(table.Find("key-" + std::to_string(i)), std::nullopt) << i;
}

TEST(KeyTable, NamesTheChangeOfAKeyThatAnotherHas) {
  const std::vector<std::string> keys = {"a", "b", "c", "b", "a"};
  KeyTable table;
  EXPECT_EQ(table.Fill(ChangesOf(keys)), 3U);
}

TEST(KeyTable, OfNoChangesFindsNothing) {
  KeyTable table;
  EXPECT_EQ(table.Fill({}), std::nullopt);
  EXPECT_EQ(table.Find(""), std::nullopt);
  EXPECT_EQ(table.Find("a"), std::nullopt);
}

}  // namespace
}  // namespace tapelake::hudi
