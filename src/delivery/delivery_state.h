#pragma once

/// What delivery must know after a crash. Durable: docs/internals/delivery.md.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "delivery/object_layout.h"

namespace tapelake::delivery {

/// Records of one source: those that start at `begin` <= offset < `end`.
struct SourceRange {
  std::string source;
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// One cut: which records its objects hold, and how they are named.
struct Cut {
  uint64_t id = 0;
  int64_t time_micros = 0;               ///< Wall clock; names and directories come from it.
  bool raw = true;                       ///< Its changes go into a raw object.
  std::vector<SourceRange> ranges;       ///< In the order of their lines.
  bool has_raw_object = false;           ///< It has at least one raw line.
  std::vector<std::string> error_types;  ///< It has an error object of each.
  std::vector<std::string> partitions;   ///< It may have a raw object of each, in no order.
  /// A function made its lines: what its objects hold stands in its content file (cut_content.h),
  /// not in the records.
  bool transformed = false;
  /// How its objects are made, whatever is configured by now. Never null.
  std::shared_ptr<const ObjectLayout> layout;
};

struct DeliveryState {
  uint64_t next_id = 1;
  /// Source -> where its records not yet in any cut start.
  std::map<std::string, uint64_t> positions;
  /// Announced cuts whose objects may be missing.
  std::vector<Cut> pending;

  /// Where the records of `source` that are not delivered for good start.
  uint64_t DeliveredOffset(const std::string& source) const;
};

/// The content of the state file.
std::string FormatState(const DeliveryState& state);

/// Errors: kCorrupt (checksum, form, a layout that is none), without the file's name.
Result<DeliveryState> ParseState(std::string_view content, const std::string& stream);

}  // namespace tapelake::delivery
