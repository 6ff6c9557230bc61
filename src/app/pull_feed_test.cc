#include "app/pull_feed.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <set>

#include "app/table_worker.h"
#include "io/local_file_system.h"
#include "io/random.h"
#include "record/table_definition.h"
#include "source/file_source.h"
#include "source/pull/shard_log.h"
#include "source/pull/testing_shards.h"
#include "testing/fake_clock.h"

namespace tapelake::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z
constexpr int64_t kSecond = 1'000'000;

/// Hands out what it was given.
class ListLog : public source::PullLog {
 public:
  explicit ListLog(std::deque<source::PullBatch>* batches) : batches_(batches) {}
  Result<bool> Read(source::PullBatch* batch) override {
    *batch = source::PullBatch();
    if (batches_->empty()) return false;
    *batch = std::move(batches_->front());
    batches_->pop_front();
    return true;
  }
  void Hold() override { ++holds; }
  void Committed(const std::map<std::string, record::LogMark>& marks) override {
    committed = marks;
  }
  source::PullFigures figures() const override { return {.gaps = 1, .last_gap = "there"}; }

  int holds = 0;
  std::map<std::string, record::LogMark> committed;

 private:
  std::deque<source::PullBatch>* batches_;
};

class PullFeedTest : public ::testing::Test {
 protected:
  source::PullBatch Batch(const std::string& source, uint64_t first, int records, bool fresh) {
    source::PullBatch batch{.source_id = source, .place = "place of " + source};
    if (fresh) {
      batch.marks.push_back(
          {.source_id = source, .mark = {.offset = first, .text = "oldest"}, .fresh = true});
    }
    for (int i = 0; i < records; ++i)
      batch.block.entries.push_back({.begin = 0, .size = 1, .offset = first++});
    batch.block.buffer.assign(1 + record::kRecordPaddingBytes, 'r');
    batch.block.end_offset = first;
    batch.marks.push_back({.source_id = source, .mark = {.offset = first, .text = "after 1 1"}});
    return batch;
  }
  std::unique_ptr<PullFeed> Begin() {
    return std::make_unique<PullFeed>(
        worker_, FeedStart{.offset = [](const std::string&) { return 0; },
                           .newest = [this](const std::string&) { return newest_; },
                           .marks = marks_});
  }
  void Work() {
    while (*worker_.Step()) {
    }
  }

  std::deque<source::PullBatch> batches_;
  std::vector<bool> opened_;
  ListLog* log_ = nullptr;
  PullWorker worker_{"source",
                     [this](const PullWorker::Marks& marks,
                            bool again) -> Result<std::unique_ptr<source::PullLog>> {
                       opened_.push_back(again);
                       EXPECT_EQ(marks, marks_);
                       auto log = std::make_unique<ListLog>(&batches_);
                       log_ = log.get();
                       return std::unique_ptr<source::PullLog>(std::move(log));
                     }};
  std::map<std::string, record::LogMark> marks_ = {{"a", {.offset = 3, .text = "after 3 3"}}};
  uint64_t newest_ = 0;
  record::RecordBlock block_;
};

TEST_F(PullFeedTest, HandsOutBlocksWithTheirSourcesAndMarks) {
  batches_.push_back(Batch("a", 3, 2, false));
  batches_.push_back(Batch("b", 0, 1, true));
  EXPECT_FALSE(*worker_.Step()) << "nobody wants anything yet";
  const auto feed = Begin();
  Work();
  ASSERT_TRUE(*feed->Next(&block_));
  EXPECT_EQ(feed->source_id(), "a");
  EXPECT_EQ(feed->place(), "place of a");
  EXPECT_EQ(block_.entries[1].offset, 4u);
  EXPECT_EQ(block_.end_offset, 5u);
  const std::vector<FeedMark> marks = feed->TakeMarks();
  ASSERT_EQ(marks.size(), 1u);
  EXPECT_EQ(marks[0].mark.offset, 5u);
  ASSERT_TRUE(*feed->Next(&block_));
  EXPECT_EQ(feed->source_id(), "b");
  EXPECT_EQ(feed->TakeMarks().size(), 2u);
  ASSERT_TRUE(*feed->Next(&block_));
  EXPECT_TRUE(block_.entries.empty());
  EXPECT_EQ(feed->pull_figures()->last_gap, "there");
}

