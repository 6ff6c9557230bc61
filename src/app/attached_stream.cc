#include "app/attached_stream.h"

#include <utility>

#include "app/lake_folder.h"
#include "app/stream_plan.h"
#include "serve/local/stream_tail.h"

namespace tapelake::app {

Result<std::unique_ptr<AttachedStream>> AttachedStream::Open(World& world,
                                                             const std::string& lake_path,
                                                             const config::StreamConfig& config,
                                                             const std::string& name) {
  std::unique_ptr<AttachedStream> attached(new AttachedStream());
  attached->name_ = name;
  const std::string directory = StreamPath(lake_path, name);
  const auto described = stream::DescribeStream(world.files, directory);
  if (!described.ok() && KindOf(described.status()) == ErrorKind::kNotFound) {
    return MakeError(ErrorKind::kNotFound, "no stream '" + name + "' in the lake " + lake_path +
                                               "\nhint: 'tapelake stream list' shows them");
  }
  TAPELAKE_RETURN_NOT_OK(described.status());
  auto client = serve::LocalClient::Connect(SocketPath(lake_path));
  if (client.ok()) {
    attached->client_ = std::move(*client);
    return attached;
  }
  const ErrorKind kind = KindOf(client.status());
  if (kind != ErrorKind::kNotFound && kind != ErrorKind::kUnavailable) return client.status();
  TAPELAKE_ASSIGN_OR_RAISE(attached->lock_, LockLake(world.files, lake_path));
  TAPELAKE_ASSIGN_OR_RAISE(const stream::StreamOptions options,
                           StreamOptionsOf(world, lake_path, config));
  TAPELAKE_ASSIGN_OR_RAISE(
      attached->stream_,
      stream::Stream::Open(world.files, world.clock, directory, name, options, nullptr));
  return attached;
}

Result<uint64_t> AttachedStream::SequenceAtTime(int64_t arrival_micros) {
  if (client_ != nullptr) return client_->Seek({.stream = name_, .arrival_micros = arrival_micros});
  return stream_->SequenceAtTime(arrival_micros);
}

Result<serve::TailReply> AttachedStream::Read(uint64_t from_sequence) {
  if (client_ != nullptr) return client_->Tail({.stream = name_, .from_sequence = from_sequence});
  record::RecordBlock block;
  serve::TailReply reply;
  TAPELAKE_ASSIGN_OR_RAISE(reply.next_sequence, serve::ReadTail(*stream_, from_sequence, &block));
  for (const record::RecordBlock::Entry& entry : block.entries)
    reply.records.emplace_back(block.bytes(entry));
  return reply;
}

}  // namespace tapelake::app
