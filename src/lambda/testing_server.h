#pragma once

/// A server on the loopback device that says what it is told, for the unit tests of this folder.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace tapelake::lambda {

/// What happens on one connection: for each request a text to send back. After the last one the
/// server closes, or, with `stays_silent`, waits for the client to close.
struct Connection {
  std::vector<std::string> answers;
  bool stays_silent = false;
};

/// Serves connections one after the other, then no more. A request ends where its head ends, plus
/// its Content-Length.
class TestServer {
 public:
  explicit TestServer(std::vector<Connection> connections)
      : connections_(std::move(connections)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~TestServer() { Join(); }

  std::string url(const std::string& target = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  /// All requests; only after all connections are over.
  const std::vector<std::string>& requests() {
    Join();
    return requests_;
  }

 private:
  void Join() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_, SHUT_RDWR);  // for connections that never came
    thread_.join();
    ::close(listener_);
  }

  void Serve() {
    for (const Connection& connection : connections_) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      for (const std::string& answer : connection.answers) {
        std::string request = ReadRequest(client);
        if (request.empty()) break;
        requests_.push_back(std::move(request));
        EXPECT_EQ(::send(client, answer.data(), answer.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(answer.size()));
      }
      char byte = 0;
      if (connection.stays_silent) {
        while (::recv(client, &byte, 1, 0) > 0) {
        }
      }
      ::close(client);
    }
  }

  static std::string ReadRequest(int client) {
    std::string request;
    char byte = 0;
    while (!request.ends_with("\r\n\r\n")) {
      if (::recv(client, &byte, 1, 0) <= 0) return "";
      request.push_back(byte);
    }
    constexpr std::string_view kLength = "Content-Length: ";
    const size_t length = request.find(kLength);
    if (length == std::string::npos) return request;
    for (int left = std::stoi(request.substr(length + kLength.size())); left > 0; --left) {
      if (::recv(client, &byte, 1, 0) <= 0) return "";
      request.push_back(byte);
    }
    return request;
  }

  const std::vector<Connection> connections_;
  const int listener_;
  int port_ = 0;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace tapelake::lambda
