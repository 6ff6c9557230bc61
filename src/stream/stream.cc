#include "stream/stream.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "stream/frame.h"
#include "stream/frame_cipher.h"
#include "stream/partition_key.h"
#include "stream/recovery.h"
#include "stream/segment.h"
#include "stream/segment_appender.h"
#include "stream/shard_map.h"
#include "stream/stream_metadata.h"

namespace tapelake::stream {
namespace {

constexpr size_t kReadFramesMax = 4;        ///< Kept decompressed for readers of old records.
constexpr size_t kReadRecordOverhead = 32;  ///< Counted into `bytes_max` for each record.
constexpr int64_t kPendingBytesLimit = int64_t{1} << 30;

Status CheckOptions(const std::string& name, const StreamOptions& options) {
  const auto invalid = [&](const std::string& what) {
    return MakeError(ErrorKind::kInvalid, "stream '" + name + "': " + what);
  };
  if (!IsStreamName(name)) return invalid("a name is 1 to 128 of A-Z a-z 0-9 _ . -");
  if (options.shard_count < 1 || options.shard_count > 256) return invalid("shards are 1 to 256");
  if (options.segment_bytes_max < 1) return invalid("segments must hold something");
  if (options.pending_bytes_max < 1 || options.pending_bytes_max > kPendingBytesLimit) {
    return invalid("pending bytes are 1 to " + std::to_string(kPendingBytesLimit));
  }
  if (options.retention_bytes < 1 || options.retention_micros < 1 || options.tail_bytes_max < 0) {
    return invalid("retention must be positive and the tail not negative");
  }
  return Status::OK();
}

/// Create the metadata file, or read the one that is there.
Result<StreamMetadata> OpenMetadata(io::FileSystem& files, io::Clock& clock,
                                    const std::string& directory, const StreamMetadata& wanted) {
  const auto found = ReadStreamMetadata(files, directory);
  if (found.ok() || KindOf(found.status()) != ErrorKind::kNotFound) return found;
  TAPELAKE_RETURN_NOT_OK(files.CreateDirectories(directory));
  // A dead process may have made these and not have come to make their names durable.
  TAPELAKE_RETURN_NOT_OK(files.SyncDirectory(io::ParentPath(directory)));
  TAPELAKE_RETURN_NOT_OK(files.SyncDirectory(io::ParentPath(io::ParentPath(directory))));
  StreamMetadata fresh = wanted;
  // Not a secret: only other streams' bytes, and bytes that somebody put, must not fit by chance.
  const std::string seed = directory + ' ' + std::to_string(clock.WallMicros()) + ' ' +
                           std::to_string(clock.SteadyMicros());
  fresh.salt = Checksum(seed, 0);
  const Status created = files.CreateIfAbsent(StreamMetadataPath(directory), fresh.ToText());
  if (!created.ok() && KindOf(created) != ErrorKind::kUnknownOutcome) return created;
  return ReadStreamMetadata(files, directory);
}

template <typename Segments>
StreamFacts FactsOf(const Segments& segments) {
  StreamFacts facts;
  facts.segments = static_cast<int64_t>(segments.size());
  if (segments.empty()) return facts;
  facts.first_sequence = segments.front().first_sequence;
  facts.next_sequence = segments.back().next_sequence;
  facts.newest_arrival_micros = segments.back().newest_arrival_micros;
  for (const Segment& segment : segments)
    facts.stored_bytes += segment.stored_bytes();
  return facts;
}

}  // namespace

class Stream::Impl {
 public:
  Impl(io::FileSystem& files, io::Clock& clock, std::string directory, StreamMetadata metadata,
       const StreamOptions& options)
      : files_(files),
        clock_(clock),
        directory_(std::move(directory)),
        metadata_(std::move(metadata)),
        options_(options),
        retention_micros_(options.retention_micros),
        decryptor_(options.keys, metadata_.name),
        appender_(files, clock,
                  {.directory = directory_,
                   .salt = metadata_.salt,
                   .segment_bytes_max = static_cast<uint64_t>(options.segment_bytes_max)}),
        encryptor_(options.keys, metadata_.name) {}

