#include "hudi/writer/incoming_rows.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/util/checked_cast.h>

#include "hudi/writer/commit_job.h"

namespace tapelake::hudi {
namespace {

/// Each file would store all values of the commit: with more than these that would show.
constexpr int64_t kValuesMax = 1024;

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> EncodeFewValues(
    const std::shared_ptr<arrow::RecordBatch>& rows, const std::vector<bool>& few_values,
    int threads) {
  arrow::ArrayVector columns = rows->columns();
  const auto encode = [&](size_t number, size_t /*thread*/) -> Status {
    if (!few_values[number]) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const auto encoded, arrow::compute::DictionaryEncode(columns[number]));
    auto column = encoded.make_array();
    const auto& values = arrow::internal::checked_cast<const arrow::DictionaryArray&>(*column);
    if (values.dictionary()->length() <= kValuesMax) columns[number] = std::move(column);
    return Status::OK();
  };
  TAPELAKE_RETURN_NOT_OK(RunOnThreads(columns.size(), threads, encode));
  arrow::FieldVector fields = rows->schema()->fields();
  for (size_t i = 0; i < columns.size(); ++i)
    fields[i] = fields[i]->WithType(columns[i]->type());
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows->num_rows(),
                                  std::move(columns));
}

}  // namespace tapelake::hudi
