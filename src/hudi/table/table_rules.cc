#include "hudi/table/table_rules.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include "hudi/format/avro_schema.h"
#include "hudi/format/projection.h"

namespace tapelake::hudi {
namespace {

constexpr int kVersion = 6;
constexpr int kBucketCountMax = 99'999'999;  // eight digits of a file id

constexpr const char* kBucketEngineKey = "hoodie.index.bucket.engine";
constexpr const char* kBucketEngine = "SIMPLE";
/// With one key field all of them make the same keys; none stored is the default, the first.
constexpr std::string_view kKeyGenerators[] = {"", "SimpleKeyGenerator", "SimpleAvroKeyGenerator",
                                               "NonpartitionedKeyGenerator",
                                               "NonpartitionedAvroKeyGenerator"};
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
  if (options.index == IndexKind::kBucket &&
      (options.bucket_count < 1 || options.bucket_count > kBucketCountMax)) {
    return Invalid("table '" + options.name + "': " + std::to_string(options.bucket_count) +
                   " buckets; 1 to " + std::to_string(kBucketCountMax) + " are possible");
  }
  TAPELAKE_RETURN_NOT_OK(RequireColumn(options, options.record_key_field, "record key", true));
  TAPELAKE_RETURN_NOT_OK(
      RequireColumn(options, options.precombine_field, "precombine field", false));
  if (options.partition_field.empty()) return Status::OK();
  return RequireColumn(options, options.partition_field, "partition field", true);
}

/// The record key must be one column's value as it is, and the directory follow from one column.
Status CheckKeys(const TableConfig& config, const std::string& table) {
  if (config.record_key_fields.size() != 1) {
    return Invalid(table + "hoodie.table.recordkey.fields must name one field");
  }
  if (config.partition_fields.size() > 1) {
    return Invalid(table + "hoodie.table.partition.fields must name one field or none");
  }
  const std::string name =
      config.key_generator_class.substr(config.key_generator_class.rfind('.') + 1);
  if (std::ranges::find(kKeyGenerators, name) != std::end(kKeyGenerators)) return Status::OK();
  return Invalid(table + "hoodie.table.keygenerator.class is " + config.key_generator_class +
                 "; tables of SimpleKeyGenerator and NonpartitionedKeyGenerator can be written");
}

Status CheckChangeLogs(const TableConfig& config, const std::string& table) {
  if (!config.cdc_enabled || config.cdc_logging()) return Status::OK();
  const std::string key(kCdcLoggingKey);
  return Invalid(table + key + " is " + config.properties.at(key));
}

Status CheckIndex(const TableConfig& config, const std::string& table) {
  const std::optional<IndexKind> kind = config.index_kind();
  if (!kind) {
    return Invalid(table + "hoodie.index.type is " + config.index_type +
                   "; tables with the indexes BUCKET, BLOOM and SIMPLE can be written");
  }
  if (*kind != IndexKind::kBucket) return Status::OK();
  const auto engine = config.properties.find(kBucketEngineKey);
  if (engine != config.properties.end() && engine->second != kBucketEngine) {
    return Invalid(table + kBucketEngineKey + " is " + engine->second + "; only the buckets of " +
                   kBucketEngine + " can be written");
  }
  if (config.bucket_count >= 1) return Status::OK();
  return Invalid(table +
                 "hoodie.index.type is BUCKET, but hoodie.bucket.index.num.buckets is not stored");
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

/// A column of the table becomes `next`.
Status CheckTypeChange(const TableConfig& config, const arrow::Field& current,
                       const arrow::Field& next) {
  const std::string column = "column '" + current.name() + "' is " + current.type()->ToString() +
                             " in the table and cannot become ";
  if (current.nullable() && !next.nullable()) {
    return Invalid("column '" + current.name() +
                   "' may be null in the table and cannot become one that may not");
  }
  if (next.type()->Equals(*current.type())) return Status::OK();
  const std::string wanted = next.type()->ToString();
  // The schema of a decimal is of fixed size: Avro promotes none.
  if (current.type()->id() == arrow::Type::DECIMAL128 || !Widens(*current.type(), *next.type())) {
    return Invalid(column + wanted +
                   ": Hudi widens int32 to int64, float and double, int64 to float and double, "
                   "float to double, and string and binary to each other");
  }
  const auto names = [&](const std::vector<std::string>& fields) {
    return std::ranges::find(fields, current.name()) != fields.end();
  };
  if (names(config.record_key_fields) || names(config.partition_fields)) {
    return Invalid(column + wanted + ": records are found by it");
  }
  if (config.type == TableType::kMergeOnRead && current.name() == config.precombine_field) {
    return Invalid(column + wanted + ": the logs' records and deletes are ordered by it");
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
  config.cdc_enabled = options.cdc_logging.has_value();
  config.index_type = IndexKindName(options.index);
  if (options.index == IndexKind::kBucket) {
    config.bucket_count = options.bucket_count;
    config.bucket_hash_field = options.record_key_field;
  }
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
  if (options.cdc_logging) {
    config.properties.emplace(kCdcLoggingKey, CdcLoggingName(*options.cdc_logging));
  }
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
  TAPELAKE_RETURN_NOT_OK(CheckChangeLogs(config, table));
  TAPELAKE_RETURN_NOT_OK(CheckKeys(config, table));
  return CheckIndex(config, table);
}

Status CheckRestorable(const TableConfig& config) {
  if (config.version == kVersion) return Status::OK();
  return Invalid(
      "table '" + config.name + "': hoodie.table.version is " + std::to_string(config.version) +
      "; savepoints, rollbacks and restores are for tables of version " + std::to_string(kVersion));
}

Status CheckSchemaChange(const TableConfig& config, const arrow::Schema& current,
                         const arrow::Schema& next) {
  for (const auto& field : current.fields()) {
    const auto wanted = next.GetFieldByName(field->name());
    if (wanted == nullptr) {
      return Invalid("column '" + field->name() + "' (" + field->type()->ToString() +
                     ") is missing in the new rows; send nulls instead");
    }
    TAPELAKE_RETURN_NOT_OK(CheckTypeChange(config, *field, *wanted));
  }
  for (const auto& field : next.fields()) {
    if (current.GetFieldByName(field->name()) != nullptr || field->nullable()) continue;
    return Invalid("new column '" + field->name() + "' (" + field->type()->ToString() +
                   ") must be nullable: the stored rows do not have it");
  }
  return Status::OK();
}

}  // namespace tapelake::hudi
