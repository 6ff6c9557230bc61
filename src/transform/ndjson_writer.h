#pragma once

/// Changes -> NDJSON row lines; refused records -> NDJSON error lines. No Arrow here.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "record/change.h"
#include "record/table_definition.h"
#include "transform/record_parser.h"

namespace tapelake::transform {

/// What a row line is for.
enum class LineForm : uint8_t {
  kRow,         ///< To be read: the plain values.
  kReplayable,  ///< Also to be fed back: RawLineReader gets the change out of it again.
};

/// Writes row lines: one flat JSON object with the attributes of the change's image in their order,
/// then `event_name`, `event_id`, `change_time` (microseconds or null) and `position`; then `\n`.
/// An attribute whose name is taken (by one of those four, by `_rescued`, by a column it is not
/// mapped to) goes into a last member `_rescued`: an object, name -> DynamoDB JSON.
///
/// The replayable form keeps all attribute names and adds, behind those members and only where
/// there is something to say (so these names are taken too), objects of name -> DynamoDB JSON:
/// `_typed` for attributes whose plain value does not tell the sent one (B, sets, M, L; N in a form
/// that JSON refuses), `_keys` for key attributes the image lacks, `_old_image` for the old image
/// of an INSERT or MODIFY of the Kinesis shape, whose ties it settles. Then `_rescued` comes last.
///
/// DynamoDB JSON stands as received, but without white space if there is a line end in it.
///
/// One thread. The views of a change must be as RecordParser makes them:
/// record::kRecordPaddingBytes are readable after each.
class NdjsonWriter {
 public:
  /// Attributes keep their names.
  explicit NdjsonWriter(LineForm form = LineForm::kRow)
      : replayable_(form == LineForm::kReplayable) {}

  /// Attributes that `table` declares for a column of another name get the column's name. Attribute
  /// paths into maps (`meta.risk`) are left alone: the line holds the whole map.
  explicit NdjsonWriter(const record::TableDefinition& table);

  /// Upper bound of what Write() writes for `change`, scratch included.
  size_t BytesMax(const record::Change& change) const;

  /// Write the line to `to`, which has room for BytesMax(); return its end.
  char* Write(const record::Change& change, char* to) const;

  /// Append the line.
  void Append(const record::Change& change, std::string* out) const;

 private:
  struct Mapping {
    std::string member;  ///< `"column":`, or empty if the name is taken.
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  const Mapping* FindMapping(std::string_view name) const;
  bool IsTaken(std::string_view name) const;
  bool IsReserved(std::string_view name) const;
  char* WriteReplayMembers(const record::Change& change, char* to) const;
  char* WriteRescued(const record::Change& change, char* to) const;

  bool replayable_ = false;
  std::unordered_map<std::string, Mapping, Hash, std::equal_to<>> mappings_;
  size_t longest_member_ = 0;
};

/// Where a refused record came from.
struct ErrorPlace {
  std::string_view source;  ///< File name, or `-` for standard input.
  uint64_t offset = 0;      ///< Of the record in its source, in bytes.
};

/// Append one error line: `{"error_type":..,"reason":..,"source":..,"offset":N,"raw_data":"<base64
/// of the exact bytes>"}` and `\n`. Whatever is no UTF-8 in `reason` or `source` is replaced by
/// `?`.
void AppendErrorLine(ParseError error, std::string_view reason, const ErrorPlace& place,
                     std::string_view raw, std::string* out);

/// The same line up to and including the opening quote of the base64; close it with kErrorLineEnd.
void AppendErrorLineStart(ParseError error, std::string_view reason, const ErrorPlace& place,
                          std::string* out);
inline constexpr std::string_view kErrorLineEnd = "\"}\n";

}  // namespace tapelake::transform
