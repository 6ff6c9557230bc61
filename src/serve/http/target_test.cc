#include "serve/http/target.h"

#include <gtest/gtest.h>

namespace tapelake::serve {
namespace {

TEST(Target, IsTakenApartAndDecoded) {
  HttpRequest request;
  ASSERT_TRUE(ParseTarget("/a/b%20c/%2f?pair=BTC%2FUSD&x=1+2&flag&&e=", &request).ok());
  EXPECT_EQ(request.path, "/a/b%20c/%2f");
  EXPECT_EQ(request.segments, (std::vector<std::string>{"a", "b c", "/"}));
  EXPECT_EQ(request.Parameter("pair"), "BTC/USD");
  EXPECT_EQ(request.Parameter("x"), "1 2");
  EXPECT_EQ(request.Parameter("flag"), "");
  EXPECT_EQ(request.Parameter("e"), "");
  EXPECT_EQ(request.Parameter("none"), std::nullopt);
}

TEST(Target, OfThePageHasOneEmptySegment) {
  HttpRequest request;
  ASSERT_TRUE(ParseTarget("/", &request).ok());
  EXPECT_EQ(request.segments, std::vector<std::string>{""});
  ASSERT_TRUE(ParseTarget("/a/", &request).ok());
  EXPECT_EQ(request.segments, (std::vector<std::string>{"a", ""}));
}

TEST(Target, WithAnythingDoubtfulIsRefused) {
  for (const char* target : {"", "*", "http://localhost/", "a", "/%", "/%4", "/%g0", "/a%00",
                             "/%0d%0a", "/\x7f", "/%ff", "/%c0%af", "/%ed%a0%80", "/%f4%90%80%80",
                             "/a#b", "/?a=1&a=2", "/?a=%zz", "/?%e2%82=1", "/?a=%e2%82"}) {
    HttpRequest request;
    EXPECT_EQ(KindOf(ParseTarget(target, &request)), ErrorKind::kInvalid) << target;
  }
}

TEST(Target, TakesNoEndOfParameters) {
  std::string target = "/?";
  for (int i = 0; i < 65; ++i)
    target += "p" + std::to_string(i) + "=1&";
  HttpRequest request;
  EXPECT_FALSE(ParseTarget(target, &request).ok());
}

TEST(Target, TakesNamesOfAllScripts) {
  HttpRequest request;
  ASSERT_TRUE(ParseTarget("/?pair=%E2%82%BF%2F%F0%9F%98%80", &request).ok());
  EXPECT_EQ(request.Parameter("pair"), "\u20bf/\U0001F600");
}

}  // namespace
}  // namespace tapelake::serve
