#include "query/hidden_rows.h"

#include <algorithm>
#include <utility>

#include <arrow/array.h>
#include <arrow/util/checked_cast.h>

namespace tapelake::query {
namespace {

constexpr const char* kKeyColumn = "_hoodie_record_key";
constexpr int64_t kBitsPerWord = 64;

}  // namespace

struct HiddenRows::RowGroup {
  int index = 0;
  int64_t first_row = 0;
  int64_t end_row = 0;
  std::atomic<bool> is_known = false;
  std::mutex mutex;             // held while it is read
  std::vector<uint64_t> hidden;  // fixed once it is known

  bool Hides(int64_t row) const {
    const int64_t place = row - first_row;
    return (hidden[static_cast<size_t>(place / kBitsPerWord)] >> (place % kBitsPerWord) & 1) != 0;
  }
};

HiddenRows::HiddenRows(std::string path, KeyLevels hidden_by)
    : path_(std::move(path)), hidden_by_(std::move(hidden_by)) {}

HiddenRows::~HiddenRows() = default;

Status HiddenRows::Find(io::FileSystem& files, const int64_t* rows, size_t count, bool* hidden) {
  if (!is_open_.load(std::memory_order_acquire)) TAPELAKE_RETURN_NOT_OK(Open(files));
  RowGroup* group = nullptr;  // that of the row before
  for (size_t i = 0; i < count; ++i) {
    const int64_t row = rows[i];
    if (group == nullptr || row < group->first_row || row >= group->end_row) {
      TAPELAKE_ASSIGN_OR_RAISE(group, GroupOf(row));
      if (!group->is_known.load(std::memory_order_acquire)) {
        TAPELAKE_RETURN_NOT_OK(Learn(files, group));
      }
    }
    hidden[i] = group->Hides(row);
  }
  return Status::OK();
}

Status HiddenRows::Open(io::FileSystem& files) {
  const std::lock_guard lock(mutex_);
  if (is_open_.load(std::memory_order_relaxed)) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(spare_reader_, hudi::BaseFileReader::Open(files, path_));
  int64_t row = 0;
  for (int index = 0; index < spare_reader_->row_group_count(); ++index) {
    auto group = std::make_unique<RowGroup>();
    group->index = index;
    group->first_row = row;
    row += spare_reader_->row_group_rows(index);
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
    return MakeError(ErrorKind::kInvalid,
                     "'" + path_ + "' has no row " + std::to_string(row));
  }
  return after->get();
}

Status HiddenRows::Learn(io::FileSystem& files, RowGroup* group) {
  const std::lock_guard reading(group->mutex);
  if (group->is_known.load(std::memory_order_relaxed)) return Status::OK();
  std::unique_ptr<hudi::BaseFileReader> reader;
  {
    const std::lock_guard lock(mutex_);
    reader = std::move(spare_reader_);
  }
  if (reader == nullptr) {  // another thread has it, or all was known once
    TAPELAKE_ASSIGN_OR_RAISE(reader, hudi::BaseFileReader::Open(files, path_));
  }
  const int64_t rows = group->end_row - group->first_row;
  std::vector<uint64_t> hidden(static_cast<size_t>((rows + kBitsPerWord - 1) / kBitsPerWord));
  TAPELAKE_ASSIGN_OR_RAISE(const auto stream, reader->Stream({group->index}, {kKeyColumn}));
  int64_t place = 0;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    TAPELAKE_RETURN_NOT_OK(stream->ReadNext(&batch));
    if (batch == nullptr || batch->num_columns() == 0) break;  // without keys nothing is hidden
    if (batch->column(0)->type_id() != arrow::Type::STRING) {
      return MakeError(ErrorKind::kInvalid, "'" + path_ + "': the keys are " +
                                                batch->column(0)->type()->ToString() +
                                                ", not text");
    }
    const auto& keys =
        arrow::internal::checked_cast<const arrow::StringArray&>(*batch->column(0));
    for (int64_t i = 0; i < keys.length(); ++i, ++place) {
      const bool hides = !keys.IsNull(i) && hidden_by_.Hide(keys.GetView(i));
      hidden[static_cast<size_t>(place / kBitsPerWord)] |= uint64_t{hides}
                                                           << (place % kBitsPerWord);
    }
  }
  group->hidden = std::move(hidden);
  group->is_known.store(true, std::memory_order_release);
  const bool all_known = std::ranges::all_of(
      groups_, [](const auto& each) { return each->is_known.load(std::memory_order_relaxed); });
  const std::lock_guard lock(mutex_);
  spare_reader_ = all_known ? nullptr : std::move(reader);  // a footer takes more than the bits
  return Status::OK();
}

}  // namespace tapelake::query
