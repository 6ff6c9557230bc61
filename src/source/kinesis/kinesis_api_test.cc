#include "source/kinesis/kinesis_api.h"

#include <gmock/gmock.h>

#include <deque>

#include "base/base64.h"
#include "record/record_block.h"
#include "source/kinesis/testing_aggregate.h"
#include "testing/fake_clock.h"

namespace tapelake::source {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Base64(std::string_view bytes) {
  std::string out;
  base::AppendBase64(bytes, &out);
  return out;
}

std::string Record(const std::string& sequence, std::string_view data) {
  return R"({"SequenceNumber":")" + sequence +
         R"(","ApproximateArrivalTimestamp":1795352784.872,"Data":")" + Base64(data) +
         R"(","PartitionKey":"k"})";
}

std::vector<std::string> PiecesOf(const ShardPage& page) {
  std::vector<std::string> pieces;
  for (const ShardPage::Piece& piece : page.pieces)
    pieces.push_back(page.buffer.substr(piece.begin, piece.size));
  return pieces;
}

TEST(KinesisPage, GivesRecordsAndWhatIsInThem) {
  const auto page =
      ParseKinesisPage(R"({"Records":[)" + Record("1", "one") + "," +
                       Record("2", testing::Aggregate({"two", "three"})) + "," + Record("3", "") +
                       R"(],"NextShardIterator":"next","MillisBehindLatest":1500})");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(PiecesOf(*page), ElementsAre("one", "two", "three", ""));
  ASSERT_EQ(page->records.size(), 3u);
  EXPECT_EQ(page->records[1].sequence, "2");
  EXPECT_EQ(page->records[1].pieces, 2u);
  EXPECT_EQ(page->records[1].time_micros, 1'795'352'784'872'000);
  EXPECT_EQ(page->next_iterator, "next");
  EXPECT_EQ(page->behind_micros, 1'500'000);
  EXPECT_EQ(page->buffer.size() - page->pieces.back().begin, record::kRecordPaddingBytes);
}

TEST(KinesisPage, ABrokenAggregateStaysOneRecord) {
  std::string broken = testing::Aggregate({"two", "three"});
  broken.back() = static_cast<char>(broken.back() ^ 1);
  const auto page = ParseKinesisPage(R"({"Records":[)" + Record("1", broken) + "]}");
  EXPECT_THAT(PiecesOf(page.ValueOrDie()), ElementsAre(broken));
}

TEST(KinesisPage, TheEndOfAShardIsNoIterator) {
  EXPECT_EQ(ParseKinesisPage(R"({"Records":[],"NextShardIterator":null})")->next_iterator, "");
  EXPECT_EQ(ParseKinesisPage(R"({"Records":[]})")->next_iterator, "");
  EXPECT_EQ(ParseKinesisPage("{}")->behind_micros, std::nullopt);
}

TEST(KinesisPage, EscapedBase64IsRead) {
  const auto page = ParseKinesisPage(R"({"Records":[{"SequenceNumber":"1","Data":"\/\/8="}]})");
  EXPECT_THAT(PiecesOf(page.ValueOrDie()), ElementsAre("\xff\xff"));
}

TEST(KinesisPage, AnAnswerWithoutSenseIsRefused) {
  for (const char* bad : {"", "[]", "{\"Records\":7}", R"({"Records":[{"Data":"QQ=="}]})",
                          R"({"Records":[{"SequenceNumber":"1"}]})",
                          R"({"Records":[{"SequenceNumber":"1","Data":"!"}]})",
                          R"({"Records":[{"SequenceNumber":"1","Data":{"type":"Buffer"}}]})",
                          R"({"Records":[],"NextShardIterator":7})"}) {
    EXPECT_EQ(KindOf(ParseKinesisPage(bad).status()), ErrorKind::kCorrupt) << bad;
  }
}

/// Answers in turn, and remembers what it was asked.
class ScriptedServer : public io::HttpClient {
 public:
  Result<io::HttpResponse> Send(const io::HttpRequest& request) override {
    for (const io::HttpHeader& header : request.headers) {
      if (header.name == "x-amz-target") operations.push_back(header.value.substr(17));
    }
    bodies.emplace_back(request.body);
    if (answers.empty()) return MakeError(ErrorKind::kInternal, "not in the script");
    io::HttpResponse answer = answers.front();
    answers.pop_front();
    return answer;
  }
  void Answer(const std::string& body) { answers.push_back({.status = 200, .body = body}); }
  void Refuse(const std::string& error) {
    answers.push_back({.status = 400, .body = R"({"__type":")" + error + "\"}"});
  }

  std::deque<io::HttpResponse> answers;
  std::vector<std::string> operations;
  std::vector<std::string> bodies;
};

class FixedKeys : public io::aws::CredentialSource {
 public:
  Result<io::aws::Credentials> Get() override {
    return io::aws::Credentials{.access_key_id = "A", .secret_access_key = "s"};
  }
  void Refuse(const io::aws::Credentials&) override {}
};

