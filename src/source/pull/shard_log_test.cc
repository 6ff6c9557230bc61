#include "source/pull/shard_log.h"

#include <gmock/gmock.h>

#include <set>

#include "source/pull/testing_shards.h"
#include "testing/fake_clock.h"

namespace tapelake::source {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int64_t kNow = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kHour = 3'600 * kSecond;

class ShardLogTest : public ::testing::Test {
 protected:
  ShardLogTest() {
    options_.prefix = "test:s@";
    options_.place = "stream s";
    options_.trims_silently = true;
  }

  /// Another life of the process, which goes on from the marks of the last one.
  void Reopen() {
    log_ = std::make_unique<ShardLog>(std::make_unique<testing::FakeShardApi>(stream_), clock_,
                                      random_, options_, marks_);
  }

  /// Read for a while; keep what came.
  void Run(int64_t micros = 30 * kSecond) {
    const int64_t end = clock_.SteadyMicros() + micros;
    while (clock_.SteadyMicros() < end) {
      PullBatch batch;
      const Result<bool> brought = log_->Read(&batch);
      ASSERT_TRUE(brought.ok()) << brought.status();
      if (!*brought) clock_.Sleep(kSecond / 20);
      if (*brought) Take(std::move(batch));
    }
  }

  void Take(PullBatch batch) {
    for (const PullMark& news : batch.marks) {
      marks_[news.source_id] = news.mark;
      all_marks_.push_back(news.mark);
      if (news.fresh) fresh_.push_back(news.source_id);
    }
    for (const std::string& source : batch.forgotten) {
      marks_.erase(source);
      forgotten_.push_back(source);
    }
    for (const record::RecordBlock::Entry& entry : batch.block.entries) {
      const std::string_view bytes = batch.block.bytes(entry);
      read_.emplace_back(bytes);
      offsets_[batch.source_id].push_back(entry.offset);
      EXPECT_GE(batch.block.buffer.size(), entry.begin + entry.size + record::kRecordPaddingBytes);
    }
    if (!batch.block.entries.empty()) {
      EXPECT_EQ(batch.block.end_offset, batch.block.entries.back().offset + 1);
      EXPECT_EQ(marks_.at(batch.source_id).offset, batch.block.end_offset);
    }
  }

  std::vector<std::string> Read() {
    Run();
    return std::exchange(read_, {});
  }

  tapelake::testing::FakeClock clock_{kNow};
  io::SeededRandom random_{5};
  testing::FakeStream stream_{clock_};
  ShardLogOptions options_;
  std::unique_ptr<ShardLog> log_;
  std::map<std::string, record::LogMark> marks_;
  std::vector<std::string> read_;
  std::map<std::string, std::vector<uint64_t>> offsets_;
  std::vector<record::LogMark> all_marks_;
  std::vector<std::string> fresh_;
  std::vector<std::string> forgotten_;
};

TEST_F(ShardLogTest, ReadsAllShardsAndGoesOn) {
  stream_.Open("a");
  stream_.Open("b");
  for (int i = 0; i < 25; ++i)
    stream_.Put("a", "a" + std::to_string(i));
  stream_.Put("b", "b0");
  Reopen();
  EXPECT_EQ(Read().size(), 26u);
  stream_.Put("b", "b1");
  EXPECT_THAT(Read(), ElementsAre("b1"));
  EXPECT_THAT(offsets_["test:s@1/b"], ElementsAre(0u, 1u));
  EXPECT_EQ(offsets_["test:s@1/a"].back(), 24u);
}

TEST_F(ShardLogTest, AnotherLifeGoesOnBehindTheMarkWithTheSameNumbers) {
  stream_.Open("a");
  for (int i = 0; i < 25; ++i)
    stream_.Put("a", std::to_string(i));
  Reopen();
  Read();
  stream_.Put("a", "next");
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("next"));
  EXPECT_EQ(offsets_["test:s@1/a"].back(), 25u);
  EXPECT_EQ(log_->figures().gaps, 0);
  EXPECT_EQ(fresh_.size(), 1u) << "the first life's beginning alone";
}

