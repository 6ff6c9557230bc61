/// Delivery whose raw lines a Lambda function makes.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/seal.h"
#include "delivery/cut_content.h"
#include "delivery/delivery.h"
#include "delivery/delivery_state.h"
#include "delivery/publisher.h"
#include "delivery/testing_gunzip.h"
#include "io/aws/lambda_function.h"
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

std::string Unbase64(const std::string& text) {
  std::string bytes(text.size() + base::kBase64SlackBytes, '\0');
  size_t size = 0;
  EXPECT_TRUE(base::DecodeBase64(text, bytes.data(), &size));
  return bytes.substr(0, size);
}

/// Lambda's Invoke API with one function behind it.
class FakeLambda : public io::HttpClient {
 public:
  /// What a function answers to one record, without its id: `"result":...`.
  using Function = std::function<std::string(const std::string& record, int invocation)>;

  Result<io::HttpResponse> Send(const io::HttpRequest& request) override {
    ++invocations;
    urls.push_back(request.url);
    const auto event = base::ParseJson(request.body);
    EXPECT_TRUE(event.ok()) << request.body;
    invocation_ids.push_back(event->Find("invocationId")->text());
    if (!first.empty()) {
      Result<io::HttpResponse> next = first.front();
      first.pop_front();
      return next;
    }
    if (answer) return *answer;
    std::string records;
    int count = 0;
    for (const base::JsonValue& record : event->Find("records")->items()) {
      ++count;
      if (!records.empty()) records += ",";
      const std::string data = Unbase64(record.Find("data")->text());
      records += R"({"recordId":")" + record.Find("recordId")->text() + "\"," +
                 function(data, invocations) + "}";
    }
    batches.push_back(count);
    return io::HttpResponse{.status = 200, .body = "{\"records\":[" + records + "]}"};
  }

  static std::string Ok(std::string_view data, const std::string& more = "") {
    std::string answer = R"("result":"Ok","data":")";
    base::AppendBase64(data, &answer);
    return answer + "\"" + more;
  }

  Function function = [](const std::string& record, int) { return Ok(record + "\n"); };
  std::deque<Result<io::HttpResponse>> first;      ///< Of the next invocations.
  std::optional<Result<io::HttpResponse>> answer;  ///< Of all others, if there is one.
  int invocations = 0;
  std::vector<std::string> urls;
  std::vector<std::string> invocation_ids;
  std::vector<int> batches;
};

class Keys : public io::aws::CredentialSource {
 public:
  Result<io::aws::Credentials> Get() override {
    return io::aws::Credentials{.access_key_id = "AKIA", .secret_access_key = "secret"};
  }
  void Refuse(const io::aws::Credentials&) override {}
};

class DeliveryTransformTest : public ::testing::Test {
 protected:
  DeliveryTransformTest() : clock_(kStartMicros) {
    options_.lake_path = kLake;
    options_.stream = kStream;
    options_.buffer_bytes = 2000;
    options_.waiting_bytes_max = 1 << 20;
    options_.transform.buffer_bytes = 600;
    options_.transform.stream_arn = "arn:of:the:stream";
    options_.transform.function = std::make_shared<io::aws::LambdaFunction>(
        std::make_unique<io::aws::JsonClient>(
            io::aws::JsonEnvironment{
                .http = lambda_, .credentials = keys_, .clock = clock_, .random = random_},
            io::aws::LambdaService(),
            io::aws::JsonSettings{.endpoint = "http://127.0.0.1:1", .region = "eu-west-1"}),
        "my-function");
  }

  Result<std::unique_ptr<Delivery>> Open() {
    return Delivery::Open(*files_, clock_, kTable, options_);
  }

