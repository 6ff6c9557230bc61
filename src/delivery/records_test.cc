/// Records delivered as they came.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/delivery.h"
#include "delivery/testing_gunzip.h"
#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"

namespace tapelake::delivery {
namespace {

using tapelake::testing::FakeClock;
using tapelake::testing::FakeFileSystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kStartMicros = 1'795'339'800'000'000;  // 2026-11-22T09:30:00Z
const std::string kLake = "lake";
const std::string kSource = "stream:orders";

class RecordsTest : public ::testing::Test {
 protected:
  RecordsTest() : clock_(kStartMicros) {
    options_.lake_path = kLake;
    options_.stream = "orders";
    options_.state_path = "made/orders/state";
    options_.first_id = 7;
    options_.layout = {.target = "buckets/b",
                       .prefix = "data/!{timestamp:yyyy}/",
                       .error_prefix = "bad/!{firehose:error-output-type}/",
                       .compression = "UNCOMPRESSED",
                       .as_they_came = true};
  }

  std::unique_ptr<Delivery> Open() {
    auto delivery = Delivery::Open(*files_, clock_, record::TableDefinition(), options_);
    EXPECT_TRUE(delivery.ok()) << delivery.status();
    return delivery.ok() ? std::move(*delivery) : nullptr;
  }

  /// Add what is not delivered of the log; flush if told.
  Status Deliver(const std::vector<std::string>& log, bool flush = true) {
    const auto delivery = Open();
    for (size_t i = delivery->DeliveredOffset(kSource); i < log.size(); ++i) {
      delivery->AddRecord({.source = kSource, .offset = i, .place = "log", .raw = log[i]});
      delivery->Advance(kSource, i + 1);
    }
    TAPELAKE_RETURN_NOT_OK(delivery->Cut(flush));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const bool worked, delivery->Step());
      if (!worked) return Status::OK();
    }
  }

  /// The objects below the bucket: path -> bytes.
  std::map<std::string, std::string> Objects() {
    std::map<std::string, std::string> objects;
    const std::string bucket = "buckets/b/";
    for (const std::string& path : files_->Paths()) {
      if (path.starts_with(bucket)) objects[path.substr(bucket.size())] = *files_->ReadFile(path);
    }
    return objects;
  }

  std::unique_ptr<FakeFileSystem> files_ = std::make_unique<FakeFileSystem>();
  FakeClock clock_;
  DeliveryOptions options_;
};

TEST_F(RecordsTest, StandEndToEndInOneObject) {
  const std::string bytes("\0\n\xff", 3);
  ASSERT_TRUE(Deliver({"one", "", bytes, "two\n"}).ok());
  const auto objects = Objects();
  ASSERT_THAT(objects, SizeIs(1));
  EXPECT_EQ(objects.begin()->first, "data/2026/orders-1-2026-11-22-09-30-00-0000000007");
  EXPECT_EQ(objects.begin()->second, "one" + bytes + "two\n");
  EXPECT_EQ(Open()->DeliveredOffset(kSource), 4u);
  EXPECT_TRUE(*files_->Exists("lake/made/orders/state"));
}

TEST_F(RecordsTest, HaveADelimiterBehindEachIfAskedFor) {
  options_.layout.delimiter = "\r\n";
  options_.layout.compression = "GZIP";
  ASSERT_TRUE(Deliver({"one", "", "two"}).ok());
  const auto objects = Objects();
  ASSERT_THAT(objects, SizeIs(1));
  EXPECT_TRUE(objects.begin()->first.ends_with("-0000000007.gz")) << objects.begin()->first;
  EXPECT_EQ(Gunzip(objects.begin()->second), "one\r\ntwo\r\n");
}

TEST_F(RecordsTest, WithoutBytesMakeNoObject) {
  ASSERT_TRUE(Deliver({"", ""}).ok());
  EXPECT_THAT(Objects(), IsEmpty());
  EXPECT_EQ(Open()->DeliveredOffset(kSource), 2u) << "they are done with all the same";
}

