#include "query/output/row_writer.h"

#include "query/output/json_text.h"
#include "query/output/scalar_text.h"

namespace tapelake::query {

std::vector<VectorView> ViewChunk(duckdb_data_chunk chunk,
                                  const std::vector<ResultColumn>& columns) {
  std::vector<VectorView> views;
  views.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    views.emplace_back(columns[i].type, duckdb_data_chunk_get_vector(chunk, i));
  }
  return views;
}

void AppendCellText(const VectorView& column, uint64_t row, std::string* out) {
  if (column.type().nested()) {
    AppendJson(column, row, out);
  } else {
    AppendScalarText(column, row, out);
  }
}

}  // namespace tapelake::query
