#include "delivery/object_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/object_name.h"
#include "testing/fake_file_system.h"

namespace tapelake::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kHour = 3'600'000'000;
constexpr int64_t kNoon = 1'795'348'800'000'000;  // 2026-11-22T12:00:00Z

class ObjectListTest : public ::testing::Test {
 protected:
  std::string Put(const std::string& path) {
    const std::string full = io::JoinPath("lake", path);
    EXPECT_TRUE(files_.CreateDirectories(io::ParentPath(full)).ok());
    EXPECT_TRUE(files_.ReplaceFile(full, "x").ok());
    return full;
  }
  std::string PutRaw(int64_t micros, uint64_t id, const std::string& stream = "s") {
    return Put(RawObjectPath({stream, micros, id}));
  }
  std::vector<std::string> Raw(int64_t from, int64_t to) {
    return ListRawObjects(files_, {"lake", "s", from, to}).ValueOrDie();
  }

  tapelake::testing::FakeFileSystem files_;
};

TEST_F(ObjectListTest, FindsWhatWasCutInTheRange) {
  EXPECT_THAT(Raw(0, kNoon), IsEmpty());
  const std::string early = PutRaw(kNoon - 400 * 24 * kHour, 1);
  const std::string before = PutRaw(kNoon - 1'000'000, 2);
  const std::string noon = PutRaw(kNoon, 3);
  const std::string later = PutRaw(kNoon + 30 * kHour, 4);
  PutRaw(kNoon, 5, "other");
  Put("raw/s/2026/11/22/12/notes.txt");
  Put("raw/s/2026/11/22/12/.tmp-1-2");
  Put("raw/s/latest/11/22/12/" + FormatObjectName({"s", kNoon, 6}) + ".ndjson.gz");
  EXPECT_THAT(Raw(0, kNoon + 1000 * 24 * kHour), ElementsAre(early, before, noon, later));
  EXPECT_THAT(Raw(kNoon, kNoon + kHour), ElementsAre(noon));
  EXPECT_THAT(Raw(kNoon - kHour, kNoon), ElementsAre(before));
  EXPECT_THAT(Raw(kNoon, kNoon), IsEmpty());
  EXPECT_THAT(Raw(kNoon + 1'000'000, kNoon + 31 * kHour), ElementsAre(later));
}

TEST_F(ObjectListTest, OrdersByIdAlsoWhenTheClockJumpedBack) {
  const std::string second = PutRaw(kNoon - 5 * kHour, 11);
  const std::string first = PutRaw(kNoon, 9);
  const std::string third = PutRaw(kNoon - 4 * kHour, 100);
  EXPECT_THAT(Raw(0, 2 * kNoon), ElementsAre(first, second, third));
}

TEST_F(ObjectListTest, ListsOnlyTheHoursAskedFor) {
  for (uint64_t hour = 0; hour < 48; ++hour)
    PutRaw(kNoon + static_cast<int64_t>(hour) * kHour, hour);
  int lists = 0;
  files_.SetBefore([&](tapelake::testing::FakeFileSystem::Step step, const std::string&) {
    lists += step == tapelake::testing::FakeFileSystem::Step::kList ? 1 : 0;
    return Status::OK();
  });
  EXPECT_EQ(Raw(kNoon + 3 * kHour, kNoon + 5 * kHour).size(), 2u);
  EXPECT_LE(lists, 4 + 3);
}

TEST_F(ObjectListTest, FindsErrorObjectsByTypeOrAll) {
  const ObjectName name{"s", kNoon, 1};
  const std::string key = Put(ErrorObjectPath("no-key", name));
  const std::string json = Put(ErrorObjectPath("invalid-json", name));
  const std::string next = Put(ErrorObjectPath("invalid-json", {"s", kNoon, 2}));
  Put(ErrorObjectPath("no-key", {"other", kNoon, 3}));
  const ObjectRange range{"lake", "s", kNoon, kNoon + kHour};
  EXPECT_THAT(ListErrorObjects(files_, range, "").ValueOrDie(), ElementsAre(json, key, next));
  EXPECT_THAT(ListErrorObjects(files_, range, "no-key").ValueOrDie(), ElementsAre(key));
  EXPECT_THAT(ListErrorObjects(files_, range, "too-deep").ValueOrDie(), IsEmpty());
}

}  // namespace
}  // namespace tapelake::delivery