  Status Recover(OpenReport* report);

  Result<std::vector<RecordPlace>> Append(std::span<const PutEntry> entries);
  Status Sync();
  Status Seal();

  Status Read(uint64_t from_sequence, size_t bytes_max, record::RecordBlock* block);
  Result<uint64_t> SequenceAtTime(int64_t arrival_micros);

  void SetTaken(const std::string& consumer, uint64_t next_sequence);
  void Forget(const std::string& consumer);
  Status SetRetention(int64_t retention_micros);
  int64_t retention_micros() const { return retention_micros_.load(); }
  Status SetEncryption(const std::string& key_id);
  std::string encryption_key() const;
  const FrameDecryptor& decryptor() const { return decryptor_; }
  Result<int64_t> DropExpired();
  StreamFacts facts() const;
  std::map<std::string, uint64_t> taken() const;
  io::Clock& clock() const { return clock_; }
  Status Reshard(const ShardChange& change);
  std::shared_ptr<const ShardMap> shards() const;
  const std::string& name() const { return metadata_.name; }
  const StreamOptions& options() const { return options_; }

 private:
  using FramePtr = std::shared_ptr<const Frame>;

  /// A frame read from a file and where the next one stands.
  struct ReadFrame {
    FramePtr frame;
    std::string path;
    uint64_t end_offset = 0;
  };
  /// Where to start walking to find a record.
  struct Start {
    std::string path;
    uint64_t first_sequence = 0;  ///< Of the segment.
    uint64_t offset = 0;
    bool indexed = true;
  };

  Status RecoverEncryption();
  Result<int64_t> CheckEntries(std::span<const PutEntry> entries) const;
  Status CheckRoom(int64_t bytes) const;
  void ForgetPending();
  Status WritePending();
  void Publish(const FrameHeader& header, FramePtr frame);

  Result<FramePtr> FrameHolding(uint64_t sequence);
  Status OutOfRange(uint64_t sequence) const;
  FramePtr FindInMemory(uint64_t sequence) const;
  std::optional<Start> FindStart(uint64_t sequence) const;
  Result<FramePtr> LoadFrame(uint64_t sequence, const Start& start);
  Status BuildIndex(const Start& start);

  uint64_t first_sequence() const;
  uint64_t next_sequence() const;
  uint64_t TakenByAll() const;
  bool MayDropOldest(int64_t stored_bytes, int64_t now_micros) const;

  io::FileSystem& files_;
  io::Clock& clock_;
  const std::string directory_;
  const StreamMetadata metadata_;
  const StreamOptions options_;
  std::atomic<int64_t> retention_micros_;
  std::mutex encryption_mutex_;  // held while it is changed; before mutex_
  const FrameDecryptor decryptor_;

  // Of the writing thread.
  SegmentAppender appender_;
  FrameCompressor compressor_;
  FrameEncryptor encryptor_;
  Frame pending_;
  Status closed_;

