#pragma once

/// The records of one data block as a batch.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "hudi/format/avro_datum.h"
#include "hudi/format/log_block.h"

namespace tapelake::hudi {

/// Reads Avro and Parquet data blocks. One thread; reuse it for all blocks of a slice.
class LogRecordReader {
 public:
  /// `columns`: those wanted; a block may lack some. Must outlive the reader.
  explicit LogRecordReader(const std::vector<std::string>& columns) : columns_(columns) {}

  /// Read the wanted columns of a block's records, in the types and the order in which the block
  /// has them. The batch does not look into the block's bytes.
  /// Errors: kCorrupt, kInvalid (content version or schema that is not read).
  Result<std::shared_ptr<arrow::RecordBatch>> Read(const LogBlock& block);

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> ReadAvro(const LogBlock& block);
  Result<std::shared_ptr<arrow::RecordBatch>> ReadParquet(std::string_view content);

  const std::vector<std::string>& columns_;
  std::map<std::string, AvroRowDecoder> decoders_;  // by schema
};

}  // namespace tapelake::hudi
