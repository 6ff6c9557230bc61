#include "app/delivery_definition.h"

#include <array>
#include <utility>

#include "base/json.h"
#include "base/seal.h"
#include "delivery/partition_query.h"
#include "io/file_system.h"

namespace tapelake::app {
namespace {

using base::JsonValue;

constexpr char kHour[] = "!{timestamp:yyyy/MM/dd/HH}/";
constexpr char kErrors[] = "!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/";
constexpr int64_t kWaitingBuffers = 2;
constexpr int64_t kMicrosPerMilli = 1'000;

template <typename Member, typename Stream>
struct Named {
  const char* key;
  Member Stream::* member;
};

constexpr std::array kTexts = {
    Named<std::string, serve::DeliveredObjects>{"bucket", &serve::DeliveredObjects::bucket},
    Named<std::string, serve::DeliveredObjects>{"role", &serve::DeliveredObjects::role},
    Named<std::string, serve::DeliveredObjects>{"prefix", &serve::DeliveredObjects::prefix},
    Named<std::string, serve::DeliveredObjects>{"error_prefix",
                                                &serve::DeliveredObjects::error_prefix},
    Named<std::string, serve::DeliveredObjects>{"backup_prefix",
                                                &serve::DeliveredObjects::backup_prefix},
    Named<std::string, serve::DeliveredObjects>{"compression",
                                                &serve::DeliveredObjects::compression},
    Named<std::string, serve::DeliveredObjects>{"extension", &serve::DeliveredObjects::extension},
    Named<std::string, serve::DeliveredObjects>{"time_zone", &serve::DeliveredObjects::time_zone},
    Named<std::string, serve::DeliveredObjects>{"partition_query",
                                                &serve::DeliveredObjects::partition_query},
    Named<std::string, serve::DeliveredObjects>{"delimiter", &serve::DeliveredObjects::delimiter},
};

constexpr std::array kOwnTexts = {
    Named<std::string, serve::DeliveryStream>{"name", &serve::DeliveryStream::name},
    Named<std::string, serve::DeliveryStream>{"source", &serve::DeliveryStream::source},
    Named<std::string, serve::DeliveryStream>{"source_role", &serve::DeliveryStream::source_role},
};

constexpr std::array kNumbers = {
    Named<int64_t, serve::DeliveryStream>{"source_start", &serve::DeliveryStream::source_start},
    Named<int64_t, serve::DeliveryStream>{"version", &serve::DeliveryStream::version},
    Named<int64_t, serve::DeliveryStream>{"created_micros", &serve::DeliveryStream::created_micros},
    Named<int64_t, serve::DeliveryStream>{"updated_micros", &serve::DeliveryStream::updated_micros},
    Named<int64_t, serve::DeliveryStream>{"buffer_bytes", &serve::DeliveryStream::buffer_bytes},
    Named<int64_t, serve::DeliveryStream>{"buffer_micros", &serve::DeliveryStream::buffer_micros},
};

Status Corrupt(const std::string& what) {
  return MakeError(ErrorKind::kCorrupt, what);
}

/// The delimiter that an escaped one means: `\n` is a line end.
std::string Unescaped(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    constexpr std::string_view kLetters = "nrt\\";
    constexpr std::string_view kMeanings = "\n\r\t\\";
    const size_t letter =
        text[i] == '\\' && i + 1 < text.size() ? kLetters.find(text[i + 1]) : kLetters.npos;
    plain.push_back(letter == kLetters.npos ? text[i] : kMeanings[letter]);
    if (letter != kLetters.npos) ++i;
  }
  return plain;
}

std::string TargetOf(const std::string& buckets, const std::string& bucket) {
  return buckets.ends_with('/') ? buckets + bucket : buckets + "/" + bucket;
}

}  // namespace

std::string DefinitionText(const serve::DeliveryStream& stream) {
  std::string text;
  base::JsonWriter writer(&text);
  writer.BeginObject();
  for (const auto& [key, member] : kOwnTexts)
    writer.Key(key).String(stream.*member);
  for (const auto& [key, member] : kNumbers)
    writer.Key(key).Int(stream.*member);
  for (const auto& [key, member] : kTexts)
    writer.Key(key).String(stream.objects.*member);
  writer.Key("tags").BeginObject();
  for (const auto& [key, value] : stream.tags)
    writer.Key(key).String(value);
  writer.EndObject();
  text.push_back(',');
  base::AppendJsonSeal(0, "}", &text);
  text.push_back('\n');
  return text;
}

Result<serve::DeliveryStream> ParseDefinition(std::string_view text) {
  if (!text.ends_with('\n')) return Corrupt("it has no end");
  text.remove_suffix(1);
  if (base::JudgeJsonSeal(text, "}") != base::SealState::kWhole) {
    return Corrupt("its checksum does not fit");
  }
  const auto parsed = base::ParseJson(text);
  if (!parsed.ok()) return Corrupt(parsed.status().message());
  serve::DeliveryStream stream;
  // Its seal is whole, so all members are there that were written.
  const auto find = [&](const char* key) {
    const JsonValue* value = parsed->Find(key);
    return value == nullptr ? JsonValue() : *value;
  };
  for (const auto& [key, member] : kOwnTexts)
    stream.*member = find(key).text();
  for (const auto& [key, member] : kNumbers)
    stream.*member = find(key).AsInt(0);
  for (const auto& [key, member] : kTexts)
    stream.objects.*member = find(key).text();
  const JsonValue tags = find("tags");
  for (const auto& [key, value] : tags.members())
    stream.tags[key] = value.text();
  return stream;
}

Result<delivery::DeliveryOptions> OptionsOfDefinition(const serve::DeliveryStream& stream,
                                                      const DefinitionPlaces& places) {
  const serve::DeliveredObjects& objects = stream.objects;
  delivery::LayoutOptions layout{.target = TargetOf(places.buckets, objects.bucket),
                                 .prefix = objects.prefix.empty() ? kHour : objects.prefix,
                                 .error_prefix = objects.error_prefix,
                                 .backup_prefix = objects.backup_prefix,
                                 .time_zone = objects.time_zone,
                                 .compression = objects.compression,
                                 .extension = objects.extension,
                                 .backup = !objects.backup_prefix.empty(),
                                 .as_they_came = true,
                                 .delimiter = Unescaped(objects.delimiter)};
  // As of Firehose, a prefix with expressions asks for one of errors; others have its default.
  if (layout.error_prefix.empty() && objects.prefix.find("!{") == objects.prefix.npos) {
    layout.error_prefix = kErrors;
  }
  if (!objects.partition_query.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(layout.partition_keys,
                             delivery::ParsePartitionQuery(objects.partition_query));
  }
  TAPELAKE_RETURN_NOT_OK(delivery::ObjectLayout::Make(layout, stream.name).status());
  delivery::DeliveryOptions options;
  options.lake_path = places.lake_path;
  options.stream = stream.name;
  options.state_path = io::JoinPath(places.folder, "state");
  // A stream that is made again must not write over objects of the one before.
  options.first_id = static_cast<uint64_t>(stream.created_micros / kMicrosPerMilli);
  options.buffer_bytes = stream.buffer_bytes;
  options.buffer_micros = stream.buffer_micros;
  options.waiting_bytes_max = kWaitingBuffers * stream.buffer_bytes;
  options.layout = std::move(layout);
  return options;
}

}  // namespace tapelake::app