TEST_F(ShardLogTest, ChildrenWaitUntilTheirParentIsReadToItsEnd) {
  stream_.Open("p");
  for (int i = 0; i < 30; ++i)
    stream_.Put("p", "p");
  stream_.Split("p", "l", "r");
  stream_.Put("l", "l");
  stream_.Put("r", "r");
  stream_.Merge("l", "r", "m");
  stream_.Put("m", "m");
  Reopen();
  const std::vector<std::string> read = Read();
  ASSERT_EQ(read.size(), 33u);
  EXPECT_EQ(std::set<std::string>(read.begin(), read.begin() + 30), std::set<std::string>{"p"});
  EXPECT_EQ(read.back(), "m");
  EXPECT_TRUE(marks_.at("test:s@1/p").at_end);
  EXPECT_TRUE(marks_.at("test:s@1/r").at_end);
  EXPECT_FALSE(marks_.at("test:s@1/m").at_end);
}

TEST_F(ShardLogTest, AMergeWaitsForBothParents) {
  stream_.Open("l");
  stream_.Open("r");
  stream_.Put("l", "l0");
  Reopen();
  Read();
  stream_.Put("r", "r0");
  stream_.Merge("l", "r", "m");
  stream_.Put("m", "m0");
  stream_.faults.assign(40, ShardFault::kThrottled);  // the parents come to their ends late
  EXPECT_THAT(Read(), IsEmpty());
  Run(600 * kSecond);
  EXPECT_THAT(read_, ElementsAre("r0", "m0"));
  EXPECT_EQ(log_->figures().throttled, 40);
}

TEST_F(ShardLogTest, AClosedShardEndsWithItsRecordsThoughItsIteratorsDoNot) {
  stream_.never_ends = true;
  stream_.Open("p");
  for (int i = 0; i < 25; ++i)
    stream_.Put("p", "p");
  stream_.Split("p", "l", "r");
  stream_.Put("l", "l");
  Reopen();
  const std::vector<std::string> read = Read();
  ASSERT_EQ(read.size(), 26u);
  EXPECT_EQ(read.back(), "l");
  EXPECT_TRUE(marks_.at("test:s@1/p").at_end);
}

TEST_F(ShardLogTest, EndedShardsAreNotReadAgainAndForgottenOnceTheyAreGone) {
  stream_.Open("p");
  stream_.Put("p", "p0");
  stream_.Split("p", "l", "r");
  Reopen();
  Read();
  Reopen();
  stream_.calls.clear();
  EXPECT_THAT(Read(), IsEmpty());
  EXPECT_THAT(stream_.calls, Not(Contains(HasSubstr("p "))));
  stream_.shards.at("p").listed = false;
  Run(11 * kSecond);
  EXPECT_THAT(forgotten_, IsEmpty()) << "one listing may lack it by mistake";
  Run(60 * kSecond);
  EXPECT_THAT(forgotten_, ElementsAre("test:s@1/p"));
  EXPECT_EQ(marks_.count("test:s@1/p"), 0u);
  stream_.Put("l", "l0");
  EXPECT_THAT(Read(), ElementsAre("l0"));
  EXPECT_EQ(log_->figures().gaps, 0);
}

TEST_F(ShardLogTest, AnExpiredIteratorLosesNothing) {
  stream_.Open("a");
  stream_.Put("a", "0");
  Reopen();
  Read();
  stream_.Put("a", "1");
  stream_.faults = {ShardFault::kExpired, ShardFault::kExpired};
  EXPECT_THAT(Read(), ElementsAre("1"));
  EXPECT_THAT(offsets_["test:s@1/a"], ElementsAre(0u, 1u));
  EXPECT_THAT(stream_.calls, Contains(HasSubstr("a after 1001")));
}

TEST_F(ShardLogTest, AnIteratorThatExpiresBeforeTheFirstRecordBeginsAgain) {
  stream_.Open("a");
  stream_.Put("a", "0");
  stream_.faults = {ShardFault::kExpired};
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("0"));
}

