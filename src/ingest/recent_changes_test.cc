#include "ingest/recent_changes.h"

#include <gtest/gtest.h>

#include "ingest/change_book.h"

namespace tapelake::ingest {
namespace {

RecentChanges::Map::value_type* Add(RecentChanges* recent, const std::string& key, int64_t micros) {
  auto* entry = recent->FindOrAdd(key);
  entry->second.order.time_micros = micros;
  entry->second.partition = 0;
  return entry;
}

TEST(RecentChanges, ForgetsWhatIsOlderThanTheHorizonAndSaysSo) {
  RecentChanges recent(1000, 1 << 30);
  for (int i = 0; i < 5000; ++i)
    Add(&recent, "k" + std::to_string(i), i);
  recent.Evict(4999);
  EXPECT_EQ(recent.Find("k3998"), nullptr);
  ASSERT_NE(recent.Find("k3999"), nullptr);
  EXPECT_EQ(recent.floor_micros(), 3998);
}

TEST(RecentChanges, KeepsPendingEntriesWhateverTheirAge) {
  RecentChanges recent(10, 1 << 30);
  ChangeBook book;
  book.Accept(Add(&recent, "old", 0), {.row = 7});
  for (int i = 0; i < 5000; ++i)
    Add(&recent, "k" + std::to_string(i), 1000);
  recent.Evict(100000);
  EXPECT_NE(recent.Find("old"), nullptr);
  EXPECT_EQ(recent.Find("k1"), nullptr);
}

TEST(RecentChanges, KeepsTombstonesForTheHorizonAfterTheirArrival) {
  RecentChanges recent(1000, 1 << 30);
  const auto add_tombstone = [&recent](const std::string& key, int64_t micros, int64_t arrival) {
    auto* entry = Add(&recent, key, micros);
    entry->second.partition = kNoPartition;
    entry->second.arrival_micros = arrival;
  };
  add_tombstone("late", 7, 4500);
  add_tombstone("long ago", 7, 3998);
  for (int i = 0; i < 2000; ++i)
    Add(&recent, "k" + std::to_string(i), 4999);
  recent.Evict(4999);
  EXPECT_NE(recent.Find("late"), nullptr);
  EXPECT_EQ(recent.Find("long ago"), nullptr);
  EXPECT_EQ(recent.floor_micros(), 3998);
}

TEST(RecentChanges, KeepsABoundedNumberOfLateTombstones) {
  RecentChanges recent(1000, 1 << 30);
  const auto count = static_cast<int64_t>(kLateTombstonesMax) + 1;
  for (int64_t i = 0; i < count; ++i) {
    auto* entry = Add(&recent, "k" + std::to_string(i), i);
    entry->second.partition = kNoPartition;
    entry->second.arrival_micros = 10 * count;
  }
  Add(&recent, "new", 10 * count);
  recent.Evict(10 * count);
  EXPECT_EQ(recent.Find("k0"), nullptr);
  EXPECT_NE(recent.Find("k" + std::to_string(count - 1)), nullptr);
  EXPECT_NE(recent.Find("new"), nullptr);
  EXPECT_LT(recent.entries().size(), kLateTombstonesMax);
}

TEST(RecentChanges, StaysBelowItsMemoryLimit) {
  constexpr int64_t kBytesMax = 512 * 1024;
  RecentChanges recent(1'000'000'000, kBytesMax);
  for (int i = 0; i < 20000; ++i) {
    Add(&recent, "key-" + std::to_string(i), i);
    if (i % 1000 == 0) recent.Evict(i);
  }
  recent.Evict(20000);
  EXPECT_LE(recent.bytes(), kBytesMax);
  EXPECT_NE(recent.Find("key-19999"), nullptr) << "the newest must survive";
  EXPECT_GT(recent.floor_micros(), 0);
}

TEST(ChangeBook, WritesOneRowAndLeavesEveryOtherPartition) {
  RecentChanges recent(1000, 1 << 30);
  ChangeBook book;
  auto* entry = Add(&recent, "k", 1);
  book.Accept(entry, {.row = 0});
  entry->second.partition = 1;
  book.Accept(entry, {.row = 1});
  book.Leave(entry, 0);
  entry->second.partition = 2;
  book.Accept(entry, {.row = 2});
  book.Leave(entry, 1);
  book.Leave(entry, 0);
  const auto writes = book.MakeWrites(9);
  ASSERT_EQ(writes.size(), 3u);
  EXPECT_EQ(writes[0].partition, 2u);
  EXPECT_EQ(writes[0].row, 2);
  EXPECT_EQ(writes[1].partition, 0u);
  EXPECT_EQ(writes[1].row, hudi::RecordChange::kDelete);
  EXPECT_EQ(writes[2].partition, 1u);
}

TEST(ChangeBook, AKeyThatCameBackIsNotDeletedThere) {
  RecentChanges recent(1000, 1 << 30);
  ChangeBook book;
  auto* entry = Add(&recent, "k", 1);
  book.Accept(entry, {.row = 0});
  book.Leave(entry, 5);
  entry->second.partition = 5;
  book.Accept(entry, {.row = 1});
  const auto writes = book.MakeWrites(9);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].partition, 5u);
}

TEST(ChangeBook, ARefusedKeyOnlyLeavesWhatItLeft) {
  RecentChanges recent(1000, 1 << 30);
  ChangeBook book;
  auto* entry = Add(&recent, "k", 1);
  book.Accept(entry, {.row = 0, .late = true});
  book.Accept(entry, {.row = 1});
  book.Leave(entry, 4);
  book.Leave(entry, 5);
  EXPECT_EQ(book.LateEntries().size(), 1u);
  EXPECT_EQ(book.Refuse(entry, 5), 2);
  EXPECT_EQ(entry->second.partition, 5u);
  const auto writes = book.MakeWrites(9);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].partition, 4u);
  EXPECT_EQ(writes[0].row, hudi::RecordChange::kDelete);
}

}  // namespace
}  // namespace tapelake::ingest
