#include "serve/http/listen_address.h"

#include <gtest/gtest.h>

namespace tapelake::serve {
namespace {

TEST(ListenAddress, KnowsLoopback) {
  for (const char* text : {"127.0.0.1:8990", "localhost:0", "[::1]:80", "127.9.8.7:1"})
    EXPECT_TRUE(ParseListenAddress(text, "listen")->loopback) << text;
  for (const char* text : {"0.0.0.0:8990", "[::]:8990", "192.168.1.2:80", "128.0.0.1:80"})
    EXPECT_FALSE(ParseListenAddress(text, "listen")->loopback) << text;
  for (const char* text : {"[[::1]]:80", "[.localhost:80", "LOCALHOST.:80"})
    EXPECT_FALSE(ParseListenAddress(text, "listen")->loopback) << text;
  EXPECT_EQ(ParseListenAddress("[::1]:80", "listen")->host, "::1");
  EXPECT_EQ(ParseListenAddress("localhost:80", "listen")->host, "127.0.0.1");
  EXPECT_EQ(ParseListenAddress("127.0.0.1:8990", "listen")->port, 8990);
}

TEST(ListenAddress, RefusesWhatIsNone) {
  for (const char* text : {"", "8990", "127.0.0.1", ":8990", "::1:80", "127.0.0.1:", "a:b",
                           "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1: 80"})
    EXPECT_EQ(KindOf(ParseListenAddress(text, "listen").status()), ErrorKind::kInvalid) << text;
}

TEST(LoopbackHost, IsANameNobodyElseCanPointHere) {
  for (const char* host : {"localhost", "LOCALHOST:8990", "127.0.0.1", "127.0.0.1:1", "[::1]",
                           "[::1]:8990", "tapelake.localhost:80"})
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  for (const char* host :
       {"", "evil.example", "evil.example:8990", "127.0.0.1.evil.example", "localhost.evil.example",
        "127.0.0.1.nip.io", "notlocalhost", "127.1", "0.0.0.0", "::1", "localhost:", "localhost:x",
        "[.localhost", "a/b.localhost", "127.0.0.256", "127.0.0.1@evil.example", "192.168.0.1"})
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
}

}  // namespace
}  // namespace tapelake::serve
