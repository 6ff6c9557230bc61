#include "serve/http/testing_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include <gtest/gtest.h>

namespace tapelake::serve::testing {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

Client::Client(const Options& options) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (options.receive_buffer_bytes > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes,
                 sizeof(options.receive_buffer_bytes));
  }
  const timeval timeout = {.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int result =
      ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  EXPECT_EQ(result, 0);
}

Client::~Client() {
  ::close(socket_);
}

bool Client::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

bool Client::Fill() {
  char bytes[16384];
  const ssize_t count = ::recv(socket_, bytes, sizeof(bytes), 0);
  if (count <= 0) return false;
  received_.append(bytes, static_cast<size_t>(count));
  return true;
}

std::string Client::ReadUntil(std::string_view end) {
  size_t at = received_.find(end);
  while (at == std::string::npos && Fill())
    at = received_.find(end);
  const size_t size = at == std::string::npos ? received_.size() : at + end.size();
  std::string text = received_.substr(0, size);
  received_.erase(0, size);
  return text;
}

Answer Client::ReadAnswer(bool head_only) {
  Answer answer;
  const std::string head = ReadUntil("\r\n\r\n");
  if (!head.ends_with("\r\n\r\n") || !head.starts_with("HTTP/1.1 ")) return answer;
  for (size_t at = head.find("\r\n") + 2; at + 2 < head.size();) {
    const size_t end = head.find("\r\n", at);
    const size_t colon = head.find(": ", at);
    answer.fields[Lower(head.substr(at, colon - at))] = head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  if (head_only) {
  } else if (answer.fields.contains("content-length")) {
    const size_t size = std::stoul(answer.fields["content-length"]);
    while (received_.size() < size) {
      if (!Fill()) return answer;
    }
    answer.body = received_.substr(0, size);
    received_.erase(0, size);
  } else if (answer.fields["transfer-encoding"] == "chunked") {
    while (true) {
      const std::string line = ReadUntil("\r\n");
      if (!line.ends_with("\r\n")) return answer;
      const size_t size = std::stoul(line, nullptr, 16) + 2;
      while (received_.size() < size) {
        if (!Fill()) return answer;
      }
      answer.body += received_.substr(0, size - 2);
      received_.erase(0, size);
      if (size == 2) break;
    }
  }
  answer.status = std::stoi(head.substr(9, 3));
  return answer;
}

bool Client::Ended() {
  received_.clear();
  char bytes[4096];
  while (true) {
    const ssize_t count = ::recv(socket_, bytes, sizeof(bytes), 0);
    if (count == 0) return true;
    if (count < 0) return errno == ECONNRESET;
  }
}

Answer Get(uint16_t port, std::string_view path, std::string_view fields) {
  Client client({.port = port});
  client.Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
              std::string(fields) + "\r\n");
  return client.ReadAnswer();
}

Answer Post(uint16_t port, std::string_view path, std::string_view body, std::string_view fields) {
  Client client({.port = port});
  client.Send("POST " + std::string(path) +
              " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
              std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
              std::string(body));
  return client.ReadAnswer();
}

}  // namespace tapelake::serve::testing
