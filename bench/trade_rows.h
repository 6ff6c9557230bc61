#pragma once

/// The rows that the table benchmarks write: trades made by bench/cow_spark.py.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "hudi/writer/upsert.h"
#include "io/file_system.h"

namespace tapelake::bench {

inline constexpr const char* kKey = "transaction_id";
inline constexpr const char* kPartition = "exchange";
inline constexpr const char* kPrecombine = "event_seq";

/// How columns with few values are read: as texts, or as the dictionaries that Parquet has.
enum class FewValues : uint8_t { kPlain = 1, kDictionary = 2 };

/// Read all Parquet files of `folder` as one batch.
Result<std::shared_ptr<arrow::RecordBatch>> ReadRows(io::FileSystem& files,
                                                     const std::string& folder,
                                                     FewValues few_values = FewValues::kPlain);

/// The schema of rows without their dictionaries.
std::shared_ptr<arrow::Schema> PlainSchema(const arrow::Schema& schema);

/// Upserts of all rows of a batch; keys are views into it.
struct Changes {
  std::vector<hudi::RecordChange> changes;
  std::vector<std::string> partition_values;
};
Changes ChangesOf(const arrow::RecordBatch& rows, const std::string& partition_column);

}  // namespace tapelake::bench
