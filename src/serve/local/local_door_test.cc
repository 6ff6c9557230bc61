#include "serve/local/local_door.h"

#include <unistd.h>

#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/builder.h>

#include "serve/local/local_client.h"
#include "testing/stream_fixture.h"

namespace tapelake::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class LocalDoorTest : public testing::StreamFixture {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "tapelake-door-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    door_options_.socket_path = root_ + "/socket";
    door_options_.program_version = "1.2.3";
    stream_ = Open();
    writer_ = std::make_unique<stream::StreamWriter>(*stream_);
    stepper_ = std::thread([this] {
      while (!stop_)
        if (!writer_->Step(1000).ok()) return;
    });
    StartDoor();
  }

  void TearDown() override {
    if (door_ != nullptr) door_->Stop();
    stop_ = true;
    stepper_.join();
    std::filesystem::remove_all(root_);
  }

  void StartDoor() {
    door_.reset();
    door_ = std::make_unique<LocalDoor>(
        system_clock_, door_options_,
        LocalDoorLookups{
            .find_stream =
                [this](std::string_view name) {
                  return name == "orders" ? writer_.get() : nullptr;
                },
            .find_table =
                [this](std::string_view name) { return name == "crypto.orders" ? &hot_ : nullptr; },
            .find_log =
                [this](std::string_view name) {
                  return name == "orders" ? stream_.get() : nullptr;
                },
            .ask_page = [](std::string_view target) -> Result<std::string> {
              if (target == "/api/v1/status") return std::string("{}");
              return MakeError(ErrorKind::kInvalid, "what?");
            }});
    const Status started = door_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  std::unique_ptr<LocalClient> Connect() {
    auto client = LocalClient::Connect(door_options_.socket_path);
    EXPECT_TRUE(client.ok()) << client.status();
    return std::move(client).ValueOr(nullptr);
  }

  std::unique_ptr<io::LocalConnection> ConnectRaw() {
    return *io::ConnectLocal(door_options_.socket_path);
  }

  /// What the door answers to raw bytes: an error, then the end.
  Status ErrorAfter(std::string_view bytes) {
    const auto connection = ConnectRaw();
    EXPECT_TRUE(connection->Write(bytes).ok());
    const auto reply = *ReadMessage(*connection, {});
    EXPECT_TRUE(reply && reply->kind == MessageKind::kError);
    const auto end = ReadMessage(*connection, {});
    EXPECT_TRUE(end.ok() && !end->has_value());
    return reply ? DecodeError(reply->body) : Status::OK();
  }

  std::string root_;
  io::SystemClock system_clock_;
  LocalDoorOptions door_options_;
  std::unique_ptr<stream::Stream> stream_;
  std::unique_ptr<stream::StreamWriter> writer_;
  hot::HotTable hot_;
  std::atomic<bool> stop_ = false;
  std::thread stepper_;
  std::unique_ptr<LocalDoor> door_;
};

TEST_F(LocalDoorTest, SaysWhoIsThere) {
  const auto reply = Connect()->Ping();
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->program_version, "1.2.3");
  EXPECT_EQ(reply->process_id, ::getpid());
}

TEST_F(LocalDoorTest, PutsRecordsThatAreDurableWhenItAnswers) {
  const auto client = Connect();
  const std::vector<stream::PutEntry> entries = {{"k1", "one"}, {"k2", "two"}};
  const auto places = client->Put("orders", entries);
  ASSERT_TRUE(places.ok()) << places.status();
  ASSERT_THAT(*places, SizeIs(2));
  EXPECT_EQ((*places)[1].sequence, 2U);
  EXPECT_THAT(ReadAll(*stream_), ElementsAre("one", "two"));
  ASSERT_TRUE(client->Put("orders", entries).ok());
  EXPECT_EQ(stream_->facts().next_sequence, 5U);
}

