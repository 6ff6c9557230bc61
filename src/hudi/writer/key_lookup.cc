#include "hudi/writer/key_lookup.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <arrow/array.h>
#include <arrow/type.h>

#include "hudi/format/avro_schema.h"
#include "hudi/format/bloom_filter.h"
#include "hudi/log/log_overlay.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/writer/key_summary.h"

namespace tapelake::hudi {
namespace {

const std::string& KeyColumn() {
  static const std::string kName(kMetaColumns[2]);
  return kName;
}

bool JavaLess(std::string_view left, std::string_view right) {
  return CompareAsJava(left, right) < 0;
}

/// The filter of a footer; nullopt if there is none that we read: it only saves work.
std::optional<BloomFilter> FilterOf(const BaseFileReader& reader) {
  const auto text = reader.FooterValue(std::string(kBloomFilterKey));
  if (!text || reader.FooterValue(std::string(kBloomFilterTypeKey)) != kBloomFilterType) {
    return std::nullopt;
  }
  auto filter = BloomFilter::Parse(*text, std::numeric_limits<int32_t>::max());
  if (!filter.ok()) return std::nullopt;
  return std::move(filter).ValueUnsafe();
}

/// Return whether range and filter in the footer let the file hold a wanted key.
bool MayHold(const BaseFileReader& reader, const WantedKeys& wanted) {
  const auto min = reader.FooterValue(std::string(kMinRecordKeyKey));
  const auto max = reader.FooterValue(std::string(kMaxRecordKeyKey));
  if (!min || !max) return true;
  const std::span<const std::string_view> keys = wanted.Between(*min, *max);
  if (keys.empty()) return false;
  const auto filter = FilterOf(reader);
  return !filter || std::ranges::any_of(keys, [&](auto key) { return filter->MayContain(key); });
}

}  // namespace

bool WantedKeys::Add(std::string_view key) {
  return numbers_.try_emplace(key, static_cast<uint32_t>(numbers_.size())).second;
}

void WantedKeys::Finish() {
  sorted_.reserve(numbers_.size());
  for (const auto& [key, number] : numbers_)
    sorted_.push_back(key);
  std::ranges::sort(sorted_, JavaLess);
}

int64_t WantedKeys::Find(std::string_view key) const {
  const auto found = numbers_.find(key);
  return found == numbers_.end() ? -1 : int64_t{found->second};
}

std::span<const std::string_view> WantedKeys::Between(std::string_view min,
                                                      std::string_view max) const {
  const auto begin = std::ranges::lower_bound(sorted_, min, JavaLess);
  const auto end = std::ranges::upper_bound(begin, sorted_.end(), max, JavaLess);
  return {begin, end};
}

Result<std::vector<uint32_t>> FindInBaseFile(const KeySource& source, const FileSlice& slice,
                                             const WantedKeys& wanted) {
  std::vector<uint32_t> found;
  if (!slice.has_base_file() || wanted.size() == 0) return found;
  const std::string path = io::JoinPath(source.base_path, slice.RelativePath());
  TAPELAKE_RETURN_NOT_OK(source.checked.Check(source.files, path));
  TAPELAKE_ASSIGN_OR_RAISE(const auto reader, BaseFileReader::Open(source.files, path));
  if (source.by_footer && !MayHold(*reader, wanted)) return found;
  TAPELAKE_ASSIGN_OR_RAISE(const auto batches,
                           reader->Stream(reader->AllRowGroups(), {KeyColumn()}));
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto batch, batches->Next());
    if (batch == nullptr) break;
    const auto column = batch->GetColumnByName(KeyColumn());
    const auto* keys = dynamic_cast<const arrow::StringArray*>(column.get());
    if (keys == nullptr || keys->null_count() > 0) {
      return MakeError(ErrorKind::kCorrupt,
                       "base file '" + path + "' has rows without " + KeyColumn());
    }
    for (int64_t row = 0; row < keys->length(); ++row) {
      const int64_t number = wanted.Find(keys->GetView(row));
      if (number >= 0) found.push_back(static_cast<uint32_t>(number));
    }
  }
  std::ranges::sort(found);
  const auto again = std::ranges::unique(found);  // Hudi's inserts may have doubled a key
  found.erase(again.begin(), again.end());
  return found;
}

Result<std::vector<uint32_t>> FindInLogs(const KeySource& source, const FileSlice& slice,
                                         const WantedKeys& wanted) {
  std::vector<uint32_t> found;
  if (slice.log_files.empty()) return found;
  // The keys are all that is asked for, so whichever record wins.
  TAPELAKE_ASSIGN_OR_RAISE(
      const auto overlay,
      ReadLogOverlay(source.files, source.base_path, slice, source.timeline,
                     arrow::schema(arrow::FieldVector()), {.as_of = "", .precombine_field = ""}));
  for (const std::string_view key : overlay->keys) {
    const int64_t number = wanted.Find(key);
    if (number >= 0) found.push_back(static_cast<uint32_t>(number));
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace tapelake::hudi
