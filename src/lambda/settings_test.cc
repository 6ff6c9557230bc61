#include "lambda/settings.h"

#include <map>

#include <gtest/gtest.h>

#include "lambda/keep_alive_client.h"

namespace tapelake::lambda {
namespace {

Environment Of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

constexpr char kApi[] = "127.0.0.1:9001";

TEST(Settings, NeedOnlyTheRuntimeApi) {
  const auto settings = ReadSettings(Of({{"AWS_LAMBDA_RUNTIME_API", kApi}}));
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->runtime_api, kApi);
  EXPECT_EQ(settings->target, "");
  EXPECT_EQ(settings->error_target, "");
  EXPECT_TRUE(settings->partition_keys.empty());
}

TEST(Settings, SayThatThisIsNoLambdaFunction) {
  const Status status = ReadSettings(Of({})).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kNotFound);
  EXPECT_NE(status.message().find("AWS_LAMBDA_RUNTIME_API is not set"), std::string::npos);
}

TEST(Settings, ReadTargetsAndPartitionKeys) {
  const auto settings = ReadSettings(Of({{"AWS_LAMBDA_RUNTIME_API", "localhost:9001"},
                                         {"TAPELAKE_TARGET", "http://10.0.0.7:8123/?query=x"},
                                         {"TAPELAKE_ERROR_TARGET", "http://[::1]:80"},
                                         {"TAPELAKE_PARTITION_KEYS", "pair, exchange"}}));
  ASSERT_TRUE(settings.ok()) << settings.status().ToString();
  EXPECT_EQ(settings->target, "http://10.0.0.7:8123/?query=x");
  EXPECT_EQ(settings->error_target, "http://[::1]:80");
  EXPECT_EQ(settings->partition_keys, (std::vector<std::string>{"pair", "exchange"}));
}

TEST(Settings, NameTheVariableThatIsWrong) {
  const auto error = [](const std::string& name, const std::string& value) {
    const Status status =
        ReadSettings(Of({{"AWS_LAMBDA_RUNTIME_API", kApi}, {name, value}})).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << value;
    return status.message();
  };
  EXPECT_NE(error("TAPELAKE_TARGET", "https://10.0.0.7/x")
                .find("TAPELAKE_TARGET: 'https://10.0.0.7/x': only http://"),
            std::string::npos);
  EXPECT_NE(
      error("TAPELAKE_ERROR_TARGET", "http://logs.internal:80/").find("names are not looked up"),
      std::string::npos);
  EXPECT_NE(error("TAPELAKE_PARTITION_KEYS", "a,,b").find("'a,,b'"), std::string::npos);
  EXPECT_NE(error("TAPELAKE_PARTITION_KEYS", "a, a").find("each once"), std::string::npos);
}

TEST(HttpUrl, IsTakenApart) {
  const auto url = ParseHttpUrl("http://10.1.2.3:8080/a/b?c=d#e");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->address, (io::TcpAddress{.host = "10.1.2.3", .port = 8080}));
  EXPECT_EQ(url->authority, "10.1.2.3:8080");
  EXPECT_EQ(url->target, "/a/b?c=d");
  const auto ipv6 = ParseHttpUrl("http://[fd00::7]?x");
  ASSERT_TRUE(ipv6.ok());
  EXPECT_EQ(ipv6->address, (io::TcpAddress{.host = "fd00::7", .port = 80}));
  EXPECT_EQ(ipv6->authority, "[fd00::7]");
  EXPECT_EQ(ipv6->target, "/?x");
  EXPECT_EQ(ParseHttpUrl("http://localhost:1")->target, "/");
}

TEST(HttpUrl, IsRefusedWithTheRule) {
  for (const char* url :
       {"", "10.0.0.1:80", "HTTP://10.0.0.1/", "http://", "http://:80/", "http://host/",
        "http://10.0.0.1:0/", "http://10.0.0.1:65536/", "http://10.0.0.1:8x/", "http://10.0.0.1:/",
        "http://a@10.0.0.1/", "http://10.0.0.1/a b", "http://10.0.0.1/\r\nX: y"}) {
    const Status status = ParseHttpUrl(url).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << url;
    EXPECT_TRUE(status.message().starts_with("'" + std::string(url) + "': ")) << status.ToString();
  }
}

}  // namespace
}  // namespace tapelake::lambda