TEST_F(LocalDoorTest, HandsOutRecordsAfterTheNewestAndFromAPlaceOn) {
  const auto client = Connect();
  const std::vector<stream::PutEntry> entries = {{"k1", "one"}, {"k2", "two"}};
  ASSERT_TRUE(client->Put("orders", entries).ok());
  const auto newest = client->Tail({.stream = "orders"});
  ASSERT_TRUE(newest.ok()) << newest.status();
  EXPECT_EQ(newest->next_sequence, 3U);
  EXPECT_THAT(newest->records, SizeIs(0));
  const auto all = client->Tail({.stream = "orders", .from_sequence = TailRequest::kOldest});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->next_sequence, 3U);
  EXPECT_THAT(all->records, ElementsAre("one", "two"));
  const auto none = client->Tail({.stream = "orders", .from_sequence = 3});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->next_sequence, 3U);
  EXPECT_EQ(KindOf(client->Tail({.stream = "orders", .from_sequence = 9}).status()),
            ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(client->Tail({.stream = "trades"}).status()), ErrorKind::kNotFound);
  EXPECT_TRUE(client->Ping().ok());
}

TEST_F(LocalDoorTest, FindsTheFirstRecordOfATime) {
  const auto client = Connect();
  const std::vector<stream::PutEntry> entries = {{"k1", "one"}, {"k2", "two"}};
  ASSERT_TRUE(client->Put("orders", entries).ok());
  const int64_t arrived = stream_->facts().newest_arrival_micros;
  EXPECT_EQ(client->Seek({.stream = "orders", .arrival_micros = arrived}).ValueOr(0), 1U);
  EXPECT_EQ(client->Seek({.stream = "orders", .arrival_micros = arrived + 1}).ValueOr(0), 3U);
  EXPECT_EQ(KindOf(client->Seek({.stream = "trades"}).status()), ErrorKind::kNotFound);
  EXPECT_TRUE(client->Ping().ok());
}

TEST_F(LocalDoorTest, AnswersWhatThePageWouldAsk) {
  const auto client = Connect();
  const auto answer = client->AskPage("/api/v1/status");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, "{}");
  const Status refused = client->AskPage("/api/v1/nothing").status();
  EXPECT_EQ(KindOf(refused), ErrorKind::kInvalid);
  EXPECT_THAT(refused.message(), HasSubstr("what?"));
}

TEST_F(LocalDoorTest, AnswersErrorsOfPutsAndGoesOn) {
  const auto client = Connect();
  const std::vector<stream::PutEntry> bad = {{"", "no key"}};
  const std::vector<stream::PutEntry> good = {{"k", "v"}};
  EXPECT_EQ(KindOf(client->Put("orders", bad).status()), ErrorKind::kInvalid);
  const Status unknown = client->Put("trades", good).status();
  EXPECT_EQ(KindOf(unknown), ErrorKind::kNotFound);
  EXPECT_THAT(unknown.message(), HasSubstr("'trades'"));
  EXPECT_TRUE(client->Put("orders", good).ok());
}

TEST_F(LocalDoorTest, TakesTheLargestRecordAndRefusesMore) {
  const auto client = Connect();
  const std::string largest(stream::kRecordBytesMax, 'x');
  const std::vector<stream::PutEntry> one = {{"k", largest}};
  EXPECT_TRUE(client->Put("orders", one).ok());
  const std::vector<stream::PutEntry> two = {{"k", largest}, {"k", largest}};
  EXPECT_EQ(KindOf(client->Put("orders", two).status()), ErrorKind::kInvalid);
  EXPECT_TRUE(client->Ping().ok());
}

TEST_F(LocalDoorTest, ShowsHotRows) {
  const auto client = Connect();
  hot_.Committed("20261122180000000");
  EXPECT_TRUE(client->Hot("crypto.orders")->empty());
  arrow::StringBuilder ids;
  ASSERT_TRUE(ids.AppendValues({"a", "b"}).ok());
  auto chunk = std::make_shared<hot::HotChunk>();
  chunk->rows = arrow::RecordBatch::Make(arrow::schema({arrow::field("id", arrow::utf8())}), 2,
                                         {*ids.Finish()});
  chunk->changes = {{"a", 0}, {"b", 1}};
  hot_.Publish(chunk);
  const auto view = client->Hot("crypto.orders");
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->instant, "20261122180000000");
  ASSERT_THAT(view->chunks, SizeIs(1));
  EXPECT_TRUE(view->chunks[0]->rows->Equals(*chunk->rows));
  EXPECT_EQ(KindOf(client->Hot("crypto.nothing").status()), ErrorKind::kNotFound);
}

