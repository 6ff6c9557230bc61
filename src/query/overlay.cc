#include "query/overlay.h"

#include <ranges>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/avro_schema.h"

namespace tapelake::query {
namespace {

Result<std::shared_ptr<arrow::StringArray>> TextColumn(const arrow::RecordBatch& rows,
                                                       const std::string& name) {
  const auto column = rows.GetColumnByName(name);
  if (column == nullptr || column->type_id() != arrow::Type::STRING) {
    return MakeError(ErrorKind::kInvalid,
                     "hot rows have no string column '" + name + "', which their key needs");
  }
  return std::static_pointer_cast<arrow::StringArray>(column);
}

/// The partition path of each row, as it is going to be stored.
Result<std::shared_ptr<arrow::Array>> PartitionPaths(const arrow::RecordBatch& rows,
                                                     const KeyLayout& keys) {
  arrow::StringBuilder builder;
  if (keys.partition_field.empty()) {
    TAPELAKE_RETURN_NOT_OK(builder.AppendEmptyValues(rows.num_rows()));
    return builder.Finish();
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto values, TextColumn(rows, keys.partition_field));
  absl::flat_hash_map<std::string_view, std::string> paths;  // few values, many rows
  for (int64_t i = 0; i < values->length(); ++i) {
    const std::string_view value = values->IsNull(i) ? std::string_view() : values->GetView(i);
    const auto [path, fresh] = paths.try_emplace(value);
    if (fresh) {
      TAPELAKE_ASSIGN_OR_RAISE(path->second,
                               hudi::PartitionPathPart(keys.partition_field, value, keys.style));
    }
    TAPELAKE_RETURN_NOT_OK(builder.Append(path->second));
  }
  return builder.Finish();
}

}  // namespace

Result<std::shared_ptr<const Overlay>> Overlay::Make(const TableSnapshot& snapshot,
                                                     std::vector<LogLayers> logs,
                                                     std::shared_ptr<const hot::HotOverlay> hot) {
  std::shared_ptr<Overlay> overlay(new Overlay());
  overlay->schema_ = hudi::WithMetaColumns(snapshot.schema);
  overlay->logs_ = std::move(logs);
  overlay->hot_ = std::move(hot);
  if (overlay->hot_ != nullptr) {
    overlay->hot_key_set_.insert(overlay->hot_->keys.begin(), overlay->hot_->keys.end());
    overlay->hot_keys_.Add(overlay->hot_key_set_);
  }
  for (const std::string& path : snapshot.file_paths)
    overlay->AddFile(path, overlay->hot_keys_, nullptr);
  for (const LogLayers& layers : overlay->logs_) {
    KeyLevels above = overlay->AddLogs(layers);
    if (layers.base_file_path.empty()) continue;
    // Hot keys are others with each statement.
    auto known = overlay->hot_keys_.empty() ? layers.hidden_rows : nullptr;
    overlay->AddFile(layers.base_file_path, std::move(above), std::move(known));
  }
  TAPELAKE_RETURN_NOT_OK(overlay->AddHotRows(snapshot.keys));
  return overlay;
}

/// `known`: what was learned of the file under the same keys; nullptr: nothing.
void Overlay::AddFile(const std::string& path, KeyLevels above, std::shared_ptr<HiddenRows> known) {
  if (above.empty()) {
    plain_files_.push_back(path);
    return;
  }
  if (known == nullptr) known = std::make_shared<HiddenRows>(path);
  covered_files_.emplace(path, CoveredFile{std::move(known), std::move(above)});
}

/// Returns what hides the rows below these logs.
KeyLevels Overlay::AddLogs(const LogLayers& layers) {
  KeyLevels above = hot_keys_;
  for (const auto& level : layers.levels | std::views::reverse) {
    if (level->rows != nullptr && level->rows->num_rows() > 0) {
      parts_.push_back({.rows = level->rows, .hidden_by = above});
      row_count_ += level->rows->num_rows();
    }
    above.Add(level->keys);
  }
  return above;
}

Status Overlay::AddHotRows(const KeyLayout& keys) {
  if (hot_ == nullptr || hot_->rows == nullptr || hot_->rows->num_rows() == 0) return Status::OK();
  const arrow::RecordBatch& rows = *hot_->rows;
  TAPELAKE_ASSIGN_OR_RAISE(const auto record_keys, TextColumn(rows, keys.record_key_field));
  TAPELAKE_ASSIGN_OR_RAISE(const auto paths, PartitionPaths(rows, keys));
  TAPELAKE_ASSIGN_OR_RAISE(const auto nulls,
                           arrow::MakeArrayOfNull(arrow::utf8(), rows.num_rows()));
  arrow::ArrayVector columns = {nulls, nulls, record_keys, paths, nulls};
  columns.insert(columns.end(), rows.columns().begin(), rows.columns().end());
  parts_.push_back({.rows = arrow::RecordBatch::Make(hudi::WithMetaColumns(rows.schema()),
                                                     rows.num_rows(), std::move(columns)),
                    .hidden_by = {}});
  row_count_ += rows.num_rows();
  return Status::OK();
}

}  // namespace tapelake::query
