#include "config/config.h"

namespace tapelake::config {
namespace {

constexpr int64_t kKibibyte = 1 << 10;
constexpr int64_t kMebibyte = 1 << 20;
constexpr int64_t kGibibyte = 1 << 30;

}  // namespace

void DeliveryConfig::Describe(Visitor& visitor, DeliveryConfig& self) {
  visitor.Field({.key = "raw",
                 .sentence = "Whether `up` writes every change to the raw layer, "
                             "`<lake>/raw/<stream>/YYYY/MM/DD/HH/*.ndjson.gz`."},
                &self.raw);
  ObjectsConfig::Describe(visitor, self);
  visitor.List({.key = "streams",
                .sentence = "Streams whose objects are made otherwise. Keys that an entry does not "
                            "have are at their defaults, whatever `delivery` says."},
               &self.streams);
}

void StreamObjectsConfig::Describe(Visitor& visitor, StreamObjectsConfig& self) {
  visitor.Place(&self.place);
  visitor.Field({.key = "stream", .sentence = "The stream, `database.table`.", .required = true},
                &self.stream);
  ObjectsConfig::Describe(visitor, self);
}

void ObjectsConfig::Describe(Visitor& visitor, ObjectsConfig& self) {
  visitor.Field({.key = "buffer_bytes",
                 .sentence = "A raw object is cut at this size, before compression.",
                 .min = kMebibyte,
                 .max = kGibibyte},
                &self.buffer_bytes);
  visitor.Field({.key = "buffer_interval",
                 .sentence = "A raw object is cut when its first line is this old. `0s`: as soon "
                             "as no other object waits to be written.",
                 .min = 0,
                 .max = kMicrosPerHour},
                &self.buffer_interval);
  visitor.Field({.key = "target",
                 .sentence = "Where objects go: a directory or `s3://BUCKET/...` (section `s3` "
                             "says how it is reached). Default: the lake."},
                &self.target);
  visitor.Field({.key = "prefix",
                 .sentence = "Where raw objects lie below that, with Firehose's expressions: "
                             "`!{timestamp:yyyy/MM/dd}`, `!{partitionKeyFromQuery:NAME}`, "
                             "`!{firehose:random-string}`. Without a timestamp the hour follows. "
                             "Default: `raw/<stream>/` and the hour."},
                &self.prefix);
  visitor.Field({.key = "error_prefix",
                 .sentence = "Where error objects lie; must be given if `prefix` has expressions, "
                             "and then holds `!{firehose:error-output-type}`. Default: "
                             "`errors/<type>/` and the hour."},
                &self.error_prefix);
  visitor.Field({.key = "time_zone",
                 .sentence = "IANA name of the time zone of timestamps in prefixes. Default: UTC."},
                &self.time_zone);
  visitor.Field({.key = "partition_keys",
                 .sentence = "Dynamic partitioning: `NAME` or `NAME=ATTRIBUTE`, each used in "
                             "`prefix`. Needs `buffer_bytes` of 64MiB and a `buffer_interval`, as "
                             "in Firehose."},
                &self.partition_keys);
  visitor.Field({.key = "partitions_max",
                 .sentence = "Partitions of one cut; changes of further ones become error lines of "
                             "type `processing-failed`.",
                 .min = 1,
                 .max = 5'000},
                &self.partitions_max);
  visitor.Field({.key = "compression",
                 .sentence = "Of raw and backup objects. `ZSTD` is not Firehose's; `tapelake "
                             "replay` reads neither `Snappy` nor `HADOOP_SNAPPY`.",
                 .choices = {"GZIP", "UNCOMPRESSED", "ZIP", "Snappy", "HADOOP_SNAPPY", "ZSTD"}},
                &self.compression);
  visitor.Field({.key = "file_extension",
                 .sentence = "What names of raw and backup objects end with, for example "
                             "`.json.gz`. Default: `.ndjson` and what the compression adds."},
                &self.file_extension);
  visitor.Field({.key = "source_backup",
                 .sentence = "`all`: the records as they came, also bad ones, go into objects of "
                             "their own, one a line.",
                 .choices = {"none", "all"}},
                &self.source_backup);
  visitor.Field({.key = "backup_prefix",
                 .sentence = "Where those lie. Default: `source/<stream>/` and the hour."},
                &self.backup_prefix);
  visitor.Section({.key = "transform",
                   .sentence = "A Lambda function that makes the lines of raw objects, as in "
                               "Firehose. The table is what it is without one."},
                  &self.transform);
}

void TransformConfig::Describe(Visitor& visitor, TransformConfig& self) {
  visitor.Field({.key = "function",
                 .sentence = "Its name or ARN, with a version or alias behind a colon or not. "
                             "Default: none, and the lines are the changes."},
                &self.function);
  visitor.Field({.key = "endpoint",
                 .sentence = "Where Lambda's Invoke API is, `http(s)://HOST[:PORT]`. Default: "
                             "AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, the profile's or AWS."},
                &self.endpoint);
  visitor.Field({.key = "region",
                 .sentence = "Its region. Default: that of the ARN, AWS_REGION or the profile's."},
                &self.region);
  visitor.Field({.key = "buffer_bytes",
                 .sentence = "Records of this size are one invocation.",
                 .min = 200 * kKibibyte,
                 .max = 3 * kMebibyte},
                &self.buffer_bytes);
  visitor.Field({.key = "buffer_interval",
                 .sentence = "How long a record waits for others, at most until its object is cut.",
                 .min = 0,
                 .max = 900 * kMicrosPerSecond},
                &self.buffer_interval);
  visitor.Field({.key = "retries",
                 .sentence = "How often an invocation that failed is repeated before its records "
                             "become error lines of type `processing-failed`.",
                 .min = 0,
                 .max = 300},
                &self.retries);
}

}  // namespace tapelake::config
