#include "stream/recovery.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace tapelake::stream {
namespace {

constexpr uint64_t kSearchBytes = 4 << 20;

struct SegmentName {
  std::string path;
  uint64_t first_sequence = 1;
};

Result<std::vector<SegmentName>> ListSegments(io::FileSystem& files, const std::string& directory) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, files.ListNames(directory));
  std::vector<SegmentName> segments;
  for (const std::string& name : names) {
    if (const auto sequence = ParseSegmentFileName(name)) {
      segments.push_back({io::JoinPath(directory, name), *sequence});
    }
  }
  return segments;
}

/// Look at a finished segment: its header and its seal, which must lead to the next one.
Result<Segment> ReadFinished(io::FileSystem& files, const SegmentName& name, uint64_t salt,
                             uint64_t next_sequence) {
  TAPELAKE_ASSIGN_OR_RAISE(const SegmentFile file, SegmentFile::Open(files, name.path, salt));
  TAPELAKE_ASSIGN_OR_RAISE(const std::string begin, file.ReadBytes(0, kSegmentHeaderBytes));
  const auto header = ParseSegmentHeader(begin, salt);
  if (!header || header->first_sequence != name.first_sequence) {
    return file.Damaged(0, "no whole segment header");
  }
  const uint64_t size = file.size_bytes();
  if (size < kSegmentHeaderBytes + kSealBytes) return file.Damaged(size, "its end is missing");
  const uint64_t offset = size - kSealBytes;
  TAPELAKE_ASSIGN_OR_RAISE(const std::string end, file.ReadBytes(offset, kSealBytes));
  const auto seal = ParseSeal(end, salt, offset);
  if (!seal) return file.Damaged(offset, "no seal at its end");
  if (seal->next_sequence != next_sequence) {
    return file.Damaged(offset, "it leads to record " + std::to_string(seal->next_sequence) +
                                    ", but the next segment starts with " +
                                    std::to_string(next_sequence));
  }
  return Segment{.path = name.path,
                 .first_sequence = name.first_sequence,
                 .next_sequence = seal->next_sequence,
                 .newest_arrival_micros = seal->newest_arrival_micros,
                 .frames_end = offset,
                 .sealed = true};
}

/// Find a write after `offset` that proves `sequence` durable, piece by piece.
Result<std::optional<uint64_t>> FindProof(const SegmentFile& file, uint64_t salt, uint64_t offset,
                                          uint64_t sequence) {
  for (uint64_t at = offset; at < file.size_bytes(); at += kSearchBytes) {
    // a structure may begin in one piece and end in the next
    TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes,
                             file.ReadBytes(at, kSearchBytes + kFrameHeaderBytes));
    if (const auto proof = FindLaterWrite(bytes, salt, at, sequence)) return proof;
  }
  return std::nullopt;
}

Result<SegmentScan> ScanNewest(io::FileSystem& files, const SegmentName& name, uint64_t salt) {
  return ScanSegment(files, name.path, salt,
                     {.first_sequence = name.first_sequence, .check_records = true});
}

/// Look at the newest segment and decide what a bad end means.
Result<SegmentScan> ReadNewest(io::FileSystem& files, const SegmentName& name, uint64_t salt) {
  TAPELAKE_ASSIGN_OR_RAISE(SegmentScan scan, ScanNewest(files, name, salt));
  while (scan.damage) {
    TAPELAKE_ASSIGN_OR_RAISE(const SegmentFile file, SegmentFile::Open(files, name.path, salt));
    const Damage damage = *scan.damage;
    TAPELAKE_ASSIGN_OR_RAISE(const auto proof,
                             FindProof(file, salt, damage.offset, scan.segment.next_sequence));
    if (!proof) return scan;
    // Somebody may be writing: then what was half there is whole by now.
    TAPELAKE_ASSIGN_OR_RAISE(scan, ScanNewest(files, name, salt));
    if (scan.damage && scan.damage->offset == damage.offset) {
      return file.Damaged(damage.offset, damage.what + " (and offset " + std::to_string(*proof) +
                                             " shows that it was whole once)");
    }
  }
  return scan;
}

/// The newest segment holds no frame: it counts for nothing, and the one before is the newest.
Status DropNewest(io::FileSystem& files, const SegmentName& torn, const SegmentName* before,
                  uint64_t salt, RecoveredLog* log) {
  log->torn_whole = true;
  if (before == nullptr) {
    if (torn.first_sequence == 1) return Status::OK();
    return MakeError(ErrorKind::kCorrupt, "stream segment '" + torn.path +
                                              "' is damaged at offset 0: it holds no record, and "
                                              "there is no segment before it");
  }
  TAPELAKE_ASSIGN_OR_RAISE(SegmentScan scan, ScanSegment(files, before->path, salt,
                                                         {.first_sequence = before->first_sequence,
                                                          .check_records = true}));
  if (scan.damage) {
    TAPELAKE_ASSIGN_OR_RAISE(const SegmentFile file, SegmentFile::Open(files, before->path, salt));
    return file.Damaged(scan.damage->offset, scan.damage->what);
  }
  log->segments.back() = std::move(scan.segment);
  return Status::OK();
}

}  // namespace

Result<RecoveredLog> RecoverLog(io::FileSystem& files, const std::string& directory,
                                uint64_t salt) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, ListSegments(files, directory));
  RecoveredLog log;
  if (names.empty()) return log;
  for (size_t i = 0; i + 1 < names.size(); ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(Segment segment,
                             ReadFinished(files, names[i], salt, names[i + 1].first_sequence));
    log.segments.push_back(std::move(segment));
  }
  const SegmentName& newest = names.back();
  TAPELAKE_ASSIGN_OR_RAISE(SegmentScan scan, ReadNewest(files, newest, salt));
  const bool has_records = scan.segment.next_sequence > newest.first_sequence;
  if (scan.damage || !has_records) {
    TAPELAKE_ASSIGN_OR_RAISE(const io::FileInfo info, files.GetInfo(newest.path));
    log.torn_segment = newest.path;
    log.torn_bytes =
        info.size_bytes - (has_records ? static_cast<int64_t>(scan.segment.frames_end) : 0);
  }
  if (has_records) {
    log.segments.push_back(std::move(scan.segment));
    return log;
  }
  const SegmentName* before = names.size() > 1 ? &names[names.size() - 2] : nullptr;
  TAPELAKE_RETURN_NOT_OK(DropNewest(files, newest, before, salt, &log));
  return log;
}

Status RepairLog(io::FileSystem& files, const std::string& directory, const RecoveredLog& log) {
  if (log.torn_whole) TAPELAKE_RETURN_NOT_OK(files.DeleteFile(log.torn_segment));
  if (!log.segments.empty()) {
    const Segment& newest = log.segments.back();
    TAPELAKE_ASSIGN_OR_RAISE(const auto file, files.OpenForAppend(newest.path));
    if (!log.torn_whole && !log.torn_segment.empty()) {
      TAPELAKE_RETURN_NOT_OK(file->Truncate(static_cast<int64_t>(newest.frames_end)));
    }
    // Frames that a dead process wrote and never synced become readable now: make them stay.
    TAPELAKE_RETURN_NOT_OK(file->Sync());
  }
  return files.SyncDirectory(directory);
}

}  // namespace tapelake::stream
