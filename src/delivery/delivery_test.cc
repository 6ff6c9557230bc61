#include "delivery/delivery.h"

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/seal.h"
#include "delivery/object_name.h"
#include "delivery/publisher.h"
#include "delivery/testing_gunzip.h"
#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"
#include "transform/testing_records.h"

namespace tapelake::delivery {
namespace {

using tapelake::testing::FakeClock;
using tapelake::testing::FakeFileSystem;
using ::testing::ElementsAre;

constexpr int64_t kStartMicros = 1'795'339'800'000'000;  // 2026-11-22T09:30:00Z
constexpr char kLake[] = "lake";
constexpr char kStream[] = "crypto.transactions";
const record::TableDefinition kTable;

/// A log of records: every fifth is an error, every other one a change; offsets step by 10.
class Log {
 public:
  Log(std::string source, int records, size_t padding_bytes = 40)
      : source_(std::move(source)), records_(records), padding_(padding_bytes, 'x') {}

  const std::string& source() const { return source_; }
  uint64_t end() const { return static_cast<uint64_t>(records_) * 10; }

  /// Add up to `count` records from `offset` on and advance over them; return where to go on.
  uint64_t AddTo(Delivery* delivery, uint64_t offset, int count) const {
    for (; count > 0 && offset < end(); --count, offset += 10)
      AddOne(delivery, offset);
    delivery->Advance(source_, offset);
    return offset;
  }

  void AddOne(Delivery* delivery, uint64_t offset) const {
    const std::string id = source_ + "@" + std::to_string(offset);
    if (offset / 10 % 5 == 4) {
      const bool json = offset / 10 % 2 == 0;
      const std::string place = "place of " + source_;
      delivery->AddError(json ? transform::ParseError::kInvalidJson : transform::ParseError::kNoKey,
                         "it is bad",
                         {.source = source_, .offset = offset, .place = place, .raw = id});
      return;
    }
    const transform::ParsedRecord parsed(transform::KinesisRecord(
        R"({"id":{"S":")" + id + R"("},"padding":{"S":")" + padding_ + "\"}}"));
    ASSERT_EQ(parsed.error(), transform::ParseError::kNone);
    delivery->Add(parsed.change(), {.source = source_, .offset = offset, .place = "p", .raw = id});
  }

 private:
  std::string source_;
  int records_;
  std::string padding_;
};

/// Every record of the logs once.
std::map<std::string, int> ExpectedOnce(const std::vector<const Log*>& logs) {
  std::map<std::string, int> once;
  for (const Log* log : logs) {
    for (uint64_t offset = 0; offset < log->end(); offset += 10)
      once[log->source() + "@" + std::to_string(offset)] = 1;
  }
  return once;
}

/// What lies in the lake.
struct Objects {
  std::map<std::string, int> lines;             ///< Id -> lines that hold it.
  std::map<std::string, std::string> contents;  ///< Path -> bytes.
  int raw_objects = 0;
  int error_objects = 0;
};

std::string MemberOf(const base::JsonValue& object, const char* key) {
  const base::JsonValue* member = object.Find(key);
  EXPECT_NE(member, nullptr) << key;
  return member == nullptr ? "" : member->text();
}

void CountLines(const std::string& text, bool errors, Objects* objects) {
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
    const std::string_view bytes = std::string_view(text).substr(begin, end - begin);
    const auto line = base::ParseJson(bytes).ValueOrDie();
    begin = end + 1;
    if (!errors) {
      ++objects->lines[MemberOf(line, "id")];
      continue;
    }
    EXPECT_EQ(MemberOf(line, "source").substr(0, 9), "place of ");
    EXPECT_EQ(MemberOf(line, "raw_xxh64").size(), 16u);
    EXPECT_EQ(base::JudgeJsonSeal(bytes, "}"), base::SealState::kWhole);
    const std::string raw = MemberOf(line, "raw_data");
    std::string id(raw.size() + base::kBase64SlackBytes, '\0');
    size_t size = 0;
    EXPECT_TRUE(base::DecodeBase64(raw, id.data(), &size));
    ++objects->lines[id.substr(0, size)];
  }
  EXPECT_EQ(begin, text.size()) << "the last line has no end";
}

