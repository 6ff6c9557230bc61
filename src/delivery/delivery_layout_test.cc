/// Delivery under other layouts than the default: partitions, source backup, other names.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/seal.h"
#include "delivery/delivery.h"
#include "delivery/object_list.h"
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
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kStartMicros = 1'795'339'800'000'000;  // 2026-11-22T09:30:00Z
constexpr int64_t kHour = 3'600'000'000;
const std::string kLake = "lake";
const std::string kStream = "crypto.transactions";
const record::TableDefinition kTable;

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    EXPECT_NE(end, text.npos) << "the last line has no end";
    if (end == text.npos) break;
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string TextMember(const std::string& line, const char* key) {
  const auto parsed = base::ParseJson(line);
  EXPECT_TRUE(parsed.ok()) << line;
  if (!parsed.ok()) return "";
  const base::JsonValue* member = parsed->Find(key);
  return member == nullptr ? "" : member->text();
}

/// The record of an error line.
std::string RawOf(const std::string& line) {
  EXPECT_EQ(base::JudgeJsonSeal(line, "}"), base::SealState::kWhole) << line;
  const std::string raw = TextMember(line, "raw_data");
  std::string bytes(raw.size() + base::kBase64SlackBytes, '\0');
  size_t size = 0;
  EXPECT_TRUE(base::DecodeBase64(raw, bytes.data(), &size));
  return bytes.substr(0, size);
}

/// Record `i` of a source: every seventh is an error, every fifth change has no pair.
struct Record {
  std::string id;
  std::string pair;
  bool is_error = false;
};

Record RecordAt(const std::string& source, int i) {
  return {.id = source + "@" + std::to_string(i),
          .pair = i % 5 == 4 ? "" : "P/" + std::to_string(i % 3),
          .is_error = i % 7 == 6};
}

class DeliveryLayoutTest : public ::testing::Test {
 protected:
  DeliveryLayoutTest() : clock_(kStartMicros) {
    options_.lake_path = kLake;
    options_.stream = kStream;
    options_.buffer_bytes = 2000;
    options_.waiting_bytes_max = 1 << 20;
    partitioned_ = {.prefix =
                        "data/pair=!{partitionKeyFromQuery:pair}/!{timestamp:yyyy/MM/dd/HH}/"
                        "!{firehose:random-string}-",
                    .error_prefix = "bad/!{firehose:error-output-type}/!{timestamp:yyyy}/",
                    .backup = true,
                    .partition_keys = {{"pair", "pair"}}};
  }

  Result<std::unique_ptr<Delivery>> Open() {
    return Delivery::Open(*files_, clock_, kTable, options_);
  }

  void AddOne(Delivery* delivery, const std::string& source, int i) {
    const Record record = RecordAt(source, i);
    const DeliveredRecord place{.source = source,
                                .offset = static_cast<uint64_t>(i),
                                .place = "place of it",
                                .raw = record.id};
    if (record.is_error) {
      return delivery->AddError(transform::ParseError::kNoKey, "it is bad", place);
    }
    const std::string pair = record.pair.empty() ? "" : R"(,"pair":{"S":")" + record.pair + "\"}";
    const transform::ParsedRecord parsed(
        transform::KinesisRecord(R"({"id":{"S":")" + record.id + "\"}" + pair + "}"));
    ASSERT_EQ(parsed.error(), transform::ParseError::kNone);
    delivery->Add(parsed.change(), place);
  }

  /// Deliver `count` records of each source in blocks; stop at a failure.
  Status Deliver(const std::vector<std::string>& sources, int count, int block) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto delivery, Open());
    std::map<std::string, int> next;
    for (const std::string& source : sources)
      next[source] = static_cast<int>(delivery->DeliveredOffset(source));
    for (bool more = true; more;) {
      more = false;
      for (const std::string& source : sources) {
        int& i = next[source];
        for (int n = 0; n < block && i < count; ++n)
          AddOne(delivery.get(), source, i++);
        delivery->Advance(source, static_cast<uint64_t>(i));
        more |= i < count;
      }
      TAPELAKE_RETURN_NOT_OK(delivery->Cut(/*flush=*/!more));
      while (true) {
        TAPELAKE_ASSIGN_OR_RAISE(const bool worked, delivery->Step());
        if (!worked) break;
      }
    }
    return Status::OK();
  }

  std::vector<std::string> PathsBelow(const std::string& folder) {
    std::vector<std::string> paths;
    for (const std::string& path : files_->Paths()) {
      if (path.starts_with(kLake + "/" + folder)) paths.push_back(path);
    }
    return paths;
  }

  std::string Bytes(const std::string& path) { return files_->ReadFile(path).ValueOrDie(); }

  /// Id -> lines of raw and error objects that hold it.
  std::map<std::string, int> Delivered() {
    std::map<std::string, int> ids;
    for (const char* folder : {"data/", "other/"}) {
      for (const std::string& path : PathsBelow(folder)) {
        for (const std::string& line : LinesOf(Gunzip(Bytes(path))))
          ++ids[TextMember(line, "id")];
      }
    }
    for (const std::string& path : PathsBelow("bad/")) {
      for (const std::string& line : LinesOf(Bytes(path)))
        ++ids[RawOf(line)];
    }
    return ids;
  }

  std::map<std::string, int> BackedUp() {
    std::map<std::string, int> ids;
    for (const std::string& path : PathsBelow("source/")) {
      for (const std::string& line : LinesOf(Gunzip(Bytes(path))))
        ++ids[line];
    }
    return ids;
  }

  static std::map<std::string, int> Once(const std::vector<std::string>& sources, int count) {
    std::map<std::string, int> ids;
    for (const std::string& source : sources) {
      for (int i = 0; i < count; ++i)
        ids[RecordAt(source, i).id] = 1;
    }
    return ids;
  }

  std::unique_ptr<FakeFileSystem> files_ = std::make_unique<FakeFileSystem>();
  FakeClock clock_;
  DeliveryOptions options_;
  LayoutOptions partitioned_;
};