TEST_F(ShardLogTest, ThrottlingSlowsDownAndLosesNothing) {
  stream_.Open("a");
  stream_.Put("a", "0");
  stream_.faults.assign(5, ShardFault::kThrottled);
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("0"));
  EXPECT_EQ(log_->figures().throttled, 5);
  EXPECT_EQ(log_->figures().failures, 0);
}

TEST_F(ShardLogTest, FailuresPassAndAreTold) {
  stream_.Open("a");
  stream_.Put("a", "0");
  Reopen();
  stream_.fails = {MakeError(ErrorKind::kUnavailable, "no route"),
                   MakeError(ErrorKind::kCorrupt, "nonsense"),
                   MakeError(ErrorKind::kUnauthorized, "not now")};
  EXPECT_THAT(Read(), ElementsAre("0"));
  EXPECT_EQ(log_->figures().failures, 3);
  EXPECT_EQ(log_->figures().last_failure, "not now");
  stream_.list_fails = {MakeError(ErrorKind::kUnavailable, "again")};
  stream_.Put("a", "1");
  EXPECT_THAT(Read(), ElementsAre("1"));
}

TEST_F(ShardLogTest, SettingsThatCannotWorkAreErrorsOfTheFirstCall) {
  stream_.list_fails = {MakeError(ErrorKind::kNotFound, "no such stream")};
  Reopen();
  PullBatch batch;
  EXPECT_EQ(KindOf(log_->Read(&batch).status()), ErrorKind::kNotFound);

  options_.patient = true;
  stream_.Open("a");
  stream_.Put("a", "0");
  stream_.list_fails = {MakeError(ErrorKind::kNotFound, "no such stream"),
                        MakeError(ErrorKind::kUnavailable, "nobody there")};
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("0"));
}

TEST_F(ShardLogTest, WhatWasDroppedUnreadIsAGapAndCountsAfresh) {
  stream_.Open("a");
  stream_.Put("a", "0");
  Reopen();
  Read();
  clock_.Advance(48 * kHour);
  stream_.Put("a", "lost");
  clock_.Advance(48 * kHour);
  stream_.Put("a", "2");
  stream_.Trim("a", 1);
  fresh_.clear();
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("2"));
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_THAT(log_->figures().last_gap, HasSubstr("stream s, a: records behind 'after 1001"));
  EXPECT_THAT(fresh_, ElementsAre("test:s@1/a"));
}

/// The mark of the beginning stays in the commits as long as one of the readers is behind.
TEST_F(ShardLogTest, TheBeginningIsNamedByItsFirstRecord) {
  stream_.Open("a");
  stream_.Put("a", "0");
  stream_.Put("a", "1");
  Reopen();
  Read();
  const auto begin = std::ranges::find_if(
      all_marks_, [](const record::LogMark& mark) { return mark.text.starts_with("at 1001 "); });
  ASSERT_NE(begin, all_marks_.end());
  EXPECT_EQ(begin->offset, 0u);
  const auto commit = std::map<std::string, record::LogMark>{{"test:s@1/a", *begin}};
  marks_ = commit;
  offsets_.clear();
  fresh_.clear();
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("0", "1"));
  EXPECT_THAT(offsets_["test:s@1/a"], ElementsAre(0u, 1u));

  clock_.Advance(48 * kHour);
  marks_ = commit;
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("0", "1")) << "the service has them still";
  EXPECT_EQ(log_->figures().gaps, 0);

  stream_.Put("a", "2");
  stream_.Trim("a", 1);
  marks_ = commit;
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("2"));
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_THAT(fresh_, ElementsAre("test:s@1/a")) << "2 is not what 0 was";
}

TEST_F(ShardLogTest, ALongPauseWithNothingDroppedIsNoGap) {
  stream_.Open("a");
  stream_.Put("a", "0");
  stream_.retention_micros = 48 * kHour;
  Reopen();
  Read();
  clock_.Advance(100 * kHour);
  stream_.Put("a", "1");
  fresh_.clear();
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("1"));
  EXPECT_THAT(stream_.calls, Contains(HasSubstr(" with"))) << "the last record is looked at again";
  EXPECT_EQ(log_->figures().gaps, 0);
  EXPECT_THAT(offsets_["test:s@1/a"], ElementsAre(0u, 1u));
  EXPECT_THAT(fresh_, IsEmpty());
}