Objects ReadObjects(FakeFileSystem& files) {
  Objects objects;
  for (const std::string& path : files.Paths()) {
    if (path.find("/.tapelake/") != path.npos) continue;
    const std::string bytes = files.ReadFile(path).ValueOrDie();
    objects.contents[path] = bytes;
    const bool raw = path.ends_with(kRawEnding);
    raw ? ++objects.raw_objects : ++objects.error_objects;
    const auto name = ParseObjectName(io::FileName(path), raw ? kRawEnding : kErrorEnding);
    EXPECT_TRUE(name.has_value()) << path;
    EXPECT_EQ(name.value_or(ObjectName()).stream, kStream);
    EXPECT_FALSE(bytes.empty()) << path;
    CountLines(raw ? Gunzip(bytes) : bytes, !raw, &objects);
  }
  return objects;
}

class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest() : clock_(kStartMicros) {
    options_.lake_path = kLake;
    options_.stream = kStream;
    options_.buffer_bytes = 2000;
    options_.waiting_bytes_max = 1 << 20;
  }

  std::unique_ptr<Delivery> Open() {
    return Delivery::Open(*files_, clock_, kTable, options_).ValueOrDie();
  }

  static Status StepToEnd(Delivery* delivery) {
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const bool worked, delivery->Step());
      if (!worked) return Status::OK();
    }
  }

  /// Deliver what is left of the logs in turn, in blocks of `block` records; stop at a failure.
  Status Deliver(const std::vector<const Log*>& logs, int block) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto delivery,
                             Delivery::Open(*files_, clock_, kTable, options_));
    std::map<const Log*, uint64_t> offsets;
    for (const Log* log : logs)
      offsets[log] = delivery->DeliveredOffset(log->source());
    int rounds = 0;
    for (bool more = true; more;) {
      more = false;
      for (const Log* log : logs) {
        offsets[log] = log->AddTo(delivery.get(), offsets[log], block);
        more |= offsets[log] < log->end();
      }
      TAPELAKE_RETURN_NOT_OK(delivery->Cut(/*flush=*/!more));
      if (more && ++rounds % 3 != 0) continue;  // so that several cuts wait at once
      TAPELAKE_RETURN_NOT_OK(StepToEnd(delivery.get()));
    }
    EXPECT_TRUE(delivery->idle());
    return Status::OK();
  }

  /// Fail the step number `step` (from 0) of all that follow, before or after it is done.
  void FailAt(int step, bool after) {
    const auto hook = [this, step](FakeFileSystem::Step, const std::string&) {
      return steps_++ == step ? MakeError(ErrorKind::kUnavailable, "power is gone") : Status::OK();
    };
    steps_ = 0;
    if (after) {
      files_->SetAfter(hook);
    } else {
      files_->SetBefore(hook);
    }
  }
  void FailNoMore() {
    files_->SetBefore(nullptr);
    files_->SetAfter(nullptr);
  }

  /// Everything in `before` is there, byte for byte.
  void ExpectKept(const Objects& before, const Objects& now) {
    for (const auto& [path, content] : before.contents) {
      ASSERT_TRUE(now.contents.contains(path)) << path;
      EXPECT_EQ(now.contents.at(path), content) << path;
    }
  }

  std::unique_ptr<FakeFileSystem> files_ = std::make_unique<FakeFileSystem>();
  FakeClock clock_;
  DeliveryOptions options_;
  int steps_ = 0;
};

