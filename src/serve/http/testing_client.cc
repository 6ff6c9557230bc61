#include "serve/http/testing_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace tapelake::serve::testing {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

struct Client::Tls {
  explicit Tls(const std::string& trusted_pem) : context(SSL_CTX_new(TLS_client_method())) {
    BIO* in = BIO_new_mem_buf(trusted_pem.data(), static_cast<int>(trusted_pem.size()));
    X509* trusted = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
    EXPECT_EQ(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), trusted), 1);
    X509_free(trusted);
    BIO_free(in);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    ssl = SSL_new(context);
    EXPECT_EQ(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), "127.0.0.1"), 1);
  }
  ~Tls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }

  SSL_CTX* context;
  SSL* ssl = nullptr;
};

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
  if (!options.trusted_pem.empty()) Greet(options);
}

Client::~Client() {
  if (tls_ != nullptr && greeted_) SSL_shutdown(tls_->ssl);
  ::close(socket_);
}

void Client::Greet(const Options& options) {
  tls_ = std::make_unique<Tls>(options.trusted_pem);
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes as to a file
  if (!options.protocols.empty()) {
    EXPECT_EQ(SSL_set_alpn_protos(tls_->ssl,
                                  reinterpret_cast<const unsigned char*>(options.protocols.data()),
                                  static_cast<unsigned int>(options.protocols.size())),
              0);
  }
  SSL_set_fd(tls_->ssl, socket_);
  greeted_ = SSL_connect(tls_->ssl) == 1;
  ERR_clear_error();
}

std::string Client::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(tls_->ssl, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

int64_t Client::Receive(char* bytes, size_t size) {
  if (tls_ == nullptr) return ::recv(socket_, bytes, size, 0);
  return greeted_ ? SSL_read(tls_->ssl, bytes, static_cast<int>(size)) : 0;
}

int64_t Client::Write(std::string_view bytes) {
  if (tls_ == nullptr) return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return greeted_ ? SSL_write(tls_->ssl, bytes.data(), static_cast<int>(bytes.size())) : 0;
}

bool Client::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const int64_t count = Write(bytes);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

bool Client::Fill() {
  char bytes[16384];
  const int64_t count = Receive(bytes, sizeof(bytes));
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
