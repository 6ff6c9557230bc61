#include "app/co_writer_advice.h"

#include <arrow/array.h>

#include "app/lake.h"

namespace tapelake::app {
namespace {

bool Carries(const hudi::TableConfig& config, const std::string& key) {
  return config.properties.contains(key);
}

}  // namespace

std::vector<std::string> CoWriterAdvice(const hudi::TableConfig& config,
                                        const std::string& key_with_colon) {
  std::vector<std::string> advice;
  const std::string buckets = std::to_string(config.bucket_count);
  const auto index = config.index_kind();
  const bool has_buckets = index == hudi::IndexKind::kBucket;
  if (!config.index_type.empty() && index && !has_buckets) {
    advice.push_back(
        "Spark writes correctly with df.write.format(\"hudi\").option("
        "\"hoodie.table.name\", \"" +
        config.name +
        "\").mode(\"append\") and no other option; the indexes BLOOM and SIMPLE find the same "
        "file groups. Never state BUCKET.");
  } else if (config.index_type.empty()) {
    advice.push_back(
        "hoodie.properties carries no index: Spark's default index applies, and Tapelake finds "
        "the same file groups. Never state the index BUCKET.");
  } else if (has_buckets && config.bucket_count > 0) {
    advice.push_back(
        "Spark writes correctly with df.write.format(\"hudi\").option("
        "\"hoodie.table.name\", \"" +
        config.name +
        "\").mode(\"append\") and no other option: hoodie.properties carries index, "
        "buckets and key.");
    advice.push_back("Never state another index or number of buckets than BUCKET with " + buckets +
                     ": updated rows would silently become duplicates.");
  } else {
    advice.push_back(
        "hoodie.properties carries an index that Tapelake does not write (hoodie.index.type=" +
        config.index_type + ").");
  }
  advice.push_back(has_buckets ? "Never use the operation bulk_insert: it opens second file groups "
                                 "in occupied buckets, and the next upsert fails."
                               : "The operations insert and bulk_insert look for no key: one that "
                                 "is stored already is there twice afterwards.");
  if (config.type == hudi::TableType::kMergeOnRead) {
    advice.push_back(
        "Read-optimized queries (table `_ro`, and every query of Trino) see base files alone: "
        "they are as old as the last compaction (compaction.interval), silently. Snapshot queries "
        "of Spark, Athena and hudi-rs see everything.");
  }
  if (!Carries(config, "hoodie.metadata.enable")) {
    advice.push_back(
        "hoodie.properties does not switch the metadata table off: state "
        "hoodie.metadata.enable=false.");
  }
  advice.push_back(
      "Hudi 1.x: before SQL UPDATE, DELETE or MERGE run `set "
      "hoodie.write.auto.upgrade=false; set hoodie.write.table.version=6`, else the "
      "table is upgraded to version 8.");
  if (config.timezone != "UTC") {
    advice.push_back(
        "hoodie.table.timeline.timezone is " + config.timezone +
        ": Spark names its commits in the time zone of its JVM, Tapelake in UTC. West of UTC a "
        "commit of Spark sorts before ours that it follows, east of it ours wait for its hour. Run "
        "Spark with -Duser.timezone=UTC (driver and executors), or set the property to UTC.");
  }
  if (!config.precombine_field.empty()) {
    advice.push_back("Rows written by others need a value of " + config.precombine_field +
                     "; a change that Tapelake brings later wins in any case.");
  }
  if (!key_with_colon.empty()) {
    advice.push_back("Keys holding ':' are stored (for example '" + key_with_colon +
                     "'): Hudi 0.15 hashes them to other buckets, so it must not write here; Hudi "
                     "1.x may.");
  }
  return advice;
}

Result<std::string> FindKeyWithColon(io::FileSystem& files, const std::string& table_path,
                                     const hudi::Snapshot& snapshot) {
  for (const hudi::FileSlice& slice : snapshot.slices) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, OpenSliceKeys(files, table_path, snapshot, slice));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) break;
      const auto* keys = dynamic_cast<const arrow::StringArray*>(batch->column(0).get());
      if (keys == nullptr) continue;
      for (int64_t row = 0; row < keys->length(); ++row) {
        if (!keys->IsNull(row) && keys->GetView(row).find(':') != std::string_view::npos) {
          return keys->GetString(row);
        }
      }
    }
  }
  return std::string();
}

}  // namespace tapelake::app