class KinesisApiTest : public ::testing::Test {
 protected:
  KinesisApi Api(const std::string& stream = "orders") {
    return KinesisApi(
        std::make_unique<io::aws::JsonClient>(
            io::aws::JsonEnvironment{
                .http = server_, .credentials = keys_, .clock = clock_, .random = random_},
            KinesisService(),
            io::aws::JsonSettings{.endpoint = "http://127.0.0.1:1", .region = "eu-west-1"}),
        stream);
  }
  ShardFault FaultOf(const std::string& error) {
    server_.answers.clear();
    for (int i = 0; i < 4; ++i)
      server_.Refuse(error);
    return Api().GetRecords("it").ValueOrDie().fault;
  }

  ScriptedServer server_;
  FixedKeys keys_;
  tapelake::testing::FakeClock clock_{1'795'370'400'000'000};
  io::SeededRandom random_{1};
};

constexpr char kSummary[] =
    R"({"StreamDescriptionSummary":{"StreamCreationTimestamp":1795352784.708,)"
    R"("RetentionPeriodHours":48}})";

TEST_F(KinesisApiTest, ListsAllPagesWithBothParents) {
  server_.Answer(kSummary);
  server_.Answer(
      R"({"Shards":[{"ShardId":"s0","SequenceNumberRange":{"StartingSequenceNumber":"1",)"
      R"("EndingSequenceNumber":"9"}},{"ShardId":"s1","ParentShardId":"s0"}],)"
      R"("NextToken":"t\"1"})");
  server_.Answer(R"({"Shards":[{"ShardId":"s2","ParentShardId":"s0",)"
                 R"("AdjacentParentShardId":"s1"}]})");
  const auto listing = Api().List();
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_EQ(listing->incarnation, "1795352784");
  EXPECT_EQ(listing->retention_micros, int64_t{48} * 3'600 * 1'000'000);
  ASSERT_EQ(listing->shards.size(), 3u);
  EXPECT_TRUE(listing->shards[0].closed);
  EXPECT_FALSE(listing->shards[1].closed);
  EXPECT_THAT(listing->shards[1].parents, ElementsAre("s0"));
  EXPECT_THAT(listing->shards[2].parents, ElementsAre("s0", "s1"));
  EXPECT_THAT(server_.bodies, ElementsAre(R"({"StreamName":"orders"})",
                                          R"({"StreamName":"orders"})", R"({"NextToken":"t\"1"})"));
}

TEST_F(KinesisApiTest, AStreamThatIsNotThereIsNamed) {
  server_.Refuse("ResourceNotFoundException");
  const Status error = Api("nowhere").List().status();
  EXPECT_EQ(KindOf(error), ErrorKind::kNotFound);
  EXPECT_THAT(error.message(), HasSubstr("stream 'nowhere'"));
}

TEST_F(KinesisApiTest, BeginsWhereItIsTold) {
  KinesisApi api = Api();
  const auto ask = [&](const ShardPlace& place, bool with_last) {
    server_.Answer(R"({"ShardIterator":"it"})");
    EXPECT_EQ(api.GetIterator("s1", place, with_last).ValueOrDie().iterator, "it");
    return server_.bodies.back();
  };
  const std::string begin = R"({"StreamName":"orders","ShardId":"s1","ShardIteratorType":)";
  const ShardPlace after{.kind = ShardPlace::Kind::kAfter, .sequence = "49"};
  EXPECT_EQ(ask({}, false), begin + R"("TRIM_HORIZON"})");
  EXPECT_EQ(ask({.kind = ShardPlace::Kind::kTime, .time_millis = 1'795'352'784'007}, false),
            begin + R"("AT_TIMESTAMP","Timestamp":1795352784.007})");
  EXPECT_EQ(ask(after, false), begin + R"("AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"49"})");
  EXPECT_EQ(ask({.kind = ShardPlace::Kind::kAt, .sequence = "49"}, false),
            begin + R"("AT_SEQUENCE_NUMBER","StartingSequenceNumber":"49"})");
  EXPECT_EQ(ask(after, true), begin + R"("AT_SEQUENCE_NUMBER","StartingSequenceNumber":"49"})");
}

TEST_F(KinesisApiTest, ErrorsThatTheReaderCanMeetAreFaults) {
  EXPECT_EQ(FaultOf("ProvisionedThroughputExceededException"), ShardFault::kThrottled);
  EXPECT_EQ(FaultOf("ExpiredIteratorException"), ShardFault::kExpired);
  EXPECT_EQ(FaultOf("ResourceNotFoundException"), ShardFault::kGone);
  server_.answers.clear();
  server_.Refuse("InvalidArgumentException");
  EXPECT_EQ(KindOf(Api().GetRecords("it").status()), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::source