TEST_F(ShardLogTest, AnIdleShardWhoseLastRecordIsGoneIsNoGap) {
  stream_.Open("a");
  stream_.Put("a", "0");
  Reopen();
  Read();
  for (int hour = 0; hour < 30; ++hour) {
    clock_.Advance(kHour);
    Read();  // at its end all the time, as the marks say
  }
  stream_.Trim("a", 0);
  Reopen();
  stream_.Put("a", "1");
  EXPECT_THAT(Read(), ElementsAre("1"));
  EXPECT_EQ(log_->figures().gaps, 0);
  EXPECT_THAT(offsets_["test:s@1/a"], ElementsAre(0u, 1u));
}

TEST_F(ShardLogTest, AShardWithNothingLeftThatWasLeftAloneTooLongIsAGapAtOnce) {
  stream_.Open("a");
  stream_.Put("a", "0");
  Reopen();
  Read();
  stream_.Put("a", "lost");
  clock_.Advance(48 * kHour);
  stream_.Trim("a", 0);
  fresh_.clear();
  Reopen();
  EXPECT_THAT(Read(), IsEmpty());
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_THAT(fresh_, ElementsAre("test:s@1/a"));
  Reopen();  // and once only
  stream_.Put("a", "2");
  EXPECT_THAT(Read(), ElementsAre("2"));
  EXPECT_EQ(log_->figures().gaps, 0);
}

/// The process lives on; the service does not answer for longer than it keeps records.
TEST_F(ShardLogTest, WhatWasDroppedWhileTheServiceWasAwayIsAGap) {
  stream_.Open("a");
  stream_.Put("a", "0");
  Reopen();
  Read();
  stream_.fails.assign(2, MakeError(ErrorKind::kUnavailable, "no route"));
  Run(5 * kSecond);
  stream_.Put("a", "lost");
  stream_.fails.assign(1, MakeError(ErrorKind::kUnavailable, "no route"));
  clock_.Advance(48 * kHour);
  stream_.Put("a", "2");
  stream_.Trim("a", 1);
  EXPECT_THAT(Read(), ElementsAre("2"));
  EXPECT_EQ(log_->figures().gaps, 1);
}

/// The parent was read to its end, the child was not begun, and then nobody came for long.
TEST_F(ShardLogTest, AChildThatWasDroppedBeforeItWasBegunIsAGap) {
  for (const bool silently : {true, false}) {
    SCOPED_TRACE(silently ? "in silence" : "told");
    options_.trims_silently = silently;
    stream_.tells_trimming = !silently;
    stream_.shards.clear();
    marks_.clear();
    stream_.incarnation += "x";
    stream_.Open("p");
    stream_.Put("p", "0");
    Reopen();
    Read();
    stream_.Split("p", "l", "r");
    const auto begun = [&] { return marks_.size() == 3; };
    const auto parent_ended = [&] {
      return std::ranges::any_of(marks_, [](const auto& mark) { return mark.second.at_end; });
    };
    while (!begun() || !parent_ended()) {
      PullBatch batch;
      ASSERT_TRUE(log_->Read(&batch).ok());
      Take(std::move(batch));
      clock_.Sleep(kSecond / 20);
    }
    stream_.Put("l", "lost");
    clock_.Advance(48 * kHour);
    stream_.Put("l", "1");
    stream_.Trim("l", 1);
    stream_.shards.erase("p");
    read_.clear();
    fresh_.clear();
    Reopen();
    EXPECT_THAT(Read(), ElementsAre("1"));
    EXPECT_EQ(log_->figures().gaps, 2) << "of both children: nothing tells that one had none";
    EXPECT_EQ(fresh_.size(), 2u);
  }
}

TEST_F(ShardLogTest, AServiceThatTellsOfTrimmingIsBelieved) {
  options_.trims_silently = false;
  stream_.tells_trimming = true;
  stream_.Open("a");
  stream_.Put("a", "0");
  Reopen();
  Read();
  clock_.Advance(48 * kHour);
  stream_.Put("a", "lost");
  stream_.Put("a", "2");
  stream_.Trim("a", 1);
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("2"));
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_THAT(log_->figures().last_gap, HasSubstr("trimmed"));
}

