#include "lambda/firehose_handler.h"

#include <algorithm>
#include <cstring>

#include "base/base64.h"
#include "base/json.h"

namespace tapelake::lambda {
namespace {

using record::Attribute;
using record::AttributeType;

constexpr size_t kRecordsBetweenLooks = 32;  // at the clock
constexpr std::string_view kHead = "{\"records\":[";
constexpr std::string_view kTail = "]}";
constexpr std::string_view kId = "{\"recordId\":";
constexpr std::string_view kOk = ",\"result\":\"Ok\",\"data\":\"";
constexpr std::string_view kFailed = ",\"result\":\"ProcessingFailed\"";
constexpr std::string_view kData = ",\"data\":";

/// Bytes of the shortest answer there is, comma included.
size_t ShortBytes(const EventRecord& record) {
  return kId.size() + record.id.size() + kFailed.size() + 2;
}

char* Put(std::string_view text, char* to) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

bool IsPartitionKey(const Attribute& attribute) {
  return attribute.type == AttributeType::kString || attribute.type == AttributeType::kNumber ||
         attribute.type == AttributeType::kBool;
}

}  // namespace

FirehoseHandler::FirehoseHandler(std::vector<std::string> partition_keys)
    : partition_keys_(std::move(partition_keys)) {}

Status FirehoseHandler::Answer(const Event& event, const Deadline& deadline, std::string* answer,
                               Refusals* refusals) {
  const std::vector<EventRecord>& records = event.records;
  size_t rest_bytes = kTail.size();  // what the answers still to come need at least
  for (const EventRecord& record : records)
    rest_bytes += ShortBytes(record);
  if (kHead.size() + rest_bytes > kAnswerBytesMax) {
    return MakeError(ErrorKind::kInvalid, "the ids of " + std::to_string(records.size()) +
                                              " records do not fit into an answer of " +
                                              std::to_string(kAnswerBytesMax) + " bytes");
  }
  answer->assign(kHead);
  for (size_t i = 0; i < records.size(); ++i) {
    if (i % kRecordsBetweenLooks == 0 && deadline.LeftMicros() <= 0) {
      return MakeError(ErrorKind::kThrottled,
                       "the deadline came after " + std::to_string(i) + " of " +
                           std::to_string(records.size()) +
                           " records: give the function more time or memory");
    }
    rest_bytes -= ShortBytes(records[i]);
    if (i > 0) answer->push_back(',');
    AppendRecord(records[i], i, kAnswerBytesMax - answer->size() - rest_bytes, answer, refusals);
  }
  answer->append(kTail);
  return Status::OK();
}

/// `room`: bytes that this answer may take.
void FirehoseHandler::AppendRecord(const EventRecord& record, size_t index, size_t room,
                                   std::string* answer, Refusals* refusals) {
  if (!MakeRow(record, index, refusals)) {
    answer->append(kId).append(record.id).append(kFailed);
    const size_t size = ShortBytes(record) + kData.size() + record.data_token.size();
    if (size <= room) answer->append(kData).append(record.data_token);
    answer->push_back('}');
    return;
  }
  const size_t size = kId.size() + record.id.size() + kOk.size() +
                      base::Base64EncodedSize(row_.size()) + metadata_.size() + 2;
  if (size > room) {
    refusals->Add(index, "no-room",
                  "the answer is longer than " + std::to_string(kAnswerBytesMax) + " bytes");
    answer->append(kId).append(record.id).append(kFailed).push_back('}');
    return;
  }
  const size_t before = answer->size();
  answer->resize(before + size + base::kBase64SlackBytes);
  char* to = Put(kId, answer->data() + before);
  to = Put(record.id, to);
  to = Put(kOk, to);
  to = base::EncodeBase64(row_, to);
  *to++ = '"';
  to = Put(metadata_, to);
  *to++ = '}';
  answer->resize(static_cast<size_t>(to - answer->data()));
}

/// Make row_ and metadata_ of a record, or add it to the refused ones.
bool FirehoseHandler::MakeRow(const EventRecord& record, size_t index, Refusals* refusals) {
  const transform::ParseError error = parser_.Parse(record.data);
  if (error != transform::ParseError::kNone) {
    refusals->Add(index, error, parser_.reason());
    return false;
  }
  metadata_.clear();
  if (!partition_keys_.empty() && !AppendMetadata(index, refusals)) return false;
  const size_t size_max = writer_.BytesMax(parser_.change());
  if (row_scratch_.size() < size_max) row_scratch_.resize(size_max * 2);
  const char* end = writer_.Write(parser_.change(), row_scratch_.data());
  row_ = {row_scratch_.data(), static_cast<size_t>(end - row_scratch_.data())};
  return true;
}

bool FirehoseHandler::AppendMetadata(size_t index, Refusals* refusals) {
  const std::vector<Attribute>& image = parser_.change().image();
  metadata_.append(",\"metadata\":{\"partitionKeys\":{");
  for (const std::string& key : partition_keys_) {
    const auto found = std::ranges::find(image, key, &Attribute::name);
    if (found == image.end() || !IsPartitionKey(*found) || found->text.empty()) {
      refusals->Add(index, "no-partition-key",
                    "attribute '" + key + "' is no partition key: it must be there as a text, " +
                        "number or boolean, and not empty");
      return false;
    }
    if (metadata_.back() != '{') metadata_.push_back(',');
    base::AppendJsonString(key, &metadata_);
    metadata_.push_back(':');
    base::AppendJsonString(found->text, &metadata_);
  }
  metadata_.append("}}");
  return true;
}

}  // namespace tapelake::lambda
