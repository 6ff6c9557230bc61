#include "source/kinesis/kinesis_api.h"

#include <charconv>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "record/record_block.h"
#include "source/kinesis/aggregated_record.h"
#include "source/pull/json_slices.h"
#include "source/pull/shard_calls.h"

namespace tapelake::source {
namespace {

constexpr int64_t kMicrosPerHour = int64_t{3'600} * 1'000'000;
constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int64_t kRecordsMax = 10'000;  // of one GetRecords
constexpr size_t kShardsMax = 100'000;

/// Adds the shards of one page of ListShards; returns the token of the next.
Result<std::string> ParseShards(std::string_view answer, std::vector<ShardInfo>* shards) {
  TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue document, base::ParseJson(answer));
  const base::JsonValue* list = document.Find("Shards");
  if (list == nullptr || !list->is_array()) {
    return MakeError(ErrorKind::kCorrupt, "the answer of ListShards holds no Shards");
  }
  for (const base::JsonValue& item : list->items()) {
    const base::JsonValue* id = item.Find("ShardId");
    if (id == nullptr || !id->is_string() || id->text().empty()) {
      return MakeError(ErrorKind::kCorrupt, "ListShards named a shard without ShardId");
    }
    ShardInfo shard{.id = id->text()};
    for (const char* key : {"ParentShardId", "AdjacentParentShardId"}) {
      const base::JsonValue* parent = item.Find(key);
      if (parent != nullptr && !parent->text().empty()) shard.parents.push_back(parent->text());
    }
    const base::JsonValue* range = item.Find("SequenceNumberRange");
    const base::JsonValue* end = range == nullptr ? nullptr : range->Find("EndingSequenceNumber");
    shard.closed = end != nullptr && end->is_string();
    shards->push_back(std::move(shard));
  }
  const base::JsonValue* next = document.Find("NextToken");
  return next == nullptr ? std::string() : next->text();
}

struct WireRecord {
  std::string_view data;  // base64
  std::string unescaped;  // what `data` looks at if a server escapes what needs none
  std::string sequence;
  int64_t time_micros = 0;
};

Result<WireRecord> ParseRecord(std::string_view text) {
  WireRecord record;
  bool has_data = false;
  TAPELAKE_RETURN_NOT_OK(
      VisitMembers(text, [&](std::string_view name, std::string_view value) -> Status {
        if (name == "SequenceNumber") return TextOf(value).Value(&record.sequence);
        if (name == "ApproximateArrivalTimestamp") record.time_micros = MicrosOfSeconds(value);
        if (name != "Data") return Status::OK();
        const auto quoted = QuotedText(value);
        has_data = quoted.has_value();
        record.data = quoted.value_or("");
        if (record.data.find('\\') == std::string_view::npos) return Status::OK();
        return TextOf(value).Value(&record.unescaped);
      }));
  if (!has_data || record.sequence.empty()) {
    return MakeError(ErrorKind::kCorrupt,
                     "GetRecords gave a record without Data or SequenceNumber");
  }
  return record;
}

/// Decodes the data of records one behind the other.
class PageWriter {
 public:
  PageWriter(ShardPage* page, size_t bytes_max) : page_(page) {
    page_->buffer.resize(bytes_max + base::kBase64SlackBytes + record::kRecordPaddingBytes);
  }

  Status Add(WireRecord record) {
    size_t size = 0;
    const std::string_view text = record.unescaped.empty() ? record.data : record.unescaped;
    if (!base::DecodeBase64(text, page_->buffer.data() + used_, &size)) {
      return MakeError(ErrorKind::kCorrupt, "Data of record " + record.sequence + " is no base64");
    }
    const std::string_view bytes(page_->buffer.data() + used_, size);
    parts_.clear();
    if (!SplitAggregate(bytes, &parts_)) parts_.push_back(bytes);
    for (const std::string_view part : parts_) {
      page_->pieces.push_back(
          {static_cast<size_t>(part.data() - page_->buffer.data()), part.size()});
    }
    page_->records.push_back({.sequence = std::move(record.sequence),
                              .time_micros = record.time_micros,
                              .pieces = parts_.size()});
    used_ += size;
    page_->wire_bytes = static_cast<int64_t>(used_);
    return Status::OK();
  }

  void Finish() { page_->buffer.resize(used_ + record::kRecordPaddingBytes); }

