#include "hudi/writer/incoming_rows.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/datum.h>
#include <arrow/util/checked_cast.h>

#include "hudi/writer/commit_job.h"

namespace tapelake::hudi {
namespace {

/// Each file would store all values of the commit: with more than these that would show.
constexpr int64_t kValuesMax = 1024;

using arrow::internal::checked_cast;

/// Return `column` with a dictionary if it is `wanted` and small, else plain.
Result<std::shared_ptr<arrow::Array>> Encode(const std::shared_ptr<arrow::Array>& column,
                                             bool wanted) {
  const bool is_encoded = column->type_id() == arrow::Type::DICTIONARY;
  std::shared_ptr<arrow::Array> encoded = column;
  if (wanted && !is_encoded) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto made, arrow::compute::DictionaryEncode(column));
    encoded = made.make_array();
  }
  if (encoded->type_id() != arrow::Type::DICTIONARY) return column;
  const auto& dictionary = checked_cast<const arrow::DictionaryArray&>(*encoded).dictionary();
  if (wanted && dictionary->length() <= kValuesMax) return encoded;
  return is_encoded ? arrow::compute::Cast(*column, dictionary->type()) : column;
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> EncodeFewValues(
    const std::shared_ptr<arrow::RecordBatch>& rows, const std::vector<bool>& few_values,
    int threads) {
  arrow::ArrayVector columns = rows->columns();
  const auto encode = [&](size_t number, size_t /*thread*/) -> Status {
    return Encode(columns[number], few_values[number]).Value(&columns[number]);
  };
  TAPELAKE_RETURN_NOT_OK(RunOnThreads(columns.size(), threads, encode));
  arrow::FieldVector fields = rows->schema()->fields();
  for (size_t i = 0; i < columns.size(); ++i)
    fields[i] = fields[i]->WithType(columns[i]->type());
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows->num_rows(),
                                  std::move(columns));
}

}  // namespace tapelake::hudi