TEST_F(DeliveryTest, PutsEveryRecordIntoOneObject) {
  const Log log("log", 100);
  ASSERT_TRUE(Deliver({&log}, 7).ok());
  const Objects objects = ReadObjects(*files_);
  EXPECT_EQ(objects.lines, ExpectedOnce({&log}));
  EXPECT_GE(objects.raw_objects, 5);
  EXPECT_GE(objects.error_objects, 2);
  const auto again = Open();
  EXPECT_EQ(again->DeliveredOffset("log"), log.end());
  EXPECT_EQ(again->DeliveredOffset("other"), 0u);
  EXPECT_TRUE(again->idle());
}

TEST_F(DeliveryTest, NamesObjectsAsFirehoseDoes) {
  const Log log("log", 10);
  ASSERT_TRUE(Deliver({&log}, 100).ok());
  std::vector<std::string> paths;
  for (const auto& [path, content] : ReadObjects(*files_).contents)
    paths.push_back(path);
  EXPECT_THAT(paths, ElementsAre("lake/errors/invalid-json/2026/11/22/09/"
                                 "crypto.transactions-1-2026-11-22-09-30-00-0000000001.ndjson",
                                 "lake/errors/no-key/2026/11/22/09/"
                                 "crypto.transactions-1-2026-11-22-09-30-00-0000000001.ndjson",
                                 "lake/raw/crypto.transactions/2026/11/22/09/"
                                 "crypto.transactions-1-2026-11-22-09-30-00-0000000001.ndjson.gz"));
}

TEST_F(DeliveryTest, CutsBySizeAndByAge) {
  const Log log("log", 100);
  const auto delivery = Open();
  const uint64_t offset = log.AddTo(delivery.get(), 0, 2);
  ASSERT_TRUE(delivery->Cut(false).ok());
  ASSERT_TRUE(StepToEnd(delivery.get()).ok());
  EXPECT_EQ(ReadObjects(*files_).raw_objects, 0);
  EXPECT_FALSE(delivery->idle());
  clock_.Advance(options_.buffer_micros);
  EXPECT_EQ(clock_.SteadyMicros() - delivery->counts().open_since_micros, options_.buffer_micros);
  ASSERT_TRUE(delivery->Cut(false).ok());
  EXPECT_FALSE(delivery->idle());
  ASSERT_TRUE(StepToEnd(delivery.get()).ok());
  EXPECT_EQ(ReadObjects(*files_).raw_objects, 1);
  EXPECT_TRUE(delivery->idle());
  EXPECT_EQ(delivery->counts().open_since_micros, 0);
  EXPECT_EQ(delivery->DeliveredOffset("log"), offset);
  log.AddTo(delivery.get(), offset, 20);
  ASSERT_TRUE(delivery->Cut(false).ok());
  ASSERT_TRUE(StepToEnd(delivery.get()).ok());
  EXPECT_EQ(ReadObjects(*files_).raw_objects, 2);
  EXPECT_EQ(delivery->counts().lines, 2 + 16);
  EXPECT_EQ(delivery->counts().error_lines, 4);
}

