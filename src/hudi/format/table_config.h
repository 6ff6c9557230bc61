#pragma once

/// hoodie.properties as a struct (docs/internals/hudi-v6.md, section 2). Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "hudi/format/instant.h"
#include "hudi/format/properties.h"

namespace tapelake::hudi {

enum class TableType : uint8_t { kCopyOnWrite = 1, kMergeOnRead = 2 };

/// `COPY_ON_WRITE` or `MERGE_ON_READ`.
std::string_view TableTypeName(TableType type);

/// How a merge-on-read table merges the records of one key (docs/internals/hudi-v6.md, section 13;
/// docs/internals/hudi-reading.md, section 3).
enum class MergeRule : uint8_t {
  kOverwriteWithLatest = 1,  ///< Version 6, OverwriteWithLatestAvroPayload.
  kDefaultPayload = 2,       ///< Version 6, DefaultHoodieRecordPayload.
  kCommitTime = 3,           ///< From version 8 on: the later commit wins.
  kEventTime = 4,            ///< From version 8 on: the greater ordering value wins, deletes too.
  kCustom = 5,               ///< Code of the writer's; not readable.
};

/// How the file group of a key is found. Spark's jobs go by `hoodie.index.type`.
enum class IndexKind : uint8_t {
  kBucket = 1,  ///< A hash of the key is the number of its group.
  kBloom = 2,   ///< Key ranges and filters in the footers of base files, then their keys.
  kSimple = 3,  ///< The keys of the partition's base files.
};

/// `BUCKET`, `BLOOM` or `SIMPLE`.
std::string_view IndexKindName(IndexKind kind);

/// What the change-data logs of a copy-on-write table hold, if it has some
/// (`hoodie.table.cdc.supplemental.logging.mode`).
enum class CdcLogging : uint8_t {
  kKeys = 1,        ///< OP_KEY_ONLY: operation and key.
  kBefore = 2,      ///< DATA_BEFORE: and the row before.
  kBothImages = 3,  ///< DATA_BEFORE_AFTER: and the row after.
};

/// `OP_KEY_ONLY`, `DATA_BEFORE` or `DATA_BEFORE_AFTER`.
std::string_view CdcLoggingName(CdcLogging logging);

inline constexpr std::string_view kCdcLoggingKey = "hoodie.table.cdc.supplemental.logging.mode";

/// What hoodie.properties says. `properties` holds every key as stored, also those without a
/// member; FormatTableConfig lets the members overrule it.
struct TableConfig {
  std::string name;
  std::string database;  ///< May be empty.
  TableType type = TableType::kCopyOnWrite;
  int version = 6;
  int layout_version = 1;
  std::vector<std::string> record_key_fields;
  std::vector<std::string> partition_fields;  ///< Empty: not partitioned.
  std::string precombine_field;  ///< Empty: none stored, or several (`ordering_fields`).
  std::vector<std::string> ordering_fields;  ///< From version 9 on, which has no precombine field.
  std::string key_generator_class;           ///< Empty: none stored.
  std::string base_file_format = "PARQUET";
  std::string timezone = "LOCAL";  ///< Zone of instants: UTC, or LOCAL = that of each writer.
  bool hive_style_partitioning = false;
  bool urlencode_partitions = false;
  bool drop_partition_columns = false;
  bool populate_meta_fields = true;
  bool cdc_enabled = false;
  std::vector<std::string> metadata_partitions;  ///< Not empty: the metadata table is live.
  std::string index_type;                        ///< As stored, see index_kind(); may be empty.
  int bucket_count = 0;                          ///< 0: not stored.
  std::string bucket_hash_field;                 ///< Empty: not stored.
  Properties properties;

  TimelineLayout layout() const {
    return layout_version < 2 ? TimelineLayout::kFlat : TimelineLayout::kFolder;
  }
  MergeRule merge_rule() const;
  /// nullopt: an index that cannot be written. Nothing stored means kBloom: that and kSimple find
  /// the same groups, and one of them is the default of every Spark job.
  std::optional<IndexKind> index_kind() const;
  /// Of a table that is `cdc_enabled`; none stored means both images, as in Hudi. nullopt: another.
  std::optional<CdcLogging> cdc_logging() const;
  bool metadata_table_live() const { return !metadata_partitions.empty(); }
};

/// Parse hoodie.properties.
///
/// Whether we can read or write such a table is not judged here: the table door does, by version,
/// type and flags. Errors: kCorrupt, naming key and value (required key absent: name, type,
/// version; a value that is no number or boolean; a checksum that disagrees with database and
/// name). An absent checksum is accepted. An absent layout version is 1 for versions up to 7.
Result<TableConfig> ParseTableConfig(std::string_view text);

/// Format hoodie.properties: `properties` overruled by the members, and the right checksum.
/// A member that is empty (or bucket_count 0) removes its key, except database and partition
/// fields, which are stored empty.
std::string FormatTableConfig(const TableConfig& config);

/// The value of hoodie.table.checksum: CRC-32 of `<database>.<name>` in decimal digits.
std::string TableChecksum(std::string_view database, std::string_view name);

}  // namespace tapelake::hudi