TEST_F(DeliveryLayoutTest, PutsEveryChangeIntoTheObjectOfItsPartition) {
  options_.layout = partitioned_;
  ASSERT_TRUE(Deliver({"log"}, 50, 5).ok());
  EXPECT_EQ(Delivered(), Once({"log"}, 50));
  EXPECT_EQ(BackedUp(), Once({"log"}, 50));
  std::map<std::string, int> errors;
  for (const std::string& path : PathsBelow("bad/")) {
    for (const std::string& line : LinesOf(Bytes(path))) {
      ++errors[TextMember(line, "error_type")];
      if (path.find("/processing-failed/2026/") == path.npos) continue;
      EXPECT_EQ(TextMember(line, "error_code"), "DynamicPartitioning.MetadataExtractionFailed");
      EXPECT_THAT(TextMember(line, "reason"), HasSubstr("attribute 'pair' is not there"));
      EXPECT_EQ(TextMember(line, "source"), "place of it");
    }
  }
  EXPECT_EQ(errors, (std::map<std::string, int>{{"no-key", 7}, {"processing-failed", 9}}));
  for (const std::string& path : PathsBelow("data/")) {
    for (const std::string& line : LinesOf(Gunzip(Bytes(path)))) {
      const std::string digit = TextMember(line, "pair").substr(2);
      EXPECT_THAT(path, HasSubstr("data/pair=P%2F" + digit + "/2026/11/22/09/"));
    }
  }
}

TEST_F(DeliveryLayoutTest, TurnsFurtherPartitionsIntoErrorLines) {
  options_.layout = partitioned_;
  options_.layout.partitions_max = 2;
  options_.buffer_bytes = 1 << 20;
  ASSERT_TRUE(Deliver({"log"}, 4, 4).ok());
  EXPECT_THAT(PathsBelow("data/"), SizeIs(2));
  const auto errors = PathsBelow("bad/");
  ASSERT_THAT(errors, SizeIs(1));
  const auto lines = LinesOf(Bytes(errors[0]));
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(RawOf(lines[0]), "log@2");
  EXPECT_EQ(TextMember(lines[0], "error_code"),
            "DynamicPartitioning.ActivePartitionsLimitExceeded");
  EXPECT_EQ(TextMember(lines[0], "reason"),
            "The number of active partitions has exceeded the configured limit");
  EXPECT_EQ(Delivered(), Once({"log"}, 4));
}

