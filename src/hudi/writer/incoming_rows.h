#pragma once

#include <memory>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"

namespace tapelake::hudi {

/// Return `rows` with the columns that `few_values` marks as dictionary columns, int32 indices,
/// where they turn out to have few values, and all others plain. Every file of a commit takes some
/// of the rows: indices are moved for a fraction of what texts cost. Uses up to `threads` threads.
/// Errors: kInternal.
Result<std::shared_ptr<arrow::RecordBatch>> EncodeFewValues(
    const std::shared_ptr<arrow::RecordBatch>& rows, const std::vector<bool>& few_values,
    int threads);

}  // namespace tapelake::hudi