  mutable std::mutex mutex_;  // guards all below
  std::deque<Segment> segments_;
  std::deque<FramePtr> tail_;  ///< The newest frames, without a gap.
  size_t tail_bytes_ = 0;
  std::deque<ReadFrame> read_frames_;  ///< Latest used first.
  std::map<std::string, uint64_t> taken_;
  std::shared_ptr<const ShardMap> shards_;
  std::string encryption_key_;  ///< Empty: none.
};

Status Stream::Impl::Recover(OpenReport* report) {
  TAPELAKE_ASSIGN_OR_RAISE(ShardMap shards, ReadShards(files_, directory_, metadata_));
  shards_ = std::make_shared<const ShardMap>(std::move(shards));
  TAPELAKE_ASSIGN_OR_RAISE(retention_micros_, ReadRetention(files_, directory_, metadata_.salt,
                                                            options_.retention_micros));
  TAPELAKE_RETURN_NOT_OK(RecoverEncryption());
  TAPELAKE_ASSIGN_OR_RAISE(RecoveredLog log, RecoverLog(files_, directory_, metadata_.salt));
  TAPELAKE_RETURN_NOT_OK(RepairLog(files_, directory_, log));
  if (report != nullptr) {
    *report = {.segments = static_cast<int64_t>(log.segments.size()),
               .torn_bytes_cut = log.torn_bytes,
               .torn_segment = log.torn_segment};
  }
  if (!log.segments.empty()) TAPELAKE_RETURN_NOT_OK(appender_.Resume(log.segments.back()));
  segments_.assign(std::make_move_iterator(log.segments.begin()),
                   std::make_move_iterator(log.segments.end()));
  ForgetPending();
  return Status::OK();
}

Status Stream::Impl::RecoverEncryption() {
  TAPELAKE_ASSIGN_OR_RAISE(const StreamEncryption encryption,
                           ReadEncryption(files_, directory_, metadata_.salt));
  encryption_key_ = encryption.key_id;
  if (encryption_key_.empty()) return Status::OK();
  // Without the key that it was, another one would begin, and mending that would lose records.
  const auto found = decryptor_.DecryptDataKey(encryption.data_key);
  if (found.ok()) return Status::OK();
  return MakeError(KindOf(found.status()), "stream '" + metadata_.name +
                                               "' is to be encrypted: " + found.status().message() +
                                               ", or delete '" + EncryptionPath(directory_) +
                                               "', which gives up what was encrypted");
}

// ---- writing

void Stream::Impl::ForgetPending() {
  pending_.buffer.clear();
  pending_.begins.clear();
  pending_.buffer.resize(kFrameHeaderBytes);
  const std::scoped_lock lock(mutex_);
  pending_.first_sequence = next_sequence();
}

Result<int64_t> Stream::Impl::CheckEntries(std::span<const PutEntry> entries) const {
  int64_t bytes = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const PutEntry& entry = entries[i];
    const auto invalid = [&](const std::string& what) {
      return MakeError(ErrorKind::kInvalid,
                       "stream '" + metadata_.name + "', entry " + std::to_string(i) + ": " + what);
    };
    if (!IsPartitionKey(entry.partition_key)) {
      return invalid("a partition key is 1 to 256 characters of UTF-8");
    }
    if (entry.data.size() > kRecordBytesMax) {
      return invalid("data of " + std::to_string(entry.data.size()) + " bytes, at most " +
                     std::to_string(kRecordBytesMax));
    }
    bytes +=
        static_cast<int64_t>(kRecordHeaderBytes + entry.partition_key.size() + entry.data.size());
  }
  if (bytes > options_.pending_bytes_max) {
    return MakeError(ErrorKind::kInvalid, "stream '" + metadata_.name + "': one put of " +
                                              std::to_string(bytes) + " bytes, at most " +
                                              std::to_string(options_.pending_bytes_max));
  }
  return bytes;
}

Status Stream::Impl::CheckRoom(int64_t bytes) const {
  const auto pending = static_cast<int64_t>(pending_.buffer.size() - kFrameHeaderBytes);
  if (pending + bytes > options_.pending_bytes_max) {
    return MakeError(
        ErrorKind::kThrottled,
        "stream '" + metadata_.name + "': " + std::to_string(pending) + " bytes wait to be synced");
  }
  if (options_.drop_untaken) return Status::OK();
  const std::scoped_lock lock(mutex_);
  const uint64_t taken = TakenByAll();
  int64_t untaken_bytes = 0;
  for (auto segment = segments_.rbegin();
       segment != segments_.rend() && segment->next_sequence > taken; ++segment) {
    untaken_bytes += segment->stored_bytes();
  }
  if (untaken_bytes < options_.retention_bytes) return Status::OK();
  return MakeError(ErrorKind::kThrottled,
                   "stream '" + metadata_.name + "' is full: " + std::to_string(untaken_bytes) +
                       " bytes hold records that some consumer has not taken (from record " +
                       std::to_string(taken) + " on)");
}

