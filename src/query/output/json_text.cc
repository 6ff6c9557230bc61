#include "query/output/json_text.h"

#include <cmath>

#include "base/json.h"
#include "query/output/scalar_text.h"

namespace tapelake::query {
namespace {

void AppendElements(const VectorView& child, const duckdb_list_entry& range, std::string* out) {
  out->push_back('[');
  for (uint64_t i = 0; i < range.length; ++i) {
    if (i != 0) out->push_back(',');
    AppendJson(child, range.offset + i, out);
  }
  out->push_back(']');
}

void AppendStruct(const VectorView& column, uint64_t row, std::string* out) {
  out->push_back('{');
  for (size_t i = 0; i < column.children().size(); ++i) {
    if (i != 0) out->push_back(',');
    base::AppendJsonString(column.type().names[i], out);
    out->push_back(':');
    AppendJson(column.children()[i], row, out);
  }
  out->push_back('}');
}

void AppendMap(const VectorView& column, uint64_t row, std::string* out) {
  const VectorView& keys = column.children()[0];
  const VectorView& values = column.children()[1];
  const auto& range = column.Get<duckdb_list_entry>(row);
  const bool object = keys.type().id == DUCKDB_TYPE_VARCHAR;
  out->push_back(object ? '{' : '[');
  for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
    if (i != range.offset) out->push_back(',');
    if (object) {
      base::AppendJsonString(keys.Bytes(i), out);
      out->push_back(':');
      AppendJson(values, i, out);
    } else {
      out->append("{\"key\":");
      AppendJson(keys, i, out);
      out->append(",\"value\":");
      AppendJson(values, i, out);
      out->push_back('}');
    }
  }
  out->push_back(object ? '}' : ']');
}

bool AppendNested(const VectorView& column, uint64_t row, std::string* out) {
  switch (column.type().id) {
    case DUCKDB_TYPE_LIST:
      AppendElements(column.children()[0], column.Get<duckdb_list_entry>(row), out);
      return true;
    case DUCKDB_TYPE_ARRAY: {
      const uint64_t size = column.type().array_size;
      AppendElements(column.children()[0], {.offset = row * size, .length = size}, out);
      return true;
    }
    case DUCKDB_TYPE_STRUCT:
      AppendStruct(column, row, out);
      return true;
    case DUCKDB_TYPE_MAP:
      AppendMap(column, row, out);
      return true;
    case DUCKDB_TYPE_UNION: {
      const auto tag = column.children()[0].Get<uint8_t>(row);
      AppendJson(column.children()[tag + 1U], row, out);
      return true;
    }
    default:
      return false;
  }
}

bool Finite(const VectorView& column, uint64_t row) {
  if (column.type().id == DUCKDB_TYPE_DOUBLE) return std::isfinite(column.Get<double>(row));
  if (column.type().id == DUCKDB_TYPE_FLOAT) return std::isfinite(column.Get<float>(row));
  return true;
}

}  // namespace

void AppendJson(const VectorView& column, uint64_t row, std::string* out) {
  const ColumnType& type = column.type();
  if (type.id == DUCKDB_TYPE_SQLNULL || column.IsNull(row) || !Finite(column, row)) {
    out->append("null");
  } else if (type.nested()) {
    AppendNested(column, row, out);
  } else if (type.id == DUCKDB_TYPE_BOOLEAN) {
    out->append(column.Get<bool>(row) ? "true" : "false");
  } else if (type.is_json) {
    AppendCompactJson(column.Bytes(row), out);
  } else if (type.id == DUCKDB_TYPE_VARCHAR) {
    base::AppendJsonString(column.Bytes(row), out);
  } else if (type.numeric()) {
    AppendScalarText(column, row, out);
  } else {
    std::string text;
    AppendScalarText(column, row, &text);
    base::AppendJsonString(text, out);
  }
}

void AppendCompactJson(std::string_view json, std::string* out) {
  if (!base::ParseJson(json).ok()) {
    base::AppendJsonString(json, out);
    return;
  }
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      out->append(json, i, 2);
      ++i;
      continue;
    }
    if (c == '"') in_string = !in_string;
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (in_string || !space) out->push_back(c);
  }
}

}  // namespace tapelake::query
