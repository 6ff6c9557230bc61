// What an opened stream makes of unfinished writes and of damage. S1.. are the invariants of
// docs/internals/stream.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "io/random.h"
#include "stream/frame_format.h"
#include "testing/fake_key_management.h"
#include "testing/sim_file_system.h"
#include "testing/stream_fixture.h"

namespace tapelake::stream {
namespace {

using ::testing::AllOf;
using testing::DiskFaults;
using testing::DiskStep;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StepFate;

class DamageTest : public testing::StreamFixture {
 protected:
  using Files = std::map<std::string, std::string>;

  /// Three segments, the newest of three frames; returns all files. `records_` is what they hold.
  Files WriteLog(bool sealed) {
    options_.compression = Compression::kZstd;
    options_.segment_bytes_max = 500;
    const auto stream = Open();
    for (int frame = 0, frames_in_newest = 0; frames_in_newest < 3; ++frame) {
      const auto records =
          Records("a record that repeats itself itself " + std::to_string(frame), frame % 4 + 1);
      Write(*stream, records);
      records_.insert(records_.end(), records.begin(), records.end());
      last_frame_records_ = records.size();
      if (stream->facts().segments == 3) ++frames_in_newest;
    }
    if (sealed) {
      EXPECT_TRUE(stream->Seal().ok());
    }
    Files files;
    for (const std::string& path : files_.Paths())
      files[path] = *files_.ReadFile(path);
    return files;
  }

  /// Put exactly these files in place.
  void Restore(const Files& files) {
    for (const std::string& path : files_.Paths()) {
      if (!files.contains(path)) {
        ASSERT_TRUE(files_.DeleteFile(path).ok());
      }
    }
    for (const auto& [path, bytes] : files)
      Overwrite(path, bytes);
  }

  /// Open and read everything. On failure `*status` says so and what came before is returned.
  std::vector<std::string> OpenAndRead(Status* status) {
    auto stream = TryOpen();
    *status = stream.status();
    if (!stream.ok()) return {};
    return ReadFrom(**stream, (*stream)->facts().first_sequence, status, 1 << 20);
  }

  /// The records without those of the newest frame.
  std::vector<std::string> WithoutLastFrame() const {
    return {records_.begin(), records_.end() - static_cast<int64_t>(last_frame_records_)};
  }

  /// Whether `records` are the first ones, or all, that were written.
  bool IsPrefix(const std::vector<std::string>& records) const {
    return records.size() <= records_.size() &&
           std::equal(records.begin(), records.end(), records_.begin());
  }

  std::vector<std::string> records_;
  size_t last_frame_records_ = 0;
};

// S6, S7: a sealed log has no unfinished write but its seal.
TEST_F(DamageTest, ReportsEveryFlippedBitOfASealedLog) {
  const Files good = WriteLog(true);
  const std::string newest = good.rbegin()->first.ends_with(".segment")
                                 ? good.rbegin()->first
                                 : std::prev(good.end(), 2)->first;
  const size_t seal_begin = good.at(newest).size() - kSealBytes;
  for (const auto& [path, bytes] : good) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      Files damaged = good;
      damaged[path][i] = static_cast<char>(damaged[path][i] ^ (1 << (i % 8)));
      Restore(damaged);
      Status status;
      const auto records = OpenAndRead(&status);
      ASSERT_TRUE(IsPrefix(records)) << path << " byte " << i;
      if (path == newest && i >= seal_begin) {
        ASSERT_TRUE(status.ok()) << status;
        ASSERT_EQ(records, records_);
        ASSERT_EQ(report_.torn_bytes_cut, static_cast<int64_t>(kSealBytes));
        continue;
      }
      ASSERT_EQ(KindOf(status), ErrorKind::kCorrupt) << path << " byte " << i << ": " << status;
      ASSERT_THAT(status.message(), HasSubstr("'" + path + "'"));
      if (path.ends_with(".segment")) {
        ASSERT_THAT(status.message(), HasSubstr("at offset "));
      }
    }
  }
}

