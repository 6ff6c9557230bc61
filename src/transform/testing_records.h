#pragma once

/// Records for the unit tests of this folder.

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "record/record_block.h"
#include "transform/record_parser.h"

namespace tapelake::transform {

/// A Kinesis record with this new image (or, for REMOVE, old image).
inline std::string KinesisRecord(const std::string& image, const std::string& event = "INSERT") {
  return R"({"eventID":"e-1","eventName":")" + event +
         R"(","dynamodb":{"ApproximateCreationDateTime":1760000000000001,)"
         R"("Keys":{"id":{"S":"k"}},")" +
         (event == "REMOVE" ? "OldImage" : "NewImage") + "\":" + image +
         R"(,"ApproximateCreationDateTimePrecision":"MICROSECOND"}})";
}

/// A Streams record with this new image.
inline std::string StreamsRecord(const std::string& image,
                                 const std::string& sequence = "\"0021\"") {
  return R"({"eventID":"e-1","eventName":"INSERT",)"
         R"("dynamodb":{"ApproximateCreationDateTime":1760000000.5,)"
         R"("Keys":{"id":{"S":"k"}},"NewImage":)" +
         image + ",\"SequenceNumber\":" + sequence + "}}";
}

/// Parses copies of texts in buffers of exactly the promised size, so that a sanitizer sees every
/// byte read beyond the padding.
class ParsedRecord {
 public:
  explicit ParsedRecord(std::string_view text) { Parse(text); }

  ParseError Parse(std::string_view text) {
    size_ = text.size();
    buffer_ = std::make_unique<char[]>(size_ + record::kRecordPaddingBytes);
    text.copy(buffer_.get(), size_);
    // The worst neighbour: what follows a record in a block is the next record.
    for (size_t i = 0; i < record::kRecordPaddingBytes; ++i)
      buffer_[size_ + i] = "{\"}],:"[i % 6];
    error_ = parser_.Parse({buffer_.get(), size_});
    return error_;
  }

  ParseError error() const { return error_; }
  const std::string& reason() const { return parser_.reason(); }
  const record::Change& change() const { return parser_.change(); }

  /// The only attribute of the image.
  const record::Attribute& value() const {
    EXPECT_EQ(error_, ParseError::kNone) << reason();
    EXPECT_EQ(change().image().size(), 1u);
    return change().image().front();
  }

 private:
  RecordParser parser_;
  std::unique_ptr<char[]> buffer_;
  size_t size_ = 0;
  ParseError error_ = ParseError::kNone;
};

/// The image `{"a":<value>}` in a record.
inline std::string OneValue(const std::string& value) {
  return KinesisRecord("{\"a\":" + value + "}");
}

}  // namespace tapelake::transform
