#include "hudi/table/table_rules.h"

#include "hudi/format/avro_schema.h"

namespace tapelake::hudi {
namespace {

constexpr int kVersion = 6;
constexpr int kBucketCountMax = 99'999'999;  // eight digits of a file id

constexpr const char* kPayloadKey = "hoodie.compaction.payload.class";
constexpr const char* kPayloadClass = "org.apache.hudi.common.model.OverwriteWithLatestAvroPayload";
constexpr const char* kMergerStrategy = "eeb8d96f-b1e4-49fd-bbf8-28ac514178e5";  // of that payload
constexpr const char* kSparkNeverCompacts = "1000000";  // commits; ours run all the time

Status Invalid(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message));
}

Status RequireColumn(const CreateOptions& options, const std::string& column,
                     const std::string& role, bool is_string) {
  const auto field = options.schema->GetFieldByName(column);
  if (field == nullptr) {
    return Invalid("table '" + options.name + "': the " + role + " '" + column +
                   "' is no column of its schema");
  }
  if (is_string && field->type()->id() != arrow::Type::STRING) {
    return Invalid("table '" + options.name + "': the " + role + " '" + column +
                   "' must be a string, not " + field->type()->ToString());
  }
  return Status::OK();
}

Status CheckOptions(const CreateOptions& options) {
  if (options.name.empty()) return Invalid("a table needs a name");
  if (options.schema == nullptr) return Invalid("table '" + options.name + "' has no schema");
  if (options.bucket_count < 1 || options.bucket_count > kBucketCountMax) {
    return Invalid("table '" + options.name + "': " + std::to_string(options.bucket_count) +
                   " buckets; 1 to " + std::to_string(kBucketCountMax) + " are possible");
  }
  TAPELAKE_RETURN_NOT_OK(RequireColumn(options, options.record_key_field, "record key", true));
  TAPELAKE_RETURN_NOT_OK(
      RequireColumn(options, options.precombine_field, "precombine field", false));
  if (options.partition_field.empty()) return Status::OK();
  return RequireColumn(options, options.partition_field, "partition field", true);
}

/// `table`: how messages begin.
Status CheckMerge(const TableConfig& config, const std::string& table) {
  if (config.merge_rule() == MergeRule::kCustom) {
    const auto payload = config.properties.find(kPayloadKey);
    return Invalid(table + "its records are merged by code of its writer (" + kPayloadKey + " is " +
                   (payload == config.properties.end() ? "not set" : payload->second) +
                   "); readable are OverwriteWithLatestAvroPayload and DefaultHoodieRecordPayload");
  }
  if (config.merge_rule() == MergeRule::kEventTime && config.ordering_fields.size() > 1) {
    return Invalid(table + "hoodie.table.ordering.fields names " +
                   std::to_string(config.ordering_fields.size()) + " fields; readable is one");
  }
  return Status::OK();
}

}  // namespace

Result<TableConfig> ConfigOf(const CreateOptions& options) {
  TAPELAKE_RETURN_NOT_OK(CheckOptions(options));
  TAPELAKE_ASSIGN_OR_RAISE(
      const std::string schema,
      FormatAvroSchema(*options.schema, AvroRecordName::OfTable(options.name)));
  TableConfig config;
  config.name = options.name;
  config.database = options.database;
  config.type = options.type;
  config.version = kVersion;
  config.record_key_fields = {options.record_key_field};
  if (!options.partition_field.empty()) config.partition_fields = {options.partition_field};
  config.precombine_field = options.precombine_field;
  config.key_generator_class = options.partition_field.empty()
                                   ? "org.apache.hudi.keygen.NonpartitionedKeyGenerator"
                                   : "org.apache.hudi.keygen.SimpleKeyGenerator";
  config.timezone = "UTC";
  config.hive_style_partitioning = true;
  config.index_type = "BUCKET";
  config.bucket_count = options.bucket_count;
  config.bucket_hash_field = options.record_key_field;
  // Every key of this file is a write option of a Spark job that does not say otherwise.
  config.properties = {
      {"hoodie.archive.automatic", "false"},  // our commits carry what their writer resumes from
      {"hoodie.archivelog.folder", "archived"},
      // Spark's stored procedures (restore, compaction) fail without it over a bucket index.
      {"hoodie.datasource.write.recordkey.field", options.record_key_field},
      {"hoodie.metadata.enable", "false"},
      {"hoodie.parquet.writelegacyformat.enabled", "true"},  // decimals as fixed bytes
      {"hoodie.partition.metafile.use.base.format", "false"},
      {"hoodie.table.create.schema", schema},
      {"hoodie.write.auto.upgrade", "false"},
      {"hoodie.write.table.version", std::to_string(kVersion)},
  };
  if (options.type == TableType::kMergeOnRead) {
    config.properties.insert({
        {kPayloadKey, kPayloadClass},
        {"hoodie.compaction.record.merger.strategy", kMergerStrategy},
        {"hoodie.compact.inline.max.delta.commits", kSparkNeverCompacts},
    });
  }
  return config;
}