Result<std::vector<RecordPlace>> Stream::Impl::Append(std::span<const PutEntry> entries) {
  TAPELAKE_RETURN_NOT_OK(closed_);
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t bytes, CheckEntries(entries));
  TAPELAKE_RETURN_NOT_OK(CheckRoom(bytes));
  std::vector<RecordPlace> places;
  places.reserve(entries.size());
  const ShardMap& shards = *shards_;  // of this thread: Reshard() is, too
  for (const PutEntry& entry : entries) {
    const uint32_t shard =
        entry.hash_key ? shards.ShardOfHash(*entry.hash_key) : shards.ShardOf(entry.partition_key);
    places.push_back({shard, pending_.next_sequence()});
    pending_.Add({shard, entry.partition_key, entry.data});
  }
  return places;
}

Status Stream::Impl::WritePending() {
  TAPELAKE_ASSIGN_OR_RAISE(const uint64_t offset, appender_.Prepare(pending_.first_sequence));
  const std::string_view raw = std::string_view(pending_.buffer).substr(kFrameHeaderBytes);
  FrameHeader header{.compression = static_cast<uint8_t>(Compression::kNone),
                     .first_sequence = pending_.first_sequence,
                     .record_count = static_cast<uint32_t>(pending_.begins.size()),
                     .raw_bytes = static_cast<uint32_t>(raw.size()),
                     .stored_bytes = static_cast<uint32_t>(raw.size()),
                     .offset = offset};
  // The clock may jump back; times within the log do not.
  header.arrival_micros = std::max(clock_.WallMicros(), appender_.segment().newest_arrival_micros);
  char* bytes = pending_.buffer.data();
  size_t compressed_bytes = 0;
  if (options_.compression == Compression::kZstd) {
    if (char* compressed = compressor_.Compress(raw, &compressed_bytes)) {
      bytes = compressed;
      header.compression = static_cast<uint8_t>(Compression::kZstd);
      header.stored_bytes = static_cast<uint32_t>(compressed_bytes);
    }
  }
  if (const std::string key = encryption_key(); !key.empty()) {
    TAPELAKE_RETURN_NOT_OK(encryptor_.UseKey(key, appender_.segment().first_sequence));
    TAPELAKE_ASSIGN_OR_RAISE(
        bytes, encryptor_.Encrypt({bytes + kFrameHeaderBytes, header.stored_bytes}, metadata_.salt,
                                  &header));
  }
  header.payload_checksum =
      Checksum({bytes + kFrameHeaderBytes, header.stored_bytes}, metadata_.salt);
  EncodeFrameHeader(header, metadata_.salt, bytes);
  TAPELAKE_RETURN_NOT_OK(appender_.Write({bytes, kFrameHeaderBytes + header.stored_bytes}, header));
  auto frame = std::make_shared<Frame>(std::move(pending_));
  frame->arrival_micros = header.arrival_micros;
  frame->encrypted = header.encryption != static_cast<uint8_t>(Encryption::kNone);
  pending_ = {};
  pending_.buffer.reserve(frame->buffer.size());
  pending_.begins.reserve(frame->begins.size());
  Publish(header, std::move(frame));
  return Status::OK();
}

void Stream::Impl::Publish(const FrameHeader& header, FramePtr frame) {
  const std::scoped_lock lock(mutex_);
  const Segment& written = appender_.segment();
  if (segments_.empty() || segments_.back().path != written.path) {
    if (!segments_.empty()) segments_.back().sealed = true;
    segments_.push_back({.path = written.path,
                         .first_sequence = written.first_sequence,
                         .next_sequence = written.first_sequence,
                         .indexed = true});
  }
  segments_.back().Add(header);
  segments_.back().sealed = false;
  tail_bytes_ += frame->memory_bytes();
  tail_.push_back(std::move(frame));
  while (tail_.size() > 1 && tail_bytes_ > static_cast<size_t>(options_.tail_bytes_max)) {
    tail_bytes_ -= tail_.front()->memory_bytes();
    tail_.pop_front();
  }
}

Status Stream::Impl::Sync() {
  TAPELAKE_RETURN_NOT_OK(closed_);
  if (pending_.begins.empty()) return Status::OK();
  const Status written = WritePending();
  ForgetPending();
  if (!written.ok() && KindOf(written) == ErrorKind::kUnknownOutcome) closed_ = written;
  return written;
}