// Invariants D1 to D5: stop before or after every single step of the protocol, lose power, and do
// so again in the next run; then go on with blocks of another size.
TEST_F(DeliveryTest, SurvivesCrashesAtEveryStep) {
  const Log log("log", 60);
  const Log other("other", 30);
  for (const bool after : {false, true}) {
    for (int step = 0;; ++step) {
      SCOPED_TRACE((after ? "after step " : "before step ") + std::to_string(step));
      files_ = std::make_unique<FakeFileSystem>();
      Objects left;
      bool done = false;
      for (int run = 0; run < 3 && !done; ++run) {
        FailAt(step, after);
        done = Deliver({&log, &other}, 3 + 2 * run).ok();
        FailNoMore();
        files_->LosePower();
        clock_.Advance(3'600'000'000);
        const Objects now = ReadObjects(*files_);
        ExpectKept(left, now);
        left = now;
      }
      EXPECT_FALSE(step == 0 && done);
      ASSERT_TRUE(Deliver({&other, &log}, 4).ok());
      const Objects now = ReadObjects(*files_);
      ExpectKept(left, now);
      ASSERT_EQ(now.lines, ExpectedOnce({&log, &other}));
      if (done && steps_ <= step) break;
    }
  }
}

TEST_F(DeliveryTest, RepeatsTheSameWorkAfterEveryFailedStep) {
  const Log log("log", 60);
  const auto delivery = Open();
  int failures = 0;
  std::mt19937 random(1);
  const auto sometimes = [&](FakeFileSystem::Step, const std::string&) {
    return random() % 8 == 0 ? MakeError(ErrorKind::kUnavailable, "no") : Status::OK();
  };
  files_->SetBefore(sometimes);
  files_->SetAfter(sometimes);
  for (uint64_t offset = 0; offset < log.end();) {
    offset = log.AddTo(delivery.get(), offset, 20);
    ASSERT_TRUE(delivery->Cut(true).ok());
    while (!delivery->idle())
      failures += delivery->Step().ok() ? 0 : 1;
  }
  FailNoMore();
  EXPECT_GT(failures, 3);
  EXPECT_EQ(ReadObjects(*files_).lines, ExpectedOnce({&log}));
  EXPECT_EQ(delivery->counts().lines, 48);
  EXPECT_EQ(Open()->DeliveredOffset("log"), log.end());
}

// D5: a cut waits for its sources, and only for them.
TEST_F(DeliveryTest, LetsOtherSourcesPassACutWhoseSourceStaysAway) {
  const Log log("log", 20);
  const Log other("other", 20);
  options_.buffer_bytes = 1 << 19;
  const auto fail_object = [](FakeFileSystem::Step step, const std::string& path) {
    const bool object = step == FakeFileSystem::Step::kReplace && path.ends_with(".gz");
    return object ? MakeError(ErrorKind::kUnavailable, "no") : Status::OK();
  };
  files_->SetBefore(fail_object);
  EXPECT_FALSE(Deliver({&log, &other}, 7).ok());
  FailNoMore();
  files_->LosePower();

  const Log longer("other", 40);
  ASSERT_TRUE(Deliver({&longer}, 9).ok());
  EXPECT_EQ(Open()->DeliveredOffset("log"), 0u);
  EXPECT_EQ(Open()->DeliveredOffset("other"), 0u);  // its first part waits for the other log
  ASSERT_TRUE(Deliver({&longer, &log}, 3).ok());
  EXPECT_EQ(ReadObjects(*files_).lines, ExpectedOnce({&log, &longer}));
  EXPECT_EQ(Open()->DeliveredOffset("log"), log.end());
  EXPECT_EQ(Open()->DeliveredOffset("other"), longer.end());
}

// D6: what a cut's records make now is what counts.
TEST_F(DeliveryTest, DropsTheObjectsOfACutThatItsRecordsNoLongerMake) {
  const auto add = [](Delivery* delivery, bool as_error) {
    const transform::ParsedRecord parsed(transform::KinesisRecord(R"({"id":{"S":"log@0"}})"));
    const std::string source = "log";
    const DeliveredRecord record{
        .source = source, .offset = 0, .place = "place of log", .raw = "log@0"};
    if (as_error) {
      delivery->AddError(transform::ParseError::kNoPartition, "no day", record);
    } else {
      delivery->Add(parsed.change(), record);
    }
    delivery->Advance("log", 10);
    EXPECT_TRUE(delivery->Cut(true).ok());
  };
  for (const bool first_as_error : {true, false}) {
    files_ = std::make_unique<FakeFileSystem>();
    auto delivery = Open();
    add(delivery.get(), first_as_error);
    files_->SetAfter([](FakeFileSystem::Step step, const std::string& path) {
      const bool object = step == FakeFileSystem::Step::kReplace && !path.ends_with("/state");
      return object ? MakeError(ErrorKind::kUnavailable, "written, then dead") : Status::OK();
    });
    EXPECT_FALSE(StepToEnd(delivery.get()).ok());
    FailNoMore();
    files_->LosePower();
    delivery = Open();
    add(delivery.get(), !first_as_error);
    ASSERT_TRUE(StepToEnd(delivery.get()).ok());
    const Objects objects = ReadObjects(*files_);
    EXPECT_EQ(objects.lines, (std::map<std::string, int>{{"log@0", 1}}));
    EXPECT_EQ(objects.error_objects, first_as_error ? 0 : 1);
  }
}

TEST_F(DeliveryTest, MakesNoSecondLineOfABlockThatIsTakenAgain) {
  const Log log("log", 20);
  const auto delivery = Open();
  log.AddTo(delivery.get(), 0, 3);
  for (uint64_t offset = 30; offset < 80; offset += 10)
    log.AddOne(delivery.get(), offset);
  ASSERT_TRUE(delivery->Cut(true).ok());  // not inside a block
  ASSERT_TRUE(StepToEnd(delivery.get()).ok());
  EXPECT_EQ(ReadObjects(*files_).raw_objects, 0);
  log.AddTo(delivery.get(), 0, 20);
  ASSERT_TRUE(delivery->Cut(true).ok());
  ASSERT_TRUE(StepToEnd(delivery.get()).ok());
  log.AddTo(delivery.get(), 0, 20);
  EXPECT_TRUE(delivery->idle());
  EXPECT_EQ(ReadObjects(*files_).lines, ExpectedOnce({&log}));
}

TEST_F(DeliveryTest, BoundsItsMemoryWhileTheDiskIsFull) {
  const Log log("log", 20'000, 200);
  options_.buffer_bytes = 100'000;
  options_.waiting_bytes_max = 1'000'000;
  const auto delivery = Open();
  files_->SetBefore([](FakeFileSystem::Step step, const std::string&) {
    return step == FakeFileSystem::Step::kReplace
               ? MakeError(ErrorKind::kUnavailable, "no space left")
               : Status::OK();
  });
  constexpr int kBlockRecords = 100;
  uint64_t offset = 0;
  while (delivery->CanAdd() && offset < log.end()) {
    offset = log.AddTo(delivery.get(), offset, kBlockRecords);
    ASSERT_TRUE(delivery->Cut(false).ok());
    EXPECT_TRUE(!delivery->Step().ok() || !delivery->idle());
  }
  EXPECT_LT(offset, log.end());
  FailNoMore();
  while (offset < log.end()) {
    ASSERT_TRUE(StepToEnd(delivery.get()).ok());
    ASSERT_TRUE(delivery->CanAdd());
    offset = log.AddTo(delivery.get(), offset, kBlockRecords);
    ASSERT_TRUE(delivery->Cut(offset == log.end()).ok());
  }
  ASSERT_TRUE(StepToEnd(delivery.get()).ok());
  EXPECT_EQ(ReadObjects(*files_).lines, ExpectedOnce({&log}));
}

TEST_F(DeliveryTest, WritesNothingForProgressAloneUntilItIsTime) {
  const Log log("log", 4);  // no error among them
  options_.raw = false;
  const auto delivery = Open();
  for (uint64_t offset = 0; offset < log.end();) {
    offset = log.AddTo(delivery.get(), offset, 1);
    ASSERT_TRUE(delivery->Cut(false).ok());
    ASSERT_TRUE(StepToEnd(delivery.get()).ok());
  }
  EXPECT_THAT(files_->Paths(), ::testing::IsEmpty());
  clock_.Advance(options_.buffer_micros);
  ASSERT_TRUE(delivery->Cut(false).ok());
  ASSERT_TRUE(StepToEnd(delivery.get()).ok());
  EXPECT_THAT(files_->Paths(), ElementsAre("lake/.tapelake/delivery/crypto.transactions/state"));
  EXPECT_EQ(Open()->DeliveredOffset("log"), log.end());
  ASSERT_TRUE(delivery->Cut(true).ok());
  EXPECT_TRUE(delivery->idle());

  const Log longer("log", 20);
  longer.AddTo(delivery.get(), log.end(), 16);
  ASSERT_TRUE(delivery->Cut(true).ok());
  ASSERT_TRUE(StepToEnd(delivery.get()).ok());
  const Objects objects = ReadObjects(*files_);
  EXPECT_EQ(objects.raw_objects, 0);
  EXPECT_EQ(objects.lines.size(), 4u);
  EXPECT_EQ(Open()->DeliveredOffset("log"), longer.end());
}

TEST_F(DeliveryTest, StatesTheNextCutTogetherWithTheEndOfTheOneBefore) {
  const Log log("log", 40);
  const auto delivery = Open();
  for (uint64_t offset = 0; offset < log.end();) {
    offset = log.AddTo(delivery.get(), offset, 10);
    ASSERT_TRUE(delivery->Cut(true).ok());
  }
  int states = 0;
  files_->SetBefore([&](FakeFileSystem::Step step, const std::string& path) {
    states += step == FakeFileSystem::Step::kReplace && path.ends_with("/state") ? 1 : 0;
    return Status::OK();
  });
  ASSERT_TRUE(StepToEnd(delivery.get()).ok());
  EXPECT_EQ(states, 5);
  EXPECT_EQ(delivery->counts().raw_objects, 4);
}

TEST_F(DeliveryTest, RefusesAStateFileWithAnyByteFlipped) {
  const Log log("log", 20);
  ASSERT_TRUE(Deliver({&log}, 7).ok());
  const std::string path = io::JoinPath(kLake, StatePath(kStream));
  const std::string good = files_->ReadFile(path).ValueOrDie();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    ASSERT_TRUE(files_->ReplaceFile(path, bad).ok());
    const auto opened = Delivery::Open(*files_, clock_, kTable, options_);
    ASSERT_FALSE(opened.ok()) << i;
    EXPECT_EQ(KindOf(opened.status()), ErrorKind::kCorrupt);
    EXPECT_THAT(opened.status().message(), ::testing::HasSubstr(path));
  }
  for (const size_t size : {size_t{0}, size_t{10}, good.size() - 1}) {
    ASSERT_TRUE(files_->ReplaceFile(path, good.substr(0, size)).ok());
    EXPECT_FALSE(Delivery::Open(*files_, clock_, kTable, options_).ok());
  }
}

TEST_F(DeliveryTest, RefusesOptionsThatCannotWork) {
  const auto refused = [this](auto change) {
    DeliveryOptions options = options_;
    change(&options);
    const auto opened = Delivery::Open(*files_, clock_, kTable, options);
    return !opened.ok() && KindOf(opened.status()) == ErrorKind::kInvalid;
  };
  EXPECT_TRUE(refused([](DeliveryOptions* o) { o->stream = "a/b"; }));
  EXPECT_TRUE(refused([](DeliveryOptions* o) { o->stream = ".."; }));
  EXPECT_TRUE(refused([](DeliveryOptions* o) { o->buffer_bytes = 0; }));
  EXPECT_TRUE(refused([](DeliveryOptions* o) { o->waiting_bytes_max = o->buffer_bytes - 1; }));
  EXPECT_FALSE(refused([](DeliveryOptions* o) { o->stream = ""; }));
}

TEST_F(DeliveryTest, StepsOnAThreadOfItsOwn) {
  const Log log("log", 5'000, 400);
  options_.buffer_bytes = 300'000;
  const auto delivery = Open();
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    while (!stop.load() || !delivery->idle())
      EXPECT_TRUE(delivery->Step().ok());
  });
  for (uint64_t offset = 0; offset < log.end();) {
    while (!delivery->CanAdd())
      std::this_thread::yield();
    offset = log.AddTo(delivery.get(), offset, 50);
    EXPECT_TRUE(delivery->Cut(offset == log.end()).ok());
    EXPECT_LE(delivery->DeliveredOffset("log"), offset);
  }
  stop.store(true);
  worker.join();
  EXPECT_EQ(ReadObjects(*files_).lines, ExpectedOnce({&log}));
}

}  // namespace
}  // namespace tapelake::delivery