// S6: without a seal, the newest frame may be an unfinished write; nothing else may.
TEST_F(DamageTest, CutsOnlyTheNewestFrameOfAnUnsealedLog) {
  const Files good = WriteLog(false);
  const std::string newest = SegmentPaths().back();
  size_t cuts = 0;
  for (size_t i = 0; i < good.at(newest).size(); ++i) {
    Files damaged = good;
    damaged[newest][i] = static_cast<char>(damaged[newest][i] ^ (1 << (i % 8)));
    Restore(damaged);
    Status status;
    const auto records = OpenAndRead(&status);
    ASSERT_TRUE(IsPrefix(records)) << "byte " << i;
    if (status.ok()) {
      ++cuts;
      ASSERT_EQ(records, WithoutLastFrame()) << "byte " << i;
      ASSERT_EQ(report_.torn_segment, newest);
    } else {
      ASSERT_EQ(KindOf(status), ErrorKind::kCorrupt);
    }
  }
  EXPECT_GT(cuts, kFrameHeaderBytes);
  EXPECT_LT(cuts, good.at(newest).size() / 2);
}

// S5
TEST_F(DamageTest, CutsALogTruncatedAnywhereInItsNewestSegment) {
  const Files good = WriteLog(false);
  const std::string newest = SegmentPaths().back();
  const std::string bytes = good.at(newest);
  for (size_t size = 0; size < bytes.size(); ++size) {
    Files cut = good;
    cut[newest] = bytes.substr(0, size);
    Restore(cut);
    Status status;
    const auto records = OpenAndRead(&status);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_TRUE(IsPrefix(records)) << "cut to " << size;
    ASSERT_LT(records.size(), records_.size());
    // it can be written to, and a second look finds nothing wrong
    {
      const auto stream = Open();
      ASSERT_EQ(report_.torn_segment, "");
      Write(*stream, {"after the cut"});
    }
    const auto again = OpenAndRead(&status);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_EQ(again.size(), records.size() + 1);
    ASSERT_EQ(again.back(), "after the cut");
  }
}

// S5: the seal was written back, then cut, and the frame in its place only in part.
TEST_F(DamageTest, CutsAnUnfinishedWriteBehindASealThatCameBack) {
  Files good = WriteLog(true);
  good[SegmentPaths().back()] += std::string(100, 'x');
  Restore(good);
  Status status;
  EXPECT_EQ(OpenAndRead(&status), records_);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(report_.torn_bytes_cut, static_cast<int64_t>(kSealBytes) + 100);
}

TEST_F(DamageTest, ReportsWhatItCut) {
  const Files good = WriteLog(false);
  const std::string newest = SegmentPaths().back();
  Overwrite(newest, good.at(newest).substr(0, good.at(newest).size() - 1));
  Open();
  EXPECT_EQ(report_.torn_segment, newest);
  EXPECT_GT(report_.torn_bytes_cut, static_cast<int64_t>(kFrameHeaderBytes));
  EXPECT_EQ(report_.segments, 3);
}

// S7
TEST_F(DamageTest, RefusesOlderSegmentsCutAnywhere) {
  const Files good = WriteLog(false);
  for (size_t which = 0; which < 2; ++which) {
    const std::string path = SegmentPaths()[which];
    for (size_t size = 0; size < good.at(path).size(); ++size) {
      Files cut = good;
      cut[path].resize(size);
      Restore(cut);
      const auto stream = TryOpen();
      ASSERT_EQ(KindOf(stream.status()), ErrorKind::kCorrupt) << path << " cut to " << size;
      ASSERT_THAT(stream.status().message(), AllOf(HasSubstr(path), HasSubstr("at offset")));
    }
    Restore(good);
  }
}

TEST_F(DamageTest, RefusesAGapBetweenSegments) {
  WriteLog(true);
  ASSERT_TRUE(files_.DeleteFile(SegmentPaths()[1]).ok());
  EXPECT_EQ(KindOf(TryOpen().status()), ErrorKind::kCorrupt);
}

