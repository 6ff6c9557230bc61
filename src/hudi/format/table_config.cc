#include "hudi/format/table_config.h"

#include <charconv>
#include <optional>

#include <zlib.h>

namespace tapelake::hudi {
namespace {

constexpr char kName[] = "hoodie.table.name";
constexpr char kDatabase[] = "hoodie.database.name";
constexpr char kType[] = "hoodie.table.type";
constexpr char kVersion[] = "hoodie.table.version";
constexpr char kLayoutVersion[] = "hoodie.timeline.layout.version";
constexpr char kRecordKeyFields[] = "hoodie.table.recordkey.fields";
constexpr char kPartitionFields[] = "hoodie.table.partition.fields";
constexpr char kPrecombineField[] = "hoodie.table.precombine.field";
constexpr char kOrderingFields[] = "hoodie.table.ordering.fields";
constexpr char kMergeMode[] = "hoodie.record.merge.mode";
constexpr char kPayloadClass[] = "hoodie.compaction.payload.class";
constexpr char kKeyGenerator[] = "hoodie.table.keygenerator.class";
constexpr char kBaseFileFormat[] = "hoodie.table.base.file.format";
constexpr char kTimezone[] = "hoodie.table.timeline.timezone";
constexpr char kHiveStyle[] = "hoodie.datasource.write.hive_style_partitioning";
constexpr char kUrlencode[] = "hoodie.datasource.write.partitionpath.urlencode";
constexpr char kDropPartitionColumns[] = "hoodie.datasource.write.drop.partition.columns";
constexpr char kPopulateMetaFields[] = "hoodie.populate.meta.fields";
constexpr char kCdcEnabled[] = "hoodie.table.cdc.enabled";
constexpr char kMetadataPartitions[] = "hoodie.table.metadata.partitions";
constexpr char kMetadataPartitionsInflight[] = "hoodie.table.metadata.partitions.inflight";
constexpr char kIndexType[] = "hoodie.index.type";
constexpr char kBucketCount[] = "hoodie.bucket.index.num.buckets";
constexpr char kBucketHashField[] = "hoodie.bucket.index.hash.field";
constexpr char kChecksum[] = "hoodie.table.checksum";

constexpr int kFirstVersionOfLayout2 = 8;

Status CorruptValue(std::string_view key, std::string_view value, const std::string& why) {
  return MakeError(ErrorKind::kCorrupt,
                   "property " + std::string(key) + "='" + std::string(value) + "' " + why);
}

/// Reads typed values out of a property map; the first error sticks.
class PropertyReader {
 public:
  explicit PropertyReader(const Properties& properties) : properties_(properties) {}

  const Status& status() const { return status_; }

  const std::string* Find(const char* key) const {
    const auto found = properties_.find(key);
    return found == properties_.end() ? nullptr : &found->second;
  }

  void Text(const char* key, std::string* out) const {
    if (const std::string* value = Find(key)) *out = *value;
  }

  void RequiredText(const char* key, std::string* out) {
    const std::string* value = Find(key);
    if (value == nullptr || value->empty()) {
      Fail(MakeError(ErrorKind::kCorrupt, std::string("property ") + key + " is missing"));
    } else {
      *out = *value;
    }
  }

  void Flag(const char* key, bool* out) {
    const std::string* value = Find(key);
    if (value == nullptr || value->empty()) return;
    const std::string lower = Lower(*value);
    if (lower != "true" && lower != "false") {
      return Fail(CorruptValue(key, *value, "is neither true nor false"));
    }
    *out = lower == "true";
  }

  /// A missing or empty value leaves `*out` as it is.
  void Number(const char* key, int* out) {
    const std::string* value = Find(key);
    if (value == nullptr || value->empty()) return;
    int number = 0;
    const char* end = value->data() + value->size();
    const auto parsed = std::from_chars(value->data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || number < 0) {
      return Fail(CorruptValue(key, *value, "is no whole number"));
    }
    *out = number;
  }

  void List(const char* key, std::vector<std::string>* out) const {
    const std::string* value = Find(key);
    if (value == nullptr) return;
    std::string_view rest = *value;
    while (!rest.empty()) {
      const size_t comma = rest.find(',');
      std::string_view item = rest.substr(0, comma);
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      while (!item.empty() && item.front() == ' ')
        item.remove_prefix(1);
      while (!item.empty() && item.back() == ' ')
        item.remove_suffix(1);
      if (!item.empty()) out->emplace_back(item);
    }
  }

