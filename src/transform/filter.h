#pragma once

/// The `tapelake transform` filter: records in, NDJSON out.

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"
#include "io/byte_stream.h"
#include "record/table_definition.h"

namespace tapelake::transform {

struct FilterOptions {
  /// Rename attributes to the columns of this table; nullptr: attributes keep their names.
  const record::TableDefinition* table = nullptr;
  /// Name of the input in error lines.
  std::string source = "-";
  /// Lines are Firehose transformation payloads instead of records.
  bool payload = false;
};

/// records = rows + errors. A payload that cannot be read at all counts as one record and one
/// error.
struct FilterCounts {
  int64_t records = 0;
  int64_t rows = 0;
  int64_t errors = 0;
  int64_t bytes_in = 0;
  int64_t bytes_out = 0;
  std::map<std::string, int64_t> errors_by_type;  ///< ParseErrorText -> count.
};

/// Read records until the end of `input`, one a line (plain JSON or base64 of it; blank lines are
/// skipped), write row lines (see NdjsonWriter) to `output` and error lines (see AppendErrorLine)
/// to `errors`, in the order of the input.
///
/// With options.payload each line is `{"records":[{"recordId":..,"data":"<base64>"},..]}` and gives
/// one line of the Lambda response: `{"records":[{"recordId":..,"result":"Ok","data":"<base64 of
/// row line>"},..]}`; a refused record has result ProcessingFailed and its data unchanged, and an
/// error line.
///
/// Bad records never stop the work. Whatever was read is written before a read that would wait.
/// Memory: some blocks of 256 KiB, or what the longest line needs (a line over the record limit
/// passes through in pieces). Errors: those of the streams; the output then holds any part.
Result<FilterCounts> RunFilter(io::ByteInput& input, io::ByteOutput& output, io::ByteOutput& errors,
                               const FilterOptions& options);

}  // namespace tapelake::transform