TEST_F(DamageTest, RefusesSegmentsOfAnotherStream) {
  const Files good = WriteLog(true);
  testing::FakeClock later(kStartMicros + 1);
  auto other = Stream::Open(files_, later, "/lake/streams/other", "other", options_, nullptr);
  ASSERT_TRUE(other.ok());
  Overwrite("/lake/streams/other/00000000000000000001.segment", good.at(SegmentPath(1)));
  other->reset();
  const auto mixed = Stream::Open(files_, later, "/lake/streams/other", "other", options_, nullptr);
  // nothing in it is of this stream: it passes for the remains of a first write
  ASSERT_TRUE(mixed.ok());
  EXPECT_EQ((*mixed)->facts().next_sequence, 1U);
}

TEST_F(DamageTest, FindsAFrameMovedWithinItsSegment) {
  options_.compression = Compression::kNone;
  {
    const auto stream = Open();
    Write(*stream, {"aa"});
    Write(*stream, {"bb"});
    Write(*stream, {"cc"});
  }
  std::string bytes = *files_.ReadFile(SegmentPath(1));
  const size_t frame_bytes = (bytes.size() - kSegmentHeaderBytes) / 3;
  bytes.erase(kSegmentHeaderBytes + frame_bytes, frame_bytes);
  Overwrite(SegmentPath(1), bytes);
  Status status;
  const auto records = OpenAndRead(&status);
  EXPECT_THAT(records, ElementsAre("aa"));
}

// ---- power loss

/// Lets the process die in one step.
class DieAt : public DiskFaults {
 public:
  DieAt(int step, StepFate fate) : step_(step), fate_(fate) {}
  StepFate OnStep(const DiskStep&) override { return ++steps_ == step_ ? fate_ : StepFate::kDone; }
  Status OnRead(const std::string&) override { return Status::OK(); }
  bool happened() const { return steps_ >= step_; }

 private:
  int step_;
  StepFate fate_;
  int steps_ = 0;
};

/// One stream on a simulated disk, and what its producers were told.
class PowerLossTest : public ::testing::Test {
 protected:
  static constexpr const char* kDirectory = "/lake/streams/orders";

  void NewWorld(uint64_t seed) {
    random_ = std::make_unique<io::SeededRandom>(seed);
    files_ = std::make_unique<testing::SimFileSystem>(clock_, *random_);
    acknowledged_.clear();
    attempted_.clear();
  }

  Result<std::unique_ptr<Stream>> Open() {
    StreamOptions options;
    options.compression = Compression::kNone;
    options.segment_bytes_max = 9000;
    options.retention_bytes = 30'000;
    options.keys = keys_;
    return Stream::Open(*files_, clock_, kDirectory, "orders", options, &report_);
  }

  /// Frames from a few bytes to several pages, seals and retention between them.
  void Work() {
    auto stream = Open();
    if (!stream.ok()) return;
    if (encrypted_ && !(*stream)->SetEncryption(testing::FakeKeyManagement::kKey).ok()) return;
    for (int frame = 0; frame < 14; ++frame) {
      attempted_.clear();
      std::vector<PutEntry> entries;
      for (int i = 0; i < 2; ++i) {
        const auto size = static_cast<size_t>(frame % 5 == 3 ? 5000 : 20 + frame);
        attempted_.push_back(std::to_string(acknowledged_.size() + attempted_.size()) +
                             std::string(size, 'x'));
      }
      for (const std::string& record : attempted_)
        entries.push_back({"key", record});
      if (!(*stream)->Append(entries).ok() || !(*stream)->Sync().ok()) return;
      acknowledged_.insert(acknowledged_.end(), attempted_.begin(), attempted_.end());
      attempted_.clear();
      if (frame % 4 == 1 && !(*stream)->Seal().ok()) return;
      if (frame % 6 == 5 && !(*stream)->DropExpired().ok()) return;
    }
  }

