#include "query/exact_functions.h"

#include <optional>

#include "query/duck.h"
#include "query/exact_arithmetic.h"
#include "query/output/column_type.h"

namespace tapelake::query {
namespace {

using base::Int128;
using Operation = std::optional<Int128> (*)(const ScaledDecimal&, const ScaledDecimal&);

/// One argument, whatever decimal or integer type it has.
class DecimalArgument {
 public:
  static Result<DecimalArgument> Make(duckdb_vector vector) {
    const DuckType type(duckdb_vector_get_column_type(vector));
    const duckdb_type id = duckdb_get_type_id(type.get());
    if (id == DUCKDB_TYPE_DECIMAL) {
      return DecimalArgument(vector, duckdb_decimal_internal_type(type.get()),
                             duckdb_decimal_scale(type.get()));
    }
    const bool integer = id == DUCKDB_TYPE_TINYINT || id == DUCKDB_TYPE_SMALLINT ||
                         id == DUCKDB_TYPE_INTEGER || id == DUCKDB_TYPE_BIGINT;
    // The type of a bare NULL: every row is null, so that the data is never read.
    if (integer || id == DUCKDB_TYPE_SQLNULL) return DecimalArgument(vector, id, 0);
    return MakeError(ErrorKind::kInvalid, "arguments must be decimals or integers; cast them");
  }

  /// The value of `row`, or nullopt for NULL.
  std::optional<ScaledDecimal> At(idx_t row) const {
    if (storage_ == DUCKDB_TYPE_SQLNULL) return std::nullopt;
    if (validity_ != nullptr && !duckdb_validity_row_is_valid(validity_, row)) return std::nullopt;
    return ScaledDecimal{.value = Value(row), .scale = scale_};
  }

 private:
  DecimalArgument(duckdb_vector vector, duckdb_type storage, int scale)
      : data_(duckdb_vector_get_data(vector)),
        validity_(duckdb_vector_get_validity(vector)),
        storage_(storage),
        scale_(scale) {}

  Int128 Value(idx_t row) const {
    switch (storage_) {
      case DUCKDB_TYPE_TINYINT:
        return static_cast<const int8_t*>(data_)[row];
      case DUCKDB_TYPE_SMALLINT:
        return static_cast<const int16_t*>(data_)[row];
      case DUCKDB_TYPE_INTEGER:
        return static_cast<const int32_t*>(data_)[row];
      case DUCKDB_TYPE_BIGINT:
        return static_cast<const int64_t*>(data_)[row];
      default:
        return ToInt128(static_cast<const duckdb_hugeint*>(data_)[row]);
    }
  }

  const void* data_;
  uint64_t* validity_;
  duckdb_type storage_;
  int scale_;
};

template <Operation operation>
void Execute(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto left = DecimalArgument::Make(duckdb_data_chunk_get_vector(input, 0));
  const auto right = DecimalArgument::Make(duckdb_data_chunk_get_vector(input, 1));
  const Status status = left.ok() ? right.status() : left.status();
  if (!status.ok()) {
    duckdb_scalar_function_set_error(info, status.message().c_str());
    return;
  }
  duckdb_vector_ensure_validity_writable(output);
  uint64_t* validity = duckdb_vector_get_validity(output);
  auto* results = static_cast<duckdb_hugeint*>(duckdb_vector_get_data(output));
  const idx_t count = duckdb_data_chunk_get_size(input);
  for (idx_t row = 0; row < count; ++row) {
    const auto a = left->At(row);
    const auto b = right->At(row);
    const std::optional<Int128> value = a && b ? operation(*a, *b) : std::nullopt;
    duckdb_validity_set_row_validity(validity, row, value.has_value());
    if (!value.has_value()) continue;
    results[row] = {.lower = static_cast<uint64_t>(*value),
                    .upper = static_cast<int64_t>(*value >> 64)};
  }
}

Status Register(duckdb_connection connection, const char* name, duckdb_scalar_function_t function) {
  const DuckScalarFunction scalar(duckdb_create_scalar_function());
  const DuckType any(duckdb_create_logical_type(DUCKDB_TYPE_ANY));
  const DuckType result(duckdb_create_decimal_type(38, kExactScale));
  duckdb_scalar_function_set_name(scalar.get(), name);
  duckdb_scalar_function_add_parameter(scalar.get(), any.get());
  duckdb_scalar_function_add_parameter(scalar.get(), any.get());
  duckdb_scalar_function_set_return_type(scalar.get(), result.get());
  duckdb_scalar_function_set_function(scalar.get(), function);
  if (duckdb_register_scalar_function(connection, scalar.get()) != DuckDBSuccess) {
    return MakeError(ErrorKind::kInternal, std::string("cannot register function ") + name);
  }
  return Status::OK();
}

}  // namespace

Status RegisterExactFunctions(duckdb_connection connection) {
  TAPELAKE_RETURN_NOT_OK(Register(connection, "exact_product", Execute<ExactProduct>));
  return Register(connection, "exact_ratio", Execute<ExactRatio>);
}

}  // namespace tapelake::query
