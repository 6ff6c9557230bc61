#include "serve/local/local_door.h"

#include <utility>

#include "serve/local/hot_view_codec.h"
#include "serve/local/stream_tail.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kAcceptPauseMicros = 100'000;

Status NotFound(std::string_view what, std::string_view name) {
  return MakeError(ErrorKind::kNotFound,
                   "this process has no " + std::string(what) + " '" + std::string(name) + "'");
}

/// A reply if the outcome is good, else the error as a reply: the connection goes on.
Message ReplyOf(const Result<Message>& outcome) {
  return outcome.ok() ? *outcome : EncodeError(outcome.status());
}

}  // namespace

LocalDoor::LocalDoor(io::Clock& clock, LocalDoorOptions options, LocalDoorLookups lookups)
    : clock_(clock),
      options_(std::move(options)),
      lookups_(std::move(lookups)),
      budget_(options_.request_bytes_total_max) {}

LocalDoor::~LocalDoor() {
  Stop();
}

Status LocalDoor::Start() {
  TAPELAKE_ASSIGN_OR_RAISE(listener_, io::LocalListener::Listen(options_.socket_path));
  acceptor_ = std::thread([this] { AcceptLoop(); });
  return Status::OK();
}

void LocalDoor::Stop() {
  if (listener_ == nullptr) return;
  listener_->ShutDown();
  acceptor_.join();
  for (Session& session : sessions_)
    session.connection->ShutDown();
  for (Session& session : sessions_)
    session.thread.join();
  sessions_.clear();
  listener_.reset();
}

void LocalDoor::AcceptLoop() {
  while (true) {
    auto connection = listener_->Accept();
    JoinEnded();
    if (connection.ok()) {
      AddSession(*std::move(connection));
    } else if (KindOf(connection.status()) == ErrorKind::kShuttingDown) {
      return;
    } else {
      clock_.Sleep(kAcceptPauseMicros);
    }
  }
}

void LocalDoor::JoinEnded() {
  for (auto session = sessions_.begin(); session != sessions_.end();) {
    if (!session->ended.load()) {
      ++session;
      continue;
    }
    session->thread.join();
    session = sessions_.erase(session);
  }
}

void LocalDoor::AddSession(std::unique_ptr<io::LocalConnection> connection) {
  if (sessions_.size() >= static_cast<size_t>(options_.connections_max)) {
    const Status refused = MakeError(
        ErrorKind::kThrottled, "the local door serves " + std::to_string(options_.connections_max) +
                                   " connections already");
    (void)WriteMessage(*connection, EncodeError(refused));
    return;
  }
  Session& session = sessions_.emplace_back();
  session.connection = std::move(connection);
  session.thread = std::thread([this, &session] {
    Serve(*session.connection);
    // The other end learns it now; the descriptor is closed when the session is joined.
    session.connection->ShutDown();
    session.ended.store(true);
  });
}

void LocalDoor::Serve(io::LocalConnection& connection) {
  while (true) {
    auto request = ReadMessage(connection, {.budget = &budget_});
    if (!request.ok()) {
      (void)WriteMessage(connection, EncodeError(request.status()));
      return;
    }
    if (!request->has_value()) return;
    const Result<Message> reply = Answer(**request);
    budget_.Give((*request)->body.size());
    if (!WriteMessage(connection, ReplyOf(reply)).ok() || !reply.ok()) return;
  }
}

Result<Message> LocalDoor::Answer(const Message& request) {
  switch (request.kind) {
    case MessageKind::kPing:
      return EncodePingReply(
          {.program_version = options_.program_version, .process_id = io::ProcessId()});
    case MessageKind::kPut:
      return AnswerPut(request.body);
    case MessageKind::kHot:
      return AnswerHot(request.body);
    case MessageKind::kTail:
      return AnswerTail(request.body);
    case MessageKind::kSeek:
      return AnswerSeek(request.body);
    case MessageKind::kAsk:
      return AnswerAsk(request.body);
    default:
      return MakeError(ErrorKind::kInvalid,
                       "a message of kind " + std::to_string(static_cast<unsigned>(request.kind)) +
                           " came, which is no request");
  }
}

Result<Message> LocalDoor::AnswerPut(std::string_view body) {
  TAPELAKE_ASSIGN_OR_RAISE(const PutRequest request, DecodePut(body));
  stream::StreamWriter* writer = lookups_.find_stream(request.stream);
  if (writer == nullptr) return EncodeError(NotFound("stream", request.stream));
  const auto places = writer->Put(request.entries);
  if (!places.ok()) return EncodeError(places.status());
  return EncodePutReply(*places);
}

Result<Message> LocalDoor::AnswerHot(std::string_view body) {
  WireReader reader(body);
  const std::string_view name = reader.Text();
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  const hot::HotTable* table = lookups_.find_table(name);
  if (table == nullptr) return EncodeError(NotFound("table", name));
  return ReplyOf(EncodeHotView(table->View()));
}

Result<Message> LocalDoor::AnswerTail(std::string_view body) {
  TAPELAKE_ASSIGN_OR_RAISE(const TailRequest request, DecodeTail(body));
  stream::Stream* log = lookups_.find_log ? lookups_.find_log(request.stream) : nullptr;
  if (log == nullptr) return EncodeError(NotFound("stream", request.stream));
  record::RecordBlock block;
  const auto next = ReadTail(*log, request.from_sequence, &block);
  if (!next.ok()) return EncodeError(next.status());
  return EncodeTailReply(block, *next);
}

Result<Message> LocalDoor::AnswerSeek(std::string_view body) {
  TAPELAKE_ASSIGN_OR_RAISE(const SeekRequest request, DecodeSeek(body));
  stream::Stream* log = lookups_.find_log ? lookups_.find_log(request.stream) : nullptr;
  if (log == nullptr) return EncodeError(NotFound("stream", request.stream));
  const auto sequence = log->SequenceAtTime(request.arrival_micros);
  if (!sequence.ok()) return EncodeError(sequence.status());
  return EncodeSeekReply(*sequence);
}

Result<Message> LocalDoor::AnswerAsk(std::string_view body) {
  WireReader reader(body);
  const std::string_view target = reader.Text();
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  if (!lookups_.ask_page) return EncodeError(NotFound("page", target));
  const Result<std::string> answer = lookups_.ask_page(target);
  if (!answer.ok()) return EncodeError(answer.status());
  Message reply{.kind = MessageKind::kAskReply, .body = {}};
  WireWriter(&reply.body).Text(*answer);
  return reply;
}

}  // namespace tapelake::serve
