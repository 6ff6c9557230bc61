#include "query/overlay_functions.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/projection.h"
#include "query/column_converter.h"
#include "query/duck.h"
#include "query/output/column_type.h"
#include "query/overlay.h"

namespace tapelake::query {
namespace {

using OverlayPointer = std::shared_ptr<const Overlay>;
using Batch = std::shared_ptr<arrow::RecordBatch>;

constexpr int kKeyColumn = 2;  // of the meta columns
constexpr idx_t kRowsPerThread = 50'000;

/// What both functions share; lives as long as the database.
struct Registration {
  duckdb_connection connection;
  SnapshotCache& snapshots;
  io::FileSystem& files;
};

template <typename T>
void Delete(void* data) {
  delete static_cast<T*>(data);
}

// --- tapelake_overlay -------------------------------------------------------------------------

/// A run of rows of one part.
struct Stretch {
  const OverlayPart* part = nullptr;
  int64_t first = 0;
  int64_t count = 0;
};

struct OverlayBind {
  Registration* registration = nullptr;
  OverlayPointer overlay;
};

/// One scan, shared by its threads.
struct OverlayScan {
  OverlayPointer overlay;
  std::vector<int> columns;  ///< Of the overlay's schema, per result column; -1: only counted.
  std::vector<ColumnConverter> converters;  ///< One per result column that is not only counted.
  std::vector<Stretch> stretches;
  std::atomic<size_t> next = 0;
};

/// Bits of the rows that nothing hides; nullptr if that is all of them.
Result<std::shared_ptr<arrow::Array>> VisibleRows(const Stretch& stretch, int64_t* visible_count) {
  *visible_count = stretch.count;
  if (stretch.part->hidden_by.empty()) return std::shared_ptr<arrow::Array>();
  const auto& keys = arrow::internal::checked_cast<const arrow::StringArray&>(
      *stretch.part->rows->column(kKeyColumn));
  arrow::BooleanBuilder visible;
  TAPELAKE_RETURN_NOT_OK(visible.Reserve(stretch.count));
  *visible_count = 0;
  for (int64_t row = stretch.first; row < stretch.first + stretch.count; ++row) {
    const bool shows = keys.IsNull(row) || !stretch.part->hidden_by.Hide(keys.GetView(row));
    visible.UnsafeAppend(shows);
    *visible_count += shows ? 1 : 0;
  }
  if (*visible_count == stretch.count) return std::shared_ptr<arrow::Array>();
  return visible.Finish();
}

/// Fill `output` with the stretch; it stays empty if all its rows are hidden.
Status Emit(const OverlayScan& scan, const Stretch& stretch, duckdb_data_chunk output) {
  int64_t visible_count = 0;
  TAPELAKE_ASSIGN_OR_RAISE(const auto visible, VisibleRows(stretch, &visible_count));
  if (visible_count == 0) return Status::OK();
  const Batch rows = stretch.part->rows->Slice(stretch.first, stretch.count);
  size_t converter = 0;
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    if (scan.columns[i] < 0) continue;
    const ColumnConverter& column = scan.converters[converter++];
    TAPELAKE_ASSIGN_OR_RAISE(
        auto array, hudi::ProjectColumn(*rows, column.field(), hudi::DictionaryUse::kDecode));
    if (visible != nullptr) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto kept, arrow::compute::Filter(array, visible));
      array = kept.make_array();
    }
    TAPELAKE_ASSIGN_OR_RAISE(const DuckChunk chunk, column.Convert(array));
    duckdb_vector_reference_vector(duckdb_data_chunk_get_vector(output, i),
                                   duckdb_data_chunk_get_vector(chunk.get(), 0));
  }
  duckdb_data_chunk_set_size(output, static_cast<idx_t>(visible_count));
  return Status::OK();
}

void BindOverlay(duckdb_bind_info info) {
  auto* registration = static_cast<Registration*>(duckdb_bind_get_extra_info(info));
  const DuckValue id(duckdb_bind_get_parameter(info, 0));
  auto bind = std::make_unique<OverlayBind>();
  bind->registration = registration;
  bind->overlay = registration->snapshots.FindOverlay(duckdb_get_int64(id.get()));
  if (bind->overlay == nullptr) {
    duckdb_bind_set_error(info, "tapelake_overlay: no such overlay");
    return;
  }
  const Status added = AddResultColumns(registration->connection, *bind->overlay->schema(), info);
  if (!added.ok()) {
    duckdb_bind_set_error(info, added.message().c_str());
    return;
  }
  duckdb_bind_set_cardinality(info, static_cast<idx_t>(bind->overlay->row_count()),
                              /*is_exact=*/false);
  duckdb_bind_set_bind_data(info, bind.release(), Delete<OverlayBind>);
}