 private:
  ShardPage* page_;
  size_t used_ = 0;
  std::vector<std::string_view> parts_;
};

}  // namespace

io::aws::JsonService KinesisService() {
  return {.name = "Kinesis",
          .signing_name = "kinesis",
          .endpoint_prefix = "kinesis",
          .target_prefix = "Kinesis_20131202",
          .json_version = "1.1",
          .endpoint_variable = "AWS_ENDPOINT_URL_KINESIS"};
}

Result<ShardPage> ParseKinesisPage(std::string_view answer) {
  ShardPage page;
  std::string_view records = "[]";
  TAPELAKE_RETURN_NOT_OK(
      VisitMembers(answer, [&](std::string_view name, std::string_view value) -> Status {
        if (name == "Records") records = value;
        if (name == "NextShardIterator") return TextOf(value).Value(&page.next_iterator);
        if (name != "MillisBehindLatest") return Status::OK();
        int64_t millis = 0;
        if (std::from_chars(value.data(), value.data() + value.size(), millis).ec == std::errc()) {
          page.behind_micros = millis * kMicrosPerMilli;
        }
        return Status::OK();
      }));
  PageWriter writer(&page, base::Base64DecodedSizeMax(records.size()));
  TAPELAKE_RETURN_NOT_OK(VisitItems(records, [&writer](std::string_view item) -> Status {
    TAPELAKE_ASSIGN_OR_RAISE(WireRecord record, ParseRecord(item));
    return writer.Add(std::move(record));
  }));
  writer.Finish();
  return page;
}

KinesisApi::KinesisApi(std::unique_ptr<io::aws::JsonClient> client, std::string stream)
    : client_(std::move(client)), stream_(std::move(stream)) {}

/// `"StreamName":"orders"` or `"StreamARN":"arn:..."`.
std::string KinesisApi::StreamMember() const {
  std::string out = stream_.starts_with("arn:") ? "\"StreamARN\":" : "\"StreamName\":";
  base::AppendJsonString(stream_, &out);
  return out;
}

Result<std::string> KinesisApi::Ask(const std::string& operation, const std::string& body) {
  const io::aws::JsonCall call{
      .operation = operation, .body = body, .tries_max = kShardCallTriesMax};
  TAPELAKE_ASSIGN_OR_RAISE(io::aws::JsonAnswer answer, client_->Call(call));
  if (!answer.ok()) {
    return WithContext(client_->ErrorOf(call, answer), "stream '" + stream_ + "'");
  }
  return std::move(answer.body);
}

Result<ShardListing> KinesisApi::List() {
  ShardListing listing;
  TAPELAKE_ASSIGN_OR_RAISE(const std::string summary,
                           Ask("DescribeStreamSummary", "{" + StreamMember() + "}"));
  TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue document, base::ParseJson(summary));
  const base::JsonValue* stream = document.Find("StreamDescriptionSummary");
  const base::JsonValue* created =
      stream == nullptr ? nullptr : stream->Find("StreamCreationTimestamp");
  const base::JsonValue* hours = stream == nullptr ? nullptr : stream->Find("RetentionPeriodHours");
  if (created == nullptr || hours == nullptr || hours->AsInt(0) <= 0) {
    return MakeError(
        ErrorKind::kCorrupt,
        "DescribeStreamSummary says no StreamCreationTimestamp or RetentionPeriodHours");
  }
  // Whole seconds: not every server keeps the fraction the same.
  listing.incarnation = std::to_string(MicrosOfSeconds(created->text()) / 1'000'000);
  listing.retention_micros = hours->AsInt(0) * kMicrosPerHour;
  std::string body = "{" + StreamMember() + "}";
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string page, Ask("ListShards", body));
    TAPELAKE_ASSIGN_OR_RAISE(const std::string token, ParseShards(page, &listing.shards));
    if (token.empty()) return listing;
    if (listing.shards.size() > kShardsMax) {
      return MakeError(ErrorKind::kCorrupt, "ListShards does not end");
    }
    body = "{\"NextToken\":";
    base::AppendJsonString(token, &body);
    body += "}";
  }
}

Result<ShardAnswer> KinesisApi::GetIterator(const std::string& shard_id, const ShardPlace& place,
                                            bool with_last) {
  std::string body;
  base::JsonWriter writer(&body);
  writer.BeginObject();
  stream_.starts_with("arn:") ? writer.Key("StreamARN") : writer.Key("StreamName");
  writer.String(stream_).Key("ShardId").String(shard_id).Key("ShardIteratorType");
  switch (place.kind) {
    case ShardPlace::Kind::kOldest:
      writer.String("TRIM_HORIZON");
      break;
    case ShardPlace::Kind::kTime: {
      std::string millis = std::to_string(place.time_millis % 1'000);
      millis.insert(0, 3 - millis.size(), '0');
      writer.String("AT_TIMESTAMP").Key("Timestamp");
      writer.Raw(std::to_string(place.time_millis / 1'000) + "." + millis);
      break;
    }
    case ShardPlace::Kind::kAfter:
    case ShardPlace::Kind::kAt:
      with_last = with_last || place.kind == ShardPlace::Kind::kAt;
      writer.String(with_last ? "AT_SEQUENCE_NUMBER" : "AFTER_SEQUENCE_NUMBER");
      writer.Key("StartingSequenceNumber").String(place.sequence);
      break;
  }
  writer.EndObject();
  return ShardCalls(*client_, stream_).GetIterator(body);
}

Result<ShardAnswer> KinesisApi::GetRecords(const std::string& iterator) {
  return ShardCalls(*client_, stream_).GetRecords(iterator, kRecordsMax, [](std::string answer) {
    return ParseKinesisPage(answer);
  });
}

}  // namespace tapelake::source
