/// Delivery streams, described.

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "serve/aws/firehose/firehose_service.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kPageMax = 10'000;
constexpr int64_t kPageDefault = 10;
constexpr size_t kIdCharactersMax = 100;
constexpr int64_t kMebibyte = int64_t{1} << 20;
constexpr int64_t kMicrosPerSecond = 1'000'000;

std::string_view TypeOf(const DeliveryStream& stream) {
  return stream.source.empty() ? kDirectPut : kKinesisAsSource;
}

/// A map of one member.
void WriteMap(std::string_view key, std::string_view member, std::string_view text,
              AnswerWriter* answer) {
  answer->Key(key);
  answer->BeginMap();
  answer->Text(member, text);
  answer->EndMap();
}

void WriteEnabled(std::string_view key, bool enabled, AnswerWriter* answer) {
  answer->Key(key);
  answer->BeginMap();
  answer->Bool("Enabled", enabled);
  answer->EndMap();
}

void WriteParameter(std::string_view name, std::string_view value, AnswerWriter* answer) {
  answer->BeginMap();
  answer->Text("ParameterName", name);
  answer->Text("ParameterValue", value);
  answer->EndMap();
}

/// A processor and its parameters.
void WriteProcessor(std::string_view type,
                    const std::vector<std::pair<std::string_view, std::string>>& parameters,
                    AnswerWriter* answer) {
  answer->BeginMap();
  answer->Text("Type", type);
  answer->Key("Parameters");
  answer->BeginList();
  for (const auto& [name, value] : parameters)
    WriteParameter(name, value, answer);
  answer->EndList();
  answer->EndMap();
}

/// A size in MiB, with a decimal: the least is 0.2.
std::string Mebibytes(int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f",
                static_cast<double>(bytes) / static_cast<double>(kMebibyte));
  return text;
}

/// The processors that stand for what is done here: a function transforms records, keys of
/// partitions are taken out of them, they get ends.
void WriteProcessing(const DeliveredObjects& objects, AnswerWriter* answer) {
  const DeliveryFunction& function = objects.function;
  if (objects.partition_query.empty() && function.name.empty() && objects.delimiter.empty()) {
    return WriteEnabled("ProcessingConfiguration", false, answer);
  }
  answer->Key("ProcessingConfiguration");
  answer->BeginMap();
  answer->Bool("Enabled", true);
  answer->Key("Processors");
  answer->BeginList();
  if (!function.name.empty()) {
    WriteProcessor(
        "Lambda",
        {{"LambdaArn", function.name},
         {"NumberOfRetries", std::to_string(function.retries)},
         {"BufferSizeInMBs", Mebibytes(function.buffer_bytes)},
         {"BufferIntervalInSeconds", std::to_string(function.buffer_micros / kMicrosPerSecond)}},
        answer);
  }
  if (!objects.partition_query.empty()) {
    WriteProcessor(
        "MetadataExtraction",
        {{"MetadataExtractionQuery", objects.partition_query}, {"JsonParsingEngine", "JQ-1.6"}},
        answer);
  }
  if (!objects.delimiter.empty()) {
    WriteProcessor("AppendDelimiterToRecord", {{"Delimiter", objects.delimiter}}, answer);
  }
  answer->EndList();
  answer->EndMap();
}

}  // namespace

FirehoseService::Outcome FirehoseService::ListDeliveryStreams(WireValue request,
                                                              AnswerWriter* answer) {
  MemberReader::TextRule name_rule = kDeliveryStreamNameRule;
  name_rule.need = MemberReader::Need::kOptional;
  Violations violations;
  MemberReader members(request, &violations);
  const int64_t limit =
      members.Integer("Limit", {.min = 1, .max = kPageMax}).value_or(kPageDefault);
  const auto type =
      members.Choice("DeliveryStreamType", MemberReader::Need::kOptional, kDeliveryStreamTypes);
  const std::string after =
      members.Text("ExclusiveStartDeliveryStreamName", name_rule).value_or("");
  if (auto wrong = violations.error()) return wrong;
  std::vector<StreamPtr> streams = Streams();
  std::erase_if(streams, [&](const StreamPtr& it) { return type && TypeOf(*it) != *type; });
  const auto begin =
      std::ranges::upper_bound(streams, after, {}, [](const auto& it) { return it->name; });
  const auto left = static_cast<int64_t>(streams.end() - begin);
  answer->BeginMap();
  answer->Key("DeliveryStreamNames");
  answer->BeginList();
  for (auto stream = begin; stream != begin + std::min(left, limit); ++stream)
    answer->Text((*stream)->name);
  answer->EndList();
  answer->Bool("HasMoreDeliveryStreams", left > limit);
  answer->EndMap();
  return std::nullopt;
}

