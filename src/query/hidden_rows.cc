#include "query/hidden_rows.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/util/checked_cast.h>

namespace tapelake::query {
namespace {

constexpr const char* kKeyColumn = "_hoodie_record_key";
constexpr int64_t kBitsPerWord = 64;
// Rather start over than grow for ever: a million rows take 125 kB.
constexpr size_t kFilesMax = 1024;

/// The bits of a row group's rows.
Result<std::vector<uint64_t>> ReadKeys(hudi::BaseFileReader& reader, const KeyLevels& hidden_by,
                                       int row_group) {
  const int64_t rows = reader.row_group_rows(row_group);
  std::vector<uint64_t> hidden(static_cast<size_t>((rows + kBitsPerWord - 1) / kBitsPerWord));
  TAPELAKE_ASSIGN_OR_RAISE(const auto stream, reader.Stream({row_group}, {kKeyColumn}));
  int64_t place = 0;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    TAPELAKE_RETURN_NOT_OK(stream->ReadNext(&batch));
    if (batch == nullptr || batch->num_columns() == 0) break;  // without keys nothing is hidden
    if (batch->column(0)->type_id() != arrow::Type::STRING) {
      return MakeError(ErrorKind::kInvalid,
                       "the keys are " + batch->column(0)->type()->ToString() + ", not text");
    }
    const auto& keys = arrow::internal::checked_cast<const arrow::StringArray&>(*batch->column(0));
    for (int64_t i = 0; i < keys.length(); ++i, ++place) {
      const bool hides = !keys.IsNull(i) && hidden_by.Hide(keys.GetView(i));
      hidden[static_cast<size_t>(place / kBitsPerWord)] |= uint64_t{hides}
                                                           << (place % kBitsPerWord);
    }
  }
  return hidden;
}

}  // namespace

struct HiddenRows::RowGroup {
  int index = 0;
  int64_t first_row = 0;
  int64_t end_row = 0;
  std::atomic<bool> is_known = false;
  std::mutex mutex;              // held while it is read
  std::vector<uint64_t> hidden;  // fixed once it is known

  bool Hides(int64_t row) const {
    const int64_t place = row - first_row;
    return (hidden[static_cast<size_t>(place / kBitsPerWord)] >> (place % kBitsPerWord) & 1) != 0;
  }
};

HiddenRows::HiddenRows(std::string path) : path_(std::move(path)) {}

HiddenRows::~HiddenRows() = default;

Status HiddenRows::Find(io::FileSystem& files, const KeyLevels& hidden_by, const int64_t* rows,
                        size_t count, bool* hidden) {
  Reader reader;
  if (!is_open_.load(std::memory_order_acquire)) TAPELAKE_RETURN_NOT_OK(Open(files, &reader));
  RowGroup* group = nullptr;  // that of the row before
  for (size_t i = 0; i < count; ++i) {
    const int64_t row = rows[i];
    if (group == nullptr || row < group->first_row || row >= group->end_row) {
      TAPELAKE_ASSIGN_OR_RAISE(group, GroupOf(row));
      if (!group->is_known.load(std::memory_order_acquire)) {
        TAPELAKE_RETURN_NOT_OK(Learn(files, hidden_by, group, &reader));
      }
    }
    hidden[i] = group->Hides(row);
  }
  return Status::OK();
}

Status HiddenRows::Open(io::FileSystem& files, Reader* reader) {
  const std::lock_guard lock(mutex_);
  if (is_open_.load(std::memory_order_relaxed)) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(*reader, hudi::BaseFileReader::Open(files, path_));
  int64_t row = 0;
  for (int index = 0; index < (*reader)->row_group_count(); ++index) {
    auto group = std::make_unique<RowGroup>();
    group->index = index;
    group->first_row = row;
    row += (*reader)->row_group_rows(index);
    group->end_row = row;
    groups_.push_back(std::move(group));
  }
  is_open_.store(true, std::memory_order_release);
  return Status::OK();
}

Result<HiddenRows::RowGroup*> HiddenRows::GroupOf(int64_t row) {
  const auto after = std::ranges::upper_bound(
      groups_, row, {}, [](const std::unique_ptr<RowGroup>& group) { return group->end_row; });
  if (row < 0 || after == groups_.end()) {
    return MakeError(ErrorKind::kInvalid, "'" + path_ + "' has no row " + std::to_string(row));
  }
  return after->get();
}

Status HiddenRows::Learn(io::FileSystem& files, const KeyLevels& hidden_by, RowGroup* group,
                         Reader* reader) {
  const std::lock_guard reading(group->mutex);
  if (group->is_known.load(std::memory_order_relaxed)) return Status::OK();
  if (*reader == nullptr) {
    TAPELAKE_ASSIGN_OR_RAISE(*reader, hudi::BaseFileReader::Open(files, path_));
  }
  auto hidden = ReadKeys(**reader, hidden_by, group->index);
  if (!hidden.ok()) return WithContext(hidden.status(), "'" + path_ + "'");
  group->hidden = hidden.MoveValueUnsafe();
  group->is_known.store(true, std::memory_order_release);
  return Status::OK();
}

std::shared_ptr<HiddenRows> HiddenRowsCache::Under(const std::string& path, const Levels& levels) {
  const auto same = [](const std::weak_ptr<const hudi::LogOverlay>& old, const auto& level) {
    return old.lock() == level;
  };
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kFilesMax && !entries_.contains(path)) entries_.clear();
  Entry& entry = entries_[path];
  if (entry.rows == nullptr || !std::ranges::equal(entry.levels, levels, same)) {
    entry.levels.assign(levels.begin(), levels.end());
    entry.rows = std::make_shared<HiddenRows>(path);
  }
  return entry.rows;
}

}  // namespace tapelake::query
