#include "hudi/writer/sorted_placement.h"

#include <algorithm>
#include <bit>
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

/// A change by the first bytes of its key that are not those of all keys; they mostly decide.
struct SortEntry {
  uint64_t bytes = 0;
  uint32_t change = 0;
};

uint64_t FirstBytes(std::string_view text) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, text.data(), std::min(text.size(), sizeof(bytes)));
  if constexpr (std::endian::native == std::endian::little) bytes = __builtin_bswap64(bytes);
  return bytes;
}

/// How many bytes all keys begin with together.
size_t CommonBytes(const std::vector<uint32_t>& changes, const UpsertRequest& request) {
  const std::string_view first = request.changes[changes.front()].record_key;
  size_t common = first.size();
  for (const uint32_t change : changes) {
    const std::string_view key = request.changes[change].record_key;
    if (key.starts_with(first.substr(0, common))) continue;
    common = static_cast<size_t>(std::ranges::mismatch(key, first).in2 - first.begin());
  }
  return common;
}

/// Sort by key. Errors: kInvalid (a key is there twice).
Status SortByKey(const UpsertRequest& request, const std::string& partition_path,
                 std::vector<uint32_t>* changes) {
  if (changes->empty()) return Status::OK();
  const auto key = [&](const SortEntry& entry) { return request.changes[entry.change].record_key; };
  const size_t common = CommonBytes(*changes, request);
  std::vector<SortEntry> entries;
  entries.reserve(changes->size());
  for (const uint32_t change : *changes)
    entries.push_back({FirstBytes(request.changes[change].record_key.substr(common)), change});
  std::ranges::sort(entries, [&](const SortEntry& left, const SortEntry& right) {
    if (left.bytes != right.bytes) return left.bytes < right.bytes;
    return key(left) < key(right);
  });
  const auto twice =
      std::ranges::adjacent_find(entries, [&](const SortEntry& left, const SortEntry& right) {
        return left.bytes == right.bytes && key(left) == key(right);
      });
  if (twice != entries.end()) {
    return MakeError(ErrorKind::kInvalid, "record key '" + std::string(key(*twice)) +
                                              "' is written twice in one commit of partition '" +
                                              partition_path + "'");
  }
  std::ranges::transform(entries, changes->begin(), &SortEntry::change);
  return Status::OK();
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
  std::vector<std::vector<uint32_t>> sorted(groups.partition_paths().size());
  for (uint32_t i = 0; i < request.changes.size(); ++i)
    sorted[groups.PartitionOf(request.changes[i])].push_back(i);
  TAPELAKE_RETURN_NOT_OK(
      RunOnThreads(sorted.size(), request.threads, [&](size_t partition, size_t) {
        return SortByKey(request, groups.partition_paths()[partition], &sorted[partition]);
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
      groups.Add({.partition = partition,
                  .file_id = NewFileId(target.random),
                  .in_base_file = true,
                  .keys_are_distinct = true},
                 {begin, end}, 0);
    }
  }
  return groups;
}

}  // namespace tapelake::hudi
