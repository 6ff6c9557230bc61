#pragma once

/// Every data file of a table and what it is good for.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hudi/inspect/table_evidence.h"

namespace tapelake::hudi {

enum class FileUse : uint8_t {
  kLatest = 1,       ///< Of a slice of the newest snapshot.
  kSuperseded = 2,   ///< Of an older slice: time travel, until a clean takes it.
  kReplaced = 3,     ///< Of a file group that a replacecommit replaced.
  kPending = 4,      ///< Of an instant that is begun.
  kUncommitted = 5,  ///< Of an instant that is not committed: no reader sees it.
};

/// `latest`, `superseded`, `replaced`, `pending`, `uncommitted`.
std::string_view FileUseName(FileUse use);

struct TableFile {
  std::string partition_path;
  std::string name;
  std::string kind;  ///< `base`, `log` or `cdc`.
  std::string file_id;
  std::string base_instant;  ///< Of the slice it belongs to.
  int64_t bytes = 0;         ///< 0 for change-data logs.
  FileUse use = FileUse::kLatest;
  std::vector<std::string> savepoints;  ///< That pin it.
};

/// Say of every data file what it is good for, sorted by partition, file group, slice and kind.
/// Pure.
std::vector<TableFile> DescribeFiles(const TableEvidence& evidence);

}  // namespace tapelake::hudi