Status CheckReadable(const TableConfig& config) {
  const std::string table = "table '" + config.name + "': ";
  const bool is_newer = config.version == 8 || config.version == 9;
  if (config.version != kVersion && !is_newer) {
    return Invalid(table + "hoodie.table.version is " + std::to_string(config.version) +
                   "; readable are tables of the versions 6, 8 and 9");
  }
  if (config.layout_version != (is_newer ? 2 : 1)) {
    return Invalid(table + "hoodie.timeline.layout.version is " +
                   std::to_string(config.layout_version) + ", which version " +
                   std::to_string(config.version) + " does not have");
  }
  if (config.type == TableType::kMergeOnRead) TAPELAKE_RETURN_NOT_OK(CheckMerge(config, table));
  if (config.base_file_format != "PARQUET") {
    return Invalid(table + "hoodie.table.base.file.format is " + config.base_file_format +
                   "; readable is PARQUET");
  }
  if (config.drop_partition_columns) {
    return Invalid(table +
                   "hoodie.datasource.write.drop.partition.columns is true; readable are "
                   "tables whose files hold all columns");
  }
  return Status::OK();
}

Status CheckServiceable(const TableConfig& config) {
  const std::string table = "table '" + config.name + "' cannot be written: ";
  if (config.version != kVersion) {
    return Invalid(table + "hoodie.table.version is " + std::to_string(config.version) +
                   "; tables of version 6 can be written");
  }
  if (config.type == TableType::kMergeOnRead &&
      config.merge_rule() != MergeRule::kOverwriteWithLatest) {
    return Invalid(table + kPayloadKey + " is not " + kPayloadClass);
  }
  return Status::OK();
}

Status CheckWritable(const TableConfig& config) {
  TAPELAKE_RETURN_NOT_OK(CheckServiceable(config));
  const std::string table = "table '" + config.name + "' cannot be written: ";
  if (!config.populate_meta_fields) {
    return Invalid(table + "hoodie.populate.meta.fields is false");
  }
  if (config.cdc_enabled) return Invalid(table + "hoodie.table.cdc.enabled is true");
  if (config.record_key_fields.size() != 1) {
    return Invalid(table + "hoodie.table.recordkey.fields must name one field");
  }
  if (config.partition_fields.size() > 1) {
    return Invalid(table + "hoodie.table.partition.fields must name one field or none");
  }
  if (config.index_type != "BUCKET" || config.bucket_count < 1) {
    return Invalid(table +
                   "it does not say that it has a bucket index (hoodie.index.type=BUCKET "
                   "and hoodie.bucket.index.num.buckets in hoodie.properties)");
  }
  return Status::OK();
}

Status CheckRestorable(const TableConfig& config) {
  if (config.version == kVersion) return Status::OK();
  return Invalid(
      "table '" + config.name + "': hoodie.table.version is " + std::to_string(config.version) +
      "; savepoints, rollbacks and restores are for tables of version " + std::to_string(kVersion));
}

Status CheckSchemaChange(const arrow::Schema& current, const arrow::Schema& next) {
  for (const auto& field : current.fields()) {
    const auto wanted = next.GetFieldByName(field->name());
    if (wanted == nullptr) {
      return Invalid("column '" + field->name() + "' (" + field->type()->ToString() +
                     ") is missing in the new rows; send nulls instead");
    }
    if (!wanted->type()->Equals(*field->type())) {
      return Invalid("column '" + field->name() + "' is " + field->type()->ToString() +
                     " in the table and cannot become " + wanted->type()->ToString());
    }
  }
  for (const auto& field : next.fields()) {
    if (current.GetFieldByName(field->name()) != nullptr || field->nullable()) continue;
    return Invalid("new column '" + field->name() + "' (" + field->type()->ToString() +
                   ") must be nullable: the stored rows do not have it");
  }
  return Status::OK();
}

}  // namespace tapelake::hudi
