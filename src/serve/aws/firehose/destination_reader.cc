#include "serve/aws/firehose/destination_reader.h"

#include <algorithm>
#include <utility>

namespace tapelake::serve {
namespace {

using Need = MemberReader::Need;

constexpr size_t kArnCharactersMax = 512;
constexpr size_t kBucketArnCharactersMax = 2'048;
constexpr size_t kPrefixCharactersMax = 1'024;
constexpr size_t kExtensionCharactersMax = 128;
constexpr size_t kZoneCharactersMax = 50;
constexpr size_t kParameterCharactersMax = 5'120;
constexpr size_t kProcessorsMax = 10;
constexpr size_t kParametersMax = 20;
constexpr size_t kDelimiterBytesMax = 64;
constexpr size_t kBucketCharactersMin = 3;
constexpr size_t kBucketCharactersMax = 63;
constexpr int64_t kMebibyte = int64_t{1} << 20;
constexpr int64_t kMebibytesMax = 128;
constexpr int64_t kPartitionedMebibytesMin = 64;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kIntervalSecondsMax = 900;
constexpr int64_t kRetrySecondsMax = 7'200;
constexpr std::string_view kBucketArn = "arn:aws:s3:::";
constexpr std::string_view kUncompressed = "UNCOMPRESSED";
constexpr std::string_view kDefaultDelimiter = "\\n";

constexpr MemberReader::TextRule kPrefixRule = {.characters_min = 0,
                                                .characters_max = kPrefixCharactersMax};

/// A name that is a bucket's on S3, and one folder's on a disk.
bool IsBucketName(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return name.size() >= kBucketCharactersMin && name.size() <= kBucketCharactersMax &&
         plain(name.front()) && plain(name.back()) && name.find("..") == name.npos &&
         std::ranges::all_of(name, [&](char c) { return plain(c) || c == '.' || c == '-'; });
}

std::optional<std::string> ReadCompression(MemberReader* members) {
  return members->Choice("CompressionFormat", Need::kOptional,
                         {kUncompressed, "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"});
}

}  // namespace

void DestinationReader::Refuse(std::string message) {
  if (!refusal_) refusal_ = InvalidArgument(std::move(message));
}

void DestinationReader::Read(WireValue request) {
  MemberReader members(request, &violations_);
  for (const char* other : {"Redshift", "Elasticsearch", "Amazonopensearchservice", "Splunk",
                            "HttpEndpoint", "AmazonOpenSearchServerless", "Snowflake", "Iceberg"}) {
    const std::string name = Word(std::string(other) + "Destination");
    if (members.Has(name)) Refuse(name + " cannot be had here: objects are delivered, as of S3.");
  }
  const std::string plain = Word("S3Destination");
  const std::string extended = Word("ExtendedS3Destination");
  if (members.Has(plain) == members.Has(extended)) {
    return Refuse("Exactly one destination configuration is supported for a Firehose: " + extended +
                  " or " + plain + ".");
  }
  const bool is_extended = members.Has(extended);
  std::string place = is_extended ? extended : plain;
  place.front() = is_extended ? 'e' : 's';
  MemberReader destination(members.Map(is_extended ? extended : plain), &violations_, place + ".");
  ReadCommon(&destination, place + ".");
  if (is_extended) ReadExtended(&destination, place + ".");
}

/// What both generations of destinations have.
void DestinationReader::ReadCommon(MemberReader* members, const std::string& place) {
  if (auto role = members->Text("RoleARN", {.need = need(), .characters_max = kArnCharactersMax})) {
    objects_.role = std::move(*role);
  }
  ReadBucket(members);
  if (auto prefix = members->Text("Prefix", kPrefixRule)) objects_.prefix = std::move(*prefix);
  if (auto prefix = members->Text("ErrorOutputPrefix", kPrefixRule)) {
    objects_.error_prefix = std::move(*prefix);
  }
  if (auto compression = ReadCompression(members)) objects_.compression = std::move(*compression);
  ReadHints(members, place);
  RefuseUnsupported(members, place);
}

void DestinationReader::ReadBucket(MemberReader* members) {
  const auto arn =
      members->Text("BucketARN", {.need = need(), .characters_max = kBucketArnCharactersMax});
  if (!arn) return;
  const std::string bucket = arn->starts_with(kBucketArn) ? arn->substr(kBucketArn.size()) : "";
  if (!IsBucketName(bucket)) {
    return Refuse("BucketARN " + *arn +
                  " is none: arn:aws:s3:::BUCKET, of 3 to 63 small letters, "
                  "digits, dots and hyphens.");
  }
  objects_.bucket = bucket;
}

void DestinationReader::ReadHints(MemberReader* members, const std::string& place) {
  MemberReader hints(members->Map("BufferingHints"), &violations_, place + "bufferingHints.");
  const auto mebibytes = hints.Integer("SizeInMBs", {.min = 1, .max = kMebibytesMax});
  const auto seconds = hints.Integer("IntervalInSeconds", {.min = 0, .max = kIntervalSecondsMax});
  if (mebibytes.has_value() != seconds.has_value()) {
    return Refuse("BufferingHints need both SizeInMBs and IntervalInSeconds, or neither.");
  }
  if (!mebibytes) return;
  stream_.buffer_bytes = *mebibytes * kMebibyte;
  stream_.buffer_micros = *seconds * kMicrosPerSecond;
}

/// What AWS does beside delivering.
void DestinationReader::RefuseUnsupported(MemberReader* members, const std::string& place) {
  MemberReader encryption(members->Map("EncryptionConfiguration"), &violations_,
                          place + "encryptionConfiguration.");
  encryption.Choice("NoEncryptionConfig", Need::kOptional, {"NoEncryption"});
  if (encryption.Has("KMSEncryptionConfig")) {
    Refuse(
        "EncryptionConfiguration.KMSEncryptionConfig cannot be had here: objects are not "
        "encrypted by Firehose. Let the bucket encrypt them.");
  }
  MemberReader logging(members->Map("CloudWatchLoggingOptions"), &violations_,
                       place + "cloudWatchLoggingOptions.");
  if (logging.Flag("Enabled")) {
    Refuse("CloudWatchLoggingOptions cannot be enabled here: there is no CloudWatch.");
  }
}

void DestinationReader::ReadExtended(MemberReader* members, const std::string& place) {
  if (auto extension = members->Text(
          "FileExtension", {.characters_min = 0, .characters_max = kExtensionCharactersMax}))
    objects_.extension = std::move(*extension);
  if (auto zone = members->Text("CustomTimeZone",
                                {.characters_min = 0, .characters_max = kZoneCharactersMax}))
    objects_.time_zone = std::move(*zone);
  MemberReader conversion(members->Map("DataFormatConversionConfiguration"), &violations_,
                          place + "dataFormatConversionConfiguration.");
  const bool off = conversion.Has("Enabled") && !conversion.Flag("Enabled");
  if (members->Has("DataFormatConversionConfiguration") && !off) {
    Refuse(
        "DataFormatConversionConfiguration cannot be had here: a table of Tapelake's "
        "configuration is what becomes Parquet.");
  }
  const bool was_partitioned = !objects_.partition_query.empty();
  ReadProcessing(members, place);
  ReadPartitioning(members, place, was_partitioned);
  ReadBackup(members, place);
}

void DestinationReader::ReadProcessing(MemberReader* members, const std::string& place) {
  const std::string processing_place = place + "processingConfiguration.";
  MemberReader processing(members->Map("ProcessingConfiguration"), &violations_, processing_place);
  if (!members->Has("ProcessingConfiguration")) return;
  objects_.partition_query.clear();
  objects_.delimiter.clear();
  const WireValue processors = processing.List("Processors", 0, kProcessorsMax);
  if (!processing.Flag("Enabled")) return;
  for (size_t i = 0; i < processors.size(); ++i) {
    const std::string processor_place =
        processing_place + "processors." + std::to_string(i + 1) + ".member.";
    MemberReader processor(processors.At(i), &violations_, processor_place);
    ReadProcessor(&processor, processor_place);
  }
}

void DestinationReader::ReadProcessor(MemberReader* processor, const std::string& place) {
  const std::string type =
      processor
          ->Choice("Type", Need::kRequired,
                   {"RecordDeAggregation", "Decompression", "CloudWatchLogProcessing", "Lambda",
                    "MetadataExtraction", "AppendDelimiterToRecord"})
          .value_or("");
  if (type == "AppendDelimiterToRecord") {
    objects_.delimiter = kDefaultDelimiter;
  } else if (type != "MetadataExtraction") {
    Refuse("A processor " + type +
           " cannot be had here; MetadataExtraction and "
           "AppendDelimiterToRecord can.");
  }
  const WireValue parameters = processor->List("Parameters", 0, kParametersMax);
  for (size_t i = 0; i < parameters.size(); ++i) {
    MemberReader parameter(parameters.At(i), &violations_,
                           place + "parameters." + std::to_string(i + 1) + ".member.");
    const auto name =
        parameter.Text("ParameterName", {.need = Need::kRequired, .characters_max = 256});
    const auto value = parameter.Text(
        "ParameterValue", {.need = Need::kRequired, .characters_max = kParameterCharactersMax});
    ReadParameter(type, name.value_or(""), value.value_or(""));
  }
}

void DestinationReader::ReadParameter(std::string_view type, const std::string& name,
                                      const std::string& value) {
  if (type == "MetadataExtraction" && name == "MetadataExtractionQuery") {
    objects_.partition_query = value;
  } else if (type == "MetadataExtraction" && name == "JsonParsingEngine") {
    if (value != "JQ-1.6") Refuse("JsonParsingEngine " + value + " is not JQ-1.6.");
  } else if (type == "AppendDelimiterToRecord" && name == "Delimiter") {
    if (value.size() > kDelimiterBytesMax) {
      Refuse("Delimiter is longer than " + std::to_string(kDelimiterBytesMax) + " bytes.");
    }
    objects_.delimiter = value;
  } else {
    Refuse("Processor " + std::string(type) + " has no parameter " + name + " here.");
  }
}

void DestinationReader::ReadPartitioning(MemberReader* members, const std::string& place,
                                         bool was_partitioned) {
  const std::string partitioning_place = place + "dynamicPartitioningConfiguration.";
  MemberReader partitioning(members->Map("DynamicPartitioningConfiguration"), &violations_,
                            partitioning_place);
  // Here an object is tried again until it is there, which is longer than any time given.
  MemberReader retries(partitioning.Map("RetryOptions"), &violations_,
                       partitioning_place + "retryOptions.");
  retries.Integer("DurationInSeconds", {.min = 0, .max = kRetrySecondsMax});
  const bool enabled =
      partitioning.Has("Enabled") ? partitioning.Flag("Enabled") : !creates_ && was_partitioned;
  if (!creates_ && enabled != was_partitioned) {
    return Refuse("Dynamic partitioning cannot be enabled or disabled once a Firehose is made.");
  }
  const bool has_query = !objects_.partition_query.empty();
  if (enabled && !has_query) {
    return Refuse(
        "Dynamic partitioning needs a processor MetadataExtraction with a "
        "MetadataExtractionQuery here: keys do not come from Lambda.");
  }
  if (has_query && !enabled) {
    return Refuse("A processor MetadataExtraction needs DynamicPartitioningConfiguration.Enabled.");
  }
  if (!enabled) return;
  if (stream_.buffer_bytes < kPartitionedMebibytesMin * kMebibyte || stream_.buffer_micros == 0) {
    Refuse("BufferingHints.SizeInMBs must be at least " + std::to_string(kPartitionedMebibytesMin) +
           " and IntervalInSeconds more than 0 when dynamic partitioning is enabled.");
  }
}

void DestinationReader::ReadBackup(MemberReader* members, const std::string& place) {
  const bool was_enabled = !objects_.backup_prefix.empty();
  const auto mode = members->Choice("S3BackupMode", Need::kOptional, {"Disabled", "Enabled"});
  const bool enabled = mode ? *mode == "Enabled" : was_enabled;
  if (was_enabled && !enabled) {
    return Refuse("S3BackupMode cannot be Disabled once it was Enabled.");
  }
  const std::string name = Word("S3Backup");
  std::string backup_place = place + name + ".";
  backup_place[place.size()] = 's';
  MemberReader backup(members->Map(name), &violations_, backup_place);
  if (!enabled) return;
  if (members->Has(name)) ReadBackupPlace(&backup, backup_place);
  if (objects_.backup_prefix.empty()) {
    Refuse(name + " with a Prefix must be given when S3BackupMode is Enabled.");
  }
}

/// Source records lie in the same bucket and are cut and compressed as the objects are; what asks
/// for anything else is refused.
void DestinationReader::ReadBackupPlace(MemberReader* members, const std::string& place) {
  const std::string name = Word("S3Backup");
  members->Text("RoleARN", {.need = need(), .characters_max = kArnCharactersMax});
  const auto bucket =
      members->Text("BucketARN", {.need = need(), .characters_max = kBucketArnCharactersMax});
  if (bucket && *bucket != std::string(kBucketArn) + objects_.bucket) {
    Refuse(name + ".BucketARN must be the BucketARN of the destination here.");
  }
  if (auto prefix = members->Text("Prefix", kPrefixRule)) {
    objects_.backup_prefix = std::move(*prefix);
  }
  const auto errors = members->Text("ErrorOutputPrefix", kPrefixRule);
  if (errors && !errors->empty()) {
    Refuse(name + ".ErrorOutputPrefix says nothing: no source record is an error.");
  }
  const std::string before = creates_ ? std::string(kUncompressed) : objects_.compression;
  if (ReadCompression(members).value_or(before) != objects_.compression) {
    Refuse(name + ".CompressionFormat must be " + objects_.compression +
           " as that of the destination: source records are compressed as the objects are.");
  }
  MemberReader hints(members->Map("BufferingHints"), &violations_, place + "bufferingHints.");
  const auto mebibytes = hints.Integer("SizeInMBs", {.min = 1, .max = kMebibytesMax});
  const auto seconds = hints.Integer("IntervalInSeconds", {.min = 0, .max = kIntervalSecondsMax});
  if ((mebibytes && *mebibytes * kMebibyte != stream_.buffer_bytes) ||
      (seconds && *seconds * kMicrosPerSecond != stream_.buffer_micros)) {
    Refuse(name + ".BufferingHints must be those of the destination here.");
  }
  RefuseUnsupported(members, place);
}

}  // namespace tapelake::serve
