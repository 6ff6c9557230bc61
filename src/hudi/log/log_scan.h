#pragma once

/// Which blocks of a slice's log files count, in the order in which they apply.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/log_block.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// A data or delete block that counts.
struct ScannedBlock {
  LogBlock block;
  std::shared_ptr<const std::string> file;  ///< The bytes that `block` looks into.
  std::string path;                         ///< Relative to the table's base path.

  /// For messages: file and offset.
  std::string Place() const;
};

struct LogScan {
  std::vector<ScannedBlock> blocks;           ///< To be applied first to last.
  std::vector<std::string> skipped_instants;  ///< Not committed, or newer than `as_of`; each once.
  int64_t log_blocks = 0;                     ///< All that are whole.
  int64_t corrupt_blocks = 0;
  int64_t rollback_blocks = 0;
  int64_t log_bytes = 0;
};

/// Which blocks are wanted.
struct LogScanRange {
  std::string_view as_of = {};  ///< The newest instant that counts; empty: no limit.
  std::string_view only = {};   ///< The only instant that counts; empty: no limit.
};

/// Read the log files of `slice` and judge their blocks (docs/internals/hudi-v6.md, sections 11.2
/// and 12.4): blocks of instants that are not committed or are not in `range` are skipped, a
/// rollback block takes away the earlier blocks of its target, and a block of a log compaction
/// stands for those it names, at the place of the last of them.
///
/// Memory: the bytes of all files. Errors: kInvalid (a block that is not read; names file and
/// offset), kCorrupt (damage, by the rules of docs/internals/seal.md; what a pending instant left
/// behind is none), kNotFound, kUnavailable.
Result<LogScan> ScanLogFiles(io::FileSystem& files, const std::string& base_path,
                             const FileSlice& slice, const Timeline& timeline,
                             const LogScanRange& range);

}  // namespace tapelake::hudi
