#pragma once

/// The embedded durable log: what Kinesis Data Streams is to the managed pipeline.
/// Format and numbered invariants: docs/internals/stream.md.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/key_management.h"
#include "record/record_block.h"
#include "stream/shard_map.h"

namespace tapelake::stream {

class FrameDecryptor;

inline constexpr size_t kPartitionKeyCharsMax = 256;
inline constexpr size_t kRecordBytesMax = size_t{16} << 20;

/// How a stream's frames are stored. On disk: values are never reused.
enum class Compression : uint8_t { kNone = 0, kZstd = 1 };
/// How their records are encrypted then. On disk: likewise.
enum class Encryption : uint8_t { kNone = 0, kAes256Gcm = 1 };

struct StreamOptions {
  int shard_count = 4;  ///< Of a new stream; an existing one keeps its shards. 1..256
  Compression compression = Compression::kZstd;
  int64_t segment_bytes_max = 64 << 20;
  /// How long records are kept, unless Stream::SetRetention() said otherwise.
  int64_t retention_micros = int64_t{24} * 3'600'000'000;
  int64_t retention_bytes = int64_t{16} << 30;  ///< Stored bytes, all segments.
  /// Drop records that some consumer has not taken yet when retention says so. Off: they stay, and
  /// Append() is throttled once `retention_bytes` are full of them.
  bool drop_untaken = false;
  int64_t pending_bytes_max = 32 << 20;  ///< Appended and not yet synced.
  int64_t tail_bytes_max = 32 << 20;     ///< Newest records kept in memory for readers.
  /// Keeps the keys of encrypted records; nullptr: they cannot be read, and none can be made.
  std::shared_ptr<io::KeyManagement> keys = nullptr;
};

/// One record to put. `partition_key` (1..256 characters of UTF-8) decides the shard: MD5 of it, as
/// a 128-bit number, falls into one shard's hash range. `hash_key` decides instead, if it is given.
struct PutEntry {
  std::string_view partition_key;
  std::string_view data;
  std::optional<base::UInt128> hash_key = {};
};

/// Where a record went. Sequence numbers grow over the whole stream, hence also within each shard;
/// they start at 1 and leave no gap.
struct RecordPlace {
  uint32_t shard = 0;
  uint64_t sequence = 0;
};

/// What opening found and did.
struct OpenReport {
  int64_t segments = 0;
  int64_t torn_bytes_cut = 0;  ///< Of an unfinished write at the end.
  std::string torn_segment;    ///< Its path; empty: nothing was cut.
};

/// What is stored now.
struct StreamFacts {
  uint64_t first_sequence = 1;  ///< Oldest record kept (= next_sequence if there is none).
  uint64_t next_sequence = 1;   ///< After the newest durable record.
  int64_t stored_bytes = 0;
  int64_t segments = 0;
  int64_t newest_arrival_micros = 0;  ///< 0: no record yet.
};

/// What lies in a stream's directory.
struct StreamDescription {
  std::string name;
  std::vector<ShardRange> shards;
  StreamFacts facts;
  int64_t torn_bytes = 0;      ///< At the end: an unfinished write, or one under way.
  std::string encryption_key;  ///< Under which new records are encrypted; empty: they are not.
};

/// Describe a stream from its files, changing nothing, also while another process writes it.
/// Errors: kNotFound (no stream there), kCorrupt, kUnavailable.
Result<StreamDescription> DescribeStream(io::FileSystem& files, const std::string& directory);

/// One named stream. Readers may be on any thread; Append(), Sync(), Reshard(), Seal() and
/// DropExpired() belong to one thread at a time (StreamWriter gives many producers one). Everything
/// of a stream lies in `directory`. Memory: pending and tail bytes, and some frames that readers
/// are at.
class Stream {
 public:
  /// Open or create. Cuts a torn tail and reports it (`report` may be nullptr). Every byte of the
  /// newest segment is checked, and of the others that they follow each other; what else is wrong
  /// with them is found by who reads it. The caller holds the lock of the data directory.
  /// Errors: kCorrupt (anything wrong but a torn tail; names segment and offset), kInvalid
  /// (options, or another stream's directory), kUnauthorized (the key is not there under which
  /// records are to be encrypted), kUnavailable.
  static Result<std::unique_ptr<Stream>> Open(io::FileSystem& files, io::Clock& clock,
                                              const std::string& directory, const std::string& name,
                                              const StreamOptions& options, OpenReport* report);
  ~Stream();