  /// Record `i` is its number in text; every seventh cannot become a row.
  void AddOne(Delivery* delivery, const std::string& source, int i) {
    const std::string raw = source + "@" + std::to_string(i);
    const DeliveredRecord place{
        .source = source, .offset = static_cast<uint64_t>(i), .place = "place of it", .raw = raw};
    if (i % 7 == 6) return delivery->AddError(transform::ParseError::kNoKey, "it is bad", place);
    const transform::ParsedRecord parsed(
        transform::KinesisRecord(R"({"pair":{"S":"P)" + std::to_string(i % 2) + R"("}})"));
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
      if (more && steps_late_) continue;
      while (true) {
        const Result<bool> worked = delivery->Step();
        if (!worked.ok() && keeps_on_) continue;
        TAPELAKE_RETURN_NOT_OK(worked.status());
        if (!*worked) break;
      }
    }
    counts_ = delivery->counts();
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

  std::string RawText() {
    std::string text;
    for (const std::string& path : PathsBelow("raw/"))
      text += Gunzip(Bytes(path));
    return text;
  }

  /// Lines of error objects of a type.
  std::vector<base::JsonValue> ErrorLines(const std::string& type) {
    std::vector<base::JsonValue> lines;
    for (const std::string& path : PathsBelow("errors/" + type + "/")) {
      const std::string text = Bytes(path);
      for (size_t begin = 0; begin < text.size();) {
        const size_t end = text.find('\n', begin);
        const std::string line = text.substr(begin, end - begin);
        EXPECT_EQ(base::JudgeJsonSeal(line, "}"), base::SealState::kWhole) << line;
        lines.push_back(base::ParseJson(line).ValueOrDie());
        begin = end + 1;
      }
    }
    return lines;
  }

  std::string CodeOf(const base::JsonValue& line) { return line.Find("errorCode")->text(); }
  std::string RecordOf(const base::JsonValue& line) {
    return Unbase64(line.Find("rawData")->text());
  }

  /// Record -> how often it is in raw objects (a line each) and in error objects.
  std::map<std::string, int> Delivered() {
    std::map<std::string, int> records;
    const std::string text = RawText();
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      const std::string line = text.substr(begin, end - begin);
      ++records[line.substr(0, line.find('#'))];
      begin = end + 1;
    }
    for (const base::JsonValue& line : ErrorLines("processing-failed"))
      ++records[RecordOf(line)];
    for (const base::JsonValue& line : ErrorLines("no-key"))
      ++records[Unbase64(line.Find("raw_data")->text())];
    return records;
  }

  std::unique_ptr<FakeFileSystem> files_ = std::make_unique<FakeFileSystem>();
  FakeClock clock_;
  FakeLambda lambda_;
  Keys keys_;
  io::SeededRandom random_{7};
  DeliveryOptions options_;
  DeliveryCounts counts_;
  bool steps_late_ = false;  ///< Nothing is written before all is cut.
  bool keeps_on_ = false;    ///< After a failure it steps again.
};

TEST_F(DeliveryTransformTest, DeliversWhatTheFunctionReturns) {
  lambda_.function = [](const std::string& record, int) {
    if (record == "log@1") return FakeLambda::Ok(std::string("two\nlines\n\0\xff", 12));
    if (record == "log@2") return std::string(R"("result":"Dropped")");
    if (record == "log@3") return std::string(R"("result":"ProcessingFailed")");
    return FakeLambda::Ok("<" + record + ">");
  };
  ASSERT_TRUE(Deliver({"log"}, 8, 8).ok());
  EXPECT_EQ(RawText(), std::string("<log@0>two\nlines\n\0\xff<log@4><log@5><log@7>", 40));
  EXPECT_THAT(lambda_.urls,
              ElementsAre("http://127.0.0.1:1/2015-03-31/functions/my-function/invocations"));
  const auto failed = ErrorLines("processing-failed");
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(RecordOf(failed[0]), "log@3");
  EXPECT_EQ(CodeOf(failed[0]), "Lambda.ProcessingFailedStatus");
  EXPECT_EQ(failed[0].Find("source")->text(), "place of it");
  EXPECT_EQ(failed[0].Find("offset")->AsInt(0), 3);
  EXPECT_EQ(failed[0].Find("attemptsMade")->AsInt(0), 1);
  EXPECT_EQ(failed[0].Find("lambdaArn")->text(), "my-function");
  EXPECT_THAT(ErrorLines("no-key"), SizeIs(1)) << "what is no change is not shown to it";
  EXPECT_EQ(counts_.lines, 5);
  EXPECT_EQ(counts_.error_lines, 2);
  EXPECT_EQ(counts_.transform.invocations, 1);
  EXPECT_EQ(counts_.transform.dropped_records, 1);
  EXPECT_EQ(counts_.transform.failed_records, 1);
  EXPECT_THAT(PathsBelow(".tapelake/delivery/crypto.transactions/cut-"), IsEmpty());
}

