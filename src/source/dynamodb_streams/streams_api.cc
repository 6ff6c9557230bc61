#include "source/dynamodb_streams/streams_api.h"

#include <utility>

#include "base/json.h"
#include "record/record_block.h"
#include "source/pull/json_slices.h"
#include "source/pull/shard_calls.h"

namespace tapelake::source {
namespace {

constexpr int64_t kRetentionMicros = int64_t{24} * 3'600 * 1'000'000;
constexpr int64_t kRecordsMax = 1'000;  // of one GetRecords
constexpr size_t kShardsMax = 100'000;
constexpr char kViewHint[] =
    "\nhint: turn the table's stream on with the view type NEW_AND_OLD_IMAGES";

std::string TextMember(const base::JsonValue& object, std::string_view key) {
  const base::JsonValue* value = object.Find(key);
  return value == nullptr ? std::string() : value->text();
}

Status AddRecord(std::string_view text, const std::string& buffer, ShardPage* page) {
  ShardPage::Record record{.sequence = {}, .time_micros = 0, .pieces = 1};
  TAPELAKE_RETURN_NOT_OK(VisitMembers(text, [&](std::string_view name, std::string_view value) {
    if (name != "dynamodb") return Status::OK();
    return VisitMembers(value, [&](std::string_view inner, std::string_view what) -> Status {
      if (inner == "ApproximateCreationDateTime") record.time_micros = MicrosOfSeconds(what);
      if (inner != "SequenceNumber") return Status::OK();
      return TextOf(what).Value(&record.sequence);
    });
  }));
  if (record.sequence.empty()) {
    return MakeError(ErrorKind::kCorrupt, "GetRecords gave a record without SequenceNumber");
  }
  page->pieces.push_back({static_cast<size_t>(text.data() - buffer.data()), text.size()});
  page->records.push_back(std::move(record));
  return Status::OK();
}

}  // namespace

io::aws::JsonService DynamodbService() {
  return {.name = "DynamoDB",
          .signing_name = "dynamodb",
          .endpoint_prefix = "dynamodb",
          .target_prefix = "DynamoDB_20120810",
          .json_version = "1.0",
          .endpoint_variable = "AWS_ENDPOINT_URL_DYNAMODB"};
}

io::aws::JsonService DynamodbStreamsService() {
  return {.name = "DynamoDB Streams",
          .signing_name = "dynamodb",
          .endpoint_prefix = "streams.dynamodb",
          .target_prefix = "DynamoDBStreams_20120810",
          .json_version = "1.0",
          .endpoint_variable = "AWS_ENDPOINT_URL_DYNAMODB_STREAMS"};
}

Result<DynamodbTable> DescribeDynamodbTable(io::aws::JsonClient& client, const std::string& table) {
  std::string body;
  base::JsonWriter(&body).BeginObject().Key("TableName").String(table).EndObject();
  const io::aws::JsonCall call{
      .operation = "DescribeTable", .body = body, .tries_max = kShardCallTriesMax};
  TAPELAKE_ASSIGN_OR_RAISE(const io::aws::JsonAnswer answer, client.Call(call));
  if (!answer.ok()) return WithContext(client.ErrorOf(call, answer), "table '" + table + "'");
  TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue document, base::ParseJson(answer.body));
  const base::JsonValue* found = document.Find("Table");
  const base::JsonValue* keys = found == nullptr ? nullptr : found->Find("KeySchema");
  if (keys == nullptr || keys->items().empty()) {
    return MakeError(ErrorKind::kCorrupt, "DescribeTable says no KeySchema of '" + table + "'");
  }
  DynamodbTable described;
  described.incarnation =
      std::to_string(MicrosOfSeconds(TextMember(*found, "CreationDateTime")) / 1'000'000);
  described.stream_arn = TextMember(*found, "LatestStreamArn");
  if (const base::JsonValue* stream = found->Find("StreamSpecification")) {
    described.stream_view = TextMember(*stream, "StreamViewType");
  }
  for (const base::JsonValue& key : keys->items())
    described.keys.push_back(TextMember(key, "AttributeName"));
  return described;
}

Result<ShardPage> ParseStreamsPage(std::string answer) {
  ShardPage page;
  page.wire_bytes = static_cast<int64_t>(answer.size());
  page.buffer = std::move(answer);
  const std::string_view text = page.buffer;
  std::string_view records = "[]";
  TAPELAKE_RETURN_NOT_OK(
      VisitMembers(text, [&](std::string_view name, std::string_view value) -> Status {
        if (name == "Records") records = value;
        if (name != "NextShardIterator") return Status::OK();
        return TextOf(value).Value(&page.next_iterator);
      }));
  TAPELAKE_RETURN_NOT_OK(VisitItems(
      records, [&page](std::string_view item) { return AddRecord(item, page.buffer, &page); }));
  page.buffer.append(record::kRecordPaddingBytes, ' ');
  return page;
}

