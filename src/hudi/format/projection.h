#pragma once

/// Rows of an older file in the columns of a newer schema. Pure; any thread.

#include <memory>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"

namespace tapelake::hudi {

/// Return whether every value of `from` has one exact value in `to`, as Avro promotes: int to long,
/// float, double; long to float, double; float to double; string and binary to each other; a
/// decimal to greater precision at the same scale. A type widens to itself, a dictionary as its
/// values do.
bool Widens(const arrow::DataType& from, const arrow::DataType& to);

/// What becomes of dictionary columns.
enum class DictionaryUse : uint8_t {
  kDecode = 1,  ///< Plain arrays of the schema's type.
  kKeep = 2,    ///< They stay if their values have the schema's type.
};

/// Return the column `field` of `batch`: widened if need be, all null if the batch lacks it.
/// Errors: kInvalid, naming the column and both types, if the stored type does not widen.
Result<std::shared_ptr<arrow::Array>> ProjectColumn(const arrow::RecordBatch& batch,
                                                    const arrow::Field& field, DictionaryUse use);

/// Return `batch` with exactly the columns of `schema`, by name. Errors: as ProjectColumn.
Result<std::shared_ptr<arrow::RecordBatch>> ProjectBatch(
    const arrow::RecordBatch& batch, const std::shared_ptr<arrow::Schema>& schema);

}  // namespace tapelake::hudi