TEST_F(PullFeedTest, WhatIsCountedAfreshComesAboveAllThatAnybodyTook) {
  const auto feed = Begin();
  newest_ = 100;
  batches_.push_back(Batch("a", 7, 2, true));
  batches_.push_back(Batch("a", 9, 1, false));
  Work();
  ASSERT_TRUE(*feed->Next(&block_));
  EXPECT_EQ(block_.entries[0].offset, 100u);
  EXPECT_EQ(block_.end_offset, 102u);
  EXPECT_EQ(feed->TakeMarks()[0].mark.offset, 100u);
  ASSERT_TRUE(*feed->Next(&block_));
  EXPECT_EQ(block_.entries[0].offset, 102u);
  EXPECT_EQ(feed->TakeMarks()[0].mark.offset, 103u);
}

TEST_F(PullFeedTest, ANewBeginningForgetsWhatWaits) {
  auto feed = Begin();
  batches_.push_back(Batch("a", 3, 2, false));
  Work();
  feed = Begin();
  ASSERT_TRUE(*feed->Next(&block_));
  EXPECT_TRUE(block_.entries.empty());
  batches_.push_back(Batch("a", 3, 1, false));
  Work();
  ASSERT_TRUE(*feed->Next(&block_));
  EXPECT_EQ(block_.entries.size(), 1u);
  EXPECT_THAT(opened_, ElementsAre(false, true));
  EXPECT_EQ(worker_.figures().gaps, 2) << "of both logs";
}

TEST_F(PullFeedTest, NothingIsReadWhileTooMuchWaits) {
  const auto feed = Begin();
  for (size_t i = 0; i < PullWorker::kBatchesMax + 10; ++i)
    batches_.push_back(Batch("a", 3 + i, 1, false));
  Work();
  EXPECT_EQ(batches_.size(), 10u);
  EXPECT_TRUE(worker_.is_held_up());
  EXPECT_GT(log_->holds, 0) << "it may have to be kept alive";
  ASSERT_TRUE(*feed->Next(&block_));
  EXPECT_FALSE(worker_.is_held_up());
  EXPECT_TRUE(*worker_.Step());
  EXPECT_EQ(batches_.size(), 9u);
}

TEST_F(PullFeedTest, TheLogHearsWhatIsCommitted) {
  const auto feed = Begin();
  Work();
  feed->Committed({{"a", {.offset = 7, .text = "after 7 7"}}});
  EXPECT_TRUE(log_->committed.empty()) << "on its own thread";
  Work();
  EXPECT_EQ(log_->committed.at("a").offset, 7u);
}