TEST_F(RecordsTest, GoToTheObjectsOfTheirPartitions) {
  options_.layout.prefix = "data/!{partitionKeyFromQuery:pair}/";
  options_.layout.partition_keys = {{"pair", "p"}};
  options_.layout.delimiter = "\n";
  options_.layout.backup = true;
  options_.layout.backup_prefix = "source/";
  const std::vector<std::string> log = {
      R"({"p":"BTC/USD"})", R"({"p":7})", R"({"p":true})", R"({"p":"BTC/USD","q":1})",
      R"({"p":null})",      R"({"q":1})", "no json",       R"({"p":""})",
      R"([{"p":1}])",       R"({"p":{}})"};
  ASSERT_TRUE(Deliver(log).ok());
  std::string all;
  for (const std::string& record : log)
    all += record;
  std::map<std::string, std::string> folders;
  int errors = 0;
  for (const auto& [path, bytes] : Objects()) {
    const std::string folder = path.substr(0, path.find("/2026"));
    folders[folder] = bytes;
    if (!path.starts_with("bad/")) continue;
    EXPECT_TRUE(path.starts_with("bad/processing-failed/")) << path;
    for (const char c : bytes)
      errors += c == '\n' ? 1 : 0;
    EXPECT_THAT(bytes, HasSubstr("DynamicPartitioning.MetadataExtractionFailed"));
    EXPECT_THAT(bytes, HasSubstr("member 'p' is not there"));
    EXPECT_THAT(bytes, HasSubstr("not one JSON object"));
  }
  EXPECT_EQ(errors, 6);
  EXPECT_EQ(folders["data/BTC%2FUSD"], log[0] + "\n" + log[3] + "\n");
  EXPECT_EQ(folders["data/7"], log[1] + "\n");
  EXPECT_EQ(folders["data/true"], log[2] + "\n");
  EXPECT_EQ(folders["source"], all) << "as they came: nothing is put between them";
}

TEST_F(RecordsTest, AreInOneObjectEachWhateverFailsAndHoweverLayoutsChange) {
  std::vector<std::string> log;
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    log.push_back(std::to_string(i) + ";");
    expected += log.back();
  }
  // Each write fails once, done or not done; meanwhile the layout is another one.
  for (int step = 0; step < 12; ++step) {
    for (const bool done : {false, true}) {
      files_ = std::make_unique<FakeFileSystem>();
      int left = step;
      const auto fail = [&](FakeFileSystem::Step it, const std::string&) {
        if (it != FakeFileSystem::Step::kReplace || left-- != 0) return Status::OK();
        return MakeError(ErrorKind::kUnavailable, "power");
      };
      options_.buffer_bytes = 30;
      if (done) {
        files_->SetAfter(fail);
      } else {
        files_->SetBefore(fail);
      }
      const Status first = Deliver({log.begin(), log.begin() + 20});
      files_->SetAfter(nullptr);
      files_->SetBefore(nullptr);
      files_->LosePower();
      options_.layout.prefix = step % 2 == 0 ? "other/!{timestamp:yyyy}/" : options_.layout.prefix;
      clock_.Advance(1'000'000);
      ASSERT_TRUE(Deliver(log).ok());
      options_.layout.prefix = "data/!{timestamp:yyyy}/";
      std::map<std::string, std::string> by_id;
      for (const auto& [path, bytes] : Objects())
        by_id[path.substr(path.rfind('-'))] += bytes;
      std::string all;
      for (const auto& [id, bytes] : by_id)
        all += bytes;
      EXPECT_EQ(all, expected) << "step " << step << " done " << done << " " << first;
    }
  }
}

TEST_F(RecordsTest, NeedALayoutThatSaysSoForADelimiter) {
  options_.layout.as_they_came = false;
  options_.layout.delimiter = "\n";
  const auto delivery = Delivery::Open(*files_, clock_, record::TableDefinition(), options_);
  EXPECT_EQ(KindOf(delivery.status()), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::delivery
