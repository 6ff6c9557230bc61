#include "serve/local/protocol.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tapelake::serve {
namespace {

constexpr std::string_view kMagic = "TLLD";
constexpr size_t kReadBytes = size_t{256} << 10;
constexpr size_t kPlaceBytes = 12;
constexpr size_t kEntryBytesMin = 8;

Status Invalid(const std::string& what) {
  return MakeError(ErrorKind::kInvalid, what);
}

/// Read `size` bytes, or fewer at the end of the stream.
Result<size_t> ReadFully(io::ByteInput& input, char* to, size_t size) {
  size_t filled = 0;
  while (filled < size) {
    TAPELAKE_ASSIGN_OR_RAISE(const size_t count, input.Read(to + filled, size - filled));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

Status CheckHeader(std::string_view header, size_t body_bytes, size_t body_bytes_max) {
  if (!header.starts_with(kMagic)) return Invalid("what came is no message of the local protocol");
  const auto version = static_cast<uint8_t>(header[4]);
  if (version != kLocalVersion) {
    return Invalid("version " + std::to_string(version) + " of the local protocol came, version " +
                   std::to_string(kLocalVersion) + " is spoken here");
  }
  if (body_bytes > body_bytes_max) {
    return Invalid("a message of " + std::to_string(body_bytes) + " bytes came, at most " +
                   std::to_string(body_bytes_max) + " are taken");
  }
  return Status::OK();
}

Status ReadBody(io::ByteInput& input, size_t size, ByteBudget* budget, std::string* body) {
  while (body->size() < size) {
    const size_t before = body->size();
    const size_t step = std::min(kReadBytes, size - before);
    if (budget != nullptr && !budget->Take(step)) {
      return MakeError(ErrorKind::kThrottled, "too many bytes are under way: try again later");
    }
    body->resize(before + step);
    TAPELAKE_ASSIGN_OR_RAISE(const size_t count, ReadFully(input, body->data() + before, step));
    if (count < step) return Invalid("the message is cut short");
  }
  return Status::OK();
}

bool IsErrorKind(uint8_t number) {
  return number >= static_cast<uint8_t>(ErrorKind::kInvalid) &&
         number <= static_cast<uint8_t>(ErrorKind::kInternal);
}

}  // namespace

bool ByteBudget::Take(size_t bytes) {
  const auto wanted = static_cast<int64_t>(bytes);
  if (left_.fetch_sub(wanted) >= wanted) return true;
  left_ += wanted;
  return false;
}

Status WriteMessage(io::ByteOutput& output, const Message& message) {
  std::string header(kMagic);
  WireWriter writer(&header);
  writer.U8(kLocalVersion);
  writer.U8(static_cast<uint8_t>(message.kind));
  writer.U8(0);
  writer.U8(0);
  writer.U32(static_cast<uint32_t>(message.body.size()));
  TAPELAKE_RETURN_NOT_OK(output.Write(header));
  return output.Write(message.body);
}

Result<std::optional<Message>> ReadMessage(io::ByteInput& input, const ReadLimits& limits) {
  char bytes[kMessageHeaderBytes];
  TAPELAKE_ASSIGN_OR_RAISE(const size_t count, ReadFully(input, bytes, sizeof(bytes)));
  if (count == 0) return std::nullopt;
  if (count < sizeof(bytes)) return Invalid("the message is cut short");
  uint32_t body_bytes = 0;
  std::memcpy(&body_bytes, bytes + 8, sizeof(body_bytes));
  TAPELAKE_RETURN_NOT_OK(CheckHeader({bytes, sizeof(bytes)}, body_bytes, limits.body_bytes_max));
  Message message{.kind = static_cast<MessageKind>(bytes[5]), .body = {}};
  Status read = ReadBody(input, body_bytes, limits.budget, &message.body);
  if (read.ok()) return message;
  if (limits.budget != nullptr) limits.budget->Give(message.body.size());
  return read;
}

void WireWriter::Text(std::string_view text) {
  U32(static_cast<uint32_t>(text.size()));
  out_->append(text);
}

std::string_view WireReader::Take(size_t size) {
  if (size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

template <typename T>
T WireReader::Number() {
  T value = 0;
  const std::string_view bytes = Take(sizeof(T));
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

uint8_t WireReader::U8() {
  return Number<uint8_t>();
}
uint32_t WireReader::U32() {
  return Number<uint32_t>();
}
uint64_t WireReader::U64() {
  return Number<uint64_t>();
}

std::string_view WireReader::Text() {
  const uint32_t size = U32();
  return Take(size);
}

Status WireReader::Finish() const {
  if (!ok_) return Invalid("the message ends too early");
  if (!rest_.empty()) return Invalid("bytes are left at the end of the message");
  return Status::OK();
}

size_t PutEntryBytes(const stream::PutEntry& entry) {
  return kEntryBytesMin + entry.partition_key.size() + entry.data.size();
}

Message EncodePut(std::string_view stream, std::span<const stream::PutEntry> entries) {
  Message message{.kind = MessageKind::kPut, .body = {}};
  WireWriter writer(&message.body);
  writer.Text(stream);
  writer.U32(static_cast<uint32_t>(entries.size()));
  for (const stream::PutEntry& entry : entries) {
    writer.Text(entry.partition_key);
    writer.Text(entry.data);
  }
  return message;
}

Result<PutRequest> DecodePut(std::string_view body) {
  WireReader reader(body);
  PutRequest request;
  request.stream = reader.Text();
  const uint32_t count = reader.U32();
  if (count > reader.left() / kEntryBytesMin) return Invalid("the message ends too early");
  request.entries.reserve(count);
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    const std::string_view key = reader.Text();
    request.entries.push_back({key, reader.Text()});
  }
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  return request;
}

Message EncodePutReply(std::span<const stream::RecordPlace> places) {
  Message message{.kind = MessageKind::kPutReply, .body = {}};
  WireWriter writer(&message.body);
  writer.U32(static_cast<uint32_t>(places.size()));
  for (const stream::RecordPlace& place : places) {
    writer.U32(place.shard);
    writer.U64(place.sequence);
  }
  return message;
}

Result<std::vector<stream::RecordPlace>> DecodePutReply(std::string_view body) {
  WireReader reader(body);
  const uint32_t count = reader.U32();
  if (count > reader.left() / kPlaceBytes) return Invalid("the message ends too early");
  std::vector<stream::RecordPlace> places;
  places.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t shard = reader.U32();
    places.push_back({shard, reader.U64()});
  }
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  return places;
}

Message EncodePingReply(const PingReply& reply) {
  Message message{.kind = MessageKind::kPingReply, .body = {}};
  WireWriter writer(&message.body);
  writer.Text(reply.program_version);
  writer.U64(static_cast<uint64_t>(reply.process_id));
  return message;
}

Result<PingReply> DecodePingReply(std::string_view body) {
  WireReader reader(body);
  PingReply reply;
  reply.program_version = reader.Text();
  reply.process_id = static_cast<int64_t>(reader.U64());
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  return reply;
}

Message EncodeTail(const TailRequest& request) {
  Message message{.kind = MessageKind::kTail, .body = {}};
  WireWriter writer(&message.body);
  writer.Text(request.stream);
  writer.U64(request.from_sequence);
  return message;
}

Result<TailRequest> DecodeTail(std::string_view body) {
  WireReader reader(body);
  TailRequest request;
  request.stream = reader.Text();
  request.from_sequence = reader.U64();
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  return request;
}

Message EncodeTailReply(const record::RecordBlock& block, uint64_t next_sequence) {
  Message message{.kind = MessageKind::kTailReply, .body = {}};
  WireWriter writer(&message.body);
  writer.U64(next_sequence);
  writer.U32(static_cast<uint32_t>(block.entries.size()));
  for (const record::RecordBlock::Entry& entry : block.entries)
    writer.Text(block.bytes(entry));
  return message;
}

Result<TailReply> DecodeTailReply(std::string_view body) {
  WireReader reader(body);
  TailReply reply;
  reply.next_sequence = reader.U64();
  const uint32_t count = reader.U32();
  if (count > reader.left() / sizeof(uint32_t)) return Invalid("the message ends too early");
  reply.records.reserve(count);
  for (uint32_t i = 0; i < count && reader.ok(); ++i)
    reply.records.emplace_back(reader.Text());
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  return reply;
}

Message EncodeSeek(const SeekRequest& request) {
  Message message{.kind = MessageKind::kSeek, .body = {}};
  WireWriter writer(&message.body);
  writer.Text(request.stream);
  writer.U64(static_cast<uint64_t>(request.arrival_micros));
  return message;
}

Result<SeekRequest> DecodeSeek(std::string_view body) {
  WireReader reader(body);
  SeekRequest request;
  request.stream = reader.Text();
  request.arrival_micros = static_cast<int64_t>(reader.U64());
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  return request;
}

Message EncodeSeekReply(uint64_t sequence) {
  Message message{.kind = MessageKind::kSeekReply, .body = {}};
  WireWriter(&message.body).U64(sequence);
  return message;
}

Result<uint64_t> DecodeSeekReply(std::string_view body) {
  WireReader reader(body);
  const uint64_t sequence = reader.U64();
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  return sequence;
}

Message EncodeError(const Status& status) {
  Message message{.kind = MessageKind::kError, .body = {}};
  WireWriter writer(&message.body);
  writer.U8(static_cast<uint8_t>(KindOf(status)));
  writer.Text(status.message());
  return message;
}

Status DecodeError(std::string_view body) {
  WireReader reader(body);
  const uint8_t kind = reader.U8();
  const std::string_view text = reader.Text();
  TAPELAKE_RETURN_NOT_OK(reader.Finish());
  if (!IsErrorKind(kind)) return Invalid("error kind " + std::to_string(kind) + " is not known");
  return MakeError(static_cast<ErrorKind>(kind), std::string(text));
}

}  // namespace tapelake::serve