FirehoseService::Outcome FirehoseService::DescribeDeliveryStream(WireValue request,
                                                                 AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  members.Integer("Limit", {.min = 1, .max = kPageMax});  // there is one destination at most
  const auto after =
      members.Text("ExclusiveStartDestinationId", {.characters_max = kIdCharactersMax});
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  answer->BeginMap();
  answer->Key("DeliveryStreamDescription");
  answer->BeginMap();
  answer->Text("DeliveryStreamName", stream->name);
  answer->Text("DeliveryStreamARN", ArnOf(stream->name));
  answer->Text("DeliveryStreamStatus", "ACTIVE");
  WriteEncryption(*stream, answer);
  answer->Text("DeliveryStreamType", TypeOf(*stream));
  answer->Text("VersionId", std::to_string(stream->version));
  answer->Key("CreateTimestamp");
  answer->TimeMicros(stream->created_micros);
  if (stream->updated_micros != 0) {
    answer->Key("LastUpdateTimestamp");
    answer->TimeMicros(stream->updated_micros);
  }
  if (!stream->source.empty()) WriteSource(*stream, answer);
  answer->Key("Destinations");
  answer->BeginList();
  if (stream->raw && after.value_or("") < kDestinationId) WriteDestination(*stream, answer);
  answer->EndList();
  answer->Bool("HasMoreDestinations", false);
  answer->EndMap();
  answer->EndMap();
  return std::nullopt;
}

void FirehoseService::WriteSource(const DeliveryStream& stream, AnswerWriter* answer) const {
  answer->Key("Source");
  answer->BeginMap();
  answer->Key("KinesisStreamSourceDescription");
  answer->BeginMap();
  answer->Text("KinesisStreamARN", KinesisArnOf(stream.source));
  answer->Text("RoleARN", stream.source_role);
  answer->Key("DeliveryStartTimestamp");
  answer->TimeMicros(stream.created_micros);
  answer->EndMap();
  answer->EndMap();
}

/// AWS tells of one destination twice, in the words of two generations of clients.
void FirehoseService::WriteDestination(const DeliveryStream& stream, AnswerWriter* answer) const {
  answer->BeginMap();
  answer->Text("DestinationId", kDestinationId);
  answer->Key("S3DestinationDescription");
  answer->BeginMap();
  const DeliveredObjects& objects = stream.objects;
  WriteObjects(stream, objects.prefix, answer);
  answer->EndMap();
  answer->Key("ExtendedS3DestinationDescription");
  answer->BeginMap();
  WriteObjects(stream, objects.prefix, answer);
  WriteProcessing(objects, answer);
  answer->Text("S3BackupMode", objects.backup_prefix.empty() ? "Disabled" : "Enabled");
  if (!objects.backup_prefix.empty()) {
    answer->Key("S3BackupDescription");
    answer->BeginMap();
    WriteObjects(stream, objects.backup_prefix, answer);
    answer->EndMap();
  }
  const bool partitioned = objects.partitioned || !objects.partition_query.empty();
  WriteEnabled("DynamicPartitioningConfiguration", partitioned, answer);
  answer->Text("FileExtension", objects.extension);
  answer->Text("CustomTimeZone", objects.time_zone.empty() ? "UTC" : objects.time_zone);
  answer->EndMap();
  answer->EndMap();
}

/// Where the raw objects lie, in Firehose's own expressions (delivery/delivery.h).
void FirehoseService::WriteObjects(const DeliveryStream& stream, std::string_view prefix,
                                   AnswerWriter* answer) const {
  const std::string& role = stream.objects.role;
  answer->Text("RoleARN",
               role.empty() ? "arn:aws:iam::" + options_.account + ":role/tapelake" : role);
  answer->Text(
      "BucketARN",
      "arn:aws:s3:::" + (stream.objects.bucket.empty() ? options_.bucket : stream.objects.bucket));
  answer->Text("Prefix", prefix);
  answer->Text("ErrorOutputPrefix", stream.objects.error_prefix);
  answer->Key("BufferingHints");
  answer->BeginMap();
  answer->Integer("SizeInMBs", stream.buffer_bytes / kMebibyte);
  answer->Integer("IntervalInSeconds", stream.buffer_micros / kMicrosPerSecond);
  answer->EndMap();
  answer->Text("CompressionFormat", stream.objects.compression);
  WriteMap("EncryptionConfiguration", "NoEncryptionConfig", "NoEncryption", answer);
  WriteEnabled("CloudWatchLoggingOptions", false, answer);
}

}  // namespace tapelake::serve
