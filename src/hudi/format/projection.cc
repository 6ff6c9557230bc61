#include "hudi/format/projection.h"

#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/util/checked_cast.h>

namespace tapelake::hudi {
namespace {

using arrow::Type;

const arrow::DataType& ValueType(const arrow::DataType& type) {
  if (type.id() != Type::DICTIONARY) return type;
  return *arrow::internal::checked_cast<const arrow::DictionaryType&>(type).value_type();
}

bool IsText(Type::type id) {
  return id == Type::STRING || id == Type::BINARY;
}

}  // namespace

bool Widens(const arrow::DataType& from_type, const arrow::DataType& to) {
  const arrow::DataType& from = ValueType(from_type);
  if (from.Equals(to)) return true;
  switch (from.id()) {
    case Type::INT32:
      return to.id() == Type::INT64 || to.id() == Type::FLOAT || to.id() == Type::DOUBLE;
    case Type::INT64:
      return to.id() == Type::FLOAT || to.id() == Type::DOUBLE;
    case Type::FLOAT:
      return to.id() == Type::DOUBLE;
    case Type::STRING:
    case Type::BINARY:
      return IsText(to.id());
    case Type::DECIMAL128: {
      if (to.id() != Type::DECIMAL128) return false;
      const auto& narrow = arrow::internal::checked_cast<const arrow::Decimal128Type&>(from);
      const auto& wide = arrow::internal::checked_cast<const arrow::Decimal128Type&>(to);
      return narrow.scale() == wide.scale() && narrow.precision() <= wide.precision();
    }
    default:
      return false;
  }
}

Result<std::shared_ptr<arrow::Array>> ProjectColumn(const arrow::RecordBatch& batch,
                                                    const arrow::Field& field, DictionaryUse use) {
  const int index = batch.schema()->GetFieldIndex(field.name());
  if (index < 0) return arrow::MakeArrayOfNull(field.type(), batch.num_rows());
  const std::shared_ptr<arrow::Array>& column = batch.column(index);
  const arrow::DataType& stored = *column->type();
  if (stored.Equals(*field.type())) return column;
  if (use == DictionaryUse::kKeep && ValueType(stored).Equals(*field.type())) return column;
  if (!Widens(stored, *field.type())) {
    return MakeError(ErrorKind::kInvalid, "column '" + field.name() + "' is stored as " +
                                              stored.ToString() + " and cannot be read as " +
                                              field.type()->ToString());
  }
  arrow::compute::CastOptions options = arrow::compute::CastOptions::Unsafe();
  options.to_type = field.type();
  return arrow::compute::Cast(*column, field.type(), options);
}

Result<std::shared_ptr<arrow::RecordBatch>> ProjectBatch(
    const arrow::RecordBatch& batch, const std::shared_ptr<arrow::Schema>& schema) {
  arrow::ArrayVector columns;
  columns.reserve(static_cast<size_t>(schema->num_fields()));
  for (const auto& field : schema->fields()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto column, ProjectColumn(batch, *field, DictionaryUse::kDecode));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, batch.num_rows(), std::move(columns));
}

}  // namespace tapelake::hudi
