#include "serve/http/guard.h"

#include <gtest/gtest.h>

#include "serve/http/target.h"
#include "testing/fake_clock.h"

namespace tapelake::serve {
namespace {

class GuardTest : public ::testing::Test {
 protected:
  static HttpRequest Request(std::string_view target, HttpFields fields) {
    HttpRequest request;
    EXPECT_TRUE(ParseTarget(target, &request).ok());
    request.method = "GET";
    request.peer = "10.0.0.1";
    request.fields = std::move(fields);
    return request;
  }

  /// 0: it may go on.
  static int StatusOf(const std::optional<HttpResponse>& refused) {
    return refused ? refused->status : 0;
  }

  int Ask(Guard* guard, std::string_view target, HttpFields fields) {
    return StatusOf(guard->Refuse(Request(target, std::move(fields))));
  }

  tapelake::testing::FakeClock clock_{1'000'000};
  Guard local_{clock_, {.loopback = true}};
  Guard remote_{clock_, {.loopback = false, .token = "s3cret", .cookie_name = "tapelake_1"}};
};

TEST_F(GuardTest, OnLoopbackAsksForALoopbackHost) {
  EXPECT_EQ(Ask(&local_, "/api/v1/status", {{"host", "localhost:8990"}}), 0);
  EXPECT_EQ(Ask(&local_, "/api/v1/status", {{"host", "evil.example:8990"}}), 403);
  EXPECT_EQ(Ask(&local_, "/api/v1/status", {}), 400);
  EXPECT_EQ(Ask(&local_, "/", {{"host", "evil.example"}}), 403);
}

TEST_F(GuardTest, RefusesPagesOfOtherOrigins) {
  const auto with_origin = [&](std::string origin) {
    return Ask(&local_, "/api/v1/status", {{"host", "localhost:8990"}, {"origin", origin}});
  };
  EXPECT_EQ(with_origin("http://localhost:8990"), 0);
  for (const char* origin :
       {"null", "", "http://evil.example", "http://localhost", "http://localhost:8991",
        "http://localhost:8990.evil.example", "file://", "http://127.0.0.1:8990"})
    EXPECT_EQ(with_origin(origin), 403) << origin;
}

TEST_F(GuardTest, LetsALinkElsewhereOpenThePageButNotTheApi) {
  const HttpFields fields = {{"host", "localhost"}, {"sec-fetch-site", "cross-site"}};
  EXPECT_EQ(Ask(&local_, "/", fields), 0);
  EXPECT_EQ(Ask(&local_, "/api/v1/bars", fields), 403);
  EXPECT_EQ(Ask(&local_, "/metrics", fields), 403);
}

TEST_F(GuardTest, RefusesATokenInAUrlAndSaysWhy) {
  const auto refused = local_.Refuse(Request("/api/v1/live?token=x", {{"host", "localhost"}}));
  ASSERT_EQ(StatusOf(refused), 400);
  EXPECT_NE(refused->body.find("Authorization: Bearer"), std::string::npos);
  EXPECT_EQ(Ask(&remote_, "/?access_token=s3cret", {{"host", "a"}}), 400);
}

TEST_F(GuardTest, DemandsJsonOfPosts) {
  HttpRequest request = Request("/api/v1/sql", {{"host", "localhost"}});
  request.method = "POST";
  EXPECT_EQ(StatusOf(local_.Refuse(request)), 400);
  request.fields.emplace_back("content-type", "text/plain");
  EXPECT_EQ(StatusOf(local_.Refuse(request)), 400);
  request.fields.back().second = "application/json; charset=utf-8";
  EXPECT_EQ(StatusOf(local_.Refuse(request)), 0);
}

TEST_F(GuardTest, ElsewhereDemandsTheTokenOfAllButTheLoginPage) {
  EXPECT_EQ(Ask(&remote_, "/", {{"host", "a"}}), 0);
  EXPECT_EQ(Ask(&remote_, "/assets/app.js", {{"host", "a"}}), 0);
  EXPECT_EQ(Ask(&remote_, "/api/v1/login", {{"host", "a"}}), 0);
  EXPECT_EQ(Ask(&remote_, "/api/v1/status", {{"host", "a"}}), 401);
  EXPECT_EQ(Ask(&remote_, "/metrics", {{"host", "a"}}), 401);
  EXPECT_EQ(Ask(&remote_, "/metrics", {{"host", "a"}, {"authorization", "Bearer s3cret"}}), 0);
  EXPECT_EQ(Ask(&remote_, "/metrics", {{"host", "a"}, {"authorization", "Bearer s3cre"}}), 401);
  EXPECT_EQ(Ask(&remote_, "/metrics", {{"host", "a"}, {"authorization", "Basic s3cret"}}), 401);
}

TEST_F(GuardTest, LogsInWithACookieThatScriptsCannotRead) {
  HttpRequest login = Request("/api/v1/login", {{"host", "a"}});
  login.body = R"({"token":"s3cret"})";
  const HttpResponse response = remote_.Login(login);
  ASSERT_EQ(response.status, 200);
  const std::string& cookie = response.fields.back().second;
  EXPECT_EQ(cookie.find("tapelake_1=733363726574; HttpOnly; SameSite=Strict; Path=/"), 0U);
  const std::string pair = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(Ask(&remote_, "/metrics", {{"host", "a"}, {"cookie", "x=1; " + pair}}), 0);
  EXPECT_EQ(Ask(&remote_, "/metrics", {{"host", "a"}, {"cookie", pair + "0"}}), 401);
  EXPECT_EQ(Ask(&remote_, "/metrics", {{"host", "a"}, {"cookie", "y" + pair}}), 401);
}

TEST_F(GuardTest, RefusesLoginsThatMakeNoSense) {
  HttpRequest login = Request("/api/v1/login", {{"host", "a"}});
  for (const char* body : {"", "x", "[]", "{}", R"({"token":1})"}) {
    login.body = body;
    EXPECT_EQ(remote_.Login(login).status, 400) << body;
  }
}

TEST_F(GuardTest, SlowsDownWhoGuessesTokens) {
  HttpRequest login = Request("/api/v1/login", {{"host", "a"}});
  login.body = R"({"token":"wrong"})";
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(remote_.Login(login).status, 401);
  const HttpResponse refused = remote_.Login(login);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.fields.back(), (std::pair<std::string, std::string>("Retry-After", "5")));
  // Not even the right one is looked at, in whatever way it comes.
  EXPECT_EQ(Ask(&remote_, "/metrics", {{"host", "a"}, {"authorization", "Bearer s3cret"}}), 429);
  login.peer = "10.0.0.2";
  EXPECT_EQ(remote_.Login(login).status, 401);
  clock_.Advance(5'000'000);
  EXPECT_EQ(Ask(&remote_, "/metrics", {{"host", "a"}, {"authorization", "Bearer s3cret"}}), 0);
}

TEST(EqualInConstantTime, IsEquality) {
  EXPECT_TRUE(EqualInConstantTime("abc", "abc"));
  for (const char* given : {"", "ab", "abd", "abcabc", "ABC"})
    EXPECT_FALSE(EqualInConstantTime("abc", given)) << given;
  EXPECT_FALSE(EqualInConstantTime("", "a"));
}

}  // namespace
}  // namespace tapelake::serve
