#include "query/history_functions.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <arrow/array/concatenate.h>

#include "query/column_converter.h"
#include "query/duck.h"
#include "query/history_tables.h"
#include "query/output/column_type.h"
#include "query/snapshot_sql.h"

namespace tapelake::query {

const char* const kHistoryMacros[6] = {
    "CREATE TEMP MACRO hudi(path, as_of := NULL, mode := NULL) AS TABLE FROM query("
    "tapelake_read_sql('snapshot', path, CAST(as_of AS VARCHAR), CAST(mode AS VARCHAR)))",
    "CREATE TEMP MACRO hudi_incremental(path, begin_time := NULL, end_time := NULL) AS TABLE "
    "FROM query(tapelake_read_sql('incremental', path, CAST(begin_time AS VARCHAR), "
    "CAST(end_time AS VARCHAR)))",
    "CREATE TEMP MACRO hudi_changes(path, begin_time := NULL, end_time := NULL) AS TABLE "
    "FROM tapelake_history('changes', path, CAST(begin_time AS VARCHAR), "
    "CAST(end_time AS VARCHAR))",
    "CREATE TEMP MACRO hudi_commits(path, begin_time := NULL, end_time := NULL) AS TABLE "
    "FROM tapelake_history('commits', path, CAST(begin_time AS VARCHAR), "
    "CAST(end_time AS VARCHAR))",
    "CREATE TEMP MACRO hudi_files(path) AS TABLE FROM tapelake_history('files', path, NULL, NULL)",
    "CREATE TEMP MACRO hudi_partitions(path) AS TABLE "
    "FROM tapelake_history('partitions', path, NULL, NULL)",
};

namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;
using Text = std::optional<std::string>;  // nothing: NULL

template <typename T>
void Delete(void* data) {
  delete static_cast<T*>(data);
}

Status Invalid(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message));
}

/// NULL, an empty text, `earliest` and zeros stand before the first commit.
Result<std::string> BeginOf(const Text& text) {
  if (!text || text->empty() || *text == "earliest") return std::string();
  if (text->find_first_not_of('0') == std::string::npos) return std::string();
  return hudi::ParseMoment(*text);
}

/// NULL, an empty text and `latest` stand after the newest.
Result<std::string> EndOf(const Text& text) {
  if (!text || text->empty() || *text == "latest") return std::string();
  return hudi::ParseMoment(*text);
}

Result<hudi::TimeRange> RangeOf(const Text& begin, const Text& end) {
  hudi::TimeRange range;
  TAPELAKE_ASSIGN_OR_RAISE(range.begin, BeginOf(begin));
  TAPELAKE_ASSIGN_OR_RAISE(range.end, EndOf(end));
  if (!range.end.empty() && range.end < range.begin) {
    return Invalid("the range ends (" + range.end + ") before it begins (" + range.begin + ")");
  }
  return range;
}

/// `first` and `second`: as_of and mode, or begin and end. nullopt: simply the newest snapshot.
Result<std::optional<PastQuery>> QueryOf(const std::string& kind, const Text& first,
                                         const Text& second) {
  PastQuery query;
  if (kind == "incremental") {
    query.kind = PastQuery::Kind::kIncremental;
    TAPELAKE_ASSIGN_OR_RAISE(query.range, RangeOf(first, second));
    return query;
  }
  const std::string mode = second.value_or("snapshot");
  if (mode != "snapshot" && mode != "read_optimized") {
    return Invalid("mode '" + mode + "' is neither snapshot nor read_optimized");
  }
  query.read_optimized = mode == "read_optimized";
  TAPELAKE_ASSIGN_OR_RAISE(query.as_of, EndOf(first));
  if (query.as_of.empty() && !query.read_optimized) return std::nullopt;
  return query;
}

// --- tapelake_read_sql ------------------------------------------------------------------------

Result<std::string> ReadSql(const HistoryEnvironment& environment, const Text (&arguments)[4]) {
  if (!arguments[1]) return Invalid("the name or path of a table is needed, not NULL");
  const std::string path = environment.path_of(*arguments[1]);
  TAPELAKE_ASSIGN_OR_RAISE(const auto query,
                           QueryOf(arguments[0].value_or(""), arguments[2], arguments[3]));
  TAPELAKE_ASSIGN_OR_RAISE(
      const SnapshotSource source,
      query ? environment.snapshots.PastSource(path, *query) : environment.snapshots.Source(path));
  Result<std::string> sql =
      SnapshotSelect(*source.snapshot, source.overlay.get(), source.overlay_id);
  return sql.ok() ? sql : Result<std::string>(WithContext(sql.status(), path));
}