TEST_F(LocalDoorTest, GivesHostileBytesAnErrorAndHurtsNobodyElse) {
  const auto bystander = Connect();
  EXPECT_EQ(KindOf(ErrorAfter("GET / HTTP/1.1\r\nHost: x\r\n\r\n")), ErrorKind::kInvalid);
  std::string huge("TLLD\x01\x02\0\0\xff\xff\xff\xff", 12);
  EXPECT_THAT(ErrorAfter(huge).message(), HasSubstr("at most"));
  EXPECT_EQ(KindOf(ErrorAfter(std::string("TLLD\x01\x63\0\0\0\0\0\0", 12))), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(ErrorAfter(std::string("TLLD\x01\x02\0\0\x04\0\0\0abcd", 16))),
            ErrorKind::kInvalid);
  EXPECT_TRUE(bystander->Ping().ok());
}

TEST_F(LocalDoorTest, BoundsItsConnectionsAndTakesNewOnesAfterOthersEnd) {
  door_options_.connections_max = 2;
  StartDoor();
  auto first = Connect();
  auto second = Connect();
  ASSERT_TRUE(first->Ping().ok() && second->Ping().ok());
  const auto refused = Connect()->Ping();
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kThrottled);
  EXPECT_THAT(refused.status().message(), HasSubstr("2 connections"));
  first.reset();
  bool served = false;
  for (int tries = 0; tries < 500 && !served; ++tries) {
    served = Connect()->Ping().ok();
    if (!served) system_clock_.Sleep(10'000);
  }
  EXPECT_TRUE(served);
  EXPECT_TRUE(second->Ping().ok());
}

TEST_F(LocalDoorTest, BoundsTheBytesOfAllRequestsTogether) {
  door_options_.request_bytes_total_max = size_t{1} << 20;
  StartDoor();
  const std::string data(size_t{2} << 20, 'x');
  const std::vector<stream::PutEntry> entries = {{"k", data}};
  EXPECT_EQ(KindOf(Connect()->Put("orders", entries).status()), ErrorKind::kThrottled);
  const std::vector<stream::PutEntry> small = {{"k", "small"}};
  const auto client = Connect();
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(client->Put("orders", small).ok());
}

TEST_F(LocalDoorTest, EndsConnectionsWhenItStops) {
  const auto client = Connect();
  ASSERT_TRUE(client->Ping().ok());
  const auto silent = ConnectRaw();
  door_->Stop();
  EXPECT_FALSE(client->Ping().ok());
  EXPECT_EQ(KindOf(client->Ping().status()), ErrorKind::kUnavailable);
  EXPECT_EQ(KindOf(LocalClient::Connect(door_options_.socket_path).status()), ErrorKind::kNotFound);
}

// A put whose reply never comes may have happened.
TEST_F(LocalDoorTest, DoesNotKnowTheOutcomeWhenTheReplyIsLost) {
  const std::string path = root_ + "/other";
  const auto listener = *io::LocalListener::Listen(path);
  std::thread server([&] {
    const auto connection = *listener->Accept();
    EXPECT_TRUE(ReadMessage(*connection, {}).ok());
  });
  const auto client = *LocalClient::Connect(path);
  const std::vector<stream::PutEntry> entries = {{"k", "v"}};
  EXPECT_EQ(KindOf(client->Put("orders", entries).status()), ErrorKind::kUnknownOutcome);
  server.join();
}

TEST_F(LocalDoorTest, ServesManyAtOnce) {
  constexpr int kClients = 8;
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      const auto client = Connect();
      for (int i = 0; i < 30; ++i) {
        const std::string data = std::to_string(c) + "-" + std::to_string(i);
        const std::vector<stream::PutEntry> entries = {{data, data}};
        EXPECT_TRUE(client->Put("orders", entries).ok());
        if (i % 10 == 0) {
          EXPECT_TRUE(client->Hot("crypto.orders").ok());
        }
      }
    });
  }
  for (std::thread& client : clients)
    client.join();
  EXPECT_THAT(ReadAll(*stream_), SizeIs(kClients * 30));
}

}  // namespace
}  // namespace tapelake::serve