  /// S2, S3, S4: what was acknowledged is there; of the rest all of a frame or nothing of it.
  void ExpectNothingLost(const std::string& when) {
    auto stream = Open();
    ASSERT_TRUE(stream.ok()) << when << ": " << stream.status();
    const StreamFacts facts = (*stream)->facts();
    auto expected = acknowledged_;
    if (facts.next_sequence > acknowledged_.size() + 1) {
      expected.insert(expected.end(), attempted_.begin(), attempted_.end());
    }
    ASSERT_EQ(facts.next_sequence, expected.size() + 1) << when;
    Status status;
    const auto records =
        testing::StreamFixture::ReadFrom(**stream, facts.first_sequence, &status, 4000);
    ASSERT_TRUE(status.ok()) << when << ": " << status;
    ASSERT_TRUE(std::equal(records.begin(), records.end(),
                           expected.begin() + static_cast<int64_t>(facts.first_sequence) - 1,
                           expected.end()))
        << when;
    acknowledged_ = expected;  // it was read: it must stay
    attempted_.clear();
  }

  bool encrypted_ = false;
  std::shared_ptr<testing::FakeKeyManagement> keys_ =
      std::make_shared<testing::FakeKeyManagement>();
  testing::FakeClock clock_{testing::StreamFixture::kStartMicros};
  std::unique_ptr<io::SeededRandom> random_;
  std::unique_ptr<testing::SimFileSystem> files_;
  std::vector<std::string> acknowledged_;
  std::vector<std::string> attempted_;
  OpenReport report_;
};

TEST_F(PowerLossTest, LosesNothingAcknowledgedWhereverPowerGoes) {
  for (const StepFate fate : {StepFate::kDieBefore, StepFate::kDieTorn, StepFate::kDieAfter}) {
    bool happened = true;
    for (int step = 1; happened; ++step) {
      for (uint64_t seed = 0; seed < 4; ++seed) {
        const std::string when = "fate " + std::to_string(static_cast<int>(fate)) + " at step " +
                                 std::to_string(step) + ", seed " + std::to_string(seed);
        NewWorld(seed);
        DieAt faults(step, fate);
        files_->SetFaults(&faults);
        Work();
        happened = faults.happened();
        files_->SetFaults(nullptr);
        files_->Restart(/*power_lost=*/seed != 0);
        ExpectNothingLost(when);
        if (HasFatalFailure()) return;
        files_->Restart(/*power_lost=*/true);
        ExpectNothingLost(when + ", and again");
        if (HasFatalFailure()) return;
      }
    }
  }
}

// The cut of a torn tail is a write, too.
TEST_F(PowerLossTest, SurvivesPowerLossWhileItRecovers) {
  for (int step = 1; step < 80; step += 3) {
    for (int second_step = 1; second_step < 6; ++second_step) {
      const std::string when =
          "torn at step " + std::to_string(step) + ", then at step " + std::to_string(second_step);
      NewWorld(static_cast<uint64_t>(step));
      DieAt faults(step, StepFate::kDieTorn);
      files_->SetFaults(&faults);
      Work();
      files_->SetFaults(nullptr);
      files_->Restart(/*power_lost=*/step % 2 == 0);
      DieAt second(second_step, StepFate::kDieTorn);
      files_->SetFaults(&second);
      (void)Open();
      files_->SetFaults(nullptr);
      files_->Restart(/*power_lost=*/true);
      ExpectNothingLost(when);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(PowerLossTest, GoesOnAfterEachOfManyLosses) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    NewWorld(seed);
    encrypted_ = seed % 2 == 1;
    io::SeededRandom dice(seed * 977);
    for (int life = 0; life < 6; ++life) {
      const uint64_t roll = dice.Next();
      DieAt faults(static_cast<int>(roll % 60) + 1,
                   roll % 7 == 0 ? StepFate::kDieAfter : StepFate::kDieTorn);
      files_->SetFaults(&faults);
      Work();
      files_->SetFaults(nullptr);
      files_->Restart(/*power_lost=*/true);
      ExpectNothingLost("seed " + std::to_string(seed) + ", life " + std::to_string(life));
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace tapelake::stream