/// A whole table over a stream of shards, whose process dies at random.
class PulledTableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tapelake-pt-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    table_.bucket_count = 1;
  }
  void TearDown() override {
    Kill();
    std::filesystem::remove_all(root_);
  }

  void Open() {
    delivery_ =
        delivery::Delivery::Open(files_, clock_, table_,
                                 {.lake_path = root_, .stream = "s", .buffer_micros = 5 * kSecond})
            .MoveValueUnsafe();
    pull_ = std::make_unique<PullWorker>(
        "source",
        [this](const PullWorker::Marks& marks,
               bool again) -> Result<std::unique_ptr<source::PullLog>> {
          return std::make_unique<source::ShardLog>(
              std::make_unique<source::testing::FakeShardApi>(stream_), clock_, random_,
              source::ShardLogOptions{.prefix = "kinesis:s@",
                                      .place = "stream s",
                                      .trims_silently = true,
                                      .patient = again},
              marks);
        });
    TableWorker::Parts parts;
    parts.table = table_.QualifiedName();
    parts.delivery = delivery_.get();
    parts.delivers = true;
    parts.limits.interval_micros = commit_micros_;
    parts.open_ingest = [this] {
      return ingest::TableIngest::Open({.files = files_, .clock = clock_, .random = random_},
                                       table_, {.lake_path = root_, .threads = 1});
    };
    parts.open_feed = [this](const FeedStart& start) -> Result<std::unique_ptr<Feed>> {
      marks_at_start_ = start.marks;
      return std::make_unique<PullFeed>(*pull_, start);
    };
    auto worker = TableWorker::Open(clock_, std::move(parts));
    ASSERT_TRUE(worker.ok()) << worker.status();
    worker_ = std::move(*worker);
  }

  void Kill() {
    worker_.reset();
    pull_.reset();
    delivery_.reset();
  }

  void Run(int64_t micros) {
    const int64_t end = clock_.SteadyMicros() + micros;
    while (clock_.SteadyMicros() < end) {
      const auto pulled = pull_->Step();
      ASSERT_TRUE(pulled.ok()) << pulled.status();
      const auto worked = worker_->Step();
      ASSERT_TRUE(worked.ok()) << worked.status();
      clock_.Sleep(kSecond / 20);
    }
  }

  /// A change record of the Kinesis form, the `number`th.
  void Put(const std::string& shard, int number) {
    const std::string id = "k" + std::to_string(number);
    stream_.Put(shard, R"({"awsRegion":"r","eventID":"e-)" + id +
                           R"(","eventName":"INSERT","userIdentity":null,"recordFormat":)"
                           R"("application/json","tableName":"T","dynamodb":{)"
                           R"("ApproximateCreationDateTime":)" +
                           std::to_string(clock_.WallMicros()) +
                           R"(,"Keys":{"transaction_id":{"S":")" + id +
                           R"("}},"NewImage":{"transaction_id":{"S":")" + id +
                           R"("},"timestamp":{"S":"2026-11-22T18:00:00Z"}},"SizeBytes":9,)"
                           R"("ApproximateCreationDateTimePrecision":"MICROSECOND"},)"
                           R"("eventSource":"aws:dynamodb"})");
  }

  /// The records in all raw objects.
  std::vector<std::string> RawRecords() {
    std::vector<std::string> records;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_ + "/raw")) {
      if (entry.path().extension() != ".gz") continue;
      auto object = source::OpenFileSource(files_, entry.path().string(),
                                           {.format = source::FileFormat::kRawObject}, 0)
                        .MoveValueUnsafe();
      record::RecordBlock block;
      while (object->ReadBlock(&block).ValueOrDie()) {
        for (const record::RecordBlock::Entry& record : block.entries)
          records.emplace_back(block.bytes(record));
      }
    }
    return records;
  }

  std::string root_;
  io::LocalFileSystem files_;
  tapelake::testing::FakeClock clock_{kNow};
  io::SeededRandom random_{9};
  source::testing::FakeStream stream_{clock_};
  record::TableDefinition table_ = record::CryptoTransactionsTable();
  std::unique_ptr<delivery::Delivery> delivery_;
  std::unique_ptr<PullWorker> pull_;
  std::unique_ptr<TableWorker> worker_;
  PullWorker::Marks marks_at_start_;
  int64_t commit_micros_ = 2 * kSecond;
};