void ExecuteReadSql(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto& environment =
      *static_cast<HistoryEnvironment*>(duckdb_scalar_function_get_extra_info(info));
  static const ColumnType kText{.id = DUCKDB_TYPE_VARCHAR};
  const idx_t count = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < count; ++row) {
    Text arguments[4];
    for (idx_t i = 0; i < 4; ++i) {
      const VectorView view(kText, duckdb_data_chunk_get_vector(input, i));
      if (!view.IsNull(row)) arguments[i] = std::string(view.Bytes(row));
    }
    const Result<std::string> sql = ReadSql(environment, arguments);
    if (!sql.ok()) {
      environment.snapshots.NoteError(sql.status());
      duckdb_scalar_function_set_error(info, sql.status().message().c_str());
      return;
    }
    duckdb_vector_assign_string_element_len(output, row, sql->data(), sql->size());
  }
}

Status RegisterReadSql(const HistoryEnvironment& environment) {
  const DuckScalarFunction function(duckdb_create_scalar_function());
  const DuckType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  duckdb_scalar_function_set_name(function.get(), "tapelake_read_sql");
  for (int i = 0; i < 4; ++i)
    duckdb_scalar_function_add_parameter(function.get(), text.get());
  duckdb_scalar_function_set_return_type(function.get(), text.get());
  duckdb_scalar_function_set_special_handling(function.get());  // NULL has a meaning
  duckdb_scalar_function_set_extra_info(function.get(), new HistoryEnvironment(environment),
                                        Delete<HistoryEnvironment>);
  duckdb_scalar_function_set_function(function.get(), ExecuteReadSql);
  if (duckdb_register_scalar_function(environment.connection, function.get()) == DuckDBSuccess) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInternal, "cannot register tapelake_read_sql");
}

// --- tapelake_history -------------------------------------------------------------------------

struct HistoryBind {
  const HistoryEnvironment* environment = nullptr;
  std::string path;
  std::string kind;
  hudi::TimeRange range;
};

struct HistoryScan {
  std::unique_ptr<BatchStream> stream;
  std::vector<int> columns;                 ///< Of the stream, per result column; -1: only counted.
  std::vector<ColumnConverter> converters;  ///< One per result column that is not only counted.
  Batch batch;                              ///< Being given.
  int64_t next_row = 0;
};

Result<std::unique_ptr<BatchStream>> OpenStream(const HistoryBind& bind) {
  TAPELAKE_ASSIGN_OR_RAISE(auto view, bind.environment->snapshots.View(bind.path));
  return OpenHistory(std::move(view), bind.kind, bind.range);
}

Status Bind(duckdb_bind_info info, HistoryBind* bind) {
  bind->environment = static_cast<const HistoryEnvironment*>(duckdb_bind_get_extra_info(info));
  Text arguments[4];
  for (idx_t i = 0; i < 4; ++i) {
    const DuckValue value(duckdb_bind_get_parameter(info, i));
    if (duckdb_is_null_value(value.get())) continue;
    char* text = duckdb_get_varchar(value.get());
    arguments[i] = text;
    duckdb_free(text);
  }
  if (!arguments[1]) return Invalid("the name or path of a table is needed, not NULL");
  bind->kind = arguments[0].value_or("");
  bind->path = bind->environment->path_of(*arguments[1]);
  TAPELAKE_ASSIGN_OR_RAISE(bind->range, RangeOf(arguments[2], arguments[3]));
  TAPELAKE_ASSIGN_OR_RAISE(const auto stream, OpenStream(*bind));
  return AddResultColumns(bind->environment->connection, *stream->schema(), info);
}

void BindHistory(duckdb_bind_info info) {
  auto bind = std::make_unique<HistoryBind>();
  const Status bound = Bind(info, bind.get());
  if (!bound.ok()) {
    bind->environment->snapshots.NoteError(bound);
    duckdb_bind_set_error(info, bound.message().c_str());
    return;
  }
  duckdb_bind_set_bind_data(info, bind.release(), Delete<HistoryBind>);
}

