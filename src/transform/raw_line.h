#pragma once

/// Replayable row lines (LineForm::kReplayable of NdjsonWriter) -> wire records. No Arrow here.

#include <string>
#include <string_view>
#include <vector>

#include "transform/parse_context.h"
#include "transform/structural_index.h"

namespace tapelake::transform {

/// Makes wire records that RecordParser reads as the changes the lines were written from: event,
/// event id, order, change time, the image, and what else order and key are read from. The old
/// image of the Streams shape is gone, images a row is not made of too; attributes that stood in
/// `_rescued` come last. One thread; it keeps its buffers.
class RawLineReader {
 public:
  /// Append the record of one line (without its end) to `*out`: the Streams shape if `position` is
  /// a string, else the Kinesis shape with microseconds. At least record::kRecordPaddingBytes
  /// readable bytes must follow `line`. Return false, with `*out` unchanged, if it is no replayable
  /// row line: reason() says why.
  bool AppendRecord(std::string_view line, std::string* out);

  const std::string& reason() { return context_.reason(); }

 private:
  /// A name and a value as they stand in the line.
  struct Member {
    std::string_view token;  ///< The name with its quotes.
    std::string_view name;   ///< Unescaped.
    std::string_view value;
    bool typed = false;  ///< The value is DynamoDB JSON.
  };
  /// The values of members that are no attributes; empty if absent.
  struct OwnMembers {
    std::string_view event_name;
    std::string_view event_id;
    std::string_view change_time;
    std::string_view position;
    std::string_view old_image;
    std::string_view keys;
  };

  bool ReadLine();
  bool ReadMember();
  bool ReadAttributes(std::vector<Member>* members);
  bool ReadOwnMember(const StringToken& name, std::string_view* value);
  bool ReadValue(std::string_view* value);
  bool CheckOwnMembers();
  bool TakeTypes();
  bool AppendChange(std::string* out);
  bool AppendOrder(std::string* out);
  bool AppendImage(std::string* out);
  bool Refuse(const char* at, std::string_view what);

  ParseContext context_;
  StructuralIndex index_;
  OwnMembers own_;
  std::vector<Member> attributes_;
  std::vector<Member> types_;    // of `_typed`
  std::vector<Member> rescued_;  // of `_rescued`
};

}  // namespace tapelake::transform
