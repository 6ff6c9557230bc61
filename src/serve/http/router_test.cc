#include "serve/http/router.h"

#include <gtest/gtest.h>

#include "serve/http/target.h"

namespace tapelake::serve {
namespace {

HttpRequest RequestOf(std::string method, std::string_view target) {
  HttpRequest request;
  EXPECT_TRUE(ParseTarget(target, &request).ok());
  request.method = std::move(method);
  return request;
}

Router MakeRouter() {
  const HttpHandler handler = [](const HttpRequest&) { return HttpResponse(); };
  return Router({{.method = "GET", .pattern = "/api/tables", .handler = handler},
                 {.method = "GET", .pattern = "/api/tables/*/files", .handler = handler},
                 {.method = "POST", .pattern = "/api/tables", .handler = handler}});
}

TEST(Router, FindsExactPathsOnly) {
  const Router router = MakeRouter();
  EXPECT_NE(router.Find(RequestOf("GET", "/api/tables")).route, nullptr);
  for (const char* path : {"/api/tables/", "/api/Tables", "//api/tables", "/api", "/",
                           "/api/tables/x", "/api/tables//files", "/api/tables/a/b/files"}) {
    const auto match = router.Find(RequestOf("GET", path));
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_EQ(match.methods, "") << path;
  }
}

TEST(Router, CapturesDecodedSegments) {
  const Router router = MakeRouter();
  const auto match = router.Find(RequestOf("GET", "/api/tables/a%2Fb.%22c/files"));
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.captures, std::vector<std::string>{"a/b.\"c"});
}

TEST(Router, AnswersHeadWhereItAnswersGet) {
  const Router router = MakeRouter();
  EXPECT_EQ(router.Find(RequestOf("HEAD", "/api/tables")).route->method, "GET");
  EXPECT_EQ(router.Find(RequestOf("POST", "/api/tables")).route->method, "POST");
}

TEST(Router, SaysWhatAPathAnswersTo) {
  const Router router = MakeRouter();
  const auto match = router.Find(RequestOf("DELETE", "/api/tables"));
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.methods, "GET, HEAD, POST, OPTIONS");
}

}  // namespace
}  // namespace tapelake::serve