Status Stream::Impl::Reshard(const ShardChange& change) {
  TAPELAKE_RETURN_NOT_OK(closed_);
  if (!pending_.begins.empty()) {
    return MakeError(ErrorKind::kInvalid,
                     "stream '" + metadata_.name + "': records wait to be synced");
  }
  TAPELAKE_ASSIGN_OR_RAISE(ShardMap changed, change(*shards_, pending_.first_sequence));
  const Status kept = files_.ReplaceFile(ShardsPath(directory_), changed.ToText(metadata_.salt));
  if (!kept.ok()) {
    const auto found = ReadShards(files_, directory_, metadata_);
    const std::string before = shards_->ToText(metadata_.salt);
    if (found.ok() && found->ToText(metadata_.salt) == before) return kept;  // nothing happened
    // Which shards the next opening will find is not known: no record may go by any.
    closed_ = MakeError(ErrorKind::kUnknownOutcome,
                        "stream '" + metadata_.name + "': its shards: " + kept.message());
    return closed_;
  }
  auto shards = std::make_shared<const ShardMap>(std::move(changed));
  const std::scoped_lock lock(mutex_);
  shards_ = std::move(shards);
  return Status::OK();
}

std::shared_ptr<const ShardMap> Stream::Impl::shards() const {
  const std::scoped_lock lock(mutex_);
  return shards_;
}

Status Stream::Impl::Seal() {
  TAPELAKE_RETURN_NOT_OK(closed_);
  const Status sealed = appender_.WriteSeal();
  if (!sealed.ok() && KindOf(sealed) == ErrorKind::kUnknownOutcome) closed_ = sealed;
  TAPELAKE_RETURN_NOT_OK(sealed);
  const std::scoped_lock lock(mutex_);
  if (!segments_.empty()) segments_.back().sealed = appender_.segment().sealed;
  return Status::OK();
}

// ---- reading

uint64_t Stream::Impl::first_sequence() const {
  return segments_.empty() ? 1 : segments_.front().first_sequence;
}

uint64_t Stream::Impl::next_sequence() const {
  return segments_.empty() ? 1 : segments_.back().next_sequence;
}

Status Stream::Impl::OutOfRange(uint64_t sequence) const {
  return MakeError(ErrorKind::kNotFound, "stream '" + metadata_.name + "' holds records " +
                                             std::to_string(first_sequence()) + " to " +
                                             std::to_string(next_sequence()) +
                                             " (exclusive), not " + std::to_string(sequence));
}

Stream::Impl::FramePtr Stream::Impl::FindInMemory(uint64_t sequence) const {
  if (!tail_.empty() && tail_.front()->first_sequence <= sequence) {
    const auto after = std::upper_bound(
        tail_.begin(), tail_.end(), sequence,
        [](uint64_t wanted, const FramePtr& frame) { return wanted < frame->first_sequence; });
    return *std::prev(after);
  }
  for (const ReadFrame& read : read_frames_) {
    if (read.frame->first_sequence <= sequence && sequence < read.frame->next_sequence()) {
      return read.frame;
    }
  }
  return nullptr;
}

std::optional<Stream::Impl::Start> Stream::Impl::FindStart(uint64_t sequence) const {
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), sequence,
      [](uint64_t wanted, const Segment& segment) { return wanted < segment.first_sequence; });
  if (after == segments_.begin()) return std::nullopt;
  const Segment& segment = *std::prev(after);
  Start start{segment.path, segment.first_sequence, kSegmentHeaderBytes, segment.indexed};
  for (const ReadFrame& read : read_frames_) {
    if (read.frame->next_sequence() == sequence && read.path == segment.path) {
      return Start{segment.path, segment.first_sequence, read.end_offset, true};
    }
  }
  if (segment.index.empty()) return start;
  const auto point = std::upper_bound(
      segment.index.begin(), segment.index.end(), sequence,
      [](uint64_t wanted, const Segment::IndexPoint& it) { return wanted < it.sequence; });
  if (point != segment.index.begin()) start.offset = std::prev(point)->offset;
  return start;
}

