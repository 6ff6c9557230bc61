#pragma once

/// A socket for tests, plain or over TLS: sends bytes as they are and reads what comes.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace tapelake::serve::testing {

/// An answer taken apart; names of fields in lower case.
struct Answer {
  int status = 0;  ///< 0: the connection ended before an answer was whole.
  std::map<std::string, std::string> fields;
  std::string body;
};

/// A connection to a port of this machine. Failures to connect are test failures.
class Client {
 public:
  struct Options {
    uint16_t port = 0;
    int receive_buffer_bytes = 0;  ///< 0: the system's.
    std::string trusted_pem = {};  ///< Speak TLS to who is certified by it for 127.0.0.1.
    std::string protocols = {};    ///< Offered by ALPN, each with its length before it.
  };
  explicit Client(const Options& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Whether the handshake came about, if there was to be one.
  bool greeted() const { return greeted_; }
  /// What was agreed on by ALPN; empty: nothing.
  std::string protocol() const;

  /// False if the other end has closed.
  bool Send(std::string_view bytes);
  /// The next answer, whose body ends as its head says. Waits at most ten seconds.
  Answer ReadAnswer(bool head_only = false);
  /// Bytes up to and with `end`; what there is if the connection ends or ten seconds pass.
  std::string ReadUntil(std::string_view end);
  /// Whether the other end closes within ten seconds; what comes before is thrown away.
  bool Ended();

 private:
  struct Tls;
  bool Fill();
  void Greet(const Options& options);
  /// As recv() and send().
  int64_t Receive(char* bytes, size_t size);
  int64_t Write(std::string_view bytes);

  int socket_ = -1;
  bool greeted_ = true;
  std::unique_ptr<Tls> tls_;  // nullptr: plain
  std::string received_;
};

/// `GET path` on a connection of its own, with `fields` (complete lines).
Answer Get(uint16_t port, std::string_view path, std::string_view fields = "");
/// `POST path` with a JSON body.
Answer Post(uint16_t port, std::string_view path, std::string_view body,
            std::string_view fields = "");

}  // namespace tapelake::serve::testing
