#include "query/output/column_type.h"

#include <utility>

#include "query/duck.h"

namespace tapelake::query {
namespace {

void TakeString(char* text, std::string* out) {
  if (text == nullptr) return;
  *out = text;
  duckdb_free(text);
}

Status AddChild(duckdb_logical_type raw_child, std::string name, ColumnType* parent) {
  const DuckType child(raw_child);
  TAPELAKE_ASSIGN_OR_RAISE(ColumnType described, DescribeType(child.get()));
  parent->children.push_back(std::move(described));
  parent->names.push_back(std::move(name));
  return Status::OK();
}

Status DescribeStruct(duckdb_logical_type type, ColumnType* described) {
  const idx_t count = duckdb_struct_type_child_count(type);
  for (idx_t i = 0; i < count; ++i) {
    std::string name;
    TakeString(duckdb_struct_type_child_name(type, i), &name);
    TAPELAKE_RETURN_NOT_OK(
        AddChild(duckdb_struct_type_child_type(type, i), std::move(name), described));
  }
  return Status::OK();
}

Status DescribeUnion(duckdb_logical_type type, ColumnType* described) {
  const idx_t count = duckdb_union_type_member_count(type);
  for (idx_t i = 0; i < count; ++i) {
    std::string name;
    TakeString(duckdb_union_type_member_name(type, i), &name);
    TAPELAKE_RETURN_NOT_OK(
        AddChild(duckdb_union_type_member_type(type, i), std::move(name), described));
  }
  return Status::OK();
}

void DescribeEnum(duckdb_logical_type type, ColumnType* described) {
  described->storage = duckdb_enum_internal_type(type);
  const uint32_t count = duckdb_enum_dictionary_size(type);
  described->labels.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    TakeString(duckdb_enum_dictionary_value(type, i), &described->labels[i]);
  }
}

// LIST, MAP and UNION vectors hold their children behind DuckDB's physical layout: a MAP is a list
// of (key, value) structs, a UNION a struct whose first child is the tag.
std::vector<VectorView> ChildViews(const ColumnType& type, duckdb_vector vector) {
  std::vector<VectorView> views;
  switch (type.id) {
    case DUCKDB_TYPE_LIST:
      views.emplace_back(type.children[0], duckdb_list_vector_get_child(vector));
      break;
    case DUCKDB_TYPE_ARRAY:
      views.emplace_back(type.children[0], duckdb_array_vector_get_child(vector));
      break;
    case DUCKDB_TYPE_MAP: {
      const duckdb_vector entries = duckdb_list_vector_get_child(vector);
      for (idx_t i = 0; i < 2; ++i) {
        views.emplace_back(type.children[i], duckdb_struct_vector_get_child(entries, i));
      }
      break;
    }
    case DUCKDB_TYPE_STRUCT:
      for (idx_t i = 0; i < type.children.size(); ++i) {
        views.emplace_back(type.children[i], duckdb_struct_vector_get_child(vector, i));
      }
      break;
    case DUCKDB_TYPE_UNION: {
      static const ColumnType kTag{.id = DUCKDB_TYPE_UTINYINT};
      views.emplace_back(kTag, duckdb_struct_vector_get_child(vector, 0));
      for (idx_t i = 0; i < type.children.size(); ++i) {
        views.emplace_back(type.children[i], duckdb_struct_vector_get_child(vector, i + 1));
      }
      break;
    }
    default:
      break;
  }
  return views;
}

}  // namespace

bool ColumnType::numeric() const {
  switch (id) {
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_BIGNUM:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_DECIMAL:
      return true;
    default:
      return false;
  }
}

Result<ColumnType> DescribeType(duckdb_logical_type type) {
  ColumnType described;
  described.id = duckdb_get_type_id(type);
  Status children;
  switch (described.id) {
    case DUCKDB_TYPE_DECIMAL:
      described.storage = duckdb_decimal_internal_type(type);
      described.scale = duckdb_decimal_scale(type);
      break;
    case DUCKDB_TYPE_ENUM:
      DescribeEnum(type, &described);
      break;
    case DUCKDB_TYPE_VARCHAR: {
      std::string alias;
      TakeString(duckdb_logical_type_get_alias(type), &alias);
      described.is_json = alias == "JSON";
      break;
    }
    case DUCKDB_TYPE_LIST:
      children = AddChild(duckdb_list_type_child_type(type), "", &described);
      break;
    case DUCKDB_TYPE_ARRAY:
      described.array_size = duckdb_array_type_array_size(type);
      children = AddChild(duckdb_array_type_child_type(type), "", &described);
      break;
    case DUCKDB_TYPE_MAP:
      children = AddChild(duckdb_map_type_key_type(type), "key", &described);
      if (children.ok()) children = AddChild(duckdb_map_type_value_type(type), "value", &described);
      break;
    case DUCKDB_TYPE_STRUCT:
      children = DescribeStruct(type, &described);
      break;
    case DUCKDB_TYPE_UNION:
      children = DescribeUnion(type, &described);
      break;
    case DUCKDB_TYPE_VARIANT:
    case DUCKDB_TYPE_INVALID:
    case DUCKDB_TYPE_ANY:
      return MakeError(ErrorKind::kInvalid,
                       "this column type has no text form; cast the column to VARCHAR or JSON");
    default:
      break;
  }
  TAPELAKE_RETURN_NOT_OK(children);
  return described;
}

VectorView::VectorView(const ColumnType& type, duckdb_vector vector)
    : type_(&type),
      data_(duckdb_vector_get_data(vector)),
      validity_(duckdb_vector_get_validity(vector)),
      children_(ChildViews(type, vector)) {}

bool VectorView::IsNull(uint64_t row) const {
  return validity_ != nullptr && (validity_[row / 64] >> (row % 64) & 1) == 0;
}

std::string_view VectorView::Bytes(uint64_t row) const {
  // A short string lies inside its own struct: the address of the stored one matters. DuckDB's
  // reader takes a pointer to non-const, but only reads.
  const auto& stored = Get<duckdb_string_t>(row);
  return {duckdb_string_t_data(const_cast<duckdb_string_t*>(&stored)), stored.value.inlined.length};
}

base::Int128 VectorView::Decimal(uint64_t row) const {
  switch (type_->storage) {
    case DUCKDB_TYPE_SMALLINT:
      return Get<int16_t>(row);
    case DUCKDB_TYPE_INTEGER:
      return Get<int32_t>(row);
    case DUCKDB_TYPE_BIGINT:
      return Get<int64_t>(row);
    default:
      return ToInt128(Get<duckdb_hugeint>(row));
  }
}

uint64_t VectorView::Label(uint64_t row) const {
  switch (type_->storage) {
    case DUCKDB_TYPE_UTINYINT:
      return Get<uint8_t>(row);
    case DUCKDB_TYPE_USMALLINT:
      return Get<uint16_t>(row);
    default:
      return Get<uint32_t>(row);
  }
}

base::Int128 ToInt128(const duckdb_hugeint& value) {
  const base::UInt128 bits =
      static_cast<base::UInt128>(static_cast<uint64_t>(value.upper)) << 64 | value.lower;
  return static_cast<base::Int128>(bits);
}

}  // namespace tapelake::query
