#include "hot/hot_table.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>

namespace tapelake::hot {
namespace {

/// Where the newest change of a key is.
struct Newest {
  size_t chunk = 0;
  int64_t row = HotChange::kDelete;
};

using NewestByKey = std::unordered_map<std::string_view, Newest>;

NewestByKey FindNewest(const HotView& view) {
  NewestByKey newest;
  for (size_t i = 0; i < view.chunks.size(); ++i) {
    for (const HotChange& change : view.chunks[i]->changes) {
      newest[change.key] = {.chunk = i, .row = change.row};
    }
  }
  return newest;
}

Result<std::shared_ptr<arrow::Array>> ColumnOf(const arrow::RecordBatch& batch,
                                               const arrow::Field& field) {
  const auto column = batch.GetColumnByName(field.name());
  if (column == nullptr) return arrow::MakeArrayOfNull(field.type(), batch.num_rows());
  if (column->type()->Equals(*field.type())) return column;
  return MakeError(ErrorKind::kInternal, "hot column '" + field.name() + "' is " +
                                             column->type()->ToString() + " and " +
                                             field.type()->ToString());
}

Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const HotView& view,
                                                     const NewestByKey& newest) {
  std::vector<std::vector<int64_t>> rows(view.chunks.size());
  for (const auto& [key, place] : newest) {
    if (place.row != HotChange::kDelete) rows[place.chunk].push_back(place.row);
  }
  // Columns are only ever added, so the newest chunk knows them all.
  const std::shared_ptr<arrow::Schema> schema = view.chunks.back()->rows->schema();
  std::vector<arrow::ArrayVector> pieces(static_cast<size_t>(schema->num_fields()));
  int64_t row_count = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].empty()) continue;
    std::sort(rows[i].begin(), rows[i].end());
    row_count += static_cast<int64_t>(rows[i].size());
    const auto indices =
        arrow::Int64Array(static_cast<int64_t>(rows[i].size()), arrow::Buffer::Wrap(rows[i]));
    for (int c = 0; c < schema->num_fields(); ++c) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto column,
                               ColumnOf(*view.chunks[i]->rows, *schema->field(c)));
      TAPELAKE_ASSIGN_OR_RAISE(auto taken, arrow::compute::Take(*column, indices));
      pieces[static_cast<size_t>(c)].push_back(std::move(taken));
    }
  }
  if (row_count == 0) return nullptr;
  arrow::ArrayVector columns;
  for (const arrow::ArrayVector& piece : pieces) {
    TAPELAKE_ASSIGN_OR_RAISE(auto column, arrow::Concatenate(piece));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, row_count, std::move(columns));
}

}  // namespace

Result<HotOverlay> MergeHotView(const HotView& view) {
  HotOverlay overlay;
  overlay.instant = view.instant;
  if (view.empty()) return overlay;
  const NewestByKey newest = FindNewest(view);
  TAPELAKE_ASSIGN_OR_RAISE(overlay.rows, TakeRows(view, newest));
  overlay.keys.reserve(newest.size());
  for (const auto& [key, place] : newest)
    overlay.keys.emplace_back(key);
  std::sort(overlay.keys.begin(), overlay.keys.end());
  return overlay;
}

void HotTable::Committed(std::string instant) {
  const std::scoped_lock lock(mutex_);
  view_ = {.instant = std::move(instant), .chunks = {}};
}

void HotTable::Publish(std::shared_ptr<const HotChunk> chunk) {
  const std::scoped_lock lock(mutex_);
  view_.chunks.push_back(std::move(chunk));
}

HotView HotTable::View() const {
  const std::scoped_lock lock(mutex_);
  return view_;
}

}  // namespace tapelake::hot