TEST_F(DeliveryTransformTest, InvokesInBatchesWhileACutIsCollected) {
  options_.buffer_bytes = 1 << 20;
  options_.transform.buffer_bytes = 20;
  const auto delivery = Open().ValueOrDie();
  for (int i = 0; i < 5; ++i)
    AddOne(delivery.get(), "log", i);
  delivery->Advance("log", 5);
  EXPECT_TRUE(delivery->Step().ValueOrDie());
  EXPECT_FALSE(delivery->Step().ValueOrDie()) << "the rest waits for others";
  EXPECT_THAT(lambda_.batches, ElementsAre(4));
  clock_.Advance(options_.transform.buffer_micros);
  EXPECT_TRUE(delivery->Step().ValueOrDie()) << "but not for ever";
  EXPECT_THAT(lambda_.batches, ElementsAre(4, 1));
  EXPECT_THAT(PathsBelow(""), IsEmpty()) << "nothing is written before the cut";
}

TEST_F(DeliveryTransformTest, DropsEverythingWithoutAnObject) {
  lambda_.function = [](const std::string&, int) { return std::string(R"("result":"Dropped")"); };
  ASSERT_TRUE(Deliver({"log"}, 5, 5).ok());
  EXPECT_THAT(PathsBelow("raw/"), IsEmpty());
  EXPECT_THAT(PathsBelow("errors/"), IsEmpty());
  EXPECT_EQ(Open().ValueOrDie()->DeliveredOffset("log"), 5u);
}

TEST_F(DeliveryTransformTest, RetriesThreeTimesAndThenFailsTheBatch) {
  lambda_.answer = io::HttpResponse{.status = 200,
                                    .headers = {{"x-amz-function-error", "Unhandled"}},
                                    .body = R"({"errorMessage":"boom"})"};
  ASSERT_TRUE(Deliver({"log"}, 3, 3).ok());
  EXPECT_EQ(lambda_.invocations, 4);
  EXPECT_GT(clock_.SteadyMicros(), 0) << "it waits in between";
  const auto failed = ErrorLines("processing-failed");
  ASSERT_THAT(failed, SizeIs(3));
  EXPECT_EQ(CodeOf(failed[0]), "Lambda.FunctionError");
  EXPECT_EQ(failed[0].Find("attemptsMade")->AsInt(0), 4);
  EXPECT_EQ(counts_.transform.failed_invocations, 4);
  EXPECT_EQ(counts_.transform.failed_records, 3);
}

TEST_F(DeliveryTransformTest, DoesNotRepeatWhatIsRefused) {
  lambda_.answer = io::HttpResponse{.status = 404,
                                    .headers = {{"x-amzn-errortype", "ResourceNotFoundException"}},
                                    .body = R"({"Message":"Function not found"})"};
  ASSERT_TRUE(Deliver({"log"}, 3, 3).ok());
  EXPECT_EQ(lambda_.invocations, 1);
  const auto failed = ErrorLines("processing-failed");
  ASSERT_THAT(failed, SizeIs(3));
  EXPECT_EQ(CodeOf(failed[0]), "Lambda.ResourceNotFound");
  EXPECT_THAT(failed[0].Find("errorMessage")->text(), HasSubstr("Function not found"));
}

