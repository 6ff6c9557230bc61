#pragma once

/// Events for the unit tests of this folder.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/base64.h"
#include "lambda/event.h"
#include "record/record_block.h"

namespace tapelake::lambda {

inline std::string Base64(std::string_view bytes) {
  std::string text;
  base::AppendBase64(bytes, &text);
  return text;
}

/// A Kinesis record (the shape that DynamoDB writes) of one item.
inline std::string ChangeRecord(const std::string& id, const std::string& more = "") {
  return R"({"eventID":"e-)" + id + R"(","eventName":"INSERT","dynamodb":{)" +
         R"("ApproximateCreationDateTime":1760000000000001,"Keys":{"id":{"S":")" + id +
         R"("}},"NewImage":{"id":{"S":")" + id + "\"}" + more + "}}}";
}

/// The row line of ChangeRecord(id).
inline std::string RowLine(const std::string& id) {
  return R"({"id":")" + id + R"(","event_name":"INSERT","event_id":"e-)" + id +
         R"(","change_time":1760000000000001,"position":null})" + "\n";
}

/// A transformation event of records "r0", "r1", ... with these data.
inline std::string FirehoseEvent(const std::vector<std::string>& data) {
  std::string event = R"({"deliveryStreamArn":"arn:d","records":[)";
  for (size_t i = 0; i < data.size(); ++i) {
    event += (i > 0 ? "," : "") + (R"({"recordId":"r)" + std::to_string(i)) + R"(","data":")" +
             Base64(data[i]) + "\"}";
  }
  return event + "]}";
}

/// A batch of sequence numbers "100", "101", ... with these data.
inline std::string KinesisEvent(const std::vector<std::string>& data) {
  std::string event = R"({"Records":[)";
  for (size_t i = 0; i < data.size(); ++i) {
    event += (i > 0 ? "," : "") + (R"({"kinesis":{"sequenceNumber":")" + std::to_string(100 + i)) +
             R"(","data":")" + Base64(data[i]) +
             R"("},"eventSource":"aws:kinesis","eventSourceARN":"arn:k"})";
  }
  return event + "]}";
}

/// An event and the text it looks into.
class ReadEvent {
 public:
  explicit ReadEvent(const std::string& text)
      : buffer_(text + std::string(record::kRecordPaddingBytes, '\0')) {
    const Status status = reader_.Read(std::string_view(buffer_).substr(0, text.size()), &event_);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  const Event& operator*() const { return event_; }

 private:
  std::string buffer_;
  EventReader reader_;
  Event event_;
};

}  // namespace tapelake::lambda