Status Stream::Impl::BuildIndex(const Start& start) {
  TAPELAKE_ASSIGN_OR_RAISE(SegmentScan scan, ScanSegment(files_, start.path, metadata_.salt,
                                                         {.first_sequence = start.first_sequence}));
  if (scan.damage) {
    return MakeError(ErrorKind::kCorrupt,
                     "stream segment '" + start.path + "' is damaged at offset " +
                         std::to_string(scan.damage->offset) + ": " + scan.damage->what);
  }
  const std::scoped_lock lock(mutex_);
  for (Segment& segment : segments_) {
    if (segment.path != start.path || segment.indexed) continue;
    segment.index = std::move(scan.segment.index);
    segment.indexed = true;
  }
  return Status::OK();
}

Result<Stream::Impl::FramePtr> Stream::Impl::LoadFrame(uint64_t sequence, const Start& start) {
  TAPELAKE_ASSIGN_OR_RAISE(const SegmentFile file,
                           SegmentFile::Open(files_, start.path, metadata_.salt));
  uint64_t offset = start.offset;
  TAPELAKE_ASSIGN_OR_RAISE(FrameHeader header, file.ReadHeader(offset));
  while (header.next_sequence() <= sequence) {
    offset = header.end_offset();
    TAPELAKE_ASSIGN_OR_RAISE(header, file.ReadHeader(offset));
  }
  if (header.first_sequence > sequence) {
    return file.Damaged(offset, "record " + std::to_string(sequence) + " is not there");
  }
  TAPELAKE_ASSIGN_OR_RAISE(FramePtr frame, file.ReadFrame(header, decryptor_));
  const std::scoped_lock lock(mutex_);
  read_frames_.push_front({frame, start.path, header.end_offset()});
  if (read_frames_.size() > kReadFramesMax) read_frames_.pop_back();
  return frame;
}

Result<Stream::Impl::FramePtr> Stream::Impl::FrameHolding(uint64_t sequence) {
  std::optional<Start> start;
  {
    const std::scoped_lock lock(mutex_);
    if (sequence == next_sequence()) return nullptr;
    if (sequence < first_sequence() || sequence > next_sequence()) return OutOfRange(sequence);
    if (FramePtr frame = FindInMemory(sequence)) return frame;
    start = FindStart(sequence);
  }
  if (!start->indexed) {
    TAPELAKE_RETURN_NOT_OK(BuildIndex(*start));
    const std::scoped_lock lock(mutex_);
    start = FindStart(sequence);
    if (!start) return OutOfRange(sequence);
  }
  auto frame = LoadFrame(sequence, *start);
  if (frame.ok() || KindOf(frame.status()) != ErrorKind::kNotFound) return frame;
  // The segment may have been dropped since it was looked up.
  const std::scoped_lock lock(mutex_);
  return sequence < first_sequence() ? OutOfRange(sequence) : frame.status();
}

Status Stream::Impl::Read(uint64_t from_sequence, size_t bytes_max, record::RecordBlock* block) {
  block->Clear();
  block->end_offset = from_sequence;
  size_t counted_bytes = 0;
  while (counted_bytes < bytes_max || block->entries.empty()) {
    const auto found = FrameHolding(block->end_offset);
    if (!found.ok()) {
      if (block->entries.empty()) return found.status();
      break;  // what was read is good; the next call meets the error again
    }
    const FramePtr& frame = *found;
    if (frame == nullptr) break;
    for (size_t i = block->end_offset - frame->first_sequence; i < frame->begins.size(); ++i) {
      const std::string_view data = frame->At(i).data;
      if (counted_bytes >= bytes_max && !block->entries.empty()) break;
      counted_bytes += data.size() + kReadRecordOverhead;
      block->entries.push_back({block->buffer.size(), data.size(), block->end_offset++});
      block->buffer.append(data);
    }
  }
  if (!block->entries.empty()) block->buffer.append(record::kRecordPaddingBytes, '\0');
  return Status::OK();
}

