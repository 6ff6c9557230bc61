#include "serve/local/local_client.h"

#include <optional>
#include <utility>

#include "serve/local/hot_view_codec.h"

namespace tapelake::serve {

Result<std::unique_ptr<LocalClient>> LocalClient::Connect(const std::string& socket_path) {
  TAPELAKE_ASSIGN_OR_RAISE(auto connection, io::ConnectLocal(socket_path));
  return std::unique_ptr<LocalClient>(new LocalClient(std::move(connection)));
}

Status LocalClient::Broken(ErrorKind kind, const std::string& what) {
  connection_.reset();
  const char* hint = kind == ErrorKind::kUnavailable
                         ? "\nhint: it may have ended; 'tapelake up' starts it again"
                         : "";
  return MakeError(kind, "the running pipeline: " + what + hint);
}

Result<std::string> LocalClient::Ask(const Message& request, MessageKind wanted,
                                     ErrorKind lost_kind) {
  if (connection_ == nullptr) return Broken(ErrorKind::kUnavailable, "the connection is gone");
  const Status sent = WriteMessage(*connection_, request);
  // Who closes a connection says why before; the words may be there although sending failed.
  auto reply = ReadMessage(*connection_, {.body_bytes_max = kReplyBytesMax});
  if (reply.ok() && reply->has_value()) {
    Message& message = **reply;
    if (message.kind == MessageKind::kError) return DecodeError(message.body);
    if (message.kind == wanted && sent.ok()) return std::move(message.body);
    return Broken(ErrorKind::kInvalid, "its reply does not fit the request");
  }
  // Of a request that was not sent whole, nothing was done.
  const ErrorKind kind = sent.ok() ? lost_kind : ErrorKind::kUnavailable;
  if (!sent.ok()) return Broken(kind, sent.message());
  return Broken(kind, reply.ok() ? "it closed the connection" : reply.status().message());
}

Result<std::vector<stream::RecordPlace>> LocalClient::Put(
    std::string_view stream, std::span<const stream::PutEntry> entries) {
  size_t bytes = stream.size();
  for (const stream::PutEntry& entry : entries)
    bytes += PutEntryBytes(entry);
  if (bytes + sizeof(uint64_t) > kRequestBytesMax) {
    return MakeError(ErrorKind::kInvalid, "one put of " + std::to_string(bytes) +
                                              " bytes, at most " +
                                              std::to_string(kRequestBytesMax) + " fit a request");
  }
  TAPELAKE_ASSIGN_OR_RAISE(
      const std::string body,
      Ask(EncodePut(stream, entries), MessageKind::kPutReply, ErrorKind::kUnknownOutcome));
  return DecodePutReply(body);
}

Result<hot::HotView> LocalClient::Hot(std::string_view table) {
  Message request{.kind = MessageKind::kHot, .body = {}};
  WireWriter(&request.body).Text(table);
  TAPELAKE_ASSIGN_OR_RAISE(const std::string body,
                           Ask(request, MessageKind::kHotReply, ErrorKind::kUnavailable));
  return DecodeHotView(body);
}

Result<TailReply> LocalClient::Tail(const TailRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string body, Ask(EncodeTail(request), MessageKind::kTailReply,
                                                       ErrorKind::kUnavailable));
  return DecodeTailReply(body);
}

Result<uint64_t> LocalClient::Seek(const SeekRequest& request) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string body, Ask(EncodeSeek(request), MessageKind::kSeekReply,
                                                       ErrorKind::kUnavailable));
  return DecodeSeekReply(body);
}

Result<std::string> LocalClient::AskPage(std::string_view target) {
  Message request{.kind = MessageKind::kAsk, .body = {}};
  WireWriter(&request.body).Text(target);
  TAPELAKE_ASSIGN_OR_RAISE(const std::string body,
                           Ask(request, MessageKind::kAskReply, ErrorKind::kUnavailable));
  WireReader reader(body);
  std::string answer(reader.Text());
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  return answer;
}

Result<PingReply> LocalClient::Ping() {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string body,
                           Ask({.kind = MessageKind::kPing, .body = {}}, MessageKind::kPingReply,
                               ErrorKind::kUnavailable));
  return DecodePingReply(body);
}

}  // namespace tapelake::serve
