#include "query/visit_rows.h"

#include <vector>

#include "base/assert.h"
#include "query/output/row_writer.h"

namespace tapelake::query {
namespace {

/// A row of a chunk.
class ChunkRow : public RowView {
 public:
  explicit ChunkRow(const std::vector<VectorView>& columns) : columns_(columns) {}

  void MoveTo(uint64_t row) { row_ = row; }
  bool IsNull(size_t column) const override { return columns_.at(column).IsNull(row_); }
  std::string_view Text(size_t column) const override {
    return Of(column, {DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_BLOB}).Bytes(row_);
  }
  int64_t Integer(size_t column) const override {
    const VectorView& view = columns_.at(column);
    if (view.type().id == DUCKDB_TYPE_INTEGER) return view.Get<int32_t>(row_);
    return Of(column, {DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_TIMESTAMP, DUCKDB_TYPE_TIMESTAMP_TZ})
        .Get<int64_t>(row_);
  }
  base::Int128 Decimal(size_t column) const override {
    return Of(column, {DUCKDB_TYPE_DECIMAL}).Decimal(row_);
  }
  double Double(size_t column) const override {
    return Of(column, {DUCKDB_TYPE_DOUBLE}).Get<double>(row_);
  }

 private:
  const VectorView& Of(size_t column, std::initializer_list<duckdb_type> types) const {
    const VectorView& view = columns_.at(column);
    const bool fits = !view.IsNull(row_);
    bool known = false;
    for (const duckdb_type type : types)
      known = known || view.type().id == type;
    TAPELAKE_ASSERT(fits && known);
    return view;
  }

  const std::vector<VectorView>& columns_;
  uint64_t row_ = 0;
};

/// Passes rows on.
class RowVisitor : public RowWriter {
 public:
  explicit RowVisitor(const std::function<Status(const RowView&)>& visit) : visit_(visit) {}

  Status Begin(const std::vector<ResultColumn>& columns) override {
    columns_ = &columns;
    return Status::OK();
  }
  Result<bool> Append(duckdb_data_chunk chunk) override {
    const std::vector<VectorView> views = ViewChunk(chunk, *columns_);
    ChunkRow row(views);
    const idx_t count = duckdb_data_chunk_get_size(chunk);
    for (idx_t i = 0; i < count; ++i) {
      row.MoveTo(i);
      TAPELAKE_RETURN_NOT_OK(visit_(row));
    }
    return true;
  }
  Status Finish() override { return Status::OK(); }

 private:
  const std::function<Status(const RowView&)>& visit_;
  const std::vector<ResultColumn>* columns_ = nullptr;
};

}  // namespace

Status VisitRows(Session& session, const std::string& sql,
                 const std::function<Status(const RowView&)>& visit) {
  RowVisitor visitor(visit);
  return session.Execute({.sql = sql, .first_line = 1}, visitor).status();
}

}  // namespace tapelake::query
