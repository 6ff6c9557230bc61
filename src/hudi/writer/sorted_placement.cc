#include "hudi/writer/sorted_placement.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "hudi/format/file_name.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kSampleRows = 20'000;
/// Of what no data column shows: sequence number, filter, the other constants.
constexpr int64_t kMetaBytes = 8;

/// A change by the first bytes of its key, which mostly decide.
struct SortEntry {
  uint64_t prefix = 0;
  uint32_t change = 0;
};

uint64_t PrefixOf(std::string_view key) {
  unsigned char bytes[sizeof(uint64_t)] = {};
  std::memcpy(bytes, key.data(), std::min(key.size(), sizeof(bytes)));
  uint64_t prefix = 0;
  for (const unsigned char byte : bytes)
    prefix = prefix << 8 | byte;
  return prefix;
}

std::vector<uint32_t> SortByKey(std::vector<SortEntry> entries, const UpsertRequest& request) {
  const auto key = [&](const SortEntry& entry) { return request.changes[entry.change].record_key; };
  std::ranges::sort(entries, [&](const SortEntry& left, const SortEntry& right) {
    if (left.prefix != right.prefix) return left.prefix < right.prefix;
    return key(left) < key(right);
  });
  std::vector<uint32_t> changes;
  changes.reserve(entries.size());
  for (const SortEntry& entry : entries)
    changes.push_back(entry.change);
  return changes;
}

Status CheckDistinct(const std::vector<uint32_t>& sorted, const UpsertRequest& request,
                     const std::string& partition_path) {
  const auto twice = std::ranges::adjacent_find(
      sorted, {}, [&](uint32_t change) { return request.changes[change].record_key; });
  if (twice == sorted.end()) return Status::OK();
  return MakeError(ErrorKind::kInvalid,
                   "record key '" + std::string(request.changes[*twice].record_key) +
                       "' is written twice in one commit of partition '" + partition_path + "'");
}

/// What a row of a base file takes, judged by the first of `changes`.
Result<int64_t> MeasureRecordBytes(const UpsertRequest& request,
                                   std::span<const uint32_t> changes) {
  const size_t count = std::min(changes.size(), static_cast<size_t>(kSampleRows));
  std::vector<int64_t> rows;
  int64_t key_bytes = 0;
  for (const uint32_t change : changes.first(count)) {
    rows.push_back(request.changes[change].row);
    key_bytes += static_cast<int64_t>(request.changes[change].record_key.size());
  }
  const arrow::Int64Array indices(static_cast<int64_t>(count), arrow::Buffer::Wrap(rows));
  TAPELAKE_ASSIGN_OR_RAISE(auto taken,
                           arrow::compute::Take(request.rows, arrow::Datum(indices.data())));
  TAPELAKE_ASSIGN_OR_RAISE(const auto table,
                           arrow::Table::FromRecordBatches({taken.record_batch()}));
  TAPELAKE_ASSIGN_OR_RAISE(const auto sink, arrow::io::BufferOutputStream::Create());
  const auto properties =
      parquet::WriterProperties::Builder().compression(parquet::Compression::ZSTD)->build();
  TAPELAKE_RETURN_NOT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink,
                                                    kSampleRows, properties));
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t bytes, sink->Tell());
  // The key stands there once more, and compresses to about half.
  return (bytes + key_bytes / 2) / static_cast<int64_t>(count) + kMetaBytes;
}

}  // namespace

Result<ChangeGroups> PlaceSorted(const UpsertTarget& target, const UpsertRequest& request,
                                 const FileSizing& sizing) {
  TAPELAKE_ASSIGN_OR_RAISE(ChangeGroups groups, ChangeGroups::Make(request, target.config));
  std::vector<std::vector<SortEntry>> entries(groups.partition_paths().size());
  for (uint32_t i = 0; i < request.changes.size(); ++i) {
    const RecordChange& change = request.changes[i];
    entries[groups.PartitionOf(change)].push_back({PrefixOf(change.record_key), i});
  }
  std::vector<std::vector<uint32_t>> sorted(entries.size());
  TAPELAKE_RETURN_NOT_OK(
      RunOnThreads(entries.size(), request.threads, [&](size_t partition, size_t) {
        sorted[partition] = SortByKey(std::exchange(entries[partition], {}), request);
        return CheckDistinct(sorted[partition], request, groups.partition_paths()[partition]);
      }));
  const auto largest = std::ranges::max_element(sorted, {}, &std::vector<uint32_t>::size);
  if (largest == sorted.end() || largest->empty()) return groups;
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t record_bytes, MeasureRecordBytes(request, *largest));
  const auto full = static_cast<size_t>(std::max<int64_t>(sizing.max_file_bytes / record_bytes, 1));
  for (uint32_t partition = 0; partition < sorted.size(); ++partition) {
    const std::vector<uint32_t>& changes = sorted[partition];
    const size_t files = (changes.size() + full - 1) / full;
    for (size_t file = 0; file < files; ++file) {
      const auto begin = changes.begin() + static_cast<ptrdiff_t>(changes.size() * file / files);
      const auto end =
          changes.begin() + static_cast<ptrdiff_t>(changes.size() * (file + 1) / files);
      groups.Add(
          {.partition = partition, .file_id = NewFileId(target.random), .in_base_file = true},
          {begin, end}, 0);
    }
  }
  return groups;
}

}  // namespace tapelake::hudi
