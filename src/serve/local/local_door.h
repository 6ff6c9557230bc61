#pragma once

/// The door for other processes of this machine and user: put records, see hot rows.

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/status.h"
#include "hot/hot_table.h"
#include "io/clock.h"
#include "io/local_socket.h"
#include "serve/local/protocol.h"
#include "stream/stream_writer.h"

namespace tapelake::serve {

struct LocalDoorOptions {
  std::string socket_path;      ///< `LAKE/.tapelake/socket`.
  std::string program_version;  ///< What Ping() says.
  int connections_max = 16;     ///< One more is told so and closed.
  /// Of all requests under way together; a connection that would pass it is told so and closed.
  size_t request_bytes_total_max = size_t{64} << 20;
};

/// What the door leads to; nullptr: there is none of this name. Called from any thread; what is
/// returned must live until Stop() has returned.
struct LocalDoorLookups {
  std::function<stream::StreamWriter*(std::string_view stream)> find_stream;
  std::function<const hot::HotTable*(std::string_view table)> find_table;
  /// The stream behind a writer that find_stream gave.
  std::function<stream::Stream*(std::string_view stream)> find_log;
  /// Answers a GET of the page's API; empty: there is no page.
  std::function<Result<std::string>(std::string_view target)> ask_page;
};

/// Serves the local protocol (docs/internals/local-door.md) on a thread for each connection.
///
/// A request that makes no sense ends its connection, with an error; nothing else does. Start() and
/// Stop() belong to one thread. Memory: `request_bytes_total_max`, and the replies being written.
class LocalDoor {
 public:
  /// `clock` must outlive the door.
  LocalDoor(io::Clock& clock, LocalDoorOptions options, LocalDoorLookups lookups);
  /// Stops.
  ~LocalDoor();

  /// Begin to listen. The caller holds the lake's lock: a socket that lies there is a dead
  /// process'. Errors: those of io::LocalListener::Listen.
  Status Start();

  /// Close all connections and wait for their threads. Puts under way end first: the stream's
  /// writer must still be stepped, or closed.
  void Stop();

 private:
  /// One connection and its thread.
  struct Session {
    std::unique_ptr<io::LocalConnection> connection;
    std::thread thread;
    std::atomic<bool> ended{false};
  };

  void AcceptLoop();
  void AddSession(std::unique_ptr<io::LocalConnection> connection);
  void JoinEnded();
  void Serve(io::LocalConnection& connection);
  /// Answer one request. A failed status is answered by an error and ends the connection.
  Result<Message> Answer(const Message& request);
  Result<Message> AnswerPut(std::string_view body);
  Result<Message> AnswerHot(std::string_view body);
  Result<Message> AnswerTail(std::string_view body);
  Result<Message> AnswerSeek(std::string_view body);
  Result<Message> AnswerAsk(std::string_view body);

  io::Clock& clock_;
  const LocalDoorOptions options_;
  const LocalDoorLookups lookups_;
  ByteBudget budget_;
  std::unique_ptr<io::LocalListener> listener_;
  std::thread acceptor_;
  std::list<Session> sessions_;  // of the acceptor, and of Stop() after it has ended
};

}  // namespace tapelake::serve