// D1 to D5 with partitions: whatever dies when, and whatever is configured afterwards.
TEST_F(DeliveryLayoutTest, SurvivesCrashesAtEveryStepAndChangesOfItsLayout) {
  LayoutOptions other{.prefix = "other/", .error_prefix = "bad/"};
  for (const bool after : {false, true}) {
    bool done = false;
    for (int step = 0; !done; ++step) {
      SCOPED_TRACE((after ? "after step " : "before step ") + std::to_string(step));
      ASSERT_LT(step, 5'000);
      files_ = std::make_unique<FakeFileSystem>();
      options_.layout = partitioned_;
      options_.layout.partitions_max = 2;
      int steps = 0;
      const auto hook = [&](FakeFileSystem::Step, const std::string&) {
        return steps++ == step ? MakeError(ErrorKind::kUnavailable, "power is gone") : Status::OK();
      };
      after ? files_->SetAfter(hook) : files_->SetBefore(hook);
      done = Deliver({"log", "more"}, 20, 3).ok() && steps <= step;
      files_->SetBefore(nullptr);
      files_->SetAfter(nullptr);
      files_->LosePower();
      std::map<std::string, std::string> left;
      for (const char* folder : {"data/", "bad/", "source/"}) {
        for (const std::string& path : PathsBelow(folder))
          left[path] = Bytes(path);
      }
      clock_.Advance(kHour);
      options_.layout = other;
      ASSERT_TRUE(Deliver({"more", "log"}, 20, 4).ok());
      EXPECT_EQ(Delivered(), Once({"log", "more"}, 20));
      for (const auto& [path, bytes] : left)
        EXPECT_EQ(Bytes(path), bytes) << path;
    }
  }
}

TEST_F(DeliveryLayoutTest, NamesObjectsByWhenTheirFirstRecordCame) {
  options_.layout = {.prefix = "data/!{timestamp:HH-mm}/", .error_prefix = "bad/"};
  const auto delivery = Open().ValueOrDie();
  AddOne(delivery.get(), "log", 0);
  clock_.Advance(2 * kHour);
  AddOne(delivery.get(), "log", 1);
  delivery->Advance("log", 2);
  ASSERT_TRUE(delivery->Cut(true).ok());
  while (delivery->Step().ValueOrDie()) {
  }
  EXPECT_THAT(PathsBelow("data/"),
              ElementsAre("lake/data/09-30/crypto.transactions-1-2026-11-22-09-30-00-0000000001"
                          ".ndjson.gz"));
}

TEST_F(DeliveryLayoutTest, CutsAsFastAsItWritesWithoutAnInterval) {
  options_.layout = {.prefix = "data/"};
  options_.buffer_bytes = 1 << 20;
  options_.buffer_micros = 0;
  const auto delivery = Open().ValueOrDie();
  for (int i = 0; i < 4; ++i) {
    AddOne(delivery.get(), "log", i);
    delivery->Advance("log", static_cast<uint64_t>(i) + 1);
    ASSERT_TRUE(delivery->Cut(false).ok());  // the first waits to be written: the others join
  }
  while (delivery->Step().ValueOrDie()) {
  }
  ASSERT_TRUE(delivery->Cut(false).ok());
  while (delivery->Step().ValueOrDie()) {
  }
  EXPECT_THAT(PathsBelow("data/"), SizeIs(2));
}

TEST_F(DeliveryLayoutTest, KeepsSourceRecordsBesideAnyLayout) {
  options_.layout = {.compression = "UNCOMPRESSED", .backup = true};
  ASSERT_TRUE(Deliver({"log"}, 10, 5).ok());
  std::string records;
  for (const std::string& path : PathsBelow("source/crypto.transactions/2026/11/22/09/"))
    records += Bytes(path);
  std::string expected;
  for (int i = 0; i < 10; ++i)
    expected += RecordAt("log", i).id + "\n";
  EXPECT_EQ(records, expected);
  EXPECT_FALSE(PathsBelow("raw/crypto.transactions/2026/11/22/09/").empty());
}

TEST_F(DeliveryLayoutTest, IsFoundAgain) {
  options_.layout = partitioned_;
  ASSERT_TRUE(Deliver({"log"}, 50, 5).ok());
  ASSERT_TRUE(files_->ReplaceFile("lake/data/pair=x", "a file").ok());
  const ObjectRange range{.lake_path = kLake,
                          .stream = kStream,
                          .from_micros = kStartMicros,
                          .to_micros = kStartMicros + kHour,
                          .layout = partitioned_};
  const auto raw = ListRawObjects(*files_, range).ValueOrDie();
  EXPECT_EQ(raw.size() + 1, PathsBelow("data/").size());
  const auto errors = ListErrorObjects(*files_, range, "").ValueOrDie();
  EXPECT_EQ(errors.size(), PathsBelow("bad/").size());
  const auto failed = ListErrorObjects(*files_, range, "processing-failed").ValueOrDie();
  EXPECT_EQ(failed.size(), PathsBelow("bad/processing-failed/").size());
  EXPECT_FALSE(failed.empty());
  ObjectRange later = range;
  later.from_micros = later.to_micros;
  later.to_micros += kHour;
  EXPECT_THAT(ListRawObjects(*files_, later).ValueOrDie(), IsEmpty());
}

TEST_F(DeliveryLayoutTest, RefusesAStateWithALayoutThatIsNone) {
  options_.layout = partitioned_;
  files_->SetBefore([](FakeFileSystem::Step step, const std::string& path) {
    const bool object = step == FakeFileSystem::Step::kReplace && path.ends_with(".gz");
    return object ? MakeError(ErrorKind::kUnavailable, "no") : Status::OK();
  });
  EXPECT_FALSE(Deliver({"log"}, 5, 5).ok());
  files_->SetBefore(nullptr);
  const std::string state = Bytes("lake/" + StatePath(kStream));
  EXPECT_THAT(state, HasSubstr(R"("partitions":["P%2F0","P%2F1","P%2F2"],"layout":{)"));
  auto good = ParseState(state, kStream).ValueOrDie();
  ASSERT_THAT(good.pending, SizeIs(1));
  EXPECT_EQ(good.pending[0].layout->options(), partitioned_);
  EXPECT_EQ(FormatState(good), state);
  good.pending[0].partitions = {"a/b"};
  const auto bad = ParseState(FormatState(good), kStream);
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(KindOf(bad.status()), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace tapelake::delivery
