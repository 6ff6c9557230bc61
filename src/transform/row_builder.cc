#include "transform/row_builder.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "transform/column_builder.h"
#include "transform/column_map.h"
#include "transform/map_path.h"
#include "transform/rescued_json.h"

namespace tapelake::transform {
namespace {

using record::Attribute;
using record::AttributeType;
using record::Change;
using record::ColumnDefinition;
using record::ColumnKind;

/// The column an undeclared attribute of `type` becomes.
ColumnDefinition DiscoveredColumn(std::string_view name, AttributeType type) {
  ColumnDefinition column{.name = std::string(name), .attribute = std::string(name)};
  switch (type) {
    case AttributeType::kNumber:
      column.kind = ColumnKind::kDecimal;
      break;
    case AttributeType::kBool:
      column.kind = ColumnKind::kBool;
      break;
    case AttributeType::kBinary:
      column.kind = ColumnKind::kBinary;
      break;
    default:
      column.kind = ColumnKind::kString;
  }
  return column;
}

std::vector<ColumnDefinition> OwnColumns() {
  return {{.name = record::kPartitionColumn, .attribute = "-", .kind = ColumnKind::kString},
          {.name = record::kRescuedColumn, .attribute = "-", .kind = ColumnKind::kString},
          {.name = record::kChangeTimeColumn, .attribute = "-", .kind = ColumnKind::kTimestamp},
          {.name = record::kChangeSequenceColumn, .attribute = "-", .kind = ColumnKind::kString},
          {.name = record::kChangeSeqColumn, .attribute = "-", .kind = ColumnKind::kBigint}};
}

std::string_view WithoutLeadingZeros(std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0')
    digits.remove_prefix(1);
  return digits;
}

Status CheckStoredType(const record::TableDefinition& table, const ColumnDefinition& column,
                       const arrow::Schema* stored) {
  if (stored == nullptr) return Status::OK();
  const auto field = stored->GetFieldByName(column.name);
  const auto type = ArrowTypeOf(column);
  if (field == nullptr || field->type()->Equals(*type)) return Status::OK();
  return MakeError(ErrorKind::kConflict,
                   "table " + table.QualifiedName() + ": column '" + column.name + "' needs type " +
                       type->ToString() + ", but the stored table has " +
                       field->type()->ToString() + "; declare another column name");
}

const Attribute* FindAttribute(std::span<const Attribute> image, std::string_view name) {
  for (const Attribute& attribute : image) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

}  // namespace

class RowBuilder::Impl {
 public:
  Status Init(const record::TableDefinition& table, const arrow::Schema* stored);

  std::string_view KeyOf(const Change& change) const;
  std::string_view PartitionOf(std::span<const Attribute> image);
  Result<int64_t> Append(const Change& change, int64_t change_seq);
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();
  std::shared_ptr<arrow::Schema> schema();

  int64_t memory_bytes() const;
  int64_t row_count() const { return rows_; }
  int64_t rescued_values() const { return rescued_values_; }

 private:
  // Own columns stand behind all others in the schema, but first here: a column keeps its index.
  enum OwnColumn : size_t {
    kEventDate,
    kRescued,
    kChangeTime,
    kChangeSequence,
    kChangeSeq,
    kOwnCount
  };

  int32_t AddColumn(const ColumnDefinition& definition, bool any_text);
  void AddStoredColumns(const arrow::Schema& stored);
  Status AppendAttribute(const Attribute& attribute, size_t place);
  Status AppendPaths(const Attribute& attribute, const AttributeTarget& target);
  Status AppendUndeclared(const Attribute& attribute, AttributeTarget* target);
  Status AppendOwnColumns(const Change& change, int64_t change_seq, std::string_view partition);
  Status Fill();

  template <typename T>
  std::vector<T> InSchemaOrder(std::vector<T> of_columns) const {
    std::rotate(of_columns.begin(), of_columns.begin() + kOwnCount, of_columns.end());
    return of_columns;
  }

  std::vector<ColumnBuilder> columns_;
  ColumnMap map_;
  MapPathReader paths_;
  RescuedJson rescued_;
  std::shared_ptr<arrow::Schema> schema_;  // nullptr: a column came since
  size_t discovered_ = 0;
  int64_t rows_ = 0;
  int64_t rescued_values_ = 0;