  void Fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

 private:
  static std::string Lower(std::string text) {
    for (char& c : text) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
  }

  const Properties& properties_;
  Status status_;
};

std::string Join(const std::vector<std::string>& items) {
  std::string joined;
  for (const std::string& item : items) {
    if (!joined.empty()) joined.push_back(',');
    joined.append(item);
  }
  return joined;
}

Status CheckChecksum(const TableConfig& config, const PropertyReader& reader) {
  const std::string* stored = reader.Find(kChecksum);
  if (stored == nullptr) return Status::OK();
  const std::string right = TableChecksum(config.database, config.name);
  if (*stored == right) return Status::OK();
  return CorruptValue(kChecksum, *stored,
                      "is wrong: '" + config.database + "." + config.name + "' gives " + right);
}

}  // namespace

std::string_view TableTypeName(TableType type) {
  return type == TableType::kCopyOnWrite ? "COPY_ON_WRITE" : "MERGE_ON_READ";
}

std::string_view IndexKindName(IndexKind kind) {
  switch (kind) {
    case IndexKind::kBloom:
      return "BLOOM";
    case IndexKind::kSimple:
      return "SIMPLE";
    default:
      return "BUCKET";
  }
}

std::string_view CdcLoggingName(CdcLogging logging) {
  switch (logging) {
    case CdcLogging::kKeys:
      return "OP_KEY_ONLY";
    case CdcLogging::kBefore:
      return "DATA_BEFORE";
    default:
      return "DATA_BEFORE_AFTER";
  }
}

std::optional<CdcLogging> TableConfig::cdc_logging() const {
  const auto stored = properties.find(std::string(kCdcLoggingKey));
  if (stored == properties.end() || stored->second.empty()) return CdcLogging::kBothImages;
  std::string name = stored->second;
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  for (const CdcLogging each : {CdcLogging::kKeys, CdcLogging::kBefore, CdcLogging::kBothImages}) {
    if (name == CdcLoggingName(each)) return each;
  }
  return std::nullopt;
}

std::optional<IndexKind> TableConfig::index_kind() const {
  if (index_type.empty()) return IndexKind::kBloom;
  for (const IndexKind kind : {IndexKind::kBucket, IndexKind::kBloom, IndexKind::kSimple}) {
    if (index_type == IndexKindName(kind)) return kind;
  }
  return std::nullopt;
}

Result<TableConfig> ParseTableConfig(std::string_view text) {
  TableConfig config;
  TAPELAKE_ASSIGN_OR_RAISE(config.properties, ParseProperties(text));
  PropertyReader reader(config.properties);
  std::string type;
  std::string version;
  reader.RequiredText(kName, &config.name);
  reader.RequiredText(kType, &type);
  reader.RequiredText(kVersion, &version);
  if (type == TableTypeName(TableType::kMergeOnRead)) {
    config.type = TableType::kMergeOnRead;
  } else if (!type.empty() && type != TableTypeName(TableType::kCopyOnWrite)) {
    reader.Fail(CorruptValue(kType, type, "is neither COPY_ON_WRITE nor MERGE_ON_READ"));
  }
  reader.Number(kVersion, &config.version);
  config.layout_version = config.version < kFirstVersionOfLayout2 ? 1 : 2;
  reader.Number(kLayoutVersion, &config.layout_version);
  reader.Text(kDatabase, &config.database);
  reader.List(kRecordKeyFields, &config.record_key_fields);
  reader.List(kPartitionFields, &config.partition_fields);
  reader.Text(kPrecombineField, &config.precombine_field);
  reader.List(kOrderingFields, &config.ordering_fields);
  if (config.precombine_field.empty() && config.ordering_fields.size() == 1) {
    config.precombine_field = config.ordering_fields.front();
  }
  reader.Text(kKeyGenerator, &config.key_generator_class);
  reader.Text(kBaseFileFormat, &config.base_file_format);
  reader.Text(kTimezone, &config.timezone);
  reader.Flag(kHiveStyle, &config.hive_style_partitioning);
  reader.Flag(kUrlencode, &config.urlencode_partitions);
  reader.Flag(kDropPartitionColumns, &config.drop_partition_columns);
  reader.Flag(kPopulateMetaFields, &config.populate_meta_fields);
  reader.Flag(kCdcEnabled, &config.cdc_enabled);
  reader.List(kMetadataPartitions, &config.metadata_partitions);
  reader.Text(kIndexType, &config.index_type);
  reader.Number(kBucketCount, &config.bucket_count);
  reader.Text(kBucketHashField, &config.bucket_hash_field);
  TAPELAKE_RETURN_NOT_OK(reader.status());
  TAPELAKE_RETURN_NOT_OK(CheckChecksum(config, reader));
  return config;
}

MergeRule TableConfig::merge_rule() const {
  constexpr std::string_view kOverwritePayload =
      "org.apache.hudi.common.model.OverwriteWithLatestAvroPayload";
  constexpr std::string_view kDefaultPayload =
      "org.apache.hudi.common.model.DefaultHoodieRecordPayload";
  const auto value = [this](const char* key) {
    const auto found = properties.find(key);
    return found == properties.end() ? std::string_view() : std::string_view(found->second);
  };
  const std::string_view payload = value(kPayloadClass);
  if (version < kFirstVersionOfLayout2) {
    if (payload.empty() || payload == kOverwritePayload) return MergeRule::kOverwriteWithLatest;
    return payload == kDefaultPayload ? MergeRule::kDefaultPayload : MergeRule::kCustom;
  }
  const std::string_view mode = value(kMergeMode);
  if (mode == "COMMIT_TIME_ORDERING") return MergeRule::kCommitTime;
  if (mode == "EVENT_TIME_ORDERING") return MergeRule::kEventTime;
  if (!mode.empty()) return MergeRule::kCustom;
  if (payload == kOverwritePayload) return MergeRule::kCommitTime;
  if (payload.empty() && precombine_field.empty()) return MergeRule::kCommitTime;
  return payload.empty() || payload == kDefaultPayload ? MergeRule::kEventTime : MergeRule::kCustom;
}

std::string FormatTableConfig(const TableConfig& config) {
  Properties out = config.properties;
  const auto set_or_remove = [&out](const char* key, const std::string& value) {
    if (value.empty()) {
      out.erase(key);
    } else {
      out[key] = value;
    }
  };
  const auto set_flag = [&out](const char* key, bool value) {
    out[key] = value ? "true" : "false";
  };
  out[kName] = config.name;
  out[kDatabase] = config.database;
  out[kType] = TableTypeName(config.type);
  out[kVersion] = std::to_string(config.version);
  out[kLayoutVersion] = std::to_string(config.layout_version);
  set_or_remove(kRecordKeyFields, Join(config.record_key_fields));
  out[kPartitionFields] = Join(config.partition_fields);
  set_or_remove(kPrecombineField, config.precombine_field);
  set_or_remove(kKeyGenerator, config.key_generator_class);
  set_or_remove(kBaseFileFormat, config.base_file_format);
  set_or_remove(kTimezone, config.timezone);
  set_flag(kHiveStyle, config.hive_style_partitioning);
  set_flag(kUrlencode, config.urlencode_partitions);
  set_flag(kDropPartitionColumns, config.drop_partition_columns);
  set_flag(kPopulateMetaFields, config.populate_meta_fields);
  set_flag(kCdcEnabled, config.cdc_enabled);
  if (!config.metadata_partitions.empty()) {
    out[kMetadataPartitions] = Join(config.metadata_partitions);
  } else if (out.contains(kMetadataPartitions) || out.contains(kMetadataPartitionsInflight)) {
    // As Hudi does when it retires a metadata table: both keys stay, empty.
    out[kMetadataPartitions] = "";
    out[kMetadataPartitionsInflight] = "";
  }
  set_or_remove(kIndexType, config.index_type);
  set_or_remove(kBucketCount, config.bucket_count > 0 ? std::to_string(config.bucket_count) : "");
  set_or_remove(kBucketHashField, config.bucket_hash_field);
  out[kChecksum] = TableChecksum(config.database, config.name);
  return FormatProperties(out, "Hudi table properties");
}

std::string TableChecksum(std::string_view database, std::string_view name) {
  const std::string text = std::string(database) + "." + std::string(name);
  const auto* bytes = reinterpret_cast<const Bytef*>(text.data());
  return std::to_string(crc32_z(0, bytes, text.size()));
}

}  // namespace tapelake::hudi
