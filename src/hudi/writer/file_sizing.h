#pragma once

/// How large base files become, and which of them take new rows (docs/internals/hudi-v6.md, section
/// 19).

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/table_config.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// The defaults are Hudi's.
struct FileSizing {
  int64_t small_file_bytes = 104'857'600;  ///< A smaller base file takes new rows; 0: none does.
  int64_t max_file_bytes = 125'829'120;    ///< Up to about this size.
  int64_t record_bytes = 1024;             ///< What a row is expected to take.
};

/// What hoodie.properties says (`hoodie.parquet.small.file.limit`, `hoodie.parquet.max.file.size`,
/// `hoodie.copyonwrite.record.size.estimate`), else the defaults.
/// Errors: kInvalid, naming a value that is no number of bytes.
Result<FileSizing> FileSizingOf(const TableConfig& config);

/// What a row takes in the base files that the newest commits wrote. `otherwise` if they wrote too
/// little to tell, as footers count, too. Errors: those of ReadCommitMetadata.
Result<int64_t> EstimateRecordBytes(io::FileSystem& files, const std::string& base_path,
                                    const Timeline& timeline, int64_t otherwise);

/// Where some of the new rows of a partition go.
struct InsertPlace {
  const FileSlice* stored = nullptr;  ///< nullptr: a new file group.
  int64_t rows = 0;
};

/// Distribute `rows` new rows of a partition that has `slices`: first to small base files, then to
/// new groups of full size. Merge-on-read: only the smallest one that has no logs and is under no
/// compaction. Pure.
std::vector<InsertPlace> PackInserts(std::span<const FileSlice> slices, int64_t rows,
                                     TableType type, const FileSizing& sizing);

}  // namespace tapelake::hudi