  std::string key_attribute_;
  std::vector<std::string> time_steps_;
  ColumnKind time_kind_ = ColumnKind::kTimestamp;
  std::unordered_map<int64_t, std::string> days_;
  int64_t last_day_ = std::numeric_limits<int64_t>::min();
  std::string_view last_date_;
};

Status RowBuilder::Impl::Init(const record::TableDefinition& table, const arrow::Schema* stored) {
  for (const ColumnDefinition& column : OwnColumns()) {
    TAPELAKE_RETURN_NOT_OK(CheckStoredType(table, column, stored));
    AddColumn(column, false);
    map_.Reserve(column.name);
  }
  for (const ColumnDefinition& column : table.columns) {
    TAPELAKE_RETURN_NOT_OK(CheckStoredType(table, column, stored));
    map_.AddDeclared(column, AddColumn(column, false));
    if (column.name == table.key_column) key_attribute_ = column.attribute;
    if (column.name == table.time_column) {
      time_steps_ = SplitPath(column.attribute);
      time_kind_ = column.kind;
    }
  }
  if (stored != nullptr) AddStoredColumns(*stored);
  return Status::OK();
}

/// Columns the table got since it was declared.
void RowBuilder::Impl::AddStoredColumns(const arrow::Schema& stored) {
  std::vector<std::string> known;
  for (const ColumnBuilder& column : columns_)
    known.push_back(column.field()->name());
  for (const auto& field : stored.fields()) {
    const std::string& name = field->name();
    if (name.starts_with("_hoodie_")) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    auto definition = DefinitionOfType(*field->type());
    ++discovered_;
    if (!definition) {
      columns_.emplace_back(name, field->type());
      map_.AddDiscovered(name, static_cast<int32_t>(columns_.size() - 1));
      continue;
    }
    definition->name = name;
    definition->attribute = name;
    map_.AddDiscovered(name, AddColumn(*definition, true));
  }
}

int32_t RowBuilder::Impl::AddColumn(const ColumnDefinition& definition, bool any_text) {
  columns_.emplace_back(definition, any_text);
  schema_ = nullptr;
  return static_cast<int32_t>(columns_.size() - 1);
}

std::string_view RowBuilder::Impl::KeyOf(const Change& change) const {
  const Attribute* key = FindAttribute(change.image(), key_attribute_);
  if (key == nullptr) key = FindAttribute(change.keys, key_attribute_);
  if (key == nullptr || key->type != AttributeType::kString) return {};
  return key->text;
}

std::string_view RowBuilder::Impl::PartitionOf(std::span<const Attribute> image) {
  const Attribute* time = FindAttribute(image, time_steps_.front());
  if (time == nullptr) return {};
  if (time_steps_.size() > 1) time = paths_.Find(*time, time_steps_);
  if (time == nullptr) return {};
  const auto moment = ReadTime(time_kind_, *time);
  if (!moment) return {};
  const int64_t rest = moment->micros % base::kMicrosPerDay;
  const int64_t day = (moment->micros - rest) / base::kMicrosPerDay - (rest < 0 ? 1 : 0);
  if (day != last_day_) {
    std::string& date = days_[day];
    if (date.empty()) date = base::FormatDate(day * base::kMicrosPerDay);
    last_day_ = day;
    last_date_ = date;
  }
  return last_date_;
}

Result<int64_t> RowBuilder::Impl::Append(const Change& change, int64_t change_seq) {
  const std::string_view partition = PartitionOf(change.image());
  if (partition.empty()) {
    return MakeError(ErrorKind::kInternal, "a change without a partition was appended");
  }
  rescued_.Clear();
  size_t place = 0;
  for (const Attribute& attribute : change.image()) {
    TAPELAKE_RETURN_NOT_OK(AppendAttribute(attribute, place++));
  }
  TAPELAKE_RETURN_NOT_OK(AppendOwnColumns(change, change_seq, partition));
  TAPELAKE_RETURN_NOT_OK(Fill());
  return rows_++;
}

Status RowBuilder::Impl::AppendAttribute(const Attribute& attribute, size_t place) {
  AttributeTarget& target = map_.Find(attribute.name, place);
  bool fits = true;
  for (const int32_t column : target.columns) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool appended,
                             columns_[static_cast<size_t>(column)].Append(attribute));
    fits &= appended;
  }
  if (!fits) [[unlikely]]
    rescued_.Add(attribute.name, attribute);
  if (!target.paths.empty()) [[unlikely]]
    TAPELAKE_RETURN_NOT_OK(AppendPaths(attribute, target));
  if (target.columns.empty()) [[unlikely]]
    return AppendUndeclared(attribute, &target);
  return Status::OK();
}

Status RowBuilder::Impl::AppendPaths(const Attribute& attribute, const AttributeTarget& target) {
  for (const AttributeTarget::Path& path : target.paths) {
    const Attribute* value = paths_.Find(attribute, path.steps);
    if (value == nullptr) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const bool fits,
                             columns_[static_cast<size_t>(path.column)].Append(*value));
    if (!fits) rescued_.Add(path.text, *value);
  }
  return Status::OK();
}

