#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "hot/hot_table.h"
#include "io/local_socket.h"
#include "serve/local/protocol.h"
#include "stream/stream.h"

namespace tapelake::serve {

/// Talks to the pipeline of a lake that runs in another process. One thread; one request at a time,
/// each waits for its reply.
///
/// Errors of every call: those of the other end with its words; kUnavailable (the connection is
/// gone; make a new client), kInvalid (the other end speaks another version).
class LocalClient {
 public:
  /// Connect to `LAKE/.tapelake/socket`. Errors: kNotFound and kUnavailable (no pipeline runs on
  /// this lake), kUnauthorized (another user's).
  static Result<std::unique_ptr<LocalClient>> Connect(const std::string& socket_path);

  /// Put records durably. All or none. Errors: those of stream::StreamWriter::Put, kNotFound (no
  /// such stream), kInvalid (over kRequestBytesMax), kUnknownOutcome (the connection went after the
  /// request and before the reply: the records may be there).
  Result<std::vector<stream::RecordPlace>> Put(std::string_view stream,
                                               std::span<const stream::PutEntry> entries);

  /// The rows of `database.table` that are durable and not committed. Errors: kNotFound.
  Result<hot::HotView> Hot(std::string_view table);

  /// Durable records of a stream from a sequence number on, at most about a mebibyte; none yet: an
  /// empty reply at once. Errors: kNotFound (no such stream, or a record that is no longer there).
  Result<TailReply> Tail(const TailRequest& request);

  /// The first record of a stream that arrived at or after a time; the next one to come if there is
  /// none. Errors: kNotFound (no such stream), those of stream::Stream::SequenceAtTime.
  Result<uint64_t> Seek(const SeekRequest& request);

  /// What the page's API (docs/internals/live-api.md) answers to a GET of `target`, as JSON.
  /// Errors: those of the API; kNotFound (the pipeline has no page).
  Result<std::string> AskPage(std::string_view target);

  /// Who is there.
  Result<PingReply> Ping();

 private:
  explicit LocalClient(std::unique_ptr<io::LocalConnection> connection)
      : connection_(std::move(connection)) {}

  /// Send and wait; the body of a reply of the wanted kind. `lost_kind` is the error if the reply
  /// never comes.
  Result<std::string> Ask(const Message& request, MessageKind wanted, ErrorKind lost_kind);
  Status Broken(ErrorKind kind, const std::string& what);

  std::unique_ptr<io::LocalConnection> connection_;  // nullptr: gone
};

}  // namespace tapelake::serve
