#include "lambda/keep_alive_client.h"

#include <string>

#include <gtest/gtest.h>

#include "lambda/testing_server.h"

namespace tapelake::lambda {
namespace {

const std::string kShort = "HTTP/1.1 200 OK\r\nX-Name: Value\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunked =
    "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: "
    "chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n";
const std::string kClosed = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end";

class KeepAliveClientTest : public ::testing::Test {
 protected:
  Result<io::HttpResponse> Get(const TestServer& server, const std::string& target = "/") {
    return client_.Send({.url = server.url(target)});
  }

  io::SystemClock clock_;
  KeepAliveClient client_{clock_};
};

TEST_F(KeepAliveClientTest, UsesOneConnectionForManyRequests) {
  TestServer server({{.answers = {kShort, kChunked, kShort}}});
  const auto first = Get(server, "/a?b=c");
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(first->status, 200);
  EXPECT_EQ(first->body, "hello");
  EXPECT_EQ(*first->Find("x-name"), "Value");
  const auto second = client_.Send({.method = "POST",
                                    .url = server.url(),
                                    .headers = {{"Content-Type", "text/plain"}},
                                    .body = "question"});
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ(second->status, 202);
  EXPECT_EQ(second->body, "abcdefg");
  EXPECT_EQ(Get(server)->body, "hello");
  ASSERT_EQ(server.requests().size(), 3U);
  EXPECT_TRUE(server.requests()[0].starts_with("GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_EQ(server.requests()[0].find("Content-Length"), std::string::npos);
  EXPECT_NE(server.requests()[1].find("Content-Type: text/plain\r\nContent-Length: 8\r\n\r\n"
                                      "question"),
            std::string::npos);
}

TEST_F(KeepAliveClientTest, ConnectsAnewWhenTheServerClosed) {
  TestServer server({{.answers = {kClosed}}, {.answers = {kShort}}, {.answers = {kShort}}});
  EXPECT_EQ(Get(server)->body, "until the end");  // and says so
  EXPECT_EQ(Get(server)->body, "hello");          // closed without a word behind it
  EXPECT_EQ(Get(server)->body, "hello");
}

TEST_F(KeepAliveClientTest, KeepsRoomBehindALongBody) {
  const std::string body(3'000'000, 'x');
  TestServer server({{.answers = {"HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n" + body}}});
  auto response = Get(server);
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->body, body);
  EXPECT_GE(response->body.capacity(), body.size() + KeepAliveClient::kBodySlackBytes);
}

TEST_F(KeepAliveClientTest, PutsTheBodyIntoSpareMemory) {
  TestServer server(
      {{.answers = {kShort, kChunked, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}}});
  std::string spare(1'000'000, 'x');
  const char* memory = spare.data();
  const auto response = client_.Send({.url = server.url(), .spare = &spare});
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(response->body.data(), memory);
  spare = "old";
  EXPECT_EQ(client_.Send({.url = server.url(), .spare = &spare})->body, "abcdefg");
  spare = "old";
  EXPECT_EQ(client_.Send({.url = server.url(), .spare = &spare})->body, "");
}

TEST_F(KeepAliveClientTest, CutsWhatIsLongerThanAllowed) {
  TestServer server({{.answers = {kShort}}, {.answers = {kShort}}});
  const auto cut = client_.Send({.url = server.url(), .answer_bytes_max = 2});
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(cut->body, "he");
  EXPECT_EQ(Get(server)->body, "hello");  // on a new connection
}

TEST_F(KeepAliveClientTest, SaysWhyThereIsNoAnswer) {
  TestServer server({{.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"}},
                     {.answers = {"what?\r\n\r\n"}},
                     {.answers = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}},
                     {.answers = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n"}},
                     {.answers = {""}, .stays_silent = true}});
  EXPECT_NE(Get(server).status().message().find(" closed the connection, 3 bytes too early"),
            std::string::npos);
  EXPECT_NE(Get(server).status().message().find("is not valid HTTP/1.1"), std::string::npos);
  EXPECT_EQ(Get(server).status().message(), "the connection was closed before the answer ended");
  EXPECT_NE(Get(server).status().message().find("is not valid HTTP/1.1"), std::string::npos);
  const Status silent =
      client_.Send({.url = server.url(), .total_timeout_micros = 50'000}).status();
  EXPECT_EQ(KindOf(silent), ErrorKind::kUnknownOutcome);
  EXPECT_NE(silent.message().find("no answer in time"), std::string::npos);
  EXPECT_EQ(server.requests().size(), 5U);
  const Status nobody = Get(server).status();  // all connections are over
  EXPECT_EQ(KindOf(nobody), ErrorKind::kUnavailable);
  EXPECT_NE(nobody.message().find("Connection refused"), std::string::npos);
}

TEST_F(KeepAliveClientTest, DoesNotSendTwiceOnceAnAnswerBegan) {
  TestServer server({{.answers = {kShort, "HTTP/1.1 202 Acc"}}, {.answers = {kShort}}});
  EXPECT_TRUE(Get(server).ok());
  EXPECT_FALSE(Get(server).ok());
  EXPECT_EQ(server.requests().size(), 2U);
}

}  // namespace
}  // namespace tapelake::lambda
