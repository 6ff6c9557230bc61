#include "serve/http/http_server.h"

#include <atomic>
#include <future>
#include <memory>
#include <mutex>

#include <gtest/gtest.h>

#include "io/clock.h"
#include "serve/http/event_sink.h"
#include "serve/http/testing_client.h"

namespace tapelake::serve {

const AssetTable& TestPage();

namespace {

using testing::Answer;
using testing::Client;
using testing::Get;
using testing::Post;

constexpr std::string_view kHost = "Host: localhost\r\n";

/// A server on a free port whose routes echo, wait, stream and send events.
class HttpServerTest : public ::testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    server_ = std::make_unique<HttpServer>(clock_, options, Routes(), &TestPage());
    const Status status = server_->Start();
    ASSERT_TRUE(status.ok()) << status;
  }

  std::vector<HttpRoute> Routes() {
    return {{.method = "GET", .pattern = "/api/echo", .handler = Echo},
            {.method = "POST", .pattern = "/api/echo", .handler = Echo},
            {.method = "GET",
             .pattern = "/api/wait",
             .handler =
                 [this](const HttpRequest&) {
                   waiting_.set_value();
                   release_.get_future().wait();
                   return JsonResponse("\"waited\"");
                 },
             .lane = HttpLane::kSlow},
            {.method = "GET",
             .pattern = "/api/abandon",
             .handler =
                 [this](const HttpRequest& request) {
                   waiting_.set_value();
                   AwaitLeaving(request);
                   return JsonResponse("\"nobody reads this\"");
                 },
             .lane = HttpLane::kSlow},
            {.method = "GET",
             .pattern = "/api/stream",
             .handler = [this](const HttpRequest& request) { return Stream(request); },
             .lane = HttpLane::kSlow},
            {.method = "GET", .pattern = "/api/events", .handler = [this](const HttpRequest&) {
               HttpResponse response;
               response.content_type = "text/event-stream";
               response.on_events = [this](std::shared_ptr<EventSink> sink) {
                 sink_.set_value(std::move(sink));
               };
               return response;
             }}};
  }

  static HttpResponse Echo(const HttpRequest& request) {
    return JsonResponse(request.method + " " + std::string(request.Parameter("x").value_or("")) +
                        " " + request.body);
  }