TEST_F(ShardLogTest, AShardThatGoesBeforeItsEndIsAGap) {
  stream_.Open("a");
  stream_.Open("b");
  stream_.Put("a", "0");
  Reopen();
  Read();
  stream_.shards.erase("a");
  Run(60 * kSecond);
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_THAT(log_->figures().last_gap, HasSubstr("a: the shard is gone"));
  EXPECT_THAT(forgotten_, ElementsAre("test:s@1/a"));
}

TEST_F(ShardLogTest, AShardMissingFromOneListingIsNotGone) {
  stream_.Open("a");
  Reopen();
  Read();
  stream_.shards.at("a").listed = false;
  Run(11 * kSecond);
  stream_.shards.at("a").listed = true;
  stream_.Put("a", "0");
  EXPECT_THAT(Read(), ElementsAre("0"));
  EXPECT_EQ(log_->figures().gaps, 0);
}

TEST_F(ShardLogTest, AStreamMadeAnewIsAGapOfTheOldOneAndReadFromItsBeginning) {
  options_.start = {.kind = ShardPlace::Kind::kTime, .time_millis = kNow / 1'000};
  stream_.Open("a");
  stream_.Put("a", "old");
  Reopen();
  Read();
  stream_.shards.clear();
  stream_.incarnation = "2";
  stream_.Open("a");
  stream_.Put("a", "new");
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("new"));
  EXPECT_THAT(forgotten_, ElementsAre("test:s@1/a"));
  EXPECT_EQ(log_->figures().gaps, 1);
  EXPECT_THAT(offsets_["test:s@2/a"], ElementsAre(0u));
}