TEST_F(PulledTableTest, DiesAtRandomAndHasEveryRecordOnceInTableAndRawLayer) {
  io::SeededRandom dice(4);
  std::vector<std::string> open = {"s0", "s1"};
  stream_.Open("s0");
  stream_.Open("s1");
  int made = 2;
  int written = 0;
  Open();
  for (int step = 0; step < 150; ++step) {
    if (dice.Below(25) == 0) {
      const std::string left = "s" + std::to_string(made++);
      const std::string right = "s" + std::to_string(made++);
      const size_t which = dice.Below(open.size());
      stream_.Split(open[which], left, right);
      open[which] = left;
      open.push_back(right);
    }
    if (dice.Below(12) == 0) {
      Kill();
      Open();
    }
    for (uint64_t i = 0; i < dice.Below(6); ++i)
      Put(open[dice.Below(open.size())], written++);
    Run(static_cast<int64_t>(dice.Below(1'500'000)));
  }
  Run(30 * kSecond);
  // The raw layer has all of it by now, so the next commit says which shards have ended.
  for (const std::string& shard : open)
    Put(shard, written++);
  Run(30 * kSecond);
  ASSERT_TRUE(worker_->Drain().ok());
  EXPECT_EQ(worker_->progress().pull->gaps, 0);
  Kill();
  Open();
  uint64_t committed = 0;
  auto ingest = ingest::TableIngest::Open({.files = files_, .clock = clock_, .random = random_},
                                          table_, {.lake_path = root_, .threads = 1})
                    .MoveValueUnsafe();
  for (const auto& [source, mark] : marks_at_start_)
    committed += ingest->CommittedOffset(source);
  EXPECT_EQ(committed, static_cast<uint64_t>(written));
  const std::vector<std::string> raw = RawRecords();
  EXPECT_EQ(raw.size(), static_cast<size_t>(written));
  EXPECT_EQ(std::set<std::string>(raw.begin(), raw.end()).size(), raw.size());
  for (const auto& [source, mark] : marks_at_start_)
    EXPECT_EQ(mark.at_end, stream_.shards.at(source.substr(source.rfind('/') + 1)).closed);
}

TEST_F(PulledTableTest, ARecordThatNobodyCanReadBecomesAnErrorObject) {
  stream_.Open("s0");
  stream_.Put("s0", "\xf3\x89\x9a\xc2 a broken aggregate");
  Put("s0", 1);
  Open();
  Run(10 * kSecond);
  ASSERT_TRUE(worker_->Drain().ok());
  const TableProgress progress = worker_->progress();
  EXPECT_EQ(progress.counts.errors, 1);
  EXPECT_EQ(progress.counts.applied, 1);
  EXPECT_EQ(progress.error_objects, 1);
}

/// The raw layer has a record that the table does not have, and nobody else any more. What is
/// counted anew begins above it, and the commits say so though nothing comes there.
TEST_F(PulledTableTest, AGapBehindWhichNothingComesIsToldOnce) {
  stream_.Open("s0");
  stream_.Open("s1");
  Put("s0", 1);
  Open();
  Run(10 * kSecond);
  Kill();
  commit_micros_ = 3'600 * kSecond;
  Open();
  Put("s0", 2);
  Run(20 * kSecond);
  ASSERT_EQ(RawRecords().size(), 2u);
  Kill();
  commit_micros_ = 2 * kSecond;
  clock_.Advance(int64_t{50} * 3'600 * kSecond);
  stream_.Trim("s0", 0);
  Put("s1", 3);
  Open();
  Run(20 * kSecond);
  ASSERT_TRUE(worker_->Drain().ok());
  EXPECT_EQ(worker_->progress().pull->gaps, 1);
  Kill();
  Open();
  Put("s0", 4);
  Run(10 * kSecond);
  ASSERT_TRUE(worker_->Drain().ok());
  EXPECT_EQ(marks_at_start_.at("kinesis:s@1/s0").offset, 2u);
  EXPECT_EQ(worker_->progress().pull->gaps, 0);
  EXPECT_EQ(worker_->progress().counts.applied, 1);
  EXPECT_EQ(RawRecords().size(), 4u);
}

TEST_F(PulledTableTest, AGapIsCountedAndTheTableGoesOn) {
  stream_.Open("s0");
  Put("s0", 1);
  Open();
  Run(10 * kSecond);
  Kill();
  clock_.Advance(int64_t{50} * 3'600 * kSecond);
  Put("s0", 2);
  Put("s0", 3);
  stream_.Trim("s0", 1);
  Open();
  Run(10 * kSecond);
  ASSERT_TRUE(worker_->Drain().ok());
  EXPECT_EQ(worker_->progress().pull->gaps, 1);
  EXPECT_THAT(worker_->progress().pull->last_gap, HasSubstr("are not kept any more"));
  EXPECT_EQ(worker_->progress().counts.applied, 1);
  EXPECT_EQ(RawRecords().size(), 2u);
}

}  // namespace
}  // namespace tapelake::app