Status PlanScan(duckdb_init_info info, const OverlayBind& bind, OverlayScan* scan) {
  scan->overlay = bind.overlay;
  const arrow::Schema& schema = *bind.overlay->schema();
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    const idx_t column = duckdb_init_get_column_index(info, i);
    // For count(*) DuckDB asks for a column that is none.
    const bool real = column < static_cast<idx_t>(schema.num_fields());
    scan->columns.push_back(real ? static_cast<int>(column) : -1);
    if (!real) continue;
    TAPELAKE_ASSIGN_OR_RAISE(auto converter,
                             ColumnConverter::Make(bind.registration->connection,
                                                   schema.field(static_cast<int>(column))));
    scan->converters.push_back(std::move(converter));
  }
  const auto rows_max = static_cast<int64_t>(duckdb_vector_size());
  for (const OverlayPart& part : bind.overlay->parts()) {
    for (int64_t first = 0; first < part.rows->num_rows(); first += rows_max) {
      scan->stretches.push_back({.part = &part,
                                 .first = first,
                                 .count = std::min(rows_max, part.rows->num_rows() - first)});
    }
  }
  return Status::OK();
}

void InitOverlay(duckdb_init_info info) {
  const auto& bind = *static_cast<const OverlayBind*>(duckdb_init_get_bind_data(info));
  auto scan = std::make_unique<OverlayScan>();
  const Status planned = PlanScan(info, bind, scan.get());
  if (!planned.ok()) {
    duckdb_init_set_error(info, planned.message().c_str());
    return;
  }
  duckdb_init_set_max_threads(info,
                              1 + static_cast<idx_t>(bind.overlay->row_count()) / kRowsPerThread);
  duckdb_init_set_init_data(info, scan.release(), Delete<OverlayScan>);
}

void ScanOverlay(duckdb_function_info info, duckdb_data_chunk output) {
  auto& scan = *static_cast<OverlayScan*>(duckdb_function_get_init_data(info));
  duckdb_data_chunk_set_size(output, 0);
  while (duckdb_data_chunk_get_size(output) == 0) {  // an empty chunk would end the scan
    const size_t index = scan.next.fetch_add(1, std::memory_order_relaxed);
    if (index >= scan.stretches.size()) return;
    const Status emitted = Emit(scan, scan.stretches[index], output);
    if (!emitted.ok()) {
      duckdb_function_set_error(info, emitted.message().c_str());
      return;
    }
  }
}

Status RegisterOverlay(const Registration& registration, duckdb_connection connection) {
  const DuckTableFunction function(duckdb_create_table_function());
  const DuckType number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_table_function_set_name(function.get(), "tapelake_overlay");
  duckdb_table_function_add_parameter(function.get(), number.get());
  duckdb_table_function_set_extra_info(function.get(), new Registration(registration),
                                       Delete<Registration>);
  duckdb_table_function_set_bind(function.get(), BindOverlay);
  duckdb_table_function_set_init(function.get(), InitOverlay);
  duckdb_table_function_set_function(function.get(), ScanOverlay);
  duckdb_table_function_supports_projection_pushdown(function.get(), true);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBSuccess) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInternal, "cannot register tapelake_overlay");
}

// --- tapelake_hidden --------------------------------------------------------------------------

struct HiddenBind {
  Registration* registration = nullptr;
  OverlayPointer overlay;
};

void BindHidden(duckdb_bind_info info) {
  auto& registration =
      *static_cast<Registration*>(duckdb_scalar_function_bind_get_extra_info(info));
  const DuckExpression argument(duckdb_scalar_function_bind_get_argument(info, 0));
  DuckClientContext context;
  duckdb_scalar_function_get_client_context(info, context.out());
  DuckValue id;
  const DuckErrorData error(duckdb_expression_is_foldable(argument.get())
                                ? duckdb_expression_fold(context.get(), argument.get(), id.out())
                                : nullptr);
  if (id.get() == nullptr) {
    duckdb_scalar_function_bind_set_error(info, "tapelake_hidden: the id must be a constant");
    return;
  }
  OverlayPointer overlay = registration.snapshots.FindOverlay(duckdb_get_int64(id.get()));
  if (overlay == nullptr) {
    duckdb_scalar_function_bind_set_error(info, "tapelake_hidden: no such overlay");
    return;
  }
  duckdb_scalar_function_set_bind_data(
      info, new HiddenBind{.registration = &registration, .overlay = std::move(overlay)},
      Delete<HiddenBind>);
  duckdb_scalar_function_set_bind_data_copy(
      info, [](void* data) -> void* { return new HiddenBind(*static_cast<HiddenBind*>(data)); });
}