TEST_F(ShardLogTest, BeginsAtATimeAndRemembersItWithoutARecord) {
  stream_.Open("a");
  stream_.Put("a", "before");
  clock_.Advance(kSecond);
  options_.start = {.kind = ShardPlace::Kind::kTime, .time_millis = clock_.WallMicros() / 1'000};
  Reopen();
  EXPECT_THAT(Read(), IsEmpty());
  stream_.Put("a", "after");
  options_.start = {.kind = ShardPlace::Kind::kTime,
                    .time_millis = clock_.WallMicros() / 1'000 + 3'600'000};
  Reopen();  // another "now", which must not count
  EXPECT_THAT(Read(), ElementsAre("after"));
}

TEST_F(ShardLogTest, AServiceThatCannotBeginAtATimeIsFiltered) {
  options_.filters_time = true;
  options_.trims_silently = false;
  stream_.tells_trimming = true;
  stream_.Open("a");
  for (int i = 0; i < 25; ++i)
    stream_.Put("a", "before");
  clock_.Advance(kSecond);
  stream_.Put("a", "0");
  options_.start = {.kind = ShardPlace::Kind::kTime, .time_millis = clock_.WallMicros() / 1'000};
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("0"));
  EXPECT_THAT(offsets_["test:s@1/a"], ElementsAre(0u));
}

TEST_F(ShardLogTest, AStartThatWasLeftAloneTooLongIsAGap) {
  options_.start = {.kind = ShardPlace::Kind::kTime, .time_millis = kNow / 1'000};
  stream_.Open("a");
  Reopen();
  Read();
  clock_.Advance(30 * kHour);
  stream_.Put("a", "0");
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("0"));
  EXPECT_EQ(log_->figures().gaps, 1);
}

TEST_F(ShardLogTest, AStartBeforeWhatIsKeptIsNoGap) {
  options_.start = {.kind = ShardPlace::Kind::kTime, .time_millis = 1'000};
  stream_.Open("a");
  stream_.Put("a", "0");
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("0"));
  EXPECT_EQ(log_->figures().gaps, 0);
}

TEST_F(ShardLogTest, AShardIsAskedFourTimesASecondAtMost) {
  stream_.Open("a");
  for (int i = 0; i < 1'000; ++i)
    stream_.Put("a", "x");
  stream_.page_records = 1;
  Reopen();
  stream_.calls.clear();
  Run(20 * kSecond);
  EXPECT_LE(stream_.calls.size(), 85u);
  EXPECT_GE(stream_.calls.size(), 60u);
}

TEST_F(ShardLogTest, BigPagesKeepToTheBytesASecond) {
  options_.bytes_per_second = 1'000;
  stream_.Open("a");
  for (int i = 0; i < 100; ++i)
    stream_.Put("a", std::string(500, 'x'));
  Reopen();
  Run(20 * kSecond);
  EXPECT_LE(read_.size() * 500, 20'000u + 5'000u);
  EXPECT_GE(read_.size() * 500, 15'000u);
}

TEST_F(ShardLogTest, LagIsTheAgeOfTheNewestRecordReadAndZeroAtTheEnd) {
  stream_.Open("a");
  for (int i = 0; i < 200; ++i)
    stream_.Put("a", "x");
  clock_.Advance(kHour);
  Reopen();
  Run(2 * kSecond);
  EXPECT_GE(log_->figures().lag_micros, kHour);
  Run(60 * kSecond);
  EXPECT_EQ(log_->figures().lag_micros, 0);
  EXPECT_EQ(log_->figures().parts, 1);
}

TEST_F(ShardLogTest, AMarkThatIsNoneIsRefusedAndNamed) {
  stream_.Open("a");
  marks_["test:s@1/a"] = {.offset = 1, .text = "somewhere"};
  Reopen();
  PullBatch batch;
  const Status refused = log_->Read(&batch).status();
  EXPECT_EQ(KindOf(refused), ErrorKind::kCorrupt);
  EXPECT_THAT(refused.message(), HasSubstr("test:s@1/a"));
}

TEST_F(ShardLogTest, MarksOfOtherStreamsDoNotCount) {
  stream_.Open("a");
  stream_.Put("a", "0");
  marks_["test:other@1/a"] = {.offset = 1, .text = "after 5000 1"};
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("0"));
  EXPECT_THAT(forgotten_, IsEmpty());
}

/// Splits, merges, faults and new lives at random: every record once, in order within its key.
TEST_F(ShardLogTest, RandomLivesLoseAndDoubleNothing) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    io::SeededRandom dice(seed);
    marks_.clear();
    read_.clear();
    stream_.shards.clear();
    stream_.incarnation = std::to_string(seed);
    std::vector<std::string> open = {"s0", "s1"};
    stream_.Open("s0");
    stream_.Open("s1");
    int made = 2;
    std::map<int, int> written;  // by key, in the shard that the key is in now
    const auto shard_of = [&](int key) { return open[static_cast<size_t>(key) % open.size()]; };
    Reopen();
    for (int step = 0; step < 120; ++step) {
      const uint64_t what = dice.Below(20);
      if (what == 0 && open.size() < 6) {
        // All shards are replaced, so that a key's lineage holds whatever their number.
        std::vector<std::string> next;
        const size_t count = open.size() + 1;
        for (size_t i = 0; i < count; ++i) {
          next.push_back("s" + std::to_string(made++));
          stream_.Open(next.back(), open);
        }
        for (const std::string& old : open)
          stream_.shards.at(old).closed = true;
        open = next;
      } else if (what == 1) {
        Reopen();
      } else if (what < 5) {
        stream_.faults.push_back(static_cast<ShardFault>(dice.Below(3)));
      } else if (what == 5) {
        stream_.fails.push_back(MakeError(ErrorKind::kUnavailable, "no"));
      } else {
        const int key = static_cast<int>(dice.Below(8));
        stream_.Put(shard_of(key), std::to_string(key) + ":" + std::to_string(written[key]++));
      }
      Run(static_cast<int64_t>(dice.Below(400'000)));
    }
    stream_.faults.clear();
    stream_.fails.clear();
    Run(120 * kSecond);
    std::map<int, int> next;
    for (const std::string& text : read_) {
      const int key = std::stoi(text);
      ASSERT_EQ(text, std::to_string(key) + ":" + std::to_string(next[key]++)) << "seed " << seed;
    }
    for (const auto& [key, count] : written)
      ASSERT_EQ(next[key], count) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tapelake::source
