#include "app/delivery_plan.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "io/aws/lambda_function.h"

namespace tapelake::app {
namespace {

constexpr int64_t kPartitionedBytesMin = int64_t{64} << 20;
constexpr int64_t kWaitingBuffers = 4;

const config::StreamObjectsConfig* FindEntry(const config::DeliveryConfig& delivery,
                                             const std::string& stream) {
  const auto found =
      std::find_if(delivery.streams.begin(), delivery.streams.end(),
                   [&](const config::StreamObjectsConfig& one) { return one.stream == stream; });
  return found == delivery.streams.end() ? nullptr : &*found;
}

Status CheckEntries(const config::Config& config) {
  const auto& streams = config.delivery.streams;
  for (size_t i = 0; i < streams.size(); ++i) {
    const std::string& name = streams[i].stream;
    const bool known =
        std::any_of(config.tables.begin(), config.tables.end(),
                    [&](const config::TableConfig& one) { return one.QualifiedName() == name; });
    if (!known) {
      return MakeError(ErrorKind::kInvalid, "delivery.streams: '" + name + "' (" +
                                                streams[i].place + ") is no table of this lake");
    }
    for (size_t j = 0; j < i; ++j) {
      if (streams[j].stream != name) continue;
      return MakeError(ErrorKind::kInvalid, "delivery.streams: '" + name +
                                                "' stands there twice: " + streams[j].place +
                                                " and " + streams[i].place);
    }
  }
  return Status::OK();
}

/// The lake's folder holds its tables, one folder a database: objects must not come among them.
Status CheckFolders(const config::Config& config, const delivery::ObjectLayout& layout) {
  for (const delivery::PrefixExpression* prefix :
       {&layout.raw_prefix(), &layout.error_prefix(), &layout.backup_prefix()}) {
    const std::string glob = prefix->Glob();
    const std::string_view first = std::string_view(glob).substr(0, glob.find('/'));
    for (const config::TableConfig& table : config.tables) {
      if (!delivery::GlobMatches(first, table.database)) continue;
      return MakeError(ErrorKind::kInvalid, "prefix '" + prefix->text() +
                                                "': its first folder may be that of the "
                                                "database '" +
                                                table.database + "'");
    }
  }
  return Status::OK();
}

const config::ObjectsConfig& ObjectsOf(const config::Config& config, const std::string& stream) {
  const config::StreamObjectsConfig* entry = FindEntry(config.delivery, stream);
  if (entry != nullptr) return *entry;
  return config.delivery;
}

Status CheckPartitioning(const config::ObjectsConfig& objects,
                         const delivery::ObjectLayout& layout) {
  if (!layout.partitioned()) return Status::OK();
  if (objects.buffer_bytes.bytes >= kPartitionedBytesMin && objects.buffer_interval.micros > 0) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInvalid,
                   "partition keys need buffer_bytes of at least 64MiB and a buffer_interval over "
                   "0s: else there are many tiny objects");
}

Status CheckTransform(const config::Config& config, const config::TransformConfig& transform,
                      const delivery::ObjectLayout& layout) {
  if (!transform.function.empty()) {
    const Status named = io::aws::CheckFunctionName(transform.function);
    if (!named.ok()) return WithContext(named, "transform.function");
    if (config.delivery.raw) return Status::OK();
    return MakeError(ErrorKind::kInvalid,
                     "transform.function '" + transform.function +
                         "' makes the lines of raw objects, but delivery.raw is false");
  }
  if (!transform.endpoint.empty() || !transform.region.empty()) {
    return MakeError(ErrorKind::kInvalid, "transform has an endpoint or a region, but no function");
  }
  if (layout.function_keys().empty()) return Status::OK();
  return MakeError(ErrorKind::kInvalid,
                   "prefix '" + layout.raw_prefix().text() +
                       "': partitionKeyFromLambda needs a function that gives the key\nhint: "
                       "transform.function, or partitionKeyFromQuery with partition_keys");
}

/// What a function is told, as the AWS-compatible port names the stream.
std::string StreamArn(const config::Config& config, const std::string& stream) {
  const config::AwsDoorConfig& aws = config.doors.aws;
  return "arn:aws:firehose:" + aws.region + ":" + aws.account + ":deliverystream/" + stream;
}

Result<delivery::LayoutOptions> LayoutOf(const config::ObjectsConfig& objects) {
  delivery::LayoutOptions layout{.target = objects.target,
                                 .prefix = objects.prefix,
                                 .error_prefix = objects.error_prefix,
                                 .backup_prefix = objects.backup_prefix,
                                 .time_zone = objects.time_zone,
                                 .compression = objects.compression,
                                 .extension = objects.file_extension,
                                 .backup = objects.source_backup == "all",
                                 .partition_keys = {},
                                 .partitions_max = objects.partitions_max};
  for (const std::string& text : objects.partition_keys) {
    TAPELAKE_ASSIGN_OR_RAISE(delivery::PartitionKey key, delivery::ParsePartitionKey(text));
    layout.partition_keys.push_back(std::move(key));
  }
  return layout;
}

Result<delivery::DeliveryOptions> OptionsOf(const config::Config& config,
                                            const config::ObjectsConfig& objects,
                                            const std::string& stream) {
  TAPELAKE_ASSIGN_OR_RAISE(delivery::LayoutOptions layout, LayoutOf(objects));
  TAPELAKE_ASSIGN_OR_RAISE(const auto made, delivery::ObjectLayout::Make(layout, stream));
  TAPELAKE_RETURN_NOT_OK(CheckPartitioning(objects, *made));
  TAPELAKE_RETURN_NOT_OK(CheckTransform(config, objects.transform, *made));
  // The default layout is as it always was, whatever databases are called.
  const bool among_tables = layout.target.empty() && !made->is_default();
  if (among_tables) TAPELAKE_RETURN_NOT_OK(CheckFolders(config, *made));
  delivery::DeliveryOptions options;
  options.lake_path = config.lake.path;
  options.stream = stream;
  options.raw = config.delivery.raw;
  options.buffer_bytes = objects.buffer_bytes.bytes;
  options.buffer_micros = objects.buffer_interval.micros;
  options.waiting_bytes_max = kWaitingBuffers * objects.buffer_bytes.bytes;
  options.layout = std::move(layout);
  options.transform = {.stream_arn = StreamArn(config, stream),
                       .buffer_bytes = objects.transform.buffer_bytes.bytes,
                       .buffer_micros = objects.transform.buffer_interval.micros,
                       .retries = static_cast<int>(objects.transform.retries)};
  return options;
}

}  // namespace

const config::TransformConfig& TransformOf(const config::Config& config,
                                           const std::string& stream) {
  return ObjectsOf(config, stream).transform;
}

Result<delivery::DeliveryOptions> DeliveryOptionsOf(const config::Config& config,
                                                    const std::string& stream) {
  TAPELAKE_RETURN_NOT_OK(CheckEntries(config));
  const config::StreamObjectsConfig* entry = FindEntry(config.delivery, stream);
  auto options = OptionsOf(config, ObjectsOf(config, stream), stream);
  if (options.ok()) return options;
  return WithContext(options.status(), entry == nullptr
                                           ? "section 'delivery'"
                                           : "delivery.streams (" + entry->place + ")");
}

}  // namespace tapelake::app