/// The bytes of a string in a vector: short ones lie within it. DuckDB's own function for it is a
/// call per row.
std::string_view BytesOf(const duckdb_string_t& text) {
  const uint32_t length = text.value.inlined.length;
  const char* data = length <= sizeof(text.value.inlined.inlined) ? text.value.inlined.inlined
                                                                  : text.value.pointer.ptr;
  return {data, length};
}

/// How many of the rows from `first` on name the same file. The rows of a chunk mostly share its
/// bytes.
idx_t RunOfFile(const duckdb_string_t* files, idx_t first, idx_t count) {
  const std::string_view name = BytesOf(files[first]);
  idx_t next = first + 1;
  while (next < count) {
    const std::string_view other = BytesOf(files[next]);
    if (other.size() != name.size() || (other.data() != name.data() && other != name)) break;
    ++next;
  }
  return next - first;
}

Status FindHidden(const HiddenBind& bind, duckdb_data_chunk input, bool* hidden) {
  const duckdb_vector file_vector = duckdb_data_chunk_get_vector(input, 1);
  const duckdb_vector row_vector = duckdb_data_chunk_get_vector(input, 2);
  const auto* files = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(file_vector));
  const auto* rows = static_cast<const int64_t*>(duckdb_vector_get_data(row_vector));
  const idx_t count = duckdb_data_chunk_get_size(input);
  for (const duckdb_vector vector : {file_vector, row_vector}) {
    uint64_t* validity = duckdb_vector_get_validity(vector);
    for (idx_t row = 0; validity != nullptr && row < count; ++row) {
      if (duckdb_validity_row_is_valid(validity, row)) continue;
      return MakeError(ErrorKind::kInvalid, "tapelake_hidden: a row without file or number");
    }
  }
  const auto& covered = bind.overlay->covered_files();
  for (idx_t first = 0; first < count;) {
    const std::string_view name = BytesOf(files[first]);
    const auto found = covered.find(name);
    if (found == covered.end()) {
      return MakeError(ErrorKind::kInvalid,
                       "tapelake_hidden: no such file '" + std::string(name) + "'");
    }
    const idx_t run = RunOfFile(files, first, count);
    const auto& [known, hidden_by] = found->second;
    TAPELAKE_RETURN_NOT_OK(known->Find(bind.registration->files, hidden_by, rows + first,
                                       static_cast<size_t>(run), hidden + first));
    first += run;
  }
  return Status::OK();
}

void ExecuteHidden(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto& bind = *static_cast<const HiddenBind*>(duckdb_scalar_function_get_bind_data(info));
  const Status found = FindHidden(bind, input, static_cast<bool*>(duckdb_vector_get_data(output)));
  if (found.ok()) return;
  bind.registration->snapshots.NoteError(found);
  duckdb_scalar_function_set_error(info, found.message().c_str());
}

Status RegisterHidden(const Registration& registration, duckdb_connection connection) {
  const DuckScalarFunction function(duckdb_create_scalar_function());
  const DuckType number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  const DuckType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const DuckType boolean(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
  duckdb_scalar_function_set_name(function.get(), "tapelake_hidden");
  duckdb_scalar_function_add_parameter(function.get(), number.get());
  duckdb_scalar_function_add_parameter(function.get(), text.get());
  duckdb_scalar_function_add_parameter(function.get(), number.get());
  duckdb_scalar_function_set_return_type(function.get(), boolean.get());
  duckdb_scalar_function_set_special_handling(function.get());  // NULL is an error, not NULL
  duckdb_scalar_function_set_extra_info(function.get(), new Registration(registration),
                                        Delete<Registration>);
  duckdb_scalar_function_set_bind(function.get(), BindHidden);
  duckdb_scalar_function_set_function(function.get(), ExecuteHidden);
  if (duckdb_register_scalar_function(connection, function.get()) == DuckDBSuccess) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInternal, "cannot register tapelake_hidden");
}

}  // namespace

Status RegisterOverlayFunctions(duckdb_connection connection, SnapshotCache& snapshots,
                                io::FileSystem& files) {
  const Registration registration{.connection = connection, .snapshots = snapshots, .files = files};
  TAPELAKE_RETURN_NOT_OK(RegisterOverlay(registration, connection));
  return RegisterHidden(registration, connection);
}

}  // namespace tapelake::query