/// An attribute nothing was declared for: a new column, or `_rescued`. `*target` remembers which.
Status RowBuilder::Impl::AppendUndeclared(const Attribute& attribute, AttributeTarget* target) {
  // A NULL says nothing about the type: the column waits for a value.
  if (attribute.type == AttributeType::kNull) return Status::OK();
  if (target->undeclared()) {
    if (discovered_ < kDiscoveredColumnsMax && map_.IsFreeColumnName(attribute.name)) {
      ++discovered_;
      const ColumnDefinition definition = DiscoveredColumn(attribute.name, attribute.type);
      const int32_t column = AddColumn(definition, true);
      map_.AddDiscovered(definition.name, column);
      ColumnBuilder& builder = columns_.back();
      TAPELAKE_RETURN_NOT_OK(builder.FillTo(rows_));
      TAPELAKE_ASSIGN_OR_RAISE(const bool fits, builder.Append(attribute));
      if (!fits) rescued_.Add(attribute.name, attribute);
      return Status::OK();
    }
    target->rescue = true;
  }
  rescued_.Add(attribute.name, attribute);
  return Status::OK();
}

Status RowBuilder::Impl::AppendOwnColumns(const Change& change, int64_t change_seq,
                                          std::string_view partition) {
  TAPELAKE_RETURN_NOT_OK(columns_[kEventDate].AppendText(partition));
  if (!rescued_.empty()) {
    rescued_values_ += static_cast<int64_t>(rescued_.size());
    TAPELAKE_RETURN_NOT_OK(columns_[kRescued].AppendText(rescued_.Format()));
  }
  if (change.change_time_micros != 0) {
    TAPELAKE_RETURN_NOT_OK(columns_[kChangeTime].AppendInteger(change.change_time_micros));
  }
  if (change.shape == record::RecordShape::kStreams) {
    const std::string_view sequence = WithoutLeadingZeros(change.sequence_number);
    TAPELAKE_RETURN_NOT_OK(columns_[kChangeSequence].AppendText(sequence));
  }
  return columns_[kChangeSeq].AppendInteger(change_seq);
}

/// Null for every column the row has no value of.
Status RowBuilder::Impl::Fill() {
  for (ColumnBuilder& column : columns_) {
    if (column.rows() <= rows_) TAPELAKE_RETURN_NOT_OK(column.AppendNull());
  }
  return Status::OK();
}

int64_t RowBuilder::Impl::memory_bytes() const {
  int64_t bytes = 0;
  for (const ColumnBuilder& column : columns_)
    bytes += column.bytes();
  return bytes;
}

std::shared_ptr<arrow::Schema> RowBuilder::Impl::schema() {
  if (schema_ == nullptr) {
    std::vector<std::shared_ptr<arrow::Field>> fields;
    for (const ColumnBuilder& column : columns_)
      fields.push_back(column.field());
    schema_ = arrow::schema(InSchemaOrder(std::move(fields)));
  }
  return schema_;
}

Result<std::shared_ptr<arrow::RecordBatch>> RowBuilder::Impl::Finish() {
  constexpr size_t kDaysKeptMax = 10'000;
  if (days_.size() > kDaysKeptMax) {
    days_.clear();
    last_day_ = std::numeric_limits<int64_t>::min();
  }
  const int64_t rows = rows_;
  rows_ = 0;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  Status failure;
  for (ColumnBuilder& column : columns_) {
    auto array = column.Finish();
    if (!array.ok()) {
      failure = array.status();
      continue;
    }
    arrays.push_back(*array);
  }
  TAPELAKE_RETURN_NOT_OK(failure);
  return arrow::RecordBatch::Make(schema(), rows, InSchemaOrder(std::move(arrays)));
}

Result<std::unique_ptr<RowBuilder>> RowBuilder::Make(
    const record::TableDefinition& table, const std::shared_ptr<arrow::Schema>& stored_schema) {
  TAPELAKE_RETURN_NOT_OK(record::ValidateTable(table));
  std::unique_ptr<RowBuilder> builder(new RowBuilder());
  TAPELAKE_RETURN_NOT_OK(builder->impl_->Init(table, stored_schema.get()));
  return builder;
}

RowBuilder::RowBuilder() : impl_(std::make_unique<Impl>()) {}
RowBuilder::~RowBuilder() = default;

std::string_view RowBuilder::KeyOf(const Change& change) const {
  return impl_->KeyOf(change);
}
std::string_view RowBuilder::PartitionOf(std::span<const Attribute> image) const {
  return impl_->PartitionOf(image);
}
Result<int64_t> RowBuilder::Append(const Change& change, int64_t change_seq) {
  return impl_->Append(change, change_seq);
}
int64_t RowBuilder::row_count() const {
  return impl_->row_count();
}
int64_t RowBuilder::memory_bytes() const {
  return impl_->memory_bytes();
}
int64_t RowBuilder::rescued_values() const {
  return impl_->rescued_values();
}
std::shared_ptr<arrow::Schema> RowBuilder::schema() const {
  return impl_->schema();
}
Result<std::shared_ptr<arrow::RecordBatch>> RowBuilder::Finish() {
  return impl_->Finish();
}

}  // namespace tapelake::transform