Result<uint64_t> Stream::Impl::SequenceAtTime(int64_t arrival_micros) {
  Start start;
  {
    const std::scoped_lock lock(mutex_);
    const auto segment = std::find_if(segments_.begin(), segments_.end(), [&](const Segment& it) {
      return it.newest_arrival_micros >= arrival_micros;
    });
    if (segment == segments_.end()) return next_sequence();
    start = {segment->path, segment->first_sequence, kSegmentHeaderBytes, segment->indexed};
    for (const Segment::IndexPoint& point : segment->index) {
      if (point.arrival_micros >= arrival_micros) break;
      start.offset = point.offset;
    }
  }
  TAPELAKE_ASSIGN_OR_RAISE(const SegmentFile file,
                           SegmentFile::Open(files_, start.path, metadata_.salt));
  TAPELAKE_ASSIGN_OR_RAISE(FrameHeader header, file.ReadHeader(start.offset));
  while (header.arrival_micros < arrival_micros) {
    TAPELAKE_ASSIGN_OR_RAISE(header, file.ReadHeader(header.end_offset()));
  }
  return header.first_sequence;
}

// ---- retention

uint64_t Stream::Impl::TakenByAll() const {
  uint64_t taken = std::numeric_limits<uint64_t>::max();
  for (const auto& [consumer, next] : taken_)
    taken = std::min(taken, next);
  return taken;
}

void Stream::Impl::SetTaken(const std::string& consumer, uint64_t next_sequence) {
  const std::scoped_lock lock(mutex_);
  taken_[consumer] = next_sequence;
}

void Stream::Impl::Forget(const std::string& consumer) {
  const std::scoped_lock lock(mutex_);
  taken_.erase(consumer);
}

bool Stream::Impl::MayDropOldest(int64_t stored_bytes, int64_t now_micros) const {
  if (segments_.size() < 2) return false;
  const Segment& oldest = segments_.front();
  if (!options_.drop_untaken && oldest.next_sequence > TakenByAll()) return false;
  return stored_bytes > options_.retention_bytes ||
         oldest.newest_arrival_micros < now_micros - retention_micros_;
}

Status Stream::Impl::SetRetention(int64_t retention_micros) {
  if (retention_micros < 1) {
    return MakeError(ErrorKind::kInvalid,
                     "stream '" + metadata_.name + "': retention must be positive");
  }
  TAPELAKE_RETURN_NOT_OK(files_.ReplaceFile(RetentionPath(directory_),
                                            RetentionText(retention_micros, metadata_.salt)));
  retention_micros_ = retention_micros;
  return Status::OK();
}

Status Stream::Impl::SetEncryption(const std::string& key_id) {
  const std::scoped_lock changing(encryption_mutex_);
  StreamEncryption encryption{.key_id = key_id};
  if (!key_id.empty()) {
    FrameEncryptor encryptor(options_.keys, metadata_.name);
    TAPELAKE_RETURN_NOT_OK(encryptor.UseKey(key_id, /*segment=*/0));
    encryption.data_key = encryptor.data_key();
  }
  TAPELAKE_RETURN_NOT_OK(
      files_.ReplaceFile(EncryptionPath(directory_), EncryptionText(encryption, metadata_.salt)));
  const std::scoped_lock lock(mutex_);
  encryption_key_ = key_id;
  return Status::OK();
}

std::string Stream::Impl::encryption_key() const {
  const std::scoped_lock lock(mutex_);
  return encryption_key_;
}

Result<int64_t> Stream::Impl::DropExpired() {
  const int64_t now_micros = clock_.WallMicros();
  int64_t dropped_bytes = 0;
  int64_t stored_bytes = facts().stored_bytes;
  while (true) {
    std::string path;
    int64_t segment_bytes = 0;
    {
      const std::scoped_lock lock(mutex_);
      if (!MayDropOldest(stored_bytes, now_micros)) return dropped_bytes;
      path = segments_.front().path;
      segment_bytes = segments_.front().stored_bytes();
    }
    const Status deleted = files_.DeleteFile(path);
    if (!deleted.ok() && KindOf(deleted) != ErrorKind::kNotFound) return deleted;
    // Each deletion is durable before the next: a gap must never appear after power loss.
    TAPELAKE_RETURN_NOT_OK(files_.SyncDirectory(directory_));
    const std::scoped_lock lock(mutex_);
    segments_.pop_front();
    stored_bytes -= segment_bytes;
    dropped_bytes += segment_bytes;
  }
}

