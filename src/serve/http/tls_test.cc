/// The HTTP server over TLS, and a door on it.

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/clock.h"
#include "io/random.h"
#include "security/certificate.h"
#include "serve/http/http_server.h"
#include "serve/http/testing_client.h"

namespace tapelake::serve {
namespace {

using testing::Answer;
using testing::Client;
using ::testing::HasSubstr;

// A record that begins a handshake and says that 512 bytes follow.
constexpr std::string_view kHalfHandshake("\x16\x03\x01\x02\x00\x01", 6);

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    authority_ = MakeAuthority();
    identity_ = IdentityBy(authority_);
  }

  security::CertifiedKey MakeAuthority() {
    return security::MakeAuthority(random_, clock_.WallMicros()).ValueOrDie();
  }
  TlsIdentity IdentityBy(const security::CertifiedKey& authority) {
    const auto made =
        security::MakeServerCertificate(authority, {"127.0.0.1"}, random_, clock_.WallMicros())
            .ValueOrDie();
    return {.certificate_pem = made.certificate_pem, .key_pem = made.key_pem};
  }

  /// A door that says again what it hears.
  static HttpDoor Echo() {
    return {.answer =
                [](const HttpRequest& request) {
                  HttpResponse response;
                  response.content_type = "text/plain";
                  response.body = request.body;
                  return response;
                },
            .refuse =
                [](const HttpRequest& head, const HttpRefusal& refusal) {
                  HttpResponse response;
                  response.status = refusal.status;
                  response.body = "refused " + head.method + ": " + refusal.message;
                  return response;
                },
            .refuse_head = [](const HttpRequest& head) -> std::optional<HttpResponse> {
              if (!head.Field("x-stranger")) return std::nullopt;
              HttpResponse response;
              response.status = 403;
              response.body = "stranger";
              return response;
            }};
  }

