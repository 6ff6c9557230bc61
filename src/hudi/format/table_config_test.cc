#include "hudi/format/table_config.h"

#include <gtest/gtest.h>

namespace tapelake::hudi {
namespace {

constexpr char kSmallest[] =
    "hoodie.table.name=t\nhoodie.table.type=COPY_ON_WRITE\nhoodie.table.version=6\n";

TEST(TableConfig, ChecksumIsThatOfHudi) {
  EXPECT_EQ(TableChecksum("", "cow_nm"), "3466177203");
  EXPECT_EQ(TableChecksum("default", "mor_nm"), "3710900001");
}

TEST(TableConfig, SmallestFileGetsHudisDefaults) {
  const auto config = ParseTableConfig(kSmallest);
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->name, "t");
  EXPECT_EQ(config->database, "");
  EXPECT_EQ(config->type, TableType::kCopyOnWrite);
  EXPECT_EQ(config->layout_version, 1);
  EXPECT_EQ(config->timezone, "LOCAL");
  EXPECT_TRUE(config->populate_meta_fields);
  EXPECT_TRUE(config->partition_fields.empty());
  EXPECT_FALSE(config->metadata_table_live());
  EXPECT_EQ(config->bucket_count, 0);
}

TEST(TableConfig, ReadsEveryMember) {
  const auto config = ParseTableConfig(
      "hoodie.table.name=mor_nm\nhoodie.database.name=default\nhoodie.table.checksum=3710900001\n"
      "hoodie.table.type=MERGE_ON_READ\nhoodie.table.version=8\n"
      "hoodie.table.recordkey.fields=a, b\nhoodie.table.partition.fields=p\n"
      "hoodie.table.precombine.field=s\nhoodie.table.keygenerator.class=K\n"
      "hoodie.table.timeline.timezone=UTC\nhoodie.table.base.file.format=ORC\n"
      "hoodie.datasource.write.hive_style_partitioning=TRUE\n"
      "hoodie.datasource.write.partitionpath.urlencode=true\n"
      "hoodie.datasource.write.drop.partition.columns=true\nhoodie.populate.meta.fields=false\n"
      "hoodie.table.cdc.enabled=true\nhoodie.table.metadata.partitions=files,column_stats\n"
      "hoodie.index.type=BUCKET\nhoodie.bucket.index.num.buckets=16\n"
      "hoodie.bucket.index.hash.field=a\nmy.own=kept\n");
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->type, TableType::kMergeOnRead);
  EXPECT_EQ(config->version, 8);
  EXPECT_EQ(config->layout_version, 2);
  EXPECT_EQ(config->record_key_fields, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config->partition_fields, (std::vector<std::string>{"p"}));
  EXPECT_EQ(config->precombine_field, "s");
  EXPECT_EQ(config->key_generator_class, "K");
  EXPECT_EQ(config->timezone, "UTC");
  EXPECT_EQ(config->base_file_format, "ORC");
  EXPECT_TRUE(config->hive_style_partitioning);
  EXPECT_TRUE(config->urlencode_partitions);
  EXPECT_TRUE(config->drop_partition_columns);
  EXPECT_FALSE(config->populate_meta_fields);
  EXPECT_TRUE(config->cdc_enabled);
  EXPECT_TRUE(config->metadata_table_live());
  EXPECT_EQ(config->index_type, "BUCKET");
  EXPECT_EQ(config->bucket_count, 16);
  EXPECT_EQ(config->bucket_hash_field, "a");
  EXPECT_EQ(config->properties.at("my.own"), "kept");
}

TEST(TableConfig, WhatIsWrongIsNamed) {
  const struct {
    std::string text;
    const char* named;
  } cases[] = {
      {"hoodie.table.type=COPY_ON_WRITE\nhoodie.table.version=6\n", "hoodie.table.name"},
      {"hoodie.table.name=t\nhoodie.table.version=6\n", "hoodie.table.type"},
      {"hoodie.table.name=t\nhoodie.table.type=COPY_ON_WRITE\n", "hoodie.table.version"},
      {"hoodie.table.name=t\nhoodie.table.version=6\nhoodie.table.type=COW\n", "'COW'"},
      {"hoodie.table.name=t\nhoodie.table.version=six\nhoodie.table.type=COPY_ON_WRITE\n", "'six'"},
      {"hoodie.table.name=t\nhoodie.table.version=-6\nhoodie.table.type=COPY_ON_WRITE\n", "'-6'"},
      {std::string(kSmallest) + "hoodie.table.cdc.enabled=yes\n", "hoodie.table.cdc.enabled='yes'"},
      {std::string(kSmallest) + "hoodie.bucket.index.num.buckets=4x\n", "'4x'"},
      {std::string(kSmallest) + "hoodie.table.checksum=1\n", "hoodie.table.checksum='1'"},
      {std::string(kSmallest) + "a=\\u00\n", "line 4"},
      {"", "hoodie.table.name"},
  };
  for (const auto& one : cases) {
    const auto config = ParseTableConfig(one.text);
    ASSERT_FALSE(config.ok()) << one.text;
    EXPECT_EQ(KindOf(config.status()), ErrorKind::kCorrupt);
    EXPECT_NE(config.status().message().find(one.named), std::string::npos)
        << config.status().message();
  }
}

TEST(TableConfig, MembersOverruleThePropertiesAndTheRestIsKept) {
  auto config = ParseTableConfig(std::string(kSmallest) +
                                 "hoodie.index.type=BLOOM\nmy.own=a=b:c\n"
                                 "hoodie.table.metadata.partitions=files\n");
  ASSERT_TRUE(config.ok());
  config->name = "renamed";
  config->database = "crypto";
  config->index_type = "BUCKET";
  config->bucket_count = 4;
  config->partition_fields = {"event_date"};
  config->metadata_partitions.clear();
  const auto again = ParseTableConfig(FormatTableConfig(*config));
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->name, "renamed");
  EXPECT_EQ(again->index_type, "BUCKET");
  EXPECT_EQ(again->bucket_count, 4);
  EXPECT_EQ(again->partition_fields, (std::vector<std::string>{"event_date"}));
  EXPECT_EQ(again->properties.at("my.own"), "a=b:c");
  EXPECT_EQ(again->properties.at("hoodie.table.checksum"), TableChecksum("crypto", "renamed"));
  EXPECT_EQ(again->properties.at("hoodie.table.metadata.partitions"), "");
  EXPECT_EQ(again->properties.at("hoodie.table.metadata.partitions.inflight"), "");
}

TEST(TableConfig, EmptyMembersHaveNoKey) {
  TableConfig config;
  config.name = "t";
  const auto again = ParseTableConfig(FormatTableConfig(config));
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->properties.contains("hoodie.table.precombine.field"));
  EXPECT_FALSE(again->properties.contains("hoodie.bucket.index.num.buckets"));
  EXPECT_FALSE(again->properties.contains("hoodie.table.metadata.partitions"));
  EXPECT_EQ(again->properties.at("hoodie.table.partition.fields"), "");
  EXPECT_EQ(again->properties.at("hoodie.database.name"), "");
  EXPECT_EQ(FormatTableConfig(*again), FormatTableConfig(config));
}

}  // namespace
}  // namespace tapelake::hudi