Status StreamsApi::FindStream() {
  if (table_.empty()) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const DynamodbTable table, DescribeDynamodbTable(*tables_, table_));
  if (table.stream_arn.empty()) {
    return MakeError(ErrorKind::kInvalid, "table '" + table_ + "' has no stream" + kViewHint);
  }
  if (!table.stream_view.empty() && !table.stream_view.starts_with("NEW_")) {
    return MakeError(ErrorKind::kInvalid, "the stream of table '" + table_ +
                                              "' has the view type " + table.stream_view +
                                              ", so rows cannot be made of it" + kViewHint);
  }
  arn_ = table.stream_arn;
  return Status::OK();
}

/// Adds the shards of one page of DescribeStream; returns the last shard of it if there are more.
Result<std::string> StreamsApi::DescribePage(const std::string& after, ShardListing* listing) {
  std::string body;
  base::JsonWriter writer(&body);
  writer.BeginObject().Key("StreamArn").String(arn_);
  if (!after.empty()) writer.Key("ExclusiveStartShardId").String(after);
  writer.EndObject();
  const io::aws::JsonCall call{
      .operation = "DescribeStream", .body = body, .tries_max = kShardCallTriesMax};
  TAPELAKE_ASSIGN_OR_RAISE(const io::aws::JsonAnswer answer, streams_->Call(call));
  if (!answer.ok()) return WithContext(streams_->ErrorOf(call, answer), "stream '" + arn_ + "'");
  TAPELAKE_ASSIGN_OR_RAISE(const base::JsonValue document, base::ParseJson(answer.body));
  const base::JsonValue* stream = document.Find("StreamDescription");
  const base::JsonValue* shards = stream == nullptr ? nullptr : stream->Find("Shards");
  if (shards == nullptr || !shards->is_array()) {
    return MakeError(ErrorKind::kCorrupt, "the answer of DescribeStream holds no Shards");
  }
  listing->incarnation = TextMember(*stream, "StreamLabel");
  for (const base::JsonValue& item : shards->items()) {
    ShardInfo shard{.id = TextMember(item, "ShardId")};
    if (shard.id.empty()) {
      return MakeError(ErrorKind::kCorrupt, "DescribeStream named a shard without ShardId");
    }
    const std::string parent = TextMember(item, "ParentShardId");
    if (!parent.empty()) shard.parents.push_back(parent);
    listing->shards.push_back(std::move(shard));
  }
  return TextMember(*stream, "LastEvaluatedShardId");
}

Result<ShardListing> StreamsApi::List() {
  TAPELAKE_RETURN_NOT_OK(FindStream());
  ShardListing listing{.incarnation = {}, .retention_micros = kRetentionMicros, .shards = {}};
  std::string after;
  do {
    TAPELAKE_ASSIGN_OR_RAISE(after, DescribePage(after, &listing));
    if (listing.shards.size() > kShardsMax) {
      return MakeError(ErrorKind::kCorrupt, "DescribeStream does not end");
    }
  } while (!after.empty());
  return listing;
}

Result<ShardAnswer> StreamsApi::GetIterator(const std::string& shard_id, const ShardPlace& place,
                                            bool with_last) {
  std::string body;
  base::JsonWriter writer(&body);
  writer.BeginObject().Key("StreamArn").String(arn_).Key("ShardId").String(shard_id);
  writer.Key("ShardIteratorType");
  const bool at = place.kind == ShardPlace::Kind::kAt;
  if (at || place.kind == ShardPlace::Kind::kAfter) {
    writer.String(at || with_last ? "AT_SEQUENCE_NUMBER" : "AFTER_SEQUENCE_NUMBER");
    writer.Key("SequenceNumber").String(place.sequence);
  } else {
    writer.String("TRIM_HORIZON");  // who begins at a time passes over what is older
  }
  writer.EndObject();
  return ShardCalls(*streams_, arn_).GetIterator(body);
}

Result<ShardAnswer> StreamsApi::GetRecords(const std::string& iterator) {
  return ShardCalls(*streams_, arn_).GetRecords(iterator, kRecordsMax, ParseStreamsPage);
}

}  // namespace tapelake::source
