#pragma once

/// What goes over the local socket: docs/internals/local-door.md. Numbers are little-endian.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/byte_stream.h"
#include "record/record_block.h"
#include "stream/stream.h"

namespace tapelake::serve {

inline constexpr uint8_t kLocalVersion = 1;
inline constexpr size_t kMessageHeaderBytes = 12;

/// A request fits the largest record; a reply fits some seconds of hot rows.
inline constexpr size_t kRequestBytesMax = (size_t{16} << 20) + (size_t{64} << 10);
inline constexpr size_t kReplyBytesMax = size_t{256} << 20;

/// On the wire: values are never reused.
enum class MessageKind : uint8_t {
  kPing = 1,
  kPut = 2,
  kHot = 3,
  kTail = 4,
  kAsk = 5,
  kSeek = 6,
  kPingReply = 129,
  kPutReply = 130,
  kHotReply = 131,
  kTailReply = 132,
  kAskReply = 133,
  kSeekReply = 134,
  kError = 255,
};

struct Message {
  MessageKind kind = MessageKind::kPing;
  std::string body;
};

/// Bytes that all connections together may hold. Any thread.
class ByteBudget {
 public:
  explicit ByteBudget(size_t bytes_max) : left_(static_cast<int64_t>(bytes_max)) {}
  /// Return false, taking nothing, if so many are not left.
  bool Take(size_t bytes);
  void Give(size_t bytes) { left_ += static_cast<int64_t>(bytes); }

 private:
  std::atomic<int64_t> left_;
};

/// Write one message. Errors: those of the output.
Status WriteMessage(io::ByteOutput& output, const Message& message);

/// Read one message; nothing at the end of the stream. Memory grows as bytes arrive, whatever the
/// header says, and is taken from `budget` (may be nullptr); the caller gives back what
/// message.body.size() says. Errors (nothing is taken; the stream is at no message any more):
/// kInvalid (no message, another version, more than `body_bytes_max`), kThrottled (the budget is
/// spent), kUnavailable.
struct ReadLimits {
  size_t body_bytes_max = kRequestBytesMax;
  ByteBudget* budget = nullptr;
};
Result<std::optional<Message>> ReadMessage(io::ByteInput& input, const ReadLimits& limits);

/// Appends numbers and texts to a body.
class WireWriter {
 public:
  explicit WireWriter(std::string* out) : out_(out) {}
  void U8(uint8_t value) { Raw(&value, sizeof(value)); }
  void U32(uint32_t value) { Raw(&value, sizeof(value)); }
  void U64(uint64_t value) { Raw(&value, sizeof(value)); }
  /// u32 length, then the bytes.
  void Text(std::string_view text);

 private:
  void Raw(const void* value, size_t size) { out_->append(static_cast<const char*>(value), size); }
  std::string* out_;
};

/// Reads them again. Past the end everything is zero and ok() is false.
class WireReader {
 public:
  explicit WireReader(std::string_view body) : rest_(body) {}
  uint8_t U8();
  uint32_t U32();
  uint64_t U64();
  std::string_view Text();
  /// Whether everything asked for was there.
  bool ok() const { return ok_; }
  /// Bytes not read yet: bounds any count that a body states.
  size_t left() const { return rest_.size(); }
  /// kInvalid unless everything was there and nothing is left.
  Status Finish() const;

 private:
  template <typename T>
  T Number();
  std::string_view Take(size_t size);

  std::string_view rest_;
  bool ok_ = true;
};

struct PutRequest {
  std::string_view stream;
  std::vector<stream::PutEntry> entries;  ///< Views into the body.
};

struct PingReply {
  std::string program_version;
  int64_t process_id = 0;
};

/// Asks for durable records of a stream.
struct TailRequest {
  /// Instead of a sequence number: after the newest durable record.
  static constexpr uint64_t kNewest = 0;
  /// From the oldest record that is kept.
  static constexpr uint64_t kOldest = UINT64_MAX;
  std::string_view stream;
  uint64_t from_sequence = kNewest;
};

/// Records in order of their sequence numbers; `next_sequence` is where to go on.
struct TailReply {
  uint64_t next_sequence = 0;
  std::vector<std::string> records;
};

/// Asks which record of a stream was the first to arrive at or after a time.
struct SeekRequest {
  std::string_view stream;
  int64_t arrival_micros = 0;
};

/// Bytes that an entry takes in a request.
size_t PutEntryBytes(const stream::PutEntry& entry);

Message EncodePut(std::string_view stream, std::span<const stream::PutEntry> entries);
Message EncodePutReply(std::span<const stream::RecordPlace> places);
Message EncodePingReply(const PingReply& reply);
Message EncodeTail(const TailRequest& request);
/// The records of `block`, which ends before `next_sequence`.
Message EncodeTailReply(const record::RecordBlock& block, uint64_t next_sequence);
Message EncodeSeek(const SeekRequest& request);
Message EncodeSeekReply(uint64_t sequence);
Message EncodeError(const Status& status);

/// Errors: kInvalid.
Result<PutRequest> DecodePut(std::string_view body);
Result<std::vector<stream::RecordPlace>> DecodePutReply(std::string_view body);
Result<PingReply> DecodePingReply(std::string_view body);
Result<TailRequest> DecodeTail(std::string_view body);
Result<TailReply> DecodeTailReply(std::string_view body);
Result<SeekRequest> DecodeSeek(std::string_view body);
Result<uint64_t> DecodeSeekReply(std::string_view body);
/// The failed Status that a kError message carries.
Status DecodeError(std::string_view body);

}  // namespace tapelake::serve
