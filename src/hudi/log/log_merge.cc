#include "hudi/log/log_merge.h"

#include <algorithm>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/avro_schema.h"
#include "hudi/format/projection.h"

namespace tapelake::hudi {
namespace {

using arrow::internal::checked_cast;

constexpr int32_t kDeleteDecimalScale = 15;  // of the decimal branch of a delete's ordering value

std::shared_ptr<arrow::Array> ColumnOrNull(const arrow::RecordBatch& batch, std::string_view name) {
  return name.empty() ? nullptr : batch.GetColumnByName(std::string(name));
}

/// Row numbers as an Arrow array over memory that must stay.
arrow::Int64Array IndicesOver(const std::vector<int64_t>& rows) {
  const auto size = static_cast<int64_t>(rows.size());
  return {size, std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(rows.data()),
                                                size * static_cast<int64_t>(sizeof(int64_t)))};
}

}  // namespace

int64_t BufferBytes(const arrow::RecordBatch& batch) {
  return arrow::util::TotalBufferSize(batch);
}

bool LogMerge::IsGreater(const Ordering& left, const Ordering& right) {
  if (std::holds_alternative<Null>(right)) return left.index() > right.index();
  if (left.index() != right.index()) return false;
  if (const auto* number = std::get_if<int64_t>(&left)) return *number > std::get<int64_t>(right);
  if (const auto* number = std::get_if<double>(&left)) return *number > std::get<double>(right);
  if (const auto* decimal = std::get_if<arrow::Decimal128>(&left)) {
    return *decimal > std::get<arrow::Decimal128>(right);
  }
  const auto* text = std::get_if<std::string_view>(&left);
  return text != nullptr && *text > std::get<std::string_view>(right);
}

LogMerge::Ordering LogMerge::OrderingAt(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return Null{};
  // Per record: a checked cast would look the type up again.
  switch (column.type_id()) {
    case arrow::Type::INT32:
      return int64_t{static_cast<const arrow::Int32Array&>(column).Value(row)};
    case arrow::Type::DATE32:
      return int64_t{static_cast<const arrow::Date32Array&>(column).Value(row)};
    case arrow::Type::INT64:
      return static_cast<const arrow::Int64Array&>(column).Value(row);
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampArray&>(column).Value(row);
    case arrow::Type::FLOAT:
      return double{static_cast<const arrow::FloatArray&>(column).Value(row)};
    case arrow::Type::DOUBLE:
      return static_cast<const arrow::DoubleArray&>(column).Value(row);
    case arrow::Type::DECIMAL128:
      return arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(column).Value(row));
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BinaryArray&>(column).GetView(row);
    default:
      return {};
  }
}

void LogMerge::NoteOrdering(const Ordering& ordering, bool is_int64) {
  const auto* number = is_int64 ? std::get_if<int64_t>(&ordering) : nullptr;
  if (number == nullptr) {
    int64_orderings_ = false;
    return;
  }
  least_ordering_ = std::min(least_ordering_, *number);
  greatest_ordering_ = std::max(greatest_ordering_, *number);
}

Status LogMerge::Add(std::shared_ptr<arrow::RecordBatch> batch) {
  const auto key_column = ColumnOrNull(*batch, kMetaColumns[2]);
  if (key_column == nullptr || key_column->type_id() != arrow::Type::STRING) {
    return MakeError(ErrorKind::kCorrupt,
                     "the records have no text column " + std::string(kMetaColumns[2]));
  }
  const auto& keys = checked_cast<const arrow::StringArray&>(*key_column);
  const auto ordering_column = ColumnOrNull(*batch, precombine_field_);
  const auto flag_column = ColumnOrNull(*batch, kDeletedFlagColumn);
  const bool has_flags = flag_column != nullptr && flag_column->type_id() == arrow::Type::BOOL;
  const auto* flags = static_cast<const arrow::BooleanArray*>(flag_column.get());
  const bool is_int64 =
      ordering_column != nullptr && ordering_column->type_id() == arrow::Type::INT64;
  if (ordering_column != nullptr && ordering_column->type_id() == arrow::Type::DECIMAL128) {
    decimal_scale_ = checked_cast<const arrow::DecimalType&>(*ordering_column->type()).scale();
  }
  entries_.reserve(entries_.size() + static_cast<size_t>(batch->num_rows()));
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    if (keys.IsNull(row)) {
      return MakeError(ErrorKind::kCorrupt, "record " + std::to_string(row) + " has no key");
    }
    Entry entry{.batch = static_cast<int32_t>(batches_.size()), .row = row};
    if (ordering_column != nullptr) entry.ordering = OrderingAt(*ordering_column, row);
    entry.flagged = has_flags && flags->IsValid(row) && flags->Value(row);
    NoteOrdering(entry.ordering, is_int64);
    const auto [found, is_new] = entries_.try_emplace(keys.GetView(row), entry);
    if (is_new) continue;
    const bool competes = found->second.batch >= 0 || rule_ == MergeRule::kEventTime;
    if (competes && IsGreater(found->second.ordering, entry.ordering)) continue;
    found->second = entry;
  }
  batches_.push_back(std::move(batch));
  return Status::OK();
}

