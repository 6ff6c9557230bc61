#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "transform/ndjson_writer.h"
#include "transform/output_buffer.h"
#include "transform/parse_context.h"
#include "transform/record_parser.h"
#include "transform/structural_index.h"

namespace tapelake::transform {

/// Turns one Firehose transformation payload into its response. One thread; it keeps its buffers.
class PayloadTransformer {
 public:
  /// Told about every record: kNone, or why it was refused. `data` is the record as sent (base64
  /// text).
  using Observer =
      std::function<void(ParseError error, const std::string& reason, std::string_view data)>;

  PayloadTransformer(const NdjsonWriter& writer, Observer observer)
      : writer_(writer), observer_(std::move(observer)) {}

  /// Append the response to `payload` to `*out`. `payload` needs the padding of
  /// RecordParser::Parse. If the payload as a whole cannot be read: return why (reason() says
  /// more), `*out` unchanged (the observer may have been told about some records: ignore them).
  ParseError Transform(std::string_view payload, OutputBuffer* out);

  const std::string& reason() { return context_.reason(); }

 private:
  struct Record {
    StringToken id;
    StringToken data;
  };

  bool WritePayload(OutputBuffer* out);
  bool WriteRecords(OutputBuffer* out);
  bool ReadRecord(Record* record);
  bool ReadMember(const char* what, StringToken* string);
  void WriteRecord(const Record& record, OutputBuffer* out);

  const NdjsonWriter& writer_;
  Observer observer_;
  ParseContext context_;
  StructuralIndex index_;
  RecordParser parser_;
  std::string row_;
};

}  // namespace tapelake::transform
