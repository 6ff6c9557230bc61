// The first half of FileGroupMerge: which stored rows the changes replace or delete.

#include <utility>

#include <arrow/array.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/avro_schema.h"
#include "hudi/writer/file_group_merge.h"

namespace tapelake::hudi {
namespace {

using arrow::internal::checked_cast;

const std::string& KeyColumn() {
  static const std::string name(kMetaColumns[2]);
  return name;
}

}  // namespace

Status FileGroupMerge::JudgeStored() {
  const bool keeps_keys = stored_->row_count() <= kRowGroupRows;
  for (const int row_group : stored_->AllRowGroups()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto keys, ReadKeys(row_group));
    std::vector<Rivalry> rivals = FindRivals(*keys);
    if (context_.request.merger != nullptr && !rivals.empty()) {
      TAPELAKE_RETURN_NOT_OK(RefuseOlder(row_group, &rivals));
    }
    for (const Rivalry& rival : rivals) {
      fates_[rival.local] = Fate::kReplaces;
      ++(changes_[rival.local].row == RecordChange::kDelete ? deletes_ : updates_);
    }
    if (keys_->needs_stored_keys()) SummarizeStaying(*keys, rivals);
    stored_rows_.push_back(
        {.replaced = std::move(rivals), .keys = keeps_keys ? std::move(keys) : nullptr});
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::ChunkedArray>> FileGroupMerge::ReadKeys(int row_group) {
  TAPELAKE_ASSIGN_OR_RAISE(auto stream, stored_->Stream({row_group}, {KeyColumn()}));
  arrow::ArrayVector keys;
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto batch, stream->Next());
    if (batch == nullptr) return arrow::ChunkedArray::Make(std::move(keys), arrow::utf8());
    auto column = batch->GetColumnByName(KeyColumn());
    if (column == nullptr || column->type_id() != arrow::Type::STRING) {
      return InStored(MakeError(ErrorKind::kCorrupt, "no record keys in " + KeyColumn()));
    }
    keys.push_back(std::move(column));
  }
}

std::vector<FileGroupMerge::Rivalry> FileGroupMerge::FindRivals(
    const arrow::ChunkedArray& keys) const {
  std::vector<Rivalry> rivals;
  int64_t row = 0;
  for (const auto& chunk : keys.chunks()) {
    const auto& texts = checked_cast<const arrow::StringArray&>(*chunk);
    for (int64_t i = 0; i < texts.length(); ++i, ++row) {
      const auto local = local_of_key_.Find(texts.GetView(i));
      if (local) rivals.push_back({row, *local});
    }
  }
  return rivals;
}

/// Ask the merger; leave only the rivals whose stored row goes.
Status FileGroupMerge::RefuseOlder(int row_group, std::vector<Rivalry>* rivals) {
  TAPELAKE_ASSIGN_OR_RAISE(auto stream, stored_->Stream({row_group}, rival_columns_));
  std::vector<Rivalry> winning;
  int64_t first = 0;  // row of the batch
  auto next = rivals->begin();
  while (next != rivals->end()) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto batch, stream->Next());
    if (batch == nullptr) return StoredIsCutShort();
    const int64_t end = first + batch->num_rows();
    for (; next != rivals->end() && next->row < end; ++next) {
      const size_t change = task_.changes[next->local];
      if (context_.request.merger->IncomingWins(*batch, next->row - first, change)) {
        winning.push_back(*next);
      } else {
        fates_[next->local] = Fate::kRefused;
      }
    }
    first = end;
  }
  *rivals = std::move(winning);
  return Status::OK();
}

void FileGroupMerge::SummarizeStaying(const arrow::ChunkedArray& keys,
                                      const std::vector<Rivalry>& replaced) {
  std::vector<std::string_view> staying;
  staying.reserve(static_cast<size_t>(keys.length()));
  int64_t row = 0;
  auto next = replaced.begin();
  for (const auto& chunk : keys.chunks()) {
    const auto& texts = checked_cast<const arrow::StringArray&>(*chunk);
    for (int64_t i = 0; i < texts.length(); ++i, ++row) {
      if (next != replaced.end() && next->row == row) {
        ++next;
      } else {
        staying.push_back(texts.GetView(i));
      }
    }
  }
  keys_->AddAll(staying);
}

}  // namespace tapelake::hudi
