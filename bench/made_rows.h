#pragma once

/// Rows of the live table's 18 columns, made up.

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "io/random.h"

namespace tapelake::bench {

/// The live table's columns: 13 of a trade, and the 5 that the pipeline adds. Key: transaction_id.
std::shared_ptr<arrow::Schema> LiveSchema();

/// `rows` rows with random keys, `first` and following in time.
Result<std::shared_ptr<arrow::RecordBatch>> RandomRows(int64_t first, int64_t rows,
                                                       io::Random& random);

/// Makes any row of a large table by its number, without making those before it: key and partition
/// follow from the number, the other values from number and version. One thread.
class NumberedRows {
 public:
  static Result<NumberedRows> Make();

  /// Rows `first`, `first + step`, ...: `count` of them.
  Result<std::shared_ptr<arrow::RecordBatch>> Rows(int64_t first, int64_t step, int64_t count,
                                                   int64_t version) const;

  static std::string KeyOf(int64_t number);

 private:
  explicit NumberedRows(std::shared_ptr<arrow::RecordBatch> values) : values_(std::move(values)) {}

  std::shared_ptr<arrow::RecordBatch> values_;
};

}  // namespace tapelake::bench