LogMerge::Ordering LogMerge::DeleteOrdering(const OrderingValue& value) const {
  if (const auto* number = std::get_if<int32_t>(&value)) {
    if (*number == 0) return Natural{};
    return int64_t{*number};
  }
  if (const auto* number = std::get_if<int64_t>(&value)) return *number;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const std::string_view text = std::get<std::string>(value);
  if (decimal_scale_ < 0) return text;
  const auto decimal = arrow::Decimal128::FromBigEndian(
      reinterpret_cast<const uint8_t*>(text.data()), static_cast<int32_t>(text.size()));
  if (!decimal.ok()) return {};
  const auto rescaled = decimal->Rescale(kDeleteDecimalScale, decimal_scale_);
  if (!rescaled.ok()) return {};
  return *rescaled;
}

Status LogMerge::Delete(std::vector<DeleteRecord> deletes) {
  deletes_.push_back(std::move(deletes));
  for (const DeleteRecord& record : deletes_.back()) {
    const Entry entry{.ordering = DeleteOrdering(record.ordering)};
    if (!std::holds_alternative<Natural>(entry.ordering)) {
      NoteOrdering(entry.ordering, std::holds_alternative<int64_t>(record.ordering));
    }
    const auto [found, is_new] = entries_.try_emplace(record.record_key, entry);
    if (is_new) continue;
    const Ordering& before = found->second.ordering;
    if (before.index() == entry.ordering.index() && IsGreater(before, entry.ordering)) continue;
    found->second = entry;
  }
  return Status::OK();
}

bool LogMerge::CompetesWithBase() const {
  const bool compares = rule_ == MergeRule::kDefaultPayload || rule_ == MergeRule::kEventTime;
  return compares && !precombine_field_.empty() && !entries_.empty();
}

Status LogMerge::Yield(const arrow::RecordBatch& base_rows) {
  const auto key_column = ColumnOrNull(base_rows, kMetaColumns[2]);
  if (key_column == nullptr || key_column->type_id() != arrow::Type::STRING) {
    return MakeError(ErrorKind::kInvalid,
                     "the base file has no text column " + std::string(kMetaColumns[2]));
  }
  const auto ordering_column = ColumnOrNull(base_rows, precombine_field_);
  if (ordering_column == nullptr) return Status::OK();  // less than every value
  const auto& keys = checked_cast<const arrow::StringArray&>(*key_column);
  for (int64_t row = 0; row < base_rows.num_rows(); ++row) {
    if (keys.IsNull(row)) continue;
    const auto found = entries_.find(keys.GetView(row));
    if (found == entries_.end()) continue;
    const bool is_delete = found->second.batch < 0 || found->second.flagged;
    if (is_delete && rule_ != MergeRule::kEventTime) continue;
    if (IsGreater(OrderingAt(*ordering_column, row), found->second.ordering)) entries_.erase(found);
  }
  return Status::OK();
}

std::vector<std::vector<int64_t>> LogMerge::Survivors() const {
  std::vector<std::vector<int64_t>> rows(batches_.size());
  for (const auto& [key, entry] : entries_) {
    if (entry.batch < 0 || entry.flagged) continue;
    rows[static_cast<size_t>(entry.batch)].push_back(entry.row);
  }
  for (std::vector<int64_t>& of_batch : rows)
    std::ranges::sort(of_batch);
  return rows;
}

Result<std::shared_ptr<arrow::RecordBatch>> LogMerge::TakeRows(
    const std::shared_ptr<arrow::Schema>& schema,
    const std::vector<std::vector<int64_t>>& survivors) const {
  arrow::RecordBatchVector taken;
  for (size_t i = 0; i < batches_.size(); ++i) {
    if (survivors[i].empty()) continue;
    std::shared_ptr<arrow::RecordBatch> rows = batches_[i];
    if (static_cast<int64_t>(survivors[i].size()) < rows->num_rows()) {
      const arrow::Int64Array indices = IndicesOver(survivors[i]);
      TAPELAKE_ASSIGN_OR_RAISE(const auto datum,
                               arrow::compute::Take(rows, arrow::Datum(indices.data()),
                                                    arrow::compute::TakeOptions::NoBoundsCheck()));
      rows = datum.record_batch();
    }
    TAPELAKE_ASSIGN_OR_RAISE(rows, ProjectBatch(*rows, schema));
    taken.push_back(std::move(rows));
  }
  if (taken.size() == 1) return taken.front();
  if (taken.empty()) return arrow::RecordBatch::MakeEmpty(schema);
  return arrow::ConcatenateRecordBatches(taken);
}

void LogMerge::FillKeys(LogOverlay* overlay) const {
  size_t key_bytes = 0;
  for (const auto& [key, entry] : entries_)
    key_bytes += key.size();
  auto bytes = std::make_shared<std::string>();
  bytes->reserve(key_bytes);  // never grows below: the set looks into it
  overlay->keys.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) {
    const size_t begin = bytes->size();
    bytes->append(key);  // first: the set hashes what it is given
    overlay->keys.emplace(bytes->data() + begin, key.size());
  }
  overlay->key_bytes = std::move(bytes);
}

Status LogMerge::Finish(const std::shared_ptr<arrow::Schema>& schema, LogOverlay* overlay) {
  TAPELAKE_ASSIGN_OR_RAISE(overlay->rows, TakeRows(schema, Survivors()));
  FillKeys(overlay);
  overlay->int64_orderings = int64_orderings_;
  overlay->least_ordering = least_ordering_;
  overlay->greatest_ordering = greatest_ordering_;
  return Status::OK();
}

}  // namespace tapelake::hudi