StreamFacts Stream::Impl::facts() const {
  const std::scoped_lock lock(mutex_);
  return FactsOf(segments_);
}

std::map<std::string, uint64_t> Stream::Impl::taken() const {
  const std::scoped_lock lock(mutex_);
  return taken_;
}

// ---- the door

Stream::Stream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Stream::~Stream() = default;

Result<std::unique_ptr<Stream>> Stream::Open(io::FileSystem& files, io::Clock& clock,
                                             const std::string& directory, const std::string& name,
                                             const StreamOptions& options, OpenReport* report) {
  TAPELAKE_RETURN_NOT_OK(CheckOptions(name, options));
  TAPELAKE_ASSIGN_OR_RAISE(
      StreamMetadata metadata,
      OpenMetadata(files, clock, directory, {.name = name, .shard_count = options.shard_count}));
  if (metadata.name != name) {
    return MakeError(ErrorKind::kInvalid, "'" + directory + "' holds stream '" + metadata.name +
                                              "', not '" + name + "'");
  }
  auto impl = std::make_unique<Impl>(files, clock, directory, std::move(metadata), options);
  TAPELAKE_RETURN_NOT_OK(impl->Recover(report));
  return std::unique_ptr<Stream>(new Stream(std::move(impl)));
}

Result<std::vector<RecordPlace>> Stream::Append(std::span<const PutEntry> entries) {
  return impl_->Append(entries);
}
Status Stream::Sync() {
  return impl_->Sync();
}
Status Stream::Seal() {
  return impl_->Seal();
}
Status Stream::Read(uint64_t from_sequence, size_t bytes_max, record::RecordBlock* block) {
  return impl_->Read(from_sequence, bytes_max, block);
}
Result<uint64_t> Stream::SequenceAtTime(int64_t arrival_micros) {
  return impl_->SequenceAtTime(arrival_micros);
}
void Stream::SetTaken(const std::string& consumer, uint64_t next_sequence) {
  impl_->SetTaken(consumer, next_sequence);
}
void Stream::Forget(const std::string& consumer) {
  impl_->Forget(consumer);
}
Status Stream::SetRetention(int64_t retention_micros) {
  return impl_->SetRetention(retention_micros);
}
int64_t Stream::retention_micros() const {
  return impl_->retention_micros();
}
Status Stream::SetEncryption(const std::string& key_id) {
  return impl_->SetEncryption(key_id);
}
std::string Stream::encryption_key() const {
  return impl_->encryption_key();
}
const FrameDecryptor& Stream::decryptor() const {
  return impl_->decryptor();
}
Result<int64_t> Stream::DropExpired() {
  return impl_->DropExpired();
}
StreamFacts Stream::facts() const {
  return impl_->facts();
}
std::map<std::string, uint64_t> Stream::taken() const {
  return impl_->taken();
}
io::Clock& Stream::clock() const {
  return impl_->clock();
}
Status Stream::Reshard(const ShardChange& change) {
  return impl_->Reshard(change);
}
std::shared_ptr<const ShardMap> Stream::shards() const {
  return impl_->shards();
}
const StreamOptions& Stream::options() const {
  return impl_->options();
}
const std::string& Stream::name() const {
  return impl_->name();
}

Result<StreamDescription> DescribeStream(io::FileSystem& files, const std::string& directory) {
  TAPELAKE_ASSIGN_OR_RAISE(const StreamMetadata metadata, ReadStreamMetadata(files, directory));
  TAPELAKE_ASSIGN_OR_RAISE(const ShardMap shards, ReadShards(files, directory, metadata));
  TAPELAKE_ASSIGN_OR_RAISE(StreamEncryption encryption,
                           ReadEncryption(files, directory, metadata.salt));
  TAPELAKE_ASSIGN_OR_RAISE(const RecoveredLog log, RecoverLog(files, directory, metadata.salt));
  return StreamDescription{.name = metadata.name,
                           .shards = shards.shards(),
                           .facts = FactsOf(log.segments),
                           .torn_bytes = log.torn_bytes,
                           .encryption_key = std::move(encryption.key_id)};
}

}  // namespace tapelake::stream