  /// Wait until the client has gone, ten seconds at most.
  void AwaitLeaving(const HttpRequest& request) {
    const int64_t until = clock_.SteadyMicros() + 10'000'000;
    while (!*request.abandoned && clock_.SteadyMicros() < until)
      clock_.Sleep(1'000);
    left_.set_value(*request.abandoned);
  }

  HttpResponse Stream(const HttpRequest& request) {
    const std::string mode(request.Parameter("mode").value_or(""));
    // The handler has answered: what is watched now is the stream.
    HttpRequest watched;
    watched.abandoned = request.abandoned;
    HttpResponse response;
    response.content_type = "text/csv";
    response.write_body = [this, mode, watched](io::ByteOutput& out) -> Status {
      if (mode == "leave") {
        waiting_.set_value();
        AwaitLeaving(watched);
      }
      if (mode == "refuse") return MakeError(ErrorKind::kInvalid, "no such column");
      Status status;
      const int pieces = mode == "endless" ? 1'000'000 : 4;
      for (int i = 0; i < pieces && status.ok(); ++i)
        status = out.Write(std::string(100'000, static_cast<char>('a' + i % 26)));
      if (mode == "endless") stream_end_.set_value(status);
      return mode == "break" ? MakeError(ErrorKind::kInternal, "broke") : status;
    };
    return response;
  }

  Answer Raw(std::string_view bytes) {
    Client client({.port = server_->port()});
    client.Send(bytes);
    return client.ReadAnswer();
  }

  io::SystemClock clock_;
  std::promise<void> waiting_;
  std::promise<void> release_;
  std::promise<bool> left_;
  std::promise<Status> stream_end_;
  std::promise<std::shared_ptr<EventSink>> sink_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOfOneConnection) {
  Start();
  Client client({.port = server_->port()});
  for (int i = 0; i < 3; ++i) {
    client.Send("GET /api/echo?x=" + std::to_string(i) + " HTTP/1.1\r\n" + std::string(kHost) +
                "\r\n");
    const Answer answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET " + std::to_string(i) + " ");
  }
  EXPECT_EQ(server_->counters().connections_total, 1);
  EXPECT_EQ(server_->counters().requests_total, 3);
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrder) {
  Start();
  Client client({.port = server_->port()});
  const std::string one = "GET /api/echo?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string two =
      "POST /api/echo?x=2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 4\r\n\r\nbody";
  client.Send(one + two + one);
  EXPECT_EQ(client.ReadAnswer().body, "GET 1 ");
  EXPECT_EQ(client.ReadAnswer().body, "POST 2 body");
  EXPECT_EQ(client.ReadAnswer().body, "GET 1 ");
}

TEST_F(HttpServerTest, TakesLongBodiesAndWhatComesBehindThem) {
  Start();
  Client client({.port = server_->port()});
  std::string requests;
  std::vector<std::string> bodies;
  for (const size_t size : {size_t{1}, size_t{20'000}, size_t{256} << 10, size_t{1'000'000}}) {
    bodies.emplace_back(size, static_cast<char>('a' + bodies.size()));
    requests +=
        "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: " +
        std::to_string(size) + "\r\n\r\n" + bodies.back();
  }
  client.Send(requests);
  for (const std::string& body : bodies)
    EXPECT_TRUE(client.ReadAnswer().body == "POST  " + body) << body.size();
}

TEST_F(HttpServerTest, TakesChunkedBodiesAndExpectations) {
  Start();
  Client client({.port = server_->port()});
  client.Send(
      "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer().body, "POST  abcde");
}

TEST_F(HttpServerTest, AnswersOldClientsAndCloses) {
  Start();
  Client client({.port = server_->port()});
  client.Send("GET /api/echo HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer().fields["connection"], "close");
  EXPECT_TRUE(client.Ended());
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  Start();
  Client client({.port = server_->port()});
  client.Send("HEAD /api/echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Answer answer = client.ReadAnswer(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields.at("content-length"), "6");
  client.Send("GET /api/echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer().body, "GET  ");
}

TEST_F(HttpServerTest, SaysWhatAPathAnswersTo) {
  Start();
  Answer answer = Raw("OPTIONS /api/echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.fields["allow"], "GET, HEAD, POST, OPTIONS");
  EXPECT_FALSE(answer.fields.contains("access-control-allow-origin"));
  answer = Raw("DELETE /api/echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.fields["allow"], "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(Raw("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: 0\r\n\r\n")
                .status,
            405);
  answer = Get(server_->port(), "/nothing");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body,
            R"({"error":{"kind":"not_found","message":"there is nothing at this path"}})");
}

TEST_F(HttpServerTest, SendsThePageUnderAStrictPolicy) {
  Start();
  const Answer page = Get(server_->port(), "/", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.fields.at("content-encoding"), "gzip");
  EXPECT_EQ(page.body, TestPage().Find("/")->gzip);
  const std::string& policy = page.fields.at("content-security-policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "));
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(page.fields.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.fields.at("referrer-policy"), "no-referrer");
  EXPECT_EQ(page.fields.at("cross-origin-resource-policy"), "same-origin");
  EXPECT_EQ(Get(server_->port(), "/", "If-None-Match: " + page.fields.at("etag") + "\r\n").status,
            304);
  EXPECT_EQ(Get(server_->port(), "/../../etc/passwd").status, 404);
  EXPECT_EQ(Get(server_->port(), "/assets/%2e%2e/app-Ab3_x-91.js").status, 404);
}

TEST_F(HttpServerTest, RefusesWhatCouldBeReadInTwoWays) {
  Start();
  const std::string post =
      "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  for (const char* rest :
       {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", "Content-Length: +4\r\n\r\nabcd",
        "Content-Length: -1\r\n\r\n", "Content-Length: 4, 4\r\n\r\nabcd",
        "Content-Length: 0x4\r\n\r\nabcd", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", "Host: evil.example\r\n\r\n",
        "Bad Name: x\r\n\r\n", "X: a\x01\r\n\r\n", "Origin: a\r\nOrigin: b\r\n\r\n"}) {
    Client client({.port = server_->port()});
    client.Send(post + rest);
    const Answer answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, 400) << rest;
    EXPECT_TRUE(answer.fields.contains("connection")) << rest;
    EXPECT_TRUE(client.Ended()) << rest;
  }
  const std::string old = "POST /api/echo HTTP/1.0\r\nHost: localhost\r\n";
  EXPECT_EQ(Raw(old + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status, 400);
}

TEST_F(HttpServerTest, RefusesWhatIsNoRequest) {
  Start();
  EXPECT_EQ(Raw("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").status, 400);
  EXPECT_EQ(Raw("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n").status, 505);
  EXPECT_EQ(Raw("GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 400);
  EXPECT_EQ(Raw("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 400);
  EXPECT_EQ(Raw("GET /%ff HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 400);
  EXPECT_EQ(Raw("GET /%0d%0aX:1 HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 400);
  EXPECT_EQ(Raw("GET / HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(Get(server_->port(), "/api/echo?x=%22%3C/script%3E").body, "GET \"</script> ");
}

TEST_F(HttpServerTest, BoundsHeadAndBody) {
  Start();
  EXPECT_EQ(Get(server_->port(), "/api/echo", "X: " + std::string(17'000, 'x') + "\r\n").status,
            431);
  EXPECT_EQ(Get(server_->port(), "/" + std::string(17'000, 'x')).status, 431);
  EXPECT_EQ(Post(server_->port(), "/api/echo", std::string((1 << 20) + 1, 'x')).status, 413);
  EXPECT_EQ(Post(server_->port(), "/api/echo", std::string(1 << 20, 'x')).status, 200);
  // Without a length, too; and without waiting for the end.
  Client client({.port = server_->port()});
  client.Send(
      "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n200000\r\n" +
      std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(client.ReadAnswer().status, 413);
}

TEST_F(HttpServerTest, BoundsTheBodiesOfAllRequestsTogether) {
  Start({.body_bytes_max = 1'000, .bodies_bytes_max = 1'500});
  const std::string head =
      "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  Client first({.port = server_->port()});
  first.Send(head + "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(first.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(Raw(head + "Content-Length: 501\r\n\r\n").status, 503);
  EXPECT_EQ(Raw(head + "Transfer-Encoding: chunked\r\n\r\n").status, 503);
  EXPECT_EQ(Raw(head + "Content-Length: 500\r\n\r\n" + std::string(500, 'x')).status, 200);
  EXPECT_EQ(Get(server_->port(), "/api/echo").status, 200);
  first.Send(std::string(1'000, 'y'));
  EXPECT_EQ(first.ReadAnswer().status, 200);
  // What was held is free again.
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(Raw(head + "Content-Length: 1000\r\n\r\n" + std::string(1'000, 'z')).status, 200);
}

TEST_F(HttpServerTest, GivesEverythingToTheHandlerOfADoor) {
  HttpServerOptions options;
  options.section = "doors.test";
  options.connections_max = 1;
  const auto say = [](int status, const std::string& body) {
    HttpResponse response;
    response.status = status;
    response.content_type = "text/plain";
    response.body = body;
    response.for_browsers = false;
    return response;
  };
  options.door =
      HttpDoor{.answer =
                   [say](const HttpRequest& request) {
                     return say(200, request.method + " " + request.path + " " + request.body);
                   },
               .refuse =
                   [say](const HttpRequest& head, const HttpRefusal& refusal) {
                     return say(refusal.status, "refused " + head.method + ": " + refusal.message);
                   },
               .refuse_head = [say](const HttpRequest& head) -> std::optional<HttpResponse> {
                 if (head.path != "/not/here") return std::nullopt;
                 return say(403, "not here");
               }};
  Start(options);
  Client client({.port = server_->port()});
  client.Send("PUT /any/where HTTP/1.1\r\nHost: elsewhere\r\nContent-Length: 4\r\n\r\nbody");
  const Answer answer = client.ReadAnswer();
  EXPECT_EQ(answer.body, "PUT /any/where body");
  EXPECT_FALSE(answer.fields.contains("content-security-policy"));
  const Answer refused = Get(server_->port(), "/");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body.find("refused : "), 0u);
  EXPECT_NE(refused.body.find("doors.test.clients_max"), std::string::npos);
  client.Send("POST /not/here HTTP/1.1\r\nHost: elsewhere\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer().body, "not here");  // whatever its body would have been
  EXPECT_TRUE(client.Ended());
}

TEST_F(HttpServerTest, ClosesOnWhoSendsTooSlowly) {
  Start({.idle_micros_max = 10'000'000, .read_micros_max = 50'000, .body_micros_max = 50'000});
  Client half_a_head({.port = server_->port()});
  half_a_head.Send("GET / HTTP/1.1\r\nHost: loc");
  EXPECT_TRUE(half_a_head.Ended());
  Client half_a_body({.port = server_->port()});
  half_a_body.Send(
      "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(half_a_body.Ended());
}

TEST_F(HttpServerTest, ClosesOnWhoAsksNothing) {
  Start({.idle_micros_max = 50'000});
  Client silent({.port = server_->port()});
  EXPECT_TRUE(silent.Ended());
}

TEST_F(HttpServerTest, BoundsConnections) {
  Start({.connections_max = 1});
  auto first = std::make_unique<Client>(Client::Options{.port = server_->port()});
  first->Send("GET /api/echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(first->ReadAnswer().status, 200);
  Client second({.port = server_->port()});
  const Answer refused = second.ReadAnswer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("clients_max"), std::string::npos);
  EXPECT_EQ(server_->counters().connections_refused_total, 1);
  first.reset();
  while (server_->counters().connections > 0)
    clock_.Sleep(1'000);
  EXPECT_EQ(Get(server_->port(), "/api/echo").status, 200);
}

TEST_F(HttpServerTest, BoundsRequestsOfAnAddress) {
  Start({.requests_per_second = 2});
  EXPECT_EQ(Get(server_->port(), "/api/echo").status, 200);
  EXPECT_EQ(Get(server_->port(), "/api/echo").status, 200);
  const Answer refused = Get(server_->port(), "/api/echo");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.fields.at("retry-after"), "1");
}

TEST_F(HttpServerTest, AnswersOthersWhileOneWaits) {
  Start({.slow_threads = 1, .waiting_max = 1});
  Client waiting({.port = server_->port()});
  waiting.Send("GET /api/wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  waiting_.get_future().wait();
  EXPECT_EQ(Get(server_->port(), "/api/echo").status, 200);
  Client queued({.port = server_->port()});
  queued.Send("GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // Once that one waits for the thread, the next is told that there is too much work.
  Answer refused;
  while (refused.status != 503) {
    Client beyond({.port = server_->port()});
    beyond.Send("GET /api/stream?mode=refuse HTTP/1.1\r\nHost: localhost\r\n\r\n");
    refused = beyond.ReadAnswer();
  }
  EXPECT_EQ(refused.fields.at("retry-after"), "1");
  release_.set_value();
  EXPECT_EQ(waiting.ReadAnswer().body, "\"waited\"");
}

TEST_F(HttpServerTest, TellsAHandlerThatItsClientHasGone) {
  Start();
  auto client = std::make_unique<Client>(Client::Options{.port = server_->port()});
  client->Send("GET /api/abandon HTTP/1.1\r\nHost: localhost\r\n\r\n");
  waiting_.get_future().wait();
  client.reset();
  EXPECT_TRUE(left_.get_future().get());
}

TEST_F(HttpServerTest, TellsAStreamThatHasWrittenNothingYetThatItsClientHasGone) {
  Start();
  auto client = std::make_unique<Client>(Client::Options{.port = server_->port()});
  client->Send("GET /api/stream?mode=leave HTTP/1.1\r\nHost: localhost\r\n\r\n");
  waiting_.get_future().wait();
  client.reset();
  EXPECT_TRUE(left_.get_future().get());
}

TEST_F(HttpServerTest, AnswersAClientWhoseNextRequestWaitsBehindASlowOne) {
  Start();
  Client client({.port = server_->port()});
  const std::string more = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.Send("GET /api/wait" + more + "GET /api/stream" + more + "GET /api/echo?x=3" + more);
  waiting_.get_future().wait();
  release_.set_value();
  EXPECT_EQ(client.ReadAnswer().body, "\"waited\"");
  EXPECT_EQ(client.ReadAnswer().body.size(), 400'000U);
  EXPECT_EQ(client.ReadAnswer().body, "GET 3 ");
}

TEST_F(HttpServerTest, StreamsWhatAHandlerWrites) {
  Start();
  Client client({.port = server_->port()});
  for (int i = 0; i < 2; ++i) {
    client.Send("GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const Answer answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.fields.at("content-type"), "text/csv");
    std::string expected;
    for (const char c : {'a', 'b', 'c', 'd'})
      expected += std::string(100'000, c);
    EXPECT_TRUE(answer.body == expected);
  }
}

TEST_F(HttpServerTest, AnswersAnErrorBeforeTheFirstByteAndCutsAfterIt) {
  Start();
  const Answer refused = Get(server_->port(), "/api/stream?mode=refuse");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, R"({"error":{"kind":"invalid","message":"no such column"}})");
  EXPECT_EQ(Get(server_->port(), "/api/stream?mode=break").status, 0);
}

TEST_F(HttpServerTest, EndsTheStreamOfWhoDoesNotRead) {
  Start({.write_micros_max = 100'000});
  Client client({.port = server_->port(), .receive_buffer_bytes = 4'096});
  client.Send("GET /api/stream?mode=endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(KindOf(stream_end_.get_future().get()), ErrorKind::kUnavailable);
}

TEST_F(HttpServerTest, EndsAStreamThatTakesTooLong) {
  Start({.stream_micros_max = 50'000});
  const Answer answer = Get(server_->port(), "/api/stream?mode=endless");
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(KindOf(stream_end_.get_future().get()), ErrorKind::kUnavailable);
}

TEST_F(HttpServerTest, SendsEventsOneAtATime) {
  Start();
  Client client({.port = server_->port()});
  client.Send("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(client.ReadUntil("\r\n\r\n").find("text/event-stream"), std::string::npos);
  const auto sink = sink_.get_future().get();
  EXPECT_TRUE(sink->Ready());
  sink->Send(std::make_shared<std::string>("data: 1\n\n"));
  EXPECT_EQ(client.ReadUntil("\n\n"), "data: 1\n\n");
  while (!sink->Ready())
    clock_.Sleep(1'000);
  sink->Send(std::make_shared<std::string>("data: bye\n\n"));
  sink->Close();
  EXPECT_EQ(client.ReadUntil("\n\n"), "data: bye\n\n");
  EXPECT_TRUE(client.Ended());
  EXPECT_FALSE(sink->Ready());
}

TEST_F(HttpServerTest, TellsWhenAListenerHasGone) {
  Start();
  auto client = std::make_unique<Client>(Client::Options{.port = server_->port()});
  client->Send("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto sink = sink_.get_future().get();
  EXPECT_FALSE(sink->Closed());
  client.reset();
  while (!sink->Closed())
    clock_.Sleep(1'000);
}

TEST_F(HttpServerTest, ClosesOnAListenerThatDoesNotRead) {
  Start({.write_micros_max = 100'000});
  Client client({.port = server_->port(), .receive_buffer_bytes = 4'096});
  client.Send("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto sink = sink_.get_future().get();
  const auto text = std::make_shared<std::string>(1 << 20, 'x');
  int64_t not_ready = 0;
  while (!sink->Closed()) {
    if (sink->Ready()) {
      sink->Send(text);
    } else {
      ++not_ready;
      clock_.Sleep(1'000);
    }
  }
  EXPECT_GT(not_ready, 0);
}

TEST_F(HttpServerTest, EndsWithListenersSilentClientsAndStreams) {
  Start();
  Client silent({.port = server_->port()});
  Client listener({.port = server_->port()});
  listener.Send("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto sink = sink_.get_future().get();
  Client reader({.port = server_->port(), .receive_buffer_bytes = 4'096});
  reader.Send("GET /api/stream?mode=endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
  reader.ReadUntil("\r\n\r\n");
  server_->Stop();
  EXPECT_TRUE(silent.Ended());
  EXPECT_TRUE(listener.Ended());
  EXPECT_TRUE(sink->Closed());
  sink->Send(std::make_shared<std::string>("nobody hears it"));
  EXPECT_FALSE(stream_end_.get_future().get().ok());
}

TEST(HttpServer, NeedsATokenWhereOthersCanReachIt) {
  io::SystemClock clock;
  HttpServer server(clock, {.listen = "0.0.0.0:0"}, {}, nullptr);
  const Status status = server.Start();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_NE(status.message().find("dashboard.token"), std::string::npos);
}

TEST(HttpServer, SaysThatItsPortIsTaken) {
  io::SystemClock clock;
  HttpServer first(clock, {.listen = "127.0.0.1:0"}, {}, nullptr);
  ASSERT_TRUE(first.Start().ok());
  HttpServer second(clock, {.listen = "127.0.0.1:" + std::to_string(first.port())}, {}, nullptr);
  EXPECT_EQ(KindOf(second.Start()), ErrorKind::kAlreadyExists);
}

}  // namespace
}  // namespace tapelake::serve