Status Init(duckdb_init_info info, const HistoryBind& bind, HistoryScan* scan) {
  TAPELAKE_ASSIGN_OR_RAISE(scan->stream, OpenStream(bind));
  const arrow::Schema& schema = *scan->stream->schema();
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    const idx_t column = duckdb_init_get_column_index(info, i);
    // For count(*) DuckDB asks for a column that is none.
    const bool real = column < static_cast<idx_t>(schema.num_fields());
    scan->columns.push_back(real ? static_cast<int>(column) : -1);
    if (!real) continue;
    TAPELAKE_ASSIGN_OR_RAISE(auto converter,
                             ColumnConverter::Make(bind.environment->connection,
                                                   schema.field(static_cast<int>(column))));
    scan->converters.push_back(std::move(converter));
  }
  return Status::OK();
}

void InitHistory(duckdb_init_info info) {
  const auto& bind = *static_cast<const HistoryBind*>(duckdb_init_get_bind_data(info));
  auto scan = std::make_unique<HistoryScan>();
  const Status begun = Init(info, bind, scan.get());
  if (!begun.ok()) {
    bind.environment->snapshots.NoteError(begun);
    duckdb_init_set_error(info, begun.message().c_str());
    return;
  }
  duckdb_init_set_max_threads(info, 1);
  duckdb_init_set_init_data(info, scan.release(), Delete<HistoryScan>);
}

/// Fill `output` with the next rows; it stays empty at the end.
Status Give(HistoryScan* scan, duckdb_data_chunk output) {
  while (scan->batch == nullptr || scan->next_row == scan->batch->num_rows()) {
    scan->next_row = 0;
    TAPELAKE_ASSIGN_OR_RAISE(scan->batch, scan->stream->Next());
    if (scan->batch == nullptr) return Status::OK();
  }
  const int64_t count = std::min(static_cast<int64_t>(duckdb_vector_size()),
                                 scan->batch->num_rows() - scan->next_row);
  size_t converter = 0;
  for (size_t i = 0; i < scan->columns.size(); ++i) {
    if (scan->columns[i] < 0) continue;
    const auto slice = scan->batch->column(scan->columns[i])->Slice(scan->next_row, count);
    // A copy: DuckDB passes over the offsets of what lies within a struct.
    TAPELAKE_ASSIGN_OR_RAISE(const auto values, arrow::Concatenate({slice}));
    TAPELAKE_ASSIGN_OR_RAISE(const DuckChunk chunk, scan->converters[converter++].Convert(values));
    duckdb_vector_reference_vector(duckdb_data_chunk_get_vector(output, i),
                                   duckdb_data_chunk_get_vector(chunk.get(), 0));
  }
  scan->next_row += count;
  duckdb_data_chunk_set_size(output, static_cast<idx_t>(count));
  return Status::OK();
}

void ScanHistory(duckdb_function_info info, duckdb_data_chunk output) {
  const auto& bind = *static_cast<const HistoryBind*>(duckdb_function_get_bind_data(info));
  auto& scan = *static_cast<HistoryScan*>(duckdb_function_get_init_data(info));
  duckdb_data_chunk_set_size(output, 0);
  const Status given = Give(&scan, output);
  if (given.ok()) return;
  bind.environment->snapshots.NoteError(given);
  duckdb_function_set_error(info, given.message().c_str());
}

Status RegisterHistory(const HistoryEnvironment& environment) {
  const DuckTableFunction function(duckdb_create_table_function());
  const DuckType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  duckdb_table_function_set_name(function.get(), "tapelake_history");
  for (int i = 0; i < 4; ++i)
    duckdb_table_function_add_parameter(function.get(), text.get());
  duckdb_table_function_set_extra_info(function.get(), new HistoryEnvironment(environment),
                                       Delete<HistoryEnvironment>);
  duckdb_table_function_set_bind(function.get(), BindHistory);
  duckdb_table_function_set_init(function.get(), InitHistory);
  duckdb_table_function_set_function(function.get(), ScanHistory);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(environment.connection, function.get()) == DuckDBSuccess) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInternal, "cannot register tapelake_history");
}

}  // namespace

Status RegisterHistoryFunctions(const HistoryEnvironment& environment) {
  TAPELAKE_RETURN_NOT_OK(RegisterReadSql(environment));
  return RegisterHistory(environment);
}

}  // namespace tapelake::query