  /// Give every entry its place, in memory. All or none. Not durable and not readable before
  /// Sync(). Errors: kInvalid (names the entry and what is wrong), kThrottled (pending bytes, or
  /// the log is full of records nobody has taken: try again later), kUnknownOutcome (closed).
  Result<std::vector<RecordPlace>> Append(std::span<const PutEntry> entries);

  /// Write what was appended as one frame and make it durable: one write, one fdatasync. On failure
  /// nothing of it counts: it is forgotten, the file is cut back, and its sequence numbers are used
  /// again. Errors: kUnavailable, kNotFound (the key to encrypt under is not there; the stream
  /// stays open, as after kUnavailable); after a failed sync or cut the stream is closed to writes
  /// (kUnknownOutcome: open it again to know).
  Status Sync();

  /// Change the shards, durably, from the next record on. Nothing may wait to be synced. On failure
  /// they stay as they were. Errors: those of `change`, kInvalid (something waits), kUnavailable,
  /// kUnknownOutcome (the stream is closed to writes: open it again to know).
  Status Reshard(const ShardChange& change);

  /// Note behind the newest record that it is durable, so that later damage to it cannot pass for
  /// an unfinished write. For idle moments: the next record says the same. No sync.
  /// Errors: as Sync(); no record is touched.
  Status Seal();

  /// Read durable records from `from_sequence` on into `*block` (offset = sequence number,
  /// end_offset = where to go on): at most about `bytes_max` bytes, at least one record if there is
  /// one. Empty block: none yet. The newest records come from memory, others from the files.
  /// Errors: kNotFound (before first_sequence or after next_sequence; says both), kCorrupt (names
  /// segment and offset), kUnavailable.
  Status Read(uint64_t from_sequence, size_t bytes_max, record::RecordBlock* block);

  /// The sequence number of the first record that arrived at or after a time (next_sequence if
  /// there is none). A record arrives when Sync() writes it; arrival times never go back.
  /// Errors: kCorrupt, kUnavailable, kNotFound (just dropped: ask again).
  Result<uint64_t> SequenceAtTime(int64_t arrival_micros);

  /// Declare that `consumer` needs no record before `next_sequence` any more. A consumer that was
  /// never declared holds nothing back; one that was holds back from then on. In memory only: every
  /// consumer keeps its own position and declares it after each start, before DropExpired().
  void SetTaken(const std::string& consumer, uint64_t next_sequence);

  /// Let a consumer that was declared hold nothing back any more. Any thread.
  void Forget(const std::string& consumer);

  /// Keep records that long from now on, durably: whatever the options say at later starts. Any
  /// thread, one at a time. On failure it stays as it was; after a crash it may be either. Errors:
  /// kInvalid (not positive), kUnavailable, kUnknownOutcome.
  Status SetRetention(int64_t retention_micros);

  /// Encrypt records under a key of `StreamOptions::keys` from now on (empty: do not), durably:
  /// those that wait to be synced, too, but none that are stored. Any thread. On failure it stays
  /// as it was; after a crash it may be either. Errors: kNotFound (no such key), kUnavailable,
  /// kUnknownOutcome.
  Status SetEncryption(const std::string& key_id);

  /// Drop whole segments, oldest first, by the retention rules; never the newest one. Returns how
  /// many bytes went. Errors: kUnavailable (what was dropped so far stays dropped).
  Result<int64_t> DropExpired();

  StreamFacts facts() const;
  /// What each consumer declared by SetTaken(). Any thread.
  std::map<std::string, uint64_t> taken() const;
  /// The clock it was opened with.
  io::Clock& clock() const;
  /// Those it was opened with.
  const StreamOptions& options() const;
  /// How long records are kept. Any thread.
  int64_t retention_micros() const;
  /// Under which new records are encrypted; empty: they are not. Any thread.
  std::string encryption_key() const;
  /// For who reads frames from the segments himself. Any thread.
  const FrameDecryptor& decryptor() const;
  /// Those of now. Any thread.
  std::shared_ptr<const ShardMap> shards() const;
  const std::string& name() const;

 private:
  class Impl;
  explicit Stream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::stream
