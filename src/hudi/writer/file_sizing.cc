#include "hudi/writer/file_sizing.h"

#include <algorithm>
#include <charconv>
#include <ranges>

#include "hudi/format/file_name.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kTellingBytes = int64_t{1} << 20;  // fewer are mostly footers
constexpr int kCommitsReadMax = 10;

/// A missing or empty value leaves `*bytes` as it is.
Status ReadBytes(const TableConfig& config, const char* key, int64_t least, int64_t* bytes) {
  const auto found = config.properties.find(key);
  if (found == config.properties.end() || found->second.empty()) return Status::OK();
  const std::string& text = found->second;
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number < least) {
    return MakeError(ErrorKind::kInvalid, "table '" + config.name + "': property " + key + "='" +
                                              text + "' is no number of bytes from " +
                                              std::to_string(least));
  }
  *bytes = number;
  return Status::OK();
}

bool TakesInserts(const FileSlice& slice, TableType type, const FileSizing& sizing) {
  if (!slice.has_base_file() || slice.size_bytes >= sizing.small_file_bytes) return false;
  if (type == TableType::kCopyOnWrite) return true;
  return slice.log_files.empty() && slice.pending_compaction.empty();
}

}  // namespace

Result<FileSizing> FileSizingOf(const TableConfig& config) {
  FileSizing sizing;
  TAPELAKE_RETURN_NOT_OK(
      ReadBytes(config, "hoodie.parquet.small.file.limit", 0, &sizing.small_file_bytes));
  TAPELAKE_RETURN_NOT_OK(
      ReadBytes(config, "hoodie.parquet.max.file.size", 1, &sizing.max_file_bytes));
  TAPELAKE_RETURN_NOT_OK(
      ReadBytes(config, "hoodie.copyonwrite.record.size.estimate", 1, &sizing.record_bytes));
  return sizing;
}

Result<int64_t> EstimateRecordBytes(io::FileSystem& files, const std::string& base_path,
                                    const Timeline& timeline, int64_t otherwise) {
  int64_t bytes = 0;
  int64_t rows = 0;
  const std::vector<Instant> commits = timeline.CompletedCommits();
  for (const Instant& commit : commits | std::views::reverse | std::views::take(kCommitsReadMax)) {
    TAPELAKE_ASSIGN_OR_RAISE(const CommitMetadata metadata,
                             ReadCommitMetadata(files, base_path, commit));
    for (const auto& [partition, stats] : metadata.write_stats) {
      for (const WriteStat& stat : stats) {
        if (!ParseBaseFileName(io::FileName(stat.path))) continue;
        bytes += stat.file_size_bytes;
        rows += stat.writes;
      }
    }
    if (bytes >= kTellingBytes && rows > 0) return std::max<int64_t>(bytes / rows, 1);
  }
  return otherwise;
}

std::vector<InsertPlace> PackInserts(std::span<const FileSlice> slices, int64_t rows,
                                     TableType type, const FileSizing& sizing) {
  std::vector<const FileSlice*> small;
  for (const FileSlice& slice : slices) {
    if (TakesInserts(slice, type, sizing)) small.push_back(&slice);
  }
  std::ranges::stable_sort(small, {}, &FileSlice::size_bytes);
  if (type == TableType::kMergeOnRead && small.size() > 1) {
    small.erase(small.begin() + 1, small.end());
  }
  std::vector<InsertPlace> places;
  for (const FileSlice* slice : small) {
    const int64_t room =
        std::min((sizing.max_file_bytes - slice->size_bytes) / sizing.record_bytes, rows);
    if (room <= 0) continue;
    places.push_back({slice, room});
    rows -= room;
  }
  const int64_t full = std::max<int64_t>(sizing.max_file_bytes / sizing.record_bytes, 1);
  for (; rows > 0; rows -= places.back().rows)
    places.push_back({nullptr, std::min(rows, full)});
  return places;
}

}  // namespace tapelake::hudi