  void Start(HttpServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    options.door = Echo();
    options.tls = identity_;
    options.renewed_tls = [this] { return std::exchange(renewed_, std::nullopt); };
    server_ =
        std::make_unique<HttpServer>(clock_, std::move(options), std::vector<HttpRoute>(), nullptr);
    const Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  Status StartWith(const TlsIdentity& identity) {
    HttpServerOptions options;
    options.listen = "127.0.0.1:0";
    options.door = Echo();
    options.tls = identity;
    return HttpServer(clock_, std::move(options), {}, nullptr).Start();
  }

  Client::Options Trusting(const security::CertifiedKey& authority) const {
    return {.port = server_->port(), .trusted_pem = authority.certificate_pem};
  }
  static std::string Post(const std::string& body, const std::string& fields = "") {
    return "POST / HTTP/1.1\r\nHost: localhost\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  io::SystemClock clock_;
  io::SeededRandom random_{1};
  security::CertifiedKey authority_;
  TlsIdentity identity_;
  std::optional<TlsIdentity> renewed_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsTest, CarriesRequestsOfAnySize) {
  Start({.body_bytes_max = 4 << 20});
  Client client(Trusting(authority_));
  ASSERT_TRUE(client.greeted());
  for (const size_t size : {size_t{0}, size_t{1}, size_t{16'384}, size_t{3} << 20}) {
    std::string body(size, 'x');
    for (size_t i = 0; i < size; ++i)
      body[i] = static_cast<char>('a' + i % 26);
    ASSERT_TRUE(client.Send(Post(body)));
    const Answer answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body == body) << size;
  }
}

TEST_F(TlsTest, AnswersPipelinedRequestsInOrder) {
  Start();
  Client client(Trusting(authority_));
  std::string bytes;
  for (int i = 0; i < 50; ++i)
    bytes += Post(std::to_string(i));
  ASSERT_TRUE(client.Send(bytes));
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(client.ReadAnswer().body, std::to_string(i));
}

TEST_F(TlsTest, IsNotTrustedByWhoTrustsAnotherAuthority) {
  Start();
  EXPECT_FALSE(Client(Trusting(MakeAuthority())).greeted());
  EXPECT_TRUE(Client(Trusting(authority_)).greeted());
}

TEST_F(TlsTest, TellsWhoSpeaksPlainly) {
  Start();
  Client client({.port = server_->port()});
  ASSERT_TRUE(client.Send(Post("secret")));
  const Answer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("this port speaks TLS"));
  EXPECT_TRUE(client.Ended());
}

TEST_F(TlsTest, AgreesOnHttp11Only) {
  Start();
  Client::Options options = Trusting(authority_);
  options.protocols = "\x02h2\x08http/1.1";
  EXPECT_EQ(Client(options).protocol(), "http/1.1");
  options.protocols = "\x02h2";
  EXPECT_FALSE(Client(options).greeted());
}

TEST_F(TlsTest, EndsHandshakesThatStandStill) {
  Start({.read_micros_max = 200'000});
  Client silent({.port = server_->port()});
  Client half({.port = server_->port()});
  ASSERT_TRUE(half.Send(kHalfHandshake));
  EXPECT_TRUE(silent.Ended());
  EXPECT_TRUE(half.Ended());
  EXPECT_TRUE(Client(Trusting(authority_)).greeted());
}

TEST_F(TlsTest, MakesRoomForWhoGetsThroughTheHandshake) {
  Start({.connections_max = 4});
  Client known(Trusting(authority_));
  ASSERT_TRUE(known.Send(Post("1")));
  EXPECT_EQ(known.ReadAnswer().body, "1");
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(std::make_unique<Client>(Client::Options{.port = server_->port()}));
    if (i % 2 == 0) (void)idle.back()->Send(kHalfHandshake);
  }
  Client late(Trusting(authority_));
  ASSERT_TRUE(late.greeted());
  ASSERT_TRUE(late.Send(Post("2")));
  EXPECT_EQ(late.ReadAnswer().body, "2");
  EXPECT_TRUE(idle.front()->Ended());
  ASSERT_TRUE(known.Send(Post("3")));
  EXPECT_EQ(known.ReadAnswer().body, "3");
}

TEST_F(TlsTest, ClosesOnConnectionsThatAreTakenByOthers) {
  Start({.connections_max = 2});
  Client one(Trusting(authority_));
  Client two(Trusting(authority_));
  for (Client* client : {&one, &two}) {
    ASSERT_TRUE(client->Send(Post("here")));
    EXPECT_EQ(client->ReadAnswer().body, "here");
  }
  EXPECT_FALSE(Client(Trusting(authority_)).greeted());
  EXPECT_EQ(server_->counters().connections_refused_total, 1);
}

TEST_F(TlsTest, StopsAtOnceWithConnectionsOpen) {
  Start();
  Client idle(Trusting(authority_));
  Client silent({.port = server_->port()});
  const int64_t begin = clock_.SteadyMicros();
  server_->Stop();
  EXPECT_LT(clock_.SteadyMicros() - begin, 1'500'000);
  EXPECT_TRUE(idle.Ended());
}

TEST_F(TlsTest, RefusesByTheHeadBeforeABodyTakesMemory) {
  Start({.body_bytes_max = 1000, .bodies_bytes_max = 1000});
  Client client(Trusting(authority_));
  ASSERT_TRUE(
      client.Send("POST / HTTP/1.1\r\nHost: localhost\r\nX-Stranger: 1\r\n"
                  "Content-Length: 900\r\n\r\n"));
  const Answer answer = client.ReadAnswer();  // no body was sent
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, "stranger");
  Client other(Trusting(authority_));
  ASSERT_TRUE(other.Send(Post(std::string(1001, 'x'))));
  const Answer refused = other.ReadAnswer();
  EXPECT_EQ(refused.status, 413);
  EXPECT_THAT(refused.body, HasSubstr("refused POST: the body of the request is longer"));
}

TEST_F(TlsTest, ShowsARenewedIdentityToNewConnections) {
  const security::CertifiedKey other = MakeAuthority();
  renewed_ = IdentityBy(other);
  Start();
  Client before(Trusting(authority_));
  ASSERT_TRUE(before.greeted());
  clock_.Sleep(1'100'000);
  EXPECT_TRUE(Client(Trusting(other)).greeted());
  EXPECT_FALSE(Client(Trusting(authority_)).greeted());
  ASSERT_TRUE(before.Send(Post("still here")));
  EXPECT_EQ(before.ReadAnswer().body, "still here");
}

TEST_F(TlsTest, KeepsItsIdentityWhenTheNewOneIsNone) {
  renewed_ = TlsIdentity{.certificate_pem = "x"};
  Start();
  clock_.Sleep(1'100'000);
  EXPECT_TRUE(Client(Trusting(authority_)).greeted());
}

TEST_F(TlsTest, RefusesAnIdentityThatIsNone) {
  const TlsIdentity other = IdentityBy(authority_);
  const std::pair<TlsIdentity, const char*> wrong[] = {
      {{}, "the certificate cannot be used"},
      {{.certificate_pem = "x", .key_pem = identity_.key_pem}, "the certificate cannot be used"},
      {{.certificate_pem = identity_.certificate_pem}, "the key of the certificate cannot be used"},
      {{.certificate_pem = identity_.certificate_pem, .key_pem = other.key_pem},
       "the key of the certificate cannot be used"}};
  for (const auto& [identity, words] : wrong) {
    const Status started = StartWith(identity);
    EXPECT_EQ(KindOf(started), ErrorKind::kInvalid);
    EXPECT_THAT(started.message(), HasSubstr(words));
  }
  // One text may hold both.
  const std::string both = identity_.key_pem + identity_.certificate_pem;
  EXPECT_TRUE(StartWith({.certificate_pem = both, .key_pem = both}).ok());
}

TEST_F(TlsTest, ADoorThatOthersReachNeedsIt) {
  HttpServerOptions options;
  options.section = "doors.x";
  options.listen = "0.0.0.0:0";
  options.door = Echo();
  const Status started = HttpServer(clock_, std::move(options), {}, nullptr).Start();
  EXPECT_EQ(KindOf(started), ErrorKind::kInvalid);
  EXPECT_THAT(started.message(), HasSubstr("doors.x.listen"));
  EXPECT_THAT(started.message(), HasSubstr("that needs TLS"));
}

}  // namespace
}  // namespace tapelake::serve
