#pragma once

/// Wire record -> record::Change in one pass of simdjson. No Arrow here (beyond Status): the Lambda
/// bootstrap links this too.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "record/change.h"

namespace tapelake::transform {

/// Why a record cannot become a change. Texts (`ParseErrorText`) are directory names of error
/// objects: never reuse or rename one.
enum class ParseError : uint8_t {
  kNone = 0,
  kInvalidJson = 1,       ///< `invalid-json`: cut, not UTF-8, bad escape, trailing content, ...
  kInvalidBase64 = 2,     ///< `invalid-base64`: neither JSON nor base64 of JSON.
  kTooDeep = 3,           ///< `too-deep`: more than 32 levels of M/L.
  kUnknownShape = 4,      ///< `unknown-shape`: JSON, but no DynamoDB change record.
  kUnknownEvent = 5,      ///< `unknown-event`: eventName is not INSERT, MODIFY or REMOVE.
  kNoKey = 6,             ///< `no-key`: the key attribute is absent, of a wrong type or empty.
  kNoOrder = 7,           ///< `no-order`: no usable SequenceNumber / creation time.
  kNoImage = 8,           ///< `no-image`: the image the event needs is absent.
  kInvalidAttribute = 9,  ///< `invalid-attribute`: an attribute value is no valid DynamoDB JSON.
  kDuplicateKey = 10,     ///< `duplicate-key`: the same member name twice where it matters.
  kTooLarge = 11,         ///< `too-large`: over the record limit.
  kNoPartition = 12,      ///< `no-partition`: the time attribute gives no day (set by ingest).
  kWrongShape = 13,  ///< `wrong-shape`: the other order domain than the table's (set by ingest).
};
std::string_view ParseErrorText(ParseError error);

/// Records over this many bytes are kTooLarge. (A DynamoDB item has at most 400 KB.)
inline constexpr size_t kRecordBytesMax = size_t{16} << 20;

/// Parses one wire record after the other. One thread; reuse it, it keeps its buffers.
class RecordParser {
 public:
  RecordParser();
  ~RecordParser();
  RecordParser(const RecordParser&) = delete;
  RecordParser& operator=(const RecordParser&) = delete;

  /// Parse one record, plain JSON or base64 of it (as in a Firehose or Lambda payload).
  ///
  /// At least record::kRecordPaddingBytes readable bytes must follow `bytes`. On success (kNone)
  /// change() is valid until the next Parse and while `bytes` live. On failure reason() says why,
  /// naming the place (member path or byte offset) and the value.
  /// Both images are validated whole; any order of members is accepted; unknown members are ignored
  /// but must be valid JSON. An empty or all-blank record is kInvalidJson.
  ParseError Parse(std::string_view bytes);

  const record::Change& change() const;
  const std::string& reason() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::transform
