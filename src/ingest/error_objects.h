#pragma once

/// Records that cannot become rows: kept whole, with their reason, and replayable.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/file_system.h"
#include "transform/record_parser.h"

namespace tapelake::ingest {

/// Collects the error lines of one commit and writes them as
/// `<lake>/errors/<type>/YYYY/MM/DD/HH/<table>-<source>-<first offset>.ndjson` (hour of writing,
/// UTC).
///
/// The name depends on the source position alone, so writing the same records again in the same
/// hour replaces the object instead of doubling it. One thread.
class ErrorObjects {
 public:
  ErrorObjects(io::FileSystem& files, std::string lake_path, std::string table_name)
      : files_(files), lake_path_(std::move(lake_path)), table_name_(std::move(table_name)) {}

  /// Keep one record. `source` is the id of its log, `place` the name people know it by, `offset`
  /// where it starts there; `raw` is the record as it came.
  void Add(transform::ParseError error, std::string_view reason, const std::string& source,
           const std::string& place, uint64_t offset, std::string_view raw);

  int64_t pending_bytes() const { return pending_bytes_; }

  /// Write what was added, durably, and forget it. On failure it is kept: call again.
  Status Write(int64_t now_micros);

 private:
  struct Object {
    std::string lines;
    uint64_t first_offset = 0;
  };

  io::FileSystem& files_;
  std::string lake_path_;
  std::string table_name_;
  std::map<std::pair<std::string, std::string>, Object> objects_;  // (type, source)
  int64_t pending_bytes_ = 0;
};

}  // namespace tapelake::ingest