TEST_F(DeliveryTransformTest, RepeatsWithTheSameInvocationIdWhatMayPass) {
  lambda_.first = {MakeError(ErrorKind::kUnknownOutcome, "cut off"),
                   io::HttpResponse{.status = 503, .body = "later"},
                   io::HttpResponse{.status = 200, .body = "null"}};
  ASSERT_TRUE(Deliver({"log"}, 2, 2).ok());
  ASSERT_THAT(lambda_.invocation_ids, SizeIs(4));
  EXPECT_THAT(std::set<std::string>(lambda_.invocation_ids.begin(), lambda_.invocation_ids.end()),
              SizeIs(1));
  EXPECT_EQ(RawText(), "log@0\nlog@1\n");
  EXPECT_EQ(counts_.transform.failed_invocations, 3);
  EXPECT_EQ(counts_.transform.failed_records, 0);
}

TEST_F(DeliveryTransformTest, NamesAFunctionThatDoesNotAnswer) {
  options_.transform.retries = 0;
  lambda_.answer = MakeError(ErrorKind::kUnavailable, "nobody listens");
  ASSERT_TRUE(Deliver({"log"}, 1, 1).ok());
  const auto failed = ErrorLines("processing-failed");
  ASSERT_THAT(failed, SizeIs(1));
  EXPECT_EQ(CodeOf(failed[0]), "Lambda.FunctionRequestTimedOut");
  EXPECT_THAT(failed[0].Find("errorMessage")->text(), HasSubstr("nobody listens"));
}

TEST_F(DeliveryTransformTest, FailsRecordsOfAnAnswerThatIsTooLarge) {
  options_.transform.retries = 0;
  lambda_.answer =
      io::HttpResponse{.status = 200, .body = std::string(io::aws::kInvocationBytesMax + 1, ' ')};
  ASSERT_TRUE(Deliver({"log"}, 2, 2).ok());
  EXPECT_THAT(ErrorLines("processing-failed"), SizeIs(2));
}

TEST_F(DeliveryTransformTest, PutsRecordsWhereTheFunctionsKeysSay) {
  options_.layout = {.prefix = "raw/!{partitionKeyFromQuery:pair}/!{partitionKeyFromLambda:day}/",
                     .error_prefix = "errors/!{firehose:error-output-type}/",
                     .partition_keys = {{"pair", "pair"}},
                     .partitions_max = 2};
  options_.buffer_bytes = 1 << 20;
  lambda_.function = [](const std::string& record, int) {
    if (record == "log@2") return FakeLambda::Ok(record);
    const std::string day = record == "log@3" ? "other" : "mo/day";
    return FakeLambda::Ok(record + "\n", R"(,"metadata":{"partitionKeys":{"day":")" + day + "\"}}");
  };
  ASSERT_TRUE(Deliver({"log"}, 5, 5).ok());
  std::map<std::string, std::string> texts;
  for (const std::string& path : PathsBelow("raw/"))
    texts[path.substr(0, path.find("/2026"))] = Gunzip(Bytes(path));
  EXPECT_EQ(texts, (std::map<std::string, std::string>{{"lake/raw/P0/mo%2Fday", "log@0\nlog@4\n"},
                                                       {"lake/raw/P1/mo%2Fday", "log@1\n"}}));
  const auto failed = ErrorLines("processing-failed");
  ASSERT_THAT(failed, SizeIs(2));
  EXPECT_EQ(CodeOf(failed[0]), kNoPartitionKey);
  EXPECT_THAT(failed[0].Find("errorMessage")->text(),
              HasSubstr("'day' of the Lambda function is not there"));
  EXPECT_EQ(CodeOf(failed[1]), kTooManyPartitions);
}

TEST_F(DeliveryTransformTest, KeepsSourceRecordsOfAllItDrops) {
  options_.layout.backup = true;
  lambda_.function = [](const std::string&, int) { return std::string(R"("result":"Dropped")"); };
  ASSERT_TRUE(Deliver({"log"}, 3, 3).ok());
  std::string kept;
  for (const std::string& path : PathsBelow("source/"))
    kept += Gunzip(Bytes(path));
  EXPECT_EQ(kept, "log@0\nlog@1\nlog@2\n");
}

