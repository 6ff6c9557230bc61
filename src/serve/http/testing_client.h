#pragma once

/// A plain socket for tests: sends bytes as they are and reads what comes.

#include <cstdint>
#include <map>
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
  };
  explicit Client(const Options& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// False if the other end has closed.
  bool Send(std::string_view bytes);
  /// The next answer, whose body ends as its head says. Waits at most ten seconds.
  Answer ReadAnswer(bool head_only = false);
  /// Bytes up to and with `end`; what there is if the connection ends or ten seconds pass.
  std::string ReadUntil(std::string_view end);
  /// Whether the other end closes within ten seconds; what comes before is thrown away.
  bool Ended();

 private:
  bool Fill();

  int socket_ = -1;
  std::string received_;
};

/// `GET path` on a connection of its own, with `fields` (complete lines).
Answer Get(uint16_t port, std::string_view path, std::string_view fields = "");
/// `POST path` with a JSON body.
Answer Post(uint16_t port, std::string_view path, std::string_view body,
            std::string_view fields = "");

}  // namespace tapelake::serve::testing
