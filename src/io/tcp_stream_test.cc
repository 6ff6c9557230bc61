#include "io/tcp_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace tapelake::io {
namespace {

/// A socket that listens on the loopback device.
class Listener {
 public:
  explicit Listener(int waiting_max = 8) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(descriptor_, waiting_max), 0);
    EXPECT_EQ(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(descriptor_); }

  TcpAddress address() const { return {.host = "127.0.0.1", .port = port_}; }
  int Accept() { return ::accept(descriptor_, nullptr, nullptr); }

 private:
  int descriptor_;
  uint16_t port_ = 0;
};

class TcpStreamTest : public ::testing::Test {
 protected:
  int64_t In(int64_t micros) { return clock_.SteadyMicros() + micros; }

  SystemClock clock_;
};

TEST_F(TcpStreamTest, CarriesMoreBytesThanBuffersHoldBothWays) {
  Listener listener;
  const std::string body(8'000'000, 'b');
  std::thread server([&] {
    const int client = listener.Accept();
    std::string got(5 + body.size(), '\0');
    EXPECT_EQ(::recv(client, got.data(), got.size(), MSG_WAITALL),
              static_cast<ssize_t>(got.size()));
    EXPECT_EQ(got, "head:" + body);
    EXPECT_EQ(::send(client, body.data(), body.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(body.size()));
    ::close(client);
  });
  TcpAddress address = listener.address();
  address.host = "localhost";
  auto stream = *TcpStream::Connect(address, clock_, kNever);
  ASSERT_TRUE(stream->Write("head:", body, kNever).ok());
  std::string got(body.size(), '\0');
  ASSERT_TRUE(stream->ReadAll(got.data(), got.size() - 10, In(20'000'000)).ok());
  char* end = got.data() + got.size();
  for (char* at = end - 10; at < end;) {
    const auto count = stream->Read(at, static_cast<size_t>(end - at), In(20'000'000));
    ASSERT_TRUE(count.ok() && *count > 0) << count.status().ToString();
    at += *count;
  }
  EXPECT_EQ(got, body);
  EXPECT_EQ(*stream->Read(end - 1, 1, In(20'000'000)), 0U);
  server.join();
}

TEST_F(TcpStreamTest, WaitsNoLongerThanItMay) {
  Listener listener;
  auto stream = *TcpStream::Connect(listener.address(), clock_, In(5'000'000));
  char byte = 0;
  const int64_t before = clock_.SteadyMicros();
  const Status read = stream->Read(&byte, 1, In(30'000)).status();
  EXPECT_EQ(KindOf(read), ErrorKind::kUnavailable);
  EXPECT_NE(read.message().find("no answer in time"), std::string::npos);
  EXPECT_GE(clock_.SteadyMicros() - before, 30'000);
  EXPECT_NE(stream->ReadAll(&byte, 1, In(30'000)).message().find("no answer in time"),
            std::string::npos);
  // Nobody takes these bytes: once all buffers are full, writing has to wait.
  const std::string much(64'000'000, 'x');
  const Status written = stream->Write("", much, In(30'000));
  EXPECT_NE(written.message().find("no answer in time"), std::string::npos);
}

TEST_F(TcpStreamTest, NamesWhoDoesNotListen) {
  TcpAddress address;
  {
    const Listener closed;
    address = closed.address();
  }
  const Status status = TcpStream::Connect(address, clock_, In(5'000'000)).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kUnavailable);
  EXPECT_EQ(status.message(),
            "cannot connect to 127.0.0.1:" + std::to_string(address.port) + ": Connection refused");
}

TEST_F(TcpStreamTest, KnowsNumericAddressesOnly) {
  EXPECT_TRUE(IsTcpHost("127.0.0.1"));
  EXPECT_TRUE(IsTcpHost("fd00::7"));
  EXPECT_TRUE(IsTcpHost("localhost"));
  for (const char* host : {"", "host", "abc", "127.0.0.1.5", "1.2.3", "[::1]", "LOCALHOST"}) {
    EXPECT_FALSE(IsTcpHost(host)) << host;
  }
  const Status status =
      TcpStream::Connect({.host = "example", .port = 80}, clock_, kNever).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_NE(status.message().find("'example' is no numeric address"), std::string::npos);
}

TEST_F(TcpStreamTest, SaysThatTheOtherEndIsGone) {
  Listener listener;
  auto stream = *TcpStream::Connect(listener.address(), clock_, In(5'000'000));
  ::close(listener.Accept());
  char byte = 0;
  EXPECT_EQ(*stream->Read(&byte, 1, In(5'000'000)), 0U);
  EXPECT_NE(stream->ReadAll(&byte, 1, In(5'000'000))
                .message()
                .find(" closed the connection, 1 bytes too early"),
            std::string::npos);
  Status written;
  for (int i = 0; written.ok() && i < 1000; ++i)
    written = stream->Write("head", "body", In(5'000'000));
  EXPECT_EQ(KindOf(written), ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace tapelake::io
