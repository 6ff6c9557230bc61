#include "io/http_client.h"

#include <gtest/gtest.h>

#include "io/curl_http_client.h"

namespace tapelake::io {
namespace {

TEST(HttpDate, ReadsTheFormThatServersSend) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), 784'111'777'000'000);
  EXPECT_EQ(ParseHttpDate("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
}

TEST(HttpDate, IsWrittenInThatForm) {
  EXPECT_EQ(FormatHttpDate(784'111'777'999'999), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(FormatHttpDate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(FormatHttpDate(1'795'374'124'000'000), "Sun, 22 Nov 2026 19:02:04 GMT");
}

TEST(HttpDate, RefusesEverythingElse) {
  for (const char* text : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                           "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
                           "Sun, 06 Nov 1994 -1:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT"}) {
    EXPECT_EQ(ParseHttpDate(text), std::nullopt) << text;
  }
}

TEST(CurlHttpClient, SaysThatAServerWasNotReached) {
  // Port 1 of this machine: nobody listens there.
  CurlHttpClient client("");
  const auto response = client.Send({.url = "http://127.0.0.1:1/"});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(KindOf(response.status()), ErrorKind::kUnavailable);
  EXPECT_EQ(KindOf(client.Send({.url = "file:///etc/passwd"}).status()), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::io