/// What goes wrong at one step.
struct Crash {
  bool after = false;  ///< The step was done, but that is not known.
  bool power = false;  ///< What is not durable is lost.
  bool late = false;   ///< Several cuts wait to be written.
};

// D12: a function that never answers the same twice, whatever dies when, and whatever is configured
// afterwards.
TEST_F(DeliveryTransformTest, SurvivesCrashesAtEveryStep) {
  lambda_.function = [](const std::string& record, int invocation) {
    if ((record.back() + invocation) % 3 == 0) return std::string(R"("result":"ProcessingFailed")");
    return FakeLambda::Ok(record + "#" + std::to_string(invocation) + "\n");
  };
  std::map<std::string, int> once;
  for (const std::string source : {"log", "more"}) {
    for (int i = 0; i < 20; ++i)
      once[source + "@" + std::to_string(i)] = 1;
  }
  options_.buffer_bytes = 100;
  options_.transform.buffer_bytes = 40;
  int recoveries = 0;
  for (int kind = 0; kind < 8; ++kind) {
    const Crash crash{.after = kind % 2 == 1, .power = kind / 2 % 2 == 1, .late = kind / 4 == 1};
    bool done = false;
    for (int step = 0; !done; ++step) {
      SCOPED_TRACE("kind " + std::to_string(kind) + ", step " + std::to_string(step));
      ASSERT_LT(step, 5'000);
      files_ = std::make_unique<FakeFileSystem>();
      int steps = 0;
      const auto hook = [&](FakeFileSystem::Step, const std::string&) {
        return steps++ >= step ? MakeError(ErrorKind::kUnavailable, "it is dead") : Status::OK();
      };
      crash.after ? files_->SetAfter(hook) : files_->SetBefore(hook);
      steps_late_ = crash.late;
      done = Deliver({"log", "more"}, 20, 3).ok() && steps <= step;
      files_->SetBefore(nullptr);
      files_->SetAfter(nullptr);
      if (crash.power) files_->LosePower();
      std::map<std::string, std::string> left;
      for (const char* folder : {"raw/", "errors/"}) {
        for (const std::string& path : PathsBelow(folder))
          left[path] = Bytes(path);
      }
      recoveries += PathsBelow(".tapelake/delivery/crypto.transactions/cut-").empty() ? 0 : 1;
      clock_.Advance(kHour);
      ASSERT_TRUE(Deliver({"more", "log"}, 20, 4).ok());
      EXPECT_EQ(Delivered(), once);
      for (const auto& [path, bytes] : left)
        EXPECT_EQ(Bytes(path), bytes) << path;
      // A start drops what an end left behind.
      ASSERT_TRUE(Open().ok());
      EXPECT_THAT(PathsBelow(".tapelake/delivery/crypto.transactions/cut-"), IsEmpty());
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(recoveries, 20);
}

// D7
TEST_F(DeliveryTransformTest, DoesTheSameAgainAfterAFailure) {
  lambda_.function = [](const std::string& record, int invocation) {
    return FakeLambda::Ok(record + "#" + std::to_string(invocation) + "\n");
  };
  std::map<std::string, int> once;
  for (int i = 0; i < 20; ++i)
    once["log@" + std::to_string(i)] = 1;
  options_.buffer_bytes = 100;
  keeps_on_ = true;
  for (const bool after : {false, true}) {
    for (int step = 0, steps = 1; step < steps; ++step) {
      SCOPED_TRACE((after ? "after step " : "before step ") + std::to_string(step));
      files_ = std::make_unique<FakeFileSystem>();
      steps = 0;
      const auto hook = [&](FakeFileSystem::Step, const std::string&) {
        const bool fails = steps++ == step;
        return fails ? MakeError(ErrorKind::kUnavailable, "once") : Status::OK();
      };
      after ? files_->SetAfter(hook) : files_->SetBefore(hook);
      const int invocations_before = lambda_.invocations;
      const Status delivered = Deliver({"log"}, 20, 3);
      files_->SetBefore(nullptr);
      files_->SetAfter(nullptr);
      if (!delivered.ok()) continue;  // it was not opened
      EXPECT_EQ(Delivered(), once);
      EXPECT_EQ(lambda_.invocations - invocations_before, 3) << "nothing is asked twice";
    }
  }
}

TEST_F(DeliveryTransformTest, FinishesACutAlsoWithoutTheFunction) {
  files_->SetBefore([](FakeFileSystem::Step step, const std::string& path) {
    const bool object = step == FakeFileSystem::Step::kReplace && path.ends_with(".gz");
    return object ? MakeError(ErrorKind::kUnavailable, "no") : Status::OK();
  });
  EXPECT_FALSE(Deliver({"log"}, 5, 5).ok());
  files_->SetBefore(nullptr);
  const std::string state = Bytes("lake/" + StatePath(kStream));
  EXPECT_THAT(state, HasSubstr(R"("transformed":true)"));
  EXPECT_EQ(FormatState(ParseState(state, kStream).ValueOrDie()), state);
  options_.transform.function = nullptr;
  const auto delivery = Open().ValueOrDie();
  while (delivery->Step().ValueOrDie()) {
  }
  EXPECT_EQ(RawText(), "log@0\nlog@1\nlog@2\nlog@3\nlog@4\n");
  EXPECT_EQ(delivery->counts().lines, 5);
  EXPECT_EQ(delivery->DeliveredOffset("log"), 5u);
  EXPECT_EQ(lambda_.invocations, 1);
}

TEST_F(DeliveryTransformTest, NamesAContentThatIsDamagedAndDropsOneThatIsNobodys) {
  files_->SetBefore([](FakeFileSystem::Step step, const std::string& path) {
    const bool object = step == FakeFileSystem::Step::kReplace && path.ends_with(".gz");
    return object ? MakeError(ErrorKind::kUnavailable, "no") : Status::OK();
  });
  EXPECT_FALSE(Deliver({"log"}, 5, 5).ok());
  files_->SetBefore(nullptr);
  const std::string path = "lake/" + CutContentPath(StatePath(kStream), 1);
  std::string content = Bytes(path);
  content.back() ^= 1;
  ASSERT_TRUE(files_->ReplaceFile(path, content).ok());
  ASSERT_TRUE(files_->ReplaceFile("lake/" + CutContentPath(StatePath(kStream), 9), content).ok());
  const auto delivery = Open().ValueOrDie();
  EXPECT_THAT(PathsBelow(".tapelake/delivery/crypto.transactions/cut-"), ElementsAre(path));
  const auto step = delivery->Step();
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(KindOf(step.status()), ErrorKind::kCorrupt);
  EXPECT_THAT(step.status().message(), HasSubstr(path));
  EXPECT_THAT(PathsBelow("raw/"), IsEmpty());
}

// D8
TEST_F(DeliveryTransformTest, CountsWhatWaitsForTheFunctionAndWhatItReturned) {
  options_.buffer_bytes = 2'000;
  options_.waiting_bytes_max = 2'000;
  options_.transform.buffer_bytes = 1;
  lambda_.function = [](const std::string&, int) { return FakeLambda::Ok(std::string(800, 'x')); };
  const auto delivery = Open().ValueOrDie();
  int i = 0;
  for (; delivery->CanAdd() && i < 100; ++i) {
    AddOne(delivery.get(), "log", i);
    delivery->Advance("log", static_cast<uint64_t>(i) + 1);
    (void)delivery->Step();
  }
  EXPECT_LT(i, 6);
  ASSERT_TRUE(delivery->Cut(false).ok());
  while (delivery->Step().ValueOrDie()) {
  }
  EXPECT_TRUE(delivery->CanAdd());
  EXPECT_THAT(PathsBelow("raw/"), SizeIs(1)) << "half of the room was taken: a cut was due";
}

}  // namespace
}  // namespace tapelake::delivery
